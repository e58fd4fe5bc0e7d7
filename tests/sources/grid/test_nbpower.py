"""pyiso, which reads NB Power's page: without its habits, and without pyiso."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from energydash import sources
from energydash.core import settings
from energydash.core.errors import BadData, Unavailable
from energydash.core.feeds import Fetched
from energydash.core.time import Period, utc_now
from energydash.sources.grid import nbpower
from tests.sources.grid.samples import NB_POWER
from tests.upstreams.server import Upstreams


@pytest.fixture(autouse=True)
def installed() -> None:
    """Skip all of this where pyiso, which is optional, is not installed."""
    if importlib.util.find_spec("pyiso") is None:
        pytest.skip("pyiso is optional, and not installed")


def _fetch() -> Fetched:
    now = utc_now()
    feed = nbpower.feeds(settings.current())[0]
    return sources.fetch(feed, Period(now - nbpower.HOUR, now), settings.current())


def test_pyiso_is_quiet(upstreams: Upstreams, capfd: pytest.CaptureFixture[str]) -> None:
    _fetch()
    upstreams.fault("tso.nbpower.com", "html")
    with pytest.raises(BadData, match="NB Power"):
        _fetch()
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pyiso").handlers == []


def test_no_stub_of_imp_is_left_behind() -> None:
    sources.read("nbpower", [("page.html", NB_POWER)])
    stub = sys.modules.get("imp")
    assert stub is None or hasattr(stub, "find_module")


def test_without_pyiso_the_sentence_says_how(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.import_module

    def refuse(name: str) -> object:
        if name.startswith("pyiso"):
            raise ModuleNotFoundError(f"No module named '{name}'")
        return found(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(Unavailable, match=r"not installed.*pip install --no-deps pyiso==0\.4\.0"):
        _fetch()


def test_pyiso_is_imported_in_one_module_only() -> None:
    package = Path(sources.__file__).resolve().parents[1]
    users = {
        path.name
        for path in package.rglob("*.py")
        if "import pyiso" in path.read_text() or 'import_module("pyiso' in path.read_text()
    }
    assert users == {"nbpower.py"}
