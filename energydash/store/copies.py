"""Backups and restoring. A backup is an SQLite file of our schema, whichever database it is of, so
it can be restored into either: that is also the way from SQLite to PostgreSQL and back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from energydash.core.errors import InputError, StoreError
from energydash.core.time import utc_now
from energydash.store import documents
from energydash.store.database import Connection, Database
from energydash.store.errors import StoreFull
from energydash.store.schema import INTEGER, TABLES, selected
from energydash.store.sqlite import SqliteDatabase


def backup(database: Database, path: Path) -> None:
    """A consistent copy in one file that only this user may read; an older one is replaced."""
    if path.is_dir():
        raise InputError(f"{path} is a folder.", remedy="Name the backup's file.")
    with _working_folder(path.absolute().parent) as folder:
        copy = folder / "copy.db"
        if isinstance(database, SqliteDatabase):
            copy.touch(mode=0o600)
            with database.connection() as connection:
                connection.execute("VACUUM INTO $1", str(copy))
        else:
            _copy_out(database, copy)
        copy.replace(path)


def restore(database: Database, path: Path) -> Path:
    """Put a backup in the place of everything; the path of a backup of what was there.

    One transaction: other processes see all of the old or all of the new. A backup of an older
    schema is brought up to date on the way; the file itself is not touched.
    """
    with unpacked(path, database.folder) as copy:
        aside = database.folder / f"before-restore-{utc_now():%Y%m%dT%H%M%S%fZ}.db"
        backup(database, aside)
        with database.transaction() as target, copy.connection() as source:
            newer_than = target.value(INTEGER, "SELECT coalesce(max(version), 0) FROM feeds")
            kinds = documents.kinds(target)
            for table in reversed(TABLES):
                target.execute(f"DELETE FROM {table}")
            for table in TABLES:
                _copy_rows(source, target, table)
            documents.ensure_household(target)
            documents.replaced(target, kinds)
            # Whoever remembers a feed by its version must see that it is another one.
            target.execute(
                "UPDATE feeds SET version = version + $1, lease_holder = '', lease_until = NULL",
                newer_than + 1,
            )
            target.execute("UPDATE jobs SET lease_holder = '', lease_until = NULL")
            database.after_copy(target)
    return aside


@contextmanager
def unpacked(path: Path, near: Path) -> Iterator[SqliteDatabase]:
    """A working copy of a backup, checked and of this version's schema."""
    if not path.is_file():
        raise InputError(f"There is no backup {path}.")
    with _working_folder(near) as folder:
        file = folder / path.name
        shutil.copyfile(path, file)
        copy = SqliteDatabase(file)
        copy.name = f"The backup {path}"
        try:
            with copy.connection() as connection:
                found = connection.value(pa.string(), "PRAGMA quick_check(1)")
            if found != "ok":
                raise StoreError(f"{copy.name} is damaged.", remedy="Use another one.")
            yield copy
        finally:
            copy.close()


def _copy_out(database: Database, path: Path) -> None:
    copy = SqliteDatabase(path)
    try:
        with database.transaction() as source, copy.transaction() as target:
            source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            target.execute("DELETE FROM meta")
            for table in TABLES:
                _copy_rows(source, target, table)
        with copy.connection() as connection:
            connection.value(pa.string(), "PRAGMA journal_mode = DELETE")
    finally:
        copy.close()


def _copy_rows(source: Connection, target: Connection, table: str) -> None:
    schema = TABLES[table]
    with source.stream(f"SELECT {selected(schema)} FROM {table}") as reader:
        batches = (
            pa.Table.from_batches([batch]).cast(schema).to_batches()[0]
            for batch in reader
            if batch.num_rows
        )
        rows = pa.RecordBatchReader.from_batches(schema, batches)
        target.load(table, rows, temporary=False)


@contextmanager
def _working_folder(near: Path) -> Iterator[Path]:
    """A private folder on the same disk, so that a finished file is put in place at once."""
    try:
        with tempfile.TemporaryDirectory(prefix=".energydash-", dir=near) as name:
            yield Path(name)
    except OSError as error:
        kind = StoreFull if error.errno == 28 else StoreError
        raise kind(
            f"The folder {near} cannot be written: {error.strerror}.",
            remedy="Choose another folder, or free some space.",
        ) from error


def put_aside(file: Path) -> Path:
    """Rename a database that cannot be used, so that a new one can be made in its place."""
    stamp = f"{utc_now():%Y%m%dT%H%M%S%fZ}"
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.replace(file.with_name(f"{file.stem}.damaged-{stamp}{file.suffix}{suffix}"))
    return file.with_name(f"{file.stem}.damaged-{stamp}{file.suffix}")
