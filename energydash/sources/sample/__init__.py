"""The sample source: seeded, made-up readings for a dashboard that has nothing else to show.

Never written to the store and never asked by the crawler; answers choose it and say so. Values
are a function of the seed and the instant alone, so that every period agrees with every other.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import index_us

SOURCE = "sample"
SEED = 20261101

Floats = npt.NDArray[np.float64]

HOUR_US = 3_600_000_000


def hours(index: pd.DatetimeIndex) -> Floats:
    """Hours since the epoch of each instant."""
    return index_us(index) / HOUR_US


def wander(
    at_hours: Floats, name: str, periods_hours: Iterable[float] = (171.3, 61.7, 26.9, 9.3, 2.7)
) -> Floats:
    """A smooth, never-repeating curve between -1 and 1 that only `name` and the seed decide.

    Longer waves weigh more, as weather does.
    """
    periods = np.fromiter(periods_hours, dtype=np.float64)
    seed = [SEED, *name.encode()]
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(periods))
    weights = np.sqrt(periods)
    weights = weights / weights.sum()
    out = np.zeros(len(at_hours))
    for period, phase, weight in zip(periods, phases, weights, strict=True):
        out += weight * np.sin(2 * np.pi * at_hours / period + phase)
    return out


def local_hour(index: pd.DatetimeIndex, zone: str) -> Floats:
    """The hour of the local day, 0 to 24, of each instant."""
    local = index.tz_convert(zone)
    return np.asarray(local.hour + local.minute / 60 + local.second / 3600, dtype=np.float64)
