"""n3rgy's readings, as CSV and as its API's JSON: times in UTC that end their half-hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from energydash.sources.imports.contents import UNITS, Choices, MeterReadings
from energydash.sources.imports.half_hours import Rows, half_hours
from energydash.sources.tables import File, Table, trouble

END_NOTE = "a time is read as the end of its half-hour; choose 'start' if it is the start"
_TIME, _VALUE = "timestamp (utc)", "energyconsumption"


def is_csv(table: Table) -> bool:
    """True for `timestamp (UTC),energyConsumption (kWh)`."""
    return _TIME in table.keys and any(key.startswith(_VALUE) for key in table.keys)


def read_csv(table: Table, choices: Choices) -> MeterReadings:
    """The CSV's one meter, told by the file's name."""
    value = next(n for n, key in enumerate(table.keys) if key.startswith(_VALUE))
    unit = "m3" if "m3" in table.keys[value] else "kwh"
    times = table.column(table.keys.index(_TIME))
    columns = ("timestamp (UTC)", table.header[value])
    return _meter(table.file, "CSV", unit, table.file, columns, times,
                  table.column(value), table.lines, choices)  # fmt: skip


def read_json(data: dict[str, Any], file: File, choices: Choices) -> MeterReadings:
    """The answer: `resource`, `unit`, and `values` with `timestamp` and `value`."""
    values = data["values"]
    if not all(isinstance(one, dict) for one in values):
        raise trouble(file.name, "its values are not readings")
    unit = choices.unit or str(data.get("unit") or "kwh").replace("³", "3").lower()
    if unit.lower() not in UNITS:
        raise trouble(file.name, f"'{unit}' is not kWh, Wh or m3", part="unit")
    times = [str(one.get("timestamp") or "") for one in values]
    numbers = [one.get("value") for one in values]
    return _meter(file.name, "JSON", unit, str(data.get("resource", "")), ("timestamp", "value"),
                  times, numbers, range(1, len(values) + 1), choices)  # fmt: skip


def _meter(
    file: str,
    form: str,
    unit: str,
    told_by: str,
    columns: tuple[str, str],
    times: Sequence[str],
    values: Sequence[object],
    lines: Sequence[int],
    choices: Choices,
) -> MeterReadings:
    rows = Rows(file, f"n3rgy {form}", lines, times, values, (), *columns)
    kind = choices.kind(told_by, unit)
    found = half_hours(rows, choices, unit, *kind, zone="UTC", stamps_end=True)
    return replace(found, notes=(*found.notes, END_NOTE))
