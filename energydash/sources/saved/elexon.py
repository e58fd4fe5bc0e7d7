"""Elexon's FUELINST (the dataset's answer or its `/stream`), and NESO's generation mix.

Given together, NESO's solar and embedded wind are added to Elexon's mix, half-hour by half-hour;
NESO's alone is the whole mix that it has.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd

from energydash.core.errors import BadData
from energydash.core.feeds import empty_frame, tidy
from energydash.core.time import HALF_HOUR
from energydash.grid.fuels import in_stack_order
from energydash.grid.mix import with_embedded
from energydash.sources.grid import elexon, neso
from energydash.sources.saved.parts import SavedAnswer, SavedFile, only_region, text_of, trouble


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """MW by fuel, interval starts."""
    del day
    own = only_region(region, "GB")
    rows: list[pd.DataFrame] = []
    theirs: list[pd.DataFrame] = []
    embedded: list[pd.DataFrame] = []
    for file in files:
        try:
            if _is_neso(text_of(file)):
                theirs.append(neso.read_mix(file.data))
                embedded.append(neso.read_embedded(file.data))
            else:
                rows.append(elexon.read_rows(file.data))
                if rows[-1].empty:
                    raise trouble(file, "there are no rows")
        except BadData as error:
            raise trouble(file, error.message.rstrip(".")) from error
    if not rows:
        return SavedAnswer(_stacked(theirs), "mix", own)
    joined = pd.concat(rows, ignore_index=True)
    frame = elexon.mix_of(joined.drop_duplicates(["time", "fuel"], keep="last"))
    notes: tuple[str, ...] = ()
    if embedded:
        frame, told = with_embedded(frame, _stacked(embedded), HALF_HOUR, timedelta(0))
        if told.absent:
            notes = (f"Solar and embedded wind are missing for {told.absent:,} rows.",)
    else:
        notes = ("Elexon has no solar and no embedded wind; NESO's file would add them.",)
    return SavedAnswer(frame, "mix", own, unknown=elexon.unknown_of(joined), notes=notes)


def _is_neso(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return isinstance(answer, dict) and "result" in answer


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return empty_frame()
    joined = tidy(pd.concat(frames))
    return joined[in_stack_order(joined.columns)]
