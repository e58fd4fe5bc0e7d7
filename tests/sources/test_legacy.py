"""pyiso without its habits, and without pyiso."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from energydash.core import settings
from energydash.core.errors import BadData, InputError, RateLimited, Unavailable
from energydash.core.feeds import Feed, Fetched
from energydash.core.time import Period, utc_now
from energydash.grid import regions
from energydash.grid.fuels import FUELS
from energydash.sources import legacy
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams

EVERY = [pytest.param(a, id=f"{a.region}-{a.quantity}") for a in legacy.ALLOWED]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Skip all of this where pyiso, which is optional, is not installed."""
    if importlib.util.find_spec("pyiso") is None:
        pytest.skip("pyiso is optional, and not installed")


def _fetch(region: str, quantity: str, hours: float = 6) -> Fetched:
    key = (region, quantity)
    feed = next(f for f in legacy.feeds(settings.current()) if f.key[2:] == key)
    now = utc_now()
    return legacy.fetch(feed, Period(now - timedelta(hours=hours), now), settings.current())


@pytest.mark.parametrize("allowed", EVERY)
def test_every_allowed_feed_answers(upstreams: Upstreams, allowed: legacy.Allowed) -> None:
    hours = 1 if allowed.step is None else 30
    fetched = _fetch(allowed.region, allowed.quantity, hours)
    frame = fetched.frame
    assert fetched.unknown == ()
    assert fetched.covered.duration == timedelta(hours=hours)
    if allowed.quantity == "mix":
        assert set(frame.columns) <= set(FUELS)
    if allowed.step is None:
        assert len(frame) == 1
        assert utc_now() - frame.index[0] < timedelta(minutes=10)
    else:
        assert len(frame) >= 30 * timedelta(hours=1) / allowed.step - 3


def test_regions_and_feeds_agree() -> None:
    offered = {(allowed.region, allowed.quantity) for allowed in legacy.ALLOWED}
    listed = {
        (region.id, quantity)
        for region in regions.regions()
        for quantity, sources in region.sources.items()
        if "pyiso" in sources
    }
    assert listed == offered


def test_bpa_present_feed(upstreams: Upstreams) -> None:
    """Seven lines of text, a blank one, VER and Nuclear columns, announced rows at the end."""
    upstreams.world.publish("pyiso/BPA/VER", 1234)
    frame = _fetch("BPA", "mix", 24).frame
    assert list(frame.columns) == ["nuclear", "hydro", "wind", "gas"]
    assert set(frame["wind"]) == {1234}
    assert frame.index.equals(frame.index.floor("5min"))


def test_aeso_counts_what_has_no_known_fuel(upstreams: Upstreams) -> None:
    def rename(_: Request, response: Response) -> Response:
        return Response(200, response.content().replace(b"WIND,", b"FUSION,"), response.headers)

    whole = _fetch("AESO", "mix").frame
    upstreams.change("ets.aeso.ca", rename)
    fetched = _fetch("AESO", "mix")
    assert fetched.unknown == ("FUSION",)
    assert fetched.frame.sum(axis=1).iloc[0] == whole.sum(axis=1).iloc[0]


def test_aeso_fuels_that_do_not_add_up_are_refused(upstreams: Upstreams) -> None:
    def drop(_: Request, response: Response) -> Response:
        lines = response.content().decode().splitlines()
        kept = [line for line in lines if not line.startswith("COGENERATION")]
        return Response(200, "\r\n".join(kept), response.headers)

    upstreams.change("ets.aeso.ca", drop)
    with pytest.raises(BadData, match=r"AESO .* the fuels add up to"):
        _fetch("AESO", "mix")


def test_429_is_told_at_once(upstreams: Upstreams) -> None:
    """pyiso itself would sleep for 155 s."""
    upstreams.fault("transmission.bpa.gov", "429", retry_after="120")
    start = time.monotonic()
    with pytest.raises(RateLimited):
        _fetch("BPA", "load")
    assert time.monotonic() - start < 60
    assert upstreams.counts["transmission.bpa.gov"] == 1


def test_pyiso_is_quiet(upstreams: Upstreams, capfd: pytest.CaptureFixture[str]) -> None:
    _fetch("BPA", "load")
    upstreams.fault("tso.nbpower.com", "html")
    with pytest.raises(BadData):
        _fetch("NBP", "load")
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pyiso").handlers == []


def test_no_stub_of_imp_is_left_behind(upstreams: Upstreams) -> None:
    _fetch("BPA", "load")
    stub = sys.modules.get("imp")
    assert stub is None or hasattr(stub, "find_module")


def test_without_pyiso_the_sentence_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> NoReturn:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(importlib, "import_module", refuse)
    feeds = legacy.feeds(settings.current())
    assert feeds
    now = utc_now()
    with pytest.raises(Unavailable, match=r"not installed.*pip install --no-deps pyiso==0\.4\.0"):
        legacy.fetch(feeds[0], Period(now - timedelta(hours=1), now), settings.current())


def test_asking_for_feeds_imports_no_pyiso() -> None:
    code = (
        "import sys\nfrom energydash.core import settings\nfrom energydash.sources import legacy\n"
        "legacy.feeds(settings.current())\nsys.exit('pyiso' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_feed() -> None:
    feed = Feed("pyiso", "EU", "mix", "MW", None, "UTC", timedelta(minutes=5))
    now = utc_now()
    with pytest.raises(InputError, match="works today"):
        legacy.fetch(feed, Period(now, now), settings.current())


def test_pyiso_is_imported_in_one_module_only() -> None:
    package = Path(legacy.__file__).resolve().parents[1]
    users = {
        path.name
        for path in package.rglob("*.py")
        if "import pyiso" in path.read_text() or 'import_module("pyiso' in path.read_text()
    }
    assert users == {"legacy.py"}
