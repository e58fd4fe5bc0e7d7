"""Real answers give the values that INDEX.md beside them states."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from energydash import sources
from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.time import Period
from energydash.sources import Answer, read
from tests import clock
from tests.upstreams import Response
from tests.upstreams.server import Upstreams


def _read(recordings: Path, source: str, *names: str, region: str | None = None) -> Answer:
    files = [(name, (recordings / source / name).read_bytes()) for name in names]
    return read(source, files, region)


def _row(answer: Answer, time: str) -> dict[str, float]:
    return answer.frame.loc[pd.Timestamp(time)].dropna().to_dict()


# EIA: rows of period 2023-01-01T00 and T12, hour ENDING, so an hour earlier as starts.
EIA_HOURS = [
    ("CISO", "2022-12-31T23Z", {"coal": 4, "gas": 8897, "nuclear": 2245, "oil": 87, "other": 264,
                                "solar": 954, "hydro": 2178, "wind": 3395}),
    ("ERCO", "2022-12-31T23Z", {"coal": 6368, "gas": 13975, "nuclear": 5126, "other": 305,
                                "solar": 431, "hydro": 11, "wind": 14940}),
    ("PACW", "2022-12-31T23Z", {"gas": 0, "other": 45, "solar": 44, "hydro": 476, "wind": 282}),
    ("BPAT", "2022-12-31T23Z", {"gas": 834, "nuclear": 1161, "other": 168, "solar": 17,
                                "hydro": 6608, "wind": 999}),
    ("MISO", "2022-12-31T23Z", {"coal": 26715, "gas": 21693, "nuclear": 11167, "other": 1136,
                                "solar": 1, "hydro": 1106, "wind": 7638}),
    ("CISO", "2023-01-01T11Z", {"coal": 3, "gas": 5747, "nuclear": 2246, "oil": 87, "other": 3,
                                "solar": -35, "hydro": 1711, "wind": 3702}),
    ("ERCO", "2023-01-01T11Z", {"coal": 3467, "gas": 6010, "nuclear": 5124, "other": 157,
                                "solar": 0, "hydro": 5, "wind": 20057}),
    ("PACW", "2023-01-01T11Z", {"gas": 0, "other": 46, "solar": 0, "hydro": 491, "wind": 56}),
    ("BPAT", "2023-01-01T11Z", {"gas": 817, "nuclear": 1165, "other": 149, "solar": -1,
                                "hydro": 5211, "wind": 214}),
    ("MISO", "2023-01-01T11Z", {"coal": 18112, "gas": 14966, "nuclear": 11403, "other": 1088,
                                "solar": 0, "hydro": 948, "wind": 10092}),
]  # fmt: skip
PAGES = ("fuel-type-data_all_20230101_offset0.json", "fuel-type-data_all_20230101_offset5000.json")


@pytest.mark.parametrize(("respondent", "time", "expected"), EIA_HOURS)
@pytest.mark.parametrize("order", [PAGES, PAGES[::-1]], ids=["in-order", "reversed"])
def test_eia_pages_are_merged_before_grouping(
    recordings: Path,
    order: tuple[str, ...],
    respondent: str,
    time: str,
    expected: dict[str, float],
) -> None:
    answer = _read(recordings, "eia", *order, region=respondent)
    assert _row(answer, time) == expected
    assert len(answer.frame) == 25
    assert answer.notes == ()


def test_eia_one_page_alone_says_that_pages_are_missing(recordings: Path) -> None:
    answer = _read(recordings, "eia", PAGES[0], region="CISO")
    assert "5,000 of 9,700 rows" in answer.notes[0]


def test_eia_asks_which_respondent(recordings: Path) -> None:
    with pytest.raises(InputError, match=r"--region: AEC.*BPAT.*CISO"):
        _read(recordings, "eia", *PAGES)


def test_eia_load_and_interchange(recordings: Path) -> None:
    load = _read(recordings, "eia", "region-data_D_all_20230101.json", region="US-CAISO")
    assert (load.quantity, load.region) == ("load", "CISO")
    assert list(load.frame.columns) == ["load"]
    cent = _read(recordings, "eia", "region-data_D_all_20230101.json", region="CENT")
    assert _row(cent, "2022-12-31T23Z") == {"load": 28360}
    exchange = _read(recordings, "eia", "interchange-data_CISO_20240101.json")  # value is a text
    assert (exchange.quantity, exchange.region) == ("interchange", "CISO")
    assert _row(exchange, "2024-01-01T07Z")["WALC"] == -192
    assert _row(exchange, "2024-01-01T08Z")["BPAT"] == 179
    assert exchange.notes == ()  # "275" rows, a text too


def test_caiso_day(recordings: Path) -> None:
    answer = _read(recordings, "caiso", "history_20230101_fuelsource.csv")
    assert len(answer.frame) == 288
    assert answer.unknown == ()
    assert _row(answer, "2023-01-01T08:00Z") == {
        "solar": -37, "wind": 3193, "geothermal": 905, "biomass": 287 + 212, "hydro": 191 + 1477,
        "coal": 4, "nuclear": 2245, "gas": 8225, "battery": 200, "imports": 6129, "other": 0,
    }  # fmt: skip
    assert _row(answer, "2023-01-02T07:55Z") == {
        "solar": -19, "wind": 3488, "geothermal": 940, "biomass": 301 + 207, "hydro": 177 + 2173,
        "coal": 2, "nuclear": 2252, "gas": 7626, "battery": 280, "imports": 5117, "other": 0,
    }  # fmt: skip


def test_caiso_spring_day_has_23_hours(recordings: Path) -> None:
    answer = _read(recordings, "caiso", "history_20190310_netdemand_DSTstart.csv")
    assert answer.quantity == "load"
    assert len(answer.frame) == 23 * 12  # no 02:xx, and the trailing 00:00 row has no demand
    assert answer.frame.index.to_series().diff().dropna().unique() == [pd.Timedelta("5min")]
    assert _row(answer, "2019-03-10T08:00Z") == {"load": 21511, "net_load": 19908}


def test_caiso_oasis_zip(recordings: Path) -> None:
    name = "oasis_SLD_FCST_7DA_20250219_20250227.zip"
    area = _read(recordings, "caiso", name, region="AVA")
    assert (area.quantity, area.region) == ("load-forecast", "AVA")
    assert _row(area, "2025-02-19T08:00Z") == {"load_forecast": 1275.14}
    assert len(_read(recordings, "caiso", name).frame) == 192
    with pytest.raises(InputError, match="CA ISO-TAC"):
        _read(recordings, "caiso", name, region="Nowhere")


@pytest.mark.parametrize(
    ("name", "rows", "first", "last"),
    [
        ("20250201rtfuelmix.csv", 288, "2025-02-01T05:00Z", "2025-02-02T04:55Z"),
        ("20250202rtfuelmix.csv", 290, "2025-02-02T05:00Z", "2025-02-03T04:55Z"),
        ("pyiso/20160119rtfuelmix.csv", 290, "2016-01-19T05:00Z", "2016-01-20T04:55Z"),
        ("pyiso/20171122rtfuelmix.csv", 289, "2017-11-22T05:00Z", "2017-11-23T04:50Z"),
    ],
)
def test_nyiso_days(recordings: Path, name: str, rows: int, first: str, last: str) -> None:
    frame = _read(recordings, "nyiso", name).frame
    assert len(frame) == rows
    assert (frame.index[0], frame.index[-1]) == (pd.Timestamp(first), pd.Timestamp(last))


def test_nyiso_values(recordings: Path) -> None:
    day = _read(recordings, "nyiso", "pyiso/20160119rtfuelmix.csv")  # column 'Gen MWh'
    assert _row(day, "2016-01-19T05:00Z") == {
        "gas": 2678 + 1820, "hydro": 2385, "nuclear": 5425, "other": 169, "biomass": 248,
        "wind": 1173,
    }  # fmt: skip
    assert _row(day, "2016-01-20T04:55Z")["hydro"] == 3195
    load = _read(recordings, "nyiso", "pyiso/20171122pal.csv")
    assert load.quantity == "load"
    assert load.frame["load"].between(12000, 25000).all()


def test_isone_days(recordings: Path) -> None:
    days = [f"genfuelmix_day_2024110{n}.json" for n in (2, 3)]
    answer = _read(recordings, "isone", *days)
    assert len(answer.frame) == 188 + 249  # 3 November has 25 hours
    first = {"hydro": 267, "gas": 7007, "nuclear": 1226, "battery": 16, "wind": 557,
             "biomass": 4 + 304 + 191}  # fmt: skip
    assert _row(answer, "2024-11-02T04:08:02Z") == first
    last = {"hydro": 252, "gas": 7895, "nuclear": 1228, "battery": 1, "solar": 9, "wind": 117,
            "biomass": 4 + 323 + 172}  # fmt: skip
    assert _row(answer, "2024-11-04T04:58:37Z") == last
    assert answer.frame.index.is_unique


def test_isone_now_and_load(recordings: Path) -> None:
    now = _read(recordings, "isone", "genfuelmix_current.json")
    assert _row(now, "2024-11-25T21:07:59Z")["oil"] == 22
    load = _read(recordings, "isone", "hourlysysload_day_20241103.json")
    assert len(load.frame) == 25
    assert _row(load, "2024-11-03T04:00Z") == {"load": 10376.719}
    assert _row(load, "2024-11-04T04:00Z") == {"load": 11315.751}


def test_ercot(recordings: Path) -> None:
    mix = _read(recordings, "ercot", "fuel-mix_20251008-09.json")
    assert len(mix.frame) == 288 + 81
    first = _row(mix, "2025-10-08T05:04:56Z")
    assert first["coal"] == 10519.1865234375
    assert first["battery"] == 380.192932128906
    assert _row(mix, "2025-10-09T11:44:56Z")["gas"] == 29640.25898361206
    storage = _read(recordings, "ercot", "energy-storage-resources_20251008-09.json")
    assert storage.quantity == "storage"
    assert _row(storage, "2025-10-08T05:00Z") == {"battery": -380.286}
    assert _row(storage, "2025-10-09T11:40Z") == {"battery": 493.635}


def test_miso_reports_what_it_does_not_know(recordings: Path) -> None:
    answer = _read(recordings, "miso", "getfuelmix_20180125_with_fake_Antimatter.json")
    assert answer.unknown == ("Antimatter",)
    assert _row(answer, "2018-01-25T09:30Z") == {
        "coal": 40384, "gas": 14977, "nuclear": 12223, "wind": 2675, "other": 531 + 256,
    }  # fmt: skip


def test_pjm(recordings: Path) -> None:
    answer = _read(recordings, "pjm", "gen_by_fuel_20250209.json")
    assert len(answer.frame) == 22
    assert answer.notes == ()
    assert _row(answer, "2025-02-09T21:00Z") == {
        "coal": 15772, "gas": 43252, "hydro": 1421, "other": 431, "nuclear": 33625, "oil": 401,
        "biomass": 651, "solar": 2719, "battery": 0, "wind": 1341,
    }  # fmt: skip


def test_bpa(recordings: Path) -> None:
    answer = _read(recordings, "bpa", "baltwg_sample_pyiso.tsv")
    assert len(answer.frame) == 12  # the rest is announced, and blank
    assert _row(answer, "2014-04-15T17:10Z") == {"wind": 3732, "hydro": 11225, "other": 1599}


def test_spp_interchange(recordings: Path) -> None:
    answer = _read(recordings, "spp", "interchange-trend-swpw.csv")
    assert answer.quantity == "interchange"
    assert len(answer.frame) == 2884
    assert _row(answer, "2026-04-01T16:56Z")["BHBA"] == 319.38


LIVE = [
    # source, quantity, host, recording, the clock, and the period that is asked
    ("caiso", "mix", "www.caiso.com", "history_20230101_fuelsource.csv", "2023-01-03T12:00Z",
     ("2023-01-01T08:00Z", "2023-01-02T08:00Z")),
    ("nyiso", "mix", "mis.nyiso.com", "20250202rtfuelmix.csv", "2025-02-04T12:00Z",
     ("2025-02-02T05:00Z", "2025-02-03T05:00Z")),
    ("ercot", "mix", "www.ercot.com", "fuel-mix_20251008-09.json", "2025-10-09T12:00Z",
     ("2025-10-08T05:00Z", "2025-10-09T12:00Z")),
    ("ercot", "storage", "www.ercot.com", "energy-storage-resources_20251008-09.json",
     "2025-10-09T12:00Z", ("2025-10-08T05:00Z", "2025-10-09T12:00Z")),
]  # fmt: skip


@pytest.mark.parametrize(("source", "quantity", "host", "name", "now", "asked"), LIVE)
def test_a_recording_gives_the_same_live(
    recordings: Path,
    upstreams: Upstreams,
    source: str,
    quantity: str,
    host: str,
    name: str,
    now: str,
    asked: tuple[str, str],
) -> None:
    """`energydash read` and the crawler read the same bytes the same way."""
    clock.set_now(datetime.fromisoformat(now))
    body = (recordings / source / name).read_bytes()
    upstreams.change(host, lambda *_: Response(200, body, {"Content-Type": "text/csv"}))
    chosen = settings.current()
    feed = next(f for f in sources.source(source).feeds(chosen) if f.quantity == quantity)
    period = Period(*(datetime.fromisoformat(at) for at in asked))
    live = sources.fetch(feed, period, chosen).frame
    saved = _read(recordings, source, name).frame
    if source == "ercot":  # live instants are set to the minute
        saved = saved.set_axis(pd.DatetimeIndex(saved.index).round("min"))
    assert len(live) > 200
    assert live.equals(saved.loc[live.index])
