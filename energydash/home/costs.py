"""What energy cost, over any period, by any key.

Costs include VAT and leave the standing charge out; it is in the totals, once per local day and
meter point. A row's net is import less export; the total's net adds the standing charge. Energy
without a price counts in kWh alone. Nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from energydash.home.meters import Direction
from energydash.home.rate_cards import (
    DAY_US,
    HALF_HOUR_US,
    MINUTE_US,
    UNPRICED,
    Floats,
    Micros,
    local_us,
)
from energydash.home.usage import Usage, daily_charges, found


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
    "unpriced_kwh", "missing",
)  # fmt: skip
COLUMNS = ("key", "days", *SUMS)
EXTRA = (
    "standing_charge_gbp", "import_m3", "import_unpriced_kwh", "export_unpriced_kwh",
    "import_kg_co2", "export_kg_co2", "unknown_co2_kwh",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Costs:
    """rows: `COLUMNS`, and `EXTRA` beside them. totals: the sums and `standing_charge_gbp`."""

    by: By
    rows: pd.DataFrame
    totals: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The command line's and REST's shape."""
        return {
            "rows": [
                dict(zip(COLUMNS, values, strict=True))
                for values in self.rows[list(COLUMNS)].astype(object).itertuples(index=False)
            ],
            "totals": {key: self.totals[key] for key in (*COLUMNS, "standing_charge_gbp")},
        }


def costs(usages: Sequence[Usage], by: By) -> Costs:
    """Rows by key, and totals, of any number of meters of one kind of energy."""
    rows = _by_rate(usages) if by is By.RATE else _by_time(usages, by)
    rows["net_cost_gbp"] = rows["import_cost_gbp"] - rows["export_value_gbp"]
    totals: dict[str, Any] = {"key": "total", "days": _days_with_reading(usages)}
    totals |= {name: float(rows[name].sum()) for name in SUMS}
    totals |= {name: float(rows[name].sum()) for name in EXTRA}
    totals["missing"] = sum(len(usage.missing_us) for usage in usages)
    standing = sum((pence for _, pence in daily_charges(usages)), Decimal(0)) / 100
    totals["standing_charge_gbp"] = float(standing)
    totals["net_cost_gbp"] += totals["standing_charge_gbp"]
    return Costs(by, rows, totals)


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


def _by_time(usages: Sequence[Usage], by: By) -> pd.DataFrame:
    parts = []
    for usage in usages:
        zone = usage.meter.zone
        local = local_us(usage.times_us, zone)
        parts.append(
            (usage, local, keys_of(local, by), keys_of(local_us(usage.expected_us, zone), by))
        )
    every = [key for part in parts for key in part[2:] if len(key)]
    if not every:
        return pd.DataFrame({name: [] for name in (*COLUMNS, *EXTRA)})
    low = min(int(key.min()) for key in every)
    size = max(int(key.max()) for key in every) - low + 1
    rows = {name: np.zeros(size) for name in (*SUMS, *EXTRA)}
    shown = np.zeros(size, bool)
    pairs: list[Micros] = []
    for usage, local, key, expected in parts:
        here, due = key - low, expected - low
        _add(rows, usage, here[usage.lines.reading], here, size)
        absent = ~found(usage.expected_us, usage.times_us)
        rows["missing"] += np.bincount(due[absent], minlength=size)
        shown[here] = True
        shown[due] = True
        pairs.append(local // DAY_US * size + here)
    distinct = distinct_of(pairs) % size
    if by in (By.HALF_HOUR, By.HOUR):
        rows["standing_charge_gbp"][:] = np.nan
    else:
        for day, pence in daily_charges(usages):
            number = np.array([(day - date(1970, 1, 1)).days * DAY_US])
            place = int(keys_of(number, by)[0]) - low
            if 0 <= place < size:
                rows["standing_charge_gbp"][place] += float(pence) / 100
    frame = pd.DataFrame(rows)
    frame.insert(0, "days", np.bincount(distinct, minlength=size))
    frame.insert(0, "key", [label_of(low + number, by) for number in range(size)])
    frame["missing"] = frame["missing"].astype("int64")
    return frame[shown].reset_index(drop=True)


def _by_rate(usages: Sequence[Usage]) -> pd.DataFrame:
    """Rows by price in £/kWh to 5 decimals, cheapest first, then what has no price."""
    texts = {rate_key(rate.inc_vat) for usage in usages for rate in usage.lines.rates}
    labels = [*sorted(texts, key=Decimal), UNPRICED_KEY]
    number = {label: place for place, label in enumerate(labels)}
    size = len(labels)
    rows = {name: np.zeros(size) for name in (*SUMS, *EXTRA)}
    pairs = []
    for usage in usages:
        place = [*(number[rate_key(rate.inc_vat)] for rate in usage.lines.rates), size - 1]
        key = np.array(place, np.int64)[usage.lines.code]
        _add(rows, usage, key, None, size)
        day = local_us(usage.times_us, usage.meter.zone)[usage.lines.reading] // DAY_US
        pairs.append(day * size + key)
    days = np.bincount(distinct_of(pairs) % size, minlength=size)
    rows["standing_charge_gbp"][:] = np.nan
    frame = pd.DataFrame({"key": labels, "days": days, **rows})
    frame["missing"] = frame["missing"].astype("int64")
    return frame[days > 0].reset_index(drop=True)


def _add(
    rows: dict[str, Floats], usage: Usage, key: Micros, reading_key: Micros | None, size: int
) -> None:
    """Add a meter's lines, whose rows are `key`, to the sums."""
    lines = usage.lines
    gbp = usage.line_gbp
    priced = lines.code != UNPRICED
    is_export = usage.meter.direction is Direction.EXPORT
    way = "export" if is_export else "import"
    rows[f"{way}_kwh"] += np.bincount(key, lines.kwh, size)
    rows["export_value_gbp" if is_export else "import_cost_gbp"] += np.bincount(
        key[priced], gbp[priced], size
    )
    unpriced = np.bincount(key[~priced], lines.kwh[~priced], size)
    rows["unpriced_kwh"] += unpriced
    rows[f"{way}_unpriced_kwh"] += unpriced
    if usage.m3 is not None and reading_key is not None:
        rows["import_m3"] += np.bincount(reading_key, usage.m3, size)
    if usage.g_per_kwh is not None:
        kilograms = lines.kwh * usage.g_per_kwh[lines.reading] / 1000
        unknown = np.isnan(kilograms)
        rows[f"{way}_kg_co2"] += np.bincount(key[~unknown], kilograms[~unknown], size)
        rows["unknown_co2_kwh"] += np.bincount(key[unknown], lines.kwh[unknown], size)


def _days_with_reading(usages: Sequence[Usage]) -> int:
    return len(
        distinct_of([local_us(usage.times_us, usage.meter.zone) // DAY_US for usage in usages])
    )


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
