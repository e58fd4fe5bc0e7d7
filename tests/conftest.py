"""Fixtures that every test may use: a private home, and the shared recordings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from energydash import store
from energydash.core import settings
from energydash.sources import replay
from energydash.sync import context
from tests.upstreams.server import Upstreams

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"


@pytest.fixture
def recordings() -> Path:
    """Real upstream responses, read in place; they are not part of this repository."""
    if not RECORDINGS.is_dir():
        pytest.skip("the shared recordings of real upstreams are not on this machine")
    return RECORDINGS


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """AppTest leaves its script as `__main__`, which processes started later would run again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def private_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Each test has its own empty home, and no test sees the developer's keys."""
    for variable in list(os.environ):
        if variable.startswith("ENERGYDASH_"):
            monkeypatch.delenv(variable)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ENERGYDASH_HOME", str(home))
    settings.current.cache_clear()
    context.current.cache_clear()
    yield home
    settings.current.cache_clear()
    context.current.cache_clear()
    store.close_all()


@pytest.fixture
def upstreams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstreams]:
    """The stand-ins, running, with every request of this process sent to them."""
    with Upstreams() as running:
        monkeypatch.setenv("ENERGYDASH_REPLAY_URL", running.url)
        settings.current.cache_clear()
        replay.install(running.url)
        try:
            yield running
        finally:
            replay.remove()
        assert not running.errors, running.errors
