"""CSVs of readings: both of Octopus's website, n3rgy's, and plain ones with named columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from energydash.home.meters import Direction, Energy
from energydash.sources.imports.assemble import Rows, half_hours
from energydash.sources.imports.parsed import Choices, MeterReadings, Upload, unreadable
from energydash.sources.imports.tables import Table, file_point, plain

TIMES = (
    "start", "interval_start", "interval start", "start time", "from", "timestamp", "time",
    "datetime", "date time", "date/time", "date_time", "period_start", "reading time", "read at",
    "timestamp (utc)", "time (utc)", "start (utc)",
)  # fmt: skip
ENDS = ("end", "interval_end", "interval end", "end time", "to", "period_end")
_UNIT = re.compile(r"(?<![a-z0-9])(kwh|mwh|wh|m3)(?![a-z0-9])")
_VALUE = re.compile(
    r"consumption|energy|usage|used|reading|value|import|export|kwh|wh|m3|electric|gas"
)
_MONEY = re.compile(r"cost|price|rate|charge|tax|pence|£|gbp|\(p\)|carbon")
_UTC = re.compile(r"\b(utc|zulu)\b")


def is_website(table: Table) -> bool:
    """True for a CSV of Octopus's website."""
    return {"start", "end"} <= set(table.keys) and bool(_parts(table.keys))


def _parts(keys: Sequence[str]) -> list[int]:
    return [n for n, key in enumerate(keys) if "consumption (" in key and _UNIT.search(key)]


def read_website(table: Table, upload: Upload, choices: Choices) -> MeterReadings:
    """Octopus's "download your data": `Consumption (kWh), Start, End`, offsets in the times.

    The newer one has columns for cost and standing charge; where it prints no zero row at all, it
    leaves zeros out, so an absent half-hour is zero. Where home and car stand apart, they are
    added.
    """
    keys = table.keys
    parts = _parts(keys)
    unit = _unit_of(keys[parts[0]])
    raw: Sequence[object] = table.column(parts[0])
    if len(parts) > 1:
        raw = _added([table.column(n) for n in parts])
    rows = Rows(
        file=upload.name,
        format="Octopus website CSV" + (" with costs" if len(keys) > 3 else ""),
        lines=table.lines,
        starts=table.column(keys.index("start")),
        raw=raw,
        ends=table.column(keys.index("end")),
        time_column=table.header[keys.index("start")],
        value_column=table.header[parts[0]],
    )
    energy, direction = _guess(upload.name, unit, choices)
    is_newer = len(keys) > 3
    found = half_hours(rows, choices, unit, energy, direction)
    prints_zeros = bool((found.frame["energy"] == 0).any())
    if is_newer and not prints_zeros and found.gaps and choices.absent == "auto":
        found = half_hours(rows, choices, unit, energy, direction, absent_is_zero=True)
        said = (
            f"{found.zero_filled} absent half-hours are read as zero, for this file prints no zero "
            "row; choose 'missing' if they were never read"
        )
        found = replace(found, notes=(*found.notes, said))
    return _named(found, upload, table)


def read_n3rgy(table: Table, upload: Upload, choices: Choices) -> MeterReadings:
    """n3rgy's CSV: `timestamp (UTC),energyConsumption (kWh)`; times end their half-hours."""
    keys = table.keys
    value = next(n for n, key in enumerate(keys) if key.startswith("energyconsumption"))
    unit = _unit_of(keys[value])
    rows = Rows(
        file=upload.name,
        format="n3rgy CSV",
        lines=table.lines,
        starts=table.column(keys.index("timestamp (utc)")),
        raw=table.column(value),
        time_column="timestamp (UTC)",
        value_column=table.header[value],
    )
    energy, direction = _guess(upload.name, unit, choices)
    found = half_hours(rows, choices, unit, energy, direction, zone="UTC", stamps_end=True)
    return _named(replace(found, notes=(*found.notes, END_NOTE)), upload, table)


END_NOTE = "a time is read as the end of its half-hour; choose 'start' if it is the start"


def read_plain(table: Table, upload: Upload, choices: Choices) -> list[MeterReadings]:
    """A CSV with named columns: a time and an energy, or a time, an import and an export."""
    keys = table.keys
    time_at = _time_at(table, choices)
    ends_at = next((n for n, key in enumerate(keys) if key in ENDS), None)
    stamps_end = time_at == ends_at
    times = table.column(time_at)
    if keys[time_at] == "date" and "time" in keys:
        clock = table.column(keys.index("time"))
        times = [f"{day} {at}" for day, at in zip(times, clock, strict=True)]
    is_utc = bool(_UTC.search(keys[time_at])) and "bst" not in keys[time_at]
    found = []
    for number, direction in _values_at(table, choices, time_at, ends_at):
        unit, is_by_name = _stated_unit(table, number, upload, choices)
        rows = Rows(
            file=upload.name,
            format="CSV",
            lines=table.lines,
            starts=times,
            raw=_decimal_points(table.column(number)),
            ends=table.column(ends_at) if ends_at is not None and not stamps_end else (),
            time_column=table.header[time_at],
            value_column=table.header[number],
        )
        energy, guessed = _guess(upload.name + " " + keys[number], unit, choices)
        one = half_hours(
            rows,
            choices,
            unit,
            energy,
            choices.direction or direction or guessed,
            zone="UTC" if is_utc else None,
            stamps_end=stamps_end,
        )
        said = f"clock times are read as {'UTC' if is_utc else choices.zone}"
        notes = one.notes if _has_offsets(times) else (*one.notes, said)
        if is_by_name:
            notes = (*notes, f"its unit, {unit}, is taken from its name")
        found.append(_named(replace(one, notes=notes), upload, table))
    return found


def _time_at(table: Table, choices: Choices) -> int:
    keys = table.keys
    if name := choices.columns.get("time"):
        return _named_column(table, name)
    if "date" in keys and "time" in keys:
        return keys.index("date")
    for name in TIMES:
        if name in keys:
            return keys.index(name)
    for n, key in enumerate(keys):
        if re.match(r"(start|timestamp|time|date)", key):
            return n
    for n, key in enumerate(keys):
        if key in ENDS:
            return n
    raise unreadable(
        table.file,
        "line 1",
        f"none of its columns ({', '.join(table.header)}) is a time",
        "Say which one is, or name it 'start'. Nothing of it was imported.",
    )


def _values_at(
    table: Table, choices: Choices, time_at: int, ends_at: int | None
) -> list[tuple[int, Direction | None]]:
    """The columns of energy and the direction each names."""
    if name := choices.columns.get("value"):
        return [(_named_column(table, name), None)]
    keys = table.keys
    taken = {time_at, ends_at}
    if keys[time_at] == "date" and "time" in keys:
        taken.add(keys.index("time"))
    found = [
        n
        for n, key in enumerate(keys)
        if n not in taken and _VALUE.search(key) and not _MONEY.search(key)
    ]
    if not found and len(keys) == 2:
        found = [n for n in range(2) if n not in taken]
    directed = [(n, _direction(keys[n])) for n in found]
    both = {direction for _, direction in directed}
    if len(found) == 1 or (len(found) == 2 and both == {Direction.IMPORT, Direction.EXPORT}):
        return directed
    what = "has no column of energy" if not found else "has several columns of energy"
    raise unreadable(
        table.file,
        "line 1",
        f"it {what} ({', '.join(table.header)})",
        "Say which one to read. Nothing of it was imported.",
    )


def _named_column(table: Table, name: str) -> int:
    if plain(name) in table.keys:
        return table.keys.index(plain(name))
    raise unreadable(
        table.file, "line 1", f"it has no column '{name}' (it has {', '.join(table.header)})"
    )


def _stated_unit(table: Table, number: int, upload: Upload, choices: Choices) -> tuple[str, bool]:
    """The unit that the user or a column states, else the file's name (then True)."""
    if choices.unit:
        return choices.unit, False
    for text in (table.keys[number], " ".join(table.keys)):
        if found := _UNIT.search(text.replace("_", " ")):
            return found[1], False
    if found := _UNIT.search(upload.name.lower().replace("_", " ")):
        return found[1], True
    raise unreadable(
        table.file,
        f"column {table.header[number]}",
        "it does not say its unit",
        "Say kwh, wh or m3 (--unit). Nothing of it was imported.",
    )


def _unit_of(key: str) -> str:
    found = _UNIT.search(key)
    return found[1] if found else "kwh"


def _direction(text: str) -> Direction | None:
    if re.search(r"export|outgoing|generation|generated|return", text):
        return Direction.EXPORT
    return Direction.IMPORT if re.search(r"import|consumption|usage|used", text) else None


def _guess(text: str, unit: str, choices: Choices) -> tuple[Energy, Direction]:
    """What is metered and which way, as far as the file's name and unit tell."""
    lowered = text.lower()
    is_gas = unit == "m3" or re.search(r"(?<![a-z])gas(?![a-z])", lowered)
    energy = choices.energy or (Energy.GAS if is_gas else Energy.ELECTRICITY)
    is_export = re.search(r"(?<![a-z])(export|outgoing)", lowered)
    direction = choices.direction or (Direction.EXPORT if is_export else Direction.IMPORT)
    return energy, direction


def _named(found: MeterReadings, upload: Upload, table: Table) -> MeterReadings:
    point, serial = file_point(upload.name)
    notes = found.notes
    if not table.ends_cleanly:
        notes = (*notes, "the last line does not end: the file may be cut short there")
    return replace(found, point=point, serial=serial, notes=notes)


def _added(columns: list[list[str]]) -> list[object]:
    """The sum of several columns; where none has a number, the first as it stands."""
    out: list[object] = []
    for cells in zip(*columns, strict=True):
        try:
            out.append(sum(float(cell) for cell in cells if cell) if any(cells) else "")
        except ValueError:
            out.append(next(cell for cell in cells if not _is_float(cell)))
    return out


def _is_float(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", cell)) or not cell


def _decimal_points(cells: list[str]) -> list[str]:
    """0,25 as 0.25 where the file writes decimal commas."""
    if any("," in cell for cell in cells) and not any("." in cell for cell in cells):
        return [cell.replace(",", ".") for cell in cells]
    return cells


def _has_offsets(times: Sequence[str]) -> bool:
    sample = next((text for text in times if text), "")
    return bool(re.search(r"(Z|[+-]\d\d:?\d\d)$", sample)) or sample.isdigit()
