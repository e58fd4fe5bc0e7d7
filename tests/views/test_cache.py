"""What is remembered, and what makes it be worked out again."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energydash.answers import memo
from energydash.core import settings
from energydash.core.feeds import FeedData, Fetched, tidy
from energydash.core.findings import Finding
from energydash.core.time import DAY, Period
from energydash.store import open_store
from energydash.sync import context as context_module
from energydash.sync import fetch, wishes
from energydash.sync.context import Context
from energydash.views import cache
from tests.fakes import HALF_HOURLY, START

NOW = START + timedelta(days=20)
OVER = Period(START, START + DAY)
RUNNING = Period(NOW - DAY, NOW)
OTHER = replace(HALF_HOURLY, subject="Y")

asked: list[str] = []
clock = [NOW]


@pytest.fixture
def here(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    chosen = settings.current()
    store = open_store(chosen)
    made = Context(chosen, store, lambda: clock[0])
    monkeypatch.setattr(context_module, "current", functools.cache(lambda: made))
    monkeypatch.setattr(memo, "PULSE_KEEPS_S", 0.0)
    cache.forget()
    asked.clear()
    clock[0] = NOW
    yield made
    wishes.settle()
    cache.forget()
    store.close()


def load(here: Context, period: Period) -> FeedData:
    asked.append("load")
    return fetch.read(here.store, HALF_HOURLY, period, here.now())


def newest(here: Context) -> datetime | None:
    asked.append("newest")
    return here.store.state(HALF_HOURLY).newest


def meters(here: Context) -> list[str]:
    asked.append("meters")
    return list(here.store.own("meter")["meter"])


def put(here: Context, period: Period, value: float = 1.0, feed=HALF_HOURLY) -> None:  # type: ignore[no-untyped-def]
    index = pd.date_range(period.start, period.end, freq="30min", inclusive="left")
    rows = tidy(pd.DataFrame({"load": value}, index=index))
    here.store.write(feed, Fetched(rows, period), fetched_at=here.now(), final_before=here.now())


def test_a_finished_period_is_kept_until_its_feed_changes(here: Context) -> None:
    put(here, OVER)
    first = cache.ask(load, OVER)
    clock[0] += timedelta(days=3)
    put(here, RUNNING, feed=OTHER)
    assert cache.ask(load, OVER) == first and asked == ["load"]
    put(here, OVER, 2.0)
    again = cache.ask(load, OVER)
    assert again.key != first.key and asked == ["load"] * 2
    assert again.result.data["load"].iloc[0] == 2.0
    here.store.set_problem(HALF_HOURLY, Finding("Unavailable", "It is down."))
    assert cache.answer(load, OVER).problem is not None and asked == ["load"] * 3


def test_a_finished_period_that_is_still_to_be_fetched_is_looked_at_again(here: Context) -> None:
    assert cache.answer(load, OVER).awaited
    index = pd.DatetimeIndex([])
    nothing = tidy(pd.DataFrame({"load": []}, index=index.tz_localize("UTC")))
    put(here, RUNNING)
    cache.answer(load, OVER)
    here.store.write(HALF_HOURLY, Fetched(nothing, OVER), fetched_at=NOW)  # moves no version
    clock[0] += memo.FRESH
    assert not cache.answer(load, OVER).awaited


def test_an_answer_about_now_is_worked_out_every_half_minute(here: Context) -> None:
    put(here, RUNNING)
    for later, times in ((timedelta(0), 1), (timedelta(0), 1), (memo.FRESH, 2)):
        clock[0] += later
        cache.answer(load, RUNNING)
        cache.answer(newest)
        assert asked.count("load") == asked.count("newest") == times


def test_documents_that_change_are_seen(here: Context) -> None:
    owner = here.store.household()
    assert cache.answer(meters) == []
    here.store.put(owner, "meter", "m1", {})
    assert cache.answer(meters) == ["m1"]
    here.store.put(owner, "tariff", "t1", {})
    assert cache.answer(meters) == ["m1"] and asked == ["meters"] * 2


def test_one_look_at_the_store_serves_every_card(
    here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "PULSE_KEEPS_S", 60.0)
    looks = []
    pulse = type(here.store).pulse
    monkeypatch.setattr(type(here.store), "pulse", lambda store: (looks.append(1), pulse(store))[1])
    for _ in range(3):
        cache.answer(load, OVER)
        cache.answer(load, RUNNING)
        cache.answer(meters)
    assert len(looks) == 1


def test_only_so_much_is_remembered_and_the_last_used_stays() -> None:
    kept: memo.Recent[int] = memo.Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_what_is_remembered_may_weigh_so_much_and_no_more() -> None:
    kept: memo.Recent[bytes] = memo.Recent(10, len)
    for key, size in (("a", 4), ("b", 4), ("a", 5), ("c", 11), ("d", 1)):
        assert kept.put(key, b"x" * size) == b"x" * size
    assert [key for key in "abcd" if kept.get(key)] == ["a", "b", "d"], "the heavy one evicts none"
    kept.put("e", b"x" * 8)
    assert [key for key in "abde" if kept.get(key)] == ["d", "e"]
    kept.clear()
    assert kept.get("e") is None


def test_what_is_on_screen_is_wished_for_even_where_it_is_remembered(here: Context) -> None:
    cache.answer(load, OVER)
    wishes.settle()
    assert [wish.period for wish in here.store.wanted(START)] == [OVER]


def _both(first: FeedData, second: FeedData) -> float:
    asked.append("drawn")
    return float(first.data["load"].sum() - second.data["load"].sum())


def test_what_is_drawn_of_two_answers_is_drawn_again_when_either_moves(here: Context) -> None:
    earlier = Period(OVER.start - DAY, OVER.start)
    put(here, OVER, 2.0)
    put(here, earlier, 1.0)
    for _ in range(2):
        assert cache.draw(cache.ask(load, OVER), _both, cache.ask(load, earlier)) == 48.0
    assert asked.count("drawn") == 1
    put(here, earlier, 1.5)
    assert cache.draw(cache.ask(load, OVER), _both, cache.ask(load, earlier)) == 24.0
    assert cache.draw(cache.ask(load, earlier), _both, cache.ask(load, OVER)) == -24.0
