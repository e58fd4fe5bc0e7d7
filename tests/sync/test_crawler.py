"""What the crawler thinks is due, and that one round keeps it up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from energydash import sources
from energydash.core import settings
from energydash.core.errors import BadCredentials, InputError, Unavailable
from energydash.core.time import Period
from energydash.store import open_store
from energydash.sync import crawler
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


def test_trouble_is_tried_again_soon_but_a_bad_key_later(
    here: Context, fake: FakeSource, clock: list[datetime]
) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    fake.error = Unavailable("Fake", "Fake cannot be reached.")
    one_round(here)
    clock[0] += timedelta(seconds=1)
    assert crawler.due(here) == []
    clock[0] += timedelta(seconds=crawler.RETRY_S)
    assert len(crawler.due(here)) == 1
    fake.error = BadCredentials("Fake", "Fake refused the key (401).")
    one_round(here)
    clock[0] += timedelta(minutes=5)
    assert len(crawler.due(here)) == 1  # no key is sent to it: it may block us for a while
    fake.INFO = replace(fake.INFO, personal=True)
    assert crawler.due(here) == []


def test_one_crawler_a_machine(here: Context, fake: FakeSource) -> None:
    here.store.want({HALF_HOURLY: None}, NOW)
    with FileLock(here.settings.home / "crawler.lock").acquire():
        assert one_round(here) == []
    assert one_round(here)


def test_filling_a_stretch_says_what_it_did(here: Context, fake: FakeSource) -> None:
    period = crawler.stretch(here, "2026-03-02", "2026-03-04", None)
    assert list(crawler.fill(here, period)) == [], "nobody looks at it"
    here.store.want({HALF_HOURLY: None}, NOW)
    assert list(crawler.fill(here, period, dry_run=True)) == [
        "fake X load: 2026-03-02T00:00Z/2026-03-04T00:00Z"
    ]
    assert fake.asked == []
    assert list(crawler.fill(here, period)) == ["fake X load: 96 rows, 96 changed, 0 withdrawn"]
    assert list(crawler.fill(here, period, dry_run=True)) == ["fake X load: nothing to fetch"]
    assert list(crawler.fill(here, period, subjects=["Y"])) == []
    with pytest.raises(InputError, match=r"ends .* before it starts"):
        crawler.stretch(here, "2026-03-04", "2026-03-02", None)
