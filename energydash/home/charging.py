"""What a home may have paid less, where nobody knows when Intelligent Go charged its car.

The car is charged off-peak for six hours a night at most, from one noon to the next. Every
half-hour outside the cheap hours for which no dispatches are known may have been one of them: at
most six hours of each night count, less what is known of it, and the dearest of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energydash.core.time import Period
from energydash.home.instants import HALF_HOUR_US
from energydash.home.prices import MeterPrices
from energydash.home.tariff_cards import MOST_CHARGING_HALF_HOURS, night_of, touched_us
from energydash.home.usage import Unsure, Usage


def unsure(usage: Usage, cheapest: MeterPrices, slots: Sequence[Period]) -> Unsure:
    """The half-hours of a usage whose price may have been lower.

    cheapest: the prices if the car was charged whenever that is not known. slots: the charging that
    is known.
    """
    less = usage.reading_gbp - usage.under(cheapest).reading_gbp
    count = len(usage.times_us)
    lower = cheapest.lines(usage.times_us, usage.kwh).pence_of_readings(count)
    is_lower = lower < usage.lines.pence_of_readings(count) - 1e-9
    times, less = usage.times_us[is_lower], np.nan_to_num(less[is_lower])
    zone = usage.meter.zone
    night = night_of(times, zone)
    known, taken = np.unique(night_of(touched_us(slots), zone), return_counts=True)
    used = dict(zip(known.tolist(), taken.tolist(), strict=True))
    order = np.lexsort((-less, night))
    place = np.arange(len(night)) - np.searchsorted(night[order], night[order])
    left = np.array([MOST_CHARGING_HALF_HOURS - used.get(one, 0) for one in night[order].tolist()])
    counts = place < left
    starts = np.unique(times // HALF_HOUR_US * HALF_HOUR_US)
    return Unsure(starts, float(np.maximum(less[order][counts], 0.0).sum()))
