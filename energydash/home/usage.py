"""A meter's readings in a period, priced: what costs, bills and comparisons are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import HALF_HOUR, Period, grid, merge
from energydash.core.units import GAS_VOLUME_CORRECTION, MJ_PER_KWH
from energydash.home.meters import DEFAULT_CALORIFIC_VALUE, Meter, Unit
from energydash.home.prices import Term
from energydash.home.rate_cards import (
    DAY_US,
    HALF_HOUR_US,
    UNPRICED,
    Floats,
    Lines,
    Micros,
    Rate,
    RateCard,
    charged_days,
    index_us,
    join_lines,
    local_us,
    micros,
    midnights_us,
    price,
)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Usage:
    """One meter's readings in a period, priced.

    times_us, kwh: the readings that have a value. m3: the volume, where the meter measures it.
    expected_us: the half-hours that ought to have a reading. charges: (local day, exact price).
    g_per_kwh: the grid's carbon intensity at each reading, NaN where unknown; None where unasked.
    """

    meter: Meter
    times_us: Micros
    kwh: Floats
    lines: Lines
    expected_us: Micros
    charges: tuple[tuple[date, Rate], ...] = ()
    m3: Floats | None = None
    g_per_kwh: Floats | None = None

    @property
    def missing_us(self) -> Micros:
        """The expected half-hours without a reading."""
        missing: Micros = self.expected_us[~found(self.expected_us, self.times_us)]
        return missing

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
    terms: Sequence[Term],
    cards: Mapping[str, RateCard],
    *,
    expected: Sequence[Period] | None = None,
    charged: Period | None = None,
) -> Usage:
    """Price a meter's readings over `period`.

    readings: a frame with `energy` in the meter's unit. Where a tariff has tiers, readings and
    terms reach back to the start of the tier's span. cards: by tariff. expected: where readings
    ought to be, all of `period` by default. charged: where standing charges are due, likewise:
    they run on where readings are late.
    """
    values = readings["energy"].to_numpy(dtype="float64")
    every_us = index_us(pd.DatetimeIndex(readings.index))
    with_value = ~np.isnan(values)
    every_us, values = every_us[with_value], values[with_value]
    all_kwh = kwh_of(meter, every_us, values)
    start, end = micros(period.start), micros(period.end)
    first, last = np.searchsorted(every_us, [start, end])
    times, kwh = every_us[first:last], all_kwh[first:last]
    lines: list[Lines] = []
    unpriced = np.ones(len(times), bool)
    for term in terms:
        low, high = np.searchsorted(times, [micros(term.period.start), micros(term.period.end)])
        card = cards.get(term.tariff)
        if card is None or low == high:
            continue
        unpriced[low:high] = False
        lines.append(_term_lines(term, card, every_us, all_kwh, int(first), int(low), int(high)))
    rest = np.flatnonzero(unpriced)
    lines.append(Lines(rest, kwh[rest], np.full(len(rest), UNPRICED, np.intp), ()))
    periods = merge(
        [part for one in expected or () if (part := one.intersect(period))]
        if expected is not None
        else [period]
    )
    grids = [index_us(grid(one, HALF_HOUR)) for one in periods]
    return Usage(
        meter,
        times,
        kwh,
        join_lines(lines),
        np.concatenate(grids) if grids else np.empty(0, np.int64),
        _charges(meter, charged or period, terms, cards),
        values[first:last] if meter.unit is Unit.M3 else None,
    )


def daily_charges(usages: Sequence[Usage]) -> list[tuple[date, Decimal]]:
    """(local day, pence) of every standing charge, once per day and meter point."""
    seen: dict[tuple[str, date], Decimal] = {}
    for usage in usages:
        for day, rate in usage.charges:
            seen.setdefault((usage.meter.charge_point, day), rate.inc_vat)
    return [(day, pence) for (_, day), pence in seen.items()]


def _term_lines(
    term: Term,
    card: RateCard,
    every_us: Micros,
    all_kwh: Floats,
    first: int,
    low: int,
    high: int,
) -> Lines:
    """The lines of one term's readings; a tier is counted from the start of its span."""
    begin = first + low
    if card.tiers:
        begin = int(np.searchsorted(every_us[:begin], micros(term.period.start)))
    lines = price(every_us[begin : first + high], all_kwh[begin : first + high], card)
    reading = lines.reading + begin - first
    keep = reading >= low
    return Lines(reading[keep], lines.kwh[keep], lines.code[keep], lines.rates)


def _charges(
    meter: Meter, period: Period, terms: Sequence[Term], cards: Mapping[str, RateCard]
) -> tuple[tuple[date, Rate], ...]:
    days = charged_days(period, meter.zone)
    midnights = midnights_us(tuple(days), meter.zone)
    found: list[tuple[date, Rate]] = []
    for term in terms:
        card = cards.get(term.tariff)
        if card is None:
            continue
        low, high = np.searchsorted(midnights, [micros(term.period.start), micros(term.period.end)])
        codes = card.standing.at(midnights[low:high]).tolist()
        found += [
            (day, card.standing.rates[code])
            for day, code in zip(days[low:high], codes, strict=True)
            if code != UNPRICED
        ]
    return tuple(found)


def found(wanted_us: Micros, times_us: Micros) -> Flags:
    """Which of the wanted half-hours have a reading that starts in them; both are sorted."""
    have = times_us // HALF_HOUR_US * HALF_HOUR_US
    if not len(have):
        return np.zeros(len(wanted_us), bool)
    place = np.minimum(np.searchsorted(have, wanted_us), len(have) - 1)
    flags: Flags = have[place] == wanted_us
    return flags
