"""Pages run as Streamlit's AppTest runs them: the whole script, no browser, no crawler."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from energydash.core.access import Viewer
from energydash.sync import crawler
from energydash.sync.context import Context
from energydash.views import cache
from energydash.views import viewer as viewer_module

ROOT = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]
# Every AppTest looks through all installed packages for components of Streamlit's: half a second
# of processor time each. Once is enough.
manifest_scanner.scan_component_manifests = functools.cache(  # type: ignore[assignment]
    manifest_scanner.scan_component_manifests
)


@pytest.fixture(autouse=True)
def fresh_caches(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> Iterator[None]:
    """Nothing is remembered from another test, and no crawler is started."""
    monkeypatch.setattr(crawler, "ensure_running", lambda context: False)
    watch_as(monkeypatch, Viewer(is_loopback=True))
    # AppTest would take the folder `pages` for an app without app.py (see energydash.views).
    made = PagesManager.__init__

    def make(self: PagesManager, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", make)
    st.cache_data.clear()
    st.cache_resource.clear()
    cache.forget()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()
    cache.forget()


def watch_as(monkeypatch: pytest.MonkeyPatch, viewer: Viewer) -> None:
    """Who looks at the pages; AppTest itself has no connection to tell it by."""
    monkeypatch.setattr(viewer_module, "viewer", lambda: viewer)


@pytest.fixture
def here() -> Context:
    """The context that pages have: this test's own home."""
    return cache.context()


@pytest.fixture
def open_page() -> OpenPage:
    """Opens a page from the app's own start, as a browser does; fails on any exception.

    folds: the keys of the parts that are open.
    """

    def opened(name: str, *folds: str, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for key, value in query.items():
            app.query_params[key] = value
        if name != "overview":  # the default page
            app.switch_page(f"pages/{name}.py")
        for key in folds:
            app.session_state[key] = True
        app.run()
        assert not app.exception, [error.message for error in app.exception]
        return app

    return opened


def words(app: AppTest) -> str:
    """Everything that the page says in words and figures."""
    said = [element.value for kind in ("title", "header", "markdown", "caption", "error")
            for element in getattr(app, kind)]  # fmt: skip
    said += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    return "\n".join(str(text) for text in said).replace("\\", "")
