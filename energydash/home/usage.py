"""A meter's readings in a period, priced: what costs, bills and comparisons are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd

from energydash.core.coverage import Coverage, cover
from energydash.core.time import HALF_HOUR, Period, grid, index_us, merge, micros
from energydash.core.units import GAS_VOLUME_CORRECTION, MJ_PER_KWH
from energydash.home.instants import (
    DAY_US,
    HALF_HOUR_US,
    NO_TIMES,
    Flags,
    Floats,
    Micros,
    is_within,
    local_us,
    runs,
)
from energydash.home.meters import DEFAULT_CALORIFIC_VALUE, Direction, Meter, Unit, places
from energydash.home.prices import NO_ENERGY, Lines, MeterPrices
from energydash.home.rate_cards import UNPRICED, Rate


@dataclass(frozen=True, eq=False)
class Unsure:
    """Half-hours for which nobody knows whether the car was charged off-peak in them. They are
    priced as if it was not; less_gbp: how much less they cost if it was wherever it could be."""

    times_us: Micros = field(default_factory=lambda: NO_TIMES)
    less_gbp: float = 0.0


@dataclass(frozen=True, eq=False)
class Usage:
    """One meter's readings in a period, priced.

    times_us, kwh: the readings that have a value; m3: their volume, where the meter measures it.
    before_us, before_kwh: earlier readings that tiers count. coverage: which half-hours there are,
    and why the others are not; expected_us: those that ought to have a reading by now, pending_us:
    those that need not yet. charges: (local day, exact price), due over `charged`, as long as the
    meter is supplied. g_per_kwh: the grid's carbon intensity at each reading, NaN where unknown;
    None where nobody asked. unsure: where the price may have been lower, for all that is known.
    """

    meter: Meter
    period: Period
    times_us: Micros
    kwh: Floats
    lines: Lines
    charged: tuple[Period, ...]
    charges: tuple[tuple[date, Rate], ...] = ()
    expected_us: Micros = field(default_factory=lambda: NO_TIMES)
    pending_us: Micros = field(default_factory=lambda: NO_TIMES)
    coverage: Coverage = field(default_factory=Coverage)
    m3: Floats | None = None
    g_per_kwh: Floats | None = None
    before_us: Micros = field(default_factory=lambda: NO_TIMES)
    before_kwh: Floats = field(default_factory=lambda: NO_ENERGY)
    unsure: Unsure = field(default_factory=lambda: Unsure())

    @property
    def missing_us(self) -> Micros:
        """The expected half-hours without a reading."""
        missing: Micros = self.expected_us[~have_reading(self.expected_us, self.times_us)]
        return missing

    @property
    def is_unknown(self) -> bool:
        """True where there ought to be readings and there is none."""
        return not len(self.times_us) and bool(len(self.expected_us) + len(self.pending_us))

    @property
    def line_gbp(self) -> Floats:
        """What each line cost; NaN where it has no price."""
        return self.lines.kwh * self.lines.pence_per_kwh / 100

    @property
    def reading_gbp(self) -> Floats:
        """What each reading cost; NaN where a part of it has no price."""
        if not len(self.times_us):
            return np.empty(0)
        return np.bincount(self.lines.reading, self.line_gbp, len(self.times_us)).astype("float64")

    @property
    def used(self) -> tuple[Micros, Floats]:
        """The times and energy of every reading, those before the period too."""
        return (
            np.concatenate((self.before_us, self.times_us)),
            np.concatenate((self.before_kwh, self.kwh)),
        )

    def under(self, prices: MeterPrices, kwh: Floats | None = None) -> Usage:
        """The same readings (or another load at the same times) at other prices."""
        load = self.kwh if kwh is None else kwh
        lines = prices.lines(self.used[0], np.concatenate((self.before_kwh, load)))
        charges = prices.charges(*self.charged)
        lines = lines.since(len(self.before_us))
        return replace(self, kwh=load, lines=lines, charges=charges, unsure=Unsure())


def kwh_of(meter: Meter, times_us: Micros, values: Floats) -> Floats:
    """Readings in the meter's unit as kWh; m³ by the calorific value of each local day."""
    if meter.unit is Unit.KWH:
        return values
    local_day = local_us(times_us, meter.zone) // DAY_US
    mj_per_m3 = np.full(len(values), float(DEFAULT_CALORIFIC_VALUE))
    for one in meter.calorific_values:
        since = (one.valid_from or date.min) - date(1970, 1, 1)
        mj_per_m3[local_day >= since.days] = float(one.mj_per_m3)
    kwh: Floats = values * GAS_VOLUME_CORRECTION * mj_per_m3 / MJ_PER_KWH
    return kwh


def assumes_calorific_value(meter: Meter, first: date) -> bool:
    """True where gas in m³ is converted with the default, for want of the bill's value."""
    values = meter.calorific_values
    known = bool(values) and (values[0].valid_from is None or values[0].valid_from <= first)
    return meter.unit is Unit.M3 and not known


def use(
    meter: Meter,
    readings: pd.DataFrame,
    period: Period,
    prices: MeterPrices,
    *,
    asked: Sequence[Period] | None = None,
    due: datetime | None = None,
    fetching: Sequence[Period] = (),
) -> Usage:
    """Price a meter's readings over `period`.

    readings: a frame with `energy` in the meter's unit; where a tariff has tiers, they reach back
    to the start of the tier's span. asked: where half-hours ought to be and standing charges are
    due, all of `period` by default; from `due` on readings need not be published yet; `fetching`
    were never asked for.
    """
    values = readings["energy"].to_numpy(dtype="float64")
    times = index_us(pd.DatetimeIndex(readings.index))
    known = ~np.isnan(values)
    times, values = times[known], values[known]
    kwh = kwh_of(meter, times, values)
    first, last = np.searchsorted(times, [micros(period.start), micros(period.end)]).tolist()
    lines = prices.lines(times[:last], kwh[:last]).since(first)
    times_us = times[first:last]
    parts = [part for one in asked or () if (part := one.intersect(period))]
    charged = (period,) if asked is None else tuple(merge(parts))
    coverage, expected, pending = _coverage(times_us, charged, due, fetching)
    lost = times_us[np.unique(lines.reading[lines.code == UNPRICED])]
    return Usage(
        meter,
        period,
        times_us,
        kwh[first:last],
        lines,
        charged,
        prices.charges(*charged),
        expected,
        pending,
        coverage.unpriced_in(runs(lost // HALF_HOUR_US * HALF_HOUR_US)),
        values[first:last] if meter.unit is Unit.M3 else None,
        before_us=times[:first],
        before_kwh=kwh[:first],
    )


def _coverage(
    times_us: Micros,
    asked: Sequence[Period],
    due: datetime | None,
    fetching: Sequence[Period],
) -> tuple[Coverage, Micros, Micros]:
    """What is there of the periods asked for, the half-hours that ought to be, those pending."""
    index = pd.DatetimeIndex(times_us.astype("datetime64[us]"))
    total, steps = Coverage(step=HALF_HOUR), [NO_TIMES]
    for one in asked:
        total += cover(index, one, HALF_HOUR, now=one.end, due=due, fetching=fetching)
        steps.append(index_us(grid(one, HALF_HOUR)))
    every = np.concatenate(steps)
    waiting = np.zeros(len(every), bool)
    for gap in total.pending:
        waiting |= is_within(every, gap)
    return total, every[~waiting], every[waiting]


def days_of(usage: Usage, times_us: Micros) -> Micros:
    """The number since 1970 of the local day of each instant."""
    return local_us(times_us, usage.meter.zone) // DAY_US


def one_sided_days(usages: Sequence[Usage]) -> dict[str, Micros]:
    """By meter: the local days, by number, on which import or export of its home ought to have
    readings and has none, while the other has some: import less export would be of one side alone.
    """
    place = places([usage.meter for usage in usages])
    homes: dict[tuple[str, str], list[Usage]] = {}
    for usage in usages:
        homes.setdefault((usage.meter.energy.value, place[usage.meter.id]), []).append(usage)
    return {one.meter.id: days for mine in homes.values()
            for days in [_one_sided(mine)] for one in mine}  # fmt: skip


def _one_sided(home: Sequence[Usage]) -> Micros:
    if len({usage.meter.direction for usage in home}) < 2:
        return NO_TIMES
    due, read = ({way: {-1} for way in Direction} for _ in range(2))
    for usage in home:
        asked = np.concatenate((usage.expected_us, usage.pending_us))
        way = usage.meter.direction
        due[way] |= set(np.unique(days_of(usage, asked)).tolist())
        read[way] |= set(np.unique(days_of(usage, usage.times_us)).tolist())
    lacking = set[int]().union(*(due[way] - read[way] for way in Direction))
    return np.array(sorted(lacking & set[int]().union(*read.values())), np.int64)


def daily_charges(usages: Sequence[Usage]) -> list[tuple[date, Decimal]]:
    """(local day, pence) of every standing charge, once per day and meter point."""
    seen: dict[tuple[str, date], Decimal] = {}
    for usage in usages:
        for day, rate in usage.charges:
            seen.setdefault((usage.meter.charge_point, day), rate.inc_vat)
    return [(day, pence) for (_, day), pence in seen.items()]


def have_reading(wanted_us: Micros, times_us: Micros) -> Flags:
    """Which of the wanted half-hours have a reading that starts in them; both are sorted."""
    have = times_us // HALF_HOUR_US * HALF_HOUR_US
    if not len(have):
        return np.zeros(len(wanted_us), bool)
    place = np.minimum(np.searchsorted(have, wanted_us), len(have) - 1)
    flags: Flags = have[place] == wanted_us
    return flags
