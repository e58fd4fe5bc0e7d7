"""A shared server in real browsers: whose downloads and uploads are whose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from energydash.server import own_names
from tests.e2e.site import DRAW_MS, Site, free_port, serve, settled


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """As `make share` starts it, on sample data."""
    environment = {"ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}"}
    arguments = ("--host", "0.0.0.0", "--share", "grid")
    with serve(tmp_path_factory.mktemp("shared"), environment, *arguments) as site:
        yield site


@pytest.fixture
def lan(shared: Site) -> str:
    """The server's address as a guest on the network has it."""
    for name in own_names():
        if re.fullmatch(r"[\d.]+", name):
            return f"http://{name}:{urlsplit(shared.url).port}"
    pytest.skip("this machine has no address but loopback")


def download(page: Page, address: str) -> str:
    """Click the page's first CSV button; the path that the file came from.

    Once more where the page was drawn anew under the click, and the file it had was let go.
    """
    page.goto(address)
    settled(page)
    button = page.locator("[class*=st-key-csv_] button")
    table = page.get_by_text("Table", exact=True)
    expect(button.or_(table).first).to_be_visible(timeout=DRAW_MS)
    if not button.first.is_visible():
        table.first.click()
    for _ in range(3):
        with page.expect_download() as waiting:
            button.first.click()
        if waiting.value.failure() is None:
            return urlsplit(waiting.value.url).path
    raise AssertionError(f"the file did not come: {waiting.value.failure()}")


def test_a_file_is_for_its_own_browser(shared: Site, lan: str, browser: Browser) -> None:
    owner, guest, other = (browser.new_context() for _ in range(3))
    owners = download(owner.new_page(), f"{shared.url}/electricity_costs")
    guests = download(guest.new_page(), f"{lan}/generation_mix")
    other.new_page().goto(lan)
    # Streamlit lets go of a file soon after it was fetched; refused it is not.
    assert guest.request.get(f"{lan}{guests}").status in (200, 404)
    assert owner.request.get(f"{shared.url}{guests}").status in (200, 404), "its own machine"
    for file in (owners, guests):
        assert other.request.get(f"{lan}{file}").status == 403
        assert requests.get(f"{lan}{file}", timeout=20).status_code == 403
    assert guest.request.get(f"{lan}{owners}").status == 403
    for context in (owner, guest, other):
        context.close()


def test_a_guest_uploads_nothing(shared: Site, lan: str) -> None:
    upload = f"{lan}/_stcore/upload_file/session/file"
    assert requests.put(upload, files={"file": b"x"}, timeout=20).status_code == 403
