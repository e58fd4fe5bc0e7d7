"""The store: everything that energydash keeps, behind one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.findings import Finding
from energydash.core.time import Period, merge
from energydash.store import copies, coverage, documents, feeds, readings, reads
from energydash.store.coverage import Covered
from energydash.store.database import Connection, Database
from energydash.store.feeds import FeedState, Wanted
from energydash.store.jobs import Jobs
from energydash.store.pulse import Pulse, beat, pulse
from energydash.store.schema import INTEGER, TEXT, columns
from energydash.store.writing import write_values

_FEED_TABLES = ("coverage", "rates", "problems", "wanted")
_SERIES_TABLES = ("readings", "forecasts")


@dataclass(frozen=True)
class Written:
    """What a write did.

    rows: values in the answer. changed: how many of them were new or different.
    withdrawn: readings kept in the covered period that the answer no longer has.
    """

    rows: int
    changed: int
    withdrawn: int


@dataclass(frozen=True)
class Stored:
    """What the store has of a feed in a period: its state, its windows, its readings."""

    state: FeedState
    windows: list[Covered]
    data: pd.DataFrame


class Store:
    """Readings, forecasts, rates, coverage, problems, leases, documents and (`jobs`) jobs.

    Safe for any number of threads and processes; every method is one transaction or one statement,
    and those of one thread within `together` are one. Raises StoreError; see `store/errors.py` for
    its kinds.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jobs = Jobs(database)

    def together(self) -> AbstractContextManager[None]:
        """All that this thread writes within is kept, or, after an error or a kill, none of it."""
        return self.database.together()

    # Readings

    def write(
        self,
        feed: Feed,
        fetched: Fetched,
        *,
        fetched_at: datetime,
        final_before: datetime | None = None,
        silences: Sequence[Period] = (),
    ) -> Written:
        """Keep an answer: its values, which period it covers, and that the feed works again.

        Values that differ replace older ones; nothing is deleted. The part of the covered period
        before `final_before` is final, but for the `silences`: what was asked for and brought
        nothing. The feed's version goes up if anything changed.
        """
        reads.made(feed)
        with self.database.transaction() as connection:
            feed_id = feeds.ensure(connection, feed)
            written = write_values(connection, feed_id, fetched)
            known = feeds.state(connection, feed)
            new = coverage.windows(
                fetched.covered, fetched_at, final_before, silences, written.rows_within
            )
            for span in merge([fetched.covered, *silences]):
                coverage.replace_around(
                    connection,
                    feed_id,
                    span,
                    coverage.clip(new, span),
                    lambda part: readings.count(connection, feed_id, part),
                )
            newest = max((at for at in (known.newest, written.newest) if at), default=None)
            bump = 1 if written.changed or not known.version else 0
            connection.execute(
                "UPDATE feeds SET version = version + $2, rows = rows + $3, newest = $4, "
                "fetched_at = $5 WHERE id = $1",
                feed_id,
                bump,
                written.inserted,
                newest,
                fetched_at,
            )
            connection.execute("DELETE FROM problems WHERE feed_id = $1", feed_id)
        return Written(written.rows, written.changed, written.withdrawn)

    def read(self, feed: Feed, period: Period, parts: Sequence[str] | None = None) -> pd.DataFrame:
        """Readings as a tidy frame: the named parts, or every part that the feed ever had."""
        reads.feed_read(feed)
        with self.database.connection() as connection:
            ids = readings.ids_of(connection, feed)
            return readings.read(connection, ids, period, tuple(ids if parts is None else parts))

    def stored(self, feed: Feed, period: Period, windows: Period | None = None) -> Stored:
        """A feed's state, what was fetched of a period (or of `windows`), and its readings."""
        reads.feed_read(feed)
        with self.database.connection() as connection:
            state = feeds.state(connection, feed)
            if state.id is None:
                return Stored(state, [], empty_frame())
            span = windows or period
            fetched = coverage.clip(coverage.read(connection, state.id, span), span)
            ids = readings.series_ids(connection, state.id)
            return Stored(state, fetched, readings.read(connection, ids, period, tuple(ids)))

    def read_forecast(
        self, feed: Feed, period: Period, *, issued_before: datetime | None = None
    ) -> tuple[datetime | None, pd.DataFrame]:
        """The newest vintage that says anything about `period`, and when it was issued.

        `issued_before` leaves out what was issued later: what was known at that instant.
        """
        reads.feed_read(feed)
        with self.database.connection() as connection:
            ids = readings.ids_of(connection, feed)
            return readings.read_forecast(connection, ids, period, issued_before)

    def rates(self, tariff: str, period: Period, kind: str | None = None) -> pd.DataFrame:
        """The prices of a tariff code that are valid at some time in `period`.

        Columns kind, payment_method, valid_from, valid_to (NaT: still running), exc_vat, inc_vat
        (exact decimal text in pence, None where unknown).
        """
        reads.rates_read(tariff)
        with self.database.connection() as connection:
            return readings.read_rates(connection, tariff, period, kind)

    def delete(self, feed: Feed, period: Period) -> int:
        """Delete readings because the user asked for it; how many. They count as never fetched."""
        reads.made(feed)
        with self.database.transaction() as connection:
            if feeds.find(connection, feed) is None:
                return 0
            feed_id = feeds.ensure(connection, feed)
            gone = connection.change(
                "DELETE FROM readings WHERE time >= $2 AND time < $3 "
                "AND series_id IN (SELECT id FROM series WHERE feed_id = $1)",
                feed_id,
                period.start,
                period.end,
            )
            coverage.replace_around(
                connection,
                feed_id,
                period,
                (),
                lambda part: readings.count(connection, feed_id, part),
            )
            connection.execute(
                "UPDATE feeds SET version = version + 1, rows = rows - $2, newest = $3 "
                "WHERE id = $1",
                feed_id,
                gone,
                readings.newest(connection, feed_id),
            )
        return gone

    def drop_feed(self, feed: Feed) -> int:
        """Forget a feed with its trouble and all else, as if it had never been; how many readings
        it had."""
        reads.made(feed)
        rows: Any = 0
        with self.database.transaction() as connection:
            feed_id = feeds.find(connection, feed)
            if feed_id is not None:
                rows = connection.value(INTEGER, "SELECT rows FROM feeds WHERE id = $1", feed_id)
                _drop_below(connection, "SELECT id FROM feeds WHERE id = $1", feed_id)
                connection.execute("DELETE FROM feeds WHERE id = $1", feed_id)
        return int(rows)

    # Feeds

    def state(self, feed: Feed) -> FeedState:
        """All that is known of a feed beside its readings, in one statement."""
        return self.states([feed])[0]

    def states(self, feeds_: Sequence[Feed]) -> list[FeedState]:
        """The states of several feeds, in their order, in one statement."""
        if not feeds_:
            return []
        reads.feed_read(*feeds_)
        with self.database.connection() as connection:
            return feeds.states(connection, feeds_)

    def coverage(self, feed: Feed, period: Period) -> list[Covered]:
        """What was fetched when: windows that overlap `period`, disjoint and in order."""
        reads.feed_read(feed)
        with self.database.connection() as connection:
            feed_id = feeds.find(connection, feed)
            if feed_id is None:
                return []
            return coverage.clip(coverage.read(connection, feed_id, period), period)

    def feeds(self, owner: str | None = None, source: str | None = None) -> list[Feed]:
        """Every feed the store knows."""
        reads.everything_read()
        with self.database.connection() as connection:
            return feeds.listed(connection, owner, source)

    def pulse(self) -> Pulse:
        """What moves with everything that the store keeps, in one statement."""
        with self.database.connection() as connection:
            return pulse(connection)

    def beat(self, at: datetime, *, wait_s: float | None = None) -> None:
        """Note that a crawler lives."""
        with self.database.transaction(wait_s) as connection:
            beat(connection, at)

    def summary(self) -> pd.DataFrame:
        """A row per feed: owner source subject quantity unit rows newest fetched_at version
        problem ('' where there is none)."""
        names = (
            "owner", "source", "subject", "quantity", "unit", "rows", "newest", "fetched_at",
            "version",
        )  # fmt: skip
        reads.everything_read()
        schema = columns("feeds", *names).append(pa.field("problem", TEXT))
        with self.database.connection() as connection:
            table = connection.query(
                schema,
                f"SELECT {', '.join(names)}, coalesce(sentence, '') AS problem FROM feeds "
                "LEFT JOIN problems ON problems.feed_id = feeds.id "
                "ORDER BY owner, source, subject, quantity",
            )
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def set_problem(self, feed: Feed, problem: Finding) -> None:
        """Keep what is wrong until the next write clears it."""
        with self.database.transaction() as connection:
            feeds.set_problem(connection, feeds.ensure(connection, feed), problem)

    def lease(
        self, feed: Feed, holder: str, seconds: float, *, wait_s: float | None = None
    ) -> bool:
        """Take, or renew, the right to refresh a feed; False while somebody else has it."""
        with self.database.transaction(wait_s) as connection:
            feed_id = feeds.find(connection, feed) or feeds.ensure(connection, feed)
            return feeds.lease(connection, feed_id, holder, seconds)

    def release(self, feed: Feed, holder: str) -> None:
        """Give a lease back."""
        with self.database.transaction() as connection:
            feeds.release(connection, feed, holder)

    def want(
        self, wishes: Mapping[Feed, Period | None], at: datetime, *, wait_s: float | None = None
    ) -> None:
        """Note that a face asked for these feeds, and for which periods of them."""
        with self.database.transaction(wait_s) as connection:
            for feed, period in wishes.items():
                feed_id = feeds.find(connection, feed) or feeds.ensure(connection, feed)
                feeds.want(connection, feed_id, at, period)

    def wanted(self, since: datetime) -> list[Wanted]:
        """Every feed asked for since then, the latest first."""
        with self.database.connection() as connection:
            return feeds.wanted(connection, since)

    # Documents

    def household(self) -> str:
        """The random id that owns all home data."""
        with self.database.connection() as connection:
            return documents.household(connection)

    def put(self, owner: str, kind: str, key: str, body: dict[str, Any]) -> None:
        """Keep a document, in the place of an older one with the same key."""
        reads.made(kind)
        with self.database.transaction() as connection:
            documents.put(connection, owner, kind, key, body)

    def get(self, owner: str, kind: str, key: str) -> dict[str, Any] | None:
        """One document, None where there is none."""
        reads.documents_read(kind)
        with self.database.connection() as connection:
            return documents.get(connection, owner, kind, key)

    def documents(self, owner: str, kind: str) -> dict[str, dict[str, Any]]:
        """Every document of a kind, by key, in order."""
        reads.documents_read(kind)
        with self.database.connection() as connection:
            return documents.listed(connection, owner, kind)

    def own(self, *kinds: str) -> dict[str, dict[str, dict[str, Any]]]:
        """The household's documents of these kinds, by kind and key, in one statement."""
        for kind in kinds:
            reads.documents_read(kind)
        with self.database.connection() as connection:
            return documents.own(connection, kinds)

    def drop(self, owner: str, kind: str, key: str) -> None:
        """Remove a document."""
        reads.made(kind)
        with self.database.transaction() as connection:
            documents.drop(connection, owner, kind, key)

    # The whole

    def backup(self, path: Path) -> None:
        """A consistent copy in one SQLite file, whichever database this is."""
        copies.backup(self.database, path)

    def restore(self, path: Path) -> Path:
        """Put a backup in the place of everything; where a copy of what was there is kept."""
        return copies.restore(self.database, path)

    def forget(self, owner: str) -> int:
        """Remove everything of an owner for good; how many rows."""
        if not owner:
            raise InputError("The public grid belongs to nobody.", remedy="Name an owner.")
        with self.database.transaction() as connection:
            self.database.erase(connection)
            gone = _drop_below(connection, "SELECT id FROM feeds WHERE owner = $1", owner)
            for table in ("feeds", "documents", "jobs"):
                gone += connection.change(f"DELETE FROM {table} WHERE owner = $1", owner)
            connection.execute("DELETE FROM meta WHERE key = 'household' AND value = $1", owner)
            documents.ensure_household(connection)
            for kind in documents.kinds(connection):
                documents.bump(connection, kind)
        self.database.after_erasing()
        return gone

    def size_bytes(self) -> int:
        """The room that the database takes on disk."""
        return self.database.size_bytes()

    def close(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        self.database.close()


def _drop_below(connection: Connection, feed_ids: str, argument: str | int) -> int:
    """Remove every row that belongs to feeds, but not those themselves; how many. feed_ids: a
    query of one argument."""
    gone = 0
    for table in _SERIES_TABLES:
        gone += connection.change(
            f"DELETE FROM {table} WHERE series_id IN "
            f"(SELECT id FROM series WHERE feed_id IN ({feed_ids}))",
            argument,
        )
    for table in (*_FEED_TABLES, "series"):
        gone += connection.change(f"DELETE FROM {table} WHERE feed_id IN ({feed_ids})", argument)
    return gone
