"""The feeds table: what a feed is, its state, its leases, its problem and who asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from energydash.core.errors import StoreError
from energydash.core.feeds import Feed, Stamp
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.store.database import Connection
from energydash.store.schema import INTEGER, columns

KEY = "owner = $1 AND source = $2 AND subject = $3 AND quantity = $4"
FEEDS_AT_ONCE = 200
WISH_LIVES = timedelta(hours=1)  # within it, the periods that several faces asked for add up

_DEFINITION = (
    "owner", "source", "subject", "quantity", "unit", "step_s", "zone", "cadence_s", "stamp",
    "revises_s", "history_s", "horizon_s",
)  # fmt: skip
_STATE = pa.schema(
    [
        *columns(
            "feeds", *_DEFINITION[:5], "id", "version", "rows", "newest", "fetched_at",
            "lease_holder",
        ),
        *columns("problems", "sentence", "remedy", "retry_at", "since", "kind"),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class FeedState:
    """All that the store knows about a feed beside its readings, of one instant.

    id: its row, None where the store never heard of it. version: how many writes changed something,
    0 where there never was one. rows: how many readings. newest: the time of the newest of them.
    fetched_at: when it last answered. problem: what is wrong with its upstream, None where nothing
    is. holder: who has its lease, or had it last; '' where it was given back.
    """

    id: int | None = None
    unit: str = ""
    version: int = 0
    rows: int = 0
    newest: datetime | None = None
    fetched_at: datetime | None = None
    problem: Finding | None = None
    holder: str = ""


@dataclass(frozen=True)
class Wanted:
    """A feed that somebody looked at, when, and which period (None: the usual one)."""

    key: tuple[str, str, str, str]
    at: datetime
    period: Period | None = None


UNKNOWN = FeedState()


def find(connection: Connection, feed: Feed) -> int | None:
    """The id of a feed, None where the store has never heard of it."""
    found = connection.value(INTEGER, f"SELECT id FROM feeds WHERE {KEY}", *feed.key)
    return None if found is None else int(found)


def states(connection: Connection, feeds: Sequence[Feed]) -> list[FeedState]:
    """What is known of each of these feeds, in their order."""
    found: dict[tuple[str, str, str, str], FeedState] = {}
    keys = list(dict.fromkeys(feed.key for feed in feeds))
    for first in range(0, len(keys), FEEDS_AT_ONCE):
        batch = keys[first : first + FEEDS_AT_ONCE]
        listed = ", ".join(
            f"(${n}, ${n + 1}, ${n + 2}, ${n + 3})" for n in range(1, 4 * len(batch), 4)
        )
        rows = connection.rows(
            _STATE,
            f"SELECT {', '.join(_STATE.names)} FROM feeds "
            "LEFT JOIN problems ON problems.feed_id = feeds.id "
            f"WHERE (owner, source, subject, quantity) IN (VALUES {listed})",
            *(text for key in batch for text in key),
        )
        for row in rows:
            found[row["owner"], row["source"], row["subject"], row["quantity"]] = _state(row)
    return [found.get(feed.key, UNKNOWN) for feed in feeds]


def state(connection: Connection, feed: Feed) -> FeedState:
    """What is known of one feed."""
    return states(connection, [feed])[0]


def _state(row: dict[str, Any]) -> FeedState:
    problem = None
    if row["sentence"] is not None:
        problem = Finding(
            row["kind"],
            row["sentence"],
            row["remedy"],
            since=utc(row["since"]),
            retry_at=utc(row["retry_at"]),
        )
    return FeedState(
        row["id"],
        row["unit"],
        row["version"],
        row["rows"],
        utc(row["newest"]),
        utc(row["fetched_at"]),
        problem,
        row["lease_holder"] or "",
    )


def ensure(connection: Connection, feed: Feed) -> int:
    """The id of a feed, made or brought up to date; its row is locked until the transaction ends.

    StoreError where its readings are stored in another unit: nothing would tell the two apart.
    """
    updated = ", ".join(f"{name} = excluded.{name}" for name in _DEFINITION[5:])
    number = int(
        connection.value(
            INTEGER,
            f"INSERT INTO feeds ({', '.join(_DEFINITION)}) "
            f"VALUES ({', '.join(f'${n}' for n in range(1, len(_DEFINITION) + 1))}) "
            f"ON CONFLICT (owner, source, subject, quantity) DO UPDATE SET {updated} RETURNING id",
            *feed.key,
            feed.unit,
            _seconds(feed.step),
            feed.zone,
            _seconds(feed.cadence),
            feed.stamp.value,
            _seconds(feed.revises),
            _seconds(feed.history),
            _seconds(feed.horizon),
        )
    )
    known = state(connection, feed)
    if known.unit != feed.unit:
        if known.version:
            raise StoreError(
                f"{feed} is stored in {known.unit} and now comes in {feed.unit}.",
                remedy="Delete its stored readings first, or import it under another name.",
            )
        connection.execute("UPDATE feeds SET unit = $1 WHERE id = $2", feed.unit, number)
    return number


def listed(connection: Connection, owner: str | None, source: str | None) -> list[Feed]:
    """Every feed with these, rebuilt from the table."""
    conditions, parameters = ["true"], []
    for name, value in (("owner", owner), ("source", source)):
        if value is not None:
            parameters.append(value)
            conditions.append(f"{name} = ${len(parameters)}")
    rows = connection.rows(
        columns("feeds", *_DEFINITION),
        f"SELECT {', '.join(_DEFINITION)} FROM feeds WHERE {' AND '.join(conditions)} "
        "ORDER BY owner, source, subject, quantity",
        *parameters,
    )
    return [
        Feed(
            source=row["source"],
            subject=row["subject"],
            quantity=row["quantity"],
            unit=row["unit"],
            step=_duration(row["step_s"]),
            zone=row["zone"],
            cadence=timedelta(seconds=row["cadence_s"]),
            stamp=Stamp(row["stamp"]),
            owner=row["owner"],
            revises=timedelta(seconds=row["revises_s"]),
            history=_duration(row["history_s"]),
            horizon=timedelta(seconds=row["horizon_s"]),
        )
        for row in rows
    ]


def lease(connection: Connection, feed_id: int, holder: str, seconds: float) -> bool:
    """Take or renew the right to refresh a feed, by the database's own clock."""
    later = connection.database.later
    return bool(
        connection.change(
            f"UPDATE feeds SET lease_holder = $2, lease_until = {later('$3')} WHERE id = $1 "
            f"AND (lease_holder IN ('', $2) OR lease_until <= {later('0')})",
            feed_id,
            holder,
            float(seconds),
        )
    )


def release(connection: Connection, feed: Feed, holder: str) -> None:
    """Give a lease back; nothing happens where somebody else has it by now."""
    connection.execute(
        f"UPDATE feeds SET lease_holder = '', lease_until = NULL WHERE {KEY} AND lease_holder = $5",
        *feed.key,
        holder,
    )


def set_problem(connection: Connection, feed_id: int, problem: Finding) -> None:
    """Keep what is wrong until the next write clears it."""
    connection.execute(
        "INSERT INTO problems (feed_id, sentence, remedy, retry_at, since, kind) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (feed_id) DO UPDATE "
        "SET sentence = excluded.sentence, remedy = excluded.remedy, "
        "retry_at = excluded.retry_at, since = excluded.since, kind = excluded.kind",
        feed_id,
        problem.sentence,
        problem.remedy,
        problem.retry_at,
        problem.since,
        problem.kind,
    )


def want(connection: Connection, feed_id: int, at: datetime, period: Period | None) -> None:
    """Note that a face asked for a feed. One row a feed: periods asked for lately add up."""
    schema = columns("wanted", "at", "start", "end")
    rows = connection.rows(
        schema, 'SELECT at, start, "end" FROM wanted WHERE feed_id = $1', feed_id
    )
    if rows and rows[0]["start"] is not None and at - rows[0]["at"] < WISH_LIVES:
        old = Period(rows[0]["start"], rows[0]["end"])
        period = Period(min(old.start, period.start), max(old.end, period.end)) if period else old
    connection.execute(
        'INSERT INTO wanted (feed_id, at, start, "end") VALUES ($1, $2, $3, $4) '
        "ON CONFLICT (feed_id) DO UPDATE SET at = excluded.at, start = excluded.start, "
        '"end" = excluded."end"',
        feed_id,
        at,
        period.start if period else None,
        period.end if period else None,
    )


def wanted(connection: Connection, since: datetime) -> list[Wanted]:
    """Every feed asked for since then, the latest first."""
    key = ("owner", "source", "subject", "quantity")
    feed, wish = columns("feeds", *key), columns("wanted", "at", "start", "end")
    for field in wish:
        feed = feed.append(field)
    rows = connection.rows(
        feed,
        f'SELECT {", ".join(key)}, at, start, "end" FROM wanted '
        "JOIN feeds ON feeds.id = wanted.feed_id WHERE at >= $1 ORDER BY at DESC, feed_id",
        since,
    )
    return [
        Wanted(
            (row["owner"], row["source"], row["subject"], row["quantity"]),
            row["at"].astimezone(UTC),
            Period(row["start"], row["end"]) if row["start"] is not None else None,
        )
        for row in rows
    ]


def utc(value: datetime | None) -> datetime | None:
    """Arrow's times have a zone called UTC; ours are `datetime.UTC`."""
    return None if value is None else value.astimezone(UTC)


def _seconds(value: timedelta | None) -> int | None:
    return None if value is None else round(value.total_seconds())


def _duration(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
