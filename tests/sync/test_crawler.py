"""What the crawler thinks is due, and that one round keeps it up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from energydash import sources
from energydash.answers.sources import health
from energydash.core import settings
from energydash.core.errors import BadCredentials, InputError, StoreError, Unavailable
from energydash.core.feeds import Feed, Fetched
from energydash.core.time import Period
from energydash.store import Store, open_store
from energydash.sync import crawler, fetch, filling, heartbeat, patience
from energydash.sync.context import Context
from energydash.sync.fetch import Refreshed
from tests.fakes import HALF_HOURLY, START, FakeSource

NOW = START + timedelta(days=10)


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    source = FakeSource(NOW)
    monkeypatch.setattr(sources, "source", lambda name: source)
    monkeypatch.setattr(sources, "MODULES", {"fake": "fake"})
    crawler._tried.clear()
    crawler._said.clear()
    monkeypatch.setattr(crawler, "_patience", patience.Patience(lambda: 0.0))
    crawler._listened.clear()
    return source


@pytest.fixture
def here(fake: FakeSource, clock: list[datetime], private_home: Path) -> Iterator[Context]:
    store = open_store(settings.current())
    yield Context(settings.current(), store, lambda: clock[0])
    store.close()


def one_round(here: Context) -> list[Refreshed]:
    results: list[Refreshed] = []
    crawler.run(here, once=True, report=results.append)
    return results


def test_a_feed_that_nobody_looks_at_is_left_alone(here: Context, fake: FakeSource) -> None:
    assert crawler.due(here) == [] and one_round(here) == [] and fake.asked == []


def test_a_feed_that_somebody_looks_at_is_kept_up_to_date(
    here: Context, fake: FakeSource, clock: list[datetime]
) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    assert sum(result.rows for result in one_round(here)) == 2 * 48
    assert crawler.due(here) == [], "not again within its cadence"
    clock[0] = fake.now = NOW + HALF_HOURLY.cadence
    (again,) = one_round(here)
    assert again.asked and here.store.state(HALF_HOURLY).newest == NOW


def test_a_period_that_was_asked_for_is_filled_too(here: Context, fake: FakeSource) -> None:
    old = Period(START + timedelta(days=1), START + timedelta(days=2))
    here.store.want({HALF_HOURLY: old}, NOW)
    one_round(here)
    assert len(here.store.read(HALF_HOURLY, old)) == 48


def test_a_source_that_answers_for_less_is_not_asked_every_second(
    here: Context, fake: FakeSource, clock: list[datetime]
) -> None:
    fake.covers = 0.5
    here.store.want({HALF_HOURLY: None}, NOW)
    one_round(here)
    clock[0] += timedelta(seconds=2)
    assert crawler.due(here) == []
    here.store.want({HALF_HOURLY: Period(START, START + timedelta(days=1))}, NOW)
    assert len(crawler.due(here)) == 1, "somebody wants something else"
    clock[0] += timedelta(seconds=crawler.RETRY_S)
    assert len(crawler.due(here)) == 1


def test_interest_fades_after_a_week(here: Context, clock: list[datetime]) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    clock[0] = NOW + timedelta(days=8)
    assert crawler.due(here) == []


def test_trouble_is_tried_again_ever_later(
    here: Context, fake: FakeSource, clock: list[datetime]
) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    fake.error = Unavailable("Fake", "Fake cannot be reached.")
    asked, last = [], clock[0]
    since = clock[0]
    while clock[0] < since + timedelta(days=1):  # looked at every minute, and then less often
        if crawler.due(here):
            one_round(here)
            asked.append((clock[0] - last) / timedelta(minutes=1))
            last = clock[0]
        clock[0] += timedelta(minutes=1 if len(asked) < 6 else 10)
    assert asked[:6] == [0, 1, 1, 2, 4, 8], "each time twice as late"
    assert 20 < len(fake.asked) < 40, "a dead host is asked some thirty times a day"
    fake.error, fake.now = None, clock[0]
    clock[0] += patience.LONGEST
    assert one_round(here)[0].rows
    fake.error = Unavailable("Fake", "Fake cannot be reached.")
    clock[0] += timedelta(hours=1)
    one_round(here)
    clock[0] += patience.FIRST
    assert crawler.due(here), "soon again, for it had worked"


def test_a_refused_key_is_tried_every_quarter_of_an_hour(
    here: Context, fake: FakeSource, clock: list[datetime]
) -> None:
    fake.INFO = replace(fake.INFO, personal=True)
    here.store.want({HALF_HOURLY: None}, NOW)
    fake.error = BadCredentials("Fake", "Fake refused the key (401).")
    one_round(here)
    clock[0] += timedelta(minutes=14)
    assert crawler.due(here) == []
    clock[0] += timedelta(minutes=1)
    assert len(crawler.due(here)) == 1


def test_fetch_now_is_now(here: Context, fake: FakeSource, clock: list[datetime]) -> None:
    fake.INFO = replace(fake.INFO, crawler_only=True)
    here.store.want({HALF_HOURLY: None}, NOW)
    fake.error = Unavailable("Fake", "Fake cannot be reached.")
    one_round(here)
    clock[0] += timedelta(seconds=1)
    assert crawler.due(here) == []
    assert health.retry(here, HALF_HOURLY, Period(START, NOW)) is None
    assert len(crawler.due(here)) == 1


@pytest.mark.parametrize("error", [KeyError("secret"), RecursionError(), MemoryError()])
def test_whatever_a_source_raises_is_the_feeds_problem_and_logged_once(
    here: Context,
    fake: FakeSource,
    clock: list[datetime],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    fake.error = error
    for _ in range(5):
        one_round(here)
        clock[0] += patience.LONGEST
    assert len(fake.asked) == 5
    problem = here.store.state(HALF_HOURLY).problem
    assert problem
    assert problem.sentence.startswith("Fake sent data in a form that is not known")
    assert problem.since == NOW
    fake.error, fake.now = None, clock[0]
    one_round(here)
    assert here.store.state(HALF_HOURLY).problem is None
    said = [record.message for record in caplog.records if record.levelname != "INFO"]
    assert said == [f"fake X load: {problem.sentence}", "fake X load: works again"]


@pytest.mark.parametrize(
    "period",
    [
        Period(datetime.min.replace(tzinfo=UTC), START),
        Period(START, datetime.max.replace(tzinfo=UTC)),
        Period(START, START),
    ],
)
def test_a_wish_can_be_anything(
    here: Context, fake: FakeSource, period: Period, caplog: pytest.LogCaptureFixture
) -> None:
    here.store.want({HALF_HOURLY: period}, NOW)
    one_round(here)
    assert not caplog.records
    assert fake.asked
    assert min(one.start for one in fake.asked) >= NOW - crawler.LONGEST_WISH


def test_one_broken_feed_does_not_stop_the_others(
    here: Context, fake: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(HALF_HOURLY, subject="Y")
    monkeypatch.setattr(fake, "feeds", lambda settings: (broken, HALF_HOURLY))
    here.store.want({broken: None, HALF_HOURLY: None}, NOW)
    real = fetch.missing

    def missing(store: Store, feed: Feed, *more: Any) -> list[Period]:
        if feed == broken:
            raise OverflowError("date value out of range")
        return real(store, feed, *more)

    monkeypatch.setattr(fetch, "missing", missing)
    assert [one.feed for one in one_round(here)] == [HALF_HOURLY]


def test_an_upstream_that_is_away_is_not_asked_for_its_other_feeds(
    here: Context, fake: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = tuple(replace(HALF_HOURLY, subject=name) for name in "ABC")
    monkeypatch.setattr(fake, "feeds", lambda settings: several)
    here.store.want(dict.fromkeys(several), NOW)
    fake.error = Unavailable("Fake", "Fake cannot be reached.")
    assert len(one_round(here)) == 1
    assert crawler.due(here) == []


def test_the_crawler_says_that_it_lives(here: Context, clock: list[datetime]) -> None:
    assert here.store.pulse().crawled_at is None
    beaten = crawler._live(here, None)
    clock[0] += heartbeat.EVERY / 2
    assert crawler._live(here, beaten) == beaten
    assert here.store.pulse().crawled_at == NOW, "not every second"
    clock[0] += heartbeat.EVERY / 2
    crawler._live(here, beaten)
    assert here.store.pulse().crawled_at == clock[0]
    clock[0] = NOW - timedelta(hours=20)  # the clock was ahead, and was set right
    crawler._live(here, beaten)
    assert here.store.pulse().crawled_at == clock[0]


def test_a_heartbeat_is_best_effort(
    here: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(Store, "beat", refuse)
    crawler._live(here, None)
    assert not caplog.records


def test_what_hangs_is_named_once_until_it_ends(
    here: Context, fake: FakeSource, clock: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    answer, named = fake.fetch, []

    def hang(*question: Any) -> Fetched:
        for _ in range(3):
            clock[0] += timedelta(minutes=1)
            crawler._live(here, NOW)
            named.append(here.store.state(HALF_HOURLY).problem)
        return answer(*question)

    fake.fetch = hang  # type: ignore[method-assign]
    one_round(here)
    assert named[:2] == [None, None], "a question may take two minutes"
    problem = named[2]
    assert problem and problem.since == NOW
    assert problem.sentence == (
        "Fake has been asked for fake X load since 11 Mar 00:00 UTC, without an end."
    )
    assert here.store.state(HALF_HOURLY).problem is None
    said = [record.message for record in caplog.records if record.levelname != "INFO"]
    assert said == [f"fake X load: {problem.sentence}", "fake X load: works again"]


def test_one_crawler_a_machine(here: Context, fake: FakeSource) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    with FileLock(here.settings.home / "crawler.lock").acquire():
        assert one_round(here) == []
    assert one_round(here)


def test_filling_a_stretch_says_what_it_did(here: Context, fake: FakeSource) -> None:
    period = filling.stretch(here, "2026-03-02", "2026-03-04", None)
    assert list(filling.fill(here, period)) == [], "nobody looks at it"
    here.store.want({HALF_HOURLY: None}, NOW)
    assert list(filling.fill(here, period, dry_run=True)) == [
        "fake X load: 2026-03-02T00:00Z/2026-03-04T00:00Z"
    ]
    assert fake.asked == []
    assert list(filling.fill(here, period)) == ["fake X load: 96 rows, 96 changed, 0 withdrawn"]
    assert list(filling.fill(here, period, dry_run=True)) == ["fake X load: nothing to fetch"]
    assert list(filling.fill(here, period, subjects=["Y"])) == []
    with pytest.raises(InputError, match=r"ends .* before it starts"):
        filling.stretch(here, "2026-03-04", "2026-03-02", None)
