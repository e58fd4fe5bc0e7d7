"""An import of several files, meters and tariffs is kept whole or not at all: killed at any step of
it, and on a full disk."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from energydash.answers import home
from energydash.answers.home import File
from energydash.answers.home.exports import EVER
from energydash.core import settings
from energydash.core.time import HALF_HOUR
from energydash.store import Store, open_store
from energydash.store.errors import StoreFull
from energydash.store.sqlite import SqliteDatabase
from energydash.sync import documents
from energydash.sync.context import Context
from tests.store import workers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
METERS, DAYS = 3, 30


def cache_file(number: int, days: int = DAYS) -> File:
    """A month of one meter, as octopus_viz's cache has it."""
    starts = pd.date_range("2025-01-01", periods=48 * days, freq="30min", tz="UTC")
    lines = (
        f'{{"consumption": {number}.5, "unit": "electricity_importing_kwh", '
        f'"interval_start": "{at.isoformat()}", "interval_end": "{end.isoformat()}"}}\n'
        for at, end in zip(starts, starts + HALF_HOUR, strict=True)
    )
    return File(f"21L{number}_111111111111{number}_a_b.json", "".join(lines).encode())


def rows(store: Store) -> list[int]:
    """How many readings each known meter has."""
    owner = store.household()
    return [len(store.read(one.feed(owner), EVER)) for one in documents.meters(store)]


def test_killed_at_any_step_an_import_of_readings_leaves_nothing(
    private_home: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / cache_file(n).name for n in range(METERS)]
    for n, path in enumerate(paths):
        path.write_bytes(cache_file(n).data)
    command = ["import", "readings", *map(str, paths)]
    store = open_store(settings.current())
    for step in range(1, 2 * METERS + 1):
        assert run(step, *command) == -signal.SIGKILL
        assert rows(store) == []
    assert run(0, *command) == 0
    assert rows(store) == [48 * DAYS] * METERS
    store.close()


def test_killed_at_any_step_an_import_of_tariffs_leaves_nothing(
    private_home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text("".join(
        f"[[tariff]]\nlabel = 'Fix'\ndefault_rate = {n}\nvalid_from = 202{n}-01-01\n"
        for n in (4, 5, 6)
    ))  # fmt: skip
    store = open_store(settings.current())
    for step in (1, 2, 3):
        assert run(step, "import", "tariffs", str(path)) == -signal.SIGKILL
        assert documents.tariffs(store) == []
    assert run(0, "import", "tariffs", str(path)) == 0
    assert len(documents.tariffs(store)) == 3
    store.close()


def run(step: int, *arguments: str) -> int | None:
    """The exit code of a command that is killed at its n-th write or document; never, for 0."""
    home = str(settings.current().home)
    process = workers.processes().Process(target=workers.die_at, args=(home, step, arguments))
    process.start()
    process.join()
    return process.exitcode


def test_on_a_full_disk_an_import_leaves_nothing(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(settings.current())
    here = Context(settings.current(), store, lambda: NOW)
    files = [cache_file(n, days) for n, days in enumerate((1, 400))]
    database = store.database
    assert isinstance(database, SqliteDatabase)
    store.close()
    connect = database.connect

    def on_a_full_disk() -> object:
        connection = connect()
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr(database, "connect", on_a_full_disk)
    with pytest.raises(StoreFull, match="nothing of this was kept"):
        home.import_readings(here, files)
    store.close()
    monkeypatch.undo()
    assert rows(store) == []
    home.import_readings(here, files)
    assert sorted(rows(store)) == [48, 48 * 400]
    store.close()
