"""Battery telemetry in files: Aretas JSON, Home Assistant history, CSV and Parquet by column.

A file is recognised by its content. Columns are named by the user (`voltage=V,current=I`), else
by their headers with unit (`Voltage / V`, `current_ma`, BDF names). A time is ISO with an offset,
epoch seconds or milliseconds, or seconds since the start of each cycle. What cannot be read is
named by line and column, and nothing is taken from such a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from energydash.battery.joining import Method
from energydash.battery.mapping import FACTOR, infer, part_of
from energydash.battery.telemetry import LABELS, PARTS, Floats, Micros, as_channel
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from energydash.sources.aretas.rows import read_file
from energydash.sources.aretas.sensors import KNOWN_TYPES
from energydash.sources.clock import microseconds, to_utc
from energydash.sources.imports import home_assistant
from energydash.sources.imports.home_assistant import States
from energydash.sources.tables import File, read_frame, read_json, text_of, trouble

Arrays = dict[str, tuple[Micros, Floats]]

_TIME: Final = re.compile(
    r"(test |unix |epoch )?(time|timestamp|date ?time|date|ts|t)( utc)?", re.I
)
_CYCLE: Final = re.compile(r"cycle( ?(idx|index|count|number|no|id))?", re.I)
_UNIT: Final = re.compile(r"^(.*?)(?:\s*/\s*|\s*[\[(]\s*|[_ ])([A-Za-z%°]+)\s*[\])]?\s*$")
_UNKNOWN_STATES: Final = frozenset({"", "unknown", "unavailable", "none", "nan", "null"})


@dataclass(frozen=True)
class TelemetryFile:
    """What a file holds: raw samples by channel in their order of arrival.

    cycles: (label, samples) where the file says which cycle a row belongs to; else empty.
    relative: times are seconds since the start of a cycle, not instants.
    """

    name: str
    kind: str
    arrays: Arrays
    cycles: tuple[tuple[str, Arrays], ...] = ()
    relative: bool = False
    notes: tuple[Finding, ...] = field(default=())

    @property
    def method(self) -> Method:
        """How its samples are joined: Home Assistant reports changes, which are held."""
        return "hold" if self.kind == "Home Assistant" else "auto"


def read(
    body: bytes, name: str, columns: Mapping[str, str] | None = None, zone: str | None = None
) -> TelemetryFile:
    """The telemetry in a file.

    columns: channel (or `time`, `cycle`) to column, sensor type or entity. zone: of times that
    carry no offset. Raises InputError naming the line and the column.
    """
    columns, file = dict(columns or {}), File(name, body)
    start = body[:200].lstrip()
    if not start:
        raise trouble(name, "the file is empty")
    if body[:4] == b"PAR1":
        return _read_table(_parquet(file), name, "Parquet", columns, zone)
    if start.startswith((b"[", b"{")):
        return _read_json(file, columns)
    table = read_frame(file)
    if home_assistant.is_history(tuple(table.columns)):
        return _read_home_assistant(home_assistant.by_entity(table), name, columns)
    return _read_table(table, name, "CSV", columns, zone)


def _parquet(file: File) -> pd.DataFrame:
    try:
        table = pd.read_parquet(io.BytesIO(file.data)).reset_index()
    except (ValueError, OSError) as error:
        raise trouble(file.name, "it is not a Parquet file that can be read") from error
    return table.set_axis(pd.RangeIndex(1, len(table) + 1), axis="index")


def _read_json(file: File, columns: Mapping[str, str]) -> TelemetryFile:
    if b"entity_id" in file.data[:400]:
        data = read_json(file, text_of(file))
        return _read_home_assistant(home_assistant.states_of(data, file), file.name, columns)
    by_type = read_file(file.data, file.name).by_type()
    known = {part: sensor for part, sensor in columns.items() if part in PARTS}
    for number, part in KNOWN_TYPES.items():
        if number in by_type and part not in known:
            known[part] = str(number)
    sensors = {str(number): arrays for number, arrays in by_type.items()}
    found = infer({sensor: as_channel(*arrays) for sensor, arrays in sensors.items()}, known)
    arrays = {part: sensors[s] for part, s in found.items() if s in sensors}
    if not arrays:
        kinds = ", ".join(sensors) or "none"
        raise trouble(
            file.name,
            f"it does not tell which sensor type is which (types: {kinds})",
            remedy="Say it: --columns voltage=532,current=531.",
        )
    return TelemetryFile(file.name, "Aretas", arrays, notes=_left_out(sensors, found))


def _left_out(sensors: Mapping[str, object], found: Mapping[str, str]) -> tuple[Finding, ...]:
    """A note about sensors that were not used, and one about channels that were worked out."""
    unused = sorted(set(sensors) - set(found.values()))
    if not unused:
        return ()
    return (
        Finding(
            "mapping",
            f"Sensors not used: {', '.join(unused)}. Used: "
            + ", ".join(f"{LABELS[part].lower()} = {s}" for part, s in found.items())
            + ".",
            "Name them with --columns if that is wrong.",
            "note",
        ),
    )


def _read_table(
    table: pd.DataFrame, name: str, kind: str, columns: Mapping[str, str], zone: str | None
) -> TelemetryFile:
    table = _with_one_time(table, columns)
    chosen = _columns_of(table, name, columns)
    time_us, is_relative, notes = _times(table[chosen["time"]], name, zone)
    values = {
        part: _numbers(table[column], name) * _factor(column)
        for part, column in chosen.items()
        if part in PARTS
    }
    if "cycle" in chosen:
        labels = table[chosen["cycle"]].astype(str).to_numpy()
    elif is_relative and (np.diff(time_us) < 0).any():
        labels = np.concatenate(([1], 1 + np.cumsum(np.diff(time_us) < 0))).astype(str)
    else:
        arrays = {part: (time_us, value) for part, value in values.items()}
        return TelemetryFile(name, kind, arrays, (), is_relative, notes)
    cycles = []
    codes, uniques = pd.factorize(labels)
    for code, label in enumerate(uniques):
        mine = codes == code
        cycles.append(
            (str(label), {p: (time_us[mine], value[mine]) for p, value in values.items()})
        )
    whole = {part: (time_us, value) for part, value in values.items()}
    return TelemetryFile(name, kind, whole, tuple(cycles), is_relative, notes)


def _with_one_time(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A date and a time of day in two columns as one column `time`."""
    keys = {str(column).lower(): column for column in table.columns}
    if "time" in columns or not {"date", "time"} <= set(keys):
        return table
    both = [table[keys[name]].astype(str).str.strip() for name in ("date", "time")]
    if not both[1].str.fullmatch(r"\d?\d:\d\d(:\d\d(\.\d+)?)?").any():
        return table
    rest = table.drop(columns=[keys["date"], keys["time"]])
    rest.insert(0, "time", both[0] + " " + both[1])
    return rest


def _columns_of(table: pd.DataFrame, name: str, columns: Mapping[str, str]) -> dict[str, str]:
    """`time`, `cycle` and channels to columns: the user's word, then the headers."""
    absent = [column for column in columns.values() if column not in table.columns]
    if absent:
        raise trouble(
            name,
            f"it has no column '{absent[0]}'",
            remedy=f"Its columns are {', '.join(map(str, table.columns[:20]))}.",
        )
    found = dict(columns)
    free = [str(column) for column in table.columns if column not in found.values()]
    for column in free:
        words, unit = _split_unit(column)
        if _TIME.fullmatch(words):
            part: str | None = "time"
        elif _CYCLE.fullmatch(words) or _CYCLE.fullmatch(re.sub("[_-]", " ", column)):
            part = "cycle"
        elif column.lower() in ("v", "i", "p", "soc"):
            part = {"v": "voltage_v", "i": "current_a", "p": "power_kw"}.get(
                column.lower(), "soc_percent"
            )
        elif column in PARTS:
            part = column
        else:
            part = part_of(words, unit)
        # Where one electrical column is named, the others are left to the user as well: cyclers
        # also log the set current and the voltage at the load.
        electrical = part in PARTS[:3] and any(given in PARTS[:3] for given in columns)
        if part and part not in found and not electrical:
            found[part] = column
    if "time" not in found:
        raise trouble(
            name, "it has no column for the time", remedy="Name it: --columns time=COLUMN."
        )
    if not any(part in found for part in PARTS):
        raise trouble(
            name,
            "it has no column that is a battery channel",
            remedy="Name them: --columns time=…,voltage=…,current=….",
        )
    return found


def _split_unit(column: str) -> tuple[str, str]:
    """`Voltage / mV`, `voltage (mV)`, `voltage_mv` as words and unit."""
    match = _UNIT.match(column)
    if match:
        words, unit = match.group(1), match.group(2)
        known = ("v", "a", "s", "utc", "percent", "c", "%", "°c", "degc", "kw", *FACTOR)
        if unit.lower() in known:
            unit = {"percent": "%"}.get(unit.lower(), unit)
            return re.sub(r"[_.\-]+", " ", words).strip(), unit
    return re.sub(r"[_.\-]+", " ", column).strip(), ""


def _factor(column: str) -> float:
    return FACTOR.get(_split_unit(column)[1].lower(), 1.0)


def _numbers(column: pd.Series[Any], name: str) -> Floats:
    """A column as numbers; empty cells are NaN, other texts an InputError."""
    if column.dtype != object:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    text = column.astype(str).str.strip().str.lower()
    text = text.where(~text.str.fullmatch(r"-?\d+,\d+"), text.str.replace(",", "."))
    numbers = pd.to_numeric(text, errors="coerce")
    bad = np.flatnonzero(numbers.isna().to_numpy() & ~text.isin(_UNKNOWN_STATES).to_numpy())
    if len(bad):
        what = f"'{column.iloc[bad[0]]}' is not a number"
        raise _at(column, bad[0], name, what, "Mend the line, or leave the cell empty.")
    return numbers.to_numpy(dtype=np.float64)


def _at(column: pd.Series[Any], row: int, name: str, what: str, remedy: str = "") -> InputError:
    """The error that names a cell."""
    line, place = int(column.index[row]), f"'{column.name}'"
    return trouble(name, what, line=line, column=place, remedy=remedy)


def _times(
    column: pd.Series[Any], name: str, zone: str | None
) -> tuple[Micros, bool, tuple[Finding, ...]]:
    """UTC microseconds, whether they are relative to a start, and what must be said.

    Times without an offset are in the zone that is known for the battery, else they are UTC.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return microseconds(pd.DatetimeIndex(column).tz_convert("UTC")), False, ()
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise _at(column, row, name, "the time is missing")
        largest = float(np.abs(numbers).max())
        scale = 1e6 if largest < 1e11 else 1e3 if largest < 1e14 else 1.0
        return np.round(numbers * scale).astype(np.int64), largest < 1e8, ()
    texts = column.fillna("").astype(str).str.strip().tolist()
    found = to_utc(texts, zone or "UTC")
    for rows, what in (
        (found.unreadable, "'{}' is not a time"),
        (found.never_was, f"'{{}}' does not exist in {zone}: the clocks skipped it"),
    ):
        if len(rows):
            row = int(rows[0])
            said = "Write it as YYYY-MM-DDTHH:MM:SSZ, or epoch seconds."
            what = what.format(texts[row]) if texts[row] else "the time is missing"
            raise _at(column, row, name, what, said)
    notes = []
    if found.naive is not None and zone is None:
        notes.append(
            Finding(
                "time-zone",
                f"The times in {name} carry no offset and were read as UTC.",
                "Give times with an offset, or the device's zone.",
                "note",
            )
        )
    if found.is_month_first:
        said = f"Dates in {name} are read as month/day/year: one of them has no 13th month."
        notes.append(Finding("dates", said, severity="note"))
    return microseconds(found.utc), False, tuple(notes)


def _read_home_assistant(
    found: Sequence[States], name: str, columns: Mapping[str, str]
) -> TelemetryFile:
    """States by entity; Home Assistant reports changes, which are held, not joined."""
    chosen = {entity: part for part, entity in columns.items() if part in PARTS}
    arrays: Arrays = {}
    used: dict[str, str] = {}
    for one in found:
        label = one.entity.partition(".")[2] or one.entity
        part = chosen.get(one.entity) or (None if chosen else part_of(label, one.unit))
        if part is None or part in arrays:
            continue
        if one.refused:
            raise InputError(f"{name}, {one.refused[0]}")
        numbers: Floats = np.asarray(one.values, dtype=np.float64)
        unit = one.unit
        if not unit:  # the exported CSV has no units: watts are told from kilowatts by their size
            large = float(np.nanmax(np.abs(numbers), initial=0.0))
            unit = "w" if part == "power_kw" and large > 100 else ""
        times = microseconds(pd.DatetimeIndex(one.values.index))
        arrays[part] = (times, np.multiply(numbers, FACTOR.get(unit.lower(), 1.0)))
        used[part] = one.entity
    if not arrays:
        raise trouble(
            name,
            "it has no entity that is a battery channel",
            remedy="Name them: --columns voltage=sensor.battery_voltage,current=….",
        )
    entities = {one.entity: one for one in found}
    return TelemetryFile(name, "Home Assistant", arrays, notes=_left_out(entities, used))
