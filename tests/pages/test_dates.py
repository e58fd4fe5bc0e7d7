"""Every page on the days on which clocks, months and years change, wherever the server stands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from energydash.core import settings
from energydash.sources.octopus import graphql
from tests import clock
from tests.pages.conftest import ROOT, OpenPage
from tests.pages.conftest import words as said_by
from tests.pages.test_connected_home import connect
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.server import Upstreams

PAGES = [path.stem for path in sorted((ROOT / "pages").glob("*.py"))]
MOMENTS = (  # and the zone of the machine that serves the pages
    ("2027-01-01T00:10Z", "UTC"),
    ("2027-03-28T00:30Z", "America/Los_Angeles"),
    ("2027-03-28T01:30Z", "Pacific/Auckland"),
    ("2027-10-31T00:30Z", "Pacific/Auckland"),
    ("2027-10-31T01:30Z", "UTC"),
    ("2028-02-29T23:50Z", "America/Los_Angeles"),
)
# Of a connected home; the comparison's year is that of the costs.
SHOWN = (
    ("overview", "Month"),
    ("electricity_costs", "Month"),
    ("electricity_costs", "Year"),
    ("tariff_comparison", "Month"),
)


@pytest.fixture
def moment(request: pytest.FixtureRequest) -> Iterator[None]:
    """An awkward instant, on a machine anywhere."""
    instant, zone = request.param
    before = os.environ.get("TZ")
    clock.set_now(datetime.fromisoformat(instant))
    os.environ["TZ"] = zone
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment[0], indirect=True)
def test_every_page_opens(moment: None, open_page: OpenPage) -> None:
    for name in PAGES:
        app = open_page(name, range="Year")
        assert not app.error, (name, app.error[0].value)


@pytest.mark.parametrize("moment", MOMENTS[1::2], ids=lambda moment: moment[0], indirect=True)
def test_a_connected_home(
    moment: None, open_page: OpenPage, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    connect(open_page("home_settings"))
    for name, span in SHOWN:
        app = open_page(name, range=span)
        assert not app.error, (name, span, app.error[0].value)
        assert "£" in said_by(app)
