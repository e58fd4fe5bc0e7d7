"""A battery's figures as tables: by local day, and by cycle."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from energydash.battery.analysis import Analysis
from energydash.core.time import DAY, local_midnight


def by_day(frame: pd.DataFrame, zone: str, now: datetime) -> pd.DataFrame:
    """Flows by local day: kwh_in, kwh_out, ah_in, ah_out, coverage (share of the day so far)."""
    names = ["kwh_in", "kwh_out", "ah_in", "ah_out", "covered_s"]
    if frame.empty:
        return pd.DataFrame(columns=[*names[:-1], "coverage"], dtype="float64")
    local = pd.DatetimeIndex(frame.index).tz_convert(zone)
    days = local.tz_localize(None).normalize().rename("day")
    sums = frame[names].groupby(days).sum(min_count=1)
    length = [
        (
            min(local_midnight(day.date() + DAY, zone), now) - local_midnight(day.date(), zone)
        ).total_seconds()
        for day in sums.index
    ]
    sums["coverage"] = np.minimum(sums.pop("covered_s") / np.maximum(length, 1.0), 1.0)
    return sums


def cycles_table(whole: Analysis | None) -> pd.DataFrame:
    """A row per cycle by its start: depth, flows, coverage, capacity and energy efficiency with
    one standard deviation each (NaN where a cycle is too small or not fully covered)."""
    rows = []
    size = whole.capacity if whole else None
    for cycle in whole.cycles if whole else ():
        total, own = cycle.totals, cycle.capacity
        worth = sigma = np.nan
        deep = (cycle.soc_high or 0.0) - (cycle.soc_low or 0.0) >= 30.0
        whole_one = deep and total.coverage > 0.98 and cycle.soc_change is not None
        if size and size.kwh and whole_one and total.kwh_in > 0.3 * size.kwh:
            left = (cycle.soc_change or 0.0) / 100 * size.kwh
            worth = 100 * (total.kwh_out + max(left, 0.0)) / (total.kwh_in + max(-left, 0.0))
            sigma = 100 * np.sqrt(2) * 0.01 * size.kwh / max(total.kwh_in, 1e-9)
        rows.append(
            {
                "time": datetime.fromtimestamp(cycle.start_us / 1e6, UTC),
                "hours": total.duration_s / 3600,
                "depth_percent": (cycle.soc_high or np.nan) - (cycle.soc_low or np.nan),
                "kwh_in": total.kwh_in,
                "kwh_out": total.kwh_out,
                "ah_in": total.ah_in,
                "ah_out": total.ah_out,
                "coverage_percent": 100 * total.coverage,
                "capacity_ah": own.ah if own else np.nan,
                "capacity_sigma_ah": own.sigma_ah if own else np.nan,
                "efficiency_percent": worth,
                "efficiency_sigma_percent": sigma,
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    index = pd.DatetimeIndex(table.pop("time")).as_unit("us").rename("time")
    return table.set_axis(index, axis="index").astype("float64")
