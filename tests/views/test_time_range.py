"""The time range in the address: what each preset means, and what the arrows do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.time import DAY, LONDON, Period
from energydash.views import time_range
from energydash.views.time_range import Choice

NOW = datetime(2026, 7, 15, 13, 32, tzinfo=UTC)
TODAY = date(2026, 7, 15)


def test_rolling_ends_now_rounded_so_that_reruns_ask_the_same() -> None:
    chosen = time_range.resolve("24h", None, (), LONDON, NOW)
    assert chosen.period.end == datetime(2026, 7, 15, 13, 35, tzinfo=UTC)
    assert chosen.period.duration == timedelta(days=1)
    assert chosen.is_live
    later = time_range.resolve("24h", None, (), LONDON, NOW + timedelta(minutes=2))
    assert later == chosen


def test_today_is_the_local_day_so_far() -> None:
    chosen = time_range.resolve("Today", None, (), LONDON, NOW)
    assert chosen.period.start == datetime(2026, 7, 14, 23, tzinfo=UTC)
    assert chosen.is_live


def test_a_past_month_is_whole_and_local() -> None:
    chosen = time_range.resolve("Month", date(2026, 3, 9), (), LONDON, NOW)
    assert chosen.period == Period.local_days(date(2026, 3, 1), date(2026, 4, 1), LONDON)
    assert chosen.period.duration == timedelta(days=31) - timedelta(hours=1)
    assert not chosen.is_live
    assert str(chosen) == "Sun 1 Mar – Tue 31 Mar 2026 · London time (BST)"


def test_days_of_costs_up_to_now_are_whole() -> None:
    chosen = time_range.resolve("7d", None, (), LONDON, NOW, by_days=True)
    assert chosen.period == Period.local_days(date(2026, 7, 9), date(2026, 7, 16), LONDON)
    assert str(chosen) == "Thu 9 Jul – Wed 15 Jul 2026 · London time (BST)"
    assert chosen.moved_on(NOW + DAY).period.days(LONDON)[0] == date(2026, 7, 10)
    day = time_range.resolve("24h", None, (), LONDON, NOW, by_days=True)
    assert day.period.end == datetime(2026, 7, 15, 13, 35, tzinfo=UTC)


def test_rolling_at_a_day_ends_with_that_day() -> None:
    chosen = time_range.resolve("7d", date(2026, 7, 10), (), LONDON, NOW)
    assert chosen.period == Period.local_days(date(2026, 7, 4), date(2026, 7, 11), LONDON)


def test_custom_is_both_days_inclusive_in_the_pages_zone() -> None:
    days = (date(2026, 7, 1), date(2026, 7, 3))
    chosen = time_range.resolve("Custom", None, days, "America/Los_Angeles", NOW)
    assert chosen.period.start == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert chosen.period.duration == timedelta(days=3)
    touched = chosen.period.days(chosen.zone)
    assert (touched[0], touched[-1]) == (days[0], date(2026, 7, 3))


def test_custom_without_days_is_the_last_week() -> None:
    assert time_range.resolve("Custom", None, (), LONDON, NOW).period.duration == timedelta(days=7)


@pytest.mark.parametrize("preset", ["24h", "7d", "30d", "Month", "Year"])
def test_arrows_go_back_and_come_home(preset: str) -> None:
    start = Choice(preset)
    back = time_range.moved(start, TODAY, -1)
    assert back.preset == preset and back.at is not None
    before = time_range.resolve(preset, back.at, (), LONDON, NOW)
    live = time_range.resolve(preset, None, (), LONDON, NOW)
    assert before.period.start < live.period.start
    assert not before.is_live
    assert time_range.moved(back, TODAY, 1) == time_range.now_of(back, TODAY) == start
    assert time_range.moved(start, TODAY, 1) == start


def test_month_arrows_survive_the_31st() -> None:
    def back(preset: str, at: date) -> date | None:
        return time_range.moved(Choice(preset, at), TODAY, -1).at

    assert back("Month", date(2026, 3, 31)) == date(2026, 2, 28)
    assert back("Year", date(2024, 2, 29)) == date(2023, 2, 28)


def test_today_is_today_whatever_day_was_gone_to() -> None:
    chosen = time_range.resolve("Today", date(2026, 3, 9), (), LONDON, NOW)
    assert chosen == replace(time_range.resolve("Today", None, (), LONDON, NOW), at=chosen.at)
    yesterday = time_range.moved(Choice("Today"), TODAY, -1)
    assert yesterday == Choice("Custom", None, (date(2026, 7, 14), date(2026, 7, 14)))
    assert time_range.moved(yesterday, TODAY, 1) == Choice("Today")
    assert time_range.now_of(time_range.moved(yesterday, TODAY, -1), TODAY) == Choice("Today")


@given(st.integers(0, 60), st.integers(0, 400), st.sampled_from([-1, 1]))
def test_arrows_keep_the_width(width: int, ago: int, by: int) -> None:
    last = TODAY - timedelta(days=ago)
    days = (last - timedelta(days=width), last)
    for choice in (Choice("Custom", None, days), Choice("Custom")):
        before = time_range.resolve("Custom", None, choice.dates, LONDON, NOW)
        after = time_range.moved(choice, TODAY, by)
        if after == Choice("Today"):
            assert width == 0
            continue
        first, end = after.dates
        assert end <= TODAY and end - first == (
            before.period.days(before.zone)[-1] - before.period.days(before.zone)[0]
            if choice.dates
            else 6 * DAY
        )
        now = time_range.now_of(after, TODAY)
        assert now == Choice("Today") or now.dates == (TODAY - (end - first), TODAY)


def test_nobody_gets_into_the_future() -> None:
    chosen = time_range.resolve("Month", date(2027, 1, 1), (), LONDON, NOW)
    assert chosen.period.start == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_a_period_over_new_year_names_both_years() -> None:
    days = (date(2025, 12, 1), date(2026, 11, 20))
    chosen = time_range.resolve(
        "Custom", None, days, LONDON, datetime(2026, 11, 20, 12, tzinfo=UTC)
    )
    assert str(chosen).startswith("Mon 1 Dec 2025 – Fri 20 Nov 2026")
