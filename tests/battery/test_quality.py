"""Mistakes are named, not integrated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from energydash.battery.energy import integrate
from energydash.battery.quality import blocking, cross_check, sign_by_soc
from energydash.battery.telemetry import Channel, Telemetry, clean, from_arrays
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from tests.battery.simulated import START_US, monitored, truth


@pytest.fixture(scope="module")
def good() -> Telemetry:
    return monitored(truth(6, seed=2), 1).telemetry()


def found(telemetry: Telemetry) -> tuple[Finding, ...]:
    return cross_check(telemetry, integrate(telemetry))


def only(telemetry: Telemetry) -> Finding:
    """The one fault that is more than a note."""
    faults = [fault for fault in found(telemetry) if fault.severity != "note"]
    assert len(faults) == 1, faults
    return faults[0]


def test_good_data_have_no_fault(good: Telemetry) -> None:
    assert found(good) == ()


def test_millivolts(good: Telemetry) -> None:
    fault = only(replace(good, voltage=good.voltage.scaled(1000)))
    assert (fault.kind, fault.subject, fault.severity) == ("scale", "voltage_v", "blocking")
    assert "millivolts" in fault.sentence
    alone = replace(good, voltage=good.voltage.scaled(1000), power=Channel(*_none()))
    assert only(alone).subject == "voltage_v"


def test_milliamperes(good: Telemetry) -> None:
    fault = only(replace(good, current=good.current.scaled(1000)))
    assert (fault.kind, fault.subject, fault.severity) == ("scale", "current_a", "blocking")


def test_watts(good: Telemetry) -> None:
    fault = only(replace(good, power=good.power.scaled(1000)))
    assert (fault.kind, fault.subject, fault.severity) == ("scale", "power_kw", "warning")
    assert "watts" in fault.sentence


def test_three_percent_off(good: Telemetry) -> None:
    fault = only(replace(good, power=good.power.scaled(1.03)))
    assert fault.kind == "scale"
    assert "+3." in fault.sentence or "+2.9" in fault.sentence
    assert found(replace(good, power=good.power.scaled(1.01))) == ()


def test_wrong_sign_of_the_current(good: Telemetry) -> None:
    turned = replace(good, current=good.current.scaled(-1), power=good.power.scaled(-1))
    fault = only(turned)
    assert (fault.kind, fault.subject, fault.severity) == ("sign", "current_a", "blocking")
    assert blocking(found(turned)) == fault
    assert sign_by_soc(turned.current, turned.soc) == -1
    assert sign_by_soc(good.current, good.soc) == 1


def test_wrong_sign_of_the_power(good: Telemetry) -> None:
    fault = only(replace(good, power=good.power.scaled(-1)))
    assert (fault.kind, fault.subject) == ("sign", "power_kw")


def test_current_and_power_swapped(good: Telemetry) -> None:
    fault = only(replace(good, current=good.power, power=good.current))
    assert fault.kind in ("mapping", "scale")
    assert fault.severity == "blocking" or fault.subject == "power_kw"


@pytest.mark.parametrize("hours", [-8, -1, 1, 5.5])
def test_a_channel_in_another_time_zone(good: Telemetry, hours: float) -> None:
    shifted = replace(good, power=good.power.shifted(int(hours * 3.6e9)))
    fault = only(shifted)
    assert (fault.kind, fault.severity) == ("time-zone", "blocking")
    assert f"{abs(hours):g} h" in fault.sentence
    assert ("ahead" if hours > 0 else "behind") in fault.sentence


def test_state_of_charge_in_another_time_zone(good: Telemetry) -> None:
    fault = found(replace(good, soc=good.soc.shifted(int(7 * 3.6e9))))[0]
    assert (fault.kind, fault.subject, fault.severity) == ("time-zone", "soc_percent", "blocking")
    assert "7 h too late" in fault.sentence


def test_missing_channels(good: Telemetry) -> None:
    kinds = {fault.subject: fault.severity for fault in found(Telemetry(soc=good.soc))}
    assert kinds["current_a"] == "blocking"
    assert kinds["voltage_v"] == "warning"
    notes = found(Telemetry(voltage=good.voltage, current=good.current))
    assert [fault.subject for fault in notes] == ["soc_percent"]


def test_constant_and_stuck(good: Telemetry) -> None:
    flat = Channel(good.voltage.time_us, np.full(len(good.voltage), 52.0))
    fault = next(f for f in found(replace(good, voltage=flat)) if f.kind == "constant")
    assert "52 V throughout" in fault.sentence
    value = good.soc.value.copy()
    value[4320:8640] = value[4320]
    stuck = found(replace(good, soc=Channel(good.soc.time_us, value)))
    assert "stuck" in {fault.kind for fault in stuck} or "mapping" in {f.kind for f in stuck}


def test_raw_samples_are_cleaned_and_what_was_wrong_is_said() -> None:
    time_us = START_US + np.array([0, 20, 10, 10, 40]) * 1_000_000
    channel, faults = clean("voltage_v", time_us, np.array([50.0, 51, 52, 53, -5]))
    assert channel.value.tolist() == [50, 53, 51]
    assert [fault.kind for fault in faults] == ["out-of-range", "clock", "duplicates"]
    assert all(fault.count == 1 for fault in faults)
    with pytest.raises(InputError, match="not a battery channel"):
        from_arrays({"humidity": (time_us, np.zeros(5))})


def test_local_times_that_repeat_an_hour_are_a_time_zone_mistake() -> None:
    half = np.arange(0, 7200, 20)
    time_us = START_US + np.concatenate([half, half + 3600 - 20]) * 1_000_000
    _, faults = clean("current_a", time_us, np.ones(len(time_us)))
    assert faults[0].kind == "time-zone"
    assert faults[0].severity == "blocking"


def _none() -> tuple[np.ndarray, np.ndarray]:
    return np.empty(0, np.int64), np.empty(0)
