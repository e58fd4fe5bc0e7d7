"""Which sensor is which, by name, by what it does, and by what the user says."""

from __future__ import annotations

import pytest

from energydash.battery.mapping import full_name, infer, parse_overrides
from energydash.battery.naming import part_of
from energydash.battery.telemetry import Channel
from energydash.core.errors import InputError
from tests.battery.simulated import monitored, truth


@pytest.mark.parametrize(
    ("label", "unit", "part"),
    [
        ("Pack voltage", "V", "voltage_v"), ("battery_current", "", "current_a"),
        ("BMS Power", "kW", "power_kw"), ("State of Charge", "%", "soc_percent"),
        ("soc", "", "soc_percent"), ("Pack temperature 1", "°C", "temperature_c"),
        ("SoC (%)", "", "soc_percent"), ("batterySoC", "", "soc_percent"),
        ("batteryStateOfCharge", "", "soc_percent"), ("maxChargeCurrent", "A", None),
        ("Cell voltage 3", "V", None), ("Humidity", "%", None), ("Battery health", "%", None),
        ("Bank", "V", "voltage_v"), ("Remaining", "Ah", None), ("Charge current limit", "A", None),
    ],
)  # fmt: skip
def test_names(label: str, unit: str, part: str | None) -> None:
    assert part_of(label, unit) == part


def test_what_the_user_says() -> None:
    assert parse_overrides("voltage=532, current=I") == {"voltage_v": "532", "current_a": "I"}
    assert parse_overrides("") == {}
    assert full_name("time") == "time"
    for text, why in (("voltage", "NAME=COLUMN"), ("humidity=3", "not a battery channel")):
        with pytest.raises(InputError, match=why):
            parse_overrides(text)


def test_current_and_power_by_what_they_do() -> None:
    found = monitored(truth(3, seed=9), 1).telemetry()
    sensors = {"a": found.power, "b": found.current, "c": found.voltage, "d": found.soc}
    known = infer(sensors, {"soc_percent": "d"})
    assert known == {
        "soc_percent": "d", "voltage_v": "c", "current_a": "b", "power_kw": "a",
    }  # fmt: skip
    at_rest = {"a": Channel(found.power.time_us, 0 * found.power.value), "c": found.voltage}
    assert infer(at_rest, {}) == {"voltage_v": "c"}
    assert infer({}, {}) == {}
