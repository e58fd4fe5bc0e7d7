"""The same readings under other tariffs, and under pairs of an import and an export tariff.

Every tariff is priced with its rates of those days, standing charge and VAT included. A tariff
that has no price for some of the energy cannot be ranked fairly: it says how many kWh, has no net
cost, and comes last. Behaviour is taken as it was; `shift_evening` is the one "what if", and it is
an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from energydash.home.costs import By, keys_of, label_of
from energydash.home.rate_cards import (
    DAY_US,
    MINUTE_US,
    UNPRICED,
    Floats,
    Micros,
    RateCard,
    local_us,
    price,
    standing_days,
)
from energydash.home.usage import Flags, Usage

EVENING_MINUTES = (16 * 60, 20 * 60)
CHEAP_HALF_HOURS = 8
NOTHING_KWH = 1e-9  # less than this without a price is a rounding of the sum
ASSUMPTIONS = (
    "The same half-hourly readings under every tariff: nobody would have behaved differently.",
    "Prices of those days, VAT and standing charge included; joining or exit fees are not.",
    "Half-hours without a reading cost nothing under any tariff.",
)


@dataclass(frozen=True, eq=False)
class Priced:
    """One direction's readings under one tariff.

    monthly_gbp: energy by month. standing_gbp: by month. Both in the order of the months asked.
    """

    id: str
    label: str
    monthly_gbp: Floats
    standing_gbp: Floats
    kwh: float
    unpriced_kwh: float

    @property
    def energy_gbp(self) -> float:
        return float(self.monthly_gbp.sum())

    @property
    def known_energy_gbp(self) -> float | None:
        """The same; None where there is energy and none of it has a price."""
        nothing_known = self.kwh > 0 and self.unpriced_kwh >= self.kwh * (1 - 1e-9)
        return None if nothing_known else self.energy_gbp

    @property
    def total_gbp(self) -> float:
        return self.energy_gbp + float(self.standing_gbp.sum())

    @property
    def pence_per_kwh(self) -> float:
        """What a kWh cost on average, weighted by use; NaN without priced use."""
        priced = self.kwh - self.unpriced_kwh
        return 100 * self.energy_gbp / priced if priced > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Comparison:
    """table: a row for each import × export pair, cheapest first, with `import_tariff,
    export_tariff, import_gbp, standing_gbp, export_gbp, net_gbp, difference_gbp,
    difference_percent, import_p_per_kwh, export_p_per_kwh, unpriced_kwh`.
    monthly: net £ of each pair (column) by month. The differences are to `baseline_gbp`. What
    lacks prices for some of the energy has neither net nor differences (NaN).
    """

    table: pd.DataFrame
    monthly: pd.DataFrame
    baseline_gbp: float | None
    is_estimate: bool = False
    assumptions: tuple[str, ...] = ASSUMPTIONS


@dataclass(frozen=True, eq=False)
class Readings:
    """One direction's half-hours and local months, worked out once for every tariff."""

    times_us: Micros
    kwh: Floats
    month: Micros
    days: tuple[date, ...]
    day_month: Micros
    months: tuple[str, ...]
    zone: str

    @classmethod
    def of(cls, usages: Sequence[Usage], days: Sequence[date], zone: str) -> Readings:
        """The readings of several meters one after another, sorted by time."""
        times = np.concatenate([usage.times_us for usage in usages] or [np.empty(0, np.int64)])
        kwh = np.concatenate([usage.kwh for usage in usages] or [np.empty(0)])
        order = np.argsort(times, kind="stable")
        day_numbers = np.array([(day - date(1970, 1, 1)).days for day in days], np.int64) * DAY_US
        day_month = keys_of(day_numbers, By.MONTH)
        low = int(day_month.min()) if len(days) else 0
        high = int(day_month.max()) if len(days) else -1
        month = keys_of(local_us(times[order], zone), By.MONTH) - low
        labels = tuple(label_of(number, By.MONTH) for number in range(low, high + 1))
        return cls(times[order], kwh[order], month, tuple(days), day_month - low, labels, zone)


def under(readings: Readings, card: RateCard, kwh: Floats | None = None) -> Priced:
    """The readings (or another load at the same instants) under one tariff."""
    load = readings.kwh if kwh is None else kwh
    lines = price(readings.times_us, load, card)
    size = len(readings.months)
    has_price = lines.code != UNPRICED
    gbp = np.where(has_price, lines.kwh * np.nan_to_num(lines.pence_per_kwh) / 100, 0.0)
    codes = standing_days(card.standing, readings.days, readings.zone)
    pence = np.array([*(float(rate.inc_vat) for rate in card.standing.rates), 0.0])[codes]
    return Priced(
        card.id,
        card.label,
        np.bincount(readings.month[lines.reading], gbp, size).astype("float64"),
        np.bincount(readings.day_month, pence / 100, size).astype("float64"),
        float(load.sum()),
        float(lines.kwh[~has_price].sum()),
    )


def actual(usages: Sequence[Usage], readings: Readings, label: str) -> Priced:
    """What the tariffs that were really in force cost, to compare with."""
    size = len(readings.months)
    low = int(keys_of(np.array([_day_us(readings.days[0])]), By.MONTH)[0]) if readings.days else 0
    monthly, standing = np.zeros(size), np.zeros(size)
    kwh = unpriced = 0.0
    seen: set[tuple[str, date]] = set()
    for usage in usages:
        month = keys_of(local_us(usage.times_us, readings.zone), By.MONTH) - low
        gbp = np.nan_to_num(usage.line_gbp)
        monthly += np.bincount(month[usage.lines.reading], gbp, size)
        kwh += float(usage.kwh.sum())
        unpriced += float(usage.lines.kwh[usage.lines.code == UNPRICED].sum())
        for day, rate in usage.charges:
            if (usage.meter.charge_point, day) not in seen:
                seen.add((usage.meter.charge_point, day))
                place = int(keys_of(np.array([_day_us(day)]), By.MONTH)[0]) - low
                standing[place] += float(rate.inc_vat / Decimal(100))
    return Priced("actual", label, monthly, standing, kwh, unpriced)


def pairs(
    imports: Sequence[Priced],
    exports: Sequence[Priced],
    months: Sequence[str],
    baseline_gbp: float | None,
    *,
    is_estimate: bool = False,
) -> Comparison:
    """Rank every import × export pair by what is left to pay; incomplete ones come last."""
    rows = []
    monthly = {}
    for way_in in imports:
        for way_out in exports or (_NOTHING_EXPORTED,):
            credit = way_out.energy_gbp
            net = way_in.total_gbp + float(way_out.standing_gbp.sum()) - credit
            lost = way_in.unpriced_kwh + way_out.unpriced_kwh
            fair = lost <= NOTHING_KWH
            difference = net - baseline_gbp if fair and baseline_gbp is not None else None
            percent = (
                100 * difference / abs(baseline_gbp) if difference is not None and baseline_gbp
                else None
            )  # fmt: skip
            name = " × ".join(part for part in (way_in.label, way_out.label) if part)
            rows.append(
                {
                    "pair": name,
                    "import_tariff": way_in.label,
                    "export_tariff": way_out.label,
                    "import_gbp": way_in.known_energy_gbp,
                    "standing_gbp": float(way_in.standing_gbp.sum() + way_out.standing_gbp.sum()),
                    "export_gbp": way_out.known_energy_gbp,
                    "net_gbp": net if fair else None,
                    "difference_gbp": difference,
                    "difference_percent": percent,
                    "import_p_per_kwh": way_in.pence_per_kwh,
                    "export_p_per_kwh": way_out.pence_per_kwh,
                    "unpriced_kwh": lost,
                }
            )
            total = way_in.monthly_gbp + way_in.standing_gbp
            if len(way_out.monthly_gbp):
                total = total + way_out.standing_gbp - way_out.monthly_gbp
            monthly[name] = total if fair else np.full(len(months), np.nan)
    table = pd.DataFrame(rows)
    if len(table):
        money = ["net_gbp", "difference_gbp", "difference_percent", "import_gbp", "export_gbp"]
        table[money] = table[money].astype("float64")
        lost_kwh = table["unpriced_kwh"].where(table["unpriced_kwh"] > NOTHING_KWH, 0.0)
        order = np.lexsort((table["net_gbp"], lost_kwh))
        table = table.iloc[order].reset_index(drop=True)
    frame = pd.DataFrame(monthly, index=pd.Index(list(months), name="month"))
    return Comparison(table, frame, baseline_gbp, is_estimate)


def shift_evening(readings: Readings, card: RateCard, fraction: float) -> Floats:
    """The load if `fraction` of each local day's evening moved to that day's cheapest half-hours.

    The evening is 16:00 to 20:00 local; what moves is spread evenly over the 8 cheapest priced
    half-hours outside it. A day without such half-hours keeps its load.
    """
    local = local_us(readings.times_us, readings.zone)
    minute = local % DAY_US // MINUTE_US
    _, day = np.unique(local // DAY_US, return_inverse=True)
    evening: Flags = (minute >= EVENING_MINUTES[0]) & (minute < EVENING_MINUTES[1])
    pence = card.unit.pence(readings.times_us)
    usable = ~evening & ~np.isnan(pence)
    order = np.lexsort((pence, day))
    order = order[usable[order]]
    sorted_day = day[order]
    starts = np.searchsorted(sorted_day, sorted_day)
    chosen = order[np.arange(len(order)) - starts < CHEAP_HALF_HOURS]
    size = int(day.max()) + 1 if len(day) else 0
    count = np.bincount(day[chosen], minlength=size)
    moves = evening & (count[day] > 0)
    moved = np.bincount(day[moves], fraction * readings.kwh[moves], size)
    load = np.where(moves, (1 - fraction) * readings.kwh, readings.kwh)
    load[chosen] += moved[day[chosen]] / count[day[chosen]]
    return load


def _day_us(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_US


_NOTHING_EXPORTED = Priced("", "", np.empty(0), np.zeros(1), 0.0, 0.0)
