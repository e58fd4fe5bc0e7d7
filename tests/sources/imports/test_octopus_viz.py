"""octopus_viz's files as it writes them: its debug files and every shape of its configuration."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from energydash.core.errors import InputError
from energydash.home.meters import Direction, Energy, Meter, Unit
from energydash.sources.imports import Choices, File, MeterReadings, read_readings
from energydash.sources.imports.contents import TariffFile, point_in
from energydash.sources.imports.octopus_viz import write_readings
from energydash.sources.imports.tariffs import read_tariffs

TARIFF = {
    "unit": "electricity_importing_kwh",
    "rates": [{"interval_start": "00:00", "interval_end": "24:00", "rate": 0.25}],
}
METER = {"mpan": "1111111111111", "serial": "21L1", "unit": "electricity_importing_kwh"}


def line(point: str, serial: str, way: str, value: float, hour: int = 0) -> str:
    return json.dumps(
        {
            "consumption": value, "direction": way, "mpan": point, "serial": serial,
            "interval_start": f"2026-07-01T{hour:02}:00:00+01:00",
            "interval_end": f"2026-07-01T{hour:02}:30:00+01:00",
        }
    )  # fmt: skip


def debug(*lines: str, **choices: str) -> list[MeterReadings]:
    return read_readings(
        File("debug.jsons", "\n".join([*lines, ""]).encode()), Choices(**choices)  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_debug_file_has_the_meters_that_its_lines_name() -> None:
    found = debug(
        line("1111111111111", "21L1", "I", 0.1), line("1111111111111", "21L1", "I", 0.2, 1),
        line("2222222222222", "21L1", "E", 0.3), line("1111111111111", "19L9", "I", 0.4, 5),
    )  # fmt: skip
    assert [(one.point, one.serial, one.direction) for one in found] == [
        ("1111111111111", "21L1", Direction.IMPORT),
        ("2222222222222", "21L1", Direction.EXPORT),
        ("1111111111111", "19L9", Direction.IMPORT),
    ]
    assert [one.frame["energy"].tolist() for one in found] == [[0.1, 0.2], [0.3], [0.4]]
    assert all((one.energy, one.unit) == (Energy.ELECTRICITY, Unit.KWH) for one in found)


def test_gas_in_a_debug_file_needs_its_unit() -> None:
    gas = line("3000000011", "G4A1", "I", 1.5)
    with pytest.raises(InputError, match=r"line 1: meter G4A1 is of gas, and its unit is not said"):
        debug(gas)
    [found] = debug(gas, unit="m3")
    assert (found.energy, found.unit, found.point) == (Energy.GAS, Unit.M3, "3000000011")


def test_a_debug_file_names_the_line_that_is_odd() -> None:
    with pytest.raises(InputError, match=r"debug.jsons, line 2, column \d+: the file is cut short"):
        debug(line("1111111111111", "21L1", "I", 0.1), line("1", "2", "I", 1)[:-9])
    [found] = debug(
        line("1111111111111", "21L1", "I", 0.1),
        line("1111111111111", "21L1", "I", 0.1, 1).replace("0.1", '"much"'),
    )
    assert [one.line for one in found.refused] == [2]


def config(data: object) -> TariffFile:
    return read_tariffs(File("config.json", json.dumps(data).encode()))


@pytest.mark.parametrize(
    ("data", "tariffs", "meters"),
    [
        ({"meters": {}, "tariffs": {"flat": TARIFF}}, ["flat"], 0),
        ({"tariffs": {"flat": TARIFF}}, ["flat"], 0),
        ({"meters": [], "tariffs": {"flat": TARIFF}}, ["flat"], 0),
        ({"meters": None, "tariffs": {"flat": TARIFF}}, ["flat"], 0),
        ({"meters": {"api_key": "x"}, "tariffs": {"flat": TARIFF}}, ["flat"], 0),
        ({"meters": {"meters": [METER]}}, [], 1),
        ({"meters": [METER, {**METER, "mpan": "2222222222222"}]}, [], 2),
        ({"meters": [METER], "tariffs": {}}, [], 1),
        ({"meters": [METER], "tariffs": [{"name": "flat", **TARIFF}]}, ["flat"], 1),
        ([METER, {"name": "flat", **TARIFF}], ["flat"], 1),
    ],
)
def test_every_shape_of_a_configuration(data: object, tariffs: list[str], meters: int) -> None:
    found = config(data)
    assert [one.label for one in found.tariffs] == tariffs
    assert len(found.meters) == meters


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"meters": {}, "tariffs": {}}, "it holds neither tariffs nor meters"),
        ({"meters": "none", "tariffs": {"flat": TARIFF}}, "meters: it has no list of meters"),
        ({"meters": ["1111111111111"]}, "meters: it has no list of meters"),
        ({"tariffs": [TARIFF]}, "tariff 1: it has no name"),
        ({"tariffs": "flat"}, "tariffs: they are not tariffs by name"),
        ([], "it holds no tariffs"),
    ],
)
def test_what_is_no_configuration_says_why(data: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        config(data)


@pytest.mark.parametrize(
    ("meter", "name", "told"),
    [
        (Meter("m01234567", point="1111111111111", serials=("19L9", "21L1")),
         "21L1_1111111111111_", ("1111111111111", "21L1")),
        (Meter("m01234567", point="1111111111111"),
         "serial_1111111111111_", ("1111111111111", "")),
        (Meter("m01234567", serials=("21_L1",)), "serial_m01234567_", ("", "")),
        (Meter("m01234567", point="3000000011", energy=Energy.GAS, serials=("G4_A1",)),
         "G4-A1_3000000011_", ("3000000011", "G4-A1")),
    ],
)  # fmt: skip
def test_an_exported_name_is_in_the_tools_own_order(
    meter: Meter, name: str, told: tuple[str, str]
) -> None:
    index = pd.date_range("2026-07-01", periods=2, freq="30min", tz="UTC")
    file = write_readings(meter, pd.DataFrame({"energy": [0.1, 0.2]}, index=index))
    assert file.name == f"{name}2026-07-01_2026-07-01.json"
    assert len(file.name.split("_")) == 4  # the tool takes exactly these: serial, point, days
    assert point_in(file.name, is_cache=True) == told
    [found] = read_readings(file)
    assert found.meter_id == ("m01234567" if not meter.point else "")
