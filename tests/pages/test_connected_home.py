"""A new user's journey: a key, one click, a year by month; page, command line and a plain loop over
the half-hours say the same. It is one test, for every step needs the year that the click fetched.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from click import Command
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from energydash.cli.home import bill, costs
from energydash.core import settings
from energydash.core.time import LONDON, Period, zone_info
from energydash.home.meters import Direction, Energy
from energydash.sources.octopus import graphql
from energydash.sync import documents
from energydash.sync.context import Context
from energydash.views import cache, formatting
from tests.pages.conftest import OpenPage
from tests.pages.conftest import words as said_by
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.server import Upstreams

PAGE = "electricity_costs"


@pytest.fixture
def with_key(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The stand-in's first account in the settings; nothing asked yet."""
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    return cache.context()


def connect(app: AppTest) -> None:
    next(one for one in app.button if one.label.startswith("Connect and fetch")).click()
    app.run(timeout=120)
    assert not app.exception, [error.message for error in app.exception]


def command(what: Command, period: Period, *more: str) -> dict[str, Any]:
    """What a command prints about whole local days."""
    first, end = (at.astimezone(zone_info(LONDON)).date() for at in (period.start, period.end))
    done = CliRunner().invoke(what, ["--from", str(first), "--to", str(end), *more])
    assert not done.exit_code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def by_hand(here: Context, period: Period) -> Decimal:
    """Import in £: one half-hour at a time, each with the published price that holds then."""
    store = here.store
    agreed = {one.meter: [] for one in documents.agreements(store)}  # type: ignore[var-annotated]
    for one in documents.agreements(store):
        agreed[one.meter].append(one)
    total = Decimal(0)
    for meter in documents.meters(store):
        if (meter.energy, meter.direction) != (Energy.ELECTRICITY, Direction.IMPORT):
            continue
        prices = {}
        for one in agreed[meter.id]:
            rates = store.rates(one.tariff, period, "unit")
            rates = rates[rates["payment_method"].fillna("").isin(["", "DIRECT_DEBIT"])]
            rows = sorted(zip(rates["valid_from"], rates["inc_vat"], strict=True))
            prices[one.id] = [at for at, _ in rows], [Decimal(pence) for _, pence in rows]
        frame = store.read(meter.feed(store.household()), period, ("energy",))
        for at, kwh in frame["energy"].items():
            (agreement,) = [
                one for one in agreed[meter.id]
                if one.valid_from <= at and (one.valid_to is None or at < one.valid_to)
            ]  # fmt: skip
            starts, pence = prices[agreement.id]
            total += Decimal(repr(kwh)) * pence[bisect_right(starts, at) - 1] / 100
    return total


def test_after_one_click(open_page: OpenPage, with_key: Context) -> None:
    assert_offered(open_page("tariff_comparison"))
    assert_a_year_by_month(open_page, with_key)
    assert_carbon_is_fetched_when_it_is_asked_for(open_page)
    assert_tariffs_are_compared(open_page)


def assert_offered(app: AppTest) -> None:
    assert "is not connected yet" in said_by(app)
    assert any(one.label.startswith("Connect and fetch") for one in app.button)


def assert_a_year_by_month(open_page: OpenPage, with_key: Context) -> None:
    today = with_key.now().astimezone(zone_info(LONDON)).date()
    first = (today - timedelta(days=330)).replace(day=1)
    period = Period.local_days(first, today, LONDON)
    last = today - timedelta(days=1)
    dates = [first.isoformat(), last.isoformat()]
    app = open_page(PAGE, "by_key_table", range="Custom", dates=dates, by="month")
    assert "is not connected yet" in said_by(app)
    assert "£" not in said_by(app)
    connect(app)
    assert "5 meters connected" in app.success[0].value
    assert "is not connected yet" not in said_by(app)

    told = command(costs, period, "--by", "month")
    totals = told["totals"]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Net cost"] == formatting.money(totals["net_cost_gbp"])
    assert shown["Import"] == formatting.money(totals["import_cost_gbp"])
    assert shown["Export credit"] == formatting.money(totals["export_value_gbp"])
    assert shown["Standing charge"] == formatting.money(totals["standing_charge_gbp"])
    rows = pd.DataFrame(told["rows"])
    table = app.dataframe[0].value
    assert table["month"].tolist() == rows["key"].tolist()
    assert len(table) in (11, 12)
    for column, key in (
        ("import (£)", "import_cost_gbp"),
        ("export (£)", "export_value_gbp"),
        ("standing (£)", "standing_charge_gbp"),
    ):
        assert table[column].tolist() == pytest.approx(rows[key].tolist(), abs=1e-4)  # as shown
    assert table["net (£)"].tolist() == pytest.approx(rows["net_cost_gbp"].tolist(), abs=1e-4)
    assert table["net (£)"].sum() == pytest.approx(totals["net_cost_gbp"], abs=1e-3)
    assert table["missing half-hours"].tolist() == rows["missing"].tolist()
    assert not totals["unpriced_kwh"]
    assert totals["import_cost_gbp"] == pytest.approx(float(by_hand(with_key, period)), abs=1e-9)

    app = open_page(PAGE, range="Custom", dates=dates, view="Bill")
    due = command(bill, period)
    shown = {metric.label: metric.value for metric in app.metric}

    assert shown["To pay"] == formatting.money(float(due["net_gbp"]))
    # tariffs by their names, on the page and in JSON, which has the codes too
    lines = [line for one in due["statements"] for line in one["lines"]]
    named = {line["tariff_code"]: line["tariff"] for line in lines}
    assert named["E-1R-AGILE-24-10-01-J"] == "Agile Octopus"
    whats = [text for table in app.dataframe for text in table.value["what"]]
    assert any(text.startswith("Agile Octopus, ") for text in whats)
    assert not any("E-1R-" in text for text in whats)


def assert_carbon_is_fetched_when_it_is_asked_for(open_page: OpenPage) -> None:
    app = open_page(PAGE, "by_key_table", range="7d", show="gCO₂")
    assert "Average intensity of South East England, as forecast" in said_by(app)
    assert "is not known for" not in said_by(app)
    assert app.dataframe[0].value["import (kg CO₂)"].min() > 0


def assert_tariffs_are_compared(open_page: OpenPage) -> None:
    app = open_page("tariff_comparison")
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Now"].startswith("£")
    assert shown["Saved"] == "£0.00"  # what was in force is alone: the others have no prices
    lacking = app.dataframe[1].value
    assert (lacking["kWh without a price"] > 0).all()
    app.button(key="fetch_lacking").click().run(timeout=120)
    assert not app.exception
    assert len(app.dataframe[0].value) > 2
    table = app.dataframe[0].value
    assert table["Against now %"].dropna().min() > -100
    own = "Agile Octopus, as it was × Outgoing Octopus, as it was"
    assert own in table["Tariffs"].tolist()
    assert not table["Tariffs"].str.contains("E-1R-").any()
    gas = open_page("tariff_comparison", energy="gas")
    assert "Flexible Octopus, as it was" in gas.dataframe[0].value["Tariffs"].tolist()
    assert not any("Cheapest hours" in one.value for one in gas.header)
