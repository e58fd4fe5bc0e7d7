"""GB Carbon Intensity: its shapes and habits, on real answers and on a running stand-in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energydash import sources
from energydash.answers import grid as answers
from energydash.core import settings
from energydash.core.errors import BadData, InputError
from energydash.core.time import HALF_HOUR, LONDON, Period, grid, parse_day
from energydash.sources.grid import carbon_intensity as source
from energydash.store import open_store
from energydash.sync import fetch
from energydash.sync.context import Context
from tests import clock
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 10, 25, 12, 10, tzinfo=UTC)
CURRENT = datetime(2026, 10, 25, 12, tzinfo=UTC)


@pytest.fixture
def world(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Upstreams:
    """The stand-ins at a fixed instant, which is ours too."""
    clock.set_now(NOW)
    return upstreams


def body(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"data": list(rows)}).encode()


def half_hour(start: str, **intensity: Any) -> dict[str, Any]:
    return {"from": start, "to": start, "intensity": intensity}


def recorded(recordings: Path, name: str) -> bytes:
    return (recordings / "carbonintensity" / f"{name}.json").read_bytes()


def test_recorded_forecast(recordings: Path) -> None:
    frame = source.read_intensity(recorded(recordings, "intensity_20200521T2100Z_fw24h"))
    assert frame.index[0] == pd.Timestamp("2020-05-21T20:30Z")
    assert len(frame) == 49
    assert frame["forecast"].iloc[:3].to_list() == [190, 177, 161]
    assert frame["actual"].isna().all()


def test_recorded_now(recordings: Path) -> None:
    frame = source.read_intensity(recorded(recordings, "intensity_current"))
    assert frame.loc["2021-07-23T07:00Z"].to_dict() == {"actual": 248, "forecast": 251}


def test_recorded_generation(recordings: Path) -> None:
    frame = source.read_mix(recorded(recordings, "generation_20230114T1200Z_pt24h_head"))
    assert len(frame) == 3
    first = frame.iloc[0]
    assert (first["wind"], first["imports"], first["coal"]) == (54.9, 15.1, 0.7)


@pytest.mark.parametrize(
    ("name", "region", "rows", "forecast", "gas"),
    [
        ("regional_postcode_EC1V", "GB-12", 1, 107, 20.2),
        ("regional_intensity_postcode_BS7", "GB-11", 5, 152, 28.5),
        ("regional_intensity_fw48h_postcode_BS16_head", "GB-11", 9, 162, 32.9),
    ],
)
def test_recorded_regions_are_lists_or_objects(
    recordings: Path, name: str, region: str, rows: int, forecast: float, gas: float
) -> None:
    content = recorded(recordings, name)
    frame = source.read_intensity(content, region)
    assert len(frame) == rows
    assert frame["forecast"].iloc[0] == forecast
    assert source.read_mix(content, region)["gas"].iloc[0] == gas


def test_names_go_before_numbers(recordings: Path) -> None:
    """The recorded answer calls London region 12; the API has called it 13 since."""
    assert source.read_region(recorded(recordings, "regional_postcode_EC1V")) == "GB-13"


def test_recorded_factors(recordings: Path) -> None:
    factors = source.read_factors(recorded(recordings, "intensity_factors"))
    assert (factors["gas"], factors["coal"], factors["wind"]) == (394, 937, 0)


def test_recorded_files_are_read_with_units(recordings: Path) -> None:
    folder = recordings / "carbonintensity"
    files = [
        (name, (folder / name).read_bytes())
        for name in (
            "regional_intensity_postcode_BS7.json",
            "regional_intensity_fw48h_postcode_BS16_head.json",
        )
    ]
    answer = sources.read("carbon-intensity", files)
    assert len(answer.frame) == 14
    assert {"forecast_g_per_kwh", "wind_percent"} <= set(answer.frame)
    assert "actual_g_per_kwh" not in answer.frame
    national = (folder / "intensity_20200521T2100Z_fw24h.json").read_bytes()
    frame = sources.read("carbon-intensity", [("n.json", national)]).frame
    assert list(frame) == ["actual_g_per_kwh", "forecast_g_per_kwh"]


def test_several_regions_need_a_choice() -> None:
    inner = {"intensity": {"forecast": 1, "index": "low"}, "generationmix": []}
    regions = [{"regionid": 1, **inner}, {"regionid": 18, **inner}]
    answer = body({"from": "2026-01-01T00:00Z", "to": "", "regions": regions})
    with pytest.raises(InputError, match="GB-1, GB"):
        source.read_intensity(answer)
    assert len(source.read_intensity(answer, "GB")) == 1
    with pytest.raises(InputError, match="GB-13"):
        source.read_intensity(answer, "London")


def test_null_is_nothing_unknown_is_other_and_repeats_count_once() -> None:
    rows = [
        half_hour("2026-01-01T00:30Z", forecast=5, actual=None),
        half_hour("2026-01-01T00:00Z", forecast=None, actual=7),
        half_hour("2026-01-01T00:30Z", forecast=6, actual=None),
    ]
    frame = source.read_intensity(body(*rows))
    assert frame["forecast"].to_list()[1] == 6
    assert np.isnan(frame["forecast"].iloc[0]) and np.isnan(frame["actual"].iloc[1])
    mix = [
        {"fuel": "fusion", "perc": 2},
        {"fuel": "other", "perc": 3},
        {"fuel": "gas", "perc": None},
    ]
    content = body({"from": "2026-01-01T00:00Z", "to": "", "generationmix": mix})
    shares = source.read_mix(content)
    assert shares["other"].to_list() == [5]
    assert np.isnan(shares["gas"].iloc[0])
    assert source.unknown_fuels(source.read_slots(content)) == ("fusion",)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b'{"data":[1]}',
        b'{"data":[{"from":"2026-01-01T00:00Z"}]}',
        b'{"data":[{"from":"2026-01-01T00:00Z","intensity":{"high":1}}]}',
        b'{"data":[{"from":"yesterday","intensity":{"forecast":1}}]}',
        b'{"data":[{"from":"2026-01-01T00:00Z","intensity":{"forecast":"much"}}]}',
        b'{"error":{"code":"400 Bad Request","message":"no"}}',
    ],
)
def test_what_is_not_documented_is_bad_data(content: bytes) -> None:
    with pytest.raises(BadData, match="GB Carbon Intensity"):
        source.read_intensity(content)


def test_a_range_is_trimmed_and_the_forecast_kept_by_vintage(world: Upstreams) -> None:
    feed = source.intensity_feed("GB")
    period = Period(datetime(2026, 10, 25, tzinfo=UTC), NOW + timedelta(hours=48))
    fetched = source.fetch(feed, period, settings.current())
    assert fetched.frame.index[0] == pd.Timestamp(period.start)  # not the 23:30 before
    assert fetched.frame.index[-1] == pd.Timestamp(CURRENT)  # nothing of the future
    assert np.isnan(fetched.frame["actual"].iloc[-1])
    assert fetched.frame["actual"].notna().sum() >= 23
    ((issued, ahead),) = fetched.forecasts
    assert issued == CURRENT
    assert list(ahead) == ["forecast"] and len(ahead) == 96
    assert fetched.covered == Period(period.start, CURRENT + timedelta(hours=48))
    paths = [request.path for request, _ in world.requests]
    assert paths == [
        "/intensity/2026-10-25T00:00Z/2026-10-25T12:30Z",
        "/intensity/2026-10-25T12:00Z/fw48h",
    ]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_local_days_of_46_and_50_half_hours(
    world: Upstreams, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    later = datetime(2026, 11, 1, tzinfo=UTC)
    clock.set_now(later)
    first = parse_day(day)
    period = Period.local_days(first, first + timedelta(days=1), LONDON)
    frame = source.fetch(source.mix_feed("GB-13"), period, settings.current()).frame
    assert len(frame) == (46 if day == "2026-03-29" else 50)
    assert frame.index.equals(grid(period, HALF_HOUR))


def test_regions_have_a_forecast_and_nothing_measured(world: Upstreams) -> None:
    feed = source.intensity_feed("GB-13")
    period = Period(NOW - timedelta(hours=2), NOW + timedelta(hours=4))
    fetched = source.fetch(feed, period, settings.current())
    assert list(fetched.frame) == ["forecast"]
    assert fetched.covered == period
    assert len(fetched.forecasts) == 1


def test_through_the_store_a_revision_replaces_and_vintages_stay(
    world: Upstreams, private_home: Path
) -> None:
    clock = [NOW]
    store = open_store(settings.current())
    here = Context(settings.current(), store, lambda: clock[0])
    feed = source.intensity_feed("GB")
    period = Period(NOW - timedelta(hours=6), NOW + timedelta(hours=48))
    assert fetch.refresh(here, feed, period).problem is None
    before = fetch.read(store, feed, period, NOW)
    assert before.origin == "live" and before.coverage.fraction == 1
    world.world.publish("carbon-intensity/GB/actual", 321)
    assert fetch.refresh(here, feed, period, force=True).changed > 0
    after = fetch.read(store, feed, period, NOW).data["actual"].dropna()
    assert after.between(315, 327).all() and len(after) == 11
    issued, ahead = store.read_forecast(feed, period)
    assert issued == CURRENT and len(ahead) == 96
    found = answers.greenest_window(here, "GB", 3)
    assert found.best is not None
    assert found.best.end <= CURRENT + timedelta(hours=48)
    store.close()


def test_postcodes_are_asked_once_and_served_without_the_api(
    world: Upstreams, private_home: Path
) -> None:
    store = open_store(settings.current())
    here = Context(settings.current(), store, lambda: NOW)
    assert answers.region_of_postcode(here, "se1 9sg").id == "GB-13"
    asked = world.counts["api.carbonintensity.org.uk"]
    world.fault("api.carbonintensity.org.uk", "refused")
    assert answers.region_of_postcode(here, "SE1").name == "London"
    assert world.counts["api.carbonintensity.org.uk"] == asked
    world.fault("api.carbonintensity.org.uk", "off")
    with pytest.raises(InputError, match="BT1"):
        answers.region_of_postcode(here, "BT1 5GS")
    store.close()


def test_feeds_of_every_region() -> None:
    found = source.feeds(settings.current())
    assert len(found) == 2 * 18
    assert all(feed.step == HALF_HOUR for feed in found)


def test_the_longest_piece_stays_within_what_is_allowed(world: Upstreams) -> None:
    end = datetime(2026, 10, 20, 10, 17, tzinfo=UTC)
    period = Period(end - timedelta(days=source.INFO.longest_days), end)
    feed = next(one for one in source.feeds(settings.current()) if one.quantity == "intensity")
    fetched = source.fetch(feed, period, settings.current())
    assert fetched.covered == period and len(fetched.frame) > 650
