"""Periods, local days with clock changes, settlement periods, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core import time
from energydash.core.errors import InputError
from energydash.core.time import HALF_HOUR, LONDON, Period

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
minutes = st.integers(-10_000, 10_000)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first, second = sorted((draw(minutes), draw(minutes)))
    return Period(NOON + timedelta(minutes=first), NOON + timedelta(minutes=second))


def instants(period: Period) -> set[int]:
    """A period as the set of its minutes."""
    first = int((period.start - NOON) / timedelta(minutes=1))
    return set(range(first, first + int(period.duration / timedelta(minutes=1))))


def test_a_period_is_utc_and_half_open() -> None:
    period = Period(NOON.astimezone(timezone(HOUR)), NOON + HOUR)
    assert period.start.tzinfo is UTC
    assert NOON in period
    assert NOON + HOUR not in period
    assert str(period) == "2026-06-01T12:00Z/2026-06-01T13:00Z"


def test_what_a_period_refuses() -> None:
    with pytest.raises(InputError, match="needs a time zone"):
        Period(datetime(2026, 1, 1), NOON)  # noqa: DTZ001  # the point of the test
    with pytest.raises(InputError, match="before it starts"):
        Period(NOON, NOON - HOUR)


@given(periods(), st.lists(periods(), max_size=5))
def test_merge_and_subtract_as_sets(period: Period, others: list[Period]) -> None:
    taken = set().union(*map(instants, others))
    merged = time.merge(others)
    assert set().union(*map(instants, merged)) == taken
    assert all(a.end < b.start for a, b in pairwise(merged))
    left = time.subtract(period, others)
    assert set().union(*map(instants, left)) == instants(period) - taken


@given(periods(), periods())
def test_intersection_as_sets(one: Period, other: Period) -> None:
    both = one.intersect(other)
    assert (instants(both) if both else set()) == instants(one) & instants(other)


@given(periods(), st.integers(1, 5000))
def test_chunks_are_the_whole(period: Period, longest: int) -> None:
    chunks = list(period.chunks(timedelta(minutes=longest)))
    assert sum((chunk.duration for chunk in chunks), timedelta()) == period.duration
    assert all(chunk.duration <= timedelta(minutes=longest) for chunk in chunks)
    assert all(a.end == b.start for a, b in pairwise(chunks))


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 50), (date(2026, 6, 1), 48)])
def test_half_hours_of_local_days(day: date, count: int) -> None:
    assert time.half_hours(day, LONDON) == count
    period = Period.local_days(day, day + time.DAY, LONDON)
    index = time.grid(period, HALF_HOUR)
    assert len(index) == count
    assert period.days(LONDON) == [day]


def test_days_touched() -> None:
    late = Period(datetime(2026, 6, 1, 22, 30, tzinfo=UTC), datetime(2026, 6, 1, 23, tzinfo=UTC))
    assert late.days(LONDON) == [date(2026, 6, 1)]
    assert Period(late.start, late.end + HOUR).days(LONDON) == [date(2026, 6, 1), date(2026, 6, 2)]
    assert Period(late.start, late.start).days(LONDON) == []


def test_where_midnight_is_skipped_the_day_starts_after_the_gap() -> None:
    start = time.local_midnight(date(2024, 4, 26), "Africa/Cairo")  # 00:00 -> 01:00
    assert start == datetime(2024, 4, 25, 22, tzinfo=UTC)
    assert time.half_hours(date(2024, 4, 26), "Africa/Cairo") == 46


def test_the_grid_is_whole_steps_since_the_epoch() -> None:
    period = Period(NOON + timedelta(minutes=7), NOON + timedelta(minutes=61))
    index = time.grid(period, HALF_HOUR)
    assert index.tolist() == [pd.Timestamp(NOON + n * HALF_HOUR) for n in (1, 2)]
    assert str(index.dtype) == "datetime64[us, UTC]"
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert len(time.grid(Period(epoch - timedelta(minutes=50), epoch), HALF_HOUR)) == 1


def test_parsing() -> None:
    assert time.parse_day(" 2026-03-29 ") == SPRING
    assert time.parse_instant("2026-06-01T13:00:00+01:00") == NOON
    assert time.parse_instant("2026-06-01T13:00", LONDON) == NOON
    assert time.iso_z(NOON) == "2026-06-01T12:00:00Z"
    for call in (
        lambda: time.parse_day("29/03/2026"),
        lambda: time.parse_instant("noon"),
        lambda: time.parse_instant("2026-06-01T13:00"),
        lambda: time.zone_info("Mars/Olympus"),
        lambda: time.zone_info("../etc/passwd"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.remedy
