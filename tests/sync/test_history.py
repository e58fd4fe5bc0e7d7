"""History is complete: whatever was never asked for is missing, in any order and any pieces; what
came is not asked for twice; a silence is asked for again, slowly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash import sources
from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.settings import Settings
from energydash.core.time import DAY, HALF_HOUR, Period, grid, local_midnight
from energydash.store import Store
from energydash.store.sqlite import SqliteDatabase
from energydash.sync import fetch
from energydash.sync.context import Context
from tests.fakes import HALF_HOURLY, START, FakeSource

HOUR = timedelta(hours=1)


@dataclass
class Upstream(FakeSource):
    """As the fake, on a clock that goes on; remembers when it was asked for what."""

    log: list[tuple[datetime, Period]] = field(default_factory=list)

    def fetch(self, feed: Feed, period: Period, settings: Settings) -> Fetched:
        self.log.append((self.now, period))
        return super().fetch(feed, period, settings)


@contextmanager
def world(feed: Feed = HALF_HOURLY) -> Iterator[tuple[Context, Upstream]]:
    """A new store, and an upstream whose clock is everybody's."""
    upstream = Upstream(START + 100 * DAY)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(sources, "source", lambda name: upstream)
        store = Store(SqliteDatabase(Path(folder) / "energydash.db"))
        try:
            yield Context(Settings(Path(folder), {}), store, lambda: upstream.now), upstream
        finally:
            store.close()


# A step of the story: how long the clock goes on first, and then which hours ago are asked for.
STORY = st.lists(
    st.tuples(
        st.sampled_from([timedelta(0), timedelta(seconds=1), HALF_HOUR, 5 * HOUR, DAY, 40 * DAY]),
        st.integers(-24, 24 * 20),
        st.integers(1, 24 * 12),
    ),
    min_size=1,
    max_size=6,
)
FEEDS = st.builds(
    replace,
    st.just(HALF_HOURLY),
    cadence=st.sampled_from([HALF_HOUR, 3 * HOUR, DAY]),
    revises=st.sampled_from([timedelta(0), 6 * HOUR, 3 * DAY]),
    horizon=st.sampled_from([timedelta(0), 2 * DAY]),
)


@given(STORY, FEEDS)
def test_any_asks_in_any_order_end_with_all_of_it_and_ask_for_nothing_twice(
    story: list[tuple[timedelta, int, int]], feed: Feed
) -> None:
    with world(feed) as (here, upstream):
        for goes_on, hours_ago, hours in story:
            upstream.now += goes_on
            start = upstream.now - hours_ago * HOUR
            asked = Period(start, start + hours * HOUR)
            fetch.refresh(here, feed, asked)
            assert fetch.missing(here.store, feed, asked, upstream.now) == []
            old = asked.intersect(Period(START, upstream.now - feed.cadence))
            if old:
                assert len(here.store.read(feed, old)) == len(grid(old, HALF_HOUR))
    for n, (later, again) in enumerate(upstream.log):
        for earlier, before in upstream.log[:n]:
            both = again.intersect(before)
            if both:
                assert later - earlier >= feed.cadence, "nothing is asked for twice in a cadence"
                assert both.start >= earlier - max(feed.revises, feed.cadence), "final is final"


def test_months_in_any_order() -> None:
    with world() as (here, _):
        months = [Period(START + n * 30 * DAY, START + (n + 1) * 30 * DAY) for n in range(3)]
        for month in (months[0], months[2], months[1]):
            assert fetch.refresh(here, HALF_HOURLY, month).rows == 30 * 48
        assert not fetch.refresh(here, HALF_HOURLY, Period(START, START + 90 * DAY)).asked


def asked_in(upstream: Upstream, period: Period) -> int:
    """How many questions were about some of a period."""
    return sum(bool(one.intersect(period)) for one in upstream.asked)


def test_a_silence_is_asked_for_again_ever_more_slowly() -> None:
    with world() as (here, upstream):
        hole = Period(upstream.now - 5 * DAY, upstream.now - 3 * DAY)
        upstream.silent.append(hole)
        upstream.INFO = replace(upstream.INFO, longest_days=30)
        around = Period(hole.start - DAY, hole.end + DAY)
        fetch.refresh(here, HALF_HOURLY, around)
        days = []
        for day in range(1, 100):
            upstream.now += DAY
            before = asked_in(upstream, hole)
            fetch.refresh(here, HALF_HOURLY, around)
            if asked_in(upstream, hole) > before:
                days.append(day)
        # It was three days old when first asked for; each time it is twice as old as the last.
        assert days == [3, 9, 21, 45, 93]
        assert asked_in(upstream, Period(hole.end, around.end)) == 1, "what came is never asked"
        upstream.silent.clear()
        assert fetch.refresh(here, HALF_HOURLY, around, force=True).changed == 96, "on request"
        upstream.now += 200 * DAY
        assert not fetch.refresh(here, HALF_HOURLY, around).asked, "then it is final"


def test_a_meter_silent_for_weeks_that_then_delivers_is_read_whole() -> None:
    meter = replace(HALF_HOURLY, cadence=DAY, revises=3 * DAY)
    with world(meter) as (here, upstream):
        began = upstream.now
        upstream.silent.append(Period(began, began + 90 * DAY))
        for _ in range(21):
            upstream.now += DAY
            fetch.refresh(here, meter, Period(upstream.now - 5 * DAY, upstream.now))
        whole = Period(began, upstream.now)
        assert here.store.read(meter, whole).empty
        assert fetch.silences(here.store, meter, upstream.now + 30 * DAY)
        upstream.silent.clear()
        upstream.now += DAY
        fetch.refresh(here, meter, Period(upstream.now - 5 * DAY, upstream.now))
        assert len(here.store.read(meter, whole)) == 21 * 48


@pytest.mark.parametrize("cut", [HALF_HOUR, 10 * HOUR])
@pytest.mark.parametrize("ends", [12 * HOUR, DAY])  # of a day's file; of the question
def test_a_file_cut_at_the_end_of_a_line_is_never_final(cut: timedelta, ends: timedelta) -> None:
    with world() as (here, upstream):
        day = local_midnight((upstream.now - 20 * DAY).date(), HALF_HOURLY.zone)
        asked = Period(day - ends, day - ends + DAY)
        end = day if ends < DAY else asked.end
        upstream.silent.append(Period(end - cut, end))
        fetch.refresh(here, HALF_HOURLY, asked)
        unsure = [one.period for one in here.store.coverage(HALF_HOURLY, asked) if not one.final]
        assert unsure == [Period(end - cut, end)]
        upstream.silent.clear()
        upstream.now += 30 * DAY
        fetch.refresh(here, HALF_HOURLY, asked)
        assert len(here.store.read(HALF_HOURLY, asked)) == 48


def test_a_day_withdrawn_almost_whole_is_doubted_and_kept() -> None:
    with world() as (here, upstream):
        asked = Period(upstream.now - 3 * DAY, upstream.now - 2 * DAY)
        fetch.refresh(here, HALF_HOURLY, asked)
        before = here.store.read(HALF_HOURLY, asked)
        upstream.silent.append(Period(asked.start + 3 * HALF_HOUR, asked.end))
        done = fetch.refresh(here, HALF_HOURLY, asked, force=True)
        assert done.problem is None
        assert here.store.read(HALF_HOURLY, asked).equals(before)
        (doubt,) = done.doubted
        assert doubt == here.store.state(HALF_HOURLY).problem
        assert doubt.sentence == (
            "Fake answered for 6 Jun 2026 00:00 to 7 Jun 2026 00:00 UTC without 45 of the 48 "
            "values of load that are known."
        )
        assert not all(one.final for one in here.store.coverage(HALF_HOURLY, asked))
        upstream.silent.clear()
        assert not fetch.refresh(here, HALF_HOURLY, asked, force=True).doubted
        assert here.store.state(HALF_HOURLY).problem is None


def test_a_few_values_withdrawn_are_a_revision() -> None:
    with world() as (here, upstream):
        asked = Period(upstream.now - 3 * DAY, upstream.now - 2 * DAY)
        fetch.refresh(here, HALF_HOURLY, asked)
        upstream.silent.append(Period(asked.start, asked.start + 20 * HALF_HOUR))
        done = fetch.refresh(here, HALF_HOURLY, asked, force=True)
        assert done.withdrawn == 20 and not done.doubted


@pytest.mark.parametrize("length", [HALF_HOUR, HOUR, 3 * DAY])
def test_an_answer_without_rows_is_never_final(length: timedelta) -> None:
    with world() as (here, upstream):
        asked = Period(upstream.now - 20 * DAY, upstream.now - 20 * DAY + length)
        upstream.silent.append(asked)
        fetch.refresh(here, HALF_HOURLY, asked)
        assert not any(one.final for one in here.store.coverage(HALF_HOURLY, asked))
        upstream.silent.clear()
        upstream.now += 21 * DAY
        assert fetch.refresh(here, HALF_HOURLY, asked).rows


def test_a_clock_ahead_makes_nothing_final_that_has_not_been() -> None:
    with world() as (here, upstream):
        really = upstream.now
        upstream.silent.append(Period(really, really + 20 * HOUR))  # it has not been yet
        upstream.now += 20 * HOUR
        fetch.refresh(here, HALF_HOURLY, Period(really - DAY, upstream.now))
        later = Period(really, upstream.now)
        assert not any(one.final for one in here.store.coverage(HALF_HOURLY, later))
        upstream.silent.clear()
        for hours in (1, 30):  # the clock is right again
            upstream.now = really + hours * HOUR
            fetch.refresh(here, HALF_HOURLY, Period(upstream.now - 2 * DAY, upstream.now))
            assert len(here.store.read(HALF_HOURLY, later)) == min(2 * hours, 40)


def test_an_answer_for_less_than_was_asked_leaves_the_rest_open() -> None:
    with world() as (here, upstream):
        upstream.covers = 0.5
        asked = Period(upstream.now - 20 * DAY, upstream.now - 19 * DAY)
        fetch.refresh(here, HALF_HOURLY, asked)
        assert not fetch.refresh(here, HALF_HOURLY, asked).asked, "not every second"
        upstream.covers = 1.0
        upstream.now += 20 * DAY
        assert fetch.refresh(here, HALF_HOURLY, asked).asked == (
            Period(asked.start, asked.start + DAY / 2),
        )
        assert len(here.store.read(HALF_HOURLY, asked)) == 48


def test_prices_are_silent_only_where_no_price_is_valid() -> None:
    feed = replace(HALF_HOURLY, step=None, cadence=HOUR)
    asked = Period(START, START + 10 * DAY)

    def rates(*spans: tuple[datetime | None, datetime | None]) -> Fetched:
        table = pd.DataFrame(spans, columns=["valid_from", "valid_to"])
        table = table.astype("datetime64[us, UTC]")
        return Fetched(empty_frame("rate"), asked, rates=table)

    assert fetch.silent_in(feed, rates((None, None)), asked) == []
    assert (
        fetch.silent_in(feed, rates((START - DAY, START + DAY), (START + DAY, None)), asked) == []
    )
    found = fetch.silent_in(
        feed, rates((None, START + DAY), (START + 2 * DAY, START + 9 * DAY)), asked
    )
    assert found == [
        Period(START + DAY, START + 2 * DAY),
        Period(START + 9 * DAY, START + 10 * DAY),
    ]
    assert fetch.silent_in(feed, Fetched(empty_frame("rate"), asked), asked) == [asked]
