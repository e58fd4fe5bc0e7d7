"""The best stretch of so many hours ahead: by carbon, by price, or of a signal in a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import pandas as pd

from energydash.answers import grid, home
from energydash.core.errors import InputError
from energydash.core.feeds import FeedData
from energydash.core.time import HALF_HOUR, Period
from energydash.flexibility.windows import Window, mean_over, windows
from energydash.grid import regions
from energydash.sync.context import Context

COUNT = 4  # the best one and three others
FILE_ENDS = "A signal has the columns time and a value, such as time,g_per_kwh."


class By(StrEnum):
    """What is to be low."""

    CARBON = "carbon"
    PRICE = "price"


@dataclass(frozen=True)
class BestHours:
    """The stretch with the lowest mean that ends by `deadline`, against starting now.

    best: None where none fits; `reason` says why. alternatives: the next best that do not overlap.
    now: the mean if it started now, NaN where that is not known. what: the region, tariff or file.
    """

    what: str
    unit: str
    zone: str
    hours: float
    deadline: datetime | None
    best: Window | None
    alternatives: tuple[Window, ...]
    now: float
    reason: str = ""
    issued: datetime | None = None
    inputs: tuple[FeedData, ...] = ()

    @property
    def saving(self) -> float:
        """Now less best, in the unit; NaN without either."""
        return self.now - self.best.mean if self.best else float("nan")

    @property
    def saving_percent(self) -> float:
        return 100 * self.saving / self.now if self.now > 0 else float("nan")


def best_hours(
    context: Context,
    hours: float,
    by: By | str = By.CARBON,
    *,
    region: str = "",
    tariff: str = "",
    deadline: datetime | None = None,
) -> BestHours:
    """The best hours ahead by carbon in a region, or by the price of a tariff.

    region: that of `[grid] region` by default; tariff: the import tariff in force.
    Raises: InputError for a length that is not positive, a deadline in the past, or an unknown
    region or tariff.
    """
    if By(by) is By.CARBON:
        place = region or regions.default(context.settings).id
        found = grid.greenest_window(context, place, hours, deadline=deadline)
        return BestHours(
            found.region.id, "g/kWh", found.region.zone, hours, found.deadline, found.best,
            found.alternatives, found.at_once_g_per_kwh, found.reason, found.forecast.issued,
            found.forecast.inputs,
        )  # fmt: skip
    now = context.now()
    if not hours > 0 or not np.isfinite(hours):
        raise InputError("A window needs a length above zero hours.")
    if deadline is not None and deadline <= now:
        raise InputError("The deadline has passed.", remedy="Choose a later one.")
    known = home.cheapest_windows(context, (), tariff)
    end = known.published_until or now
    whole = Period(now, max(min(deadline or end, end), now))
    best, others, at_once = _best(known.prices, HALF_HOUR, hours, whole)
    reason = ""
    if best is None:
        ahead = whole.duration / timedelta(hours=1)
        reason = (
            f"{hours:g} hours do not fit in the {ahead:.1f} hours whose prices are known."
            if known.tariff
            else "No import tariff is known."
        )
    return BestHours(
        known.tariff, "p/kWh", home.zone_of(context), hours, whole.end, best, others, at_once,
        reason,
    )  # fmt: skip


def best_hours_of_file(body: bytes, name: str, hours: float) -> BestHours:
    """The lowest stretch of a CSV `time,value` whose second column's name has the unit."""
    try:
        table = pd.read_csv(io.BytesIO(body))
        times = pd.to_datetime(table["time"], utc=True, format="ISO8601")
        values = pd.to_numeric(table.iloc[:, -1])
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(f"{name} is not a signal: {error}.", remedy=FILE_ENDS) from error
    if len(times) < 2:
        raise InputError(f"{name} has fewer than two rows.")
    signal = pd.Series(values.to_numpy(float), index=pd.DatetimeIndex(times)).sort_index()
    step = (signal.index[1] - signal.index[0]).to_pytimedelta()
    start = signal.index[0].to_pydatetime()
    whole = Period(start, signal.index[-1].to_pydatetime() + step)
    best, others, at_once = _best(signal, step, hours, whole)
    if best is None:
        raise InputError(f"{hours:g} hours do not fit in the {whole.duration} of {name}.")
    unit = str(table.columns[-1])
    return BestHours(name, unit, "UTC", hours, whole.end, best, others, at_once)


def _best(
    signal: pd.Series[float], step: timedelta, hours: float, whole: Period
) -> tuple[Window | None, tuple[Window, ...], float]:
    length = timedelta(hours=hours)
    at_once = Period(whole.start, whole.start + length)
    found = windows(signal, step, length, whole, count=COUNT)
    return (found[0] if found else None), tuple(found[1:]), mean_over(signal, step, at_once)
