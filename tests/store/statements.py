"""Counts the SQL statements that a piece of work costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from energydash.store.sqlite import SqliteDatabase


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement of SQLite stores until the end of the block."""
    done: list[str] = []
    statement = SqliteDatabase.statement

    def noted(database: SqliteDatabase, sql: str) -> str:
        done.append(sql)
        return statement(database, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteDatabase, "statement", noted)
        yield done
