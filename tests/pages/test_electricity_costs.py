"""The Electricity costs page: sample data at first, real data as soon as there are any."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import cycle

import numpy as np
import pandas as pd
import pytest

from energydash.answers import home as answers
from energydash.core.feeds import Fetched
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period, grid
from energydash.home.costs import By
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.profile import Value
from energydash.home.tariffs import RateInterval, Tariff
from energydash.sync.context import Context
from energydash.views import cache, formatting
from energydash.views.bills import statement_table
from energydash.views.electricity_costs import Choice, chart_of, table_of
from energydash.views.time_range import TimeRange
from tests.pages.conftest import OpenPage
from tests.pages.conftest import words as said_by

PAGE = "electricity_costs"
VIEWS = ("Chart", "Map", "Bill", "Trouble", "Meters")


@pytest.fixture
def home(here: Context) -> Period:
    """Two electricity meters and a gas meter with 40 days up to yesterday, three hours missing."""
    now = here.now()
    today = Period(now, now + HALF_HOUR).days(LONDON)[0]
    period = Period.local_days(today - 40 * DAY, today, LONDON)
    store, owner = here.store, here.store.household()
    meters = (
        Meter("in", label="House"),
        Meter("out", direction=Direction.EXPORT, label="Solar"),
        Meter("gas", Energy.GAS, label="Boiler"),
    )
    for meter in meters:
        store.put(owner, "meter", meter.id, meter.to_body())
        index = grid(period, HALF_HOUR)
        index = index.delete(np.arange(1900, 1906))
        frame = pd.DataFrame({"energy": np.full(len(index), 0.25)}, index=index)
        store.write(meter.feed(owner), Fetched(frame, period), fetched_at=now)
    for tariff in (
        Tariff("t", "Flat", default_rate=Decimal(20), standing_p_per_day=Decimal(50)),
        Tariff("o", "Outgoing", direction=Direction.EXPORT, default_rate=Decimal(15)),
    ):
        store.put(owner, "tariff", tariff.id, tariff.to_body())
    return period


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_on_sample_data_that_says_so(open_page: OpenPage, view: str) -> None:
    app = open_page(PAGE, view=view)
    assert ("To pay £" if view == "Bill" else "Net cost £") in said_by(app)
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_on_real_data(open_page: OpenPage, home: Period, view: str) -> None:
    app = open_page(PAGE, view=view)
    days = Period(home.end - timedelta(days=1), home.end).days(LONDON)
    month = Period.local_days(days[-1] + DAY - 29 * DAY, days[-1] + 2 * DAY, LONDON)
    totals = answers.costs(cache.context(), month, "total").costs.totals
    shown = {metric.label: metric.value for metric in app.metric}
    if view == "Bill":  # the gas has no tariff
        assert shown["To pay"] == formatting.money(totals["net_cost_gbp"])
    else:
        assert shown["Net cost"] == formatting.money(totals["net_cost_gbp"])
        assert shown["Import, p/kWh"] == "20.00"
    assert shown["Export credit"] == formatting.money(totals["export_value_gbp"])
    assert not app.error
    if view == "Trouble":
        assert "missing readings" in set(app.dataframe[0].value["kind"])


# Every key and every unit; that a unit is shown right does not depend on the key.
@pytest.mark.parametrize(("by", "show"), list(zip(By, cycle(Value), strict=False)))
def test_every_key_in_every_unit(open_page: OpenPage, home: Period, by: By, show: Value) -> None:
    app = open_page(PAGE, by=by.value, show=show.value, before="previous period")
    assert not app.error
    assert "Compared with the previous period" in said_by(app)


def test_gas_is_shown_by_itself(open_page: OpenPage, home: Period) -> None:
    app = open_page(PAGE, energy="gas")
    labels = {metric.label for metric in app.metric}
    assert "Export credit" not in labels
    assert "kWh have no price" in said_by(app).replace("\\", "")


def test_the_table_is_the_chart(here: Context, home: Period) -> None:
    found = answers.costs(here, home, By.HALF_HOUR)
    table = table_of(found, Value.KWH)
    assert len(table) == 48
    assert table["import"].sum() == found.costs.totals["import_kwh"]
    average = table_of(found, Value.KWH, per_day=True)
    average = average[~average["key"].between("01:00", "01:30")]  # added up where clocks go back
    assert average["import"].tolist() == pytest.approx([0.25] * 46)
    assert set(average["days"]) == {39, 40}
    pence = table_of(found, Value.PENCE)
    assert pence["import"].tolist() == pytest.approx([20.0] * 48)


def test_fetching_without_an_account_says_what_to_do(open_page: OpenPage, home: Period) -> None:
    app = open_page(PAGE, view="Meters")
    app.button(key="fetch_now").click().run()
    assert "No Octopus account is configured" in app.warning[0].value


def test_half_hourly_prices_are_one_line_of_the_bill(here: Context, home: Period) -> None:
    first = grid(home, HALF_HOUR)[0].to_pydatetime()
    intervals = tuple(
        RateInterval(first + n * HALF_HOUR, first + (n + 1) * HALF_HOUR, Decimal(n % 40))
        for n in range(480)
    )
    agile = Tariff("t", "Agile", intervals=intervals)
    here.store.put(here.store.household(), "tariff", "t", agile.to_body())
    period = Period(first, first + 480 * HALF_HOUR)
    table = statement_table(answers.bill(here, period, "in").bill.statements[0], {})
    assert table["what"].tolist() == [
        "Agile, 40 prices, on average", "Without VAT", "VAT", "Total",
    ]  # fmt: skip
    assert table["p/kWh or p/day"].iloc[0] == "19.5000"
    assert table["£"].iloc[0] == table["£"].iloc[-1] == "23.4000"


def test_many_prices_are_drawn_by_whole_pence(here: Context, home: Period) -> None:
    first = grid(home, HALF_HOUR)[0].to_pydatetime()
    intervals = tuple(
        RateInterval(first + n * HALF_HOUR, first + (n + 1) * HALF_HOUR, Decimal(n % 60) / 10)
        for n in range(480)
    )
    agile = Tariff("t", "Agile", intervals=intervals)
    here.store.put(here.store.household(), "tariff", "t", agile.to_body())
    period = Period(first, first + 480 * HALF_HOUR)
    found = answers.costs(here, period, By.RATE, "in")
    chosen = TimeRange("Custom", period, LONDON, is_live=False)
    choice = Choice(chosen, By.RATE, Value.GBP, "in", "", None, "", per_day=False)
    drawn = chart_of(found, choice, None)
    assert list(drawn.index) == ["0 p", "1 p", "2 p", "3 p", "4 p", "5 p"]
    assert drawn["import"].sum() == pytest.approx(found.costs.totals["import_cost_gbp"])


def test_today_is_said_to_be_not_published_yet(open_page: OpenPage, here: Context) -> None:
    """Readings come a day late: a connected customer is not told that there is no meter."""
    now = here.now()
    today = Period(now, now + HALF_HOUR).days(LONDON)[0]
    yesterday = Period.local_days(today - DAY, today, LONDON)
    store, owner = here.store, here.store.household()
    meter = Meter("in", label="House", point="1000000000001", serials=("A",), connected=True)
    store.put(owner, "meter", meter.id, meter.to_body())
    index = grid(yesterday, HALF_HOUR)
    frame = pd.DataFrame({"energy": np.full(len(index), 0.25)}, index=index)
    store.write(meter.feed(owner), Fetched(frame, yesterday), fetched_at=now)
    tariff = Tariff("t", "Flat", default_rate=Decimal(20), standing_p_per_day=Decimal(50))
    store.put(owner, "tariff", tariff.id, tariff.to_body())
    app = open_page(PAGE, range="Today")
    assert "not published yet" in said_by(app)
    assert "No meter is known" not in said_by(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Net cost"] == shown["Import"] == "–"
    assert shown["Standing charge"] == "£0.50"


def test_last_year_is_not_compared_where_it_has_nothing(open_page: OpenPage, home: Period) -> None:
    app = open_page(PAGE, before="last year")
    assert "Not compared with a year before" in said_by(app)
    assert not any(metric.delta for metric in app.metric if metric.label != "Baseload, kW")
