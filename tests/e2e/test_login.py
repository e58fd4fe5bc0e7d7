"""The owner's login from elsewhere on the network, with a real OpenID Connect exchange."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from energydash.server import own_names
from tests.e2e.provider import Provider
from tests.e2e.site import DRAW_MS, Site, free_port, serve, settled

OWNER = "ann@example.org"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


@pytest.fixture(scope="module")
def lan() -> str:
    """The server's address as somebody elsewhere has it."""
    for name in own_names():
        if re.fullmatch(r"[\d.]+", name):
            return f"http://{name}:{free_port()}"
    pytest.skip("this machine has no address but loopback")


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, provider: Provider, lan: str
) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("login")
    (home / "secrets.toml").write_text(
        f'[auth]\nowners = ["{OWNER}"]\nredirect_uri = "{lan}/oauth2callback"\n'
        'cookie_secret = "only for this test, and long enough"\nclient_id = "dash"\n'
        'client_secret = "made up"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
    )
    environment = {"ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}"}
    port = int(lan.rpartition(":")[2])
    arguments = ("--host", "0.0.0.0", "--share", "grid")
    with serve(home, environment, *arguments, port=port, crawled=False) as site:
        yield site


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        ({"email": OWNER, "email_verified": True}, True),
        ({"email": OWNER, "email_verified": False}, False),
    ],
)
def test_only_the_owner_sees_the_home(
    shared: Site, lan: str, provider: Provider, browser: Browser, person: dict[str, Any], sees: bool
) -> None:
    provider.person = person
    context = browser.new_context()
    page = context.new_page()
    page.goto(lan)
    settled(page)
    home = page.get_by_role("link", name="Electricity costs")
    expect(home).to_have_count(0)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=DRAW_MS)
    settled(page)
    expect(home).to_have_count(1 if sees else 0)
    context.close()
    assert "Traceback" not in shared.said()
