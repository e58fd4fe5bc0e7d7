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
from energydash.sync import wishes
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


def put_embedded(here: Context, span: Period, solar: float = 0.0, wind: float = 0.0) -> None:
    """NESO's half-hours of a period, and of the half-hour it begins in."""
    wider = Period(span.start - HALF_HOUR, span.end)
    put(here, neso.embedded_feed(), rows(wider, HALF_HOUR, solar=solar, wind=wind), wider)


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


def test_an_answer_writes_nothing_and_its_face_wishes_for_every_feed(here: Context) -> None:
    grid.mix(here, "GB", DAY)
    assert here.store.feeds() == [] and here.store.wanted(NOW - HOUR) == []
    with wishes.noted(here):
        grid.mix(here, "GB", DAY)
    wishes.settle()
    wanted = {want.key[1:] for want in here.store.wanted(NOW - HOUR)}
    assert wanted == {("elexon", "GB", "mix"), ("neso", "GB", "embedded")}


def test_embedded_generation_is_added_held_until_stale_and_said(here: Context) -> None:
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
        "Solar and embedded wind are not fetched yet for 12 of 72 rows.",
        "Solar and embedded wind are of 11:00; newer figures come later.",
    )
    assert [reading.feed.source for reading in found.inputs] == ["elexon", "neso"]
    counted = found.inputs[1].coverage
    assert (counted.present, counted.expected) == (9, 11)  # 06:00 and 06:30; 11:30 is not due yet


def test_solar_does_not_vanish_between_two_publications(here: Context) -> None:
    """NESO may be an hour and a half behind: its newest stands in, named by its time."""
    span = Period(NOW - 3 * HOUR, NOW)
    put(here, elexon.feed("mix"), rows(span, FIVE, gas=1000.0), span)
    known = Period(span.start - HOUR, NOW.replace(minute=0) - HOUR)  # the last begins 10:30
    put(here, neso.embedded_feed(), rows(known, HALF_HOUR, solar=300.0, wind=50.0), known)
    for minutes in range(0, 31, 5):
        later = replace(here, now=lambda minutes=minutes: NOW + timedelta(minutes=minutes))
        end = NOW + timedelta(minutes=minutes)
        put(here, elexon.feed("mix"), rows(Period(NOW, end), FIVE, gas=1000.0), Period(NOW, end))
        now = grid.mix_now(later, "GB")
        assert now.power["solar"] == 300 and now.renewable_share > 0, minutes
        assert "Solar and embedded wind are of 10:30; newer figures come later." in now.notes


def test_records_of_a_long_period_are_no_lower_than_those_of_its_days(here: Context) -> None:
    whole = Period(DAY.start - timedelta(days=6), DAY.start)
    index = steps(whole, FIVE)
    random = np.random.default_rng(7)
    power = {name: random.uniform(0, 9000, len(index)) for name in ("gas", "wind", "nuclear")}
    put(here, elexon.feed("mix"), tidy(pd.DataFrame(power, index)), whole)
    halves = steps(whole, HALF_HOUR)
    solar = pd.DataFrame({"solar": random.uniform(0, 9000, len(halves)), "wind": 1.0}, halves)
    solar = solar.drop(solar.index[[40, 41, 95, 96, 97, 98, 200]])  # gaps: one over a midnight
    put(here, neso.embedded_feed(), tidy(solar), whole)
    most: dict[str, float] = {}
    for piece in whole.chunks(timedelta(hours=13)):
        for record in grid.mix(here, "GB", piece).records:
            most[record.name] = max(most.get(record.name, 0.0), record.value)
    for step in (None, HOUR, timedelta(days=1)):
        found = grid.mix(here, "GB", whole, step=step)
        assert {one.name: one.value for one in found.records} == pytest.approx(most)
        assert found.resolution == FIVE


def test_an_answer_says_how_much_of_its_period_is_held(here: Context) -> None:
    held = Period(DAY.start - timedelta(days=30), DAY.start - timedelta(days=20))
    put(here, elexon.feed("mix"), rows(held, FIVE, gas=1.0), held)
    put_embedded(here, held)
    asked = Period(held.start, held.start + timedelta(days=20))
    found = grid.mix(here, "GB", asked, step=timedelta(days=1))
    assert (found.coverage.present, found.coverage.asked) == (10 * 288, 20 * 288)
    assert found.coverage.fetching == (Period(held.end, asked.end),)
    assert found.coverage.sentence.startswith("10 of 20 days; ")
    assert grid.load(here, "GB", asked).coverage == found.coverage
    assert grid.intensity(here, "GB", asked, factors="neso-2024").coverage == found.coverage


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
    blank = grid.mix_now(here, "GB")
    assert blank.power["gas"] == 60 and np.isnan(blank.renewable_share)  # solar is not known
    put_embedded(here, span)
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
    assert grid.load(here, "GB", span).data["load"].isna().all()  # blank without its solar
    put_embedded(here, span)
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
    assert grid.intensity(here, "GB", span, factors="neso-2024").values.isna().all()
    put_embedded(here, span)
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
    assert found.at_once_g_per_kwh == pytest.approx((50 * 200 + 10 * 100) / 60)
    assert found.saving_g_per_kwh == pytest.approx(found.at_once_g_per_kwh - 50)
    assert found.saving_percent == pytest.approx(100 * (1 - 50 / found.at_once_g_per_kwh))
    assert all(one.period.intersect(found.best.period) is None for one in found.alternatives)
    sentence = grid.in_words(found, here.now())
    assert sentence == (
        "Greenest 1 h: 13:30–14:30 today, 50 g/kWh (low), "
        "73 % less than the 183 g/kWh of the next 1 h."
    )


def test_the_window_ends_by_the_deadline_and_must_fit(here: Context) -> None:
    forecast(here, [200, 200, 100, 50, 50, 100, 200])
    by = NOW + timedelta(minutes=90)
    found = grid.greenest_window(here, "GB", 1, deadline=by)
    assert found.best is not None  # on half-hours, as people set a timer
    assert found.best.end == by - timedelta(minutes=10)
    none = grid.greenest_window(here, "GB", 5)
    assert none.best is None and "do not fit" in none.reason
    with pytest.raises(InputError, match="deadline"):
        grid.greenest_window(here, "GB", 1, deadline=NOW - HOUR)
    with pytest.raises(InputError, match="length"):
        grid.greenest_window(here, "GB", 0)


def test_the_forecast_says_how_far_it_reaches_and_what_it_lacks(here: Context) -> None:
    forecast(here, [200, 200, float("nan"), 50, 50, 100, 200])
    ahead = grid.intensity_forecast(here, "GB")
    assert ahead.known_until == NOW.replace(minute=0) + 7 * HALF_HOUR
    assert (ahead.coverage.present, ahead.coverage.asked) == (6, 7)
    assert ahead.inputs[0].feed == carbon_intensity.intensity_feed("GB")


@pytest.mark.parametrize("minute", [0, 1, 10, 29, 30, 59])
@pytest.mark.parametrize("hours", [0.5, 0.75, 1.0, 2.5])
def test_windows_start_now_or_on_a_half_hour(here: Context, minute: int, hours: float) -> None:
    now = NOW.replace(minute=minute)
    forecast(here, [200, 90, 200, 100, 50, 60, 100, 200, 10, 300, 20, 20])
    found = grid.greenest_window(replace(here, now=lambda: now), "GB", hours)
    assert found.best is not None
    for one in (found.best, *found.alternatives):
        assert one.start == now or (one.start.minute in (0, 30) and not one.start.second)
        assert one.start >= now and one.mean >= found.best.mean - 1e-9
    assert len(found.alternatives) <= 3


def test_now_may_be_the_best_time(here: Context) -> None:
    forecast(here, [10, 10, 10, 50, 50])
    said = grid.in_words(grid.greenest_window(here, "GB", 1), here.now())
    assert said.endswith("now is the best time.")


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
        window = grid.greenest_window(page, region.id, 3)
        assert window.best is not None
        assert "g/kWh" in grid.in_words(window, page.now())
