"""Files that people bring: readings and tariffs (here), telemetry (`telemetry`).

`read_readings(file, choices)` gives the meters of a file, recognised by what is in it, with
everything that is odd about it: rows refused and why, repeats, gaps. A file is read whole or not
at all. Nothing here stores anything: the same result is the preview.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from energydash.core.errors import EnergydashError
from energydash.sources.imports import home_assistant, n3rgy, octopus, octopus_viz, plain_csv
from energydash.sources.imports.contents import (
    Choices,
    MeterReadings,
    own_id_in,
    point_in,
    reading,
)
from energydash.sources.tables import File, read_frame, read_json, read_table, text_of, trouble

__all__ = ["Choices", "File", "MeterReadings", "read_readings"]

CUT = "the last line does not end: the file may be cut short there"


def read_readings(file: File, choices: Choices | None = None) -> list[MeterReadings]:
    """The readings of every meter in a file; InputError where the file cannot be read."""
    with reading(file.name):
        return [_named(one) for one in _read(file, choices or Choices())]


def header_of(file: File) -> tuple[str, ...]:
    """The names of a CSV's columns; none where the file is no CSV that can be read."""
    try:
        text = text_of(file)
        return () if text.lstrip()[:1] in ("{", "[") else read_table(file, text).header
    except EnergydashError:
        return ()


def _read(file: File, choices: Choices) -> list[MeterReadings]:
    text = text_of(file)
    start = text.lstrip()[:1]
    if start == "{" and octopus_viz.is_lines(text):
        return octopus_viz.read_lines(file, text, choices)
    if start and start in "{[":
        return _read_json(read_json(file, text), file, choices)
    table = read_table(file, text)
    if home_assistant.is_energy(table):
        found = home_assistant.read_energy(table, choices)
    elif home_assistant.is_history(table.header):
        states = home_assistant.by_entity(read_frame(file))
        found = home_assistant.read_counters(states, file, choices)
    elif n3rgy.is_csv(table):
        found = [n3rgy.read_csv(table, choices)]
    elif octopus.is_website(table) and not choices.columns:
        found = [octopus.read_website(table, choices)]
    else:
        found = plain_csv.read_plain(table, choices)
    if table.ends_cleanly:
        return found
    return [replace(one, notes=(*one.notes, CUT)) for one in found]


def _read_json(data: Any, file: File, choices: Choices) -> list[MeterReadings]:
    if octopus_viz.is_config(data):
        what = "it holds tariffs, not readings"
        raise trouble(file.name, what, remedy="Import it as tariffs.")
    if isinstance(data, dict) and isinstance(data.get("values"), list):
        return [n3rgy.read_json(data, file, choices)]
    if home_assistant.is_answer(data):
        states = home_assistant.states_of(data, file)
        return home_assistant.read_counters(states, file, choices)
    return [octopus.read_answer(data, file, choices)]


def _named(found: MeterReadings) -> MeterReadings:
    """With the meter that the file's name tells, where no line of it did."""
    point, serial = point_in(found.file, is_cache=found.format == octopus_viz.CACHE)
    if found.point:
        point, serial = found.point, found.serial
    return replace(found, point=point, serial=serial, meter_id=own_id_in(found.file))
