"""What both databases have in common: connections, statements and transactions through ADBC.

SQL is written once, with `$1` placeholders and Arrow types; a `Database` says what differs.
"""

from __future__ import annotations

import os
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import adbc_driver_manager
import pyarrow as pa

from energydash.core.errors import StoreError, StoreTooNew
from energydash.store.documents import ensure_household
from energydash.store.errors import translate

IDLE_CONNECTIONS = 8
WAIT_S = 30.0  # to write; longer than the longest write: ten million rows take about ten
READ_WAIT_S = 1.0  # to read: only what is not as usual holds up a reader
DRIVER_ERRORS = (adbc_driver_manager.Error, pa.ArrowException, OSError)


class Connection:
    """One connection, used by one thread at a time. Cursors are closed after every statement.

    place: what it was opened on. is_kept: others may use it after this.
    """

    def __init__(
        self, database: Database, raw: Any, *, place: object = None, is_kept: bool = True
    ) -> None:
        self.database = database
        self.raw = raw
        self.place = place
        self.is_kept = is_kept

    def execute(self, sql: str, *parameters: Any) -> None:
        """A statement whose result does not matter."""
        with self._cursor() as cursor:
            cursor.execute(self.database.statement(sql), self._bound(parameters))

    def query(self, schema: pa.Schema, sql: str, *parameters: Any) -> pa.Table:
        """The rows of a SELECT, cast to the declared types."""
        with self.stream(sql, *parameters) as reader:
            table = reader.read_all()
        return table.cast(schema)

    def rows(self, schema: pa.Schema, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a SELECT as dictionaries; times are aware datetimes."""
        found: list[dict[str, Any]] = self.query(schema, sql, *parameters).to_pylist()
        return found

    def value(self, kind: pa.DataType, sql: str, *parameters: Any) -> Any:
        """The single value of a SELECT, None where there is no row."""
        with self.stream(sql, *parameters) as reader:
            column = reader.read_all().column(0)
        return column[0].cast(kind).as_py() if len(column) else None

    def change(self, sql: str, *parameters: Any) -> int:
        """How many rows an INSERT, UPDATE or DELETE touched."""
        return self.database.change(self, sql, *parameters)

    @contextmanager
    def stream(self, sql: str, *parameters: Any) -> Iterator[pa.RecordBatchReader]:
        """The batches of a SELECT as they arrive, in the driver's own types."""
        with self._cursor() as cursor:
            cursor.adbc_statement.set_options(**self.database.statement_options)
            cursor.execute(self.database.statement(sql), self._bound(parameters))
            yield cursor.fetch_record_batch()

    def load(self, table: str, data: pa.Table | pa.RecordBatchReader, *, temporary: bool) -> None:
        """Append rows to a table that exists, in bulk."""
        with self._cursor() as cursor:
            cursor.adbc_ingest(
                table, self.database.outgoing(data), mode="append", temporary=temporary
            )

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """The driver's errors in our words."""
        try:
            yield
        except DRIVER_ERRORS as error:
            # The driver's words may hold a password, so they are not kept as the cause either.
            raise self.database.translated(error) from None

    def close(self) -> None:
        """Close; an open transaction is rolled back."""
        self.raw.close()

    def _bound(self, parameters: tuple[Any, ...]) -> tuple[Any, ...] | None:
        return tuple(self.database.parameter(value) for value in parameters) or None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with self.guarded(), self.raw.cursor() as cursor:
            yield cursor


class Database(ABC):
    """A database that is ready to use: reachable, and of our schema's version.

    name: how errors call it. folder: where copies may be put aside. wait_s: for a lock, to write;
    a reader waits `read_wait_s`.
    """

    dialect: str
    types: ClassVar[dict[pa.DataType, str]]
    statement_options: ClassVar[dict[str, str]] = {}
    secrets: tuple[str, ...] = ()

    def __init__(self, name: str, folder: Path, wait_s: float = WAIT_S) -> None:
        self.name = name
        self.wait_s, self.read_wait_s = wait_s, min(wait_s, READ_WAIT_S)
        self.folder = folder
        self._idle: list[Connection] = []
        self._guard = threading.Lock()
        self._process = os.getpid()
        self._joined = threading.local()

    # What differs between the two.

    @abstractmethod
    def connect(self) -> Connection:
        """A new connection; StoreError where that fails."""

    def connect_to_read(self) -> Connection:
        """The same for who only reads: there may be one where nothing can be written."""
        return self.connect()

    def place(self) -> object:
        """What a new connection would be opened on: one that was opened on another is not used."""
        return None

    @abstractmethod
    def begin(self, connection: Connection) -> None:
        """Start a transaction that may write."""

    @abstractmethod
    def commit(self, connection: Connection) -> None:
        """End it, keeping what it did."""

    @abstractmethod
    def statement(self, sql: str) -> str:
        """SQL with `$1` placeholders in this database's words."""

    @abstractmethod
    def parameter(self, value: Any) -> Any:
        """A Python value as this database's driver takes it."""

    @abstractmethod
    def literal(self, instant: datetime) -> str:
        """An instant as SQL text."""

    @abstractmethod
    def outgoing(self, data: pa.Table | pa.RecordBatchReader) -> pa.Table | pa.RecordBatchReader:
        """Rows in the types that this database's driver takes."""

    @abstractmethod
    def change(self, connection: Connection, sql: str, *parameters: Any) -> int:
        """How many rows an INSERT, UPDATE or DELETE touched."""

    @abstractmethod
    def waiting(self, seconds: float) -> str:
        """SQL that sets how long a statement waits for a lock."""

    @abstractmethod
    def later(self, seconds: str) -> str:
        """SQL for the database's own clock plus so many seconds (an expression)."""

    @abstractmethod
    def schema_exists(self, connection: Connection) -> bool:
        """True where our tables are there; StoreError where another program's are."""

    @abstractmethod
    def lock_schema(self, connection: Connection) -> None:
        """Keep other processes from migrating until this transaction ends."""

    @abstractmethod
    def after_copy(self, connection: Connection) -> None:
        """What has to be set right after rows came with ids of their own."""

    def erase(self, connection: Connection) -> None:  # noqa: B027 - most need nothing
        """Make this transaction's deletions leave no trace on the disk."""

    def after_erasing(self) -> None:  # noqa: B027
        """What is left to do for that after the transaction."""

    @abstractmethod
    def size_bytes(self) -> int:
        """The room that it takes on disk."""

    # What they share.

    def translated(self, error: Exception) -> StoreError:
        """A driver's error in our words."""
        return translate(error, self.name, self.secrets)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection to read by, for this thread alone.

        Within `together` it is the one of that transaction.
        """
        with self._lent(self.connect_to_read) as connection:
            yield connection

    @contextmanager
    def _lent(self, connect: Callable[[], Connection]) -> Iterator[Connection]:
        """A connection, kept for the next one who needs one unless something fails."""
        joined: Connection | None = getattr(self._joined, "connection", None)
        if joined is not None:
            yield joined
            return
        connection = self._take() or connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._guard:
            is_ours = connection.is_kept and self._process == os.getpid()
            if is_ours and len(self._idle) < IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def transaction(self, wait_s: float | None = None) -> Iterator[Connection]:
        """One transaction: all of it or, after any error, nothing of it.

        wait_s: how long to wait for a lock, where that is not the usual time. Within `together`
        it is a part of that transaction.
        """
        with self._lent(self.connect) as connection:
            if connection is getattr(self._joined, "connection", None):
                yield connection
                return
            connection.execute(self.waiting(self.wait_s if wait_s is None else wait_s))
            self.begin(connection)
            yield connection
            self.commit(connection)
            connection.execute(self.waiting(self.read_wait_s))

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction of all that this thread writes within: all of it, or nothing."""
        if getattr(self._joined, "connection", None) is not None:
            yield
            return
        with self.transaction() as connection:
            self._joined.connection = connection
            try:
                yield
            finally:
                self._joined.connection = None

    def close(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        with self._guard:
            self._leave_parents_behind()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def migrate(self) -> None:
        """Bring the tables to this version's schema; a newer one is refused."""
        steps = migrations(self.dialect)
        with self.connection() as connection:
            if self._version(connection) == len(steps):
                return
        with self.transaction() as connection:
            self.lock_schema(connection)
            done = self._version(connection)  # another process may have been faster
            for sql in steps[done:]:
                for statement in statements(sql):
                    connection.execute(statement)
            connection.execute("DELETE FROM schema_version")
            connection.execute(f"INSERT INTO schema_version VALUES ({len(steps)})")
            ensure_household(connection)

    def _version(self, connection: Connection) -> int:
        if not self.schema_exists(connection):
            return 0
        found = int(connection.value(pa.int64(), "SELECT max(version) FROM schema_version") or 0)
        known = len(migrations(self.dialect))
        if found > known:
            raise StoreTooNew(
                f"{self.name} was written by a newer energydash (schema {found}, "
                f"this one knows {known}).",
                remedy="Update energydash, or set ENERGYDASH_HOME to another folder.",
            )
        return found

    def _take(self) -> Connection | None:
        """An idle connection, None where there is none to this database as it is now."""
        place, gone = self.place(), []
        try:
            with self._guard:
                self._leave_parents_behind()
                while self._idle:
                    connection = self._idle.pop()
                    if connection.place == place:
                        return connection
                    gone.append(connection)  # of a file that was moved away
        finally:
            for one in gone:
                one.close()
        return None

    def _leave_parents_behind(self) -> None:
        """After a fork, forget the parent's connections: closing them would release its locks."""
        if self._process != os.getpid():
            _left_behind.extend(self._idle)
            self._idle, self._process = [], os.getpid()


_left_behind: list[Connection] = []


def migrations(dialect: str) -> list[str]:
    """The numbered SQL files of a dialect, in order."""
    folder = files("energydash.store") / "migrations" / dialect
    return [
        path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".sql")
    ]


def statements(sql: str) -> list[str]:
    """The single statements of a migration; a statement ends with `;` at the end of a line."""
    bare = re.sub(r"--.*", "", sql)
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", bare) if part.strip()]
