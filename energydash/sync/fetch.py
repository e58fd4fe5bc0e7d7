"""Between the faces and the upstreams: `read` from the store, `refresh` from a source into it.

`read` never goes out. `refresh` asks a source for exactly what the store lacks or what may still
change, newest first, under a lease, so that any number of faces cause one fetch. Trouble with an
upstream is not an exception here: it becomes the feed's problem, beside the last good data.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from energydash import sources
from energydash.core.coverage import Coverage, cover
from energydash.core.errors import SourceError
from energydash.core.feeds import Feed, FeedData, Origin
from energydash.core.findings import Finding
from energydash.core.time import Period, subtract
from energydash.store import Store
from energydash.sync.context import Context

LEASE_S = 120.0  # longer than any one question may take; renewed for each
LOOK_BEFORE = timedelta(days=31)  # how far before a period its newest fetch may have ended
LIVE = 2.5  # a feed fetched within this many cadences is live

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. `asked` is empty where nothing was missing or somebody else is at it."""

    feed: Feed
    asked: tuple[Period, ...] = ()
    rows: int = 0
    changed: int = 0
    withdrawn: int = 0
    unknown: tuple[str, ...] = ()
    problem: Finding | None = None
    busy: bool = False


def read(store: Store, feed: Feed, period: Period, now: datetime) -> FeedData:
    """What the store has of a feed in a period, how fresh and how complete it is."""
    data = store.read(feed, period)
    state = store.state(feed)
    newest, fetched_at, problem = state.newest, state.fetched_at, state.problem
    live = fetched_at is not None and now - fetched_at <= LIVE * feed.cadence and problem is None
    origin: Origin = "live" if live else "stored"
    coverage = coverage_of(data, feed, period, newest, now, awaited(store, feed, period, now))
    return FeedData(data, feed, fetched_at, newest, coverage, origin, problem)


def awaited(store: Store, feed: Feed, period: Period, now: datetime) -> list[Period]:
    """The parts of `period` that the upstream may have by now and was never asked for.

    What was published since the last fetch is not awaited for three cadences: it is merely new.
    """
    possible = _possible(feed, period, now)
    past = possible and possible.intersect(Period(min(possible.start, now), now))
    if past is None:
        return []
    asked = [row.period for row in store.coverage(feed, past)]
    last = asked[-1].end if asked else now
    if last < now <= last + 3 * feed.cadence:
        asked.append(Period(last, now))
    return subtract(past, asked)


def _possible(feed: Feed, period: Period, now: datetime) -> Period | None:
    """The part of a period that the upstream has, or may have by now."""
    earliest = now - feed.history if feed.history else period.start
    return period.intersect(Period(min(earliest, now), now + feed.horizon))


def due_at(feed: Feed, newest: datetime | None, now: datetime) -> datetime:
    """From when on rows need not be there yet: they are late only after three cadences."""
    due = now - 3 * feed.cadence
    return due if newest is None else max(due, newest + (feed.step or timedelta(0)))


def coverage_of(
    data: pd.DataFrame,
    feed: Feed,
    period: Period,
    newest: datetime | None,
    now: datetime,
    fetching: Sequence[Period] = (),
) -> Coverage:
    """How many of the feed's steps in `period` have a row, and why the others have none."""
    index = pd.DatetimeIndex(data.index[data.notna().any(axis="columns")])
    due = due_at(feed, newest, now)
    return cover(index, period, feed.step, now=now, due=due, fetching=fetching)


def missing(
    store: Store, feed: Feed, period: Period, now: datetime, max_age: timedelta | None = None
) -> list[Period]:
    """What of `period` must be asked for: never fetched, or not final and older than `max_age`.

    `max_age` is the feed's cadence unless it is given: an upstream is not asked again before it
    can have something new.
    """
    possible = _possible(feed, period, now)
    if possible is None:
        return []
    age = feed.cadence if max_age is None else max_age
    rows = store.coverage(feed, Period(possible.start - LOOK_BEFORE, possible.end))
    settled = [row.period for row in rows if row.final or now - row.fetched_at < age]
    # A fetch covers what the upstream had then; whatever lies after its end is not missing until
    # that fetch is due again.
    if rows and now - rows[-1].fetched_at < age:
        newest_end = min(rows[-1].period.end, now + feed.horizon)
        settled.append(Period(newest_end, now + feed.horizon))
    return subtract(possible, settled)


def refresh(
    context: Context,
    feed: Feed,
    period: Period,
    *,
    force: bool = False,
    max_age: timedelta | None = None,
    progress: Progress | None = None,
) -> Refreshed:
    """Ask the feed's source for what the store lacks of `period`, and keep it.

    `force` asks again for everything, and does not wait for a problem's `retry_at`.
    Raises StoreError; trouble with the source is returned, and kept as the feed's problem.
    """
    store = context.store
    known = store.state(feed).problem
    if known and known.retry_at and known.retry_at > context.now() and not force:
        return Refreshed(feed, problem=known)
    holder = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    if not _lease(store, feed, holder):
        return Refreshed(feed, busy=True)
    try:
        return _refresh(context, feed, period, holder, force, max_age, progress)
    finally:
        store.release(feed, holder)


def _lease(store: Store, feed: Feed, holder: str) -> bool:
    """Take a feed's lease; from a process of this machine that has died, at once."""
    if store.lease(feed, holder, LEASE_S):
        return True
    other = store.state(feed).holder
    if not _has_died(other):
        return False
    store.release(feed, other)
    return store.lease(feed, holder, LEASE_S)


def _has_died(holder: str) -> bool:
    """Whether the holder of a lease was a process of this machine that is no more."""
    host, _, rest = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdigit() or os.name != "posix":
        return False  # elsewhere a signal 0 is no mere question
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _refresh(
    context: Context,
    feed: Feed,
    period: Period,
    holder: str,
    force: bool,
    max_age: timedelta | None,
    progress: Progress | None,
) -> Refreshed:
    store, now = context.store, context.now()
    # Worked out under the lease: whoever held it before may have fetched just this.
    gaps = missing(store, feed, period, now, timedelta(0) if force else max_age)
    if force:
        possible = _possible(feed, period, now)
        gaps = [possible] if possible else []
    longest = timedelta(days=sources.source(feed.source).INFO.longest_days)
    pieces = sorted((piece for gap in gaps for piece in gap.chunks(longest)), reverse=True)
    asked: list[Period] = []
    rows = changed = withdrawn = 0
    unknown: dict[str, None] = {}
    what = f"{feed.name or feed.subject}, {feed.quantity}"
    for done, piece in enumerate(pieces):
        if progress:
            progress(
                done / len(pieces), f"{what}: {piece.start:%-d %b %Y} to {piece.end:%-d %b %Y}"
            )
        store.lease(feed, holder, LEASE_S)
        try:
            fetched = sources.fetch(feed, piece, context.settings)
        except SourceError as error:
            problem = Finding.of(error, now)
            earlier = store.state(feed).problem
            if earlier and earlier.sentence == problem.sentence and earlier.since:
                problem = replace(problem, since=earlier.since)
            store.set_problem(feed, problem)
            return Refreshed(
                feed, tuple(asked), rows, changed, withdrawn, tuple(unknown), problem=problem
            )
        written = store.write(feed, fetched, fetched_at=now, final_before=now - feed.revises)
        asked.append(piece)
        rows += written.rows
        changed += written.changed
        withdrawn += written.withdrawn
        unknown.update(dict.fromkeys(fetched.unknown))
    if progress:
        progress(1.0, f"{what}: up to date")
    return Refreshed(feed, tuple(asked), rows, changed, withdrawn, tuple(unknown))
