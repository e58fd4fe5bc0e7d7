"""One Chromium, and a site without any network.

The `page` fixture fails a test on any JavaScript error and on any request leaving the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from energydash.sources.replay import is_loopback
from tests.e2e import chromium
from tests.e2e.site import DRAW_MS, Site, free_port, serve

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a browser, and may be slow where two cores are shared."""
    for item in items:
        if "tests/e2e" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.running_clock)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        pytest.skip(chromium.NONE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with no key and no network at all: every upstream refuses."""
    environment = {"ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}"}
    with serve(tmp_path_factory.mktemp("offline"), environment) as site:
        yield site


class Watched:
    """What went wrong in a browser context: script errors, and requests to anywhere else."""

    def __init__(self, context: BrowserContext) -> None:
        self.errors: list[str] = []
        self.escaped: list[str] = []
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("request", lambda request: self.see(request.url))
        context.on("page", self.watch)

    def watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.see(socket.url))

    def see(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and not is_loopback(parts.hostname or ""):
            self.escaped.append(url)


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Makes pages, each in a fresh context in London; options go to `Browser.new_context`."""
    made: list[tuple[BrowserContext, Watched]] = []

    def make(**options: Any) -> Page:
        defaults = {"timezone_id": "Europe/London", "locale": "en-GB"}
        defaults["viewport"] = {"width": 1440, "height": 900}  # type: ignore[assignment]
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(DRAW_MS)
        made.append((context, Watched(context)))
        return context.new_page()

    yield make
    for context, _ in made:
        context.close()
    assert not [error for _, watched in made for error in watched.errors]
    assert not [url for _, watched in made for url in watched.escaped], "a request left the machine"


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()
