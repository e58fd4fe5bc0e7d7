"""Tables of files, whatever their size."""

from __future__ import annotations

import pytest

from energydash.sources import tables
from energydash.sources.tables import File


def test_a_large_table_keeps_its_times_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sensor types take half the room; epoch seconds would overflow when they are multiplied."""
    monkeypatch.setattr(tables, "LARGE_BYTES", 0)
    table = tables.read_frame(File("a.csv", b"type,timestamp\n532,1780272000\n531,1780272020\n"))
    assert (table["timestamp"] * 1_000_000).tolist() == [1780272000000000, 1780272020000000]
    assert table["type"].tolist() == [532, 531]
    assert (table["type"].dtype, table["timestamp"].dtype) == ("int32", "int64")
