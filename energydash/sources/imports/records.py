"""JSON readings: Octopus's API answers, octopus_viz's cache files (JSON lines), n3rgy's JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from energydash.home.meters import Direction, Energy
from energydash.sources.imports.assemble import Rows, half_hours
from energydash.sources.imports.parsed import UNITS, Choices, MeterReadings, Upload, unreadable
from energydash.sources.imports.tables import LOCAL_ID, file_point, json_trouble, text_of
from energydash.sources.imports.website import END_NOTE

# octopus_viz's unit -> what is metered, which way, and the unit.
VIZ_UNITS = {
    "electricity_importing_kwh": (Energy.ELECTRICITY, Direction.IMPORT, "kwh"),
    "electricity_exporting_kwh": (Energy.ELECTRICITY, Direction.EXPORT, "kwh"),
    "gas_importing_kwh": (Energy.GAS, Direction.IMPORT, "kwh"),
    "gas_importing_m3": (Energy.GAS, Direction.IMPORT, "m3"),
}


def is_lines(text: str) -> bool:
    """True for JSON lines: a reading on the first line, complete in itself."""
    head = text.lstrip()[:2000].split("\n", 1)[0]
    return head.startswith("{") and '"consumption"' in head and '"results"' not in head


def read_lines(upload: Upload, choices: Choices) -> MeterReadings:
    """An octopus_viz cache file: a reading per line, its unit in every line.

    The name's first two parts are meter point and serial number, in either order; ours may have a
    local meter id in the point's place.
    """
    numbered = [
        (number, line)
        for number, line in enumerate(text_of(upload).splitlines(), 1)
        if line.strip()
    ]
    records = _lines(upload.name, numbered)
    lines = np.array([number for number, _ in numbered], dtype=np.intp)
    units = {record.get("unit") for record in records}
    if len(units) > 1:
        first = records[0].get("unit")
        at = next(n for n, record in enumerate(records) if record.get("unit") != first)
        raise unreadable(
            upload.name,
            f"line {lines[at]}, column unit",
            f"'{records[at].get('unit')}' is another unit than '{first}'",
        )
    unit = units.pop()
    if unit is not None and unit not in VIZ_UNITS:
        raise unreadable(
            upload.name, f"line {lines[0]}, column unit", f"'{unit}' is not a unit of octopus_viz"
        )
    energy, direction, written = VIZ_UNITS.get(
        str(unit), (Energy.ELECTRICITY, Direction.IMPORT, "kwh")
    )
    if unit is None:
        energy, direction = choices.energy or energy, choices.direction or direction
        written = choices.unit or written
    found = half_hours(
        _rows(upload.name, "octopus_viz cache", records, lines), choices, written, energy, direction
    )
    point, serial = file_point(upload.name, is_cache=True)
    first = upload.name.split("_")[0]
    meter_id = first if LOCAL_ID.fullmatch(first) else ""
    return replace(found, point=point, serial=serial, meter_id=meter_id)


def read_answer(data: Any, upload: Upload, choices: Choices) -> MeterReadings:
    """One page of the API's readings, or a list of pages or of readings."""
    pages = data if isinstance(data, list) else [data]
    records: list[dict[str, Any]] = []
    notes: tuple[str, ...] = ()
    for page in pages:
        found = page.get("results") if isinstance(page, dict) else None
        if isinstance(found, list):
            records += found
        elif isinstance(page, dict) and "consumption" in page:
            records.append(page)
        else:
            raise unreadable(upload.name, "", "it is not an answer with readings of Octopus's API")
    if not pages:
        raise unreadable(upload.name, "", "it has no readings")
    if not all(isinstance(record, dict) for record in records):
        raise unreadable(upload.name, "", "its results are not readings")
    if records and "value_inc_vat" in records[0]:
        raise unreadable(
            upload.name,
            "",
            "it holds prices, not readings",
            "Prices come from Octopus by themselves. Nothing was imported.",
        )
    counted = pages[0].get("count") if isinstance(pages[0], dict) else None
    if isinstance(counted, int) and counted > len(records):
        notes = (f"it is one page of several: {len(records):,} of {counted:,} readings",)
    lines = np.arange(1, len(records) + 1, dtype=np.intp)
    lowered = upload.name.lower()
    is_gas = choices.unit.lower() == "m3" or "gas" in lowered
    energy = choices.energy or (Energy.GAS if is_gas else Energy.ELECTRICITY)
    is_export = "export" in lowered
    direction = choices.direction or (Direction.EXPORT if is_export else Direction.IMPORT)
    found_rows = _rows(upload.name, "Octopus API JSON", records, lines)
    parsed = half_hours(found_rows, choices, choices.unit or "kwh", energy, direction)
    point, serial = file_point(upload.name)
    return replace(parsed, point=point, serial=serial, notes=(*parsed.notes, *notes))


def read_n3rgy_json(data: dict[str, Any], upload: Upload, choices: Choices) -> MeterReadings:
    """n3rgy's answer: `values` with `timestamp` (UTC, the end of its half-hour) and `value`."""
    values = data["values"]
    if not all(isinstance(one, dict) for one in values):
        raise unreadable(upload.name, "", "its values are not readings")
    resource = str(data.get("resource", "")).lower()
    unit = choices.unit or str(data.get("unit") or "kwh").replace("³", "3").lower()
    if unit.lower() not in UNITS:
        raise unreadable(upload.name, "unit", f"'{unit}' is not kWh, Wh or m3")
    energy = choices.energy or (Energy.GAS if "gas" in resource else Energy.ELECTRICITY)
    is_export = "production" in resource or "export" in resource
    rows = Rows(
        file=upload.name,
        format="n3rgy JSON",
        lines=np.arange(1, len(values) + 1, dtype=np.intp),
        starts=[str(one.get("timestamp") or "") for one in values],
        raw=[one.get("value") for one in values],
        time_column="timestamp",
        value_column="value",
    )
    direction = choices.direction or (Direction.EXPORT if is_export else Direction.IMPORT)
    found = half_hours(rows, choices, unit, energy, direction, zone="UTC", stamps_end=True)
    return replace(found, notes=(*found.notes, END_NOTE))


def _rows(file: str, kind: str, records: list[dict[str, Any]], lines: Any) -> Rows:
    return Rows(
        file=file,
        format=kind,
        lines=lines,
        starts=[str(record.get("interval_start") or "") for record in records],
        raw=[record.get("consumption") for record in records],
        ends=[str(record.get("interval_end") or "") for record in records],
        time_column="interval_start",
        value_column="consumption",
    )


def _lines(file: str, numbered: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """All lines at once; one at a time only to find the one that cannot be read."""
    try:
        found = json.loads("[" + ",".join(line for _, line in numbered) + "]")
        if len(found) == len(numbered) and all(isinstance(one, dict) for one in found):
            return list(found)
    except ValueError:
        pass  # found below, with its line
    for number, line in numbered:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise json_trouble(file, error, number) from error
        if not isinstance(record, dict):
            raise unreadable(file, f"line {number}", "it is not a reading")
    raise unreadable(file, "", "its lines are not readings")
