"""The accounts are asked again: every day by the crawler, and by whoever fetches."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energydash.answers import home
from energydash.answers.home.accounts import DAILY
from energydash.answers.jobs import WORKS
from energydash.core import settings
from energydash.core.time import Period
from energydash.home.meters import Meter
from energydash.sources.octopus import graphql
from energydash.store import open_store
from energydash.sync import crawler, documents, jobs
from energydash.sync.context import Context
from tests import clock
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.octopus import HOST
from tests.upstreams.server import Upstreams

FIRST = datetime(2026, 11, 20, 12, tzinfo=UTC)
SWITCHED = datetime(2026, 11, 21, tzinfo=UTC)
DAYS = Period(FIRST - timedelta(days=3), FIRST)
NEW = "E-1R-FLUX-IMPORT-23-02-14-J"


@pytest.fixture
def account(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The stand-in's first account, brought in on the first day."""
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    clock.set_now(FIRST)
    upstreams.world.publish(f"octopus/{homes.IMPORT_MPAN}/energy", 0.5)  # none is late
    here = Context(settings.current(), open_store(settings.current()))
    home.ingest(here, DAYS)
    yield here
    here.store.close()


def switch(upstreams: Upstreams, at: datetime = SWITCHED) -> None:
    """The import meter leaves Agile for Flux."""
    changed = deepcopy(homes.first())
    agreed = changed["properties"][1]["electricity_meter_points"][0]["agreements"]
    agreed[-1]["valid_to"] = at.isoformat()
    agreed.append({"tariff_code": NEW, "valid_from": at.isoformat(), "valid_to": None})
    publish(upstreams, changed)


def publish(upstreams: Upstreams, account: dict[str, Any]) -> None:
    upstreams.world.publish(f"octopus/account/{homes.ACCOUNT}", account)


def crawl(here: Context) -> None:
    """What a crawler does in a round about the accounts."""
    crawler.run(here, once=True, works={DAILY: WORKS[DAILY]})


def import_meter(here: Context) -> Meter:
    return next(one for one in documents.meters(here.store) if one.point == homes.IMPORT_MPAN)


def agreed(here: Context) -> list[str]:
    mine = import_meter(here).id
    return [one.tariff for one in documents.agreements(here.store) if one.meter == mine]


def cost(here: Context, day: datetime) -> tuple[list[str], float]:
    """The tariffs on the bill of a day of the import meter, and kWh without a price."""
    bill = home.bill(here, Period(day, day + timedelta(days=1)), import_meter(here).id).bill
    [statement] = bill.statements
    return sorted({line.rate.tariff for line in statement.lines}), float(statement.unpriced_kwh)


def test_a_switch_is_seen_by_the_crawler_the_next_day(
    account: Context, upstreams: Upstreams
) -> None:
    crawl(account)
    assert agreed(account)[-1] == "E-1R-AGILE-24-10-01-J"
    switch(upstreams)
    asked = upstreams.counts[HOST]
    clock.set_now(FIRST + timedelta(hours=11))
    crawl(account)
    assert agreed(account)[-1] != NEW, "once a day is enough"
    clock.set_now(SWITCHED + timedelta(days=1, hours=7))
    crawl(account)
    assert upstreams.counts[HOST] > asked
    assert agreed(account)[-2:] == ["E-1R-AGILE-24-10-01-J", NEW]
    tariffs, unpriced = cost(account, SWITCHED)
    assert tariffs == [NEW]  # the price of the new tariff came with it, and the readings since
    assert unpriced == 0
    [job] = jobs.unfinished(account, DAILY)
    assert job.retry_at == datetime(2026, 11, 23, tzinfo=UTC)
    # a switch since the last look is news, not a change of time gone by
    assert documents.earlier_agreements(account.store) == {}


def test_a_switch_is_seen_by_ingest(account: Context, upstreams: Upstreams) -> None:
    switch(upstreams)
    clock.set_now(SWITCHED + timedelta(days=1, hours=7))
    home.ingest(account, Period(SWITCHED, SWITCHED + timedelta(days=1)))
    assert cost(account, SWITCHED) == ([NEW], 0.0)


def test_a_reading_after_the_last_known_agreement(account: Context, upstreams: Upstreams) -> None:
    """A fixed year ends; what follows is in the account only afterwards."""
    ended = deepcopy(homes.first())
    last = ended["properties"][1]["electricity_meter_points"][0]["agreements"][-1]
    last["valid_to"] = SWITCHED.isoformat()
    publish(upstreams, ended)
    home.connect(account)
    clock.set_now(SWITCHED + timedelta(hours=1))
    crawl(account)
    switch(upstreams)
    clock.set_now(SWITCHED + timedelta(days=1, hours=7))
    crawl(account)
    assert cost(account, SWITCHED) == ([NEW], 0.0)


def test_a_key_that_nobody_connected_is_tried_and_nothing_is_kept(
    account: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = account.store.household()
    for meter in documents.meters(account.store):
        account.store.put(owner, "meter", meter.id, replace(meter, connected=False).to_body())
    clock.set_now(SWITCHED + timedelta(hours=1))
    crawl(account)
    assert not any(one.connected for one in documents.meters(account.store))
    assert documents.accounts(account.store)[""].read_at == SWITCHED + timedelta(hours=1)


def test_a_refused_key_is_kept_with_the_account_until_it_works(
    account: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_wrongwrong")
    settings.current.cache_clear()
    clock.set_now(SWITCHED + timedelta(hours=1))
    wrong = replace(account, settings=settings.current())
    crawl(wrong)
    known = documents.accounts(account.store)[""]
    assert known.problem
    assert known.problem.kind == "BadCredentials"
    assert known.read_at == FIRST
    [job] = jobs.unfinished(account, DAILY)
    assert job.retry_at == SWITCHED + timedelta(hours=1, minutes=15)
    home.read_daily(account)  # energydash starts again, with the right key
    crawl(account)
    assert documents.accounts(account.store)[""].problem is None
