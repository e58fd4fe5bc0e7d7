"""A loop over `fetch.refresh`: what is due, what is missing, what somebody looks at.

It runs as a child process of `serve` or of the first page visit, one per machine (a file lock);
several machines on one database share the work through the leases of `refresh`. gridstatus and
pyiso are imported here and nowhere else: they are heavy and change global state.

Nothing ends it but its parent's death. Whatever goes wrong with a feed becomes that feed's problem
and is logged when it begins and when it is over; how long it is then left alone says `patience`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from filelock import FileLock, Timeout

from energydash import sources
from energydash.core.errors import EnergydashError, InputError, StoreError
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.grid import regions
from energydash.sources import http
from energydash.store import Job, Wanted
from energydash.sync import backups, documents, fetch, heartbeat, jobs, patience, streaming
from energydash.sync.context import Context
from energydash.sync.patience import Patience

log = logging.getLogger(__name__)
_ensured_at: datetime | None = None

LOOKED_AT = timedelta(days=7)  # a feed that nobody asked for in this long is left alone
LOOK_BACK = timedelta(days=2)  # what a feed is kept complete for, beyond what was asked for
LISTEN_EVERY = timedelta(hours=1)
OWN_FAULT = "energydash met an error of its own with {feed}."
HANGS = "{title} has been asked for {feed} since {since:%-d %b %H:%M} UTC, without an end."
GOES_ON = "The other sources go on. Start energydash anew to ask this one again."
TICK_S = 1.0
PARENT_EVERY_S = 0.5
UPSTREAMS_AT_ONCE = 16
RETRY_S = 30.0  # one that answered for less than it was asked is asked again this soon
LONGEST_WISH = timedelta(days=2 * 366)  # what a page may wish for; more is for `ingest` and `crawl`


@dataclass(frozen=True)
class Due:
    """A feed that is due, and the periods to keep complete."""

    feed: Feed
    periods: tuple[Period, ...]


def ensure_running(context: Context) -> subprocess.Popen[bytes] | None:
    """Start the crawler beside this process unless this machine has one; the one started, None
    where it has one, or where the folder cannot be written."""
    global _ensured_at
    try:
        with _lock(context).acquire(timeout=0):
            pass
    except Timeout:
        _ensured_at = _ensured_at or context.now()
        return None
    except OSError as error:
        log.warning("Nothing is fetched: %s cannot be written (%s).", context.settings.home, error)
        return None
    _ensured_at = _ensured_at or context.now()
    # It ends with its parent (see `run`), and its lock with it.
    return subprocess.Popen(
        [sys.executable, "-m", "energydash", "crawl", "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
    )


def last_lived(beat: datetime | None) -> datetime | None:
    """The crawler's last sign of life for this process: its last beat in the store, or that it was
    started here; None where this process has not seen to it that there is one."""
    return _ensured_at and max(_ensured_at, beat or _ensured_at)


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
    beaten: datetime | None = None
    stop = threading.Event() if once else streaming.start(context)
    # One thread per upstream: one that hangs, or that has a year to bring, holds up nobody else.
    pool = ThreadPoolExecutor(max_workers=UPSTREAMS_AT_ONCE)
    try:
        while parent is None or _is_parent(parent):
            working = {name: future for name, future in working.items() if not future.done()}
            by_upstream: dict[str, list[Due]] = {}
            found: list[Job] = []
            try:
                found = [job for job in jobs.due(context) if job.kind in works]
                for item in due(context, every):
                    by_upstream.setdefault(item.feed.source, []).append(item)
                _is_well("crawler")
            except Exception as error:  # the next round may go better
                _is_troubled("crawler", error)
            if not once:
                beaten = _live(context, beaten)
            for job in found:
                if job.id not in working:
                    working[job.id] = pool.submit(_do, context, job, works[job.kind])
            if not once and "backup" not in working and backups.is_due(context):
                working["backup"] = pool.submit(backups.make, context)
            for name, items in by_upstream.items():
                if name not in working:
                    working[name] = pool.submit(_work, context, items, every, report)
            if once:
                break
            time.sleep(TICK_S)
    finally:
        stop.set()
        # Who is left at it after the parent's death must not keep the lock: nothing is lost.
        pool.shutdown(wait=once, cancel_futures=not once)
    for future in working.values():
        if once:
            future.result()


def _live(context: Context, beaten: datetime | None) -> datetime:
    """Give the sign of life that is due, and name what hangs; when the last one was given."""
    now = context.now()
    for feed, since in list(_asking.values()):
        if now - since > timedelta(seconds=fetch.LEASE_S):  # longer than any one question may take
            title = sources.source(feed.source).INFO.title
            sentence = HANGS.format(title=title, feed=feed, since=since)
            if _is_troubled(feed, sentence):
                _keep_problem(context, feed, Finding("Hangs", sentence, GOES_ON, since=since))
    if beaten is not None and abs(now - beaten) < heartbeat.EVERY:
        return beaten
    heartbeat.beat(context.store, now)
    return now


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
        if not _ask(context, item, every, report):
            break  # whoever cannot be reached is not asked for the rest now


def _ask(
    context: Context,
    item: Due,
    every: timedelta | None,
    report: Callable[[fetch.Refreshed], None] | None,
) -> bool:
    """Ask for one feed; False where its upstream cannot be reached at all."""
    feed, now = item.feed, context.now()
    _tried[feed.key] = (now, item.periods[1:])
    for period in item.periods:
        try:
            result = _refresh(context, feed, period, every)
        except Exception as error:
            _patience.trouble(feed.key, now)
            _is_troubled(feed, error)
            if not isinstance(error, StoreError):
                _keep_problem(context, feed, _problem_of(feed, error))
            return True
        if report:
            report(result)
        for found in (*result.refused, *result.doubted):
            _is_troubled(f"{feed}, {found.kind}", str(found))
        if result.problem:
            is_away = result.problem.kind in jobs.PASSING
            has_key = sources.source(feed.source).INFO.personal
            is_refused = result.problem.kind == "BadCredentials" and has_key
            least = patience.REFUSED_KEY if is_refused else timedelta(0)
            _patience.trouble(feed.source if is_away else feed.key, now, least)
            _is_troubled(feed, result.problem.sentence)
            return not is_away
        if result.asked:
            _patience.well(feed.source)
            log.info("%s: %d rows, %d changed", feed, result.rows, result.changed)
    _patience.well(feed.key)
    _is_well(feed)
    return True


def _refresh(
    context: Context, feed: Feed, period: Period, every: timedelta | None
) -> fetch.Refreshed:
    """`fetch.refresh`, seen by `_live` for as long as one question of it takes."""

    def goes_on(*_: object) -> None:
        _asking[feed.source] = (feed, context.now())

    goes_on()
    try:
        return fetch.refresh(context, feed, period, max_age=every, progress=goes_on)
    finally:
        del _asking[feed.source]


def _problem_of(feed: Feed, error: Exception) -> Finding:
    """What is wrong with us, or with the settings."""
    if isinstance(error, EnergydashError):
        return Finding(type(error).__name__, error.message, error.remedy)
    return Finding("Unexpected", OWN_FAULT.format(feed=feed), "It is tried again by itself.")


def _keep_problem(context: Context, feed: Feed, problem: Finding) -> None:
    """Keep it as the feed's problem; best effort."""
    try:
        context.store.set_problem(feed, problem)
    except StoreError as trouble:
        _is_troubled("store", trouble)


def _is_troubled(name: Feed | str, what: Exception | str) -> bool:
    """Log a trouble when it begins; False for the same again, which is no news."""
    said = f"{type(what).__name__}: {what}" if isinstance(what, Exception) else what
    if _said.get(str(name)) == said:
        return False
    _said[str(name)] = said
    is_ours = isinstance(what, Exception) and not isinstance(what, EnergydashError)
    log.warning("%s: %s", name, what, exc_info=what if is_ours else None)  # type: ignore[arg-type]
    return True


def _is_well(name: Feed | str) -> None:
    """Log that a trouble is over."""
    if _said.pop(str(name), None):
        log.warning("%s: works again", name)


def _do(context: Context, job: Job, work: jobs.Work) -> None:
    """Go on with a job; what went wrong stands in the job, and in the log."""
    try:
        if jobs.run(context, job, work):
            log.info("job %s (%s): one go is over", job.id, job.kind)
        _is_well(f"job {job.id} ({job.kind})")
    except Exception as error:
        _is_troubled(f"job {job.id} ({job.kind})", error)


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
        try:
            periods = _periods(context, feed, want, now)
            if _is_due(context, feed, periods, now, every):
                found.append(Due(feed, tuple(periods)))
        except StoreError:
            raise
        except Exception as error:  # one feed's trouble is not the others'
            _is_troubled(feed, error)
    return found


def _periods(context: Context, feed: Feed, want: Wanted | None, now: datetime) -> list[Period]:
    """What to keep complete of a feed: its usual period, what somebody wished for, silences."""
    periods = [Period(now - max(LOOK_BACK, feed.revises), now + feed.horizon)]
    if want is not None and want.period is not None:
        possible = Period(now - LONGEST_WISH, now + feed.horizon)
        periods += [wish] if (wish := want.period.intersect(possible)) else []
    return periods + _silences(context, feed, now)


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
    if problem and problem.retry_at:
        return problem.retry_at <= now
    rests = not (_patience.may_ask(feed.source, now) and _patience.may_ask(feed.key, now))
    if rests and every is None:
        return False
    tried, wishes = _tried.get(feed.key, (None, ()))
    wait = timedelta(seconds=RETRY_S) if every is None else every
    if tried is not None and now - tried < wait and (problem or wishes == tuple(periods[1:])):
        return False  # in trouble, or it answered for less than it was asked: not every second
    return bool(problem) or any(
        fetch.missing(context.store, feed, period, now, every) for period in periods
    )


_patience = Patience()
# What is wrong just now, by feed, as it was logged.
_said: dict[str, str] = {}
# When this process last asked each feed, and for which wishes beyond the usual period.
_tried: dict[tuple[str, str, str, str], tuple[datetime, tuple[Period, ...]]] = {}
# What each upstream is being asked for just now, and since when.
_asking: dict[str, tuple[Feed, datetime]] = {}
# When this process last looked for silences of each feed, and which it found.
_listened: dict[tuple[str, str, str, str], tuple[datetime, list[Period]]] = {}


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


def end_with(parent: int) -> None:
    """End this process, and with it its lock, as soon as its parent has died, whatever it is at:
    what an upstream has not answered yet is asked again, and a write is whole or not there."""

    def watch() -> None:
        while _is_parent(parent):
            time.sleep(PARENT_EVERY_S)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def _is_parent(parent: int) -> bool:
    return bool(os.getppid() == parent)
