"""Files that people bring: readings and tariffs (here), telemetry (`telemetry`).

`read_readings(upload, choices)` gives the meters of a file, recognised by what is in it, with
everything that is odd about it: rows refused and why, repeats, gaps. A file is read whole or not
at all. Nothing here stores anything: the same result is the preview.
"""

from __future__ import annotations

from typing import Any

from energydash.sources.imports import home_assistant, records, tables, website
from energydash.sources.imports.parsed import Choices, MeterReadings, Refused, Upload, unreadable

__all__ = ["Choices", "MeterReadings", "Refused", "Upload", "read_readings"]


def read_readings(upload: Upload, choices: Choices | None = None) -> list[MeterReadings]:
    """The readings of every meter in a file; InputError where the file cannot be read."""
    chosen = choices or Choices()
    text = tables.text_of(upload)
    start = text.lstrip()[:1]
    if not start:
        raise unreadable(upload.name, "", "it is empty")
    if start == "{" and records.is_lines(text):
        return [records.read_lines(upload, chosen)]
    if start in "{[":
        return [_read_json(tables.read_json(upload), upload, chosen)]
    table = tables.read_table(upload)
    keys = table.keys
    if keys[:3] == ("entity_id", "type", "unit"):
        return home_assistant.read_energy(table, upload, chosen)
    if {"entity_id", "state", "last_changed"} <= set(keys):
        return home_assistant.read_history(table, upload, chosen)
    if "timestamp (utc)" in keys and any(key.startswith("energyconsumption") for key in keys):
        return [website.read_n3rgy(table, upload, chosen)]
    if website.is_website(table) and not chosen.columns:
        return [website.read_website(table, upload, chosen)]
    return website.read_plain(table, upload, chosen)


def _read_json(data: Any, upload: Upload, choices: Choices) -> MeterReadings:
    if isinstance(data, dict):
        if "tariffs" in data or "meters" in data:
            raise unreadable(
                upload.name, "", "it holds tariffs, not readings", "Import it as tariffs."
            )
        if isinstance(data.get("values"), list):
            return records.read_n3rgy_json(data, upload, choices)
    return records.read_answer(data, upload, choices)
