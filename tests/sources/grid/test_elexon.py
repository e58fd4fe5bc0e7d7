"""Elexon's FUELINST and NESO's embedded generation: revisions, links, unknown fuels, DST days."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energydash import sources
from energydash.core import settings
from energydash.core.errors import BadData, InputError
from energydash.core.time import HALF_HOUR, LONDON, Period, half_hours
from energydash.grid.interconnectors import LINK
from energydash.sources.grid import elexon, neso
from tests import clock
from tests.upstreams.elexon import CODES, HOST, LINKS, PATH
from tests.upstreams.server import Upstreams
from tests.upstreams.wire import Request

NOW = datetime(2026, 10, 25, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def row(fuel: str, mw: float | None, minute: int = 0, published: int = 5) -> dict[str, Any]:
    return {
        "dataset": "FUELINST",
        "publishTime": f"2026-01-01T00:{published:02}:00Z",
        "startTime": f"2026-01-01T00:{minute:02}:00Z",
        "fuelType": fuel,
        "generation": mw,
    }


def mix(*rows: dict[str, Any]) -> pd.DataFrame:
    return elexon.mix_of(elexon.read_rows(json.dumps({"data": rows}).encode()))


def test_fuels_links_and_storage() -> None:
    frame = mix(
        row("CCGT", 900),
        row("OCGT", 100),
        row("PS", -300),
        row("INTFR", 1000),
        row("INTEW", -400),
        row("INTNEW", 50),
        row("NPSHYD", 70),
    )
    assert frame.iloc[0].to_dict() == {
        "hydro": 70,
        "gas": 1000,
        "pumped_storage": -300,
        "imports": 650,
    }


def test_the_latest_publication_wins_in_any_order() -> None:
    rows = [row("WIND", 5, published=20), row("WIND", 4, published=5)]
    for given in (rows, rows[::-1], rows + rows):
        assert mix(*given)["wind"].to_list() == [5]


def test_a_link_without_a_figure_leaves_imports_unknown() -> None:
    frame = mix(row("INTFR", 1000), row("INTEW", None), row("WIND", 3))
    assert np.isnan(frame["imports"].iloc[0])
    assert frame["wind"].iloc[0] == 3


def test_unknown_fuels_are_other_and_reported() -> None:
    rows = elexon.read_rows(json.dumps([row("FUSION", 30), row("OTHER", 5)]).encode())
    assert elexon.mix_of(rows)["other"].to_list() == [35]
    assert elexon.unknown_of(rows) == ("FUSION",)


def test_links_by_their_ids_new_ones_by_their_code() -> None:
    rows = elexon.read_rows(json.dumps([row("INTFR", 1), row("INTNEW", 2)]).encode())
    assert elexon.links_of(rows).iloc[0].to_dict() == {"ifa": 1, "intnew": 2}
    assert set(elexon.LINK_MAP.values()) == set(LINK)


@pytest.mark.parametrize(
    "content",
    [
        b'{"rows":[]}',
        b'{"data":[[1,2]]}',
        b'{"data":[{"startTime":"2026-01-01T00:00Z","fuelType":"WIND"}]}',
        b'{"data":[{"startTime":"noon","publishTime":"","fuelType":"WIND","generation":1}]}',
        b'{"data":[{"startTime":"2026-01-01T00:00Z","fuelType":"WIND","generation":"lots"}]}',
    ],
)
def test_what_is_not_documented_is_bad_data(content: bytes) -> None:
    with pytest.raises(BadData, match="Elexon"):
        elexon.read_rows(content)


def test_no_rows_are_an_answer() -> None:
    rows = elexon.read_rows(b'{"data":[]}')
    assert elexon.mix_of(rows).empty
    assert elexon.links_of(rows).empty
    assert elexon.links_of(elexon.read_rows(json.dumps([row("WIND", 1)]).encode())).empty


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1)])
def test_settlement_periods_of_every_kind_of_day(upstreams: Upstreams, day: date) -> None:
    """Interval starts in UTC give the settlement periods that Elexon itself states."""
    clock.set_now(datetime(2026, 11, 2, tzinfo=UTC))
    period = Period.local_days(day, day + DAY, LONDON)
    body = elexon.get_fuelinst(period)
    stated = {
        pd.Timestamp(entry["startTime"]): (entry["settlementDate"], entry["settlementPeriod"])
        for entry in json.loads(body)["data"]
    }
    frame = elexon.fetch(elexon.feed("mix"), period, settings.current()).frame
    assert len(frame) == half_hours(day, LONDON) * 6
    for at in pd.DatetimeIndex(frame.index):
        number = (at - period.start) // HALF_HOUR + 1
        assert stated[at] == (day.isoformat(), number)


def test_a_question_covers_its_intervals_whenever_they_were_published(
    upstreams: Upstreams,
) -> None:
    clock.set_now(NOW)
    period = Period(NOW - timedelta(hours=3), NOW - timedelta(hours=2))
    fetched = elexon.fetch(elexon.feed("mix"), period, settings.current())
    assert len(fetched.frame) == 12
    assert fetched.covered == period and fetched.unknown == ()
    assert fetched.frame.index[0] == pd.Timestamp(period.start)
    links = elexon.fetch(elexon.feed("interconnectors"), period, settings.current()).frame
    assert set(links) == set(LINK)
    assert np.allclose(links.sum(axis="columns"), fetched.frame["imports"])


def test_the_stand_in_speaks_the_real_format(upstreams: Upstreams) -> None:
    """Fields of the published schema, revisions included, refused where a range is too long."""
    clock.set_now(NOW)
    answer = json.loads(elexon.get_fuelinst(Period(NOW - timedelta(hours=2), NOW)))
    rows = answer["data"]
    assert set(rows[0]) == {
        "dataset", "publishTime", "startTime", "settlementDate", "settlementPeriod", "fuelType",
        "generation",
    }  # fmt: skip
    assert {entry["fuelType"] for entry in rows} == set(CODES) | set(LINKS)
    keys = [(entry["startTime"], entry["fuelType"]) for entry in rows]
    assert len(set(keys)) < len(keys)
    handler = upstreams.routes[HOST]
    query = [
        ("publishDateTimeFrom", "2026-01-01T00:00Z"),
        ("publishDateTimeTo", "2026-02-01T00:00Z"),
    ]
    assert handler(Request("GET", HOST, PATH, query)).status == 400
    assert isinstance(handler(Request("GET", HOST, f"{PATH}/stream", [
        ("publishDateTimeFrom", "2026-10-25T10:00Z"), ("publishDateTimeTo", "2026-10-25T10:10Z"),
    ])).body, list)  # fmt: skip


def test_embedded_generation_comes_later(upstreams: Upstreams) -> None:
    clock.set_now(NOW)
    period = Period(NOW - timedelta(hours=6), NOW)
    fetched = neso.fetch(neso.embedded_feed(), period, settings.current())
    assert list(fetched.frame) == ["solar", "wind"]
    assert fetched.frame.index[0] >= pd.Timestamp(period.start)
    assert fetched.frame.index[-1] == pd.Timestamp("2026-10-25T11:00Z")
    assert fetched.frame["solar"].iloc[-1] > 0


def test_recorded_shape_of_neso(recordings: Path) -> None:
    """Values in this file are invented; its shape is NESO's."""
    content = (recordings / "gb" / "emaps_mocks" / "production.json").read_bytes()
    assert neso.read_embedded(content).iloc[0].to_dict() == {"solar": 3.5, "wind": 1.5}
    whole = neso.read_mix(content)
    assert whole.index[0] == pd.Timestamp("2024-12-16T10:00Z")
    assert whole.iloc[0].to_dict()["wind"] == 13.5
    assert whole.iloc[1].to_dict()["pumped_storage"] == 5
    frame = sources.read("elexon", [("production.json", content)]).frame
    assert len(frame) == 2 and frame["gas"].iloc[0] == 10.5


def test_saved_pages_of_both_are_joined() -> None:
    first = json.dumps({"data": [row("WIND", 100), row("CCGT", 7)]}).encode()
    second = json.dumps([row("WIND", 110, minute=5, published=10)]).encode()
    records = [{"DATETIME": "2026-01-01T00:00:00", "SOLAR": 8, "WIND_EMB": 50}]
    extra = json.dumps({"success": True, "result": {"records": records}}).encode()
    pages = [("1.json", first), ("2.json", second)]
    alone = sources.read("elexon", pages)
    assert alone.frame["wind"].to_list() == [100, 110]
    assert "no solar" in alone.notes[0]
    both = sources.read("elexon", [*pages, ("neso.json", extra)])
    assert both.frame["wind"].to_list() == [150, 160]
    assert both.frame["solar"].to_list() == [8, 8]
    with pytest.raises(InputError, match=r"bad\.json"):
        sources.read("elexon", [("bad.json", b'{"data": [')])
    with pytest.raises(InputError, match=r"bad\.json.*Elexon"):
        sources.read("elexon", [("bad.json", b'{"data": 3}')])


def test_neso_nulls_and_errors() -> None:
    records = [
        {"DATETIME": "2026-01-01T00:00:00", "SOLAR": None, "WIND_EMB": "50"},
        {"DATETIME": "2026-01-01T00:30:00", "SOLAR": 3, "WIND_EMB": 51},
    ]
    body = json.dumps({"success": True, "result": {"records": records}}).encode()
    frame = neso.read_embedded(body)
    assert np.isnan(frame["solar"].iloc[0]) and frame["wind"].to_list() == [50, 51]
    assert neso.read_embedded(b'{"result":{"records":[]}}').empty
    for content in (b'{"success": false}', b'{"result":{"records":[{"DATETIME":"2026-01-01"}]}}'):
        with pytest.raises(BadData, match="NESO"):
            neso.read_embedded(content)
