"""Octopus's own files of readings: both CSVs of its website, and saved answers of its API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from energydash.sources.imports.contents import Choices, MeterReadings
from energydash.sources.imports.half_hours import Rows, half_hours
from energydash.sources.tables import File, Table, trouble

UNIT = re.compile(r"(?<![a-z0-9])(kwh|mwh|wh|m3)(?![a-z0-9])")


def is_website(table: Table) -> bool:
    """True for a CSV of Octopus's website."""
    return {"start", "end"} <= set(table.keys) and bool(_parts(table.keys))


def _parts(keys: Sequence[str]) -> list[int]:
    return [n for n, key in enumerate(keys) if "consumption (" in key and UNIT.search(key)]


def read_website(table: Table, choices: Choices) -> MeterReadings:
    """Octopus's "download your data": `Consumption (kWh), Start, End`, offsets in the times.

    The newer one has columns for cost and standing charge; where it prints no zero row at all, it
    leaves zeros out, so an absent half-hour is zero. Where home and car stand apart, they are
    added.
    """
    keys = table.keys
    parts = _parts(keys)
    stated = UNIT.search(keys[parts[0]])
    unit = stated[1] if stated else "kwh"
    is_newer = len(keys) > 3
    rows = Rows(
        file=table.file,
        format="Octopus website CSV" + (" with costs" if is_newer else ""),
        lines=table.lines,
        starts=table.column(keys.index("start")),
        raw=_added([table.column(n) for n in parts]),
        ends=table.column(keys.index("end")),
        time_column=table.header[keys.index("start")],
        value_column=table.header[parts[0]],
    )
    kind = choices.kind(table.file, unit)
    found = half_hours(rows, choices, unit, *kind)
    prints_zeros = bool((found.frame["energy"] == 0).any())
    if is_newer and not prints_zeros and found.gaps and choices.absent == "auto":
        found = half_hours(rows, choices, unit, *kind, absent_is_zero=True)
        said = (
            f"{found.zero_filled} absent half-hours are read as zero, for this file prints no zero "
            "row; choose 'missing' if they were never read"
        )
        found = replace(found, notes=(*found.notes, said))
    return found


def read_answer(data: Any, file: File, choices: Choices) -> MeterReadings:
    """One page of the API's readings, or a list of pages or of readings."""
    pages = data if isinstance(data, list) else [data]
    records: list[dict[str, Any]] = []
    for page in pages:
        found = page.get("results") if isinstance(page, dict) else None
        if isinstance(found, list):
            records += found
        elif isinstance(page, dict) and "consumption" in page:
            records.append(page)
        else:
            raise trouble(file.name, "it is not an answer with readings of Octopus's API")
    if not pages:
        raise trouble(file.name, "it has no readings")
    if not all(isinstance(record, dict) for record in records):
        raise trouble(file.name, "its results are not readings")
    if records and "value_inc_vat" in records[0]:
        said = "Prices come from Octopus by themselves."
        raise trouble(file.name, "it holds prices, not readings", remedy=said)
    rows = rows_of(file.name, "Octopus API JSON", records, range(1, len(records) + 1))
    unit = choices.unit or "kwh"
    parsed = half_hours(rows, choices, unit, *choices.kind(file.name, unit))
    counted = pages[0].get("count") if isinstance(pages[0], dict) else None
    if isinstance(counted, int) and counted > len(records):
        said = f"it is one page of several: {len(records):,} of {counted:,} readings"
        parsed = replace(parsed, notes=(*parsed.notes, said))
    return parsed


def rows_of(file: str, kind: str, records: Sequence[dict[str, Any]], lines: Sequence[int]) -> Rows:
    """The API's records, in an answer of its own or a line each."""
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


def _added(columns: list[list[str]]) -> Sequence[object]:
    """The sum of several columns; where one is no number, it as it stands."""
    if len(columns) == 1:
        return columns[0]
    out: list[object] = []
    for cells in zip(*columns, strict=True):
        try:
            out.append(sum(float(cell) for cell in cells if cell) if any(cells) else "")
        except ValueError:
            out.append(next(cell for cell in cells if not _is_float(cell)))
    return out


def _is_float(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", cell)) or not cell
