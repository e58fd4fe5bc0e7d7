"""The same readings under other tariffs, and under pairs of an import and an export tariff.

Every tariff is priced with its rates of those days, standing charge and VAT included. A tariff
that has no price for some of the energy cannot be ranked fairly: it says how many kWh, has no net
cost, and comes last. Behaviour is taken as it was; `shift_evening` is the one "what if", and it is
an estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from energydash.home.costs import By, keys_of, label_of
from energydash.home.instants import DAY_US, MINUTE_US, NO_TIMES, Flags, Floats, Micros, local_us
from energydash.home.prices import MeterPrices
from energydash.home.rate_cards import UNPRICED
from energydash.home.usage import Usage, daily_charges, days_of

EVENING_MINUTES = (16 * 60, 20 * 60)
CHEAP_HALF_HOURS = 8
NOTHING_KWH = 1e-9  # less than this without a price is a rounding of the sum
ASSUMPTIONS = (
    "The same half-hourly readings under every tariff: nobody would have behaved differently.",
    "Prices of those days, VAT and standing charge included; joining or exit fees are not.",
    (
        "Half-hours without a reading cost nothing under any tariff; days on which import or "
        "export has none at all are left out."
    ),
)


@dataclass(frozen=True, eq=False)
class OneWay:
    """One direction's readings under one tariff.

    monthly_gbp: energy by month. standing_gbp: by month. Both in the order of the months asked.
    less_gbp: how much less it may be, where charging slots are not known.
    """

    id: str
    label: str
    monthly_gbp: Floats
    standing_gbp: Floats
    kwh: float
    unpriced_kwh: float
    less_gbp: float = 0.0

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
    export_tariff, import_id, export_id, import_gbp, standing_gbp, export_gbp, net_gbp,
    net_low_gbp, difference_gbp, difference_percent, import_p_per_kwh, export_p_per_kwh,
    unpriced_kwh`. Where charging slots are not known, net is the most that it can be and net_low
    the least. monthly: net £ of each pair (column) by month. The differences are to
    `baseline_gbp`. What lacks prices for some of the energy has neither net nor differences (NaN).
    """

    table: pd.DataFrame
    monthly: pd.DataFrame
    baseline_gbp: float | None
    is_estimate: bool = False
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def baseline_low_gbp(self) -> float | None:
        """The least that `baseline_gbp` may be."""
        low = self.table.loc[is_own(self.table), "net_low_gbp"]
        return None if self.baseline_gbp is None else float(low.iloc[0])


def is_own(table: pd.DataFrame) -> pd.Series[bool]:
    """Which row of a comparison's table is what was really in force."""
    own: pd.Series[bool] = (table["import_id"] == "actual") & table["export_id"].isin(
        ["actual", ""]
    )
    return own


@dataclass(frozen=True, eq=False)
class Months:
    """The local months that a comparison is about, and which of them each reading is in.

    counts: which readings are compared; not those of days that lack import or export.
    """

    low: int
    labels: tuple[str, ...]
    of_readings: tuple[Micros, ...]
    counts: tuple[Flags, ...]

    @classmethod
    def of(
        cls,
        usages: Sequence[Usage],
        days: Sequence[date],
        apart: Mapping[str, Micros] | None = None,
    ) -> Months:
        """The months of some days, and of the readings of some meters; `apart` count in no net."""
        numbers = keys_of(np.array([_day_us(day) for day in days], np.int64), By.MONTH)
        low, high = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, -1)
        labels = tuple(label_of(number, By.MONTH) for number in range(low, high + 1))
        each = (
            keys_of(local_us(usage.times_us, usage.meter.zone), By.MONTH) - low for usage in usages
        )
        out = [(apart or {}).get(one.meter.id, NO_TIMES) for one in usages]
        counts = tuple(
            ~np.isin(days_of(one, one.times_us), days)
            for one, days in zip(usages, out, strict=True)
        )
        return cls(low, labels, tuple(each), counts)


def total(id_: str, label: str, usages: Sequence[Usage], months: Months) -> OneWay:
    """What priced usages of one direction come to, month by month.

    months: made of the same meters in the same order.
    """
    size = len(months.labels)
    monthly, standing = np.zeros(size), np.zeros(size)
    kwh = unpriced = 0.0
    for usage, month, counts in zip(usages, months.of_readings, months.counts, strict=True):
        lines = usage.lines
        keep = counts[lines.reading]
        gbp = np.where(keep, np.nan_to_num(usage.line_gbp), 0.0)
        monthly += np.bincount(month[lines.reading], gbp, size)
        kwh += float(usage.kwh[counts].sum())
        unpriced += float(lines.kwh[keep & (lines.code == UNPRICED)].sum())
    charges = daily_charges(usages)
    if charges:
        days = np.array([_day_us(day) for day, _ in charges], np.int64)
        gbp = np.array([float(pence) / 100 for _, pence in charges])
        standing += np.bincount(keys_of(days, By.MONTH) - months.low, gbp, size)
    less = sum(usage.unsure.less_gbp for usage in usages)
    return OneWay(id_, label, monthly, standing, kwh, unpriced, less)


def pairs(
    imports: Sequence[OneWay],
    exports: Sequence[OneWay],
    months: Sequence[str],
    baseline_gbp: float | None,
    *,
    is_estimate: bool = False,
    can_pair: Callable[[OneWay, OneWay], bool] = lambda way_in, way_out: True,
) -> Comparison:
    """Rank every import × export pair by what is left to pay; incomplete ones come last.

    can_pair: which pairs can be had at all.
    """
    rows = []
    monthly = {}
    for way_in in imports:
        for way_out in exports or (_NOTHING_EXPORTED,):
            if exports and not can_pair(way_in, way_out):
                continue
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
                    "import_id": way_in.id,
                    "export_id": way_out.id,
                    "import_gbp": way_in.known_energy_gbp,
                    "standing_gbp": float(way_in.standing_gbp.sum() + way_out.standing_gbp.sum()),
                    "export_gbp": way_out.known_energy_gbp,
                    "net_gbp": net if fair else None,
                    "net_low_gbp": net - way_in.less_gbp - way_out.less_gbp if fair else None,
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
        money = ["net_gbp", "net_low_gbp", "difference_gbp", "difference_percent", "import_gbp",
                 "export_gbp"]  # fmt: skip
        table[money] = table[money].astype("float64")
        lost_kwh = table["unpriced_kwh"].where(table["unpriced_kwh"] > NOTHING_KWH, 0.0)
        order = np.lexsort((table["net_gbp"], lost_kwh))
        table = table.iloc[order].reset_index(drop=True)
    frame = pd.DataFrame(monthly, index=pd.Index(list(months), name="month"))
    return Comparison(table, frame, baseline_gbp, is_estimate)


def shift_evening(usage: Usage, prices: MeterPrices, fraction: float) -> Floats:
    """The load if `fraction` of each local day's evening moved to that day's cheapest half-hours.

    The evening is 16:00 to 20:00 local; what moves is spread evenly over the 8 cheapest priced
    half-hours outside it. A day without such half-hours keeps its load.
    """
    local = local_us(usage.times_us, usage.meter.zone)
    minute = local % DAY_US // MINUTE_US
    _, day = np.unique(local // DAY_US, return_inverse=True)
    evening: Flags = (minute >= EVENING_MINUTES[0]) & (minute < EVENING_MINUTES[1])
    pence = prices.pence(usage.times_us, *usage.used)
    usable = ~evening & ~np.isnan(pence)
    order = np.lexsort((pence, day))
    order = order[usable[order]]
    sorted_day = day[order]
    starts = np.searchsorted(sorted_day, sorted_day)
    chosen = order[np.arange(len(order)) - starts < CHEAP_HALF_HOURS]
    size = int(day.max()) + 1 if len(day) else 0
    count = np.bincount(day[chosen], minlength=size)
    moves = evening & (count[day] > 0)
    moved = np.bincount(day[moves], fraction * usage.kwh[moves], size)
    load = np.where(moves, (1 - fraction) * usage.kwh, usage.kwh)
    load[chosen] += moved[day[chosen]] / count[day[chosen]]
    return load


def _day_us(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_US


_NOTHING_EXPORTED = OneWay("", "", np.empty(0), np.zeros(1), 0.0, 0.0)
