"""Every operator over HTTP: what it answers, how often it is asked, and gridstatus tamed."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import urllib3.util.ssl_

from energydash import sources
from energydash.core import settings
from energydash.core.errors import BadCredentials, BadData, NotFound
from energydash.core.feeds import Feed, Fetched
from energydash.core.time import Period, local_midnight, utc_now, zone_info
from energydash.grid import regions
from energydash.grid.fuels import FUELS
from energydash.sources import http
from tests import clock
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams

OPERATORS = (
    "caiso", "ercot", "isone", "miso", "nyiso", "spp", "ieso", "bpa", "aeso", "nbpower",
)  # fmt: skip
FEEDS = [feed for name in OPERATORS for feed in sources.source(name).feeds(settings.current())]
EVERY = [pytest.param(feed, id=f"{feed.source}-{feed.quantity}") for feed in FEEDS]


def _fetch(source: str, quantity: str, period: Period) -> Fetched:
    feed = next(one for one in FEEDS if (one.source, one.quantity) == (source, quantity))
    return sources.fetch(feed, period, settings.current())


def _lately(hours: float) -> Period:
    now = utc_now()
    return Period(now - timedelta(hours=hours), now)


@pytest.mark.parametrize("feed", EVERY)
def test_every_feed_answers(upstreams: Upstreams, feed: Feed) -> None:
    hours = 24 if feed.history is None or feed.history > timedelta(hours=1) else 1
    fetched = sources.fetch(feed, _lately(hours), settings.current())
    frame = fetched.frame
    assert fetched.covered.duration == timedelta(hours=hours)
    assert fetched.unknown == ()
    assert len(frame) > 0
    assert frame.notna().any().all()
    if feed.quantity == "mix":
        assert set(frame.columns) <= set(FUELS)
    kept_today_only = (feed.source, feed.quantity) in {("ercot", "load"), ("miso", "load")}
    if feed.step is None:
        assert utc_now() - frame.index[-1] < timedelta(minutes=15)
    else:
        assert frame.index.equals(frame.index.floor(pd.Timedelta(feed.step)))
        assert kept_today_only or len(frame) >= 24 * timedelta(hours=1) / feed.step - 13


def test_regions_and_feeds_agree() -> None:
    listed = {
        (name, region.id, quantity)
        for region in regions.regions()
        for quantity, names in region.sources.items()
        for name in names
        if name in OPERATORS
    }
    assert listed == {feed.key[1:] for feed in FEEDS}


def test_one_download_serves_every_feed_of_a_cycle(upstreams: Upstreams) -> None:
    with http.shared():
        for name in ("bpa", "aeso", "nbpower", "spp"):
            for feed in sources.source(name).feeds(settings.current()):
                sources.fetch(feed, _lately(1), settings.current())
    assert upstreams.counts["transmission.bpa.gov"] == 1
    assert upstreams.counts["ets.aeso.ca"] == 1
    assert upstreams.counts["tso.nbpower.com"] == 1
    assert upstreams.counts["portal.spp.org"] == 2  # a file for each balancing authority
    _fetch("bpa", "load", _lately(1))
    assert upstreams.counts["transmission.bpa.gov"] == 2, "another cycle downloads anew"


def test_a_published_value_is_seen(upstreams: Upstreams) -> None:
    upstreams.world.publish("gridstatus/CAISO/Natural Gas", 5432)
    assert set(_fetch("caiso", "mix", _lately(2)).frame["gas"]) == {5432}


def test_nyiso_archive_is_downloaded_once(upstreams: Upstreams) -> None:
    day = utc_now().date() - timedelta(days=20)
    period = Period.local_days(day, day + timedelta(days=2), "America/New_York")
    expected = period.duration / timedelta(minutes=5)
    assert len(_fetch("nyiso", "mix", period).frame) == expected
    asked = {request.path for request, _ in upstreams.requests}
    assert upstreams.counts["mis.nyiso.com"] == len(asked) <= 2  # two where the month changes


def test_caiso_past_day_without_a_file_is_an_answer_without_rows(upstreams: Upstreams) -> None:
    day = utc_now().date() - timedelta(days=9)
    period = Period.local_days(day, day + timedelta(days=1), "America/Los_Angeles")
    upstreams.change("www.caiso.com", lambda *_: Response(404))
    fetched = _fetch("caiso", "mix", period)
    assert fetched.frame.empty
    assert fetched.covered == period


def test_caiso_current_file_that_is_still_yesterdays(upstreams: Upstreams) -> None:
    today = utc_now().astimezone(zone_info("America/Los_Angeles")).date()
    late = Request(
        "GET",
        "www.caiso.com",
        f"/outlook/history/{today - timedelta(days=1):%Y%m%d}/fuelsource.csv",
    )
    whole = upstreams.answer(late)
    assert whole

    def stale(request: Request, response: Response) -> Response:
        return whole if "/current/" in request.path else response

    upstreams.change("www.caiso.com", stale)
    midnight = local_midnight(today, "America/Los_Angeles")
    frame = _fetch("caiso", "mix", Period(midnight - timedelta(hours=2), utc_now())).frame
    assert frame.index.max() < pd.Timestamp(midnight)
    assert len(frame) == 24


def test_what_is_not_published_yet_is_no_error(upstreams: Upstreams) -> None:
    """Just after midnight the new day has no file; yesterday's rows are still an answer."""
    today = utc_now().astimezone(zone_info("America/New_York")).date()
    midnight = local_midnight(today, "America/New_York")
    missing = f"{today:%Y%m%d}"

    def gone(request: Request, response: Response) -> Response:
        return Response(404) if missing in request.path else response

    upstreams.change("oasis-postings.prod.nysdi.com", gone)
    before = _fetch("nyiso", "load", Period(midnight - timedelta(hours=3), utc_now()))
    assert len(before.frame) == 36
    with pytest.raises(NotFound, match="NYISO"):
        _fetch("nyiso", "load", Period(midnight, utc_now()))


@pytest.mark.parametrize(
    ("quantity", "host", "end"),
    [
        ("mix", "mis.nyiso.com", b""),
        ("load", "oasis-postings.prod.nysdi.com", b"\r\n"),
    ],
)
@pytest.mark.parametrize("lines", [1, 4])
def test_nyiso_cut_within_its_last_instant_is_told_apart(
    upstreams: Upstreams, quantity: str, host: str, end: bytes, lines: int
) -> None:
    """Each instant is several lines; some of them would pass for the whole of it."""
    period = _lately(2)
    whole = _fetch("nyiso", quantity, period).frame

    def cut(request: Request, response: Response) -> Response:
        kept = response.content().rstrip().split(b"\r\n")[:-lines]
        return replace(response, body=b"\r\n".join(kept) + end)

    upstreams.change(host, cut)
    pd.testing.assert_frame_equal(_fetch("nyiso", quantity, period).frame, whole.iloc[:-1])


def test_isone_repeated_hour(upstreams: Upstreams) -> None:
    day = date(2025, 11, 2)
    period = Period.local_days(day, day + timedelta(days=1), "America/New_York")
    index = pd.DatetimeIndex(_fetch("isone", "mix", period).frame.index)
    assert len(index) == 250  # one in each of 25 x 10 six minutes
    assert index.to_series().diff().max() < pd.Timedelta(minutes=12)
    assert len(_fetch("isone", "load", period).frame) == 25 * 12


def test_ercot_split_intervals_are_whole(upstreams: Upstreams) -> None:
    frame = _fetch("ercot", "mix", _lately(6)).frame
    assert frame.notna().all(axis=None)
    assert len(frame) in (71, 72)


def test_spp_waits_for_the_authority_that_is_late(upstreams: Upstreams) -> None:
    def late(request: Request, response: Response) -> Response:
        if "SWPW" not in request.param("path"):
            return response
        lines = response.content().decode().splitlines()
        return Response(200, "\n".join([*lines[:-3], ""]), response.headers)

    whole = _fetch("spp", "mix", _lately(1.5)).frame
    upstreams.change("portal.spp.org", late)
    part = _fetch("spp", "mix", _lately(1.5)).frame
    assert len(whole) - len(part) == 3
    assert part.equals(whole.loc[part.index])


def test_ieso_before_ninety_days(upstreams: Upstreams) -> None:
    day = utc_now().date() - timedelta(days=120)
    period = Period.local_days(day, day + timedelta(days=1), "Etc/GMT+5")
    frame = _fetch("ieso", "mix", period).frame
    assert len(frame) == 24
    assert [r.path.split("/")[2] for r, _ in upstreams.requests] == ["GenOutputbyFuelHourly"]


def test_a_future_period_asks_for_nothing_new(upstreams: Upstreams) -> None:
    now = utc_now()
    fetched = _fetch("miso", "mix", Period(now + timedelta(hours=1), now + timedelta(hours=2)))
    assert fetched.frame.empty
    assert fetched.covered.duration == timedelta(0)


# --- gridstatus, which fetches ISO-NE's tables ----------------------------------------------------


def test_asking_for_feeds_imports_neither_library() -> None:
    code = (
        "import sys\nfrom energydash import sources\nfrom energydash.core import settings\n"
        "sources.feeds(settings.current())\n"
        "sys.exit(bool({'gridstatus', 'pyiso'} & {*sys.modules}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_gridstatus_comes_through_the_gate_by_itself(upstreams: Upstreams) -> None:
    """Its own session keeps the cookie, its own retry asks again; nothing of ours is in between."""
    assert len(_fetch("isone", "mix", _lately(2)).frame) > 10
    agents = {request.headers["user-agent"] for request, _ in upstreams.requests}
    assert all(agent.startswith("python-requests") for agent in agents), agents


def test_gridstatus_is_asked_through_public_methods_only() -> None:
    package = Path(sources.__file__).parent
    users = {path for path in package.rglob("*.py") if "gridstatus import" in path.read_text()}
    assert {path.name for path in users} == {"isone.py"}
    for path in users:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert not (node.value.id == "library" and node.attr.startswith("_"))
    from energydash.sources.grid.isone import METHODS

    assert not [name for name in METHODS.values() if name.startswith("_")]


def test_gridstatus_is_tamed(upstreams: Upstreams, capfd: pytest.CaptureFixture[str]) -> None:
    before = getattr(urllib3.util.ssl_, "DEFAULT_CIPHERS", None)
    _fetch("isone", "load", _lately(2))
    upstreams.fault("www.iso-ne.com", "html")  # gridstatus prints each of its tries
    with pytest.raises(BadData):
        _fetch("isone", "mix", _lately(2))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("gridstatus").handlers == []
    assert getattr(urllib3.util.ssl_, "DEFAULT_CIPHERS", None) == before
    assert before is None or "SECLEVEL=1" not in before


def test_a_gate_that_stays_shut_is_told(upstreams: Upstreams) -> None:
    upstreams.fault("www.iso-ne.com", "403")
    with pytest.raises(BadCredentials, match=r"ISO-NE refuses to answer \(403\)"):
        _fetch("isone", "mix", _lately(2))


@pytest.mark.parametrize("moment", ["2026-11-20T08:02:00+00:00", "2026-11-20T08:30:00+00:00"])
def test_the_stand_in_follows_its_clock(upstreams: Upstreams, moment: str) -> None:
    """CAISO's current file is yesterday's for some minutes after midnight."""
    clock.set_now(datetime.fromisoformat(moment))
    answer = upstreams.answer(Request("GET", "www.caiso.com", "/outlook/current/fuelsource.csv"))
    assert answer
    rows = answer.content().decode().splitlines()
    assert len(rows) == (289 if "08:02" in moment else 7)
