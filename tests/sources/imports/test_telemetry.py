"""Telemetry files: recognised by content, refused by line and column."""

from __future__ import annotations

import io
import json
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energydash.core.errors import InputError
from energydash.sources.imports import telemetry
from energydash.sources.imports.telemetry import TelemetryFile
from energydash.sources.imports.telemetry_columns import Said
from tests.battery.simulated import START_US, monitored, truth


def read(
    body: bytes, name: str, columns: dict[str, str] | None = None, **said: Any
) -> TelemetryFile:
    return telemetry.read(body, name, Said(columns or {}, **said))


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
    assert len(file.arrays["power_kw"][1]) == 1
    assert file.arrays["power_kw_end"][0].tolist() == [START_US + 60_000_000]
    assert [one.quantity for one in file.columns if one.name == "sensor.kitchen_humidity"] == [
        "not used"
    ]
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
    file = read(text.encode(encoding), "a.csv", zone="UTC", day_first=True)
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


def used(file: TelemetryFile) -> dict[str, str]:
    return {one.channel: one.name for one in file.columns if one.channel}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("time,voltage,maxChargeCurrent,soc", {"voltage_v": "voltage", "soc_percent": "soc"}),
        ("time,voltage,ratedCurrent_a,current_limit", {"voltage_v": "voltage"}),
        ("time,Battery Voltage(V),PV1 Voltage(V),Grid Voltage(V)",
         {"voltage_v": "Battery Voltage(V)"}),
        ("time,voltage,current,phone_battery_power",
         {"voltage_v": "voltage", "current_a": "current"}),
        ("time,voltage,current,kitchen temperature",
         {"voltage_v": "voltage", "current_a": "current"}),
        ("time,voltage,current,Inverter power",
         {"voltage_v": "voltage", "current_a": "current"}),
        ("time,rack_voltage,rack_current,current_price",
         {"voltage_v": "rack_voltage", "current_a": "rack_current"}),
    ],
)  # fmt: skip
def test_a_column_is_used_only_where_its_name_is_sure(
    header: str, expected: dict[str, str]
) -> None:
    width = header.count(",")
    rows = "".join(f"{1767225600 + 20 * n}{',5' * width}\n" for n in range(2))
    file = read(f"{header}\n{rows}".encode(), "a.csv")
    assert used(file) == {"time": "time", **expected}
    assert set(file.arrays) == set(expected)
    assert {one.name for one in file.columns} == set(header.split(","))
    assert {one.first for one in file.columns if one.channel in expected} == {"5"}


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("time,Charge current,Discharge current", "which is the battery's current"),
        ("time,voltage,Battery A current,Battery B current", "which is the battery's current"),
        ("time,wallbox_power", "may be the battery's power"),
        ("time,voltage,current,soc,battery soc 2,battery soc 3", "which is the battery's state"),
    ],
)
def test_what_may_be_several_things_is_asked(header: str, why: str) -> None:
    text = f"{header}\n" + "".join(
        f"{1767225600 + 20 * n}{',5' * header.count(',')}\n" for n in range(2)
    )
    with pytest.raises(InputError, match=why) as raised:
        read(text.encode(), "a.csv")
    assert "--columns" in str(raised.value)
    part, name = "current_a", header.split(",")[-1]
    if "soc" in header:
        part = "soc_percent"
    if "power" in header:
        part = "power_kw"
    assert used(read(text.encode(), "a.csv", {part: name}))[part] == name


def test_a_phone_in_a_home_assistant_history_is_not_the_pack() -> None:
    rows = [
        f"sensor.{entity},{value},2026-01-01T00:0{n}:00Z"
        for n in range(3)
        for entity, value in (
            ("growatt_battery_voltage", 52), ("growatt_battery_power", 1500),
            ("growatt_battery_soc", 50), ("johns_s23_battery_temperature", 31),
            ("johns_s23_battery_power", 2),
        )
    ]  # fmt: skip
    text = "\n".join(["entity_id,state,last_changed", *rows, ""]).encode()
    file = read(text, "history.csv")
    assert set(file.arrays) == {"voltage_v", "power_kw", "soc_percent"}
    assert file.arrays["power_kw"][1][0] == 1.5


@pytest.mark.parametrize(("values", "factor"), [("1500,-2400", 1e-3), ("1.5,-2.4", 1.0)])
def test_a_power_without_a_unit_is_told_by_its_size(values: str, factor: float) -> None:
    one, two = values.split(",")
    file = read(f"time,power\n1767225600,{one}\n1767225620,{two}\n".encode(), "a.csv")
    assert file.arrays["power_kw"][1][0] == pytest.approx(float(one) * factor)
    small = b"time,power\n1767225600,40\n1767225620,-12\n"
    with pytest.raises(InputError, match="watts or kilowatts"):
        read(small, "a.csv")
    assert read(small, "a.csv", units={"power_kw": "W"}).arrays["power_kw"][1][0] == 0.04
    with pytest.raises(InputError, match="not a unit of power"):
        read(small, "a.csv", units={"power_kw": "mV"})


def test_fahrenheit_in_the_header() -> None:
    file = read(b"time,battery temp (F)\n1767225600,68\n1767225620,77\n", "a.csv")
    assert file.arrays["temperature_c"][1].tolist() == pytest.approx([20, 25])


@pytest.mark.parametrize(
    "dates", ["01/07/2026 00:00:00", "03/02/2026 10:15", "1/7/2026 1:05:00 PM"]
)
def test_dates_that_may_be_two_are_asked(dates: str) -> None:
    text = f"time,current\n{dates},1\n{dates},2\n".encode()
    with pytest.raises(InputError, match="day/month or month/day") as raised:
        read(text, "a.csv")
    assert "--dates" in str(raised.value)
    first, second = (
        read(text, "a.csv", day_first=day_first).arrays["current_a"][0][0]
        for day_first in (True, False)
    )
    assert first != second


@pytest.mark.parametrize("dates", ["13/07/2026 00:00:00", "07/13/2026 00:00", "07/07/2026 00:00:00",
                                   "13.07.2026 00:00"])  # fmt: skip
def test_dates_that_can_be_one_only_are_not_asked(dates: str) -> None:
    file = read(f"time,current\n{dates},1\n".encode(), "a.csv")
    day = pd.Timestamp(int(file.arrays["current_a"][0][0]), unit="us")
    assert (day.month, day.day) in ((7, 13), (7, 7))


def test_the_files_zone_is_said() -> None:
    text = b"Date,Time,current\n2026-07-01,01:00:00,1\n2026-07-01,01:00:20,2\n"
    utc, london = (
        read(text, "a.csv", zone=zone).arrays["current_a"][0][0]
        for zone in ("UTC", "Europe/London")
    )
    assert utc - london == int(3.6e9)


VRM = (
    "timestamp,Battery Monitor [512],Battery Monitor [512],Battery Monitor [512],System overview "
    "[0],Solar Charger [260],System overview [0],Battery Monitor [512]\n"
    '"Europe/London (+01:00)",Voltage,Current,State of charge,Battery Power,Voltage,Voltage,'
    "Starter battery voltage\n"
    ",V,A,%,W,V,V,V\n"
    "2026-07-01 01:00:00,52.1,10,50,521,80,52.0,12\n"
    "2026-07-01 01:15:00,52.2,-4,51,-209,81,52.1,12\n"
)


def test_a_vrm_export_has_three_header_lines_and_a_zone() -> None:
    file = read(VRM.encode(), "vrm.csv")
    assert (file.kind, file.zone) == ("Victron VRM", "Europe/London")
    time_us, volts = file.arrays["voltage_v"]
    assert pd.Timestamp(int(time_us[0]), unit="us", tz="UTC").hour == 0
    assert volts.tolist() == [52.1, 52.2]
    assert file.arrays["power_kw"][1].tolist() == pytest.approx([0.521, -0.209])
    assert set(file.arrays) == {"voltage_v", "current_a", "soc_percent", "power_kw"}
    utc = read(VRM.encode(), "vrm.csv", zone="UTC")
    assert utc.arrays["voltage_v"][0][0] - time_us[0] == int(3.6e9)
    older = VRM.replace("timestamp,", ",").replace("Europe/London (+01:00)", "UTC (+00:00)")
    assert read(older.encode(), "vrm.csv").zone == "UTC"
    with pytest.raises(InputError, match="time zone 'Nowhere/Land' is not known"):
        read(VRM.replace("Europe/London", "Nowhere/Land").encode(), "vrm.csv")


def test_a_spreadsheet() -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["My shunt", None, None])
    sheet.append(["Date", "Time", "Current (mA)"])
    for second in (0, 20):
        sheet.append([date(2026, 7, 13), time(1, 0, second), 1000 + second])
    empty = book.create_sheet("notes", 0)
    empty.append(["nothing"])
    body = io.BytesIO()
    book.save(body)
    file = read(body.getvalue(), "log.xlsx", zone="Europe/London")
    at, amps = file.arrays["current_a"]
    assert pd.Timestamp(int(at[0]), unit="us").isoformat() == "2026-07-13T00:00:00"
    assert amps.tolist() == pytest.approx([1.0, 1.02])
    with pytest.raises(InputError, match="spreadsheet"):
        read(body.getvalue()[:-200] + b"0" * 200, "cut.xlsx")


def test_the_notebooks_own_csv() -> None:
    arrays = monitored(truth(2, seed=5), 1).arrays
    types = {"voltage_v": 532, "current_a": 533, "power_kw": 531, "soc_percent": 514}
    rows = [
        f"{n},2193481,{types[part]},{int(at) // 1000},{value}"
        for part in types
        for n, (at, value) in enumerate(zip(*arrays[part], strict=True))
    ]
    text = "\n".join([",mac,type,timestamp,data", *rows, ""]).encode()
    file = read(text, "battery.csv")
    assert file.kind == "Aretas"
    assert set(file.arrays) == set(types)
    assert np.abs(file.arrays["current_a"][1]).max() > 20
    local = text + b"99,77,532,1767225600000,400\n"
    two = read(local, "two.csv", {"voltage_v": "2193481:532"})
    assert two.arrays["voltage_v"][1].max() < 100
