"""What is odd or wrong in readings and tariffs, each finding with what it would cost.

Nothing here changes a figure. A finding's subject is the meter's id, its `gbp` the pounds at stake.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import combinations

import numpy as np

from energydash.core.findings import Finding
from energydash.core.spread import robust_sigma
from energydash.core.time import DAY, EPOCH, HALF_HOUR, Period, micros
from energydash.home.instants import DAY_US, HALF_HOUR_US, Floats, Micros, is_within, local_us, runs
from energydash.home.meters import Direction, Energy
from energydash.home.prices import MeterPrices
from energydash.home.usage import Usage

# A British single-phase supply is fused at 100 A: 230 V × 100 A × 0.5 h.
FUSE_KWH_PER_HALF_HOUR = 11.5
STOPPED_AFTER = 7 * DAY
ZERO_RUN = {Direction.IMPORT: DAY, Direction.EXPORT: 7 * DAY}
# An odd day is this many robust deviations and kWh from the median of the four weeks around it.
ODD_DEVIATIONS, ODD_KWH = 6.0, 5.0


class Kind(StrEnum):
    """What is wrong: the `kind` of a finding."""

    GAP = "missing readings"
    STOPPED = "meter stopped"
    ZEROS = "run of zeros"
    SPIKE = "impossible reading"
    ODD_DAY = "unusual day"
    SAME_POINT = "standing charge twice"
    COPY = "readings twice"
    UNPRICED = "no price"
    BACKDATED = "agreement changed"


def find(usages: Sequence[Usage]) -> list[Finding]:
    """Everything odd in the readings of these meters, the dearest first."""
    found: list[Finding] = []
    for usage in usages:
        found += _gaps(usage) + _zeros(usage) + _spikes(usage) + _odd_days(usage)
        found += _unpriced(usage)
    for first, second in combinations(usages, 2):
        found += _doubles(first, second)
    return sorted(found, key=lambda one: -abs(one.gbp or 0.0))


def backdated(usage: Usage, before: MeterPrices, after: MeterPrices) -> list[Finding]:
    """What a meter's agreements changed about time that was already priced.

    before, after: the prices as they were known first, and as the account has them now.
    """
    if before.terms == after.terms:
        return []
    totals = []
    for prices in (before, after):
        one = usage.under(prices)
        charges = sum(float(rate.inc_vat) for _, rate in one.charges) / 100
        totals.append(float(np.nansum(one.line_gbp)) + charges)
    sign = 1 if usage.meter.direction is Direction.IMPORT else -1
    difference = sign * (totals[1] - totals[0])
    sentence = (
        f"The agreements of {usage.meter.name} changed after the fact: this period now costs "
        f"{_pounds(difference, signed=True)} against what was shown before."
    )
    return [_finding(Kind.BACKDATED, usage, usage.period, sentence, difference)]


def _gaps(usage: Usage) -> list[Finding]:
    found = []
    typical_kwh, typical_gbp = _typical(usage)
    last = usage.expected_us[-1] + HALF_HOUR_US if len(usage.expected_us) else 0
    for run in runs(usage.missing_us):
        slots = _slots(run, usage.meter.zone)
        kwh, gbp = float(typical_kwh[slots].sum()), float(typical_gbp[slots].sum())
        is_last = micros(run.end) == last
        if is_last and run.duration >= STOPPED_AFTER and len(usage.times_us):
            sentence = (
                f"{usage.meter.name} has sent nothing for {run.duration.days} days; "
                f"a usual {run.duration.days} days are {kwh:,.1f} kWh."
            )
            found.append(_finding(Kind.STOPPED, usage, run, sentence, gbp))
        else:
            count = run.duration // HALF_HOUR
            sentence = (
                f"{usage.meter.name} lacks {count:,} half-hour{'s' if count > 1 else ''}; "
                f"usual use then is {kwh:,.1f} kWh."
            )
            found.append(_finding(Kind.GAP, usage, run, sentence, gbp))
    return found


def _zeros(usage: Usage) -> list[Finding]:
    if usage.meter.energy is Energy.GAS:
        return []  # a boiler may rest all summer
    zero = usage.times_us[usage.kwh == 0]
    typical_kwh, typical_gbp = _typical(usage)
    found = []
    for run in runs(zero):
        if run.duration >= ZERO_RUN[usage.meter.direction]:
            slots = _slots(run, usage.meter.zone)
            hours = run.duration / timedelta(hours=1)
            sentence = (
                f"{usage.meter.name} says exactly zero for {hours:,.0f} hours; "
                f"usual is {float(typical_kwh[slots].sum()):,.1f} kWh."
            )
            gbp = float(typical_gbp[slots].sum())
            found.append(_finding(Kind.ZEROS, usage, run, sentence, gbp))
    return found


def _spikes(usage: Usage) -> list[Finding]:
    if usage.meter.energy is Energy.GAS or not len(usage.kwh):
        return []
    gbp = usage.reading_gbp
    found = []
    for place in np.flatnonzero(usage.kwh > FUSE_KWH_PER_HALF_HOUR).tolist():
        run = runs(usage.times_us[place : place + 1])[0]
        kwh = float(usage.kwh[place])
        sentence = (
            f"{usage.meter.name} says {kwh:,.1f} kWh in one half-hour; a 100 A supply cannot carry "
            f"more than {FUSE_KWH_PER_HALF_HOUR} kWh."
        )
        cost = float(gbp[place])
        found.append(_finding(Kind.SPIKE, usage, run, sentence, None if np.isnan(cost) else cost))
    return found


def _odd_days(usage: Usage) -> list[Finding]:
    if not len(usage.times_us):
        return []
    day = local_us(usage.times_us, usage.meter.zone) // DAY_US
    days, place, count = np.unique(day, return_inverse=True, return_counts=True)
    kwh = np.bincount(place, usage.kwh)
    gbp = np.bincount(place, np.nan_to_num(usage.reading_gbp))
    complete = count >= 46
    days, kwh, gbp = days[complete], kwh[complete], gbp[complete]
    found = []
    for number in range(len(days)):
        near = (np.abs(days - days[number]) <= 14) & (days != days[number])
        if near.sum() < 14:
            continue
        median = float(np.median(kwh[near]))
        spread = max(robust_sigma(kwh[near]), 0.05 * median, 0.1)
        over = float(kwh[number]) - median
        if abs(over) > max(ODD_DEVIATIONS * spread, ODD_KWH):
            start = EPOCH + int(days[number]) * DAY
            local_day = Period.local_days(start.date(), start.date() + DAY, usage.meter.zone)
            sentence = (
                f"{usage.meter.name} has {float(kwh[number]):,.1f} kWh on {start:%-d %B %Y}; "
                f"the days around it have {median:,.1f} kWh."
            )
            stake = float(gbp[number] - np.median(gbp[near]))
            found.append(_finding(Kind.ODD_DAY, usage, local_day, sentence, stake))
    return found


def _unpriced(usage: Usage) -> list[Finding]:
    readings = np.unique(usage.lines.reading[usage.lines.code < 0])
    if not len(readings):
        return []
    typical = usage.reading_gbp / np.where(usage.kwh > 0, usage.kwh, np.nan)
    mean = float(np.nanmean(typical)) if np.isfinite(typical).any() else None
    found = []
    for run in runs(usage.times_us[readings]):
        inside = is_within(usage.times_us, run)
        kwh = float(usage.kwh[inside].sum())
        sentence = (
            f"{usage.meter.name} used {kwh:,.1f} kWh that no tariff has a price for; add a tariff "
            "for that time."
        )
        stake = None if mean is None else kwh * mean
        found.append(_finding(Kind.UNPRICED, usage, run, sentence, stake))
    return found


def _doubles(first: Usage, second: Usage) -> list[Finding]:
    found = []
    one, two = first.meter, second.meter
    if not len(first.expected_us):
        return []
    period = runs(first.expected_us)[0]
    if one.charge_point == two.charge_point and first.charges and second.charges:
        twice = sum(float(rate.inc_vat) for _, rate in second.charges) / 100
        sentence = (
            f"{one.name} and {two.name} are one meter point: its standing charge is counted once; "
            f"twice would add {_pounds(twice)}."
        )
        found.append(_finding(Kind.SAME_POINT, second, period, sentence, twice))
    same = (
        len(first.kwh) > 0
        and one.direction is two.direction
        and one.energy is two.energy
        and np.array_equal(first.times_us, second.times_us)
        and np.array_equal(first.kwh, second.kwh)
    )
    if same:
        gbp = float(np.nansum(second.line_gbp))
        sentence = (
            f"{one.name} and {two.name} have the same readings: they look like one meter imported "
            f"twice, which adds {_pounds(gbp)}. Delete one of the two."
        )
        found.append(_finding(Kind.COPY, second, period, sentence, gbp))
    return found


def _typical(usage: Usage) -> tuple[Floats, Floats]:
    """The mean kWh and £ of each half-hour of the local day."""
    if not len(usage.times_us):
        return np.zeros(48), np.zeros(48)
    slot = local_us(usage.times_us, usage.meter.zone) % DAY_US // HALF_HOUR_US
    count = np.maximum(np.bincount(slot, minlength=48), 1)
    gbp = np.nan_to_num(usage.reading_gbp)
    return np.bincount(slot, usage.kwh, 48) / count, np.bincount(slot, gbp, 48) / count


def _slots(period: Period, zone: str) -> Micros:
    times = np.arange(micros(period.start), micros(period.end), HALF_HOUR_US, dtype=np.int64)
    slots: Micros = local_us(times, zone) % DAY_US // HALF_HOUR_US
    return slots


def _finding(kind: Kind, usage: Usage, period: Period, sentence: str, gbp: float | None) -> Finding:
    return Finding(kind.value, sentence, subject=usage.meter.id, period=period, gbp=gbp)


def _pounds(value: float, *, signed: bool = False) -> str:
    sign = "−" if value < 0 else "+" if signed else ""
    return f"{sign}£{abs(value):,.2f}"
