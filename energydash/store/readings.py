"""Readings, forecasts and rates: frames to rows and back.

Where a feed has nothing yet, bulk goes straight into the table; elsewhere into a temporary one and
from there, only where it differs, into the real one: that is several times faster than statement by
statement, and nothing is written twice for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from energydash.core.errors import InputError
from energydash.core.feeds import Feed, empty_frame
from energydash.core.time import Period, index_us
from energydash.store.database import Connection
from energydash.store.schema import INTEGER, NUMBER, TIME, columns

BATCH_ROWS = 200_000
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # a rate without a start has always been valid
RATE_COLUMNS = ("kind", "payment_method", "valid_from", "valid_to", "exc_vat", "inc_vat")

_INCOMING = pa.schema({"series_id": INTEGER, "time": TIME, "value": NUMBER})


def series_ids(connection: Connection, feed_id: int) -> dict[str, int]:
    """The parts of a feed and their ids, in the order in which they first came."""
    rows = connection.rows(
        columns("series", "part", "id"),
        "SELECT part, id FROM series WHERE feed_id = $1 ORDER BY id",
        feed_id,
    )
    return {row["part"]: row["id"] for row in rows}


def ids_of(connection: Connection, feed: Feed) -> dict[str, int]:
    """The same of a feed that the store may never have heard of."""
    rows = connection.rows(
        columns("series", "part", "id"),
        "SELECT part, id FROM series WHERE feed_id = (SELECT id FROM feeds WHERE owner = $1 "
        "AND source = $2 AND subject = $3 AND quantity = $4) ORDER BY id",
        *feed.key,
    )
    return {row["part"]: row["id"] for row in rows}


def ensure_series(connection: Connection, feed_id: int, parts: Sequence[str]) -> dict[str, int]:
    """Like `series_ids`, with these parts made where they are new."""
    known = series_ids(connection, feed_id)
    new = [part for part in parts if part not in known]
    for part in new:
        connection.execute("INSERT INTO series (feed_id, part) VALUES ($1, $2)", feed_id, part)
    return series_ids(connection, feed_id) if new else known


def long_table(frame: pd.DataFrame, ids: Mapping[str, int]) -> pa.Table:
    """A frame as (series_id, time, value) rows: NaN is nothing, of duplicates the last counts."""
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InputError("Readings need an index of times with a time zone.")
    times = index_us(index)
    tidy = index.is_monotonic_increasing and index.is_unique
    pieces: list[tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    for part in frame.columns:
        values = frame[part].to_numpy(dtype="float64", na_value=np.nan)
        there = ~np.isnan(values)
        time, value = times[there], values[there]
        if not tidy:
            # unique() keeps the first of equals, so it is asked from the end
            time, where = np.unique(time[::-1], return_index=True)
            value = value[::-1][where]
        pieces.append((ids[str(part)], time, value))
    series = [np.full(len(time), number, dtype="int64") for number, time, _ in pieces]
    stamps = np.concatenate([time for _, time, _ in pieces]) if pieces else np.empty(0, "int64")
    values = np.concatenate([value for _, _, value in pieces]) if pieces else np.empty(0)
    return pa.table(
        {
            "series_id": pa.array(np.concatenate(series) if series else np.empty(0, "int64")),
            "time": pa.array(stamps, INTEGER).cast(TIME),
            "value": pa.array(values, NUMBER),
        },
        schema=_INCOMING,
    )


def append(connection: Connection, rows: pa.Table) -> int:
    """Put rows of `long_table` into readings, none of whose times the feed has; how many."""
    connection.load("readings", rows, temporary=False)
    return int(rows.num_rows)


def upsert(connection: Connection, rows: pa.Table) -> int:
    """Put rows of `long_table` into readings; how many were new or different."""
    return _upsert(
        connection,
        rows,
        "INSERT INTO readings (series_id, time, value) "
        "SELECT series_id, time, value FROM incoming WHERE true "
        "ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value "
        "WHERE readings.value <> excluded.value",
    )


def upsert_forecast(connection: Connection, issued: datetime, rows: pa.Table) -> int:
    """Put one vintage into forecasts; how many rows were new or different."""
    return _upsert(
        connection,
        rows,
        "INSERT INTO forecasts (series_id, issued, time, value) "
        f"SELECT series_id, {connection.database.literal(issued)}, time, value FROM incoming "
        "WHERE true ON CONFLICT (series_id, issued, time) DO UPDATE SET value = excluded.value "
        "WHERE forecasts.value <> excluded.value",
    )


def _upsert(connection: Connection, rows: pa.Table, sql: str) -> int:
    """Load rows into the temporary table `incoming`, and run `sql` for each batch of them."""
    if not rows.num_rows:
        return 0
    types = connection.database.types
    typed = ", ".join(f'"{field.name}" {types[field.type]}' for field in rows.schema)
    connection.execute(f"CREATE TEMPORARY TABLE incoming ({typed})")
    changed = 0
    for first in range(0, rows.num_rows, BATCH_ROWS):
        if first:
            connection.execute("DELETE FROM incoming")
        connection.load("incoming", rows.slice(first, BATCH_ROWS), temporary=True)
        changed += connection.change(sql)
    connection.execute("DROP TABLE incoming")
    return changed


def count(connection: Connection, feed_id: int, period: Period) -> int:
    """How many readings of a feed the store has in a period."""
    return int(
        connection.value(
            INTEGER,
            "SELECT count(*) FROM readings WHERE time >= $2 AND time < $3 "
            "AND series_id IN (SELECT id FROM series WHERE feed_id = $1)",
            feed_id,
            period.start,
            period.end,
        )
    )


def newest(connection: Connection, feed_id: int) -> datetime | None:
    """The time of a feed's newest reading: a look at the end of each series."""
    ids = series_ids(connection, feed_id).values()
    found = [
        connection.value(TIME, "SELECT max(time) FROM readings WHERE series_id = $1", number)
        for number in ids
    ]
    return max((time.astimezone(UTC) for time in found if time is not None), default=None)


def read(
    connection: Connection, ids: Mapping[str, int], period: Period, parts: Sequence[str]
) -> pd.DataFrame:
    """A tidy frame of readings with a column per part, NaN where a part has no reading."""
    return _frame(connection, "readings", "", ids, period, parts)


def read_forecast(
    connection: Connection, ids: Mapping[str, int], period: Period, issued_before: datetime | None
) -> tuple[datetime | None, pd.DataFrame]:
    """The newest vintage, issued by `issued_before`, that says anything about `period`."""
    literal = connection.database.literal
    until = f"AND issued <= {literal(issued_before)} " if issued_before else ""
    vintages = [
        connection.value(
            TIME,
            f"SELECT issued FROM forecasts WHERE series_id = $1 {until}"
            "AND time >= $2 AND time < $3 ORDER BY issued DESC LIMIT 1",
            number,
            period.start,
            period.end,
        )
        for number in ids.values()
    ]
    issued = max((time.astimezone(UTC) for time in vintages if time is not None), default=None)
    if issued is None:
        return None, empty_frame()
    frame = _frame(
        connection, "forecasts", f"AND issued = {literal(issued)} ", ids, period, tuple(ids)
    )
    return issued, frame.dropna(axis="columns", how="all")


def _frame(
    connection: Connection,
    table: str,
    condition: str,
    ids: Mapping[str, int],
    period: Period,
    parts: Sequence[str],
) -> pd.DataFrame:
    chosen = {part: ids[part] for part in parts if part in ids}
    if not chosen:
        return empty_frame(*parts)
    literal = connection.database.literal
    # Our own numbers and times are written into the text: PostgreSQL streams a statement without
    # parameters in bulk, one with parameters row by row.
    names = ("time", "value") if len(chosen) == 1 else ("series_id", "time", "value")
    rows = connection.query(
        columns("readings", *names),
        f"SELECT {', '.join(names)} FROM {table} "
        f"WHERE series_id IN ({', '.join(map(str, chosen.values()))}) {condition}"
        f"AND time >= {literal(period.start)} AND time < {literal(period.end)} "
        "ORDER BY series_id, time",
    )
    times = rows.column("time").cast(INTEGER).to_numpy()
    values = rows.column("value").to_numpy()
    spans = dict.fromkeys(chosen, slice(0, len(times)))
    if len(chosen) > 1:
        numbers = rows.column("series_id").to_numpy()
        for part, number in chosen.items():
            spans[part] = slice(*np.searchsorted(numbers, [number, number + 1]))
    index = times[next(iter(spans.values()))]
    if not all(np.array_equal(times[span], index) for span in spans.values()):
        index = np.unique(times)
    data: dict[str, np.ndarray[Any, Any]] = {}
    for part in parts:
        span = spans.get(part, slice(0, 0))
        if span.stop - span.start == len(index) and part in spans:
            data[part] = values[span]
            continue
        column = np.full(len(index), np.nan)
        column[np.searchsorted(index, times[span])] = values[span]
        data[part] = column
    stamps = pd.DatetimeIndex(index.astype("datetime64[us]"), name="time").tz_localize("UTC")
    return pd.DataFrame(data, index=stamps)


def upsert_rates(connection: Connection, feed_id: int, rates: pd.DataFrame) -> int:
    """Put tariff prices into rates; how many were new or different."""
    rows = {
        (str(row["kind"]), _text(row["payment_method"]), _instant(row["valid_from"]) or ALWAYS): (
            _instant(row["valid_to"]),
            _text(row["exc_vat"]),
            _text(row["inc_vat"]),
        )
        for row in rates.to_dict("records")
    }
    records = [dict(zip(RATE_COLUMNS, (*key, *value), strict=True)) for key, value in rows.items()]
    listed = ", ".join(RATE_COLUMNS)
    return _upsert(
        connection,
        pa.Table.from_pylist(records, schema=columns("rates", *RATE_COLUMNS)),
        f"INSERT INTO rates (feed_id, {listed}) SELECT {feed_id}, {listed} FROM incoming "
        "WHERE true ON CONFLICT (feed_id, kind, payment_method, valid_from) DO UPDATE "
        "SET valid_to = excluded.valid_to, exc_vat = excluded.exc_vat, inc_vat = excluded.inc_vat "
        "WHERE rates.exc_vat <> excluded.exc_vat OR rates.inc_vat <> excluded.inc_vat "
        "OR rates.valid_to IS DISTINCT FROM excluded.valid_to",
    )


def read_rates(
    connection: Connection, tariff: str, period: Period, kind: str | None
) -> pd.DataFrame:
    """The prices of a tariff that are valid at some time in `period`."""
    schema = columns("rates", *RATE_COLUMNS)
    table = connection.query(
        schema,
        f"SELECT {', '.join(f'rates.{name}' for name in RATE_COLUMNS)} FROM rates "
        "JOIN feeds ON feeds.id = rates.feed_id WHERE feeds.subject = $1 "
        "AND rates.valid_from < $3 AND (rates.valid_to IS NULL OR rates.valid_to > $2) "
        + ("AND rates.kind = $4 " if kind is not None else "")
        + "ORDER BY rates.kind, rates.payment_method, rates.valid_from",
        tariff,
        period.start,
        period.end,
        *(() if kind is None else (kind,)),
    )
    frame: pd.DataFrame = table.to_pandas()
    for name in ("valid_from", "valid_to"):
        frame[name] = frame[name].astype("datetime64[us, UTC]")
    for name in ("exc_vat", "inc_vat"):
        frame[name] = [text or None for text in frame[name]]
    return frame


def _instant(value: Any) -> datetime | None:
    if value is None or pd.isna(value):
        return None
    stamp = pd.Timestamp(value)
    if stamp.tzinfo is None:
        raise InputError("The times of rates need a time zone.")
    return stamp.tz_convert("UTC").to_pydatetime(warn=False)


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
