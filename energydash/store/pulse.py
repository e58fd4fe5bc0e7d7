"""What moves with everything that the store keeps: by it a page knows what to work out again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from energydash.core.feeds import Feed
from energydash.store.database import Connection
from energydash.store.documents import VERSION
from energydash.store.reads import Reads
from energydash.store.schema import INTEGER, TEXT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEAT = "crawler"  # meta: when a crawler last lived, in microseconds since the epoch
_SCHEMA = pa.schema(
    {
        "owner": TEXT,
        "source": TEXT,
        "subject": TEXT,
        "quantity": TEXT,
        "version": INTEGER,
        "sentence": TEXT,
    }
)


@dataclass(frozen=True)
class Pulse:
    """The version of each feed and its trouble, by key; each kind of documents' version.

    tariffs: the same of every feed with a tariff's code as its subject. crawled_at: when a crawler
    last lived, None where none ever did.
    """

    feeds: dict[tuple[str, str, str, str], tuple[int, str]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    tariffs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    crawled_at: datetime | None = None

    def of(self, read: Reads) -> tuple[object, ...]:
        """What moves when anything of this does."""
        return (
            tuple(self.of_feed(feed) for feed in read.feeds),
            tuple(self.kinds.get(kind, 0) for kind in sorted(read.kinds)),
            tuple(self.tariffs.get(tariff, ()) for tariff in sorted(read.tariffs)),
        )

    def of_feed(self, feed: Feed) -> tuple[int, str]:
        return self.feeds.get(feed.key, (0, ""))


def pulse(connection: Connection) -> Pulse:
    """One look at the store."""
    table = connection.query(
        _SCHEMA,
        "SELECT owner, source, subject, quantity, version, sentence FROM feeds "
        "LEFT JOIN problems ON problems.feed_id = feeds.id "
        "UNION ALL SELECT '', '', key, '', CAST(value AS bigint), NULL FROM meta "
        f"WHERE key LIKE '{VERSION}%' OR key = '{BEAT}'",
    )
    found, crawled_at = Pulse(), None
    for owner, source, subject, quantity, version, sentence in zip(
        *(column.to_pylist() for column in table.columns), strict=True
    ):
        if source:
            found.feeds[owner, source, subject, quantity] = (version, sentence or "")
            found.tariffs[subject] = (*found.tariffs.get(subject, ()), version)
        elif subject == BEAT:
            crawled_at = EPOCH + timedelta(microseconds=version)
        else:
            found.kinds[subject.removeprefix(VERSION)] = version
    return replace(found, crawled_at=crawled_at)


def beat(connection: Connection, at: datetime) -> None:
    """Note that a crawler lives."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ($1, $2) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        BEAT,
        str((at - EPOCH) // timedelta(microseconds=1)),
    )
