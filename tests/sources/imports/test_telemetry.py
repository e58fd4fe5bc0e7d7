"""Telemetry files: recognised by content, refused by line and column."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from energydash.core.errors import InputError
from energydash.sources.imports.telemetry import read
from tests.battery.simulated import START_US, monitored, truth

CSV = (
    b"time,voltage,current,soc\n2026-01-01T00:00:00Z,52.1,10,50\n2026-01-01T00:00:20Z,52.2,11,51\n"
)


def test_named_columns_by_header() -> None:
    file = read(CSV, "a.csv")
    assert set(file.arrays) == {"voltage_v", "current_a", "soc_percent"}
    time_us, amps = file.arrays["current_a"]
    assert time_us.tolist() == [START_US, START_US + 20_000_000]
    assert amps.tolist() == [10, 11]
    assert not file.relative
    assert file.notes == ()


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("Test Time / s,Voltage / V,Current / A", 1.0),
        ("timestamp,pack_voltage_mv,current_ma", 1e-3),
        ("Date,Voltage (mV),Battery current [mA]", 1e-3),
    ],
)
def test_units_in_headers(header: str, factor: float) -> None:
    file = read(f"{header}\n1767225600,52000,1000\n1767225620,52000,1000\n".encode(), "a.csv")
    assert file.arrays["voltage_v"][1][0] == pytest.approx(52000 * factor)
    assert file.arrays["current_a"][1][0] == pytest.approx(1000 * factor)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1767225600", "1767225620"),
        ("1767225600000", "1767225620000"),
        ("2026-01-01T00:00:00+00:00", "2026-01-01T01:00:20+01:00"),
        ("2026-01-01 00:00:00.000Z", "2026-01-01 00:00:20Z"),
    ],
)
def test_times(first: str, second: str) -> None:
    file = read(f"time,current\n{first},1\n{second},2\n".encode(), "a.csv")
    assert file.arrays["current_a"][0].tolist() == [START_US, START_US + 20_000_000]


def test_times_without_an_offset_need_a_zone_or_are_said_to_be_utc() -> None:
    text = b"time,current\n2026-07-01T01:00:00,1\n2026-07-01T01:00:20,2\n"
    assert read(text, "a.csv").notes[0].kind == "time-zone"
    london = read(text, "a.csv", zone="Europe/London")
    assert london.notes == ()
    assert london.arrays["current_a"][0][0] == read(text, "a.csv").arrays["current_a"][0][0] - int(
        3.6e9
    )
    twice = b"time,current\n2026-03-29T01:30:00,1\n2026-03-29T03:00:20,2\n"
    with pytest.raises(
        InputError,
        match="line 2, column 'time': '2026-03-29T01:30:00' does not exist in Europe/London",
    ):
        read(twice, "a.csv", zone="Europe/London")


def test_seconds_that_restart_are_cycles() -> None:
    text = b"Time,V,I\n0,4.2,-2\n10,4.1,-2\n0,4.2,-2\n10,4.1,-2\n"
    file = read(text, "cell.csv")
    assert file.relative
    assert [label for label, _ in file.cycles] == ["1", "2"]
    named = read(b"Time,V,I,cycle_idx\n0,4,-2,7\n10,4,-2,7\n0,4,-2,9\n", "cell.csv")
    assert [label for label, _ in named.cycles] == ["7", "9"]


def test_the_user_names_columns() -> None:
    text = b"when,a,b,b_load\n1767225600,52,1,9\n1767225620,52,2,9\n"
    file = read(text, "a.csv", {"time": "when", "voltage_v": "a", "current_a": "b"})
    assert file.arrays["current_a"][1].tolist() == [1, 2]
    with pytest.raises(InputError, match=r"no column 'c'.*when, a, b"):
        read(text, "a.csv", {"time": "c"})


def test_separators_decimals_and_empty_cells() -> None:
    text = b"time;voltage;current\n1767225600;52,5;1,25\n1767225620;;unavailable\n"
    file = read(text, "a.csv")
    assert file.arrays["voltage_v"][1][0] == 52.5
    assert np.isnan(file.arrays["voltage_v"][1][1])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is empty"),
        (b"time,current\n", "no rows below the header"),
        (b"time,current\n1767225600,1\n1767225620,abc\n", r"line 3, column 'current': 'abc'"),
        (b"time,current\n2026-01-01T00:00:00Z,1\nyesterday,2\n", r"line 3, column 'time'"),
        (b"time,current\n1767225600,1\n,2\n", "the time is missing"),
        (b"time,colour\n1767225600,red\n", "no column that is a battery channel"),
        (b"current\n1\n", "no column for the time"),
        (b"a\x00b\x01\n", "not a text file"),
        (b"[1,2", "not Aretas sensor data"),
        (b"PAR1garbage", "not a Parquet file"),
    ],
)
def test_refused_with_a_reason(text: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read(text, "file.csv")


def test_parquet() -> None:
    frame = pd.read_csv(io.BytesIO(CSV), parse_dates=["time"])
    stream = io.BytesIO()
    frame.to_parquet(stream)
    assert read(stream.getvalue(), "a.parquet").arrays["current_a"][1].tolist() == [10, 11]


def aretas_json(numbers: dict[str, int]) -> bytes:
    arrays = monitored(truth(2, seed=5), 1).arrays
    rows = [
        {"type": number, "timestamp": int(time) // 1000, "data": float(value)}
        for part, number in numbers.items()
        for time, value in zip(*arrays[part], strict=True)
    ]
    return json.dumps(rows).encode()


def test_aretas_json_finds_current_and_power_by_what_they_do() -> None:
    body = aretas_json({"voltage_v": 532, "current_a": 533, "power_kw": 531, "soc_percent": 514})
    file = read(body, "range.json")
    assert set(file.arrays) == {"voltage_v", "current_a", "power_kw", "soc_percent"}
    assert np.abs(file.arrays["current_a"][1]).max() > 20
    assert np.abs(file.arrays["power_kw"][1]).max() < 20
    named = read(body, "range.json", {"current_a": "531", "power_kw": "533"})
    assert np.abs(named.arrays["current_a"][1]).max() < 20
    unknown = aretas_json({"current_a": 900})
    with pytest.raises(InputError, match=r"types: 900.*--columns"):
        read(unknown, "range.json")


def test_home_assistant_history() -> None:
    table = (
        b"entity_id,state,last_changed\n"
        b"sensor.battery_voltage,52.1,2026-01-01T00:00:00.000Z\n"
        b"sensor.battery_power,1500,2026-01-01T00:00:00.000Z\n"
        b"sensor.battery_power,unavailable,2026-01-01T00:01:00.000Z\n"
        b"sensor.battery_current,28.8,2026-01-01T00:00:00.000Z\n"
        b"sensor.kitchen_humidity,40,2026-01-01T00:00:00.000Z\n"
    )
    file = read(table, "history.csv")
    assert file.kind == "Home Assistant"
    assert file.arrays["power_kw"][1][0] == 1.5
    assert np.isnan(file.arrays["power_kw"][1][1])
    assert "sensor.kitchen_humidity" in file.notes[0].sentence
    states = [
        [
            {
                "entity_id": "sensor.pack", "state": "52100",
                "last_changed": "2026-01-01T00:00:00Z",
                "attributes": {"unit_of_measurement": "mV", "friendly_name": "Pack"},
            },
            {"state": "52200", "last_changed": "2026-01-01T00:01:00Z"},
        ]
    ]  # fmt: skip
    named = read(json.dumps(states).encode(), "h.json", {"voltage_v": "sensor.pack"})
    assert named.arrays["voltage_v"][1].tolist() == [52.1, 52.2]
    with pytest.raises(InputError, match="no entity"):
        read(b"entity_id,state,last_changed\nsensor.x,1,2026-01-01T00:00:00Z\n", "h.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Date,Time,current\n01/07/2026,00:00:00,1\n01/07/2026,00:00:20,2\n",
        "date;time;current\n2026-07-01;00:00:00;1\n2026-07-01;00:00:20;2\n",
        "time,current\n01/07/2026 00:00:00,1\n01/07/2026 00:00:20,2\n",
        "Device: shunt,\n\ntime,current\n2026-07-01 00:00:00,1\n2026-07-01 00:00:20,2\n",
        "time|current\n2026-07-01 00:00:00|1\n2026-07-01 00:00:20|2\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_times_and_tables_are_read_as_those_of_meters_are(text: str, encoding: str) -> None:
    file = read(text.encode(encoding), "a.csv", zone="UTC")
    time_us, amps = file.arrays["current_a"]
    assert amps.tolist() == [1, 2]
    assert time_us.tolist() == [1_782_864_000_000_000, 1_782_864_020_000_000]


def test_the_hour_that_comes_twice_is_told_by_order() -> None:
    rows = [f"2026-10-25 01:{minute:02}:00,{n}" for n in (0, 1) for minute in (0, 20, 40)]
    file = read("\n".join(["time,current", *rows]).encode(), "a.csv", zone="Europe/London")
    assert np.diff(file.arrays["current_a"][0]).tolist() == [1_200_000_000] * 5


def test_a_line_is_named_below_blank_lines_and_a_title() -> None:
    text = b"Device: shunt,\n\ntime,current\n1767225600,1\n\n1767225620,abc\n"
    with pytest.raises(InputError, match=r"a\.csv, line 6, column 'current': 'abc'"):
        read(text, "a.csv")
