"""What a home's electricity emitted: its readings with the grid's intensity there and then.

The intensity is that of the half-hour and of the meter's part of Great Britain. For the parts only
forecasts are published; what was measured is known for the whole country alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from energydash.answers import grid
from energydash.answers.grid.intensity import intensity
from energydash.answers.home.subject import Home, choose, home_of
from energydash.core.feeds import FeedData
from energydash.core.findings import Finding
from energydash.core.time import Period, index_us
from energydash.grid.regions import Region, default, of_supply_point
from energydash.home.instants import Floats, Micros
from energydash.home.meters import Energy, Meter
from energydash.home.usage import Usage
from energydash.sync import fetch
from energydash.sync.context import Context


def with_carbon(
    context: Context, home: Home, usages: Sequence[Usage], period: Period
) -> tuple[list[Usage], list[FeedData]]:
    """The usages with the average intensity at each electricity reading, and where it is from.

    A home of one's own never meets made-up intensities, nor a sample home real ones.
    """
    here = replace(context, sample=home.is_sample, sample_if_empty=False)
    known: dict[str, tuple[Micros, Floats]] = {}
    inputs: list[FeedData] = []
    out: list[Usage] = []
    for usage in usages:
        if usage.meter.energy is not Energy.ELECTRICITY:
            out.append(usage)
            continue
        region = region_of(context, usage.meter).id
        if region not in known:
            found = intensity(here, region, period)
            values = found.values.dropna()
            times = index_us(pd.DatetimeIndex(values.index))
            grams: Floats = np.asarray(values, dtype=np.float64)
            known[region] = times, grams
            inputs += found.inputs
        out.append(replace(usage, g_per_kwh=_at(usage.times_us, *known[region])))
    return out, inputs


def bring_carbon(
    context: Context,
    period: Period,
    meter: str = "",
    energy: str = "",
    progress: fetch.Progress | None = None,
) -> tuple[Finding, ...]:
    """Fetch what the store lacks of the intensity where the meters are; the problems met."""
    home = home_of(context)
    if home.is_sample:
        return ()
    chosen = [one for one in choose(home, meter, energy) if one.energy is Energy.ELECTRICITY]
    places = dict.fromkeys(region_of(context, one).id for one in chosen)
    done = [
        refreshed
        for place in places
        for refreshed in grid.bring(context, place, "intensity", period, progress=progress)
    ]
    return tuple(one.problem for one in done if one.problem)


def region_of(context: Context, meter: Meter) -> Region:
    """The part of Great Britain that a meter is in; the set region where that is not known."""
    return of_supply_point(meter.region) or default(context.settings)


def _at(times_us: Micros, known_us: Micros, values: Floats) -> Floats:
    """The value known at each time; NaN where none is."""
    if not len(known_us):
        return np.full(len(times_us), np.nan)
    place = np.clip(np.searchsorted(known_us, times_us), 0, len(known_us) - 1)
    found: Floats = np.where(known_us[place] == times_us, values[place], np.nan)
    return found
