"""Battery telemetry in files: Aretas JSON, Home Assistant history, CSV and Parquet by column.

A file is recognised by its content. Columns are named by the user (`voltage=V,current=I`), else
by their headers with unit (`Voltage / V`, `current_ma`, BDF names). A time is ISO with an offset,
epoch seconds or milliseconds, or seconds since the start of each cycle. What cannot be read is
named by line and column, and nothing is taken from such a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
import pandas as pd
from pytz.exceptions import InvalidTimeError

from energydash.battery.joining import Method
from energydash.battery.mapping import FACTOR, infer, part_of
from energydash.battery.telemetry import LABELS, PARTS, Floats, Micros, as_channel
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from energydash.core.time import zone_info
from energydash.sources.aretas.rows import read_file
from energydash.sources.aretas.sensors import KNOWN_TYPES

Arrays = dict[str, tuple[Micros, Floats]]

_TIME: Final = re.compile(
    r"(test |unix |epoch )?(time|timestamp|date ?time|date|ts|t)( utc)?", re.I
)
_CYCLE: Final = re.compile(r"cycle( ?(idx|index|count|number|no|id))?", re.I)
_UNIT: Final = re.compile(r"^(.*?)(?:\s*/\s*|\s*[\[(]\s*|[_ ])([A-Za-z%°]+)\s*[\])]?\s*$")
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.I)
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
    columns = dict(columns or {})
    start = body[:200].lstrip()
    if not start:
        raise InputError(f"{name} is empty.")
    if body[:4] == b"PAR1":
        try:
            table = pd.read_parquet(io.BytesIO(body))
        except (ValueError, OSError) as error:
            raise InputError(f"{name} is not a Parquet file that can be read.") from error
        return _read_table(table.reset_index(), name, "Parquet", columns, zone)
    if start.startswith((b"[", b"{")):
        return _read_json(body, name, columns)
    table = _read_csv(body, name)
    if {"entity_id", "state", "last_changed"} <= set(table.columns):
        return _read_home_assistant(table, name, columns)
    return _read_table(table, name, "CSV", columns, zone)


def _read_json(body: bytes, name: str, columns: Mapping[str, str]) -> TelemetryFile:
    head = body[:400]
    if b"entity_id" in head:
        return _read_home_assistant(_history_rows(body, name), name, columns)
    by_type = read_file(body, name).by_type()
    known = {part: sensor for part, sensor in columns.items() if part in PARTS}
    for number, part in KNOWN_TYPES.items():
        if number in by_type and part not in known:
            known[part] = str(number)
    sensors = {str(number): arrays for number, arrays in by_type.items()}
    found = infer({sensor: as_channel(*arrays) for sensor, arrays in sensors.items()}, known)
    arrays = {part: sensors[s] for part, s in found.items() if s in sensors}
    if not arrays:
        kinds = ", ".join(sensors) or "none"
        raise InputError(
            f"{name} does not tell which sensor type is which (types: {kinds}).",
            remedy="Say it: --columns voltage=532,current=531.",
        )
    return TelemetryFile(name, "Aretas", arrays, notes=_left_out(sensors, found))


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


def _read_csv(body: bytes, name: str) -> pd.DataFrame:
    """A table of whatever separator its first line has the most of."""
    try:
        first = body[:20_000].decode("utf-8-sig").splitlines()[0]
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not text that can be read.", remedy="Save it as CSV in UTF-8."
        ) from error
    separator = max(",;\t|", key=first.count)
    decimal = "," if separator == ";" and re.search(rb"\d,\d", body[:20_000]) else "."
    try:
        table = pd.read_csv(
            io.BytesIO(body), sep=separator, decimal=decimal, encoding="utf-8-sig", low_memory=False
        )
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is not a table that can be read: {error}.") from error
    if not len(table):
        raise InputError(f"{name} has no rows.")
    return table.rename(columns=lambda column: str(column).strip())


def _read_table(
    table: pd.DataFrame, name: str, kind: str, columns: Mapping[str, str], zone: str | None
) -> TelemetryFile:
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


def _columns_of(table: pd.DataFrame, name: str, columns: Mapping[str, str]) -> dict[str, str]:
    """`time`, `cycle` and channels to columns: the user's word, then the headers."""
    absent = [column for column in columns.values() if column not in table.columns]
    if absent:
        raise InputError(
            f"{name} has no column '{absent[0]}'.",
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
        raise InputError(
            f"{name} has no column for the time.", remedy="Name it: --columns time=COLUMN."
        )
    if not any(part in found for part in PARTS):
        raise InputError(
            f"{name} has no column that is a battery channel.",
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
        raise InputError(
            f"{name}, line {bad[0] + 2:,}, column '{column.name}': "
            f"'{column.iloc[bad[0]]}' is not a number.",
            remedy="Mend the line, or leave the cell empty.",
        )
    return numbers.to_numpy(dtype=np.float64)


def _times(
    column: pd.Series[Any], name: str, zone: str | None
) -> tuple[Micros, bool, tuple[Finding, ...]]:
    """UTC microseconds, whether they are relative to a start, and what must be said."""
    notes: tuple[Finding, ...] = ()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _micros(pd.DatetimeIndex(column)), False, notes
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            line = int(np.flatnonzero(~np.isfinite(numbers))[0]) + 2
            raise InputError(f"{name}, line {line:,}, column '{column.name}': the time is missing.")
        largest = float(np.abs(numbers).max())
        scale = 1e6 if largest < 1e11 else 1e3 if largest < 1e14 else 1.0
        return np.round(numbers * scale).astype(np.int64), largest < 1e8, notes
    text = column.astype(str).str.strip()
    has_offset = bool(_OFFSET.search(text.iloc[0]))
    try:
        index = pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", utc=has_offset))
    except (ValueError, TypeError) as error:
        parsed = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
        bad = int(np.flatnonzero(parsed.isna().to_numpy()).min(initial=len(text) - 1))
        raise InputError(
            f"{name}, line {bad + 2:,}, column '{column.name}': '{text.iloc[bad]}' is not a time.",
            remedy="Write it as YYYY-MM-DDTHH:MM:SSZ, or epoch seconds.",
        ) from error
    if index.hasnans:
        line = int(np.flatnonzero(index.isna())[0]) + 2
        raise InputError(f"{name}, line {line:,}, column '{column.name}': the time is missing.")
    if index.tz is None:
        index, notes = _localised(index, name, zone)
    return _micros(index), False, notes


def _localised(
    index: pd.DatetimeIndex, name: str, zone: str | None
) -> tuple[pd.DatetimeIndex, tuple[Finding, ...]]:
    """Times without an offset, in the zone that is known for the battery, else as UTC."""
    if zone is None:
        note = Finding(
            "time-zone",
            f"The times in {name} carry no offset and were read as UTC.",
            "Give times with an offset, or the device's zone.",
            "note",
        )
        return index.tz_localize("UTC"), (note,)
    zone_info(zone)
    try:
        return index.tz_localize(zone, ambiguous="infer", nonexistent="raise"), ()
    except InvalidTimeError as error:
        raise InputError(
            f"{name} has times that are ambiguous or do not exist in {zone}: {error}.",
            remedy="Export the times in UTC or with an offset.",
        ) from error


def _micros(index: pd.DatetimeIndex) -> Micros:
    return np.asarray(index.tz_convert("UTC").as_unit("us").asi8)  # type: ignore[attr-defined]


def _history_rows(body: bytes, name: str) -> pd.DataFrame:
    """Home Assistant's history API answer (a list of lists of states) as its table of states.

    With `minimal_response` only the first state of each entity names the entity and its unit.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{name} is not JSON that can be read.") from error
    groups = parsed if isinstance(parsed, list) else list(parsed.values())
    groups = groups if groups and isinstance(groups[0], list) else [groups]
    rows = []
    for group in groups:
        entity, unit = "", ""
        for state in group:
            entity = state.get("entity_id", entity)
            unit = (state.get("attributes") or {}).get("unit_of_measurement", unit)
            rows.append((entity, state.get("state"), state.get("last_changed"), unit))
    return pd.DataFrame(rows, columns=["entity_id", "state", "last_changed", "unit"])


def _read_home_assistant(
    table: pd.DataFrame, name: str, columns: Mapping[str, str]
) -> TelemetryFile:
    """States by entity; Home Assistant reports changes, which are held, not joined."""
    chosen = {entity: part for part, entity in columns.items() if part in PARTS}
    arrays: Arrays = {}
    used: dict[str, str] = {}
    entities: dict[str, object] = {}
    for entity, states in table.groupby("entity_id", sort=False):
        entities[str(entity)] = entity
        unit = str(states["unit"].iloc[0]) if "unit" in states else ""
        label = str(entity).partition(".")[2] or str(entity)
        part = chosen.get(str(entity)) or (None if chosen else part_of(label, unit))
        if part is None or part in arrays:
            continue
        numbers = pd.to_numeric(states["state"], errors="coerce").to_numpy(dtype=np.float64)
        time_us, _, _ = _times(states["last_changed"], name, None)
        if not unit:  # the exported CSV has no units: watts are told from kilowatts by their size
            large = float(np.nanmax(np.abs(numbers), initial=0.0))
            unit = "w" if part == "power_kw" and large > 100 else ""
        arrays[part] = (time_us, numbers * FACTOR.get(unit.lower(), 1.0))
        used[part] = str(entity)
    if not arrays:
        raise InputError(
            f"{name} has no entity that is a battery channel.",
            remedy="Name them: --columns voltage=sensor.battery_voltage,current=….",
        )
    return TelemetryFile(name, "Home Assistant", arrays, notes=_left_out(entities, used))
