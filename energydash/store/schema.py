"""The columns of every table as Arrow types, which both databases' results are cast to.

SQLite tells Arrow only what it sees in the first rows: an empty REAL column arrives as int64, a
time is an integer. PostgreSQL knows, so there the cast changes nothing.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TIME: Final = pa.timestamp("us", tz="UTC")
INTEGER: Final = pa.int64()
NUMBER: Final = pa.float64()
TEXT: Final = pa.string()
FLAG: Final = pa.bool_()

# In the order in which a copy is filled.
TABLES: Final = {
    "meta": pa.schema({"key": TEXT, "value": TEXT}),
    "feeds": pa.schema(
        {
            "id": INTEGER,
            "owner": TEXT,
            "source": TEXT,
            "subject": TEXT,
            "quantity": TEXT,
            "unit": TEXT,
            "step_s": INTEGER,
            "zone": TEXT,
            "cadence_s": INTEGER,
            "stamp": TEXT,
            "revises_s": INTEGER,
            "history_s": INTEGER,
            "horizon_s": INTEGER,
            "version": INTEGER,
            "rows": INTEGER,
            "newest": TIME,
            "fetched_at": TIME,
            "lease_holder": TEXT,
            "lease_until": TIME,
        }
    ),
    "series": pa.schema({"id": INTEGER, "feed_id": INTEGER, "part": TEXT}),
    "readings": pa.schema({"series_id": INTEGER, "time": TIME, "value": NUMBER}),
    "forecasts": pa.schema({"series_id": INTEGER, "issued": TIME, "time": TIME, "value": NUMBER}),
    "coverage": pa.schema(
        {
            "feed_id": INTEGER,
            "start": TIME,
            "end": TIME,
            "fetched_at": TIME,
            "rows": INTEGER,
            "final": FLAG,
        }
    ),
    "rates": pa.schema(
        {
            "feed_id": INTEGER,
            "kind": TEXT,
            "payment_method": TEXT,
            "valid_from": TIME,
            "valid_to": TIME,
            "exc_vat": TEXT,
            "inc_vat": TEXT,
        }
    ),
    "problems": pa.schema(
        {
            "feed_id": INTEGER,
            "sentence": TEXT,
            "remedy": TEXT,
            "retry_at": TIME,
            "since": TIME,
            "kind": TEXT,
        }
    ),
    "wanted": pa.schema({"feed_id": INTEGER, "at": TIME, "start": TIME, "end": TIME}),
    "documents": pa.schema({"owner": TEXT, "kind": TEXT, "key": TEXT, "body": TEXT}),
    "jobs": pa.schema(
        {
            "id": TEXT,
            "owner": TEXT,
            "kind": TEXT,
            "body": TEXT,
            "state": TEXT,
            "done": NUMBER,
            "said": TEXT,
            "error": TEXT,
            "remedy": TEXT,
            "result": TEXT,
            "tries": INTEGER,
            "made_at": TIME,
            "changed_at": TIME,
            "retry_at": TIME,
            "lease_holder": TEXT,
            "lease_until": TIME,
        }
    ),
}


def columns(table: str, *names: str) -> pa.Schema:
    """The types of some columns of a table, or of all of them."""
    schema = TABLES[table]
    return pa.schema([schema.field(name) for name in names]) if names else schema


def selected(schema: pa.Schema, prefix: str = "") -> str:
    """A select list of these columns, quoted: `end` is a word of SQL."""
    return ", ".join(f'{prefix}"{name}"' for name in schema.names)
