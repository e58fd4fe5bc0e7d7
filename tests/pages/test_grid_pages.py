"""The grid pages and the overview: sample, stored, stale, in trouble, empty; widget to number."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from energydash.answers import grid
from energydash.core import settings
from energydash.core.access import Viewer
from energydash.core.errors import StoreError
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.store import Store
from energydash.sync import context, crawler
from energydash.sync.context import Context
from energydash.views import cache
from tests.pages.conftest import OpenPage, watch_as, words

PAGES = ("overview", "generation_mix", "carbon_intensity", "data_sources")
FIVE = timedelta(minutes=5)


def store_mix(here: Context, age: timedelta = timedelta(0), gas_mw: float = 3000.0) -> None:
    """Two days of a made-up GB mix in the store, its newest row `age` old."""
    end = pd.Timestamp(here.now() - age).floor("5min")
    index = pd.date_range(end - timedelta(days=2), end, freq="5min", name="time").as_unit("us")
    frame = pd.DataFrame({"gas": gas_mw, "wind": 6000.0, "nuclear": 1000.0}, index=index)
    period = Period(index[0].to_pydatetime(), end.to_pydatetime() + FIVE)
    feed = grid.feed_of(here, "GB", "mix")
    here.store.write(feed, Fetched(frame, period), fetched_at=here.now() - age)
    halves = pd.date_range(index[0].floor("30min"), end, freq="30min", name="time").as_unit("us")
    none = pd.DataFrame({"solar": 0.0, "wind": 0.0}, index=halves)
    covered = Period(halves[0].to_pydatetime(), period.end)
    embedded = grid.feed_of(here, "GB", "embedded")
    here.store.write(embedded, Fetched(none, covered), fetched_at=here.now() - age)


def store_intensity(here: Context) -> None:
    """A day of intensity before now and two days of forecast, lowest 10 to 13 hours ahead."""
    now = pd.Timestamp(here.now()).floor("30min")
    index = pd.date_range(now - timedelta(days=1), now + timedelta(days=2), freq="30min")
    index = index.rename("time").as_unit("us")
    frame = pd.DataFrame({"actual": 200.0, "forecast": 210.0}, index=index)
    frame.loc[index >= now, "actual"] = np.nan
    low = (index >= now + timedelta(hours=10)) & (index < now + timedelta(hours=13))
    frame.loc[low, "forecast"] = 50.0
    feed = grid.feed_of(here, "GB", "intensity")
    past = frame[index < now + timedelta(minutes=30)]
    covered = Period(index[0].to_pydatetime(), index[-1].to_pydatetime())
    ahead = frame[index >= now][["forecast"]]
    fetched = Fetched(past, covered, forecasts=((here.now(), ahead),))
    here.store.write(feed, fetched, fetched_at=here.now())


@pytest.mark.parametrize("page", PAGES)
def test_opens_complete_on_an_empty_home(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert app.title[0].value
    if page != "data_sources":
        assert "SAMPLE" in words(app)
        assert "has not been fetched yet" in words(app)


def test_a_first_visit_waits_for_the_crawler_instead_of_showing_sample(
    open_page: OpenPage, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawler, "last_lived", lambda _: here.now())
    for page in PAGES[:3]:
        said = words(open_page(page))
        assert "Being fetched from" in said, page
        assert "SAMPLE grid" not in said and "not been fetched yet)" not in said
    before = here.now() - timedelta(days=365)
    app = open_page("generation_mix", region="ERCOT", range="Month", at=f"{before:%Y-%m-%d}")
    assert "ERCOT publishes its last 24 h only." in words(app)


def test_a_database_that_breaks_under_a_page_is_said_in_a_sentence(
    open_page: OpenPage, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreError("The database is damaged.", remedy="Restore a backup.")

    monkeypatch.setattr(Store, "stored", broken)
    for page in PAGES[:3]:
        errors = [error.value for error in open_page(page).error]
        assert errors and set(errors) == {"The database is damaged. Restore a backup."}


@pytest.mark.parametrize(
    ("page", "preset"),
    [("generation_mix", one) for one in ("Today", "7d", "30d", "Month", "Year", "Custom")]
    + [(page, one) for page in ("overview", "carbon_intensity") for one in ("7d", "Year")],
)
def test_every_range_opens(open_page: OpenPage, page: str, preset: str) -> None:
    app = open_page(page, range=preset)
    assert app.segmented_control(key="range").value == preset


# One of each kind; that every region is answered for is tested with the answers.
KINDS = {tuple(sorted(place.sources)): place.id for place in grid.regions()}


@pytest.mark.parametrize("region", KINDS.values())
def test_every_kind_of_region_opens(open_page: OpenPage, region: str) -> None:
    name = grid.region(region).name
    app = open_page("generation_mix", region=region)
    assert f"Generation, {name}" in words(app) or f"Demand, {name}" in words(app)
    open_page("carbon_intensity", region=region)


def test_an_alias_in_the_address_is_understood(open_page: OpenPage) -> None:
    app = open_page("carbon_intensity", region="US-CAL-CISO")
    assert app.selectbox(key="region").value == grid.region("CAISO").name


def test_a_region_that_is_none_is_said_and_great_britain_shown(open_page: OpenPage) -> None:
    app = open_page("generation_mix", region="Atlantis")
    assert "is not a region" in app.warning[0].value
    assert app.selectbox(key="region").value == "Great Britain"


def test_mix_in_a_sentence_and_a_table(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    app = open_page("generation_mix")
    text = words(app)
    assert "Wind gives 60 % and gas 30 % of Great Britain's power; 60 % is renewable." in text
    assert "SAMPLE" not in text.replace("SAMPLE: Elexon has not been fetched yet", "")
    table = next(frame.value for frame in app.dataframe if "fuel" in frame.value)
    assert dict(zip(table["fuel"], table["GW"], strict=True)) == {
        "nuclear": 1.0, "wind": 6.0, "solar": 0.0, "gas": 3.0
    }  # fmt: skip
    assert "Elexon · " in text


def test_percent_is_a_click_away(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    app = open_page("generation_mix")
    app.segmented_control(key="mix_unit").set_value("%").run()
    assert not app.exception
    assert ":gray-badge[%]" in words(app)


def test_new_readings_are_seen_at_once(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    app = open_page("generation_mix")
    assert "gas 30 %" in words(app)
    store_mix(here, gas_mw=13_000.0)
    cache.forget()  # the half-second memo of versions
    app.run()
    assert "Gas gives 65 %" in words(app)


def test_stale_is_said_and_the_last_good_data_stay(open_page: OpenPage, here: Context) -> None:
    store_mix(here, age=timedelta(hours=5))
    text = words(open_page("generation_mix"))
    assert "stale, 5 h old" in text
    assert "Wind gives 60 %" in text


def test_trouble_is_one_sentence_with_a_retry(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    problem = Finding("Unavailable", "Elexon did not answer.", "Check the network.")
    here.store.set_problem(grid.feed_of(here, "GB", "mix"), problem)
    app = open_page("generation_mix")
    assert "Elexon did not answer. Check the network." in words(app)
    assert "Wind gives 60 %" in words(app)
    assert any(button.label == "Retry Elexon" for button in app.button)


def test_empty_says_why(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    text = words(open_page("generation_mix", range="Custom", dates=["2020-01-01", "2020-01-02"]))
    assert "There are no figures of this period" in text


def test_greenest_window_follows_the_sliders(open_page: OpenPage, here: Context) -> None:
    store_intensity(here)
    app = open_page("carbon_intensity")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Then, g/kWh"] == "50"
    assert figures["Now, g/kWh"] == figures["Started now, g/kWh"] == "210"
    assert figures["Saved, g/kWh"] == "160"
    assert figures["Saved, %"] == "76"
    app.slider(key="within").set_value(6).run()
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Then, g/kWh"] == "210"
    app.slider(key="hours").set_value(12.0).run()
    assert "do not fit" in words(app)


def test_forecast_error_and_average_are_said(open_page: OpenPage, here: Context) -> None:
    store_intensity(here)
    text = words(open_page("carbon_intensity"))
    assert "10 g/kWh off on average" in text
    assert "too high overall" in text
    assert "*average* intensity" in text


def test_a_bad_postcode_is_a_sentence(open_page: OpenPage) -> None:
    app = open_page("carbon_intensity")
    app.text_input(key="postcode").set_value("not one").run()
    assert "is not a GB postcode" in app.warning[0].value


def test_factor_sets_can_be_chosen(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    app = open_page("carbon_intensity")
    app.selectbox(key="factors").set_value("ipcc-ar5-2014").run()
    assert not app.exception
    assert "average, lifecycle, worked out from the mix" in words(app)


def test_overview_says_the_best_time_and_the_cards(open_page: OpenPage, here: Context) -> None:
    store_intensity(here)
    store_mix(here)
    app = open_page("overview")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Carbon, g/kWh"] == "210"
    assert figures["Wind + solar"] == "60 %"
    assert figures["Demand, GW"] == "10.0"
    assert "about 50 g/kWh, 76 % less than the 210 g/kWh of the next 3 h" in words(app)


def test_a_visitor_from_the_network_sees_no_home(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch_as(monkeypatch, Viewer(is_loopback=False))
    app = open_page("overview")
    labels = {metric.label for metric in app.metric}
    assert not any("price" in label.lower() or "net" in label for label in labels)
    assert "Octopus" not in words(app)
    assert "cheapest" not in words(app)


@pytest.mark.parametrize("page", ["electricity_costs", "battery", "tariff_comparison"])
def test_a_visitor_from_the_network_has_no_personal_pages(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    watch_as(monkeypatch, Viewer(is_loopback=False))
    assert open_page(page).title[0].value == "Now"


def test_solar_that_is_not_known_is_blank_and_said(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    embedded = grid.feed_of(here, "GB", "embedded")
    here.store.delete(embedded, Period(here.now() - timedelta(days=9), here.now()))
    app = open_page("generation_mix")
    assert "of Great Britain's metered power; solar is not known." in words(app)
    assert "Solar and embedded wind are not fetched yet for" in words(app)
    app = open_page("overview")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Wind + solar"] == figures["Demand, GW"] == "–"


def test_a_year_of_which_two_days_are_held_says_so(open_page: OpenPage, here: Context) -> None:
    store_mix(here)
    text = words(open_page("generation_mix", range="30d"))
    assert "Only 2 of 30 days have been fetched." in text
    said = words(open_page("carbon_intensity", range="30d", factors="ipcc-ar5-2014"))
    assert "Only 2 of 30 days" in said


def test_an_overview_of_california_is_a_setting(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_GRID_REGION", "CAISO")
    settings.current.cache_clear()
    context.current.cache_clear()
    app = open_page("overview")
    text = words(app)
    assert "Generation, California ISO" in text and "Carbon intensity, California ISO" in text
    assert "Los Angeles time" in text and "London" not in text
    assert "Great Britain" not in text and "£" not in text and "Octopus account" not in text
    assert "% of California ISO's power" in text  # nobody forecasts: what feeds it instead
    assert {metric.label for metric in app.metric} >= {"Carbon, g/kWh", "Demand, GW"}
    for page in ("generation_mix", "carbon_intensity"):
        assert open_page(page).selectbox(key="region").value == "California ISO"


def test_california_opens_before_anything_is_fetched(
    open_page: OpenPage, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawler, "last_lived", lambda _: here.now())
    app = open_page("overview", region="CAISO")
    assert "Being fetched from CAISO" in words(app)
    assert {metric.label: metric.value for metric in app.metric}["Demand, GW"] == "–"


def test_a_region_in_the_address_wins_over_the_setting(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_GRID_REGION", "CAISO")
    settings.current.cache_clear()
    context.current.cache_clear()
    assert "Generation, Great Britain" in words(open_page("overview", region="GB"))
    assert "Generation, Texas (ERCOT)" in words(open_page("overview", region="ERCO"))


@pytest.mark.parametrize("region", ["NBP", "GB-13", "MISO"])
def test_an_overview_of_any_region_opens(open_page: OpenPage, region: str) -> None:
    name = grid.region(region).name
    text = words(open_page("overview", region=region))
    assert f"Generation, {name}" in text or f"Demand, {name}" in text
