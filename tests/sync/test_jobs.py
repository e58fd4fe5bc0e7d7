"""Jobs are done by one, go on after trouble and after a death, and say how far they are."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from energydash.core import settings
from energydash.core.errors import InputError, StoreError, Unavailable
from energydash.core.findings import Finding
from energydash.store import Job, open_store
from energydash.sync import crawler, jobs, patience
from energydash.sync.context import Context
from energydash.sync.fetch import Progress
from energydash.sync.jobs import Outcome
from tests.fakes import START


@pytest.fixture
def clock() -> list[datetime]:
    return [START]


@pytest.fixture
def here(clock: list[datetime], private_home: Path) -> Iterator[Context]:
    store = open_store(settings.current())
    yield Context(settings.current(), store, lambda: clock[0])
    store.close()


def add(here: Context) -> Job:
    return here.store.jobs.add(here.store.household(), "test", {"n": 1}, here.now())


def seen(here: Context, job: Job) -> Job:
    found = here.store.jobs.get(job.id)
    assert found
    return found


def test_a_job_is_done_by_the_crawler(here: Context) -> None:
    job = add(here)
    told: list[str] = []

    def work(context: Context, mine: Job, progress: Progress) -> Outcome:
        progress(0.25, "a quarter")
        told.append(f"{mine.body} {seen(context, mine).done} {seen(context, mine).said}")
        return Outcome({"rows": 7})

    crawler.run(here, once=True, works={"test": work})
    assert told == ["{'n': 1} 0.25 a quarter"]
    assert (seen(here, job).state, seen(here, job).result) == ("done", {"rows": 7})
    assert jobs.due(here) == []
    assert jobs.unfinished(here) == []
    crawler.run(here, once=True, works={"test": work})
    assert len(told) == 1


def test_what_nobody_can_do_waits(here: Context) -> None:
    job = add(here)
    crawler.run(here, once=True, works={})
    assert seen(here, job) in jobs.unfinished(here, "test")


def test_trouble_is_waited_out_ever_longer(here: Context, clock: list[datetime]) -> None:
    job = add(here)
    for seconds in (30, 60, 120):
        crawler.run(here, once=True, works={"test": away})
        waiting = seen(here, job)
        assert (waiting.state, waiting.problem) == ("waiting", Finding("job", "Away.", "Wait."))
        assert waiting.retry_at == clock[0] + timedelta(seconds=seconds)
        assert jobs.due(here) == []
        clock[0] = waiting.retry_at
        assert jobs.due(here) == [waiting]
    assert patience.wait_after(99) == patience.LONGEST


def away(context: Context, job: Job, progress: Progress) -> Outcome:
    raise Unavailable("Test", "Away.", remedy="Wait.")


def test_the_time_that_an_upstream_names_is_kept(here: Context, clock: list[datetime]) -> None:
    job, later = add(here), clock[0] + timedelta(hours=3)
    limited = Finding("RateLimited", "Slower.", retry_at=later)
    crawler.run(here, once=True, works={"test": lambda *_: Outcome({"rows": 2}, limited)})
    assert (seen(here, job).retry_at, seen(here, job).result) == (later, {"rows": 2})


def test_what_cannot_be_done_as_asked_for_fails_in_a_sentence(here: Context) -> None:
    job = add(here)

    def work(context: Context, job: Job, progress: Progress) -> Outcome:
        raise InputError("There is no key.", remedy="Add one.")

    crawler.run(here, once=True, works={"test": work})
    assert seen(here, job).state == "failed"
    assert str(seen(here, job).problem) == "There is no key. Add one."


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), StoreError("Full.")])
def test_an_error_of_our_own_hurts_nobody_and_is_logged(
    here: Context, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    job = add(here)

    def work(context: Context, job: Job, progress: Progress) -> Outcome:
        raise error

    crawler.run(here, once=True, works={"test": work})
    waiting = seen(here, job)
    assert waiting.state == "waiting"
    assert waiting.problem
    assert "Error" not in waiting.problem.sentence, "no Python on the page"
    assert len(caplog.records) == 1


def test_a_dropped_job_stops_at_its_next_step(here: Context) -> None:
    job = add(here)
    steps = []

    def work(context: Context, job: Job, progress: Progress) -> Outcome:
        context.store.jobs.drop(job.id)
        progress(0.5, "half")
        steps.append("went on")
        return Outcome()

    assert jobs.run(here, job, work)
    assert steps == []
    assert here.store.jobs.all() == []


def test_the_job_of_a_killed_process_is_gone_on_with_at_once(here: Context) -> None:
    job = add(here)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    dead = f"{socket.gethostname()}:{child.pid}:1"
    assert here.store.jobs.take(job.id, dead, 600)
    assert [one.id for one in jobs.due(here)] == [job.id]
    crawler.run(here, once=True, works={"test": lambda *_: Outcome()})
    assert seen(here, job).state == "done"


def test_a_job_that_another_machine_is_at_is_left_to_it(
    here: Context, clock: list[datetime]
) -> None:
    job = add(here)
    assert here.store.jobs.take(job.id, "elsewhere:1:1", 600)
    assert jobs.due(here) == []
    clock[0] += timedelta(hours=1)  # it may have died: the lease says whether it has
    assert len(jobs.due(here)) == 1
    assert not jobs.run(here, job, lambda *_: Outcome())


def test_progress_of_a_part_is_progress_of_the_whole() -> None:
    told: list[tuple[float, str]] = []
    part = jobs.between(0.5, 1.0, lambda done, said: told.append((done, said)))
    part(0.0, "a")
    part(0.5, "b")
    part(1.0, "c")
    assert told == [(0.5, "a"), (0.75, "b"), (1.0, "c")]
