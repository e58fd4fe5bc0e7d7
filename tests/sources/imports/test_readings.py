"""Files of readings: each format recognised, each oddity told, nothing read by halves."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import InputError
from energydash.core.time import HALF_HOUR, LONDON, Period, grid, local_midnight
from energydash.home.meters import Direction, Energy, Unit
from energydash.sources.imports import Choices, File, MeterReadings, read_readings


def read(name: str, text: str | bytes, **choices: object) -> MeterReadings:
    data = text if isinstance(text, bytes) else text.encode()
    [found] = read_readings(File(name, data), Choices(**choices))  # type: ignore[arg-type]
    return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local_rows(day: date, *, backwards: bool = False) -> list[str]:
    """A local day's clock times without offsets, with a value that tells their order in time."""
    period = Period.local_days(day, day + timedelta(days=1), LONDON)
    times = grid(period, HALF_HOUR).tz_convert(LONDON)
    rows = [f"{at:%Y-%m-%d %H:%M:%S},{n}" for n, at in enumerate(times)]
    return rows[::-1] if backwards else rows


# Octopus's website


def test_the_real_website_csv(recordings: Path) -> None:
    file = recordings / "octopus" / "octopus_download_2023-01_sample.csv"
    [found] = read_readings(File.of(file))
    assert (found.format, found.rows, len(found.frame)) == ("Octopus website CSV", 1999, 1999)
    assert found.period == Period(utc("2023-01-01T00:00"), utc("2023-02-11T15:30"))
    assert (found.refused, found.repeated, found.missing, found.gaps) == ((), 0, 0, ())
    assert found.frame["energy"].iloc[0] == 0.396


CLASSIC = """Consumption (kWh), Start, End
 0.093, 2025-10-26T00:30:00+01:00, 2025-10-26T01:00:00+01:00
 0.101, 2025-10-26T01:00:00+01:00, 2025-10-26T01:30:00+01:00
 0.110, 2025-10-26T01:30:00+01:00, 2025-10-26T01:00:00+00:00
 0E-20, 2025-10-26T01:30:00+00:00, 2025-10-26T02:00:00+00:00
"""


def test_website_csv_over_the_repeated_hour_with_a_zero_and_a_gap() -> None:
    found = read("usage.csv", CLASSIC)
    assert found.frame["energy"].tolist() == [0.093, 0.101, 0.11, 0.0]
    assert found.gaps == (Period(utc("2025-10-26T01:00"), utc("2025-10-26T01:30")),)
    assert (found.missing, found.zero_filled, found.unit) == (1, 0, Unit.KWH)


NEWER = """Consumption (kwh), Estimated Cost Inc. Tax (p), Standing Charge Inc. Tax (p), Start, End
0.25, 4.1, 0.78, 2026-01-15T00:00:00Z, 2026-01-15T00:30:00Z
{zero}0.40, 6.6, 0.78, 2026-01-15T02:00:00Z, 2026-01-15T02:30:00Z
"""
ZERO = "0E-20, 0, 0.78, 2026-01-15T01:00:00Z, 2026-01-15T01:30:00Z\n"


def test_newer_website_csv_leaves_zeros_out() -> None:
    found = read("usage.csv", NEWER.format(zero=""))
    assert found.frame["energy"].tolist() == [0.25, 0.0, 0.0, 0.0, 0.4]
    assert (found.zero_filled, found.missing, found.gaps) == (3, 0, ())
    assert "3 absent half-hours are read as zero" in found.notes[-1]


def test_newer_website_csv_that_prints_zeros_has_gaps() -> None:
    found = read("usage.csv", NEWER.format(zero=ZERO))
    assert found.frame["energy"].tolist() == [0.25, 0.0, 0.4]
    assert (found.zero_filled, found.missing) == (0, 2)


def test_the_user_decides_what_an_absent_half_hour_is() -> None:
    assert read("u.csv", NEWER.format(zero=""), absent="missing").missing == 3
    assert read("u.csv", NEWER.format(zero=ZERO), absent="zero").zero_filled == 2


def test_gas_and_split_columns() -> None:
    gas = read(
        "g.csv", "Consumption (m³), Start, End\n1.5, 2026-01-15T00:00:00Z, 2026-01-15T00:30Z"
    )
    assert (gas.unit, gas.energy, gas.frame["energy"].tolist()) == (Unit.M3, Energy.GAS, [1.5])
    split = read(
        "s.csv",
        "Home Consumption (kWh), Home Unit Rate (p), EV Consumption (kWh), EV Unit Rate (p), "
        "Start, End\n0.5, 27, 3.0, 7, 2026-07-20T00:00:00+01:00, 2026-07-20T00:30:00+01:00\n",
    )
    assert split.frame["energy"].tolist() == [3.5]


# Cut short, garbled


@pytest.mark.parametrize("cut", [len(CLASSIC) - n for n in (8, 20, 31, 40, 55)])
def test_a_website_csv_cut_short_names_its_last_line(cut: int) -> None:
    found = read("usage.csv", CLASSIC[:cut])
    assert [one.line for one in found.refused] == [5]
    assert len(found.frame) == 3


def test_rows_that_cannot_be_read_are_named_by_line_and_column() -> None:
    text = "start,kwh\n2026-01-01T00:00Z,0.1\nyesterday,0.2\n2026-01-01T01:00Z,lots\n"
    found = read("x.csv", text)
    assert [str(one) for one in found.refused] == [
        "line 3, column start: 'yesterday' is not a time.",
        "line 4, column kwh: 'lots' is not a number.",
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("e.csv", "", "e.csv: the file is empty"),
        ("e.csv", "  \n", "the file is empty"),
        ("b.csv", b"PK\x03\x04\x00\x00", "not a text file"),
        ("n.csv", "hello\nthere\n", "line 1: it has no header"),
        ("n.csv", "name,colour\nbob,red\n", "line 1: none of its columns (name, colour)"),
        ("d.csv", "date,kwh\n2026-02-01,10\n2026-02-02,11\n2026-02-03,9\n", "daily readings"),
        (
            "f.csv",
            "start,kwh\n2026-02-01T00:00Z,1,2\n",
            "line 2, column 3: 3 values where the header has 2",
        ),
        ("u.csv", "start,value\n2026-02-01T00:00Z,95\n", "column value: it does not say its unit"),
        ("m.csv", "start,a kwh,b kwh\n2026-02-01T00:00Z,1,2\n", "several columns of energy"),
        ("p.json", '{"results": [{"value_inc_vat": 1}]}', "prices, not readings"),
        ("t.json", '{"tariffs": {}}', "tariffs, not readings"),
        ("c.json", '{"results": [{"consumption": 0.1, "inter', "line 1, column .*cut short"),
        ("o.json", '{"other": 1}', "not an answer with readings"),
    ],
)
def test_files_that_cannot_be_read_say_where_and_why(
    name: str, text: str | bytes, words: str
) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(").replace(")", r"\)")):
        read(name, text)


# Clock times


def test_the_dirty_file(recordings: Path) -> None:
    file = recordings / "octopus" / "issymiddleton_halfhour_wh.csv"
    [found] = read_readings(File.of(file), Choices(unit="wh"))
    assert found.rows == 18_141
    assert (found.repeated, found.repeated_by_clock, found.conflicting) == (675, 2, 0)
    assert (found.missing, found.skipped_by_clock) == (7, 2)
    assert len(found.frame) == 18_141 - 673
    assert found.gaps == (Period(utc("2023-02-26T21:30"), utc("2023-02-27T00:00")),)
    assert not found.refused
    local = pd.DatetimeIndex(found.frame.index).tz_convert(LONDON)
    counts = pd.Series(local.date).value_counts()
    assert (counts[date(2022, 10, 30)], counts[date(2023, 3, 26)]) == (50, 46)
    # That day's rows run backwards, so of two equal stamps the first in the file is the later.
    night = found.frame.loc[utc("2022-10-30T00:00") : utc("2022-10-30T01:30"), "energy"]  # type: ignore[misc]
    assert night.tolist() == [0.104, 0.102, 0.085, 0.069]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("day", [date(2025, 10, 26), date(2026, 3, 29), date(2026, 6, 1)])
def test_clock_times_are_told_apart_by_order(day: date, backwards: bool) -> None:
    rows = local_rows(day, backwards=backwards)
    found = read("x.csv", "\n".join(["time,kwh", *rows, ""]))
    assert found.frame["energy"].tolist() == list(range(len(rows)))
    assert found.frame.index[0] == local_midnight(day, LONDON)
    assert found.repeated == found.repeated_by_clock == (2 if len(rows) == 50 else 0)
    assert (found.missing, found.skipped_by_clock) == ((2, 2) if len(rows) == 46 else (0, 0))
    assert found.gaps == ()


def test_a_day_that_is_in_the_file_twice_keeps_its_repeated_hour() -> None:
    rows = local_rows(date(2025, 10, 26))
    found = read("x.csv", "\n".join(["time,kwh", *rows, *rows, ""]))
    assert found.frame["energy"].tolist() == list(range(50))
    assert found.conflicting == 0


def test_a_repeated_hour_that_is_absent_is_missing() -> None:
    rows = local_rows(date(2025, 10, 26))
    found = read("x.csv", "\n".join(["time,kwh", *rows[:4], *rows[6:], ""]))
    assert found.gaps == (Period(utc("2025-10-26T01:00"), utc("2025-10-26T02:00")),)


def test_a_time_that_never_was_is_refused() -> None:
    text = "time,kwh\n2026-03-29 00:30,1\n2026-03-29 01:00,2\n2026-03-29 02:00,3\n"
    found = read("x.csv", text)
    assert [one.line for one in found.refused] == [3]
    assert "the clocks skipped it" in found.refused[0].sentence
    assert len(read("x.csv", text, zone="UTC").frame) == 3


def test_repeats_with_other_values_take_the_last() -> None:
    text = "start,kwh\n2026-02-01T00:00Z,1\n2026-02-01T00:30Z,2\n2026-02-01T00:00Z,3\n"
    found = read("x.csv", text)
    assert found.frame["energy"].tolist() == [3.0, 2.0]
    assert (found.repeated, found.conflicting) == (1, 1)


# Plain CSVs


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("start,kWh\n2026-07-01 01:00,0.5\n2026-07-01 01:30,0.6\n", {}),
        ("Timestamp (UTC),Usage (Wh)\n2026-07-01 00:00,500\n2026-07-01 00:30,600\n", {}),
        ("end,kwh\n2026-07-01T00:30Z,0.5\n2026-07-01T01:00Z,0.6\n", {}),
        ("time,kwh\n1782864000,0.5\n1782865800,0.6\n", {}),
        ("time,kwh\n1782864000000,0.5\n1782865800000,0.6\n", {}),
        ("Date,Time,kWh\n01/07/2026,01:00,0.5\n01/07/2026,01:30,0.6\n", {}),
        ("Date;Time;kWh\n01/07/2026;01:00;0,5\n01/07/2026;01:30;0,6\n", {}),
        ("Meter: 1,\n\nstart\tkwh\n2026-07-01T00:00Z\t0.5\n2026-07-01T00:30Z\t0.6\n", {}),
        ("when,what\n2026-07-01 01:00,500\n2026-07-01 01:30,600\n",
         {"unit": "Wh", "columns": {"time": "when", "value": "what"}}),
        ("\ufeffstart,kwh,cost (p)\r\n2026-07-01T00:00Z,0.5,9\r\n2026-07-01T00:30Z,0.6,9\r\n", {}),
    ],
)  # fmt: skip
def test_plain_csvs_of_the_same_two_half_hours(text: str, choices: dict[str, object]) -> None:
    found = read("x.csv", text, **choices)
    assert list(found.frame.index) == [utc("2026-07-01T00:00"), utc("2026-07-01T00:30")]
    assert found.frame["energy"].tolist() == pytest.approx([0.5, 0.6])


def test_import_and_export_columns_are_two_meters() -> None:
    text = (
        b"start,Export (kWh),Import (kWh)\n2026-01-01T00:00Z,0.0,0.4\n2026-01-01T00:30Z,0.1,0.5\n"
    )
    out, into = read_readings(File("x.csv", text))
    assert (out.direction, out.frame["energy"].tolist()) == (Direction.EXPORT, [0.0, 0.1])
    assert (into.direction, into.frame["energy"].tolist()) == (Direction.IMPORT, [0.4, 0.5])


def test_other_steps() -> None:
    quarters = "start,kwh\n" + "".join(
        f"2026-02-01T0{n // 4}:{n % 4 * 15:02}Z,{n}\n" for n in range(7)
    )
    found = read("x.csv", quarters)
    assert found.frame["energy"].tolist() == [1, 5, 9]
    assert "summed" in found.notes[0]
    assert "1 half-hours have only some" in found.notes[1]
    hours = read("x.csv", "start,kwh\n2026-02-01T00:00Z,1\n2026-02-01T01:00Z,3\n")
    assert hours.frame["energy"].tolist() == [0.5, 0.5, 1.5, 1.5]
    assert "estimates" in hours.notes[0]


def test_times_beside_the_half_hour_are_refused() -> None:
    text = "start,kwh\n" + "".join(
        f"2026-02-01T0{n}:00Z,1\n2026-02-01T0{n}:30Z,1\n" for n in range(3)
    )
    found = read("x.csv", text + "2026-02-01T03:07Z,1\n")
    assert [one.line for one in found.refused] == [8]


# JSON


def reading(start: str, value: float, **more: object) -> dict[str, object]:
    at = datetime.fromisoformat(start)
    end = (at + HALF_HOUR).isoformat()
    return {"consumption": value, "interval_start": start, "interval_end": end, **more}


ROWS = [reading("2026-07-01T00:30:00+01:00", 0.2), reading("2026-07-01T00:00:00+01:00", 0.1)]


def test_api_answers() -> None:
    page = {"count": 2, "next": None, "previous": None, "results": ROWS}
    for data in (page, [page], ROWS):
        found = read("consumption_export.json", json.dumps(data))
        assert found.frame["energy"].tolist() == [0.1, 0.2]
        assert found.direction is Direction.EXPORT
    several = {"count": 50_000, "next": "https://…", "results": ROWS}
    assert "one page of several" in read("p.json", json.dumps(several)).notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "1111111111111_21L1234567_2026-07-01_2026-07-02.json",
        "21L1234567_1111111111111_2026-07-01_2026-07-02.json",
    ],
)
def test_cache_files_in_both_name_orders(name: str) -> None:
    lines = "".join(json.dumps({**row, "unit": "electricity_exporting_kwh"}) + "\n" for row in ROWS)
    found = read(name, lines)
    assert (found.point, found.serial) == ("1111111111111", "21L1234567")
    assert (found.direction, found.energy, found.unit) == (
        Direction.EXPORT, Energy.ELECTRICITY, Unit.KWH,
    )  # fmt: skip
    assert found.frame["energy"].tolist() == [0.1, 0.2]
    assert "1111111111111" not in repr(found)


def test_a_gas_cache_file() -> None:
    line = json.dumps({**ROWS[0], "unit": "gas_importing_m3"})
    found = read("G4A001_3000000011_2026-07-01_2026-07-02.json", line)
    assert (found.point, found.unit, found.energy) == ("3000000011", Unit.M3, Energy.GAS)


def test_a_cache_file_cut_short_or_of_two_units() -> None:
    line = json.dumps({**ROWS[0], "unit": "electricity_importing_kwh"})
    with pytest.raises(InputError, match=r"line 2, column \d+: the file is cut short"):
        read("a_b_c_d.json", f"{line}\n{line[:40]}")
    other = json.dumps({**ROWS[1], "unit": "electricity_exporting_kwh"})
    with pytest.raises(InputError, match="line 2, column unit: 'electricity_exporting_kwh' is"):
        read("a_b_c_d.json", f"{line}\n{other}\n")
    with pytest.raises(InputError, match="not a unit of octopus_viz"):
        read("a_b_c_d.json", json.dumps({**ROWS[0], "unit": "steam"}))


# n3rgy, Home Assistant


def test_n3rgy() -> None:
    text = "timestamp (UTC),energyConsumption (kWh)\n2026-07-01 00:30,0.1\n2026-07-01 01:00,0.2\n"
    found = read("electricity.csv", text)
    assert found.frame.index[0] == utc("2026-07-01T00:00")
    assert read("e.csv", text, stamp="start").frame.index[0] == utc("2026-07-01T00:30")
    data = {
        "resource": "/gas/consumption/1",
        "unit": "m3",
        "granularity": "halfhour",
        "values": [{"timestamp": "2026-07-01 00:30", "value": 0.1}],
    }
    gas = read("g.json", json.dumps(data))
    assert (gas.energy, gas.unit, gas.frame.index[0]) == (
        Energy.GAS, Unit.M3, utc("2026-07-01T00:00"),
    )  # fmt: skip


def test_home_assistant_history_is_a_counter() -> None:
    text = """entity_id,state,last_changed
sensor.import,100.0,2026-07-01T00:00:00.000Z
sensor.import,100.4,2026-07-01T00:20:00.000Z
sensor.import,101.0,2026-07-01T01:10:00.000Z
sensor.import,unavailable,2026-07-01T01:40:00.000Z
sensor.import,103.0,2026-07-01T02:10:00.000Z
sensor.import,0.5,2026-07-01T02:40:00.000Z
sensor.import,0.7,2026-07-01T03:00:00.000Z
"""
    found = read("history.csv", text)
    assert found.label == "sensor.import"
    assert found.frame["energy"].to_dict() == pytest.approx(
        {
            pd.Timestamp(utc("2026-07-01T00:00")): 0.4,
            pd.Timestamp(utc("2026-07-01T00:30")): 0.0,  # nothing written: nothing used
            pd.Timestamp(utc("2026-07-01T01:00")): 0.6,
            # without a state from 01:40 to 02:10: how much was used when is not known
            pd.Timestamp(utc("2026-07-01T02:30")): 0.7,  # reset, then 0.5 and 0.2
        }
    )
    assert found.missing == 2


def test_home_assistant_energy_dashboard() -> None:
    text = (
        "entity_id,type,unit,2026-01-05T10:00:00.000Z,2026-01-05T11:00:00.000Z\n"
        "sensor.day,grid_consumption,kWh,1.0,0.5\n"
        "sensor.night,grid_consumption,kWh,0.5,\n"
        "sensor.cost,grid_consumption_cost,GBP,0.4,0.1\n"
        "sensor.out,grid_return,Wh,2000,0\n"
    )
    into, out = read_readings(File("energy.csv", text.encode()))
    assert into.frame["energy"].tolist() == [0.75, 0.75, 0.25, 0.25]
    assert (out.direction, out.frame["energy"].tolist()) == (Direction.EXPORT, [1, 1, 0, 0])
    assert "2 rows of grid_consumption are added" in into.notes


# Anything at all

LINES = "".join(json.dumps({**row, "unit": "electricity_importing_kwh"}) + "\n" for row in ROWS)
SAMPLES = {
    "classic.csv": CLASSIC,
    "newer.csv": NEWER.format(zero=ZERO),
    "plain.csv": "time,kwh\n" + "\n".join(local_rows(date(2025, 10, 26))) + "\n",
    "1111111111111_21L0001_a_b.json": LINES,
    "page.json": json.dumps({"count": 2, "next": None, "results": ROWS}),
    "n3rgy.json": json.dumps(
        {
            "resource": "/gas",
            "unit": "m3",
            "values": [{"timestamp": "2026-07-01 00:30", "value": 1}],
        }
    ),
    "history.csv": "entity_id,state,last_changed\n"
    + "".join(f"sensor.a,{n}.5,2026-07-01T0{n}:10:00.000Z\n" for n in range(6)),
    "energy.csv": "entity_id,type,unit,2026-01-05T10:00:00.000Z,2026-01-05T11:00:00.000Z\n"
    "sensor.day,grid_consumption,kWh,1.0,0.5\n",
}


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_by_name(name: str, data: st.DataObject) -> None:
    content = bytearray(SAMPLES[name].encode())
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for whole in (bytes(content), bytes(content[:cut])):
        try:
            for found in read_readings(File(name, whole)):
                assert found.frame.index.is_unique
                assert found.frame.index.is_monotonic_increasing
        except InputError as error:
            assert name in str(error)


def test_home_assistants_answer_is_read_as_its_csv_with_its_unit() -> None:
    states = [
        {"entity_id": "sensor.grid_return", "state": "1000",
         "last_changed": "2026-07-01T00:00:00+00:00",
         "attributes": {"unit_of_measurement": "Wh"}},
        {"state": "1400", "last_changed": "2026-07-01T00:20:00+00:00"},
        {"state": "unavailable", "last_changed": "2026-07-01T00:40:00+00:00"},
        {"state": "2000", "last_changed": "2026-07-01T01:00:00+00:00"},
    ]  # fmt: skip
    for data in ([states], {"sensor.grid_return": states}):
        found = read("history.json", json.dumps(data))
        assert (found.label, found.direction) == ("sensor.grid_return", Direction.EXPORT)
        assert found.frame["energy"].tolist() == [0.4]
        assert found.notes == ()


def test_a_failure_that_no_parser_foresaw_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("start")

    monkeypatch.setattr("energydash.sources.imports.plain_csv.read_plain", broken)
    with pytest.raises(InputError, match=r"odd\.csv: this is data in a form that is not known"):
        read("odd.csv", "start,kwh\n2026-07-01T00:00Z,1\n")
