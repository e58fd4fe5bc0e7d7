"""What is stored can be read where nothing can be written, within the usual time."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_sqlite.dbapi as driver
import pytest

from energydash.core.errors import StoreError
from energydash.store import Store
from energydash.store.errors import StoreFull, StoreLocked
from energydash.store.sqlite import SqliteDatabase
from tests.store.examples import MIX, START, answer, span

Open = Callable[[Path], Store]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with ten rows, closed."""
    file = tmp_path / "energydash.db"
    store = Store(SqliteDatabase(file))
    store.write(MIX, answer(0, 10, gas=1.0), fetched_at=START)
    store.close()
    return file


@pytest.fixture
def open_again() -> Iterator[Open]:
    """Opens a database as another process would."""
    made: list[Store] = []

    def opened(path: Path) -> Store:
        made.append(Store(SqliteDatabase(path, wait_s=0.1)))
        return made[-1]

    yield opened
    for store in made:
        store.close()


def shows_what_is_stored(store: Store) -> None:
    assert store.read(MIX, span(0, 10))["gas"].tolist() == [1.0] * 10
    assert store.state(MIX).rows == 10
    assert len(store.pulse().feeds) == 1


def refuses(store: Store, kind: type[StoreError], words: str) -> None:
    """A write says in a sentence what is in the way."""
    with pytest.raises(kind, match=words):
        store.write(MIX, answer(0, 10, gas=2.0), fetched_at=START)


def block(path: Path) -> None:
    """Let SQLite be unable to make its file beside the database, whoever runs this."""
    beside = path.with_name(f"{path.name}-shm")
    beside.symlink_to(beside)


@pytest.fixture
def barred(path: Path) -> Path:
    """As on a full disk or in a read-only folder: nothing can be made beside the file."""
    block(path)
    return path


def test_where_no_file_can_be_made(barred: Path, open_again: Open) -> None:
    before = barred.stat()
    store = open_again(barred)
    shows_what_is_stored(store)
    refuses(store, StoreError, "cannot be opened")
    assert barred.stat().st_mtime_ns == before.st_mtime_ns, "to read is not to write"


def test_a_full_disk(barred: Path, open_again: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(8_000_000, 8_000_000, 0))
    store = open_again(barred)
    shows_what_is_stored(store)
    refuses(store, StoreFull, "no room left on its disk")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(path: Path, open_again: Open) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)
    store = open_again(path)
    shows_what_is_stored(store)
    refuses(store, StoreError, "may be read but not written")
    path.parent.chmod(0o700)


def test_it_is_written_again_as_soon_as_that_is_over(barred: Path, open_again: Open) -> None:
    store = open_again(barred)
    shows_what_is_stored(store)
    barred.with_name(barred.name + "-shm").unlink()
    assert store.write(MIX, answer(0, 10, gas=2.0), fetched_at=START).changed == 10
    assert store.read(MIX, span(0, 10))["gas"].tolist() == [2.0] * 10


@pytest.fixture
def held(path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Another program is in the middle of a transaction that nobody may read beside."""
    mode, change = request.param
    with driver.connect(str(path), autocommit=True) as other, other.cursor() as cursor:
        cursor.execute(f"PRAGMA journal_mode = {mode}")
        cursor.fetchall()
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute(change)
        yield path


HELD = [
    ("WAL", "UPDATE feeds SET version = 99"),
    ("DELETE", "UPDATE feeds SET version = 99"),
    ("DELETE", "SELECT 1"),
]


@pytest.mark.parametrize("held", HELD, indirect=True)
def test_a_lock_of_another_program(held: Path, open_again: Open) -> None:
    store = open_again(held)
    shows_what_is_stored(store)
    assert store.state(MIX).version == 1, "what is not committed is not seen"
    refuses(store, StoreLocked, "locked by another program")


def test_changes_that_are_not_in_the_file_itself_are_never_left_out(
    path: Path, open_again: Open
) -> None:
    """A write-ahead log that cannot be read: an error, not the figures of before it."""
    other = open_again(path)
    other.write(MIX, answer(0, 10, gas=2.0), fetched_at=START)
    copy = path.with_name("copy.db")
    for end in ("", "-wal"):
        shutil.copyfile(path.with_name(path.name + end), copy.with_name(copy.name + end))
    block(copy)
    with pytest.raises(StoreError):
        open_again(copy)
