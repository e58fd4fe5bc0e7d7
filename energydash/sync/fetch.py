"""Between the faces and the upstreams: `read` from the store, `refresh` from a source into it.

`read` never goes out. `refresh` asks a source for exactly what the store lacks or what may still
change, newest first, under a lease, so that any number of faces cause one fetch. Trouble with an
upstream is not an exception here: it becomes the feed's problem, beside the last good data.

What is asked, and when again:
- what was never asked for: now;
- what the upstream may still change (`revises`), and what it published since: after a cadence;
- a silence, which is an hour and more, the end of a day or of a question, or a whole question,
  for which nothing came (a file cut at the end of a line looks just so): when it is twice as old as
  when it was last asked for, a day later at the soonest; and at once where what came after it is
  new, for then the upstream speaks again;
- what came and is older than `revises`: never, unless somebody asks for it by `force`.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from energydash import sources
from energydash.core.coverage import Coverage, cover
from energydash.core.errors import SourceError
from energydash.core.feeds import Feed, FeedData, Fetched, Origin
from energydash.core.findings import Finding
from energydash.core.time import (
    EPOCH,
    MICROSECOND,
    Period,
    index_us,
    instant_of,
    local_midnight,
    merge,
    micros,
    subtract,
)
from energydash.store import Covered, FeedState, Store, Written, reads
from energydash.sync import batteries, documents, gate
from energydash.sync.context import Context

LEASE_S = 120.0  # longer than any one question may take; renewed for each
LOOK_BEFORE = timedelta(days=31)  # how far before a period its newest fetch may have ended
LEAST_SILENCE = timedelta(hours=1)
LEAST_WAIT = timedelta(days=1)  # before a silence is asked for again
LIVE = 2.5  # a feed fetched within this many cadences is live

DOUBTED = 10  # so many values gone at once, and more than stayed, are no revision

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. `asked` is empty where nothing was missing or somebody else is at it.

    refused: what the upstream sent that cannot be or is not known. doubted: where it no longer
    has most of what it had; that is kept.
    """

    feed: Feed
    asked: tuple[Period, ...] = ()
    rows: int = 0
    changed: int = 0
    withdrawn: int = 0
    problem: Finding | None = None
    busy: bool = False
    refused: tuple[Finding, ...] = ()
    doubted: tuple[Finding, ...] = ()


def read(store: Store, feed: Feed, period: Period, now: datetime) -> FeedData:
    """What the store has of a feed in a period, how fresh and how complete it is."""
    stored = store.stored(feed, period, around(feed, period))
    state, data = stored.state, stored.data
    waiting = awaited(stored.windows, feed, period, now)
    reads.asked(feed, period, is_awaited=bool(waiting))
    coverage = coverage_of(data, feed, period, state.newest, now, waiting)
    origin: Origin = "live" if is_live(state, feed, now) else "stored"
    return FeedData(data, feed, state.fetched_at, state.newest, coverage, origin, state.problem)


def is_live(state: FeedState, feed: Feed, now: datetime) -> bool:
    """Whether a feed answered within a cadence or two, and is in no trouble."""
    fetched_at = state.fetched_at
    return (
        state.problem is None
        and fetched_at is not None
        and now - fetched_at <= (LIVE * feed.cadence)
    )


def awaited(windows: Sequence[Covered], feed: Feed, period: Period, now: datetime) -> list[Period]:
    """The parts of `period` that the upstream may have by now and was never asked for.

    windows: what was fetched `around` the period.
    What was published since the last fetch is not awaited for three cadences: it is merely new.
    """
    possible = _possible(feed, period, now)
    past = possible and possible.intersect(Period(min(possible.start, now), now))
    if past is None:
        return []
    near = around(feed, past)
    asked = [row.period for row in windows if row.period.intersect(near)]
    last = asked[-1].end if asked else now
    if last < now <= last + 3 * feed.cadence:
        asked.append(Period(last, now))
    return subtract(past, asked)


def around(feed: Feed, period: Period) -> Period:
    """A period, and the time before it in which a fetch that counts for it may have ended."""
    return Period(period.start - 3 * feed.cadence, period.end)


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
    index = _times_with_any(data)
    due = due_at(feed, newest, now)
    return cover(index, period, feed.step, now=now, due=due, fetching=fetching)


def _times_with_any(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """The times of the rows that have a value."""
    return pd.DatetimeIndex(frame.index[~np.isnan(frame.to_numpy("float64")).all(axis=1)])


def missing(
    store: Store, feed: Feed, period: Period, now: datetime, max_age: timedelta | None = None
) -> list[Period]:
    """What of `period` must be asked for: never asked for, or not final and due again.

    `max_age` stands in for the feed's cadence: an upstream is not asked again before it can have
    something new. A period that reaches the present is asked as far as the upstream goes.
    """
    possible = _possible(feed, period, now)
    if possible is None:
        return []
    if possible.end > now - feed.cadence:
        possible = Period(possible.start, now + feed.horizon)
    rows = store.coverage(feed, Period(possible.start - LOOK_BEFORE, possible.end))
    settled = [row.period for row in rows if not _is_due(feed, row, now, max_age)]
    # What was published after a fetch that reached as far as the upstream went is merely new.
    age = feed.cadence if max_age is None else max_age
    settled += [
        Period(row.period.end, max(row.period.end, now + feed.horizon))
        for row in rows
        if row.period.end >= row.fetched_at + feed.horizon and now - row.fetched_at < age
    ]
    return subtract(possible, settled)


def _is_due(feed: Feed, row: Covered, now: datetime, max_age: timedelta | None = None) -> bool:
    """Whether a window is to be asked for again. One that was fetched in the future, by a clock
    that was ahead, is."""
    if row.fetched_at > now + feed.cadence + gate.AHEAD:
        return not row.final
    age = feed.cadence if max_age is None else max_age
    if _is_silent(feed, row):
        age = max(age, LEAST_WAIT, row.fetched_at - row.period.end)
    return not row.final and now - row.fetched_at >= age


def _is_silent(feed: Feed, row: Covered) -> bool:
    """Whether a window was old enough to be final when it was asked for, and brought nothing."""
    return not row.final and row.period.end <= row.fetched_at - _changes_for(feed)


def _changes_for(feed: Feed) -> timedelta:
    return max(feed.revises, feed.cadence)


def silences(store: Store, feed: Feed, now: datetime) -> list[Period]:
    """The silences of a feed that are due to be asked for again."""
    rows = store.coverage(feed, Period(EPOCH, now))
    return [one.period for one in rows if _is_silent(feed, one) and _is_due(feed, one, now)]


def silent_in(feed: Feed, fetched: Fetched, asked: Period) -> list[Period]:
    """The parts of a question for which nothing came: an hour long at least, all of it, or the
    last steps of it or of a local day."""
    step = (feed.step or timedelta(0)) // MICROSECOND
    ends = np.array([micros(asked.start), micros(asked.end)])
    said = [(ends, ends)]
    for frame in (fetched.frame, *(frame for _, frame in fetched.forecasts)):
        times = index_us(_times_with_any(frame))
        said.append((times, times + step))
    if fetched.rates is not None and len(fetched.rates):
        valid = fetched.rates["valid_from"], fetched.rates["valid_to"]
        edges = valid[0].fillna(asked.start), valid[1].fillna(asked.end)
        said.append((index_us(pd.DatetimeIndex(edges[0])), index_us(pd.DatetimeIndex(edges[1]))))
    starts = np.concatenate([one for one, _ in said])
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    reached = np.maximum.accumulate(np.concatenate([one for _, one in said])[order])
    shortest = max(LEAST_SILENCE, 2 * (feed.step or timedelta(0)))
    least = min(shortest, asked.duration) // MICROSECOND  # a question without a row is silence
    gaps = starts[1:] - reached[:-1]
    is_silent = gaps >= least
    if step:
        days = [local_midnight(day, feed.zone) for day in asked.days(feed.zone)]
        is_silent |= (gaps >= step) & np.isin(
            starts[1:], [micros(one) for one in (*days, asked.end)]
        )
    found = [
        Period(instant_of(int(reached[n])), instant_of(int(starts[n + 1])))
        for n in np.flatnonzero(is_silent)
    ]
    return [part for one in found if (part := one.intersect(asked))]


def refresh(
    context: Context,
    feed: Feed,
    period: Period,
    *,
    force: bool = False,
    max_age: timedelta | None = None,
    progress: Progress | None = None,
    wait_s: float | None = None,
) -> Refreshed:
    """Ask the feed's source for what the store lacks of `period`, and keep it.

    `force` asks again for everything, and does not wait for a problem's `retry_at`. wait_s: how
    long another writer of the database may hold it up, where that is not the usual time.
    Raises StoreError; trouble with the source is returned, and kept as the feed's problem.
    """
    store = context.store
    known = store.state(feed).problem
    if known and known.retry_at and known.retry_at > context.now() and not force:
        return Refreshed(feed, problem=known)
    holder = this_holder()
    if not _lease(store, feed, holder, wait_s):
        return Refreshed(feed, busy=True)
    try:
        done = _refresh(context, feed, period, holder, force, max_age, progress)
    finally:
        store.release(feed, holder)
    if done.changed:
        batteries.derive_feed(context, feed)
    return done


def _lease(store: Store, feed: Feed, holder: str, wait_s: float | None) -> bool:
    """Take a feed's lease; from a process of this machine that has died, at once."""
    if store.lease(feed, holder, LEASE_S, wait_s=wait_s):
        return True
    other = store.state(feed).holder
    if not has_died(other):
        return False
    store.release(feed, other)
    return store.lease(feed, holder, LEASE_S, wait_s=wait_s)


def this_holder() -> str:
    """What a lease of this thread is called."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


def has_died(holder: str) -> bool:
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
    gaps = missing(store, feed, period, now, max_age)
    if force:
        possible = _possible(feed, period, now)
        gaps = [possible] if possible else []
    longest = timedelta(days=sources.source(feed.source).INFO.longest_days)
    pieces = sorted((piece for gap in gaps for piece in gap.chunks(longest)), reverse=True)
    done = Refreshed(feed)
    what = f"{feed.name or feed.subject}, {feed.quantity}"
    while pieces:
        piece = pieces.pop(0)
        if progress:
            share = len(done.asked) / (len(done.asked) + 1 + len(pieces))
            progress(share, f"{what}: {piece.start:%-d %b %Y} to {piece.end:%-d %b %Y}")
        store.lease(feed, holder, LEASE_S)
        try:
            fetched = sources.fetch(feed, piece, context.settings)
            fetched, refused = gate.admit(feed, fetched, piece, now)
            if feed.quantity == "mix":
                fetched = gate.counted_once(fetched, store.read(feed, fetched.covered))
        except SourceError as error:
            return replace(done, problem=_keep_problem(store, feed, error, now))
        if fetched.name:
            documents.put_name(store, feed, fetched.name)
        unanswered = subtract(piece, [fetched.covered])
        written = store.write(
            feed,
            fetched,
            fetched_at=now,
            final_before=now - _changes_for(feed),
            silences=merge([*unanswered, *silent_in(feed, fetched, fetched.covered)]),
        )
        done = replace(
            done,
            asked=(*done.asked, piece),
            rows=done.rows + written.rows,
            changed=done.changed + written.changed,
            withdrawn=done.withdrawn + written.withdrawn,
            refused=tuple(dict.fromkeys((*done.refused, *refused))),
            doubted=(*done.doubted, *_doubts(feed, piece, written, now)),
        )
        if written.changed:
            before = _silence_before(store, feed, piece, now, longest)
            pieces += [one for one in before if not any(one.intersect(other) for other in pieces)]
    if done.doubted:  # until an answer is good again
        store.set_problem(feed, done.doubted[0])
    if progress:
        progress(1.0, f"{what}: up to date")
    return done


def _doubts(feed: Feed, piece: Period, written: Written, now: datetime) -> list[Finding]:
    """That an upstream answered without most of what it had: rather its trouble than a revision."""
    had = written.withdrawn + written.rows
    if written.withdrawn < DOUBTED or 2 * written.withdrawn <= had:
        return []
    title = sources.source(feed.source).INFO.title
    days = f"{piece.start:%-d %b %Y %H:%M} to {piece.end:%-d %b %Y %H:%M} UTC"
    sentence = (
        f"{title} answered for {days} without {written.withdrawn:,} of the {had:,} values of "
        f"{feed.quantity} that are known."
    )
    return [Finding("withdrawn", sentence, "They are kept; it is asked again.", since=now)]


def _keep_problem(store: Store, feed: Feed, error: SourceError, now: datetime) -> Finding:
    """An upstream's error as the feed's problem, since it began."""
    problem, earlier = Finding.of(error, now), store.state(feed).problem
    if earlier and earlier.sentence == problem.sentence and earlier.since:
        problem = replace(problem, since=earlier.since)
    store.set_problem(feed, problem)
    return problem


def _silence_before(
    store: Store, feed: Feed, piece: Period, now: datetime, longest: timedelta
) -> list[Period]:
    """The end of the silence before a piece that brought something, if that was not just asked."""
    before = Period(piece.start - MICROSECOND, piece.start)
    for row in store.coverage(feed, before):
        if _is_silent(feed, row) and now - row.fetched_at >= feed.cadence:
            return [Period(max(row.period.start, piece.start - longest), piece.start)]
    return []
