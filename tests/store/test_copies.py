"""Backups, and restoring them into either database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from energydash.core.errors import InputError, StoreError, StoreTooNew
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.settings import Secret, Settings
from energydash.store import (
    Store,
    backups_of,
    close_all,
    copies,
    forget,
    open_store,
    restore,
    restore_newest,
)
from energydash.store.errors import StoreCorrupt
from energydash.store.sqlite import SqliteDatabase
from tests.store.examples import MIX, START, answer, at, frame, home_feed, span


def fill(store: Store) -> None:
    """A bit of everything."""
    owner = store.household()
    prices = {"kind": "unit-rate", "payment_method": None, "valid_from": at(0), "valid_to": pd.NaT}
    rates = pd.DataFrame([prices | {"exc_vat": "1.0", "inc_vat": "1.05"}])
    forecast = frame(0, 4, gas=3.0)
    store.write(
        MIX,
        Fetched(frame(0, 4, gas=1.0, wind=-2.5), span(0, 4), ((at(0), forecast),), rates),
        fetched_at=START,
        final_before=at(2),
    )
    store.write(home_feed(owner), answer(0, 2, energy=0.25), fetched_at=START)
    store.put(owner, "meter", "a", {"label": "Gas"})
    store.set_problem(
        home_feed(owner), Finding("Unavailable", "x", "y", retry_at=at(1), since=at(0))
    )
    store.want({MIX: span(0, 4)}, at(0))


def everything(store: Store) -> list[object]:
    owner = store.household()
    return [
        owner,
        store.feeds(),
        store.read(MIX, span(0, 9)).to_dict(),
        store.read(home_feed(owner), span(0, 9)).to_dict(),
        store.read_forecast(MIX, span(0, 9))[1].to_dict(),
        store.rates("GB", span(0, 9)).to_json(),
        store.coverage(MIX, span(0, 9)),
        store.documents(owner, "meter"),
        store.state(home_feed(owner)).problem,
        store.wanted(START),
        store.summary().drop(columns="version").to_json(),
    ]


def test_a_backup_restores_everything(store: Store, tmp_path: Path) -> None:
    fill(store)
    was, version = everything(store), store.state(MIX).version
    backup = tmp_path / "backup.db"
    store.backup(backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [backup], "no file is left beside it"

    store.write(MIX, answer(0, 9, gas=7.0, coal=1.0), fetched_at=START)
    store.forget(store.household())
    aside = store.restore(backup)
    assert everything(store) == was
    assert store.state(MIX).version > version + 1, "whoever remembers a version must look again"

    store.write(MIX, answer(0, 9, gas=7.0, nuclear=1.0), fetched_at=START)
    assert "nuclear" in store.read(MIX, span(0, 9)), "new ids do not collide with restored ones"
    store.restore(aside)
    assert store.read(MIX, span(0, 9))["coal"].tolist() == [1.0] * 9


@pytest.mark.postgres
@pytest.mark.parametrize("direction", ["to PostgreSQL", "to SQLite"])
def test_a_backup_of_one_database_restores_into_the_other(
    postgres_url: str, private_home: Path, direction: str
) -> None:
    pair = [
        open_store(Settings(private_home)),
        open_store(Settings(private_home, Secret(postgres_url))),
    ]
    source, target = pair if direction == "to PostgreSQL" else reversed(pair)
    fill(source)
    source.backup(private_home / "backup.db")
    target.restore(private_home / "backup.db")
    assert everything(target) == everything(source)


def test_a_backup_replaces_an_older_one(store: Store, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    backup.write_text("an older one")
    store.backup(backup)
    SqliteDatabase(backup).close()
    with pytest.raises(InputError, match="is a folder"):
        store.backup(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        store.backup(tmp_path / "absent" / "backup.db")


def test_what_cannot_be_restored_changes_nothing(store: Store, tmp_path: Path) -> None:
    fill(store)
    was = everything(store)
    bad = tmp_path / "bad.db"
    with pytest.raises(InputError, match="no backup"):
        store.restore(bad)
    bad.write_bytes(b"not a database " * 50)
    with pytest.raises(StoreCorrupt):
        store.restore(bad)
    newer = SqliteDatabase(tmp_path / "newer.db")
    with newer.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = 999")
    newer.close()
    with pytest.raises(StoreTooNew):
        store.restore(newer.path)
    assert everything(store) == was


def test_readers_see_all_of_the_old_or_all_of_the_new(
    store: Store, tmp_path: Path, fresh: Callable[[], Store]
) -> None:
    store.write(MIX, answer(0, 3000, gas=1.0), fetched_at=START)
    store.backup(tmp_path / "backup.db")
    store.write(MIX, answer(0, 3000, gas=2.0), fetched_at=START)
    other, seen, stop = fresh(), [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(other.read(MIX, span(0, 3000), ["gas"])["gas"])

    thread = threading.Thread(target=look)
    thread.start()
    store.restore(tmp_path / "backup.db")
    stop.set()
    thread.join()
    assert {(len(values), values.min(), values.max()) for values in seen} <= {
        (3000, 1.0, 1.0),
        (3000, 2.0, 2.0),
    }
    assert other.read(MIX, span(0, 3000))["gas"].eq(1.0).all()
    other.close()


def test_a_damaged_database_is_put_aside(private_home: Path, tmp_path: Path) -> None:
    settings = Settings(private_home)
    store = open_store(settings)
    fill(store)
    was = everything(store)
    store.backup(tmp_path / "backup.db")
    close_all()
    settings.database_path.write_bytes(b"spilled coffee " * 400)
    with pytest.raises(InputError):
        restore(settings, tmp_path / "absent.db")
    assert settings.database_path.read_bytes().startswith(b"spilled")
    restore(settings, tmp_path / "backup.db")
    assert everything(open_store(settings)) == was
    kept = [path.read_bytes()[:7] for path in private_home.glob("energydash.damaged-*.db")]
    assert kept == [b"spilled"]


def test_one_command_puts_the_newest_good_backup_back(private_home: Path) -> None:
    settings = Settings(private_home)
    store = open_store(settings)
    with pytest.raises(InputError, match="no good backup"):
        restore_newest(settings)
    fill(store)
    was, seen = everything(store), store.pulse()
    settings.backup_folder.mkdir()
    old, newest = (settings.backup_folder / f"energydash-2026-11-{day}.db" for day in (18, 19))
    store.backup(old)
    newest.write_bytes(b"spilled coffee " * 400)
    close_all()
    settings.database_path.write_bytes(b"spilled coffee " * 400)
    with pytest.raises(StoreCorrupt, match="'energydash restore'"):
        open_store(settings)
    assert restore_newest(settings)[0] == old
    again = open_store(settings)
    assert everything(again) == was
    now = again.pulse()
    assert all(now.feeds[key][0] > version for key, (version, _) in seen.feeds.items())
    assert all(now.kinds[kind] > number for kind, number in seen.kinds.items())


def test_a_file_in_the_place_of_another_is_seen_at_once(
    private_home: Path, fresh: Callable[[], Store]
) -> None:
    """A server that has the database open when another process restores a damaged one."""
    settings = Settings(private_home)
    server = open_store(settings)
    fill(server)
    server.backup(private_home / "backup.db")
    server.write(MIX, answer(0, 4, gas=9.0), fetched_at=START)
    aside = copies.put_aside(settings.database_path)
    other = Store(SqliteDatabase(settings.database_path))
    other.restore(private_home / "backup.db")
    assert server.read(MIX, span(0, 4))["gas"].tolist() == [1.0] * 4
    server.write(MIX, answer(0, 4, gas=5.0), fetched_at=START)
    assert other.read(MIX, span(0, 4))["gas"].tolist() == [5.0] * 4
    old = Store(SqliteDatabase(aside))
    assert old.read(MIX, span(0, 4))["gas"].tolist() == [9.0] * 4, "and it lost nothing"
    for store in (other, old):
        store.close()


def half_made(folder: Path) -> Path:
    """What is left of a copy whose maker was killed."""
    left = folder / f"{copies.WORKING}abc"
    left.mkdir()
    (left / "copy.db").write_bytes(b"12 Acacia Avenue")
    (left / "copy.db-journal").write_bytes(b"12 Acacia Avenue")
    return left


def test_half_made_copies_are_swept_at_start(private_home: Path) -> None:
    left = half_made(private_home)
    with copies._working_folder(private_home) as at_work:
        open_store(Settings(private_home))
        assert not left.exists()
        assert at_work.exists(), "somebody is at it"


def test_what_was_forgotten_is_in_no_copy(private_home: Path) -> None:
    settings = Settings(private_home)
    store = open_store(settings)
    fill(store)
    settings.backup_folder.mkdir()
    store.backup(settings.backup_folder / "energydash-2026-11-19.db")
    store.restore(backups_of(settings)[0])
    half_made(private_home)
    rows, gone = forget(settings, store.household())
    assert rows > 0
    assert gone == 2, "the backup, and what the restore had put aside"
    names = {path.name for path in private_home.rglob("*") if path.is_file()}
    assert names <= {"energydash.db", "energydash.db-wal", "energydash.db-shm"}


def test_what_was_forgotten_leaves_no_trace_on_the_disk(private_home: Path) -> None:
    store = open_store(Settings(private_home))
    owner = store.household()
    for number in range(50):
        store.put(owner, "meter", str(number), {"address": "12 Acacia Avenue"})
    store.close()
    assert b"Acacia" in Settings(private_home).database_path.read_bytes()
    store.forget(owner)
    files = [path.read_bytes() for path in private_home.iterdir() if path.is_file()]
    assert not any(b"Acacia" in content for content in files)
