"""Data sources: states in words, the last error, retry and clear, and never a key."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from energydash import sources
from energydash.answers.sources import health
from energydash.core.errors import Unavailable
from energydash.core.feeds import Feed, Fetched
from energydash.core.findings import Finding
from energydash.core.time import LONDON, Period
from energydash.home.meters import Meter
from energydash.home.tariffs import Agreement
from energydash.sources.grid import isone
from energydash.sync import crawler, documents, fetch
from energydash.sync.context import Context
from energydash.views import cache
from tests.pages.conftest import OpenPage, words

STEP = timedelta(minutes=5)
MIX = Feed("elexon", "GB", "mix", "MW", STEP, LONDON, STEP)


def stored(here: Context, age: timedelta = timedelta(0)) -> None:
    """Two readings of the GB mix, the newest of them `age` old."""
    end = pd.Timestamp(here.now() - age).floor("5min")
    index = pd.DatetimeIndex([end - STEP, end], name="time").as_unit("us")
    frame = pd.DataFrame({"gas": [1.0, 2.0]}, index=index)
    period = Period(index[0].to_pydatetime(), end.to_pydatetime() + STEP)
    here.store.write(MIX, Fetched(frame, period), fetched_at=here.now() - age)


def state_of(here: Context, name: str) -> health.SourceHealth:
    return next(s for s in health.health(here).sources if s.info.name == name)


def test_opens_with_nothing_fetched_and_nothing_configured(open_page: OpenPage) -> None:
    text = words(open_page("data_sources"))
    assert "0 of" in text
    assert "not configured" in text
    assert "Licence" in text or "licence" in text.lower()


def test_a_home_moved_out_of_is_not_stale(here: Context) -> None:
    now, owner = here.now(), here.store.household()
    moved = now - timedelta(days=400)
    bodies = {
        "meter": [
            Meter(id=name, account="a", connected=True, point=f"19{name}", serials=("S",)).to_body()
            for name in ("old", "new")
        ],
        "agreement": [
            Agreement("1", "old", "E-1R-VAR-20-09-22-C", valid_to=moved).to_body(),
            Agreement("2", "new", "E-1R-AGILE-24-10-01-J", valid_from=moved).to_body(),
        ],
    }
    for kind, found in bodies.items():
        for body in found:
            here.store.put(owner, kind, body["id"], body)
    for name, newest in (("old", moved), ("new", now - timedelta(days=1))):
        index = pd.DatetimeIndex([pd.Timestamp(newest).floor("30min")], name="time").as_unit("us")
        span = Period(index[0].to_pydatetime(), index[0].to_pydatetime() + timedelta(minutes=30))
        feed = next(m for m in documents.meters(here.store) if m.id == name).feed(owner)
        frame = pd.DataFrame({"energy": [0.2]}, index=index)
        here.store.write(feed, Fetched(frame, span), fetched_at=now)
    found = state_of(here, "octopus")
    states = {feed.feed.subject: feed.state for feed in found.feeds}
    assert states == {"old": "ended", "new": "live"}
    assert found.state == "live"


def test_states(here: Context) -> None:
    assert state_of(here, "elexon").state == "waiting"
    stored(here, age=timedelta(hours=5))
    assert state_of(here, "elexon").state == "stale"
    stored(here)
    assert state_of(here, "elexon").state == "live"
    assert state_of(here, "elexon").rows == 4
    here.store.set_problem(MIX, Finding("Unavailable", "Elexon refused.", "Wait."))
    assert state_of(here, "elexon").state == "trouble"
    assert "trouble: " in health.in_words(health.health(here))


def test_shows_the_last_error_beside_the_last_good_data(open_page: OpenPage, here: Context) -> None:
    stored(here)
    here.store.set_problem(
        MIX, Finding("Unavailable", "Elexon did not answer.", "Check the network.")
    )
    text = words(open_page("data_sources"))
    assert "Elexon did not answer. Check the network." in text
    assert "2 rows" in text


def test_retry_asks_again_and_the_error_goes(
    open_page: OpenPage, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.store.set_problem(MIX, Finding("Unavailable", "Elexon did not answer."))
    asked: list[Period] = []

    def answer(feed: Feed, period: Period, settings: object) -> Fetched:
        asked.append(period)
        index = pd.DatetimeIndex([period.start], name="time").as_unit("us").floor("5min")
        return Fetched(pd.DataFrame({"gas": [5.0]}, index=index), period)

    monkeypatch.setattr(sources, "fetch", answer)
    app = open_page("data_sources", "feeds_elexon")
    again = app.button(key="again__elexon_GB_mix")
    assert again.label == "Retry GB · mix"
    again.click().run()
    assert asked
    assert here.store.state(MIX).problem is None


def test_retry_that_fails_again_says_so(here: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(feed: Feed, period: Period, settings: object) -> Fetched:
        raise Unavailable("elexon", "Elexon did not answer.")

    monkeypatch.setattr(sources, "fetch", refuse)
    done = health.retry(here, MIX, Period(here.now() - STEP, here.now()))
    assert isinstance(done, fetch.Refreshed)
    assert done.problem is not None


def test_every_page_says_that_the_crawler_is_dead(
    open_page: OpenPage, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawler, "_ensured_at", here.now() - timedelta(hours=5))
    here.store.beat(here.now() - timedelta(seconds=100))
    cache.forget()
    text = words(open_page("data_sources"))
    assert cache.context().crawled
    assert "The crawler, which asks them all, was last at work 2 min ago." in text
    assert "no sign of life" not in text
    here.store.beat(here.now() - timedelta(hours=3))
    cache.forget()
    for page in ("data_sources", "overview"):
        text = words(open_page(page))
        assert "The crawler has given no sign of life since 20 Nov 2026 09:10 UTC." in text
        assert "Being fetched" not in text
    assert not cache.context().crawled


def test_clear_forgets_the_readings_only_after_a_yes(open_page: OpenPage, here: Context) -> None:
    stored(here)
    app = open_page("data_sources", "feeds_elexon")
    app.button(key="clear__elexon_GB_mix").click().run()
    assert here.store.state(MIX).newest is not None
    app.button(key="delete_yes").click().run()
    assert here.store.state(MIX).newest is None


def test_no_key_is_shown(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from energydash.core import settings
    from energydash.sync import context

    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_do_not_show")
    settings.current.cache_clear()
    context.current.cache_clear()
    text = words(open_page("data_sources"))
    assert "[octopus]" in text
    assert "do_not_show" not in text


def test_retry_of_what_only_the_crawler_may_ask_lifts_the_wait(here: Context) -> None:
    feed = next(feed for feed in isone.feeds(here.settings))
    later = here.now() + timedelta(hours=1)
    here.store.set_problem(
        feed, Finding("Unavailable", "ISO-NE asks for fewer requests (429).", retry_at=later)
    )
    period = Period(here.now() - timedelta(hours=1), here.now())
    assert health.retry(here, feed, period) is None
    problem = here.store.state(feed).problem
    assert problem is not None and problem.retry_at == here.now(), "due at once"
