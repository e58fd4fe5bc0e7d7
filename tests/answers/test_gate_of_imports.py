"""What cannot be comes into the store by no file, and takes the place of nothing that can."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energydash.answers import battery, home
from energydash.core.errors import InputError
from energydash.core.time import Period, parse_instant
from energydash.sources.imports import parquet as parquet_files
from energydash.sources.imports import telemetry
from energydash.sources.tables import File
from energydash.sync import documents
from energydash.sync.context import Context, current

DAY = Period(parse_instant("2026-07-01T00:00:00Z"), parse_instant("2026-07-02T00:00:00Z"))


@pytest.fixture
def here() -> Context:
    return current()


def answer(first: str) -> File:
    """Two half-hours as Octopus answers them; the value of the first one as JSON."""
    rows = [
        {"consumption": json.loads(value), "interval_start": f"2026-07-01T00:{start}:00Z",
         "interval_end": f"2026-07-01T{end}:00Z"}
        for value, start, end in ((first, "00", "00:30"), ("0.5", "30", "01:00"))
    ]  # fmt: skip
    return File("answer.json", json.dumps({"count": 2, "next": None, "results": rows}).encode())


@pytest.mark.parametrize("wrong", ["true", "1e30", "-1e9", "Infinity", '"1e300"', '"much"'])
def test_a_wrong_reading_is_refused_and_replaces_nothing(here: Context, wrong: str) -> None:
    home.import_readings(here, [answer("0.25")])
    (meter,) = documents.meters(here.store)
    with pytest.raises(InputError, match=r"answer\.json, .*Nothing was imported"):
        home.import_readings(here, [answer(wrong)])
    done = home.import_readings(here, [answer(wrong)], meter.id, accept_refused=True)
    assert done.refused == 1
    feed = meter.feed(here.store.household())
    assert here.store.read(feed, DAY)["energy"].tolist() == [0.25, 0.5]


def test_readings_of_the_future_are_refused_and_counted(here: Context) -> None:
    text = "start,kWh\n" + "".join(f"2031-01-01T0{n}:00:00Z,0.5\n" for n in range(4))
    with pytest.raises(InputError, match="8 values are in the future in this file, first 2031"):
        home.import_readings(here, [File("later.csv", text.encode())])
    assert documents.meters(here.store) == []


@pytest.mark.parametrize("price", ["true", "nan", "inf", "1e30", "-20000"])
@pytest.mark.parametrize("field", ["default_rate", "standing_p_per_day"])
def test_a_price_that_cannot_be_is_refused(here: Context, field: str, price: str) -> None:
    fields = {"default_rate": "20", "standing_p_per_day": "50", field: price}
    text = "[[tariff]]\nlabel = 'A'\n" + "".join(f"{k} = {v}\n" for k, v in fields.items())
    with pytest.raises(InputError, match=r"own\.toml, tariff 1 'A'.*Nothing was imported"):
        home.import_tariffs(here, [File("own.toml", text.encode())])
    assert documents.tariffs(here.store) == []


def columns(volts: str, at: str = "2026-07-01") -> bytes:
    rows = (f"{at}T00:{n:02}:00Z,{volts if n == 3 else 52},1\n" for n in range(10))
    return ("time,voltage_v,current_a\n" + "".join(rows)).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (columns("true"), r"a\.csv, line 5, column 'voltage_v': 'true' is not a number"),
        (columns("52", at="2031-01-01"), r"a\.csv reaches .* h into the future"),
        (b'[[{"entity_id": ["a"], "state": 1}]]', r"a\.csv: this is data in a form"),
    ],
)
def test_wrong_telemetry_is_refused_whole(here: Context, body: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        battery.import_telemetry(here, [("a.csv", body)], "A")
    assert "Error" not in str(caught.value), "no name of a class"
    assert documents.batteries(here.store) == []


def test_a_sample_that_cannot_be_is_left_out_and_counted(here: Context) -> None:
    battery.import_telemetry(here, [("a.csv", columns("51"))], "A")
    (done,) = battery.import_telemetry(here, [("a.csv", columns("1e30"))], "A")
    assert any("1 voltage values lie outside" in one.sentence for one in done.findings)
    kept = here.store.read(done.device.feed(here.store.household()), DAY)["voltage_v"].tolist()
    assert kept == [52.0, 52.0, 52.0, 51.0, *[52.0] * 6]


def parquet(table: pa.Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    return body.getvalue()


def test_what_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "MOST_BYTES", 1_000_000)
    rows = 2000
    times = pa.array(np.arange(rows) * 20_000_000 + 1_700_000_000_000_000)
    good = pa.table(
        {"time": times.cast(pa.timestamp("us", "UTC")), "voltage_v": np.full(rows, 52.0)}
    )
    text = good.set_column(0, "time", good["time"].cast(pa.string()))
    for table in (good, text):
        assert len(telemetry.read(parquet(table), "a.parquet").arrays["voltage_v"][0]) == rows
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), ["x" * 10_000])
    bomb = parquet(good.set_column(0, "time", same))
    assert len(bomb) < 20_000
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        telemetry.read(bomb, "a.parquet")
    wide = pa.table({f"c{n}": pa.nulls(rows, pa.float64()) for n in range(100)})
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        telemetry.read(parquet(wide), "a.parquet")
