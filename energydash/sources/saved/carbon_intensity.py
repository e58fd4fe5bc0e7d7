"""GB Carbon Intensity: any answer of the API, national or regional, now, past or forecast.

Columns carry their unit: `actual_g_per_kwh`, `forecast_g_per_kwh`, and `…_percent` per fuel. The
half-hour that the API sends along from before the range is kept: the file has it. The answer of
/intensity/factors has no times: columns `fuel` and `g_per_kwh`.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from energydash.core.errors import BadData, InputError
from energydash.core.feeds import tidy
from energydash.grid.regions import find
from energydash.sources.grid.carbon_intensity import (
    FACTOR_FUELS,
    read_factors,
    read_slots,
    slots_frame,
    unknown_fuels,
)
from energydash.sources.saved.parts import SavedAnswer, SavedFile, text_of, trouble


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """Intensity and mix of one region; `region` chooses where the files have several."""
    del day
    if len(files) == 1 and any(f'"{name}"' in text_of(files[0]) for name in FACTOR_FUELS):
        return _factors(files[0])
    frames: list[pd.DataFrame] = []
    found: dict[str, None] = {}
    unknown: set[str] = set()
    for file in files:
        text_of(file)
        try:
            slots = read_slots(file.data)
            frames.append(slots_frame(slots, region))
        except BadData as error:
            raise trouble(file, error.message.rstrip(".")) from error
        found.update(dict.fromkeys(slot.region for slot in slots))
        unknown.update(unknown_fuels(slots))
    if region is None and len(found) > 1:
        raise InputError(f"The files are of {', '.join(found)}.", remedy="Choose one by --region.")
    where = find(region).id if region else next(iter(found), "GB")
    frame = tidy(pd.concat(frames))
    return SavedAnswer(frame, "intensity", where, "", unknown=tuple(sorted(unknown)))


def _factors(file: SavedFile) -> SavedAnswer:
    try:
        factors = read_factors(file.data)
    except BadData as error:
        raise trouble(file, error.message.rstrip(".")) from error
    table = pd.DataFrame({"fuel": factors.index, "g_per_kwh": factors.to_numpy()})
    return SavedAnswer(table, "factors", "GB", "")
