"""Battery telemetry in files: Aretas JSON and CSV, Home Assistant history, Victron's VRM, and any
CSV, Parquet or spreadsheet by its columns.

A file is recognised by its content. What each column is taken for is in `TelemetryFile.columns`,
to be shown before it is used; where that is doubtful nothing is guessed (`doubts`). A time is ISO
with an offset, a clock time of a zone, epoch seconds or milliseconds, or seconds since the start
of each cycle. What cannot be read is named by line and column, and nothing is taken from such a
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from energydash.battery.joining import Method
from energydash.battery.mapping import NOT_THERE, infer
from energydash.battery.naming import USUAL_UNIT, choose
from energydash.battery.telemetry import END, PARTS, Floats, Micros, as_channel
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from energydash.core.time import index_us
from energydash.sources.aretas.rows import read_file
from energydash.sources.aretas.sensors import KNOWN_TYPES
from energydash.sources.imports import home_assistant, parquet, vrm, workbook
from energydash.sources.imports.contents import reading
from energydash.sources.imports.home_assistant import States
from energydash.sources.imports.telemetry_columns import (
    NOTHING,
    Column,
    Doubt,
    Said,
    columns_of,
    in_our_unit,
    numbers,
    shown,
    split_unit,
    times,
    unit_of,
    which,
    with_one_time,
)
from energydash.sources.tables import File, read_frame, read_json, text_of, trouble

Arrays = dict[str, tuple[Micros, Floats]]
ARETAS_TABLE = frozenset({"type", "timestamp", "data"})


@dataclass(frozen=True)
class TelemetryFile:
    """What a file holds: raw samples by channel in their order of arrival.

    cycles: (label, samples) where the file says which cycle a row belongs to; else empty.
    relative: times are seconds since the start of a cycle, not instants. columns: what each is
    taken for. doubts: what the owner must say first. zone: of its times, where the file says it.
    """

    name: str
    kind: str
    arrays: Arrays
    cycles: tuple[tuple[str, Arrays], ...] = ()
    relative: bool = False
    notes: tuple[Finding, ...] = ()
    columns: tuple[Column, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    zone: str | None = None

    @property
    def method(self) -> Method:
        """How its samples are joined: Home Assistant reports changes, which are held."""
        return "hold" if self.kind == "Home Assistant" else "auto"


def read(body: bytes, name: str, said: Said = NOTHING) -> TelemetryFile:
    """The telemetry in a file, ready to be used.

    Raises InputError naming the line and the column, or what must be said first.
    """
    found = look(body, name, said)
    if found.doubts:
        first = found.doubts[0]
        raise InputError(f"{name}: {first.sentence}", remedy=first.remedy)
    return found


def look(body: bytes, name: str, said: Said) -> TelemetryFile:
    """The telemetry in a file and what each column is taken for, doubts and all."""
    with reading(name):
        return _look(File(name, body), said)


def _look(file: File, said: Said) -> TelemetryFile:
    body, name = file.data, file.name
    if workbook.is_workbook(body):
        file = workbook.as_csv(file)
    elif body.startswith(workbook.MAGIC):
        raise trouble(
            name, "it is a zip file or a damaged spreadsheet", remedy="Unpack it, or save it again."
        )
    start = file.data[:200].lstrip()
    if not start:
        raise trouble(name, "the file is empty")
    if start.startswith(parquet.MAGIC):
        return _read_table(parquet.read(file), name, "Parquet", said)
    if start.startswith((b"[", b"{")):
        return _read_json(file, said)
    if vrm.is_export(file):
        table, zone = vrm.read(file)
        found = _read_table(table, name, "Victron VRM", replace(said, zone=said.zone or zone))
        return replace(found, zone=zone)
    table = read_frame(file)
    if home_assistant.is_history(tuple(table.columns)):
        return _read_home_assistant(home_assistant.by_entity(table), name, said)
    if set(table.columns) >= ARETAS_TABLE:
        return _read_aretas_table(table, name, said)
    return _read_table(table, name, "CSV", said)


def _read_json(file: File, said: Said) -> TelemetryFile:
    if b"entity_id" in file.data[:400]:
        data = read_json(file, text_of(file))
        return _read_home_assistant(home_assistant.states_of(data, file), file.name, said)
    by_type = read_file(file.data, file.name).by_type()
    return _read_sensors({str(number): a for number, a in by_type.items()}, file.name, said)


def _read_aretas_table(table: pd.DataFrame, name: str, said: Said) -> TelemetryFile:
    """`mac,type,timestamp,data`, as the client's own notebook writes it; a type that two monitors
    have is called `mac:type`."""
    when = times(table["timestamp"], name, said)
    values = numbers(table["data"], name)
    kinds = numbers(table["type"], name)
    if not np.isfinite(kinds).all():
        raise trouble(name, "a row has no sensor type", column="'type'")
    types = kinds.astype(np.int32)
    del kinds
    code, macs = pd.factorize(table["mac"]) if "mac" in table else (np.zeros(len(table), int), [""])
    table.drop(table.index, inplace=True)  # a year of it is hundreds of megabytes
    sensors: Arrays = {}
    for number in np.unique(types):
        mine = types == number
        of = np.unique(code[mine])
        for one in of:
            key = str(number) if len(of) == 1 else f"{macs[one]}:{number}"
            here = mine & (code == one)
            sensors[key] = (when.time_us[here], values[here])
    when = replace(when, time_us=when.time_us[:0])
    del values, code, types
    found = _read_sensors(sensors, name, said)
    doubts = (*found.doubts, *([when.doubt] if when.doubt else []))
    return replace(found, notes=(*when.notes, *found.notes), doubts=doubts)


def _read_sensors(sensors: Arrays, name: str, said: Said) -> TelemetryFile:
    """Samples by sensor type, as Aretas gives them."""
    known = {part: sensor for part, sensor in said.columns.items() if part in PARTS}
    for number, part in KNOWN_TYPES.items():
        if str(number) in sensors and part not in known:
            known[part] = str(number)
    found = infer({sensor: as_channel(*arrays) for sensor, arrays in sensors.items()}, known)
    names = {part: sensor for part, sensor in found.items() if sensor in sensors}
    if not names:
        kinds = ", ".join(sensors) or "none"
        raise trouble(
            name,
            f"it does not tell which sensor type is which (types: {kinds})",
            remedy="Say it: --columns voltage=532,current=531.",
        )
    units = {part: said.units.get(part, USUAL_UNIT[part]) for part in names}
    arrays = {
        part: (sensors[sensor][0], in_our_unit(part, units[part], sensors[sensor][1]))
        for part, sensor in names.items()
    }
    first = {sensor: _first(values) for sensor, (_, values) in sensors.items()}
    return TelemetryFile(name, "Aretas", arrays, columns=shown(names, units, first))


def _first(values: Floats) -> str:
    seen = values[np.isfinite(values)]
    return f"{seen[0]:g}" if len(seen) else ""


def _read_table(table: pd.DataFrame, name: str, kind: str, said: Said) -> TelemetryFile:
    table = with_one_time(table, said.columns)
    chosen, doubts = columns_of(table, name, said)
    when = times(table[chosen["time"]], name, said)
    doubts += [when.doubt] if when.doubt else []
    arrays: Arrays = {}
    is_sparse = "cycle" not in chosen and not when.is_relative
    units: dict[str, str] = {}
    for part in PARTS:
        if part not in chosen:
            continue
        raw = numbers(table[chosen[part]], name)
        units[part], doubt = unit_of(part, split_unit(chosen[part])[1], raw, said)
        doubts += [doubt] if doubt else []
        both = when.time_us, in_our_unit(part, units[part], raw)
        arrays[part] = _without_empty(*both) if is_sparse else both
    first = {str(column): _first_of(table[column]) for column in table.columns}
    columns = shown(chosen, units, first)
    found = TelemetryFile(name, kind, arrays, (), when.is_relative, when.notes, columns,
                          tuple(doubts))  # fmt: skip
    if "cycle" in chosen:
        return replace(found, cycles=_cycles(table[chosen["cycle"]].astype(str).to_numpy(), arrays))
    back = np.diff(when.time_us) < 0
    if when.is_relative and back.any():
        labels = np.concatenate(([1], 1 + np.cumsum(back))).astype(str)
        return replace(found, cycles=_cycles(labels, arrays))
    return found


def _without_empty(time_us: Micros, values: Floats) -> tuple[Micros, Floats]:
    """Samples without the empty cells of a table that is mostly empty, as it is where each channel
    has rows of its own: a year of them is hundreds of megabytes."""
    seen = np.isfinite(values)
    return (time_us, values) if seen.mean() >= 0.5 else (time_us[seen], values[seen])


def _first_of(column: pd.Series[Any]) -> str:
    at = column.first_valid_index()
    return "" if at is None else str(column.loc[at])


def _cycles(labels: object, arrays: Arrays) -> tuple[tuple[str, Arrays], ...]:
    """The samples of each cycle, in the order in which cycles come."""
    codes, uniques = pd.factorize(np.asarray(labels))
    return tuple(
        (str(label), {part: (at[codes == code], value[codes == code])
                      for part, (at, value) in arrays.items()})
        for code, label in enumerate(uniques)
    )  # fmt: skip


def _read_home_assistant(found: Sequence[States], name: str, said: Said) -> TelemetryFile:
    """States by entity. Home Assistant reports changes, which are held, not joined; a value ends
    where its entity becomes unknown or unavailable."""
    entities = {one.entity: one for one in found}
    labels = {one.entity: (one.entity.partition(".")[2] or one.entity, one.unit) for one in found}
    told = {part: entity for part, entity in said.columns.items() if part in PARTS}
    chosen = choose(labels, told)
    names = {part: entity for part, entity in chosen.found.items() if entity != NOT_THERE}
    doubts = [which(part, fitting) for part, fitting in chosen.doubts.items()]
    if not doubts and not any(entity in entities for entity in names.values()):
        raise trouble(
            name,
            "it has no entity that is a battery channel",
            remedy="Name them: --columns voltage=sensor.battery_voltage,current=….",
        )
    arrays: Arrays = {}
    units: dict[str, str] = {}
    for part, entity in names.items():
        if entity not in entities:
            raise trouble(name, f"it has no entity '{entity}'")
        one = entities[entity]
        if one.refused:
            raise InputError(f"{name}, {one.refused[0]}")
        raw: Floats = np.asarray(one.values, dtype=np.float64)
        at = index_us(pd.DatetimeIndex(one.values.index))
        units[part], doubt = unit_of(part, one.unit, raw, said)
        doubts += [doubt] if doubt else []
        seen = np.isfinite(raw)
        arrays[part] = (at[seen], in_our_unit(part, units[part], raw[seen]))
        if not seen.all():
            arrays[part + END] = (at[~seen], np.ones(int((~seen).sum())))
    first = {one.entity: _first(np.asarray(one.values, dtype=np.float64)) for one in found}
    return TelemetryFile(
        name, "Home Assistant", arrays, columns=shown(names, units, first), doubts=tuple(doubts)
    )  # fmt: skip
