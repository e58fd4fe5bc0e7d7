"""On a phone: the figures first, controls behind a button that says them, tables as cards."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData
from energydash.core.time import HALF_HOUR
from energydash.sync.context import Context
from energydash.views import components, viewer
from tests.pages.conftest import OpenPage


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "is_phone", lambda: True)


def buttons(app: AppTest) -> list[str]:
    """The names of the buttons that open something, in order."""
    return [one.label.replace("\\", "") for one in app.button if str(one.key).endswith("_opens")]


def cards(app: AppTest) -> list[str]:
    """The rows that are drawn as cards."""
    said = [str(one.value).replace("\\", "") for one in app.markdown]
    return [text for text in said if text.startswith("**")]


@pytest.mark.usefixtures("phone")
def test_controls_are_behind_buttons_that_say_them(open_page: OpenPage) -> None:
    assert buttons(open_page("electricity_costs", by="month")) == ["Period: 30d", "by month · £"]
    assert buttons(open_page("tariff_comparison", range="7d")) == [
        "Period: 7d", "electricity · tariffs"
    ]  # fmt: skip
    app = open_page("generation_mix")
    assert buttons(app) == ["Period: 24h"]
    app.segmented_control(key="range").set_value("Year").run()
    assert buttons(app) == ["Period: Year"]
    app.button(key="range_earlier").click().run()
    assert any("Wed 1 Jan – Wed 31 Dec 2025" in str(one.value) for one in app.caption)


@pytest.mark.usefixtures("phone")
def test_the_bill_and_the_ranking_are_cards_with_the_money_first(open_page: OpenPage) -> None:
    bill = open_page("electricity_costs", view="Bill", range="30d")
    assert not bill.dataframe
    assert cards(bill)[0].startswith("**£") and "Flux Import" in cards(bill)[0]
    assert any("Standing charge, 30 days" in text for text in cards(bill))
    ranked = cards(open_page("tariff_comparison"))
    pounds = [float(text.split("**")[1].removeprefix("£").replace(",", "")) for text in ranked
              if text.startswith("**£")]  # fmt: skip
    assert len(pounds) > 3 and pounds == sorted(pounds)


@pytest.mark.usefixtures("phone")
def test_the_overview_begins_with_what_it_costs(open_page: OpenPage) -> None:
    labels = [metric.label for metric in open_page("overview").metric]
    assert labels[0] == "Price, p/kWh" and labels[1].endswith(", net")


def test_a_wide_screen_has_tables_and_everything_in_sight(open_page: OpenPage) -> None:
    app = open_page("electricity_costs", view="Bill", range="30d")
    assert app.dataframe and not cards(app)
    assert buttons(app) == ["Go to a date, copy a link"]
    labels = [metric.label for metric in open_page("overview").metric]
    assert labels[0] == "Carbon, g/kWh"


def test_cells_are_said_and_nothing_is_nothing() -> None:
    at = pd.Timestamp("2026-11-24 15:30")
    said = [components.cell_words(one, 2) for one in (1234.5, float("nan"), pd.NaT, at, "a", 3)]
    assert said == ["1,234.50", "", "", "24 Nov 2026 15:30", "a", "3"]


def test_a_link_to_the_view_has_what_was_chosen(open_page: OpenPage) -> None:
    app = open_page("generation_mix", range="Custom", dates=["2026-11-01", "2026-11-03"])
    link = app.code[0].value
    assert "range=Custom" in link
    assert "dates=2026-11-01" in link and "dates=2026-11-03" in link


@pytest.mark.parametrize("page", ["electricity_costs", "tariff_comparison"])
def test_costs_keep_themselves_up_to_date(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    import streamlit as st

    beats: dict[str, Any] = {}
    made = st.fragment

    def fragment(part: Any, *, run_every: Any, key: str) -> Any:
        beats[key] = run_every
        return made(part, run_every=run_every, key=key)

    monkeypatch.setattr(st, "fragment", fragment)
    key = {"electricity_costs": "costs", "tariff_comparison": "comparison_live"}[page]
    open_page(page)
    assert beats[key] == timedelta(seconds=10)
    open_page(page, range="Month", at="2026-10-03")
    assert beats[key] is None


def test_only_what_a_card_draws_and_ought_to_be_newer_is_stale(
    here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    page = SimpleNamespace(badge=lambda text, **_: said.append(text))
    monkeypatch.setattr(components, "st", page)
    now = here.now()
    feed = Feed("elexon", "GB", "mix", "MW", HALF_HOUR, "UTC", HALF_HOUR)

    def found(age: timedelta, present: int, asked: int = 48, rows: int = 1) -> FeedData:
        frame = pd.DataFrame({"gas": [1.0] * rows}, index=pd.DatetimeIndex([now] * rows))
        return FeedData(frame, feed, now, now - age, Coverage(present, asked, step=HALF_HOUR))

    fresh, years, hours = timedelta(minutes=20), timedelta(weeks=188), timedelta(hours=5)
    components.stale_badge(found(fresh, 48), found(years, 0, rows=0))  # nothing of it is drawn
    components.stale_badge(found(hours, 48))  # a day of last week, and all of it is there
    assert not said
    components.stale_badge(found(hours, 38), found(years, 0, rows=0))
    components.stale_badge(found(hours, 0, rows=0))  # what the card is about
    components.stale_badge(found(fresh, 48), found(hours, 40))
    assert said == ["stale, 5 h old"] * 3
