"""With no key and no network at all, every page opens by its own address, complete, on sample data
that says so; also on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import NewPage
from tests.e2e.site import DRAW_MS, ROOT, Site, main_text, visit

PAGES = [path.stem for path in sorted((ROOT / "pages").glob("*.py"))]
PHONE: ViewportSize = {"width": 390, "height": 844}
NO_READINGS = ("data_sources", "home_settings")  # how sources are; what is connected


def assert_whole(page: Page) -> None:
    """No error box, the navigation, nothing wider than the screen."""
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert "Traceback" not in main_text(page)
    expect(page.locator("[data-testid=stSidebarNav]")).to_contain_text("Data sources")
    assert_scrolls_down_only(page)


def assert_scrolls_down_only(page: Page) -> None:
    for part in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        page.wait_for_function(f"() => {part}.scrollWidth <= {part}.clientWidth", timeout=DRAW_MS)


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
    page.set_viewport_size(PHONE)
    assert_scrolls_down_only(page)


def test_it_opens_on_a_phone(offline: Site, new_page: NewPage) -> None:
    page = new_page(viewport=PHONE)
    visit(page, offline)
    expect(page.locator(".js-plotly-plot").first).to_be_attached(timeout=DRAW_MS)
    assert_scrolls_down_only(page)


def test_the_first_address_is_the_overview(offline: Site, page: Page) -> None:
    visit(page, offline)
    expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible(timeout=DRAW_MS)


def test_nothing_said_on_the_way_is_a_traceback(offline: Site, page: Page) -> None:
    visit(page, offline)
    assert "Traceback" not in offline.said(), offline.said()
