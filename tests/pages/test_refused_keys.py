"""A refused key is said on every page, in one place, once, with what to do; until it works."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from energydash.answers import home
from energydash.answers.jobs import WORKS
from energydash.answers.sources.health import health
from energydash.core import settings
from energydash.core.access import Viewer
from energydash.core.errors import BadCredentials
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.time import HALF_HOUR, LONDON
from energydash.sync import crawler
from energydash.sync.context import Context
from energydash.views import cache
from tests.pages.conftest import OpenPage, watch_as, words
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.server import Upstreams

PAGES = ("overview", "electricity_costs", "tariff_comparison", "home_settings", "battery",
         "data_sources", "carbon_intensity")  # fmt: skip


@pytest.fixture
def wrong(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A wrong key in the settings, which the crawler has tried."""
    return tried(monkeypatch, "sk_live_wrongwrong", homes.ACCOUNT)


def tried(monkeypatch: pytest.MonkeyPatch, key: str, number: str) -> Context:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", key)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", number)
    settings.current.cache_clear()
    cache.context.__globals__["context_module"].current.cache_clear()
    here = cache.context()
    home.read_daily(here)
    crawler.run(here, once=True, works=WORKS)
    return here


def said(app: AppTest) -> list[str]:
    """Every sentence about the key, wherever it is."""
    everything = [*words(app).split("\n"), *(one.value for one in app.warning),
                  *(one.value for one in app.error), *(one.value for one in app.info)]  # fmt: skip
    return [one for one in everything if "refused the key" in one or "knows no account" in one]


@pytest.mark.parametrize("page", PAGES)
def test_a_wrong_key_is_said_once_on_every_page(
    open_page: OpenPage, wrong: Context, page: str
) -> None:
    assert next(s for s in health(wrong).sources if s.info.name == "octopus").state == "trouble"
    (sentence,) = said(open_page(page))
    assert "\\[octopus\\] of secrets.toml" in sentence
    assert "Put the api\\_key there" in sentence


def test_connecting_with_it_says_it_once_too(open_page: OpenPage, wrong: Context) -> None:
    app = open_page("electricity_costs")
    next(one for one in app.button if one.label.startswith("Connect and fetch")).click()
    app.run(timeout=60)
    assert len(said(app)) == 1


def test_a_wrong_account_number_is_said_too(
    open_page: OpenPage, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(monkeypatch, homes.KEY, "A-00000000")
    (sentence,) = said(open_page("overview"))
    assert "Compare account\\_number with the one on your bill" in sentence


def test_it_goes_when_the_key_works(
    open_page: OpenPage, wrong: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(monkeypatch, homes.KEY, homes.ACCOUNT)
    assert said(open_page("overview")) == []


def test_nobody_else_reads_of_it(
    open_page: OpenPage, wrong: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch_as(monkeypatch, Viewer(is_loopback=False))
    assert said(open_page("overview")) == []


def test_an_upstream_without_a_key_that_blocks_is_no_refused_key(
    open_page: OpenPage, here: Context
) -> None:
    feed = Feed("elexon", "GB", "mix", "MW", HALF_HOUR, LONDON, HALF_HOUR)
    blocked = Finding(BadCredentials.__name__, "Elexon refuses to answer (403).")
    here.store.set_problem(feed, blocked)
    app = open_page("overview")
    assert not any("refuses to answer" in one.value for one in app.warning)


def test_the_account_tab_says_what_is_connected(
    open_page: OpenPage, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tried(monkeypatch, homes.KEY, homes.ACCOUNT)
    text = words(open_page("home_settings"))
    assert "the account is not connected yet" in text
    home.connect(here)
    cache.forget()
    text = words(open_page("home_settings"))
    assert f"connected as account …{homes.ACCOUNT[-4:]}, 5 meters, last asked on" in text
    assert homes.ACCOUNT not in text
    assert "its agreement ended on 2 May 2023" in text
