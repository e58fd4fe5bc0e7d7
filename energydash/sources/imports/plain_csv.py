"""Plain CSVs of readings: columns are told by their names, or named by the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from energydash.home.meters import Direction
from energydash.sources.imports.contents import Choices, MeterReadings
from energydash.sources.imports.half_hours import Rows, half_hours
from energydash.sources.imports.octopus import UNIT
from energydash.sources.tables import Table, plain, trouble

TIMES = (
    "start", "interval_start", "interval start", "start time", "from", "timestamp", "time",
    "datetime", "date time", "date/time", "date_time", "period_start", "reading time", "read at",
    "timestamp (utc)", "time (utc)", "start (utc)",
)  # fmt: skip
ENDS = ("end", "interval_end", "interval end", "end time", "to", "period_end")
_VALUE = re.compile(
    r"consumption|energy|usage|used|reading|value|import|export|kwh|wh|m3|electric|gas"
)
_MONEY = re.compile(r"cost|price|rate|charge|tax|pence|£|gbp|\(p\)|carbon")
_UTC = re.compile(r"\b(utc|zulu)\b")


def read_plain(table: Table, choices: Choices) -> list[MeterReadings]:
    """A CSV with named columns: a time and an energy, or a time, an import and an export."""
    keys = table.keys
    time_at = _time_at(table, choices)
    ends_at = next((n for n, key in enumerate(keys) if key in ENDS), None)
    if name := choices.columns.get("end"):
        ends_at = _named_column(table, name)
    stamps_end = time_at == ends_at
    times = table.column(time_at)
    if keys[time_at] == "date" and "time" in keys:
        clock = table.column(keys.index("time"))
        times = [f"{day} {at}" for day, at in zip(times, clock, strict=True)]
    is_utc = bool(_UTC.search(keys[time_at])) and "bst" not in keys[time_at]
    found = []
    for number, direction in _values_at(table, choices, time_at, ends_at):
        unit, is_by_name = _stated_unit(table, number, choices)
        rows = Rows(
            file=table.file,
            format="CSV",
            lines=table.lines,
            starts=times,
            raw=_decimal_points(table.column(number)),
            ends=table.column(ends_at) if ends_at is not None and not stamps_end else (),
            time_column=table.header[time_at],
            value_column=table.header[number],
        )
        energy, guessed = choices.kind(f"{table.file} {keys[number]}", unit)
        way = choices.direction or direction or guessed
        zone = "UTC" if is_utc else None
        one = half_hours(rows, choices, unit, energy, way, zone=zone, stamps_end=stamps_end)
        said = f"clock times are read as {'UTC' if is_utc else choices.zone}"
        notes = one.notes if _has_offsets(times) else (*one.notes, said)
        if is_by_name:
            notes = (*notes, f"its unit, {unit}, is taken from its name")
        found.append(replace(one, notes=notes))
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
    what = f"none of its columns ({', '.join(table.header)}) is a time"
    said = "Say which one is (--columns time=NAME), or name it 'start'."
    raise trouble(table.file, what, line=1, remedy=said)


def _values_at(
    table: Table, choices: Choices, time_at: int, ends_at: int | None
) -> list[tuple[int, Direction | None]]:
    """The columns of energy and the direction each names."""
    told = [
        (_named_column(table, choices.columns[word]), way)
        for word, way in (("value", None), *((way.value, way) for way in Direction))
        if word in choices.columns
    ]
    if told:
        return told
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
    raise trouble(
        table.file,
        f"it {what} ({', '.join(table.header)})",
        line=1,
        remedy="Say which one to read (--columns value=NAME).",
    )


def _named_column(table: Table, name: str) -> int:
    if plain(name) in table.keys:
        return table.keys.index(plain(name))
    what = f"it has no column '{name}' (it has {', '.join(table.header)})"
    raise trouble(table.file, what, line=1)


def _stated_unit(table: Table, number: int, choices: Choices) -> tuple[str, bool]:
    """The unit that the user or a column states, else the file's name (then True)."""
    if choices.unit:
        return choices.unit, False
    for text in (table.keys[number], " ".join(table.keys)):
        if found := UNIT.search(text.replace("_", " ")):
            return found[1], False
    if found := UNIT.search(table.file.lower().replace("_", " ")):
        return found[1], True
    said = "Say kwh, wh or m3 (--unit)."
    column = table.header[number]
    raise trouble(table.file, "it does not say its unit", column=column, remedy=said)


def _direction(text: str) -> Direction | None:
    if re.search(r"export|outgoing|generation|generated|return", text):
        return Direction.EXPORT
    return Direction.IMPORT if re.search(r"import|consumption|usage|used", text) else None


def _decimal_points(cells: list[str]) -> list[str]:
    """0,25 as 0.25 where the file writes decimal commas."""
    if any("," in cell for cell in cells) and not any("." in cell for cell in cells):
        return [cell.replace(",", ".") for cell in cells]
    return cells


def _has_offsets(times: Sequence[str]) -> bool:
    sample = next((text for text in times if text), "")
    return bool(re.search(r"(Z|[+-]\d\d:?\d\d)$", sample)) or sample.isdigit()
