"""SQLite: one file on a local disk, and several processes at once through WAL.

Through ADBC only. Its wheel carries its own SQLite, and a second SQLite library in the same
process breaks the file locks: that lost committed rows when it was tried.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import adbc_driver_sqlite.dbapi as driver
import pyarrow as pa

from energydash.core.errors import StoreError
from energydash.core.private import make_private
from energydash.core.time import micros
from energydash.store.database import DRIVER_ERRORS, WAIT_S, Connection, Database
from energydash.store.errors import StoreCorrupt, StoreLocked, translate
from energydash.store.schema import FLAG, INTEGER, NUMBER, TEXT, TIME

log = logging.getLogger(__name__)

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ncpfs|ceph|glusterfs|lustre|gpfs|beegfs|davfs2?|drvfs"
    r"|fuse\.(sshfs|rclone|glusterfs|ceph|davfs2?|s3fs|gcsfuse|smb\w*|vmhgfs-fuse)"
)
BARRED_S = 5.0  # how soon a database that could not be opened to write is tried again
LEAST_ROOM = 64 * 1024  # bytes; what SQLite makes beside a database takes 32 KiB


class SqliteDatabase(Database):
    """The default. Times are integer microseconds, flags are 0 and 1."""

    dialect = "sqlite"
    types: ClassVar = {
        TIME: "INTEGER",
        INTEGER: "INTEGER",
        NUMBER: "REAL",
        TEXT: "TEXT",
        FLAG: "INTEGER",
    }
    statement_options: ClassVar = {"adbc.sqlite.query.batch_rows": "65536"}

    def __init__(self, path: Path, *, wait_s: float = WAIT_S) -> None:
        super().__init__(f"The database {path}", path.absolute().parent, wait_s)
        self.path = path.absolute()
        self._barred_until = 0.0
        self._create()
        self.migrate()

    def _create(self) -> None:
        """An empty file that only this user may read, in a folder likewise, unless there is one."""
        try:
            if not self.path.exists():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kind = network_filesystem(self.folder)
            if kind:
                raise StoreError(
                    f"{self.name} would be on a network folder ({kind}), where SQLite "
                    "loses data when two programs write.",
                    remedy="Put ENERGYDASH_HOME on a local disk, or use PostgreSQL "
                    "(ENERGYDASH_DATABASE_URL).",
                )
            if not self.path.exists():
                self.path.touch(mode=0o600)
        except OSError as error:
            raise StoreError(
                f"{self.name} cannot be opened: {error.strerror}.",
                remedy="Check that this user may write to its folder, or set ENERGYDASH_HOME "
                "to another one.",
            ) from error
        make_private(self.path)

    def connect(self) -> Connection:
        # mode=rw: a file that went away is an error, not a new empty database.
        try:
            connection = self._opened("mode=rw")
        except StoreError as error:
            raise self._explained(error) from None
        try:
            self._log_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        except BaseException:
            connection.close()
            raise
        self._barred_until = 0.0
        return connection

    def connect_to_read(self) -> Connection:
        """SQLite makes files beside the database even to read it. Where it cannot (a full disk, a
        read-only folder), or where another program locks out readers too, the file is read as it
        stands, by a connection for this once; whether it can be done better is looked at again
        soon."""
        if time.monotonic() < self._barred_until and self._is_at_rest():
            return self._snapshot()
        try:
            return self.connect()
        except StoreCorrupt:
            raise
        except StoreError as error:
            if not (self.path.exists() and self._is_at_rest()):
                raise
            if not self._barred_until:
                log.warning("%s What is stored is shown all the same.", error.message)
            self._barred_until = time.monotonic() + BARRED_S
            return self._snapshot()

    def place(self) -> object:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _snapshot(self) -> Connection:
        return self._opened("mode=ro&immutable=1", is_kept=False)

    def _opened(self, how: str, *, is_kept: bool = True) -> Connection:
        """A connection that has had its first look at the file."""
        place = self.place()
        try:
            raw = driver.connect(f"file:{quote(str(self.path))}?{how}", autocommit=True)
        except DRIVER_ERRORS as error:
            raise self.translated(error) from None
        connection = Connection(self, raw, place=place, is_kept=is_kept)
        try:
            connection.execute(self.waiting(self.read_wait_s))
            connection.value(INTEGER, "SELECT count(*) FROM sqlite_master")
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_ahead(self, connection: Connection) -> None:
        """Let readers and writers be at it at once; where that is not to be had now, later."""
        mode = connection.value(pa.string(), "PRAGMA journal_mode")
        try:
            if mode != "wal":
                mode = connection.value(pa.string(), "PRAGMA journal_mode = WAL")
        except StoreError:
            return
        if mode != "wal":
            raise StoreError(
                f"{self.name} cannot be shared between processes (journal mode {mode}).",
                remedy="Put ENERGYDASH_HOME on a local disk, or use PostgreSQL.",
            )

    def _is_at_rest(self) -> bool:
        """Whether the file itself has all that was committed, and nothing else.

        The journal of a transaction is of weight only when its first bytes are written, which is
        before the first change to the file.
        """
        log_ahead = self.path.with_name(f"{self.path.name}-wal")
        journal = self.path.with_name(f"{self.path.name}-journal")
        try:
            if log_ahead.exists() and log_ahead.stat().st_size:
                return False
            if not journal.exists():
                return True
            with journal.open("rb") as file:
                return not any(file.read(8))
        except OSError:
            return False

    def _explained(self, error: StoreError) -> StoreError:
        """Why a file that is there cannot be opened to write."""
        if isinstance(error, StoreCorrupt | StoreLocked) or not self.path.exists():
            return error
        if shutil.disk_usage(self.folder).free < LEAST_ROOM:
            return translate(OSError("no space left"), self.name)
        if not (os.access(self.folder, os.W_OK) and os.access(self.path, os.W_OK)):
            return translate(OSError("readonly database"), self.name)
        return error

    def begin(self, connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once, where waiting is possible: a transaction that
        # starts by reading may find that it can never write.
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: Connection) -> None:
        connection.execute("COMMIT")

    def statement(self, sql: str) -> str:
        return re.sub(r"\$(\d+)", r"?\1", sql)

    def parameter(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return micros(value)
        return int(value) if isinstance(value, bool) else value

    def literal(self, instant: datetime) -> str:
        return str(self.parameter(instant))

    def outgoing(self, data: pa.Table | pa.RecordBatchReader) -> pa.Table | pa.RecordBatchReader:
        schema = pa.schema(
            [
                pa.field(field.name, pa.int64())
                if pa.types.is_timestamp(field.type) or pa.types.is_boolean(field.type)
                else field
                for field in data.schema
            ]
        )
        return data if schema == data.schema else data.cast(schema)

    def change(self, connection: Connection, sql: str, *parameters: Any) -> int:
        connection.execute(sql, *parameters)
        return int(connection.value(pa.int64(), "SELECT changes()"))

    def waiting(self, seconds: float) -> str:
        return f"PRAGMA busy_timeout = {round(seconds * 1000)}"

    def later(self, seconds: str) -> str:
        return (
            "CAST(round(unixepoch('subsec') * 1000000) AS INTEGER)"
            f" + CAST(round({seconds} * 1000000) AS INTEGER)"
        )

    def schema_exists(self, connection: Connection) -> bool:
        schema = pa.schema({"name": pa.string()})
        rows = connection.rows(schema, "SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {row["name"] for row in rows}
        if names and "schema_version" not in names:
            raise StoreCorrupt(
                f"{self.name} belongs to another program.",
                remedy="Move it away, or set ENERGYDASH_HOME to another folder.",
            )
        return bool(names)

    def lock_schema(self, connection: Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER) STRICT")

    def after_copy(self, connection: Connection) -> None:
        """Nothing: the next id is one more than the largest."""

    def erase(self, connection: Connection) -> None:
        connection.value(INTEGER, "PRAGMA secure_delete = ON")

    def after_erasing(self) -> None:
        # The write-ahead log still has the pages as they were. Where somebody reads them, it is
        # emptied at the next checkpoint instead.
        with self.connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files() if path.exists())

    def files(self) -> Iterator[Path]:
        """The database file and the two that SQLite keeps beside it."""
        for suffix in ("", "-wal", "-shm"):
            yield self.path.with_name(self.path.name + suffix)


def network_filesystem(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The kind of network file system that `path` is on, None where it is local or unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None  # not Linux: nothing to ask
    folder = path.resolve()
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields[1]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]  # the last mount on a point hides the others
    return kind if NETWORK.fullmatch(kind) else None
