"""Wishes are best effort, and beside the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from energydash.core import settings
from energydash.core.errors import StoreError
from energydash.core.time import DAY, Period
from energydash.store import Store, open_store, reads
from energydash.store.errors import StoreFull, StoreLocked
from energydash.sync import fetch, wishes
from energydash.sync.context import Context
from tests.fakes import HALF_HOURLY, START

NOW = START + timedelta(days=10)
PERIOD = Period(START, START + DAY)


@pytest.fixture
def here(private_home: Path) -> Iterator[Context]:
    chosen = settings.current()
    store = open_store(chosen)
    yield Context(chosen, store, lambda: NOW)
    wishes.settle()
    store.close()


def test_what_was_read_is_wished_for_up_to_now(here: Context) -> None:
    with wishes.noted(here):
        fetch.read(here.store, HALF_HOURLY, PERIOD, NOW)
        fetch.read(here.store, HALF_HOURLY, Period(START + DAY, NOW + DAY), NOW)
    wishes.settle()
    (wish,) = here.store.wanted(NOW - DAY)
    assert (wish.key, wish.at, wish.period) == (HALF_HOURLY.key, NOW, Period(START, NOW))


def test_a_wish_is_written_once_a_minute_unless_it_is_for_more(
    here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    want = Store.want

    def noted(store: Store, news: dict[object, Period], *rest: object, **named: object) -> None:
        written.append(list(news.values()))
        want(store, news, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "want", noted)
    later = Period(START + DAY, START + 2 * DAY)
    for period in (PERIOD, PERIOD, later, later):
        wishes.note(here, {HALF_HOURLY: period})
        wishes.settle()
    assert written == [[PERIOD], [later]]


@pytest.mark.parametrize("error", [StoreLocked, StoreFull, StoreError])
def test_a_store_that_cannot_be_written_loses_a_wish_without_a_word(
    here: Context, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("The store cannot be written.")

    monkeypatch.setattr(Store, "want", fail)
    with wishes.noted(here):
        fetch.read(here.store, HALF_HOURLY, PERIOD, NOW)
    wishes.settle()
    assert here.store.wanted(START) == []


def test_a_households_meters_are_not_wished_for(here: Context) -> None:
    with reads.watched() as seen:
        fetch.read(here.store, replace(HALF_HOURLY, owner="me", source="octopus"), PERIOD, NOW)
        fetch.read(here.store, replace(HALF_HOURLY, owner="me", source="aretas"), PERIOD, NOW)
    wishes.note(here, seen.asked)
    wishes.settle()
    assert [wish.key[1] for wish in here.store.wanted(START)] == ["aretas"]
