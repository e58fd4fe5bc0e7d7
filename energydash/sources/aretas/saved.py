"""Aretas: pages of `sensordata/byrange`. A column per channel, `type_N` where no rule tells which.

Current and power keep the monitor's own sign; `battery analyse` is what turns and checks them.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from energydash.battery.mapping import infer
from energydash.battery.telemetry import as_channel
from energydash.sources import Answer
from energydash.sources.aretas.rows import Rows, read_file
from energydash.sources.aretas.sensors import KNOWN_TYPES, to_frame
from energydash.sources.tables import File, trouble


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """One answer in one or several pages; a day does not matter here."""
    del day
    if region:
        raise trouble(files[0].name, f"is a monitor's and has no region {region}")
    pages = [read_file(file.data, file.name) for file in files]
    if not any(len(page.type) for page in pages):
        raise trouble(files[0].name, "has no readings")
    rows = Rows(*(np.concatenate([getattr(page, name) for page in pages])
                  for name in ("type", "time_ms", "value")))  # fmt: skip
    sensors = {str(number): as_channel(*data) for number, data in rows.by_type().items()}
    known = {part: str(number) for number, part in KNOWN_TYPES.items() if str(number) in sensors}
    parts = {int(sensor): part for part, sensor in infer(sensors, known).items()}
    names = {int(sensor): parts.get(int(sensor), f"type_{sensor}") for sensor in sensors}
    frame, unknown = to_frame(rows, names, {})
    notes = tuple(f"{name} is not known; its column is named after its number" for name in unknown)
    return Answer(frame.dropna(axis="columns", how="all"), "telemetry", "", "", (), notes)
