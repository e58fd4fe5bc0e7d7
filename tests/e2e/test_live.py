"""An upstream that really stops and comes back, and several tabs that cause one fetch."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.site import DRAW_MS, Site, serve, settled, visit
from tests.upstreams.server import Upstreams

EVERY_S = "2"  # each feed is asked this often, so that a test need not wait for a cadence
UNREACHABLE = re.compile("cannot be reached")
AGE = re.compile(r"\d+ (s|min|h) ago|just now")
# The crawler asks every 2 s and a card looks every 10 s, but trouble shows after up to 30 s more.
SOON_MS = 90_000


def publish(upstreams: Upstreams, g_per_kwh: int) -> None:
    """Great Britain's carbon intensity, measured and forecast, from now on."""
    for part in ("actual", "forecast"):
        upstreams.world.publish(f"carbon-intensity/GB/{part}", g_per_kwh)


def figure(page: Page, value: int) -> Locator:
    """The card on the Overview that shows exactly this number."""
    text = re.compile(rf"^\s*{value}\s*$")
    return page.locator("[data-testid=stMetricValue]").filter(has_text=text).first


def trouble(page: Page) -> Locator:
    return page.locator("[data-testid=stMain]").get_by_text(UNREACHABLE)


def test_more_sessions_cause_no_more_fetches(tmp_path: Path, new_page: NewPage) -> None:
    """At the feeds' own cadences; `live` would be asked every few seconds."""
    with Upstreams() as up, serve(tmp_path, {"ENERGYDASH_REPLAY_URL": up.url}) as site:
        first = new_page()
        visit(first, site, "generation_mix")
        chart = ".js-plotly-plot .main-svg"
        expect(first.locator(chart).first).to_be_visible(timeout=DRAW_MS)
        before = quiet(up)
        assert before
        pages = [first.context.new_page() for _ in range(3)]  # each a session of its own
        for page in pages:
            page.goto(f"{site.url}/generation_mix")
        for page in pages:
            expect(page.locator(chart).first).to_be_visible(timeout=2 * DRAW_MS)
        assert quiet(up) == before


def quiet(stand_ins: Upstreams, seconds: float = 4.0) -> Counter[str]:
    """What was asked of each host, once nothing has been asked for a while."""
    counted: Counter[str] = Counter()
    since = time.monotonic()
    until = since + 60
    while time.monotonic() < until:
        now = Counter(request.host for request, _ in list(stand_ins.requests))
        if now != counted:
            counted, since = now, time.monotonic()
        elif time.monotonic() - since > seconds:
            return counted
        time.sleep(0.2)
    raise AssertionError(f"the upstreams are asked without end: {counted}")


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Upstreams]:
    """Every upstream, for the live site."""
    with Upstreams() as running:
        yield running


@pytest.fixture(scope="module")
def live(stand_ins: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on the stand-ins, which asks them every few seconds: not longer than it is needed."""
    environment = {
        "ENERGYDASH_REPLAY_URL": stand_ins.url,
        "ENERGYDASH_GRID_EVERY_S": EVERY_S,
    }
    with serve(tmp_path_factory.mktemp("live"), environment) as site:
        yield site


def test_a_month_never_fetched_fills_by_itself(live: Site, page: Page) -> None:
    page.goto(f"{live.url}/generation_mix?region=CAISO&range=Month&at=2026-10-10")
    main = page.locator("[data-testid=stMain]")
    expect(main.get_by_text("Being fetched").first).to_be_visible(timeout=DRAW_MS)
    expect(main.locator(".js-plotly-plot").first).to_be_visible(timeout=SOON_MS)
    expect(main.get_by_text("Being fetched")).to_have_count(0, timeout=SOON_MS)
    expect(main.get_by_text("SAMPLE")).to_have_count(0)


def test_a_published_reading_appears_by_itself(
    page: Page, live: Site, stand_ins: Upstreams
) -> None:
    visit(page, live, "carbon_intensity")
    main = page.locator("[data-testid=stMain]")
    expect(main).to_contain_text(re.compile(r"GB Carbon Intensity · \d\d:\d\d"), timeout=SOON_MS)
    settled(page)
    page.locator("h1").first.evaluate("el => { el.dataset.kept = 'yes' }")
    publish(stand_ins, 433)
    expect(main).to_contain_text(re.compile(r"Now, g/kWh\s*433"), timeout=SOON_MS)
    assert page.locator("h1").first.get_attribute("data-kept") == "yes"


def test_down_shows_the_last_good_data_with_its_age_and_back_again(
    page: Page, live: Site, stand_ins: Upstreams
) -> None:
    """The last of those on this site: its first stand-ins stop for good."""
    publish(stand_ins, 123)
    visit(page, live)
    expect(figure(page, 123)).to_be_visible(timeout=SOON_MS)
    stand_ins.stop()
    expect(trouble(page).first).to_be_visible(timeout=SOON_MS)
    expect(figure(page, 123)).to_be_visible()
    ages = page.locator("[data-testid=stMain]").get_by_text(AGE)
    expect(ages.first).to_be_visible()
    with Upstreams(port=stand_ins.port) as back:
        publish(back, 321)
        expect(trouble(page)).to_have_count(0, timeout=SOON_MS)
        expect(figure(page, 321)).to_be_visible(timeout=SOON_MS)
