"""The browser fixtures themselves: they see script errors and requests that leave."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.e2e.conftest import Watched


def test_errors_and_escapes_are_seen(browser: Browser) -> None:
    context = browser.new_context()
    watched = Watched(context)
    page = context.new_page()
    page.set_content("<img src='http://elsewhere.invalid/x.png'><script>undefined.x</script>")
    page.evaluate("() => fetch('http://127.0.0.1:9/').catch(() => 0)")
    page.evaluate("() => { try { new WebSocket('ws://far.invalid/s') } catch (e) {} }")
    page.wait_for_timeout(200)
    context.close()
    assert len(watched.errors) == 1
    assert watched.escaped[0] == "http://elsewhere.invalid/x.png"
    assert "ws://far.invalid/s" in watched.escaped
    assert not [url for url in watched.escaped if "127.0.0.1" in url]
