"""A loop over `fetch.refresh`: what is due, what is missing, what somebody looks at.

It runs as a child process of `serve` or of the first page visit, one per machine (a file lock);
several machines on one database share the work through the leases of `refresh`. gridstatus and
pyiso are imported here and nowhere else: they are heavy and change global state.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from filelock import FileLock, Timeout

from energydash import sources
from energydash.core import bounds
from energydash.core.errors import EnergydashError, InputError, StoreError
from energydash.core.feeds import Feed
from energydash.core.time import Period
from energydash.grid import regions
from energydash.sources import http
from energydash.store import Job
from energydash.sync import documents, fetch, jobs, streaming
from energydash.sync.context import Context

log = logging.getLogger(__name__)
_ensured = threading.Event()

LOOKED_AT = timedelta(days=7)  # a feed that nobody asked for in this long is left alone
LOOK_BACK = timedelta(days=2)  # what a feed is kept complete for, beyond what was asked for
LISTEN_EVERY = timedelta(hours=1)
TICK_S = 1.0
UPSTREAMS_AT_ONCE = 16
RETRY_S = 30.0  # an upstream in trouble is asked again this soon, unless it names a time


@dataclass(frozen=True)
class Due:
    """A feed that is due, and the periods to keep complete."""

    feed: Feed
    periods: tuple[Period, ...]


def ensure_running(context: Context) -> subprocess.Popen[bytes] | None:
    """Start the crawler beside this process unless this machine has one; the one started."""
    _ensured.set()
    lock = _lock(context)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    lock.release()
    # It ends with its parent (see `run`), and its lock with it.
    return subprocess.Popen(
        [sys.executable, "-m", "energydash", "crawl", "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
    )


def is_ensured() -> bool:
    """Whether this process has seen to it that a crawler is at work."""
    return _ensured.is_set()


def run(
    context: Context,
    *,
    once: bool = False,
    every: timedelta | None = None,
    parent: int | None = None,
    report: Callable[[fetch.Refreshed], None] | None = None,
    works: Mapping[str, jobs.Work] | None = None,
) -> None:
    """Keep every due feed up to date until the parent process ends, or for one round.

    `every` asks each feed that often, whatever its cadence (demonstrations and tests). works: by
    the kind of a job, who can do it.
    """
    try:
        with _lock(context).acquire(timeout=0):
            _loop(context, once, every, parent, report, works or {})
    except Timeout:
        log.info("another crawler is at work on this machine")


def _loop(
    context: Context,
    once: bool,
    every: timedelta | None,
    parent: int | None,
    report: Callable[[fetch.Refreshed], None] | None,
    works: Mapping[str, jobs.Work],
) -> None:
    working: dict[str, Future[None]] = {}
    stop = threading.Event() if once else streaming.start(context)
    # One thread per upstream: one that hangs, or that has a year to bring, holds up nobody else.
    with ThreadPoolExecutor(max_workers=UPSTREAMS_AT_ONCE) as pool:
        while parent is None or _is_parent(parent):
            by_upstream: dict[str, list[Due]] = {}
            working = {name: future for name, future in working.items() if not future.done()}
            try:
                for job in jobs.due(context):
                    if job.kind in works and job.id not in working:
                        working[job.id] = pool.submit(_do, context, job, works[job.kind])
                for item in due(context, every):
                    by_upstream.setdefault(item.feed.source, []).append(item)
            except StoreError as error:
                log.warning("%s", error)
            for name, items in by_upstream.items():
                if name not in working:
                    working[name] = pool.submit(_work, context, items, every, report)
            if once:
                break
            time.sleep(TICK_S)
        stop.set()
        for future in working.values():
            if once:
                future.result()
            else:
                future.cancel()


def _work(
    context: Context,
    items: Iterable[Due],
    every: timedelta | None,
    report: Callable[[fetch.Refreshed], None] | None,
) -> None:
    with http.shared():  # one download of a file serves every feed that is in it
        _ask_all(context, items, every, report)


def _ask_all(
    context: Context,
    items: Iterable[Due],
    every: timedelta | None,
    report: Callable[[fetch.Refreshed], None] | None,
) -> None:
    for item in items:
        _tried[item.feed.key] = (context.now(), item.periods[1:])
        for period in item.periods:
            try:
                result = fetch.refresh(context, item.feed, period, max_age=every)
            except EnergydashError as error:
                log.warning("%s: %s", item.feed, error)
                continue
            if result.problem:
                log.warning("%s: %s", item.feed, result.problem.sentence)
            for found in result.refused:
                log.warning("%s: %s", item.feed, found.sentence)
            if result.asked and not result.problem:
                log.info("%s: %d rows, %d changed", item.feed, result.rows, result.changed)
            if report:
                report(result)


def _do(context: Context, job: Job, work: jobs.Work) -> None:
    """Go on with a job; what went wrong stands in the job, and in the log."""
    try:
        if jobs.run(context, job, work):
            log.info("job %s (%s): one go is over", job.id, job.kind)
    except EnergydashError as error:
        log.warning("job %s (%s): %s", job.id, job.kind, error)
    except Exception:
        log.exception("job %s (%s)", job.id, job.kind)


def due(context: Context, every: timedelta | None = None) -> list[Due]:
    """Every feed to ask now: looked at of late or always kept, and not asked within its cadence."""
    now, store = context.now(), context.store
    asked = {want.key: want for want in store.wanted(now - LOOKED_AT)}
    own = {feed.key for feed in documents.feeds(store, now)}
    first_page = first_page_feeds(context)
    found: list[Due] = []
    for feed in all_feeds(context):
        want = asked.get(feed.key)
        always = feed.owner or feed.key in own or feed.key in first_page
        if want is None and not always:
            continue
        periods = [Period(now - max(LOOK_BACK, feed.revises), now + feed.horizon)]
        if want is not None and want.period is not None:
            periods.append(want.period)
        periods += _silences(context, feed, now)
        if _is_due(context, feed, periods, now, every):
            found.append(Due(feed, tuple(periods)))
    return found


def first_page_feeds(context: Context) -> set[tuple[str, str, str, str]]:
    """What a new user's first page shows: the set region's quantities, each of its best source."""
    region = regions.default(context.settings)
    return {("", names[0], region.id, quantity) for quantity, names in region.sources.items()}


def _silences(context: Context, feed: Feed, now: datetime) -> list[Period]:
    """What a feed was silent about and is due to be asked for again; looked up once an hour."""
    looked = _listened.get(feed.key)
    if looked is None or now - looked[0] >= LISTEN_EVERY:
        looked = _listened[feed.key] = (now, fetch.silences(context.store, feed, now))
    return looked[1]


def all_feeds(context: Context) -> list[Feed]:
    """What the sources offer with these settings, and what the household's documents ask for."""
    offered = {feed.key: feed for feed in sources.feeds(context.settings)}
    offered |= {feed.key: feed for feed in documents.feeds(context.store, context.now())}
    return list(offered.values())


def _is_due(
    context: Context, feed: Feed, periods: list[Period], now: datetime, every: timedelta | None
) -> bool:
    problem = context.store.state(feed).problem
    tried, wishes = _tried.get(feed.key, (None, ()))
    wait = timedelta(seconds=RETRY_S) if every is None else every
    if problem:
        if problem.retry_at:
            return problem.retry_at <= now
        has_key = sources.source(feed.source).INFO.personal
        if problem.kind == "BadCredentials" and has_key:  # a bad key does not mend itself
            wait = max(wait, timedelta(minutes=15))
        return tried is None or now - tried >= wait
    if tried is not None and now - tried < wait and wishes == tuple(periods[1:]):
        return False  # it answered for less than it was asked: the rest is not asked every second
    return any(fetch.missing(context.store, feed, period, now, every) for period in periods)


# When this process last asked each feed, and for which wishes beyond the usual period.
_tried: dict[tuple[str, str, str, str], tuple[datetime, tuple[Period, ...]]] = {}
# When this process last looked for silences of each feed, and which it found.
_listened: dict[tuple[str, str, str, str], tuple[datetime, list[Period]]] = {}


def stretch(context: Context, first: str | None, end: str | None, days: int | None) -> Period:
    """The period that `--from`, `--to` and `--days` mean; the last two days without any."""
    usual = timedelta(days=2 if days is None else days)
    return bounds.period_of(first, end, "UTC", context.now(), usual=usual, longest=timedelta.max)


def fill(
    context: Context,
    period: Period,
    *,
    subjects: Sequence[str] = (),
    source: str | None = None,
    personal: bool = False,
    dry_run: bool = False,
    force: bool = False,
) -> Iterator[str]:
    """Fetch a stretch of history for the feeds chosen; a line about each as it is done.

    personal: the household's own feeds instead of the grid's. Without a source or a subject, the
    grid's feeds are those that the crawler keeps anyway.
    """
    if source is not None:
        sources.source(source)
    wanted = {want.key for want in context.store.wanted(context.now() - LOOKED_AT)}
    wanted |= first_page_feeds(context)
    chosen = [
        feed
        for feed in all_feeds(context)
        if bool(feed.owner) == personal
        and (not source or feed.source == source)
        and (not subjects or feed.subject in subjects)
        and (source or subjects or feed.key in wanted)
    ]
    with http.shared():  # one download of a file serves every feed that is in it
        for feed in chosen:
            if not dry_run:
                yield in_words(fetch.refresh(context, feed, period, force=force))
                continue
            gaps = [period] if force else fetch.missing(context.store, feed, period, context.now())
            yield f"{feed}: " + (", ".join(str(gap) for gap in gaps) or "nothing to fetch")


def in_words(done: fetch.Refreshed) -> str:
    """A line about what a refresh did."""
    if done.problem:
        return f"{done.feed}: {done.problem.sentence} {done.problem.remedy}".rstrip()
    if done.busy:
        return f"{done.feed}: somebody else is fetching it"
    counted = f"{done.rows} rows, {done.changed} changed, {done.withdrawn} withdrawn"
    return ". ".join([f"{done.feed}: {counted}", *(found.sentence for found in done.refused)])


def pace_s(context: Context) -> float | None:
    """`[grid] every_s`: ask each feed every so many seconds, whatever its cadence."""
    section = context.settings.section("grid")
    text = section.text("every_s") if section else ""
    try:
        return float(text) if text else None
    except ValueError as error:
        raise InputError(f"every_s is '{text}', which is not a number of seconds.") from error


def _lock(context: Context) -> FileLock:
    context.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(context.settings.home / "crawler.lock")


def _is_parent(parent: int) -> bool:
    return bool(os.getppid() == parent)
