"""Connecting a monitor brings its history as a job, which outlives whoever asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from energydash.answers import battery
from energydash.answers.jobs import WORKS
from energydash.answers.sources import health
from energydash.core import settings
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.sources import aretas
from energydash.store import Job
from energydash.sync import context as context_module
from energydash.sync import jobs, patience
from energydash.sync.context import Context
from energydash.sync.fetch import Progress
from energydash.sync.jobs import Outcome
from tests.upstreams.aretas import HOST, MAC, PASSWORD, USERNAME
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def here(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    upstreams.world.set_now(NOW)
    for name, value in (("USERNAME", USERNAME), ("PASSWORD", PASSWORD), ("MAC", str(MAC))):
        monkeypatch.setenv(f"ENERGYDASH_ARETAS_{name}", value)
    settings.current.cache_clear()
    aretas.forget_logins()
    yield replace(context_module.open_context(settings.current()), now=lambda: NOW)
    aretas.forget_logins()


def test_history_comes_by_a_job_that_goes_on_after_trouble(
    here: Context, upstreams: Upstreams
) -> None:
    (device,) = battery.connect_defaults(here)
    job = battery.being_fetched(here, device)
    assert job
    assert job.body["from"] == (NOW - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    upstreams.fault(HOST, "503")
    assert jobs.run(here, job, WORKS[job.kind])
    waiting = battery.being_fetched(here, device)
    assert waiting
    assert waiting.problem
    assert waiting.retry_at == NOW + patience.FIRST
    upstreams.fault(HOST, "off")

    def interrupted(context: Context, job: Job, progress: Progress) -> Outcome:
        def tell(done: float, said: str) -> None:
            progress(done, said)
            if done >= 0.3:
                raise KeyboardInterrupt  # Ctrl+C in the middle

        return WORKS[job.kind](context, job, tell)

    with pytest.raises(KeyboardInterrupt):
        jobs.run(here, waiting, interrupted)
    halfway = battery.being_fetched(here, device)
    assert halfway
    assert halfway.state == "waiting"
    assert not halfway.holder
    feed, month = device.feed(here.store.household()), Period(NOW - timedelta(days=30), NOW)
    part = len(here.store.read(feed, month))
    assert part
    assert jobs.run(here, halfway, WORKS[job.kind])
    assert battery.being_fetched(here, device) is None
    assert len(here.store.read(feed, month)) > part


def test_the_job_of_a_battery_that_was_forgotten_is_over(here: Context) -> None:
    (device,) = battery.connect_defaults(here)
    job = battery.being_fetched(here, device)
    assert job
    refused = Finding("BadCredentials", "The password is refused.")
    here.store.set_problem(device.feed(here.store.household()), refused)
    assert health.refused(here) == (refused,)
    battery.forget(here, device)
    assert not health.refused(here)  # nobody asks with it any more
    assert jobs.run(here, job, WORKS[job.kind])
    assert battery.being_fetched(here, device) is None
