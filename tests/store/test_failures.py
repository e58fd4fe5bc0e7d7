"""What goes wrong with a database is said in one sentence, with what to do and without a secret."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi
import pytest

from energydash.core.errors import StoreError, StoreTooNew
from energydash.core.feeds import Fetched
from energydash.core.settings import Secret, Settings
from energydash.store import Store, open_store, sqlite
from energydash.store.database import Connection, statements
from energydash.store.errors import (
    StoreCorrupt,
    StoreFull,
    StoreLocked,
    StoreUnreachable,
    translate,
)
from energydash.store.sqlite import SqliteDatabase, network_filesystem
from tests.store.examples import MIX, START, answer, span

PASSWORD = "hunter2-s3cret"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    made = SqliteDatabase(tmp_path / "data" / "energydash.db", wait_s=0.1)
    yield made
    made.close()


def test_only_the_user_may_read_the_files(database: SqliteDatabase) -> None:
    store = Store(database)
    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    assert database.folder.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in database.folder.iterdir()}
    assert files == dict.fromkeys(files, 0o600)
    assert "energydash.db" in files


def test_a_file_that_others_could_read_is_closed_to_them(database: SqliteDatabase) -> None:
    database.close()
    database.path.chmod(0o644)
    SqliteDatabase(database.path).close()
    assert database.path.stat().st_mode & 0o777 == 0o600


def test_a_locked_database(database: SqliteDatabase) -> None:
    other = SqliteDatabase(database.path)
    with other.transaction(), pytest.raises(StoreLocked, match="locked by another program"):
        Store(database).write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    other.close()
    assert Store(database).write(MIX, answer(0, 1, gas=1.0), fetched_at=START).changed == 1


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "energydash.db"
    path.write_bytes(b"these are my notes " * 100)
    with pytest.raises(StoreCorrupt, match=r"not a database.*energydash restore") as caught:
        SqliteDatabase(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes().startswith(b"these are my notes"), "it is left as it was"


def test_a_damaged_database(database: SqliteDatabase) -> None:
    store = Store(database)
    store.write(MIX, answer(0, 5000, gas=1.0, wind=2.0), fetched_at=START)
    store.close()
    raw = bytearray(database.path.read_bytes())
    raw[4096 * 3 :] = os.urandom(len(raw) - 4096 * 3)
    database.path.write_bytes(raw)
    with pytest.raises(StoreCorrupt, match="damaged"):
        Store(SqliteDatabase(database.path)).read(MIX, span(0, 5000))


def test_a_database_of_another_program(tmp_path: Path) -> None:
    import adbc_driver_sqlite.dbapi

    path = tmp_path / "energydash.db"
    with (
        adbc_driver_sqlite.dbapi.connect(str(path), autocommit=True) as raw,
        raw.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE recipes (id INTEGER)")
    with pytest.raises(StoreCorrupt, match="belongs to another program"):
        SqliteDatabase(path)


def test_a_full_disk_keeps_nothing_of_the_write(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(database)
    store.write(MIX, answer(0, 10, gas=1.0), fetched_at=START)
    store.close()
    connect = database.connect

    def on_a_full_disk() -> Connection:
        connection = connect()
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    monkeypatch.setattr(database, "connect", on_a_full_disk)
    with pytest.raises(StoreFull, match=r"no room left.*nothing of this was kept.*Free some space"):
        store.write(MIX, answer(0, 50_000, gas=2.0), fetched_at=START)
    store.close()
    monkeypatch.undo()
    assert store.read(MIX, span(0, 50_000))["gas"].tolist() == [1.0] * 10
    assert len(store.coverage(MIX, span(0, 50_000))) == 1
    assert store.write(MIX, answer(0, 50_000, gas=2.0), fetched_at=START).changed == 50_000


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteDatabase(tmp_path / "data" / "energydash.db")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=r"cannot be opened.*ENERGYDASH_HOME"):
        SqliteDatabase(tmp_path / "data" / "energydash.db")


def test_a_file_that_went_away_is_not_made_anew(database: SqliteDatabase) -> None:
    database.close()
    database.path.unlink()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(database).state(MIX)
    assert not database.path.exists()


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("9p", True), ("ext4", False)],
)
def test_network_folders_are_found(tmp_path: Path, kind: str, refused: bool) -> None:
    mounts = tmp_path / "mounts"
    share = tmp_path / "my share"
    (share / "inner").mkdir(parents=True)
    escaped = str(share).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {escaped} {kind} rw 0 0\n")
    assert network_filesystem(share / "inner", mounts) == (kind if refused else None)
    assert network_filesystem(tmp_path, mounts) is None
    assert network_filesystem(share, tmp_path / "absent") is None


def test_a_network_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "network_filesystem", lambda _: "nfs4")
    with pytest.raises(StoreError, match=r"network folder \(nfs4\).*use PostgreSQL"):
        SqliteDatabase(tmp_path / "energydash.db")
    assert not (tmp_path / "energydash.db").exists()


def test_a_newer_schema_is_refused(store: Store, fresh: Callable[[], Store]) -> None:
    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    with store.database.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = 999")
    with pytest.raises(StoreTooNew, match=r"newer energydash \(schema 999.*Update energydash"):
        fresh()
    assert store.state(MIX).version == 1, "and it is left as it was"


def test_two_processes_may_make_the_tables_at_once(settings: Settings) -> None:
    import threading

    from energydash.store import _database

    made: list[Store] = []
    threads = [
        threading.Thread(target=lambda: made.append(Store(_database(settings)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.feeds() for store in made] == [[]] * 4
    for store in made:
        store.close()


def test_migrations_are_split_into_statements() -> None:
    sql = "-- a comment; with a semicolon\nCREATE TABLE a (\n  b int -- c;\n);\n\nSELECT ';x';\n"
    assert statements(sql) == ["CREATE TABLE a (\n  b int \n)", "SELECT ';x'"]


URLS = [
    (f"postgresql://me:{PASSWORD}@127.0.0.1:1/energy", StoreUnreachable, "127.0.0.1 cannot be"),
    (f"postgresql://me:{PASSWORD}@nowhere.invalid/energy", StoreUnreachable, "nowhere.invalid"),
    (f"postgresql://me:{PASSWORD}@[bad/energy", StoreError, "not the address of a PostgreSQL"),
    (f"postgresql://me:{PASSWORD}@host:port/energy", StoreError, "not the address of a PostgreSQL"),
    (f"postgresql://me:{PASSWORD} x@127.0.0.1:1/energy", StoreUnreachable, "cannot be reached"),
    (f"mysql://me:{PASSWORD}@host/energy", StoreError, "not the address of a PostgreSQL"),
    (f"host=localhost password={PASSWORD}", StoreError, "postgresql://USER:PASSWORD@HOST"),
    (f"postgresql://me:{PASSWORD}@127.0.0.1:1/x?sslmode={PASSWORD}", StoreError, "127.0.0.1"),
]


@pytest.mark.parametrize(("url", "kind", "words"), URLS, ids=range(len(URLS)))
def test_an_address_that_does_not_work_is_not_shown(
    url: str, kind: type[StoreError], words: str, private_home: Path
) -> None:
    with pytest.raises(kind, match=words) as caught:
        open_store(Settings(private_home, Secret(url)))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PASSWORD not in shown
    assert caught.value.remedy


@pytest.mark.postgres
def test_an_unknown_role_and_database(postgres_url: str, private_home: Path) -> None:
    for address in (
        postgres_url.replace("postgres:@", f"nobody:{PASSWORD}@"),
        postgres_url.replace("/postgres?", "/absent?"),
    ):
        with pytest.raises(StoreUnreachable, match="does not know the user or the database"):
            open_store(Settings(private_home, Secret(address)))


@pytest.mark.postgres
def test_a_lost_connection_is_replaced(postgres_url: str, private_home: Path) -> None:
    store = open_store(Settings(private_home, Secret(postgres_url)))
    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    other = adbc_driver_postgresql.dbapi.connect(postgres_url, autocommit=True)
    with other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        assert (True,) in cursor.fetchall()
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        store.state(MIX)
    assert store.state(MIX).version == 1, "the next one is a new connection"


def test_unknown_words_of_a_driver_come_without_secrets() -> None:
    error = translate(
        RuntimeError(f"INTERNAL: [libpq] odd thing in '{PASSWORD}'\nquery: SELECT '{PASSWORD}'"),
        "PostgreSQL at db",
        [PASSWORD],
    )
    assert str(error) == "PostgreSQL at db answered: odd thing in '***'."


def test_nothing_is_half_written_when_a_frame_is_bad(database: SqliteDatabase) -> None:
    store = Store(database)
    good = answer(0, 2, gas=1.0)
    rates = good.frame.reset_index()  # not rates at all
    with pytest.raises(KeyError):
        store.write(MIX, Fetched(good.frame, good.covered, rates=rates), fetched_at=START)
    assert store.read(MIX, span(0, 2)).empty
    assert store.state(MIX).version == 0
