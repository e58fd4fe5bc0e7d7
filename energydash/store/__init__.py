"""What energydash keeps, in SQL: SQLite by default, PostgreSQL where it is configured.

`open_store(settings)` is the door; everything is done through the `Store` it returns.
"""

from __future__ import annotations

import atexit
import logging
import threading
from pathlib import Path

from energydash.core.errors import InputError
from energydash.core.settings import Settings
from energydash.store import copies
from energydash.store.coverage import Covered
from energydash.store.database import Database
from energydash.store.errors import StoreCorrupt
from energydash.store.feeds import FeedState, Wanted
from energydash.store.jobs import Job
from energydash.store.store import Store, Written

__all__ = [
    "Covered",
    "FeedState",
    "Job",
    "Store",
    "Wanted",
    "Written",
    "backups_of",
    "close_all",
    "forget",
    "open_store",
    "restore",
    "restore_newest",
]

log = logging.getLogger(__name__)

_open: dict[str, Store] = {}
_guard = threading.Lock()


def open_store(settings: Settings) -> Store:
    """The configured store, opened once per process and brought to this version's schema.

    Raises StoreError where it cannot be used, StoreTooNew where a newer energydash wrote it.
    """
    key = settings.database_url.reveal() or str(settings.database_path.absolute())
    with _guard:
        if key not in _open:
            copies.sweep(settings.home)
            copies.sweep(settings.backup_folder)
            _open[key] = Store(_database(settings))
        return _open[key]


def backups_of(settings: Settings) -> list[Path]:
    """The daily backups, the newest first."""
    return sorted(settings.backup_folder.glob("energydash-*.db"), reverse=True)


def forget(settings: Settings, owner: str) -> tuple[int, int]:
    """`Store.forget`, and every copy of the database that was kept beside it, for the owner is in
    them too; how many rows and how many copies."""
    gone = open_store(settings).forget(owner)
    return gone, copies.forget(settings.home, settings.backup_folder)


def restore_newest(settings: Settings) -> tuple[Path, Path]:
    """`restore` the newest daily backup that is good; it, and where what was there is kept."""
    for path in backups_of(settings):
        try:
            with copies.unpacked(path, settings.home):
                pass
        except StoreCorrupt as error:
            log.warning("%s", error)
            continue
        return path, restore(settings, path)
    raise InputError(
        f"There is no good backup in {settings.backup_folder}.",
        remedy="Name the file of one: energydash restore FILE.",
    )


def restore(settings: Settings, path: Path) -> Path:
    """`Store.restore`, also where the present database is damaged: it is then put aside."""
    try:
        return open_store(settings).restore(path)
    except StoreCorrupt:
        file = settings.database_path
        if settings.database_url or not file.exists():
            raise
        with copies.unpacked(path, file.parent):
            pass  # the backup is a good one: only then the damaged file is moved
        copies.put_aside(file)
        with _guard:
            _open.pop(str(file.absolute()), None)
        return open_store(settings).restore(path)


@atexit.register
def close_all() -> None:
    """Close every store of this process, and forget them: `open_store` opens them anew."""
    with _guard:
        stores = list(_open.values())
        _open.clear()
    for store in stores:
        store.close()


def _database(settings: Settings) -> Database:
    if settings.database_url:
        from energydash.store.postgres import PostgresDatabase

        return PostgresDatabase(settings.database_url, settings.home)
    from energydash.store.sqlite import SqliteDatabase

    return SqliteDatabase(settings.database_path)
