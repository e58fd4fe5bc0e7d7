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
from filelock import FileLock, Timeout

from energydash.core.errors import InputError, StoreError
from energydash.core.time import utc_now
from energydash.store import documents
from energydash.store.database import Connection, Database
from energydash.store.errors import StoreCorrupt, StoreFull
from energydash.store.schema import INTEGER, TABLES, selected
from energydash.store.sqlite import SqliteDatabase

WORKING, LOCK = ".energydash-", "lock"  # folders in which copies are made
ASIDE, DAMAGED = "before-restore-", ".damaged-"  # what is kept when another takes its place


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
        aside = database.folder / f"{ASIDE}{utc_now():%Y%m%dT%H%M%S%fZ}.db"
        backup(database, aside)
        with database.transaction() as target, copy.connection() as source:
            newest = target.value(INTEGER, "SELECT coalesce(max(version), 0) FROM feeds")
            # Of a damaged database nobody knows how far it had come: seconds are more than that.
            newer_than = max(newest, int(utc_now().timestamp()))
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
        try:
            copy = SqliteDatabase(file)
        except StoreCorrupt:
            said = f"The backup {path} is damaged or is none."
            raise StoreCorrupt(said, remedy="Use another one.") from None
        copy.name = f"The backup {path}"
        try:
            with copy.connection() as connection:
                found = connection.value(pa.string(), "PRAGMA quick_check(1)")
            if found != "ok":
                raise StoreCorrupt(f"{copy.name} is damaged.", remedy="Use another one.")
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
    """A private folder on the same disk, so that a finished file is put in place at once.

    Who made it has a lock in it for as long as it lives (see `sweep`).
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix=WORKING, dir=near) as name,
            FileLock(Path(name) / LOCK),
        ):
            yield Path(name)
    except OSError as error:
        kind = StoreFull if error.errno == 28 else StoreError
        raise kind(
            f"The folder {near} cannot be written: {error.strerror}.",
            remedy="Choose another folder, or free some space.",
        ) from error


def sweep(folder: Path) -> None:
    """Remove the half-made copies of those who were killed while they made them."""
    for left in folder.glob(f"{WORKING}*"):
        try:
            with FileLock(left / LOCK, timeout=0):
                shutil.rmtree(left, ignore_errors=True)
        except (Timeout, OSError):
            continue  # somebody is at it, or it is not ours to remove


def forget(folder: Path, backups: Path) -> int:
    """Remove every copy of the database that was put aside or kept; how many."""
    sweep(folder)
    sweep(backups)
    copies = [*folder.glob(f"{ASIDE}*"), *folder.glob(f"*{DAMAGED}*"), *backups.glob("*.db")]
    for copy in copies:
        copy.unlink(missing_ok=True)
    return len(copies)


def put_aside(file: Path) -> Path:
    """Rename a database that cannot be used, so that a new one can be made in its place."""
    stamp = f"{utc_now():%Y%m%dT%H%M%S%fZ}"
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.replace(file.with_name(f"{file.stem}{DAMAGED}{stamp}{file.suffix}{suffix}"))
    return file.with_name(f"{file.stem}{DAMAGED}{stamp}{file.suffix}")
