"""The contract suite itself: what it does to an answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sources import contract
from tests.upstreams import Request, Response

ASKED = Request("GET", "h", "/")


def changed(change: contract.Change, body: Any) -> Any:
    content = change(ASKED, Response(200, body)).content()
    return content.decode() if isinstance(body, str) else json.loads(content)


def test_rows_of_json_are_repeated_and_reversed() -> None:
    body = {"data": [{"t": 1, "v": [1, 2]}, {"t": 2, "v": []}], "n": 2}
    assert changed(contract.repeat_rows(), body)["data"] == body["data"] * 2  # type: ignore[operator]
    assert [row["t"] for row in changed(contract.reverse_rows(), body)["data"]] == [2, 1]


def test_rows_of_csv_are_repeated_and_reversed() -> None:
    assert changed(contract.repeat_rows(), "a,b\n1,2\n3,4\n") == "a,b\n1,2\n3,4\n1,2\n3,4\n"
    assert changed(contract.reverse_rows(), "a,b\n1,2\n3,4\n") == "a,b\n3,4\n1,2\n"


def test_every_other_value_becomes_null() -> None:
    rows = {"data": [{"x": {"mw": 1}}, {"x": {"mw": 2}}]}
    assert changed(contract.null_values("mw"), rows) == {
        "data": [{"x": {"mw": None}}, {"x": {"mw": 2}}]
    }
    assert changed(contract.null_values("mw"), "t,mw\n1,5\n2,6\n") == "t,mw\n1,\n2,6\n"


def test_clock_changes_of_london_and_of_utc() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    days = contract.clock_changes("Europe/London", now)
    assert [day.duration for day in days] == [timedelta(hours=23), timedelta(hours=25)]
    assert contract.clock_changes("UTC", now) == days
