"""Journeys through the pages in a real browser: what only a browser shows.

The fixtures fail every test on a script error and on any request that leaves the machine.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.site import DRAW_MS, Site, main_text, settled, visit


def drawn(page: Page, key: str) -> None:
    """Wait until the chart with this key has drawn its traces."""
    plot = page.locator(f".st-key-{key} .js-plotly-plot .main-svg").first
    expect(plot).to_be_attached(timeout=DRAW_MS)


def traces(page: Page, key: str) -> dict[str, int]:
    """The traces of a chart, by name, with how many points each has."""
    found: dict[str, int] = page.locator(f".st-key-{key} .js-plotly-plot").evaluate(
        "el => Object.fromEntries(el.calcdata.map(t => [t[0].trace.name, t.length]))"
    )
    return found


def until(page: Page, pattern: str) -> None:
    """Wait for a text on the page."""
    main = page.locator("[data-testid=stMain]")
    expect(main).to_contain_text(re.compile(pattern), timeout=60_000)


@pytest.mark.parametrize(
    ("scheme", "paper", "accent"),
    [("light", "rgb(251, 250, 247)", "rgb(15, 118, 110)"),
     ("dark", "rgb(16, 22, 24)", "rgb(45, 212, 191)")],
)  # fmt: skip
def test_both_themes_colour_page_and_chart(
    new_page: NewPage, offline: Site, scheme: str, paper: str, accent: str
) -> None:
    page = new_page(color_scheme=scheme)
    visit(page, offline, "carbon_intensity")
    drawn(page, "intensity_chart")
    app = page.locator("[data-testid=stApp]")
    assert app.evaluate("el => getComputedStyle(el).backgroundColor") == paper
    line = page.locator(".st-key-intensity_chart .scatterlayer .js-line").last
    assert line.evaluate("el => getComputedStyle(el).stroke") == accent


def test_the_time_range_lives_in_the_address_and_goes_along(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix")
    page.get_by_role("radio", name="7d").click()
    expect(page).to_have_url(re.compile(r"[?&]range=7d"))
    page.get_by_role("button", name="Earlier period").click()
    expect(page).to_have_url(re.compile(r"[?&]at=\d{4}-\d\d-\d\d"))
    settled(page)
    span = page.locator(".st-key-range_bar [data-testid=stCaptionContainer]").last.inner_text()
    page.get_by_role("link", name="Carbon intensity").click()
    expect(page.get_by_role("heading", name="Carbon intensity", exact=True)).to_be_visible()
    settled(page)
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    assert span in main_text(page)
    page.reload()
    settled(page)
    expect(page.get_by_role("radio", name="7d")).to_be_checked(timeout=DRAW_MS)
    assert span in main_text(page)
    page.get_by_role("button", name="Later period").click()
    expect(page).not_to_have_url(re.compile(r"[?&]at="))


def test_today_is_today_now_is_now_and_custom_opens_its_days(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix?range=24h&at=2026-03-09")
    words = page.locator(".st-key-range_bar [data-testid=stCaptionContainer]").last
    expect(words).to_contain_text("Mon 9 Mar 2026")
    page.get_by_role("radio", name="Today").click()
    expect(words).to_contain_text(re.compile(r", 00:00–\d\d:\d\d"))  # of one day, so far
    page.get_by_role("button", name="Earlier period").click()
    expect(page).to_have_url(re.compile(r"range=Custom&dates=(\S+)&dates=\1$"))
    expect(page.get_by_text("First and last day")).to_be_visible()
    page.get_by_role("button", name="Now", exact=True).click()
    expect(page.get_by_role("radio", name="Today")).to_be_checked()


def test_each_tab_and_card_and_chart_has_its_name_and_table(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix")
    drawn(page, "mix_chart")
    expect(page).to_have_title("Generation mix · energydash")
    expect(page.get_by_role("heading", name="Records of this period")).to_be_visible()
    expect(page.get_by_role("button", name="CSV of mix GB")).to_be_visible()
    assert 0 < gap_below_heading(page, "Generation, Great Britain", "mix_chart") < 50
    page.locator(".st-key-table_mix label").click()
    expect(page.get_by_role("region", name="mix GB")).to_be_visible(timeout=DRAW_MS)
    page.get_by_role("link", name="Carbon intensity").click()
    expect(page).to_have_title("Carbon intensity · energydash")


def gap_below_heading(page: Page, heading: str, key: str) -> float:
    """Pixels between a card's title and its chart's axes; the strip of the PNG's title is cut."""
    title = page.get_by_role("heading", name=heading, exact=True).bounding_box()
    axes = page.locator(f".st-key-{key} .cartesianlayer").first.bounding_box()
    assert title and axes
    return axes["y"] - (title["y"] + title["height"])


def test_a_phone_shows_title_figures_and_chart_at_once(new_page: NewPage, offline: Site) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148"
    page = new_page(viewport={"width": 390, "height": 844}, user_agent=agent)
    visit(page, offline, "electricity_costs?range=30d")
    drawn(page, "by_key")
    bar = page.locator("[data-testid=stHeader]").bounding_box()
    title = page.get_by_role("heading", name="Electricity costs").bounding_box()
    chart = page.locator(".st-key-by_key .cartesianlayer").first.bounding_box()
    assert bar and title and chart
    assert title["y"] >= bar["y"] + bar["height"]
    assert chart["y"] < 844
    page.get_by_role("button", name="Period: 30d").click()
    page.get_by_role("radio", name="7d").click()
    expect(page.get_by_role("button", name="Period: 7d")).to_be_visible()
    expect(page.get_by_role("radio", name="7d")).to_be_hidden()  # out of the way again
    for _ in range(2):  # the browser does not send what the hidden controls said before
        page.get_by_role("button", name="Earlier period").click()
        settled(page)
    assert len(re.findall(r"at=", page.url)) == 1
    page.locator("[data-testid=stExpandSidebarButton]").click()
    page.get_by_role("link", name="Generation mix").click()
    expect(page.get_by_role("heading", name="Generation mix", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Carbon intensity")).not_to_be_in_viewport()


def test_a_link_with_an_alias_opens_that_region(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix?region=CISO&mix_unit=%25")
    until(page, "Generation, California ISO")
    expect(page).to_have_url(re.compile(r"[?&]region=California"))
    page.reload()
    until(page, "Generation, California ISO")
    drawn(page, "mix_chart")
    assert page.locator(".st-key-mix_chart .g-ytitle").text_content() == "% of supply"


def test_charts_hold_few_points_in_stack_order(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix?range=30d")
    drawn(page, "mix_chart")
    found = traces(page, "mix_chart")
    assert list(found)[:3] == ["nuclear", "biomass", "hydro"]
    assert max(found.values()) <= 500


def test_the_csv_is_what_is_shown(page: Page, offline: Site) -> None:
    visit(page, offline, "generation_mix")
    drawn(page, "mix_chart")
    with page.expect_download() as download:
        page.locator(".st-key-csv_mix button").click()
    text = Path(download.value.path()).read_text()
    head, first = text.splitlines()[:2]
    assert head.startswith("time,local_time,nuclear_mw")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z,", first)
