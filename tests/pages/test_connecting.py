"""Connecting an account outlives the page, the process and a kill; its bar is drawn from the store.

The upstream holds back an answer until the test goes on, so that every kill is in the middle.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from energydash.answers import home
from energydash.core import settings
from energydash.core.time import Period
from energydash.sources.octopus import graphql
from energydash.sync import documents
from energydash.sync.context import Context
from energydash.views import cache
from tests.pages.conftest import OpenPage, words
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.octopus import HOST
from tests.upstreams.server import Upstreams
from tests.upstreams.wire import Request, Response

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 60.0  # for what happens in a second or two, on a busy machine


@pytest.fixture
def with_key(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    return cache.context()


class Gate:
    """Lets so many questions for readings and prices through, then holds one back."""

    def __init__(self, upstreams: Upstreams, after: int) -> None:
        self.left = after
        self.reached, self.open = threading.Event(), threading.Event()
        self.asked: Counter[str] = Counter()
        upstreams.change(HOST, self.pass_on)

    def pass_on(self, request: Request, response: Response) -> Response:
        if "/consumption" in request.path or "-rates" in request.path:
            self.asked[f"{request.path}?{request.query}"] += 1
            self.left -= 1
            if self.left < 0 and not self.open.is_set():
                self.reached.set()
                self.open.wait(LONG_S)
        return response


@pytest.fixture
def crawl() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Crawlers that a test started; none of them outlives it."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for one in running:
        one.kill()
        one.wait()


def start_crawler(running: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "energydash", "crawl"]
    running.append(subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)))
    return running[-1]


def wait_until_done(here: Context, job: str) -> home.Job:
    """The job, when it is finished; looked at as a page does."""
    pause = threading.Event()
    for _ in range(int(LONG_S / 0.05)):
        found = home.fetched(here, job)
        assert found
        if found.is_finished:
            return found
        pause.wait(0.05)
    raise AssertionError(f"not done: {found}")


@pytest.mark.timeout(240)
def test_a_killed_connect_is_finished_by_the_next_crawler(
    open_page: OpenPage,
    with_key: Context,
    upstreams: Upstreams,
    crawl: list[subprocess.Popen[bytes]],
) -> None:
    gate = Gate(upstreams, after=4)
    job = home.start_connecting(with_key)
    assert home.start_connecting(with_key).id == job.id, "a second click is the same job"
    app = open_page("electricity_costs")
    assert len(app.get("progress")) == 1, "it waits, and says so"
    assert "is not connected yet" not in words(app)

    first = start_crawler(crawl)
    assert gate.reached.wait(LONG_S), "it never came so far"
    first.kill()  # SIGKILL, in the middle of a question
    first.wait()
    halfway = home.being_fetched(with_key)
    assert halfway
    assert 0 <= halfway.done < 1, "told twice a second at most: a fast machine may not have yet"
    app = open_page("electricity_costs")  # a new session: a reload
    (bar,) = app.get("progress")
    assert bar.proto.value == int(100 * halfway.done)
    assert bar.proto.text.replace("\\", "") == halfway.said
    assert "No meter is known" not in words(app)

    before = Counter(gate.asked)
    gate.open.set()
    start_crawler(crawl)
    done = wait_until_done(with_key, job.id)
    assert (done.state, done.result["problems"]) == ("done", [])
    twice = [question for question, times in (gate.asked - before).items() if before[question]]
    assert len(twice) <= 1, "only the question that was cut short is asked again"
    year = Period(with_key.now() - home.YEAR, with_key.now())
    for meter in documents.meters(with_key.store):
        if meter.point in (homes.IMPORT_MPAN, homes.EXPORT_MPAN):
            frame = with_key.store.read(meter.feed(with_key.store.household()), year)
            assert len(frame) > 0.98 * 48 * 360
    app.run()
    assert "rows fetched" in app.success[0].value
    assert app.get("progress") == []
    app.run()
    assert not app.success, "said once"


@pytest.mark.timeout(240)
def test_a_killed_command_is_finished_by_the_crawler(
    with_key: Context, upstreams: Upstreams, crawl: list[subprocess.Popen[bytes]]
) -> None:
    home.connect(with_key)
    gate = Gate(upstreams, after=2)
    command = [sys.executable, "-m", "energydash", "ingest", "octopus", "--from", "2026-09-01"]
    victim = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ))
    assert gate.reached.wait(LONG_S), "it never came so far"
    victim.kill()
    victim.wait()
    gate.open.set()
    job = home.being_fetched(with_key)
    assert job
    start_crawler(crawl)
    assert wait_until_done(with_key, job.id).state == "done"
