"""gridstatus is borrowed without its habits: quiet, tamed, in our words, within a deadline."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NoReturn

import pandas as pd
import pytest
import urllib3.util.ssl_

from energydash.core import settings
from energydash.core.errors import BadData, InputError, NotFound, SourceError, Unavailable
from energydash.core.feeds import Feed, Fetched
from energydash.core.time import Period, local_midnight, utc_now, zone_info
from energydash.grid import regions
from energydash.grid.fuels import FUELS
from energydash.sources import borrowed, isos
from tests import clock
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams

EVERY = [pytest.param(d, id=f"{d.region}-{d.quantity}") for d in isos.DATASETS]


@pytest.fixture(autouse=True)
def no_archives() -> Iterator[None]:
    borrowed.forget_archives()
    yield
    borrowed.forget_archives()


def _fetch(region: str, quantity: str, period: Period) -> Fetched:
    feed = next(f for f in isos.feeds(settings.current()) if f.key[2:] == (region, quantity))
    return isos.fetch(feed, period, settings.current())


def _lately(hours: float) -> Period:
    now = utc_now()
    return Period(now - timedelta(hours=hours), now)


@pytest.mark.parametrize("dataset", EVERY)
def test_every_dataset_answers(upstreams: Upstreams, dataset: isos.Dataset) -> None:
    day = _lately(24)
    fetched = isos.fetch(dataset.feed, day, settings.current())
    frame = fetched.frame
    assert len(frame) > 0
    assert fetched.covered == day
    assert fetched.unknown == ()
    assert frame.notna().any().all()
    if dataset.quantity == "mix":
        assert set(frame.columns) <= set(FUELS)
    if dataset.step:
        assert frame.index.equals(frame.index.floor(pd.Timedelta(dataset.step)))
    kept_today_only = (dataset.region, dataset.quantity) in {("ERCOT", "load"), ("MISO", "load")}
    if dataset.step and not kept_today_only:
        assert len(frame) >= 24 * timedelta(hours=1) / dataset.step - 13


def test_regions_and_datasets_agree() -> None:
    offered = {(dataset.region, dataset.quantity) for dataset in isos.DATASETS}
    listed = {
        (region.id, quantity)
        for region in regions.regions()
        for quantity, sources in region.sources.items()
        if "gridstatus" in sources
    }
    assert listed == offered


def test_a_published_value_is_seen(upstreams: Upstreams) -> None:
    upstreams.world.publish("gridstatus/CAISO/Natural Gas", 5432)
    assert set(_fetch("CAISO", "mix", _lately(2)).frame["gas"]) == {5432}


def test_asking_for_feeds_imports_no_gridstatus() -> None:
    code = (
        "import sys\nfrom energydash.core import settings\nfrom energydash.sources import isos\n"
        "isos.feeds(settings.current())\nsys.exit('gridstatus' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_gridstatus_is_tamed(upstreams: Upstreams, capfd: pytest.CaptureFixture[str]) -> None:
    before = getattr(urllib3.util.ssl_, "DEFAULT_CIPHERS", None)
    _fetch("MISO", "mix", _lately(2))
    upstreams.fault("www.iso-ne.com", "html")  # gridstatus prints each of its tries
    with pytest.raises(BadData):
        _fetch("ISONE", "mix", _lately(2))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("gridstatus").handlers == []
    assert getattr(urllib3.util.ssl_, "DEFAULT_CIPHERS", None) == before
    assert before is None or "SECLEVEL=1" not in before


def test_nothing_goes_around_our_session(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("urllib was used")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", refuse)
    for dataset in isos.DATASETS:
        isos.fetch(dataset.feed, _lately(1), settings.current())
    assert upstreams.requests
    assert all("energydash" in request.headers["user-agent"] for request, _ in upstreams.requests)


def test_nyiso_archive_is_downloaded_once(upstreams: Upstreams) -> None:
    day = utc_now().date() - timedelta(days=20)
    period = Period.local_days(day, day + timedelta(days=2), "America/New_York")
    expected = period.duration / timedelta(minutes=5)
    assert len(_fetch("NYISO", "mix", period).frame) == expected
    asked = {request.path for request, _ in upstreams.requests}
    assert upstreams.counts["mis.nyiso.com"] == len(asked) <= 2  # two where the month changes


def test_what_is_not_published_yet_is_no_error(upstreams: Upstreams) -> None:
    """Just after midnight the new day has no file; yesterday's rows are still an answer."""
    today = utc_now().astimezone(zone_info("America/New_York")).date()
    midnight = local_midnight(today, "America/New_York")
    missing = f"{today:%Y%m%d}"

    def gone(request: Request, response: Response) -> Response:
        return Response(404) if missing in request.path else response

    upstreams.change("oasis-postings.prod.nysdi.com", gone)
    before = _fetch("NYISO", "load", Period(midnight - timedelta(hours=3), utc_now()))
    assert len(before.frame) == 36
    with pytest.raises(NotFound, match="NYISO"):
        _fetch("NYISO", "load", Period(midnight, utc_now()))


def test_isone_repeated_hour(upstreams: Upstreams) -> None:
    day = date(2025, 11, 2)
    period = Period.local_days(day, day + timedelta(days=1), "America/New_York")
    index = pd.DatetimeIndex(_fetch("ISONE", "mix", period).frame.index)
    assert len(index) == 250  # one in each of 25 x 10 six minutes
    assert index.to_series().diff().max() < pd.Timedelta(minutes=12)
    assert len(_fetch("ISONE", "load", period).frame) == 25 * 12


def test_ercot_split_intervals_are_whole(upstreams: Upstreams) -> None:
    frame = _fetch("ERCOT", "mix", _lately(6)).frame
    assert frame.notna().all(axis=None)
    assert len(frame) in (71, 72)


def test_spp_waits_for_the_authority_that_is_late(upstreams: Upstreams) -> None:
    def late(request: Request, response: Response) -> Response:
        if "SWPW" not in request.param("path"):
            return response
        lines = response.content().decode().splitlines()
        return Response(200, "\n".join([*lines[:-3], ""]), response.headers)

    whole = _fetch("SPP", "mix", _lately(1.5)).frame
    upstreams.change("portal.spp.org", late)
    part = _fetch("SPP", "mix", _lately(1.5)).frame
    assert len(whole) - len(part) == 3
    assert part.equals(whole.loc[part.index])


def test_ieso_before_ninety_days(upstreams: Upstreams) -> None:
    day = utc_now().date() - timedelta(days=120)
    period = Period.local_days(day, day + timedelta(days=1), "Etc/GMT+5")
    frame = _fetch("IESO", "mix", period).frame
    assert len(frame) == 24
    assert [r.path.split("/")[2] for r, _ in upstreams.requests] == ["GenOutputbyFuelHourly"]


def test_unknown_feed() -> None:
    feed = Feed("gridstatus", "PJM", "mix", "MW", None, "UTC", timedelta(minutes=5))
    with pytest.raises(InputError, match="PJM"):
        isos.fetch(feed, _lately(1), settings.current())


def test_a_future_period_asks_for_nothing_new(upstreams: Upstreams) -> None:
    now = utc_now()
    fetched = _fetch("MISO", "mix", Period(now + timedelta(hours=1), now + timedelta(hours=2)))
    assert fetched.frame.empty
    assert fetched.covered.duration == timedelta(0)


# --- the deadline -------------------------------------------------------------------------------


def test_a_library_that_sleeps_is_given_up() -> None:
    hold = threading.Event()
    with pytest.raises(Unavailable, match=r"ERCOT did not answer within 0 s\."):
        borrowed.ask("ERCOT", lambda: hold.wait(30), deadline_s=0.05)
    hold.set()


def test_a_thread_that_was_given_up_sends_nothing(upstreams: Upstreams) -> None:
    caught: list[SourceError] = []
    done = threading.Event()

    def question() -> None:
        time.sleep(0.1)
        try:
            borrowed.Session().get("https://www.ercot.com/x.json")
        except SourceError as error:
            caught.append(error)
        done.set()

    with pytest.raises(Unavailable):
        borrowed.ask("ERCOT", question, deadline_s=0.02)
    assert done.wait(5)
    assert isinstance(caught[0], Unavailable)
    assert upstreams.counts["www.ercot.com"] == 0


def test_a_fault_of_ours_is_not_hidden() -> None:
    class Ours(Exception):
        pass

    def question() -> NoReturn:
        raise Ours("a mistake in energydash")

    with pytest.raises(Ours):
        borrowed.ask("ERCOT", question)


@pytest.mark.parametrize("moment", ["2026-11-20T08:02:00+00:00", "2026-11-20T08:30:00+00:00"])
def test_the_stand_in_follows_its_clock(upstreams: Upstreams, moment: str) -> None:
    """CAISO's current file is yesterday's for some minutes after midnight."""
    clock.set_now(datetime.fromisoformat(moment))
    answer = upstreams.answer(Request("GET", "www.caiso.com", "/outlook/current/fuelsource.csv"))
    assert answer
    rows = answer.content().decode().splitlines()
    assert len(rows) == (289 if "08:02" in moment else 7)
