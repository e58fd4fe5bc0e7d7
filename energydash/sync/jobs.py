"""Work too long for a page or for one command: kept in the store until it is done.

Who asks for it adds a job. The crawler takes it, or the command itself does; one at a time, by a
lease. A closed tab, a killed process or a restart interrupts it, no more: the crawler goes on with
it, and as `fetch` asks only for what the store lacks, nothing is done twice. Pages draw its
progress from the store.

What a job cannot have from an upstream is waited for, as `patience` says, or until the time that
the upstream named.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from energydash.core.errors import EnergydashError, InputError, SourceError, StoreError
from energydash.core.findings import Finding
from energydash.store import Job
from energydash.sync import fetch
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed
from energydash.sync.patience import wait_after

log = logging.getLogger(__name__)

LEASE_S = 120.0  # longer than any one question may take; renewed by every step
TELL_EVERY_S = 0.5
OWN_FAULT = "energydash met an error of its own while it did this."
PASSING = ("Unavailable", "RateLimited")  # troubles that only have to be waited out
BAD_DATA_TRIES = 5  # a garbled answer may be a passing one, too
BUSY_WAIT = timedelta(seconds=5)  # somebody else is fetching a part of it


@dataclass(frozen=True)
class Outcome:
    """What one go at a job brought. problem: why it is to be gone on with later. is_busy: because
    somebody else is at a part of it. again_at: when a job that never ends is to be done again."""

    result: dict[str, Any] = field(default_factory=dict)
    problem: Finding | None = None
    is_busy: bool = False
    again_at: datetime | None = None


Work = Callable[[Context, Job, Progress], Outcome]


class Lost(EnergydashError):
    """The job was dropped, or somebody else has taken it over."""


def due(context: Context) -> list[Job]:
    """The jobs that nobody is at and that need not wait."""
    now = context.now()
    return [
        job
        for job in context.store.jobs.all()
        if not job.is_finished
        and (job.retry_at is None or job.retry_at <= now)
        and (not job.holder or fetch.has_died(job.holder) or job.changed_at is None
             or now - job.changed_at > timedelta(seconds=LEASE_S))
    ]  # fmt: skip


def run(context: Context, job: Job, work: Work, progress: Progress | None = None) -> bool:
    """Do a job, or go on with it, unless somebody is at it; whether this process was.

    Trouble with an upstream leaves it waiting; what cannot be done as it was asked for fails it.
    """
    jobs, holder = context.store.jobs, fetch.this_holder()
    dead = job.holder if fetch.has_died(job.holder) else ""
    if not jobs.take(job.id, holder, LEASE_S, dead):
        return False
    told = -TELL_EVERY_S

    def tell(done: float, said: str) -> None:
        nonlocal told
        if progress:
            progress(done, said)
        if time.monotonic() - told < TELL_EVERY_S:
            return
        told = time.monotonic()
        if not jobs.tell(job.id, holder, LEASE_S, done, said, context.now()):
            raise Lost("This job was stopped.")

    try:
        found = work(context, job, tell)
    except Lost:
        return True
    except InputError as error:
        failed = Finding("InputError", error.message, error.remedy)
        jobs.leave(job.id, holder, context.now(), "failed", problem=failed)
        raise
    except SourceError as error:
        found = Outcome(problem=Finding.of(error, context.now()))
    except BaseException as error:
        _give_back(context, job, holder, error)
        raise
    now = context.now()
    if found.problem or found.is_busy or found.again_at:
        retry_at = found.again_at or now + BUSY_WAIT
        if found.problem:
            retry_at = found.problem.retry_at or now + wait_after(job.tries + 1)
        jobs.leave(
            job.id, holder, now, "waiting",
            problem=found.problem, result=found.result, retry_at=retry_at,
        )  # fmt: skip
    else:
        jobs.leave(job.id, holder, now, "done", result=found.result)
    return True


def outcome(job: Job, done: Sequence[Refreshed], result: dict[str, Any]) -> Outcome:
    """What refreshing brought, for the job it was done for. Trouble that waiting may mend keeps the
    job alive; a refused key, or what the upstream does not know, ends it."""
    troubles = [one.problem for one in done if one.problem]
    worth_waiting = (*PASSING, *(("BadData",) if job.tries < BAD_DATA_TRIES else ()))
    passing = next((one for one in troubles if one.kind in worth_waiting), None)
    sentences = [*result.get("problems", ()), *(str(one) for one in troubles)]
    found = {"rows": sum(one.rows for one in done), **result}
    found["problems"] = list(dict.fromkeys(sentences))
    return Outcome(found, passing, any(one.busy for one in done))


def _give_back(context: Context, job: Job, holder: str, error: BaseException) -> None:
    """Leave an interrupted job to whoever comes next; where even that fails, its lease runs out."""
    problem = None
    if isinstance(error, EnergydashError):
        problem = Finding(type(error).__name__, error.message, error.remedy)
    elif isinstance(error, Exception):
        problem = Finding("Unexpected", OWN_FAULT, "It is tried again; the log says more.")
    now = context.now()
    retry_at = now + wait_after(job.tries + 1)
    try:
        jobs = context.store.jobs
        jobs.leave(job.id, holder, now, "waiting", problem=problem, retry_at=retry_at)
    except StoreError as trouble:
        log.warning("%s", trouble)


def unfinished(context: Context, *kinds: str) -> list[Job]:
    """The household's jobs that are not done, the latest first (of some kinds)."""
    mine = context.store.jobs.all(context.store.household())
    return [job for job in mine if not job.is_finished and (not kinds or job.kind in kinds)]


def between(start: float, end: float, progress: Progress) -> Progress:
    """Progress of a part as progress of the whole, of which it is from `start` to `end`."""

    def report(fraction: float, text: str) -> None:
        progress(start + fraction * (end - start), text)

    return report
