"""With no key and no network at all, every page opens, complete, on sample data that says so."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.site import DRAW_MS, ROOT, Site, main_text, visit

PAGES = [path.stem for path in sorted((ROOT / "pages").glob("*.py"))]
NO_READINGS = ("data_sources", "home_settings")  # how sources are; what is connected


def assert_whole(page: Page) -> None:
    """No error box, no spinner left, nothing wider than the screen."""
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert "Traceback" not in main_text(page)
    wider = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page scrolls sideways"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_and_says_that_it_is_sample_data(
    offline: Site, page: Page, name: str
) -> None:
    visit(page, offline, name)
    assert_whole(page)
    if name in NO_READINGS:
        return
    badge = re.compile(r"SAMPLE: \w+")  # and why
    expect(page.locator("[data-testid=stMain]")).to_contain_text(badge, timeout=DRAW_MS)
    charts = page.locator(".js-plotly-plot .main-svg")
    expect(charts.first).to_be_visible(timeout=DRAW_MS)


def test_the_first_address_is_the_overview(offline: Site, page: Page) -> None:
    visit(page, offline)
    expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible(timeout=DRAW_MS)


def test_nothing_said_on_the_way_is_a_traceback(offline: Site, page: Page) -> None:
    visit(page, offline)
    assert "Traceback" not in offline.said(), offline.said()
