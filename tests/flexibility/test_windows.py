"""The best contiguous window against brute force, and its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import InputError
from energydash.core.time import Period
from energydash.flexibility.windows import Window, candidates, mean_over, windows

START = datetime(2026, 11, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)


def signal(*values: float, skip: tuple[int, ...] = ()) -> pd.Series[float]:
    index = pd.date_range(START, periods=len(values), freq=STEP, name="time")
    series = pd.Series(values, index=index, dtype=float)
    return series.drop(series.index[list(skip)])


def slow_mean(values: pd.Series[float], start: datetime, duration: timedelta) -> float:
    """Minute by minute."""
    minutes = int(duration / timedelta(minutes=1))
    total = 0.0
    for n in range(minutes):
        at = start + timedelta(minutes=n)
        slot = START + ((at - START) // STEP) * STEP
        if slot not in values.index:
            return float("nan")
        total += float(values[slot])
    return total / minutes


def best_window(*asked: Any, **how: Any) -> Window | None:
    return next(iter(windows(*asked, **how)), None)


def test_the_lowest_hour() -> None:
    found = best_window(signal(5, 1, 2, 9, 1, 1), STEP, 2 * STEP)
    assert found is not None
    assert (found.start, found.end, found.mean) == (START + 4 * STEP, START + 6 * STEP, 1.0)


def test_the_delay_limit_is_a_candidate() -> None:
    """One hour of work within 90 minutes, where the rate drops in the last half hour."""
    found = best_window(
        signal(10, 10, 1, 1), STEP, 2 * STEP, Period(START, START + timedelta(minutes=95))
    )
    assert found is not None
    assert found.end == START + timedelta(minutes=95)
    assert found.mean == pytest.approx((10 * 25 + 35) / 60)


def test_ties_go_to_the_earliest() -> None:
    found = best_window(signal(0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2), STEP, 2 * STEP)
    assert found is not None
    assert found.start == START


def test_negative_prices_and_the_dearest() -> None:
    prices = signal(5, -3, -4, 7, 8)
    low, high = (
        best_window(prices, STEP, 2 * STEP),
        best_window(prices, STEP, 2 * STEP, highest=True),
    )
    assert low is not None and low.mean == -3.5
    assert high is not None and high.mean == 7.5 and high.start == START + 3 * STEP


def test_a_window_never_touches_a_gap_and_must_fit() -> None:
    gappy = signal(5, 1, 1, 9, 9, skip=(2,))
    found = best_window(gappy, STEP, 2 * STEP)
    assert found is not None and found.start == START and found.mean == 3
    assert best_window(gappy, STEP, 3 * STEP) is None
    assert best_window(signal(), STEP, STEP) is None
    assert best_window(signal(1, 2), STEP, STEP, Period(START, START + STEP / 2)) is None
    with_nan = signal(1, float("nan"), 1)
    assert best_window(with_nan, STEP, 2 * STEP) is None


def test_alternatives_do_not_overlap_and_come_best_first() -> None:
    found = windows(signal(1, 1, 5, 2, 2, 3, 3), STEP, 2 * STEP, count=3)
    assert [window.mean for window in found] == [1, 2, 3]
    for one, other in pairwise(found):
        assert one.period.intersect(other.period) is None


def test_mean_over_a_part_of_a_step() -> None:
    values = signal(10, 20)
    part = Period(START + STEP / 2, START + STEP + STEP / 2)
    assert mean_over(values, STEP, part) == 15
    assert np.isnan(mean_over(values, STEP, Period(START, START + 3 * STEP)))


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="length above zero"):
        best_window(signal(1), STEP, timedelta(0))
    with pytest.raises(InputError, match="closer than a step"):
        best_window(signal(1, 2), timedelta(hours=1), STEP)


@given(
    st.lists(st.integers(-50, 500), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), max_size=3),
    st.integers(1, 8),
    st.integers(0, 120),
    st.integers(30, 400),
)
def test_no_start_at_all_is_better(
    values: list[int], gaps: set[int], quarters: int, first: int, length: int
) -> None:
    """Every start on a 15-minute raster, and the search's own, against the minute-wise mean."""
    series = signal(*values, skip=tuple(gap for gap in gaps if gap < len(values)))
    duration = timedelta(minutes=15 * quarters)
    within = Period(START + timedelta(minutes=first), START + timedelta(minutes=first + length))
    found = best_window(series, STEP, duration, within)
    end = START + len(values) * STEP
    rivals = []
    for minutes in range(0, 30 * len(values), 15):
        start = START + timedelta(minutes=minutes)
        if start >= within.start and start + duration <= min(within.end, end):
            mean = slow_mean(series, start, duration)
            if not np.isnan(mean):
                rivals.append(mean)
    if found is None:
        assert not rivals
        return
    assert found.start >= within.start and found.end <= within.end
    assert found.mean == pytest.approx(slow_mean(series, found.start, duration), abs=1e-6)
    assert not rivals or found.mean <= min(rivals) + 1e-6
    starts, _ = candidates(series, STEP, duration, within)
    assert list(starts) == sorted(set(starts))
