"""The columns of a table of telemetry: which is which channel, in which unit, at which times.

What the owner says wins, then names with their units (`battery.naming`). What they do not tell is
asked, never guessed: see `TelemetryFile.columns` and `.doubts`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from energydash.battery.mapping import NOT_THERE, parse_overrides
from energydash.battery.naming import FACTOR, USUAL_UNIT, choose, part_of, plain
from energydash.battery.telemetry import LABELS, PARTS, Floats, Micros
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from energydash.core.time import index_us
from energydash.sources.clock import to_utc
from energydash.sources.tables import trouble

_TIME: Final = re.compile(
    r"(test |unix |epoch )?(time|timestamp|date ?time|date|ts|t|zeit)( utc)?", re.I
)
_CYCLE: Final = re.compile(r"cycle( ?(idx|index|count|number|no|id))?", re.I)
_UNIT: Final = re.compile(r"^(.*?)(?:\s*/\s*|\s*[\[(]\s*|[_ ])([A-Za-z%°]+)\s*[\])]?\s*$")
_CLOCK: Final = r"\d?\d:\d\d(:\d\d(\.\d+)?)?( ?[AaPp][Mm])?"
_DAYS: Final = ("date", "day", "datum")
_CLOCKS: Final = ("time", "time of day", "clock", "hour", "uhrzeit", "zeit")
_UNITS: Final = ("v", "a", "s", "utc", "percent", "c", "%", "°c", "degc", "kw", "f", "°f", "degf",
                 "ah", "kwh", "wh", "hz", *FACTOR)  # fmt: skip
_WRITTEN: Final = {"percent": "%", "v": "V", "mv": "mV", "a": "A", "ma": "mA", "kw": "kW", "w": "W",
                   "c": "°C", "degc": "°C", "f": "°F", "degf": "°F"}  # fmt: skip
_UNKNOWN_STATES: Final = frozenset({"", "unknown", "unavailable", "none", "nan", "null", "-", "--"})
SURELY_WATTS, SURELY_KILOWATTS = 100.0, 30.0  # no home battery has 100 kW, few have 30 W at most


@dataclass(frozen=True)
class Said:
    """What the owner says of a file.

    columns: channel (or `time`, `cycle`) to column, sensor type or entity; `none` where none of
    them is that channel. units: channel to unit. zone: of times that carry no offset. day_first:
    how dates are written that have numbers only.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    day_first: bool | None = None


NOTHING: Final = Said()


def said_of(
    columns: Sequence[str] = (), units: str = "", zone: str | None = None, dates: str | None = None
) -> Said:
    """`Said` as it is typed: `voltage=U,current=I`, `power=W`, a zone, `day-first`."""
    named = {part: name for text in columns for part, name in parse_overrides(text).items()}
    day_first = None if not dates else dates == "day-first"
    return Said(named, parse_overrides(units), zone or None, day_first)


@dataclass(frozen=True)
class Column:
    """What a column is taken for, '' where it is not used; in which unit; its first value."""

    name: str
    channel: str
    unit: str = ""
    first: str = ""

    @property
    def quantity(self) -> str:
        """In words."""
        return LABELS.get(self.channel, self.channel.capitalize() or "not used")

    def __str__(self) -> str:
        if not self.channel:
            return f"'{self.name}' is not used"
        unit = f", {self.unit}" if self.unit else ""
        return f"'{self.name}' is {self.quantity.lower()}{unit} (first {self.first})"


@dataclass(frozen=True)
class Doubt:
    """What the owner must say before a file is used. channel: where a column is in doubt."""

    sentence: str
    remedy: str
    channel: str = ""


def with_one_time(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A date and a time of day in two columns as one column `time`."""
    keys = {plain(str(column)): column for column in table.columns}
    day = next((keys[name] for name in _DAYS if name in keys), None)
    clock = next((keys[name] for name in _CLOCKS if name in keys), None)
    if "time" in columns or day is None or clock is None:
        return table
    hours = table[clock].astype(str).str.strip()
    if not hours.str.fullmatch(_CLOCK).any():
        return table
    # A spreadsheet's date has a midnight of its own.
    days = table[day].astype(str).str.strip().str.replace(r"[T ]00:00(:00)?$", "", regex=True)
    rest = table.drop(columns=[day, clock])
    rest.insert(0, "time", days + " " + hours)
    return rest


def columns_of(table: pd.DataFrame, name: str, said: Said) -> tuple[dict[str, str], list[Doubt]]:
    """`time`, `cycle` and channels to columns, and what must be asked."""
    given = {part: column for part, column in said.columns.items() if column != NOT_THERE}
    absent = [column for column in given.values() if column not in table.columns]
    if absent:
        raise trouble(
            name,
            f"it has no column '{absent[0]}'",
            remedy=f"Its columns are {', '.join(map(str, table.columns[:20]))}.",
        )
    found = dict(given)
    free = [str(column) for column in table.columns if column not in found.values()]
    times = [column for column in free if _TIME.fullmatch(split_unit(column)[0])]
    if "time" not in found and times:  # a time of the day it is, before one since the start
        found["time"] = min(times, key=lambda column: plain(column).startswith("test"))
    for column in free:
        if "cycle" not in found and _CYCLE.fullmatch(re.sub("[_-]", " ", column)):
            found["cycle"] = column
    named = {c: split_unit(c) for c in free if c not in found.values() and c not in times}
    chosen = choose(named, said.columns)
    found |= {part: column for part, column in chosen.found.items() if column != NOT_THERE}
    doubts = [which(part, columns) for part, columns in chosen.doubts.items() if part not in found]
    if "time" not in found:
        raise trouble(
            name, "it has no column for the time", remedy="Name it: --columns time=COLUMN."
        )
    if not doubts and not any(part in found for part in PARTS):
        raise trouble(
            name,
            "it has no column that is a battery channel",
            remedy="Name them: --columns time=…,voltage=…,current=….",
        )
    return found, doubts


def which(part: str, names: tuple[str, ...]) -> Doubt:
    """Which of some names is a channel: to be asked."""
    short, listed = part.split("_")[0], " or ".join(f"'{name}'" for name in names)
    is_one = f"{listed} may be the battery's {LABELS[part].lower()}, or something else's"
    return Doubt(
        f"{is_one}." if len(names) == 1
        else f"{listed}: which is the battery's {LABELS[part].lower()}?",
        f"Say it: --columns {short}={names[0]}, or {short}=none.",
        part,
    )  # fmt: skip


def split_unit(column: str) -> tuple[str, str]:
    """`Voltage / mV`, `voltage (mV)`, `voltage_mv` as words and unit."""
    match = _UNIT.match(column)
    if match and match.group(1) and match.group(2).lower() in _UNITS:
        words, unit = match.group(1), match.group(2)
        unit = _WRITTEN.get(unit.lower(), unit)
        return re.sub(r"[_.\-]+", " ", words).strip(), unit
    return re.sub(r"[_.\-]+", " ", column).strip(), ""


def unit_of(part: str, stated: str, values: Floats, said: Said) -> tuple[str, Doubt | None]:
    """The unit of a channel: as the owner or the file says, else the usual one; a power's by its
    size, where that tells."""
    unit = said.units.get(part) or stated
    if unit and part_of("", unit) not in (part, None):
        raise InputError(
            f"{unit} is not a unit of {LABELS[part].lower()}.",
            remedy=f"The usual one is {USUAL_UNIT[part]}.",
        )
    if unit or part != "power_kw":
        return unit or USUAL_UNIT[part], None
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    if largest > SURELY_WATTS:
        return "W", None
    if largest <= SURELY_KILOWATTS:
        return "kW", None
    return "kW", Doubt(
        f"The power is {largest:g} at most: these may be watts or kilowatts.",
        "Say it: --units power=W, or power=kW.",
    )


def in_our_unit(part: str, unit: str, values: Floats) -> Floats:
    """Values in the channel's own unit."""
    if part == "temperature_c" and unit.lower() in ("f", "°f", "degf"):
        celsius: Floats = (values - 32.0) / 1.8
        return celsius
    scaled: Floats = values * FACTOR.get(unit.lower(), 1.0)
    return scaled


def shown(
    names: Mapping[str, str], units: Mapping[str, str], first: Mapping[str, str]
) -> tuple[Column, ...]:
    """The columns as they are shown before they are used. names: channel to column; first: every
    column to its first value."""
    parts = {column: part for part, column in names.items()}
    listed = [
        Column(column, parts.get(column, ""), units.get(parts.get(column, ""), ""), value)
        for column, value in first.items()
    ]
    return tuple(sorted(listed, key=lambda one: not one.channel))


def numbers(column: pd.Series[Any], name: str) -> Floats:
    """A column as numbers; empty cells are NaN, other texts an InputError."""
    if pd.api.types.is_bool_dtype(column.dtype):
        raise _at(column, 0, name, f"'{column.iloc[0]}' is not a number")
    if column.dtype != object:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    text = column.astype(str).str.strip().str.lower()
    text = text.where(~text.str.fullmatch(r"-?\d+,\d+"), text.str.replace(",", "."))
    found = pd.to_numeric(text, errors="coerce")
    bad = np.flatnonzero(found.isna().to_numpy() & ~text.isin(_UNKNOWN_STATES).to_numpy())
    if len(bad):
        what = f"'{column.iloc[bad[0]]}' is not a number"
        raise _at(column, bad[0], name, what, "Mend the line, or leave the cell empty.")
    return found.to_numpy(dtype=np.float64)


def _at(column: pd.Series[Any], row: int, name: str, what: str, remedy: str = "") -> InputError:
    """The error that names a cell."""
    line, place = int(column.index[row]), f"'{column.name}'"
    return trouble(name, what, line=line, column=place, remedy=remedy)


@dataclass(frozen=True)
class Times:
    """UTC microseconds, or since the start of a cycle (`is_relative`); and what must be said."""

    time_us: Micros
    is_relative: bool = False
    notes: tuple[Finding, ...] = ()
    doubt: Doubt | None = None


def times(column: pd.Series[Any], name: str, said: Said) -> Times:
    """The times of a column. Those without an offset are in the zone that is known for the
    battery, else they are UTC. Raises InputError naming the cell."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Times(index_us(pd.DatetimeIndex(column).tz_convert("UTC")))
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise _at(column, row, name, "the time is missing")
        largest = float(np.abs(values).max())
        scale = 1e6 if largest < 1e11 else 1e3 if largest < 1e14 else 1.0
        return Times(np.round(values * scale).astype(np.int64), largest < 1e8)
    texts = column.fillna("").astype(str).str.strip().tolist()
    found = to_utc(texts, said.zone or "UTC", said.day_first)
    for rows, what in (
        (found.unreadable, "'{}' is not a time"),
        (found.never_was, f"'{{}}' does not exist in {said.zone}: the clocks skipped it"),
    ):
        if len(rows):
            row = int(rows[0])
            remedy = "Write it as YYYY-MM-DDTHH:MM:SSZ, or epoch seconds."
            what = what.format(texts[row]) if texts[row] else "the time is missing"
            raise _at(column, row, name, what, remedy)
    notes = []
    if found.naive is not None and said.zone is None:
        notes.append(
            Finding(
                "time-zone",
                f"The times in {name} carry no offset and were read as UTC.",
                "Say their zone (--zone Europe/London), or give times with an offset.",
            )
        )
    if found.is_month_first and said.day_first is None:
        text = f"Dates in {name} are read as month/day/year: one of them has no 13th month."
        notes.append(Finding("dates", text, severity="note"))
    doubt = None
    if found.is_ambiguous:
        doubt = Doubt(
            f"'{texts[0]}' in {name} may be day/month or month/day.",
            "Say it: --dates day-first, or month-first.",
        )
    return Times(index_us(found.utc), False, tuple(notes), doubt)
