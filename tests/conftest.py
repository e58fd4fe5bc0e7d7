"""Fixtures that every test may use: a private home, and the shared recordings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck

from energydash import store
from energydash.core import settings
from energydash.core.time import CLOCK_SHIFT
from energydash.sources import replay
from energydash.sync import context
from tests import clock
from tests.upstreams.server import Upstreams

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
EXAMPLES = 20  # of each property, in the ordinary suite; `make fuzz` tries many more


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--now", default=clock.NOW.isoformat(), type=datetime.fromisoformat,
        help="the instant at which every test starts that chooses none itself (ISO, with offset)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Before any fixture, so that a server for many tests has the clock of the tests too."""
    clock.start(config.getoption("now"))
    clock.lend_to_pandas()
    hypothesis.settings.register_profile(
        "any machine",
        deadline=None,
        max_examples=int(os.environ.get("ENERGYDASH_FUZZ", EXAMPLES)),
        derandomize="ENERGYDASH_FUZZ" not in os.environ,  # the same on every machine; fuzz seeks
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers first: their tests wait, and what waits last leaves every other core idle."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.fixture(autouse=True)
def tests_own_the_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock stands at one instant; `clock("ISO")` marks a test that chooses another, and
    `running_clock` one whose other processes it must keep step with."""
    mark = request.node.get_closest_marker("clock")
    if request.node.get_closest_marker("running_clock"):
        clock.run()
    elif mark:
        clock.set_now(datetime.fromisoformat(mark.args[0]))
    else:
        clock.set_now(request.config.getoption("now"))
    yield
    clock.run()


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
        if variable.startswith("ENERGYDASH_") and variable != CLOCK_SHIFT:
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
