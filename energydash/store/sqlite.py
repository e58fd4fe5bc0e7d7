"""SQLite: one file on a local disk, and several processes at once through WAL.

Through ADBC only. Its wheel carries its own SQLite, and a second SQLite library in the same
process breaks the file locks: that lost committed rows when it was tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import adbc_driver_sqlite.dbapi as driver
import pyarrow as pa

from energydash.core.errors import StoreError
from energydash.store.database import DRIVER_ERRORS, WAIT_S, Connection, Database
from energydash.store.errors import StoreCorrupt
from energydash.store.schema import FLAG, INTEGER, NUMBER, TEXT, TIME

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ncpfs|ceph|glusterfs|lustre|gpfs|beegfs|davfs2?|drvfs"
    r"|fuse\.(sshfs|rclone|glusterfs|ceph|davfs2?|s3fs|gcsfuse|smb\w*|vmhgfs-fuse)"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
        self._create()
        with self.connection() as connection:
            mode = connection.value(pa.string(), "PRAGMA journal_mode = WAL")
            if mode != "wal":
                raise StoreError(
                    f"{self.name} cannot be shared between processes (journal mode {mode}).",
                    remedy="Put ENERGYDASH_HOME on a local disk, or use PostgreSQL.",
                )
        self.migrate()

    def _create(self) -> None:
        """An empty file that only this user may read, in a folder likewise, unless there is one."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kind = network_filesystem(self.folder)
            if kind:
                raise StoreError(
                    f"{self.name} would be on a network folder ({kind}), where SQLite "
                    "loses data when two programs write.",
                    remedy="Put ENERGYDASH_HOME on a local disk, or use PostgreSQL "
                    "(ENERGYDASH_DATABASE_URL).",
                )
            self.path.touch(mode=0o600)
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
        except OSError as error:
            raise StoreError(
                f"{self.name} cannot be opened: {error.strerror}.",
                remedy="Check that this user may write to its folder, or set ENERGYDASH_HOME "
                "to another one.",
            ) from error

    def connect(self) -> Connection:
        # mode=rw: a file that went away is an error, not a new empty database.
        try:
            raw = driver.connect(f"file:{quote(str(self.path))}?mode=rw", autocommit=True)
        except DRIVER_ERRORS as error:
            raise self.translated(error) from None
        connection = Connection(self, raw)
        try:
            connection.execute(self.waiting(self.wait_s))
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        except BaseException:
            connection.close()
            raise
        return connection

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
            return (value - _EPOCH) // _MICROSECOND
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
