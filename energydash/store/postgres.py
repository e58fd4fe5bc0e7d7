"""PostgreSQL: for several machines, from ENERGYDASH_DATABASE_URL. Tables are in a schema
`energydash` of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa

from energydash.core.errors import StoreError
from energydash.core.settings import Secret
from energydash.store.database import DRIVER_ERRORS, WAIT_S, Connection, Database
from energydash.store.schema import FLAG, INTEGER, NUMBER, TEXT, TIME

CONNECT_S = 10
MIGRATING = 0x656E6572  # a number of our own for pg_advisory_xact_lock


class PostgresDatabase(Database):
    """Times are timestamptz, ids identity columns; readers never wait for writers."""

    dialect = "postgres"
    types: ClassVar = {
        TIME: "timestamptz",
        INTEGER: "bigint",
        NUMBER: "float8",
        TEXT: "text",
        FLAG: "boolean",
    }

    def __init__(self, url: Secret, folder: Path, *, wait_s: float = WAIT_S) -> None:
        self._url, parts = _checked(url)
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        super().__init__(f"PostgreSQL at {host}", folder, wait_s)
        self.secrets = tuple(
            text for text in (self._url, parts.password, unquote(parts.password or "")) if text
        )
        self.migrate()

    def connect(self) -> Connection:
        try:
            raw = driver.connect(self._url, autocommit=True)
        except DRIVER_ERRORS as error:
            self.close()  # the idle ones are no better
            raise self.translated(error) from None
        connection = Connection(self, raw)
        try:
            connection.execute("SET client_min_messages = warning")
            connection.execute(self.waiting(self.read_wait_s))
            connection.execute("SET timezone = 'UTC'")
            connection.execute("SET search_path = energydash, public")
        except BaseException:
            connection.close()
            raise
        return connection

    def translated(self, error: Exception) -> StoreError:
        self.close()  # after a restart of the server every idle connection is dead
        return super().translated(error)

    def begin(self, connection: Connection) -> None:
        # Not by a BEGIN of ours: the driver thinks that it is in autocommit then, and ends every
        # statement that has a time among its parameters with a COMMIT of its own.
        with connection.guarded():
            connection.raw.adbc_connection.set_autocommit(False)

    def commit(self, connection: Connection) -> None:
        with connection.guarded():
            connection.raw.adbc_connection.commit()
            connection.raw.adbc_connection.set_autocommit(True)

    def statement(self, sql: str) -> str:
        return sql

    def parameter(self, value: Any) -> Any:
        return value

    def literal(self, instant: datetime) -> str:
        return f"'{instant.astimezone(UTC).isoformat()}'::timestamptz"

    def outgoing(self, data: pa.Table | pa.RecordBatchReader) -> pa.Table | pa.RecordBatchReader:
        return data

    def change(self, connection: Connection, sql: str, *parameters: Any) -> int:
        counted = f"WITH done AS ({sql} RETURNING 1) SELECT count(*) FROM done"
        return int(connection.value(pa.int64(), counted, *parameters))

    def waiting(self, seconds: float) -> str:
        return f"SET lock_timeout = {round(seconds * 1000)}"

    def later(self, seconds: str) -> str:
        return f"clock_timestamp() + make_interval(secs => {seconds})"

    def schema_exists(self, connection: Connection) -> bool:
        sql = "SELECT to_regclass('energydash.schema_version') IS NOT NULL"
        return bool(connection.value(pa.bool_(), sql))

    def lock_schema(self, connection: Connection) -> None:
        # value, not execute: a SELECT is done for certain only when its result was read.
        connection.value(pa.string(), f"SELECT pg_advisory_xact_lock({MIGRATING})::text")
        connection.execute("CREATE SCHEMA IF NOT EXISTS energydash")
        connection.execute("CREATE TABLE IF NOT EXISTS energydash.schema_version (version bigint)")

    def after_copy(self, connection: Connection) -> None:
        for table in ("feeds", "series"):
            connection.value(
                pa.int64(),
                f"SELECT setval(pg_get_serial_sequence('energydash.{table}', 'id'), "
                f"coalesce((SELECT max(id) FROM {table}), 0) + 1, false)",
            )

    def size_bytes(self) -> int:
        sql = (
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
            "WHERE relnamespace = 'energydash'::regnamespace AND relkind IN ('r', 'p')"
        )
        with self.connection() as connection:
            return int(connection.value(pa.int64(), sql))


def _checked(url: Secret) -> tuple[str, SplitResult]:
    """The address with a connect time-out, and its parts; StoreError without showing it."""
    problem = StoreError(
        "ENERGYDASH_DATABASE_URL is not the address of a PostgreSQL database.",
        remedy="Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
    )
    try:
        parts = urlsplit(url.reveal())
        parts.port  # noqa: B018 - raises where it is not a number
    except ValueError:
        raise problem from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise problem
    if "connect_timeout" not in parse_qs(parts.query):
        query = f"{parts.query}&" if parts.query else ""
        parts = parts._replace(query=f"{query}connect_timeout={CONNECT_S}")
    # urlunsplit drops the empty host of postgresql:///name, which libpq needs.
    text = urlunsplit(parts)
    prefix = f"{parts.scheme}://"
    return (text if text.startswith(prefix) else prefix + text.split(":", 1)[1]), parts
