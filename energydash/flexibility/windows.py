"""The best contiguous window of a signal: cheapest, greenest, or the worst.

A signal is a series on a regular step (the value of the interval that starts at its stamp):
carbon intensity, a price, any blend. A window is `duration` long and may start inside a step; the
mean of a window is the integral of the piecewise-constant signal over it, divided by its length.

The optimum of a piecewise-constant signal over a sliding window lies where an edge of the window
meets an edge of a step, so those are the only starts tried: every step's start, every step's end
minus the duration, and both ends of the horizon. Ties go to the earliest start. A window that
would touch a gap, or would not fit in the horizon, is no candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.errors import InputError
from energydash.core.time import MICROSECOND, Period, index_us, instant_of, micros


@dataclass(frozen=True)
class Window:
    """A stretch of time and the signal's mean over it, in the signal's unit."""

    start: datetime
    end: datetime
    mean: float

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)


def mean_over(signal: pd.Series[float], step: timedelta, period: Period) -> float:
    """The signal's time-weighted mean over `period`; NaN where any part of it has no value."""
    steps = _Steps.of(signal, step)
    start, end = micros(period.start), micros(period.end)
    if start == end:
        return float("nan")
    return float(steps.means(np.array([start]), end - start)[0])


def windows(
    signal: pd.Series[float],
    step: timedelta,
    duration: timedelta,
    within: Period | None = None,
    *,
    highest: bool = False,
    count: int = 4,
    on: timedelta | None = None,
) -> list[Window]:
    """The best window and the best ones that do not overlap those before it, best first.

    signal: sorted, UTC index of interval starts; absent or NaN intervals are gaps. within: windows
    must lie inside it; the signal's own span without it. highest: the highest mean is the best.
    on: only windows that start on a multiple of this since the epoch, as people set a timer.
    Raises: InputError for a duration that is not positive.
    """
    if duration <= timedelta(0):
        raise InputError("A window needs a length above zero.")
    starts, means = candidates(signal, step, duration, within)
    if on is not None:
        fitting = starts % (on // MICROSECOND) == 0
        starts, means = starts[fitting], means[fitting]
    if highest:
        means = -means
    length = duration // MICROSECOND
    chosen: list[Window] = []
    free = np.ones(len(starts), dtype=bool)
    while len(chosen) < count and free.any():
        best = _earliest_best(means, free)
        start = int(starts[best])
        mean = -float(means[best]) if highest else float(means[best])
        chosen.append(Window(instant_of(start), instant_of(start + length), mean))
        free &= (starts >= start + length) | (starts <= start - length)
    return chosen


def candidates(
    signal: pd.Series[float], step: timedelta, duration: timedelta, within: Period | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Every start worth trying (epoch µs, ascending) and the mean of the window from there."""
    steps = _Steps.of(signal, step)
    length = duration // MICROSECOND
    if not len(steps.starts):
        return np.empty(0, dtype=np.int64), np.empty(0)
    first, last = int(steps.starts[0]), int(steps.starts[-1]) + steps.step
    if within is not None:
        first, last = max(first, micros(within.start)), min(last, micros(within.end))
    edges = np.append(steps.starts, steps.starts + steps.step)
    starts = np.unique(np.concatenate([edges, edges - length, [first, last - length]]))
    starts = starts[(starts >= first) & (starts + length <= last)]
    means = steps.means(starts, length)
    sound = ~np.isnan(means)
    return starts[sound], means[sound]


def _earliest_best(means: npt.NDArray[np.float64], free: npt.NDArray[np.bool_]) -> int:
    """The first free index within rounding of the lowest free mean: cumulative sums of equal
    values differ in their last digits, and such a tie must not move a window."""
    lowest = means[free].min()
    tolerance = 1e-9 * max(1.0, float(np.abs(means[free]).max()))
    return int(np.flatnonzero(free & (means <= lowest + tolerance))[0])


@dataclass(frozen=True)
class _Steps:
    """The signal as sorted steps (epoch µs) with its running integral.

    Values are kept as differences from their rounded mean: sums over years keep their digits.
    """

    starts: npt.NDArray[np.int64]
    step: int
    centre: float
    value: npt.NDArray[np.float64]
    integral: npt.NDArray[np.float64]

    @classmethod
    def of(cls, signal: pd.Series[float], step: timedelta) -> _Steps:
        known = signal.dropna()
        starts = index_us(pd.DatetimeIndex(known.index))
        value = np.array(known, dtype=np.float64)
        centre = float(np.round(value.mean())) if len(value) else 0.0
        value = value - centre
        width = step // MICROSECOND
        if width <= 0:
            raise InputError("A signal needs a step above zero.")
        if len(starts) > 1 and np.diff(starts).min() < width:
            raise InputError("The signal's rows are out of order, repeated, or closer than a step.")
        integral: npt.NDArray[np.float64] = np.append(0.0, np.cumsum(value * width))
        return cls(starts, width, centre, value, integral)

    def means(self, begin: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.float64]:
        """Mean from each `begin` for `length` µs; NaN where a part of it is not covered."""
        integral_end, covered_end = self._upto(begin + length)
        integral_begin, covered_begin = self._upto(begin)
        means = self.centre + (integral_end - integral_begin) / length
        return np.where(covered_end - covered_begin == length, means, np.nan)

    def _upto(
        self, at: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The integral of the signal, and the time it has values for, before each instant."""
        if not len(self.starts):
            return np.zeros(len(at)), np.zeros(len(at), dtype=np.int64)
        last = np.searchsorted(self.starts, at, side="right") - 1
        safe = np.maximum(last, 0)
        inside = np.where(last >= 0, np.clip(at - self.starts[safe], 0, self.step), 0)
        covered = safe * self.step + inside
        return self.integral[safe] + inside * self.value[safe], covered
