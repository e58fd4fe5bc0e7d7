"""One answer's values into the tables, and what that changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from energydash.core.feeds import Fetched
from energydash.core.time import MICROSECOND, Period, micros
from energydash.store import readings
from energydash.store.database import Connection
from energydash.store.schema import INTEGER, TIME


@dataclass(frozen=True)
class Values:
    """What a write put in, before coverage. extra: values that have no reading's time."""

    times: pa.ChunkedArray
    covered: Period
    extra: int
    changed: int
    inserted: int
    withdrawn: int
    newest: datetime | None

    @property
    def rows(self) -> int:
        return len(self.times) + self.extra

    def rows_within(self, part: Period) -> int:
        """How many values of the answer are in a part of the covered period."""
        extra = self.extra if part.end == self.covered.end else 0
        return _within(self.times, part) + extra


def write_values(connection: Connection, feed_id: int, fetched: Fetched) -> Values:
    frame, covered = fetched.frame, fetched.covered
    there = [str(part) for part in frame.columns if frame[part].notna().any()]
    forecasts = [
        (issued, table.dropna(axis="columns", how="all")) for issued, table in fetched.forecasts
    ]
    parts = dict.fromkeys(
        [*there, *(str(name) for _, table in forecasts for name in table.columns)]
    )
    ids = readings.ensure_series(connection, feed_id, tuple(parts))
    rows = readings.long_table(frame[there], ids) if there else None
    times = pa.chunked_array([], TIME) if rows is None else rows.column("time")
    newest = None
    span = covered
    if rows is not None:
        oldest, newest = _ends(times)
        span = Period(min(covered.start, oldest), max(covered.end, newest + MICROSECOND))
    changed = 0
    had = has = has_covered = readings.count(connection, feed_id, span)
    if rows is not None and not had:
        changed = has = readings.append(connection, rows)
        has_covered = _within(times, covered)
    elif rows is not None:
        changed = readings.upsert(connection, rows)
        has = readings.count(connection, feed_id, span)
        has_covered = has if span == covered else readings.count(connection, feed_id, covered)
    extra = 0
    for issued, table in forecasts:
        vintage = readings.long_table(table, ids)
        extra += vintage.num_rows
        changed += readings.upsert_forecast(connection, issued, vintage)
    if fetched.rates is not None and len(fetched.rates):
        extra += len(fetched.rates)
        changed += readings.upsert_rates(connection, feed_id, fetched.rates)
    withdrawn = has_covered - _within(times, covered)
    return Values(times, covered, extra, changed, has - had, withdrawn, newest)


def _ends(times: pa.ChunkedArray) -> tuple[datetime, datetime]:
    ends = pc.min_max(times).as_py()
    return ends["min"].astimezone(UTC), ends["max"].astimezone(UTC)


def _within(times: pa.ChunkedArray, period: Period) -> int:
    stamps = times.cast(INTEGER).to_numpy()
    return int(((stamps >= micros(period.start)) & (stamps < micros(period.end))).sum())
