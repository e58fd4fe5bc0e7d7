"""`read` and `refresh` against a real store and a source whose answers the test decides."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from energydash import sources
from energydash.core import settings
from energydash.core.errors import BadCredentials, RateLimited, Unavailable
from energydash.core.feeds import Feed
from energydash.core.time import Period
from energydash.store import open_store
from energydash.store.errors import StoreLocked
from energydash.sync import fetch
from energydash.sync.context import Context
from tests.fakes import HALF_HOURLY, START, FakeSource

DAY = timedelta(days=1)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(START + 10 * DAY)


@pytest.fixture
def fake(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    source = FakeSource(clock.now)
    monkeypatch.setattr(sources, "source", lambda name: source)
    return source


@pytest.fixture
def here(clock: Clock, fake: FakeSource, private_home: Path) -> Iterator[Context]:
    store = open_store(settings.current())
    yield Context(settings.current(), store, clock)
    store.close()


def span(days: float, end: datetime) -> Period:
    return Period(end - days * DAY, end)


def test_a_first_refresh_asks_for_all_of_it_in_pieces_newest_first(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    done = fetch.refresh(here, HALF_HOURLY, span(5, clock.now))
    assert [piece.duration for piece in fake.asked] == [DAY, 2 * DAY, 2 * DAY]
    assert fake.asked[0].end == clock.now
    assert done.rows == 5 * 48 and done.problem is None
    reading = fetch.read(here.store, HALF_HOURLY, span(5, clock.now), clock.now)
    assert reading.origin == "live" and not reading.is_stale(clock.now)
    assert reading.coverage.present == reading.coverage.expected == 5 * 48


def test_nothing_is_asked_again_within_a_cadence(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fetch.refresh(here, HALF_HOURLY, span(2, clock.now))
    clock.now += timedelta(minutes=29)
    assert not fetch.refresh(here, HALF_HOURLY, span(2, clock.now)).asked
    assert len(fake.asked) == 1


def test_a_period_that_ended_just_before_now_is_not_asked_again_every_second(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    """The crawler works out a period, and asks a moment later."""
    moment = timedelta(seconds=1)
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now - moment))
    for _ in range(5):
        clock.now += moment
        fetch.refresh(here, HALF_HOURLY, span(1, clock.now - moment))
        fetch.refresh(here, HALF_HOURLY, Period(clock.now - moment, clock.now))
    assert len(fake.asked) == 1


def test_after_a_cadence_only_what_may_still_change_is_asked_and_in_one_question(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fetch.refresh(here, HALF_HOURLY, span(2, clock.now))
    first = clock.now
    clock.now += timedelta(minutes=30)
    fake.now = clock.now
    fetch.refresh(here, HALF_HOURLY, span(2, clock.now))
    assert fake.asked[1:] == [Period(first - HALF_HOURLY.revises, clock.now)]


def test_a_revised_value_replaces_the_old_one(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    before = here.store.state(HALF_HOURLY).version
    fake.offset = 0.5
    done = fetch.refresh(here, HALF_HOURLY, span(1, clock.now), force=True)
    assert done.changed == 48 and here.store.state(HALF_HOURLY).version > before
    assert (here.store.read(HALF_HOURLY, span(1, clock.now))["load"] % 1 == 0.5).all()


def test_trouble_keeps_the_last_good_data_and_is_told(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    fake.error = Unavailable("Fake", "Fake cannot be reached.", remedy="Wait.")
    clock.now += timedelta(hours=3)
    done = fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    assert done.problem and done.problem.sentence == "Fake cannot be reached."
    reading = fetch.read(here.store, HALF_HOURLY, span(1, clock.now), clock.now)
    assert len(reading.data) == 48 - 6 and reading.is_stale(clock.now)
    assert reading.origin == "stored" and reading.problem is not None
    since = reading.problem.since
    clock.now += timedelta(hours=1)
    again = fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    assert again.problem and again.problem.since == since, "it began when it began"
    fake.error, fake.now = None, clock.now
    assert fetch.refresh(here, HALF_HOURLY, span(1, clock.now)).problem is None
    assert fetch.read(here.store, HALF_HOURLY, span(1, clock.now), clock.now).problem is None


def test_a_rate_limit_is_obeyed_until_its_time(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fake.error = RateLimited("Fake", "Slower.", retry_at=clock.now + timedelta(minutes=5))
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    fake.error = None
    assert fetch.refresh(here, HALF_HOURLY, span(1, clock.now)).problem is not None
    assert len(fake.asked) == 1
    clock.now += timedelta(minutes=6)
    assert fetch.refresh(here, HALF_HOURLY, span(1, clock.now)).rows > 0


def test_bad_credentials_are_a_problem_with_a_remedy(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    fake.error = BadCredentials("Fake", "Fake refused the key (401).", remedy="Check it.")
    done = fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    assert done.problem and done.problem.kind == "BadCredentials" and done.problem.remedy


def test_ten_threads_cause_one_fetch(here: Context, fake: FakeSource, clock: Clock) -> None:
    fake.delay_s = 0.2
    ready = threading.Barrier(10)

    def work() -> None:
        ready.wait()
        fetch.refresh(here, HALF_HOURLY, span(1, clock.now))

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.asked) == 1


def test_missing_rows_are_counted_and_listed_but_not_those_still_to_come(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    hole = Period(clock.now - timedelta(hours=10), clock.now - timedelta(hours=8))
    fake.silent.append(hole)
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    deleted = Period(clock.now - timedelta(hours=20), clock.now - timedelta(hours=19))
    here.store.delete(HALF_HOURLY, deleted)
    ahead = Period(clock.now - DAY, clock.now + DAY)
    coverage = fetch.read(here.store, HALF_HOURLY, ahead, clock.now).coverage
    assert (coverage.present, coverage.expected) == (42, 48)
    assert coverage.missing == (hole,)
    assert coverage.fetching == (deleted,), "what was deleted counts as never fetched"


def awaited(here: Context, feed: Feed, period: Period, now: datetime) -> list[Period]:
    windows = here.store.coverage(feed, fetch.around(feed, period))
    return fetch.awaited(windows, feed, period, now)


def test_what_was_never_asked_for_is_awaited(here: Context, fake: FakeSource, clock: Clock) -> None:
    whole = span(4, clock.now)
    assert awaited(here, HALF_HOURLY, whole, clock.now) == [whole]
    fetch.refresh(here, HALF_HOURLY, span(1, clock.now))
    earlier = Period(whole.start, whole.end - DAY)
    assert awaited(here, HALF_HOURLY, whole, clock.now) == [earlier]
    fetch.refresh(here, HALF_HOURLY, whole)
    assert awaited(here, HALF_HOURLY, whole, clock.now) == []
    # An hour later there is something new, which is no reason to wait; after a day there is.
    now = clock.now + timedelta(hours=1)
    assert awaited(here, HALF_HOURLY, span(1, now), now) == []
    now = clock.now + DAY
    assert awaited(here, HALF_HOURLY, span(2, now), now) == [Period(clock.now, now)]


def test_what_the_upstream_no_longer_has_is_not_awaited(here: Context, clock: Clock) -> None:
    short = replace(HALF_HOURLY, history=DAY)
    found = awaited(here, short, span(4, clock.now), clock.now)
    assert found == [span(1, clock.now)]


def test_the_lease_of_a_killed_process_is_taken_over_at_once(
    here: Context, fake: FakeSource, clock: Clock
) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    here.store.lease(HALF_HOURLY, f"{socket.gethostname()}:{child.pid}:1", 60)
    assert fetch.refresh(here, HALF_HOURLY, span(1, clock.now)).asked
    for alive in (f"{socket.gethostname()}:{os.getpid()}:1", f"elsewhere:{child.pid}:1"):
        here.store.lease(HALF_HOURLY, alive, 60)
        assert fetch.refresh(here, HALF_HOURLY, span(1, clock.now), force=True).busy
        here.store.release(HALF_HOURLY, alive)


def test_a_refresh_waits_its_turn_to_write_unless_told_otherwise(
    here: Context, clock: Clock
) -> None:
    other = open_store(settings.current())
    with ThreadPoolExecutor(1) as pool:
        with other.database.transaction():
            with pytest.raises(StoreLocked):
                fetch.refresh(here, HALF_HOURLY, span(1, clock.now), wait_s=0)
            waiting = pool.submit(fetch.refresh, here, HALF_HOURLY, span(1, clock.now))
        assert waiting.result().rows == 48
    other.close()
