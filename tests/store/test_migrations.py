"""A store that an earlier energydash wrote is read by this one, as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from energydash.store import Store
from tests.store.examples import MIX, answer, at, frame, span


@pytest.mark.parametrize(
    ("old", "subject", "new"),
    [
        ("gridstatus", "CAISO", "caiso"),
        ("pyiso", "BPA", "bpa"),
        ("pyiso", "NBP", "nbpower"),
        ("pyiso", "NYISO", "nyiso"),
        ("elexon", "GB", "elexon"),
    ],
)
def test_an_operators_feed_is_named_after_the_operator(
    store: Store, fresh: Callable[[], Store], old: str, subject: str, new: str
) -> None:
    feed = replace(MIX, source=old, subject=subject)
    store.write(feed, answer(0, 4, gas=5.0), fetched_at=at(4), final_before=at(0))
    _as_of_schema(store, 2)
    with closing(fresh()) as again:
        sources = [one.source for one in again.feeds()]
        found = again.read(replace(feed, source=new), span(0, 4))
    assert sources == [new]
    assert found.equals(frame(0, 4, gas=5.0))


def test_what_was_read_in_two_ways_keeps_both(store: Store, fresh: Callable[[], Store]) -> None:
    for source, value in (("gridstatus", 1.0), ("pyiso", 2.0)):
        feed = replace(MIX, source=source, subject="NYISO")
        store.write(feed, answer(0, 2, gas=value), fetched_at=at(2), final_before=at(0))
    _as_of_schema(store, 2)
    with closing(fresh()) as again:
        sources = sorted(one.source for one in again.feeds())
        first = again.read(replace(MIX, source="nyiso", subject="NYISO"), span(0, 2))
    assert sources == ["nyiso", "pyiso"]
    assert first["gas"].tolist() == [1.0, 1.0]


def _as_of_schema(store: Store, version: int) -> None:
    with store.database.transaction() as connection:
        connection.execute(f"UPDATE schema_version SET version = {version}")
