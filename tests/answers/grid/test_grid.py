"""The grid's answers on a real store: which feed, what is missing, what is sample, what is best."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energydash.answers import grid
from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Fetched, tidy
from energydash.core.findings import Finding
from energydash.core.time import HALF_HOUR, Period
from energydash.core.time import grid as steps
from energydash.grid.factors import parse
from energydash.sources.grid import carbon_intensity, elexon, neso
from energydash.store import open_store
from energydash.sync.context import Context

NOW = datetime(2026, 10, 25, 12, 10, tzinfo=UTC)
DAY = Period(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
FIVE = timedelta(minutes=5)
HOUR = timedelta(hours=1)


@pytest.fixture
def here(private_home: Path) -> Iterator[Context]:
    chosen = settings.current()
    store = open_store(chosen)
    yield Context(chosen, store, lambda: NOW)
    store.close()


def rows(period: Period, step: timedelta, **values: float) -> pd.DataFrame:
    index = steps(period, step)
    return tidy(pd.DataFrame({name: [value] * len(index) for name, value in values.items()}, index))


def put(
    here: Context,
    feed: Feed,
    frame: pd.DataFrame,
    period: Period,
    forecasts: tuple[tuple[datetime, pd.DataFrame], ...] = (),
) -> None:
    here.store.write(feed, Fetched(frame, period, forecasts), fetched_at=NOW)


def until(end: datetime, hours: float = 6) -> Period:
    return Period(end - timedelta(hours=hours), end)


def test_sample_is_shown_only_where_it_may_be_and_says_why(here: Context) -> None:
    assert grid.mix(here, "GB", DAY).mix.empty
    assert not grid.mix(here, "GB", DAY).is_sample
    page = replace(here, sample_if_empty=True)
    shown = grid.mix(page, "GB", DAY)
    assert shown.is_sample
    assert shown.main.sample_reason == "Elexon has not been fetched yet."
    asked = grid.mix(replace(here, sample=True), "CAISO", DAY)
    assert asked.is_sample
    assert asked.main.sample_reason == "Sample data were asked for."


def test_what_a_crawler_is_fetching_is_awaited_not_made_up(here: Context) -> None:
    page = replace(here, sample_if_empty=True, crawled=True)
    found = grid.mix(page, "GB", DAY)
    assert found.mix.empty and not found.is_sample
    assert found.main.awaited == (Period(DAY.start, NOW),)
    feed = grid.feed_of(here, "GB", "mix")
    here.store.set_problem(feed, Finding("Unavailable", "Elexon cannot be reached."))
    assert grid.mix(page, "GB", DAY).main.sample_reason == "Elexon cannot be reached."


def test_sample_names_the_trouble_and_gives_way_to_anything_stored(here: Context) -> None:
    page = replace(here, sample_if_empty=True)
    feed = carbon_intensity.intensity_feed("GB")
    problem = Finding("x", "GB Carbon Intensity cannot be reached (connection refused).")
    here.store.set_problem(feed, problem)
    assert grid.intensity(page, "GB", DAY).main.sample_reason == problem.sentence
    put(here, feed, rows(until(NOW), HALF_HOUR, actual=100.0, forecast=90.0), until(NOW))
    assert not grid.intensity(page, "GB", DAY).is_sample
    # Stored, but nothing of the day asked for: empty is a state, not a reason to make things up.
    before = Period(DAY.start - 30 * timedelta(days=1), DAY.start - 29 * timedelta(days=1))
    empty = grid.intensity(page, "GB", before)
    assert empty.data.empty and not empty.is_sample


def test_asking_marks_every_feed_as_wanted(here: Context) -> None:
    grid.mix(here, "GB", DAY)
    wanted = {want.key[1:] for want in here.store.wanted(NOW - HOUR)}
    assert wanted == {("elexon", "GB", "mix"), ("neso", "GB", "embedded")}


def test_embedded_generation_is_added_held_for_an_hour_and_said(here: Context) -> None:
    noon = datetime(2026, 10, 25, 12, tzinfo=UTC)
    span = Period(noon - 6 * HOUR, noon)
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=1000.0, wind=500.0), span)
    short = Period(span.start + HOUR, noon - HOUR / 2)
    put(here, neso.embedded_feed(), rows(short, HALF_HOUR, solar=300.0, wind=50.0), short)
    found = grid.mix(here, "GB", span)
    assert list(found.mix) == ["wind", "solar", "gas"]
    assert found.mix["wind"].iloc[0] == 500  # before the first: only what Elexon saw
    assert np.isnan(found.mix["solar"].iloc[0])
    assert found.mix.iloc[-1].to_dict() == {"wind": 550, "solar": 300, "gas": 1000}
    assert found.notes == (
        "Solar and embedded wind are missing for 12 of 72 rows.",
        "Solar and embedded wind are of 11:00; newer figures come later.",
    )
    assert [reading.feed.source for reading in found.inputs] == ["elexon", "neso"]
    counted = found.inputs[1].coverage
    assert (counted.present, counted.expected) == (9, 11)  # 06:00 and 06:30; 11:30 is not due yet


def test_without_embedded_generation_it_is_said(here: Context) -> None:
    span = until(NOW, 1)
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=1000.0), span)
    here.store.set_problem(
        neso.embedded_feed(), Finding("Unavailable", "NESO did not answer in time.")
    )
    (note,) = grid.mix(here, "GB", span).notes
    assert note == (
        "Solar and embedded wind are missing for 12 of 12 rows (NESO did not answer in time.)."
    )


def test_mix_now_is_the_newest_row_however_old(here: Context) -> None:
    span = until(NOW - timedelta(days=3))
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=60.0, wind=40.0, imports=-10.0), span)
    now = grid.mix_now(here, "GB")
    assert now.at == datetime(2026, 10, 22, 12, 5, tzinfo=UTC)
    assert now.total == 100 and now.renewable_share == 0.4
    assert now.groups["imports"] == -10
    assert now.main.is_stale(NOW)
    assert grid.mix_now(replace(here, sample=True), "ERCOT").at == NOW - FIVE


def test_nothing_at_all_is_a_state(here: Context) -> None:
    assert grid.mix_now(here, "GB").at is None
    now = grid.intensity_now(here, "GB")
    assert now.at is None and now.band == ""
    window = grid.greenest_window(here, "GB", 2)
    assert window.best is None
    assert window.reason == "GB Carbon Intensity has not been fetched yet."


def test_load_is_its_own_feed_or_the_net_mix(here: Context) -> None:
    span = until(NOW, 1)
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=60.0, pumped_storage=-10.0), span)
    demand = grid.load(here, "GB", span)
    assert demand.computed and demand.data["load"].iloc[0] == 50
    assert grid.storage(here, "GB", span).data["pumped_storage"].iloc[0] == -10
    sample = grid.load(replace(here, sample=True), "CAISO", span)
    assert not sample.computed and not sample.data.empty


def test_published_intensity_keeps_actual_and_forecast_apart(here: Context) -> None:
    feed = carbon_intensity.intensity_feed("GB")
    current = NOW.replace(minute=0)
    past = rows(Period(DAY.start, current + HALF_HOUR), HALF_HOUR, actual=100.0, forecast=110.0)
    past.loc[past.index[-1], "actual"] = np.nan
    ahead = rows(Period(current, current + 48 * HOUR), HALF_HOUR, forecast=50.0)
    put(here, feed, past, DAY, ((current, ahead),))
    found = grid.intensity(here, "GB", DAY)
    assert (found.basis, found.scope, found.factor_set) == ("average", "direct", "neso-2024")
    assert found.issued == current and not found.computed
    assert len(found.data) == 48
    assert found.values.loc[pd.Timestamp(current)] == 110
    assert found.values.iloc[-1] == 50
    assert (found.error == 10).all() and len(found.error) == 24
    now = grid.intensity_now(here, "GB")
    assert (now.at, now.g_per_kwh, now.band, now.is_forecast) == (current, 110, "moderate", True)


def test_computed_intensity_says_its_factors(here: Context) -> None:
    span = until(NOW, 1)
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=50.0, wind=50.0, geothermal=0.0), span)
    found = grid.intensity(here, "GB", span, factors="neso-2024")
    assert found.computed and found.version == "2024-05"
    assert found.assumed == ("geothermal",)
    assert (found.data["actual"] == 197).all()
    lifecycle = grid.intensity(here, "GB", span, factors="ipcc-ar5-2014")
    assert lifecycle.scope == "lifecycle"
    assert lifecycle.values.iloc[0] == pytest.approx(250.5)
    own = 'id="x"\ntitle="X"\nversion="1"\nscope="direct"\n[factors]\n'
    (mine,) = parse(own + 'other={value=7,source="me"}', "x.toml")
    assert grid.intensity(here, "GB", span, factors=mine).values.iloc[0] == pytest.approx(7)
    with pytest.raises(InputError, match="not a set"):
        grid.intensity(here, "GB", span, factors="nope")


def forecast(here: Context, values: list[float], subject: str = "GB") -> None:
    """Half-hours from 12:00 on, issued at 12:00."""
    start = NOW.replace(minute=0)
    index = steps(Period(start, start + len(values) * HALF_HOUR), HALF_HOUR)
    frame = tidy(pd.DataFrame({"forecast": values}, index))
    feed = carbon_intensity.intensity_feed(subject)
    put(here, feed, frame.iloc[:1], Period(start, NOW), ((start, frame),))


def test_the_greenest_window_and_what_it_saves(here: Context) -> None:
    forecast(here, [200, 200, 100, 50, 50, 100, 200])
    found = grid.greenest_window(here, "GB", 1)
    assert found.best is not None
    assert found.best.start == datetime(2026, 10, 25, 13, 30, tzinfo=UTC)
    assert found.best.mean == 50
    # Starting at 12:10: 50 minutes at 200, 10 minutes at 100.
    assert found.now_g_per_kwh == pytest.approx((50 * 200 + 10 * 100) / 60)
    assert found.saving_g_per_kwh == pytest.approx(found.now_g_per_kwh - 50)
    assert found.saving_percent == pytest.approx(100 * (1 - 50 / found.now_g_per_kwh))
    assert all(one.period.intersect(found.best.period) is None for one in found.alternatives)
    sentence = grid.best_time_sentence(here, "GB", hours=1)
    assert sentence == (
        "Greenest 1 h: 13:30–14:30 today, 50 g/kWh (low), 73 % less than starting now."
    )


def test_the_window_ends_by_the_deadline_and_must_fit(here: Context) -> None:
    forecast(here, [200, 200, 100, 50, 50, 100, 200])
    by = NOW + timedelta(minutes=90)
    found = grid.greenest_window(here, "GB", 1, deadline=by)
    assert found.best is not None and found.best.end == by
    none = grid.greenest_window(here, "GB", 5)
    assert none.best is None and "do not fit" in none.reason
    with pytest.raises(InputError, match="deadline"):
        grid.greenest_window(here, "GB", 1, deadline=NOW - HOUR)
    with pytest.raises(InputError, match="length"):
        grid.greenest_window(here, "GB", 0)


def test_now_may_be_the_best_time(here: Context) -> None:
    forecast(here, [10, 10, 10, 50, 50])
    assert grid.best_time_sentence(here, "GB").endswith("now is the best time.")


def test_a_region_that_nobody_forecasts_says_so(here: Context) -> None:
    found = grid.greenest_window(here, "CAISO", 1)
    assert found.best is None and "California ISO" in found.reason


def test_what_a_region_has_not_is_refused(here: Context) -> None:
    with pytest.raises(InputError, match="New Brunswick"):
        grid.mix_now(here, "NBP")
    with pytest.raises(InputError, match="interconnectors"):
        grid.interconnectors(here, "GB-13", DAY)
    with pytest.raises(InputError, match="not a region"):
        grid.feed_of(here, "nowhere", "mix")
    assert grid.feed_of(here, "uk", "mix") == elexon.feed("mix")


@pytest.mark.parametrize("region", grid.regions(), ids=lambda region: region.id)
def test_every_region_answers_completely_on_sample_data(here: Context, region: object) -> None:
    from energydash.grid.regions import Region

    assert isinstance(region, Region)
    page = replace(here, sample=True)
    if {"mix", "mix-percent"} & set(region.sources):
        found = grid.mix(page, region.id, DAY)
        assert found.is_sample and not found.mix.empty
        assert found.shares.max(axis=None) <= 1
        assert found.records
        assert grid.mix_now(page, region.id).total > 0
        now = grid.intensity_now(page, region.id)
        assert now.band and now.is_sample
        assert pickle.loads(pickle.dumps(found)).mix.equals(found.mix)
    if "intensity" in region.sources:
        assert grid.greenest_window(page, region.id, 3).best is not None
        assert "g/kWh" in grid.best_time_sentence(page, region.id, hours=3)
