"""Instants as whole microseconds since the epoch, and the local clock of each.

Arrays of int64 make pricing a matter of binary search. What is local takes the zone it is local to.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import HALF_HOUR, Period, index_us, instant_of, local_midnight, micros

Micros = npt.NDArray[np.int64]
Codes = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ALWAYS_US, FOREVER_US = np.iinfo(np.int64).min, np.iinfo(np.int64).max
MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US
HALF_HOUR_US = 30 * MINUTE_US
NO_TIMES: Micros = np.empty(0, np.int64)


def local_us(times_us: Micros, zone: str) -> Micros:
    """The local clock of each UTC instant, as microseconds of an epoch without a zone."""
    if zone == "UTC":
        return times_us
    utc = pd.DatetimeIndex(times_us.astype("datetime64[us]")).tz_localize("UTC")
    return index_us(utc.tz_convert(zone).tz_localize(None))


@lru_cache(maxsize=32)
def midnights_us(days: tuple[date, ...], zone: str) -> Micros:
    """The first instant of each local day."""
    return np.array([micros(local_midnight(day, zone)) for day in days], np.int64)


def charged_days(period: Period, zone: str) -> list[date]:
    """The local days whose first instant is in `period`: each day is charged once, wherever the
    periods of two questions meet."""
    return [day for day in period.days(zone) if local_midnight(day, zone) >= period.start]


def runs(half_hours_us: Micros) -> list[Period]:
    """Sorted half-hours as periods, neighbours joined."""
    if not len(half_hours_us):
        return []
    breaks = np.flatnonzero(np.diff(half_hours_us) != HALF_HOUR_US)
    first = half_hours_us[np.concatenate(([0], breaks + 1))]
    last = half_hours_us[np.append(breaks, len(half_hours_us) - 1)]
    return [
        Period(instant_of(a), instant_of(b) + HALF_HOUR)
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]


def is_within(times_us: Micros, period: Period) -> Flags:
    """Which of the instants are in the period."""
    flags: Flags = (times_us >= micros(period.start)) & (times_us < micros(period.end))
    return flags
