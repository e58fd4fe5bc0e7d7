"""A backup every day, seven kept, none of them worth less than the one before it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta

import pytest

from energydash.core.errors import StoreError
from energydash.store import backups_of
from energydash.sync import backups
from energydash.sync.context import Context, current
from tests.store.examples import MIX, START, answer

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def here() -> Context:
    backups._tried.clear()
    return current()


def on_day(here: Context, number: int) -> Context:
    later = here.now() + timedelta(days=number)
    return replace(here, now=lambda: later)


def names(here: Context) -> list[str]:
    return [path.name for path in backups_of(here.settings)]


def test_seven_are_kept(here: Context) -> None:
    here.store.write(MIX, answer(0, 2, gas=1.0), fetched_at=START)
    for number in range(9):
        today = on_day(here, number)
        assert backups.is_due(today)
        backups.make(today)
        assert not backups.is_due(today)
    assert names(here) == [f"energydash-2026-11-{day}.db" for day in range(28, 21, -1)]
    kept = here.settings.backup_folder
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}


def test_an_empty_store_replaces_nothing(here: Context) -> None:
    backups.make(here)
    assert names(here) == []


@pytest.mark.parametrize("trouble", ["damaged", "no room"])
def test_one_that_fails_costs_no_older_one(
    here: Context, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here.store.write(MIX, answer(0, 2, gas=1.0), fetched_at=START)
    for number in range(7):
        backups.make(on_day(here, number))
    before = names(here)

    def fail(*_: object) -> None:
        raise StoreError("It is damaged.")

    if trouble == "damaged":
        monkeypatch.setattr(type(here.store), "backup", fail)
    else:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9, 9, 0))
    today = on_day(here, 7)
    backups.make(today)
    assert names(here) == before
    assert "No backup of today" in caplog.text
    assert not backups.is_due(today), "not every second"
    assert backups.is_due(replace(today, now=lambda: today.now() + backups.AGAIN))
