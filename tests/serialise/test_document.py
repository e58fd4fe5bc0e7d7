"""Documents: rows with both times, units in names, nothing rounded, nothing run as a formula."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.time import HALF_HOUR, Period, grid
from energydash.serialise import Document, csv_text, jsonable, to_json
from energydash.serialise.document import local_texts

AUTUMN = Period(datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))


def test_the_repeated_hour_is_told_apart() -> None:
    index = grid(AUTUMN, HALF_HOUR)
    text = csv_text(pd.DataFrame({"gas_mw": np.arange(50.0)}, index=index), "Europe/London")
    lines = text.splitlines()
    assert lines[0] == "time,local_time,gas_mw"
    assert lines[3] == "2026-10-25T00:00:00Z,2026-10-25T01:00:00+01:00[Europe/London],2.0"
    assert lines[5] == "2026-10-25T01:00:00Z,2026-10-25T01:00:00+00:00[Europe/London],4.0"
    assert len({line.split(",")[1] for line in lines}) == 51


@given(
    st.integers(631152000, 2840140800),  # 1990 to 2060
    st.sampled_from(["Europe/London", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_local_times_are_those_of_python(seconds: int, zone: str) -> None:
    index = pd.DatetimeIndex([pd.Timestamp(seconds, unit="s", tz="UTC")])
    (text,) = local_texts(index, zone)
    said, _, name = text.partition("[")
    assert name == f"{zone}]"
    assert datetime.fromisoformat(said) == index[0].to_pydatetime()


def test_what_is_unknown_is_null_and_empty() -> None:
    frame = pd.DataFrame({"key": ["a", "b"], "kwh": [1.1, np.nan], "missing": [0, 2]})
    assert csv_text(frame) == "key,kwh,missing\na,1.1,0\nb,,2\n"
    assert jsonable(frame) == [
        {"key": "a", "kwh": 1.1, "missing": 0},
        {"key": "b", "kwh": None, "missing": 2},
    ]
    assert jsonable([float("inf"), pd.NaT, Decimal("1.10")]) == [None, None, "1.10"]
    assert to_json([np.float64(1.5), np.float64("nan"), np.int64(2)]) == b"[1.5,null,2]"


def test_a_mean_beside_the_rows_is_plain_json() -> None:
    document = Document("mix", pd.DataFrame(), about={"mean": pd.Series([1.0, 2.0]).mean()})
    assert json.loads(orjson.dumps(document.to_json()))["mean"] == 1.5


def test_a_cell_is_never_a_formula_nor_python() -> None:
    frame = pd.DataFrame({"name": ["=1+1", "@x", "-2.5", "plain"], "lines": [[1], [], [2], [3]]})
    assert csv_text(frame).splitlines()[1:] == ["'=1+1,[1]", "'@x,[]", "-2.5,[2]", "plain,[3]"]


@pytest.mark.parametrize("control", ["\x1b[31m", "\x07", "\u202e", "\x9b"])
def test_a_cell_has_nothing_that_a_terminal_obeys(control: str) -> None:
    text = csv_text(pd.DataFrame({"name": [f"a{control}b"]}))
    assert control not in text and f"\\u{ord(control[0]):04x}" in text


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=20))
def test_numbers_come_back_as_they_were(values: list[float]) -> None:
    frame = pd.DataFrame({"x": np.array(values, dtype="float64")})
    back = [row["x"] for row in json.loads(to_json(frame))]
    assert back == [value if np.isfinite(value) else None for value in values]


def test_a_file_is_named_by_what_it_is_and_its_days() -> None:
    day = Period(AUTUMN.start, AUTUMN.start + timedelta(hours=25))
    assert Document("mix GB", pd.DataFrame(), "Europe/London", day).file_name() == (
        "mix_gb_2026-10-25.csv"
    )
    assert Document("mix GB", pd.DataFrame(), "UTC", AUTUMN).file_name("json") == (
        "mix_gb_2026-10-24_2026-10-25.json"
    )
