"""What energy cost, over any period, by any key.

Costs include VAT and leave the standing charge out; it is in the totals, once per local day and
meter point, and beside the rows of whole days. A net is import less export, over the days that
have both, plus the standing charge; by hour or price, to which no day belongs, without it. Energy
without a price counts in kWh alone. What is not known is NaN: a row's import and its net where
readings are due and there is none, its cost also where none of them has a price. Where charging
slots are not known the costs are the most that they can be, and the totals have the least beside
them. Nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.coverage import Coverage, Gap, together
from energydash.core.time import Period
from energydash.home.instants import (
    DAY_US,
    HALF_HOUR_US,
    MINUTE_US,
    Flags,
    Floats,
    Micros,
    local_us,
    runs,
)
from energydash.home.meters import Direction
from energydash.home.rate_cards import UNPRICED
from energydash.home.usage import Usage, daily_charges, have_reading, one_sided_days

Apart = Mapping[str, Micros]  # by meter: the days that count in no net
Table = dict[str, npt.NDArray[Any]]  # a column each of `COLUMNS` and `EXTRA`


class By(StrEnum):
    """What a row of costs stands for."""

    HALF_HOUR = "half-hour"
    HOUR = "hour"
    DAY = "day"
    WEEKDAY = "weekday"
    WEEK = "week"
    MONTH = "month"
    RATE = "rate"
    TOTAL = "total"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNPRICED_KEY = "unpriced"
SUMS = (
    "import_kwh", "import_cost_gbp", "export_kwh", "export_value_gbp", "net_cost_gbp",
    "unpriced_kwh", "missing", "pending",
)  # fmt: skip
COLUMNS = ("key", "days", *SUMS, "standing_charge_gbp")
EXTRA = (
    "import_m3", "import_unpriced_kwh", "export_unpriced_kwh",
    "import_kg_co2", "export_kg_co2", "unknown_co2_kwh",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Costs:
    """rows: `COLUMNS`, and `EXTRA` beside them. totals: the sums and `standing_charge_gbp`;
    `net_days`, the days that the net is of; and, where the price of `unsure_half_hours` is not
    known, the least that it may be: `import_cost_low_gbp, net_cost_low_gbp`.

    coverage: of the half-hours; one is there where every meter has it. unsure: those half-hours.
    """

    by: By
    rows: pd.DataFrame
    totals: Mapping[str, Any]
    coverage: Coverage
    unsure: tuple[Period, ...] = ()


def costs(usages: Sequence[Usage], by: By) -> Costs:
    """Rows by key, and totals, of any number of meters of one kind of energy."""
    local = [_clocks(usage) for usage in usages]
    apart = one_sided_days(usages)
    rows = _by_rate(usages, local, apart) if by is By.RATE else _by_time(usages, local, by, apart)
    whole = rows if by is By.TOTAL else _by_time(usages, local, By.TOTAL, apart)
    known = bool(len(whole["key"]))
    days = distinct_of([one.readings // DAY_US for one in local])
    totals: dict[str, Any] = {
        "key": "total",
        "days": len(days),
        "net_days": len(days) - len(distinct_of(list(apart.values()))),
    }
    for name in (*SUMS, *EXTRA):
        totals[name] = float(whole[name][0]) if known else np.nan
    totals["missing"] = sum(len(usage.missing_us) for usage in usages)
    totals["pending"] = sum(usage.coverage.count(Gap.PENDING) for usage in usages)
    standing = sum((pence for _, pence in daily_charges(usages)), Decimal(0)) / 100
    totals["standing_charge_gbp"] = float(standing)
    less = sum(usage.unsure.less_gbp for usage in usages)
    unsure = distinct_of([usage.unsure.times_us for usage in usages])
    totals["unsure_half_hours"] = sum(len(usage.unsure.times_us) for usage in usages)
    for name in ("import_cost", "net_cost"):
        totals[f"{name}_low_gbp"] = totals[f"{name}_gbp"] - less
    coverage = together([usage.coverage for usage in usages])
    return Costs(by, pd.DataFrame(rows), totals, coverage, tuple(runs(unsure)))


@dataclass(frozen=True)
class Change:
    """Two periods over the days that both have in full: `days` of `asked`. Sums in £, net with
    standing charges."""

    days: int
    asked: int
    now: Mapping[str, float]
    before: Mapping[str, float]


def change(now: Costs, first: date, before: Costs, first_before: date, asked: int) -> Change:
    """What changed between two periods of `asked` days, the first day beside the first.

    now, before: costs by day. A day counts where no half-hour of either is missing or pending.
    """
    whole = [_whole_days(one, since) for one, since in ((now, first), (before, first_before))]
    both = whole[0].index.intersection(whole[1].index)
    sums = [
        {str(name): float(value) for name, value in one.loc[both].sum().items()} for one in whole
    ]
    return Change(len(both), asked, *sums)


def _whole_days(costs: Costs, first: date) -> pd.DataFrame:
    """£ of the days without a gap, by their number from `first` on."""
    rows = costs.rows
    rows = rows[(rows["missing"] == 0) & (rows["pending"] == 0) & (rows["days"] > 0)]
    number = [(date.fromisoformat(key) - first).days for key in rows["key"]]
    table = rows[["import_cost_gbp", "export_value_gbp", "net_cost_gbp"]].set_axis(
        pd.Index(number, dtype="int64"), axis="index"
    )
    return table.dropna()


def keys_of(local: Micros, by: By) -> Micros:
    """A small number for each local clock time: the row of `by` that it belongs to."""
    day = local // DAY_US
    if by is By.HALF_HOUR:
        return local % DAY_US // HALF_HOUR_US
    if by is By.HOUR:
        return local % DAY_US // (60 * MINUTE_US)
    if by is By.DAY:
        return day
    if by is By.WEEKDAY:
        return (day + 3) % 7  # 1970-01-01 was a Thursday
    if by is By.WEEK:
        return (day + 3) // 7
    if by is By.MONTH:
        return local.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return np.zeros(len(local), np.int64)


def label_of(key: int, by: By) -> str:
    """What a key of `keys_of` is called: HH:MM, a weekday, YYYY-MM-DD (a week: its Monday),
    YYYY-MM, or total."""
    if by is By.HALF_HOUR:
        return f"{key // 2:02}:{key % 2 * 30:02}"
    if by is By.HOUR:
        return f"{key:02}:00"
    if by is By.WEEKDAY:
        return WEEKDAYS[key]
    if by is By.MONTH:
        return f"{1970 + key // 12:04}-{key % 12 + 1:02}"
    if by is By.TOTAL:
        return "total"
    day = key if by is By.DAY else key * 7 - 3
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


class _Clocks(NamedTuple):
    """The local clock of a meter's readings, and of the half-hours expected and pending."""

    readings: Micros
    expected: Micros
    pending: Micros


def _clocks(usage: Usage) -> _Clocks:
    every = (usage.times_us, usage.expected_us, usage.pending_us)
    return _Clocks(*(local_us(times, usage.meter.zone) for times in every))


def is_apart(local: Micros, apart: Micros) -> Flags:
    """Which local clock times are of days that count in no net."""
    flags: Flags = np.isin(local // DAY_US, apart)
    return flags


def _by_time(usages: Sequence[Usage], local: Sequence[_Clocks], by: By, apart: Apart) -> Table:
    keys = [[keys_of(clock, by) for clock in clocks] for clocks in local]
    every = [key for three in keys for key in three if len(key)]
    if not every:
        return {name: np.empty(0) for name in (*COLUMNS, *EXTRA)}
    low = min(int(key.min()) for key in every)
    size = max(int(key.max()) for key in every) - low + 1
    sums = _Sums(size)
    shown = np.zeros(size, bool)
    pairs: list[Micros] = []
    for usage, clocks, three in zip(usages, local, keys, strict=True):
        here, due, waiting = (key - low for key in three)
        sums.add(
            usage, here[usage.lines.reading], here, is_apart(clocks.readings, apart[usage.meter.id])
        )
        sums.ask(usage, due, waiting)
        for places in (here, due, waiting):
            shown[places] = True
        pairs.append(clocks.readings // DAY_US * size + here)
    standing = np.full(size, np.nan if by in (By.HALF_HOUR, By.HOUR) else 0.0)
    for day, pence in daily_charges(usages):
        number = np.array([(day - date(1970, 1, 1)).days * DAY_US])
        place = int(keys_of(number, by)[0]) - low
        if 0 <= place < size:
            standing[place] += float(pence) / 100
    labels = [label_of(low + number, by) for number in range(size)]
    days = np.bincount(distinct_of(pairs) % size, minlength=size)
    return sums.table(labels, days, standing, shown)


def _by_rate(usages: Sequence[Usage], local: Sequence[_Clocks], apart: Apart) -> Table:
    """Rows by price in £/kWh to 5 decimals, cheapest first, then what has no price."""
    texts = {rate_key(rate.inc_vat) for usage in usages for rate in usage.lines.rates}
    labels = [*sorted(texts, key=Decimal), UNPRICED_KEY]
    number = {label: place for place, label in enumerate(labels)}
    size = len(labels)
    sums = _Sums(size)
    pairs = []
    for usage, clocks in zip(usages, local, strict=True):
        place = [*(number[rate_key(rate.inc_vat)] for rate in usage.lines.rates), size - 1]
        key = np.array(place, np.int64)[usage.lines.code]
        sums.add(usage, key, None, is_apart(clocks.readings, apart[usage.meter.id]))
        pairs.append(clocks.readings[usage.lines.reading] // DAY_US * size + key)
    days = np.bincount(distinct_of(pairs) % size, minlength=size)
    return sums.table(labels, days, np.full(size, np.nan), days > 0)


class _Sums:
    """Rows being added up, and how many readings, prices and half-hours each figure is made of."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sums: Table = {name: np.zeros(size) for name in (*SUMS, *EXTRA)}
        self.asked, self.read, self.priced, self.clean = (
            dict.fromkeys(Direction, np.zeros(size)) for _ in range(4)
        )
        self.lines, self.net_lines = np.zeros(size), np.zeros(size)

    def add(self, usage: Usage, key: Micros, reading_key: Micros | None, apart: Flags) -> None:
        """Add a meter's lines, whose rows are `key`. apart: readings that count in no net."""
        lines, way, size = usage.lines, usage.meter.direction, self.size
        name = way.value
        priced = lines.code != UNPRICED
        money = "export_value_gbp" if way is Direction.EXPORT else "import_cost_gbp"
        self.sums[f"{name}_kwh"] += np.bincount(key, lines.kwh, size)
        self.sums[money] += np.bincount(key[priced], usage.line_gbp[priced], size)
        in_net = ~apart[lines.reading]
        sign = -1 if way is Direction.EXPORT else 1
        both = in_net & priced
        self.sums["net_cost_gbp"] += sign * np.bincount(key[both], usage.line_gbp[both], size)
        self.lines += np.bincount(key, minlength=size)
        self.net_lines += np.bincount(key[in_net], minlength=size)
        self.read[way] = self.read[way] + np.bincount(key, minlength=size)
        self.priced[way] = self.priced[way] + np.bincount(key[priced], minlength=size)
        unpriced = np.bincount(key[~priced], lines.kwh[~priced], size)
        self.sums["unpriced_kwh"] += unpriced
        self.sums[f"{name}_unpriced_kwh"] += unpriced
        if usage.m3 is not None and reading_key is not None:
            self.sums["import_m3"] += np.bincount(reading_key, usage.m3, size)
        if usage.g_per_kwh is not None:
            kilograms = lines.kwh * usage.g_per_kwh[lines.reading] / 1000
            known = ~np.isnan(kilograms)
            self.sums[f"{name}_kg_co2"] += np.bincount(key[known], kilograms[known], size)
            self.sums["unknown_co2_kwh"] += np.bincount(key[~known], lines.kwh[~known], size)
            self.clean[way] = self.clean[way] + np.bincount(key[known], minlength=size)

    def ask(self, usage: Usage, expected: Micros, pending: Micros) -> None:
        """Count the half-hours that belong in each row, with or without a reading."""
        way, size = usage.meter.direction, self.size
        absent = ~have_reading(usage.expected_us, usage.times_us)
        self.sums["missing"] += np.bincount(expected[absent], minlength=size)
        self.sums["pending"] += np.bincount(pending, minlength=size)
        self.asked[way] = self.asked[way] + np.bincount(
            np.concatenate((expected, pending)), minlength=size
        )

    def table(self, keys: Sequence[str], days: Micros, standing: Floats, shown: Flags) -> Table:
        """The rows shown; what nothing is known of is NaN, so is a net without a side."""
        self.sums["net_cost_gbp"][(self.lines > 0) & (self.net_lines == 0)] = np.nan
        for way, money in zip(Direction, ("import_cost_gbp", "export_value_gbp"), strict=True):
            asked = self.asked[way] + self.read[way] > 0
            for name, known in (
                (f"{way.value}_kwh", self.read),
                (money, self.priced),
                (f"{way.value}_kg_co2", self.clean),
            ):
                self.sums[name][asked & (known[way] == 0)] = np.nan
            self.sums["net_cost_gbp"][asked & (self.read[way] == 0)] = np.nan
        self.sums["net_cost_gbp"] += np.nan_to_num(standing)
        for name in ("missing", "pending"):
            self.sums[name] = self.sums[name].astype(np.int64)
        named = {"key": np.array(keys, object), "days": days}
        columns = {**named, **self.sums, "standing_charge_gbp": standing}
        return {name: column[shown] for name, column in columns.items()}


def distinct_of(parts: Sequence[Micros]) -> Micros:
    """The distinct numbers of arrays that hardly ever go back, sorted.

    Linear for those, where `np.unique` is not: runs go first, and a stable sort (timsort) only
    merges what is left.
    """
    runs = [part[np.concatenate(([True], part[1:] != part[:-1]))] for part in parts if len(part)]
    if not runs:
        return np.empty(0, np.int64)
    merged = np.sort(np.concatenate(runs), kind="stable")
    return merged[np.concatenate(([True], merged[1:] != merged[:-1]))]


def rate_key(pence_inc_vat: Decimal) -> str:
    """A price in £/kWh to 5 decimals."""
    text = f"{pence_inc_vat / 100:.5f}"
    return "0.00000" if text == "-0.00000" else text
