"""Coverage: every step of a period is there, or has one reason not to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.coverage import Coverage, Gap, common, cover
from energydash.core.time import HALF_HOUR, Period, grid

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = Period(NOON - timedelta(days=7), NOON)


def at(half_hours: float) -> datetime:
    return WEEK.start + half_hours * HALF_HOUR


def test_each_step_is_there_or_has_its_reason() -> None:
    steps = grid(WEEK, HALF_HOUR)
    there = steps[(steps < at(96)) | ((steps >= at(100)) & (steps < at(288)))]
    found = cover(
        pd.DatetimeIndex(there), WEEK, HALF_HOUR,
        now=NOON, due=at(300), fetching=[Period(at(96), at(98))],
    )  # fmt: skip
    assert (found.present, found.asked, found.expected) == (284, 336, 300)
    assert found.fetching == (Period(at(96), at(98)),)
    assert found.missing == (Period(at(98), at(100)), Period(at(288), at(300)))
    assert found.pending == (Period(at(300), at(336)),)
    assert found.sentence == (
        "284 of 336 half-hours; 14 half-hours missing; 36 half-hours not published yet; "
        "2 half-hours not fetched yet."
    )


def test_whole_days_are_said_as_days() -> None:
    steps = grid(Period(WEEK.start, at(240)), HALF_HOUR)
    found = cover(steps, WEEK, HALF_HOUR, now=NOON, due=at(240))
    assert found.sentence == "5 of 7 days; 96 half-hours not published yet."
    assert not found.is_complete
    assert cover(grid(WEEK, HALF_HOUR), WEEK, HALF_HOUR, now=NOON).sentence == ""


def test_gaps_that_add_up_to_a_day_are_no_day() -> None:
    there = [step for step in range(336) if step not in {*range(10, 34), *range(100, 124)}]
    found = cover(grid(WEEK, HALF_HOUR)[there], WEEK, HALF_HOUR, now=NOON)
    assert found.sentence == "288 of 336 half-hours; 48 half-hours missing."


def test_the_future_is_not_asked_for() -> None:
    ahead = Period(WEEK.start, NOON + timedelta(days=1))
    assert cover(grid(WEEK, HALF_HOUR), ahead, HALF_HOUR, now=NOON).is_complete
    nothing = cover(grid(WEEK, HALF_HOUR)[:0], Period(NOON, ahead.end), HALF_HOUR, now=NOON)
    assert (nothing.asked, nothing.fraction) == (0, 1.0)


@given(st.sets(st.integers(0, 335)), st.integers(0, 336), st.integers(0, 336))
def test_counts_add_up(there: set[int], due: int, asked_from: int) -> None:
    steps = grid(WEEK, HALF_HOUR)
    found = cover(
        steps[sorted(there)], WEEK, HALF_HOUR,
        now=NOON, due=at(due), fetching=[Period(at(asked_from), at(336))],
    )  # fmt: skip
    assert found.present == len(there)
    assert found.asked == found.present + sum(found.count(gap) for gap in Gap)
    whole = found + found
    assert (whole.present, whole.asked) == (2 * found.present, 2 * found.asked)
    both = common(WEEK, found, Coverage(step=HALF_HOUR))
    assert sum(len(grid(period, HALF_HOUR)) for period in both) == len(there)
