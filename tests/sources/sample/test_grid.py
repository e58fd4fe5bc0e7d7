"""The sample grid: labelled, the same whoever asks, physically plausible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from energydash.core.time import HALF_HOUR, Period
from energydash.grid.fuels import FUELS
from energydash.grid.regions import Region, find, regions
from energydash.sources.sample import grid

NOW = datetime(2026, 10, 25, 17, 33, 20, tzinfo=UTC)
WEEK = Period(NOW - timedelta(days=7), NOW + timedelta(days=1))


@pytest.mark.parametrize("region", regions(), ids=lambda region: region.id)
def test_every_region_has_a_plausible_mix_that_adds_up_to_its_load(region: Region) -> None:
    reading = grid.mix_reading(region, WEEK, NOW, "because")
    mix = reading.data
    assert (reading.origin, reading.sample_reason) == ("sample", "because")
    assert set(mix.columns) <= set(FUELS)
    load = grid.load_reading(region, WEEK, NOW, "because").data["load"]
    assert np.allclose(mix.sum(axis="columns"), load)
    assert (load > 0).all()
    generation = mix.drop(columns=["imports", "battery", "pumped_storage"], errors="ignore")
    assert (generation >= 0).all(axis=None)
    for fuel in ("battery", "pumped_storage"):
        if fuel in mix:
            assert mix[fuel].min() < 0 < mix[fuel].max()
            assert mix[fuel].sum() < 0  # losses
    intensity = grid.intensity_reading(region, WEEK, NOW, "because").data["forecast"]
    assert intensity.between(0, 900).all()
    assert intensity.max() > intensity.min() + 5


def test_the_sun_sets_and_knows_no_summer_time() -> None:
    region = find("GB")
    days = Period(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    solar = grid.mix_reading(region, days, NOW, "").data["solar"]
    assert solar.iloc[0] == 0
    peaks = [part.idxmax().hour for _, part in solar.groupby(solar.index.date)]
    assert max(peaks) - min(peaks) <= 1  # the clocks went forward in between


def test_an_instant_has_one_value_whatever_period_is_asked() -> None:
    region = find("CAISO")
    week = grid.mix_reading(region, WEEK, NOW, "").data
    part = Period(NOW - timedelta(hours=5), NOW - timedelta(hours=2))
    short = grid.mix_reading(region, part, NOW, "").data
    pd.testing.assert_frame_equal(short, week.loc[short.index], check_freq=False)


def test_nothing_actual_of_a_half_hour_that_is_not_over() -> None:
    data = grid.intensity_reading(find("GB"), WEEK, NOW, "").data
    assert data.index[-1] == pd.Timestamp("2026-10-25T17:30Z")
    assert np.isnan(data["actual"].iloc[-1])
    assert data["actual"].iloc[:-1].notna().all()
    assert list(grid.intensity_reading(find("GB-13"), WEEK, NOW, "").data) == ["forecast"]


def test_the_forecast_covers_48_hours_and_agrees_with_what_was_forecast() -> None:
    region = find("GB")
    ahead = grid.forecast_frame(region, NOW)
    assert len(ahead) == 96
    assert ahead.index[0] == pd.Timestamp("2026-10-25T17:30Z")
    later = NOW + timedelta(days=1)
    past = grid.intensity_reading(region, Period(NOW, later), later, "").data["forecast"]
    assert len(past) == 48
    assert (ahead["forecast"].reindex(past.index) == past).all()


def test_links_add_up_to_imports() -> None:
    region = find("GB")
    links = grid.interconnectors_reading(region, WEEK, NOW, "").data
    imports = grid.mix_reading(region, WEEK, NOW, "").data["imports"]
    assert np.allclose(links.sum(axis="columns"), imports)


def test_a_period_in_the_future_is_empty() -> None:
    ahead = Period(NOW + timedelta(days=2), NOW + timedelta(days=3))
    reading = grid.mix_reading(find("GB"), ahead, NOW, "")
    assert reading.is_empty
    assert reading.newest is None


def test_per_cents_add_up() -> None:
    percent = grid.mix_percent_reading(find("GB-11"), WEEK, NOW, "").data
    assert np.allclose(percent.sum(axis="columns"), 100)
    assert percent.index.to_series().diff().dropna().eq(HALF_HOUR).all()
