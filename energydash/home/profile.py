"""How a home uses energy: its baseload and peak, and the map of days by half-hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np
import pandas as pd

from energydash.core.time import instant_of
from energydash.home.costs import By, label_of
from energydash.home.instants import DAY_US, HALF_HOUR_US, local_us
from energydash.home.meters import Direction
from energydash.home.usage import Usage

# What runs when nobody does anything: the 5th percentile of the half-hours before 06:00, when
# neither solar panels nor people are at work.
BASELOAD_PERCENTILE = 5
NIGHT_ENDS_HOUR = 6


class Value(StrEnum):
    """What a cell or bar shows."""

    KWH = "kWh"
    GBP = "£"
    PENCE = "p/kWh"
    CARBON = "gCO₂"


@dataclass(frozen=True)
class Profile:
    """baseload_kw: what runs all night, and its share if it runs all day. peak_kw: the highest
    half-hour, and when it began."""

    baseload_kw: float
    baseload_share: float
    peak_kw: float
    peak_at: datetime


def profile(usage: Usage) -> Profile | None:
    """Baseload and peak of one meter; None without readings."""
    if not len(usage.kwh):
        return None
    hour = local_us(usage.times_us, usage.meter.zone) % DAY_US // (2 * HALF_HOUR_US)
    night = usage.kwh[hour < NIGHT_ENDS_HOUR]
    baseload = float(np.percentile(night if len(night) else usage.kwh, BASELOAD_PERCENTILE))
    place = int(np.argmax(usage.kwh))
    total = float(usage.kwh.sum())
    at = instant_of(int(usage.times_us[place]))
    share = min(baseload * len(usage.kwh) / total, 1.0) if total else 0.0
    return Profile(2 * baseload, share, 2 * float(usage.kwh[place]), at)


def day_map(usages: Sequence[Usage], direction: Direction, value: Value) -> pd.DataFrame:
    """Local days (rows) by half-hours of the local day (48 columns `HH:MM`); NaN where missing.

    The half-hours that come twice when clocks go back are added; `PENCE` is money by energy.
    """
    chosen = [usage for usage in usages if usage.meter.direction is direction]
    local = [local_us(usage.times_us, usage.meter.zone) for usage in chosen]
    expected = [local_us(usage.expected_us, usage.meter.zone) // DAY_US for usage in chosen]
    days = [day for day in expected if len(day)]
    columns = [label_of(slot, By.HALF_HOUR) for slot in range(48)]
    if not days:
        return pd.DataFrame(columns=columns)
    low = min(int(day.min()) for day in days)
    size = max(int(day.max()) for day in days) - low + 1
    kwh, shown = np.zeros(size * 48), np.zeros(size * 48)
    count = np.zeros(size * 48)
    for usage, clock in zip(chosen, local, strict=True):
        cell = (clock // DAY_US - low) * 48 + clock % DAY_US // HALF_HOUR_US
        kwh += np.bincount(cell, usage.kwh, size * 48)
        count += np.bincount(cell, minlength=size * 48)
        if value is Value.KWH:
            shown += np.bincount(cell, usage.kwh, size * 48)
        elif value is Value.CARBON:
            grams = np.full(len(cell), np.nan) if usage.g_per_kwh is None else usage.g_per_kwh
            shown += np.bincount(cell, usage.kwh * grams, size * 48)
        else:
            shown += np.bincount(cell, usage.reading_gbp, size * 48)
    if value is Value.PENCE:
        shown = 100 * shown / np.where(kwh > 0, kwh, np.nan)
    cells = np.where(count > 0, shown, np.nan).reshape(size, 48)
    index = [date(1970, 1, 1) + timedelta(days=low + number) for number in range(size)]
    return pd.DataFrame(cells, index=pd.Index(index, name="day"), columns=columns)
