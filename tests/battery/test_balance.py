"""Mistakes of a time: each is named, its time is left out, and the rest stays right.

Five weeks of a battery by the minute; a fault is put into all of it, or into a week a month ago.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from energydash.battery import pipeline
from energydash.battery.pipeline import Analysed
from energydash.battery.record import in_memory
from energydash.battery.telemetry import Floats, Micros

Arrays = dict[str, tuple[Micros, Floats]]
DAY = 1440  # samples
DAYS = 35
START_US = 1_767_225_600_000_000 // (7 * 86_400_000_000) * 7 * 86_400_000_000
WEEK = slice(7 * DAY, 14 * DAY)
SIZE_AH = 200.0


@cache
def right(kind: str = "lfp") -> Arrays:
    rng = np.random.default_rng(3)
    minute = np.arange(DAYS * DAY)
    hour = minute % DAY / 60
    depth = np.repeat(rng.uniform(0.5, 0.8, DAYS), DAY)
    up = np.where((hour >= 1) & (hour < 5), depth / 4, 0.0)
    shape = 1 + 0.8 * np.sin(minute / 7) * (rng.random(len(minute)) > 0.3)
    down = np.where((hour >= 15) & (hour < 23), depth / 8 * shape, 0.0)
    for day in range(DAYS):
        here = slice(day * DAY, (day + 1) * DAY)
        down[here] *= up[here].sum() / down[here].sum()
    soc = 0.15 + np.cumsum(up - down) / 60
    amps = (up - down) * SIZE_AH + rng.normal(0, 0.05, len(minute))
    low, high = ((3.2, 3.35), (3.3, 4.1))[kind == "nmc"]
    volts = (16 if kind == "lfp" else 14) * (low + (high - low) * soc) + 0.012 * amps
    at = START_US + minute * 60_000_000
    return {
        "voltage_v": (at, np.round(volts, 1)), "current_a": (at + 900_000, np.round(amps, 1)),
        "power_kw": (at + 1_500_000, np.round(amps * volts / 1e3, 2)),
        "soc_percent": (at + 2_000_000, np.round(100 * soc, 1)),
        "temperature_c": (at, np.round(18 + 4 * np.sin(minute / 300), 1)),
    }  # fmt: skip


def changed(when: slice, **how: Callable[[Floats], Floats]) -> Arrays:
    arrays = dict(right())
    for part, change in how.items():
        at, value = arrays[part]
        value = value.copy()
        value[when] = change(value[when])
        arrays[part] = at, value
    return arrays


def late(hours: float, *parts: str, when: slice = slice(None)) -> Arrays:
    """Channels whose clock is hours off in a stretch."""
    arrays = dict(right())
    for part in parts:
        at, value = arrays[part]
        at = at.copy()
        at[when] += int(hours * 3.6e9)
        order = np.argsort(at, kind="stable")
        arrays[part] = at[order], value[order]
    return arrays


def swapped(when: slice) -> Arrays:
    arrays = right()
    return changed(
        when,
        current_a=lambda value: arrays["power_kw"][1][when],
        power_kw=lambda value: arrays["current_a"][1][when],
    )


def without(arrays: Arrays, *parts: str) -> Arrays:
    return {part: value for part, value in arrays.items() if part not in parts}


def by(factor: float) -> Callable[[Floats], Floats]:
    return lambda value: value * factor


def analysed(arrays: Arrays, capacity_ah: float | None = SIZE_AH) -> Analysed:
    record = in_memory(arrays, capacity_ah=capacity_ah)
    return pipeline.analyse(record, START_US, START_US + DAYS * 86_400_000_000)


def fahrenheit(value: Floats) -> Floats:
    return value * 1.8 + 32


# Name: the change of a stretch, the subject and a word of its finding, the share of flows lost.
FAULTS: dict[str, tuple[Callable[[slice], Arrays], str, str, float]] = {
    "V in mV, P in W": (lambda w: changed(w, voltage_v=by(1e3), power_kw=by(1e3)),
                        "voltage_v", "millivolts", 1),
    "V in mV alone": (lambda w: changed(w, voltage_v=by(1e3)), "voltage_v", "millivolts", 1),
    "I in mA, P in W": (lambda w: changed(w, current_a=by(1e3), power_kw=by(1e3)),
                        "current_a", "milliamperes", 1),
    "I in mA alone": (lambda w: changed(w, current_a=by(1e3)), "current_a", "milliamperes", 1),
    "ten times the current": (lambda w: changed(w, current_a=by(10)), "current_a",
                              "too large or too small", 1),
    "ten times the current without power": (
        lambda w: without(changed(w, current_a=by(10)), "power_kw"), "current_a",
        "state of charge", 1),
    "a tenth of the current": (lambda w: changed(w, current_a=by(0.1)), "current_a",
                               "too large or too small", 1),
    "I and P swapped": (swapped, "power_kw", "swapped", 1),
    "one cell's voltage": (lambda w: changed(w, voltage_v=by(1 / 16)), "voltage_v",
                           "one cell", 1),
    "unsigned current": (lambda w: changed(w, current_a=np.abs, power_kw=np.abs), "current_a",
                         "never changes its sign", 1),
    "a sign lost without SoC": (
        lambda w: without(changed(w, current_a=np.abs, power_kw=np.abs), "soc_percent"),
        "current_a", "never changes its sign", 1),
    "a sign lost without SoC and power": (
        lambda w: without(changed(w, current_a=np.abs), "soc_percent", "power_kw"),
        "current_a", "never changes its sign", 1),
    "the wrong sign": (lambda w: changed(w, current_a=by(-1), power_kw=by(-1)), "current_a",
                       "sign", 1),
    "zeros for no reading": (lambda w: changed(w, current_a=by(0)), "current_a", "0 A", 1),
    "zero volts": (lambda w: changed(w, voltage_v=by(0)), "voltage_v", "zeros", 1),
    "P in W": (lambda w: changed(w, power_kw=by(1e3)), "power_kw", "watts", 0),
    "P with the other sign": (lambda w: changed(w, power_kw=by(-1)), "power_kw", "opposite", 0),
    "P of something else": (
        lambda w: changed(w, power_kw=lambda v: np.abs(np.sin(np.arange(len(v)) / 500))),
        "power_kw", "fit the state of charge", 0),
    "SoC as 0 to 1": (lambda w: changed(w, soc_percent=by(0.01)), "soc_percent", "0 to 1", 0),
    "SoC of something else": (
        lambda w: changed(w, soc_percent=lambda v: 50 + 40 * np.sin(np.arange(len(v)) / 90)),
        "soc_percent", "does not follow", 0),
    "°F": (lambda w: changed(w, temperature_c=fahrenheit), "temperature_c", "°F", 0),
}  # fmt: skip
CLOCKS: dict[str, tuple[Callable[[slice], Arrays], str, float]] = {
    "V 7 h late": (lambda w: late(7, "voltage_v", when=w), "voltage_v", 1),
    "V 7 h early": (lambda w: late(-7, "voltage_v", when=w), "voltage_v", 1),
    "V 1 h late": (lambda w: late(1, "voltage_v", when=w), "voltage_v", 1),
    "P 7 h late": (lambda w: late(7, "power_kw", when=w), "power_kw", 0),
    "SoC 7 h late": (lambda w: late(7, "soc_percent", when=w), "soc_percent", 0),
    "SoC 5.5 h early": (lambda w: late(-5.5, "soc_percent", when=w), "soc_percent", 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_week_a_month_ago_is_left_out_and_named(name: str) -> None:
    fault, subject, word, lost = FAULTS[name]
    whole = analysed(right())
    found = analysed(fault(WEEK))
    assert found.analysis is not None, found.reason
    assert whole.analysis is not None
    named = next(one for one in found.findings if one.subject == subject and word in one.sentence)
    assert named.severity == "warning"
    assert {one.subject for one in found.findings if one.severity != "note"} == {subject}
    assert named.period is not None
    assert named.period.duration.days in (5, 6, 7)
    for part in ("kwh_in", "kwh_out"):
        real, said = (getattr(one.analysis.totals, part) for one in (whole, found))
        assert said == pytest.approx(real * (1 - lost / 5), rel=0.03)
    assert found.analysis.totals.energy_coverage == pytest.approx(1 - lost / 5, abs=0.02)
    if "soc_percent" in fault(WEEK):
        assert found.analysis.capacity is not None
        assert found.analysis.capacity.ah == pytest.approx(SIZE_AH, rel=0.02)


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_that_is_hours_off_is_named(name: str) -> None:
    fault, subject, lost = CLOCKS[name]
    for when, weeks in ((WEEK, 1), (slice(None), 5)):
        found = analysed(fault(when))
        named = [one for one in found.findings if one.kind == "time-zone"]
        assert {one.subject for one in named} == {subject}
        if lost and weeks == 5:
            assert found.analysis is None
            assert "clock is hours off" in found.reason
            continue
        assert found.analysis is not None, found.reason
        assert found.analysis.totals.energy_coverage == pytest.approx(1 - lost * weeks / 5, abs=0.1)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault[3]])
def test_where_nothing_else_is_left_there_are_no_figures(name: str) -> None:
    fault, subject, word, _ = FAULTS[name]
    found = analysed(fault(slice(None)))
    if name == "the wrong sign":  # told by the state of charge
        assert found.analysis is not None
        return
    assert found.analysis is None
    assert word in found.reason or subject == "voltage_v"


@pytest.mark.parametrize("kind", ["lfp", "nmc"])
@pytest.mark.parametrize("capacity_ah", [None, SIZE_AH])
def test_what_is_right_is_no_fault(kind: str, capacity_ah: float | None) -> None:
    assert analysed(right(kind), capacity_ah).findings == ()
    assert analysed(without(right(kind), "power_kw"), capacity_ah).findings == ()


@pytest.mark.parametrize("offset_a", [0.3, -0.3, 0.8])
@pytest.mark.parametrize("parts", [(), ("power_kw",), ("power_kw", "soc_percent")])
def test_an_idle_battery_with_an_offset_is_no_fault(
    offset_a: float, parts: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(4)
    count = DAYS * DAY
    at = right()["voltage_v"][0]
    arrays: Arrays = {
        "current_a": (at, np.round(offset_a + rng.normal(0, 0.05, count), 1)),
        "voltage_v": (at, np.round(53 + rng.normal(0, 0.02, count), 2)),
        "power_kw": (at, np.round(rng.normal(0, 0.004, count), 2)),
        "soc_percent": (at, np.round(60 - np.arange(count) / count * 2, 1)),
    }
    for capacity_ah in (None, SIZE_AH):
        found = analysed(without(arrays, *parts), capacity_ah)
        assert found.analysis is not None
        assert {one for one in found.findings if one.severity != "note"} == set()
