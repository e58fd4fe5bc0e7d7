"""Mistakes that agree with each other: each is named, and its stretch is left out or forbids."""

from __future__ import annotations

import numpy as np
import pytest

from energydash.battery import pipeline
from energydash.battery.pipeline import Analysed
from energydash.battery.record import in_memory
from tests.battery.simulated import START_US, Report, monitored, truth

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@pytest.fixture(scope="module")
def report() -> Report:
    return monitored(truth(13, seed=6), 2)


def analysed(arrays: dict[str, object], capacity_ah: float | None = None) -> Analysed:
    record = in_memory(arrays, capacity_ah=capacity_ah)  # type: ignore[arg-type]
    assert record.extent_us is not None
    return pipeline.analyse(record, *record.extent_us)


def changed(report: Report, first_us: int, until_us: int, **factor: float) -> dict[str, object]:
    """The same with some channels multiplied in a stretch since the start."""
    arrays: dict[str, object] = dict(report.arrays)
    for part, by in factor.items():
        at, value = report.arrays[part]
        inside = (at >= START_US + first_us) & (at < START_US + until_us)
        arrays[part] = at, np.where(inside, value * by, value)
    return arrays


EVER = 1000 * DAY_US


def test_nothing_is_wrong_with_what_is_right(report: Report) -> None:
    for size in (None, 200.0):
        assert analysed(dict(report.arrays), size).findings == ()


@pytest.mark.parametrize(
    ("factor", "word"),
    [
        ({"voltage_v": 1000.0, "power_kw": 1000.0}, "millivolts"),
        ({"current_a": 1000.0, "power_kw": 1000.0}, "milliamperes"),
    ],
)
def test_two_wrong_units_that_agree_are_named(
    report: Report, factor: dict[str, float], word: str
) -> None:
    found = analysed(changed(report, 0, EVER, **factor))
    assert found.analysis is None
    assert word in found.reason


@pytest.mark.parametrize(
    ("part", "by"), [("current_a", 1000.0), ("voltage_v", 1000.0), ("voltage_v", 1 / 16),
                     ("voltage_v", 0.0)],
)  # fmt: skip
def test_a_stretch_of_old_is_left_out_and_the_rest_is_right(
    report: Report, part: str, by: float
) -> None:
    right = analysed(dict(report.arrays)).analysis
    found = analysed(changed(report, DAY_US, 3 * DAY_US, **{part: by}))
    assert found.analysis is not None
    assert right is not None
    (named,) = found.findings
    assert (named.kind, named.subject) == ("scale", part)
    assert named.count == pytest.approx(2 * 4320, rel=0.1)
    assert named.period is not None
    assert named.period.duration.days in (1, 2)
    total = found.analysis.totals
    assert total.kwh_in < right.totals.kwh_in
    assert total.kwh_in == pytest.approx(right.totals.kwh_in * 11 / 13, rel=0.15)
    assert total.energy_coverage == pytest.approx(11 / 13, abs=0.02)
    assert found.analysis.capacity is not None
    assert found.analysis.capacity.ah == pytest.approx(200, rel=0.03)


def test_milliamperes_that_agree_with_watts_are_not_counted_by_the_watts(report: Report) -> None:
    """The current was left out, and 242,000 kWh were counted by the power beside it."""
    found = analysed(changed(report, 0, EVER, current_a=3000.0, power_kw=1000.0))
    assert found.analysis is None
    assert "milliamperes" in found.reason


def test_a_pack_of_one_cells_voltage_is_named_without_a_power(report: Report) -> None:
    arrays = changed(report, 0, EVER, voltage_v=1 / 16)
    del arrays["power_kw"]
    found = analysed(arrays)
    assert found.analysis is None
    assert "one cell" in found.reason


@pytest.mark.parametrize("hours", [0, 9])
@pytest.mark.parametrize(
    ("part", "value", "has_power"),
    [
        ("voltage_v", 52.3, True), ("soc_percent", 61.0, True), ("soc_percent", 0.0, True),
        ("current_a", 0.0, False), ("current_a", -12.3, False),
    ],
)  # fmt: skip
def test_what_stands_still_for_a_day_is_named_and_left_out(
    report: Report, part: str, value: float, has_power: bool, hours: int
) -> None:
    """A charge of 0 % for a week made 217 Ah of 200; a current of 0 A was covered time."""
    first = 4 * DAY_US + hours * HOUR_US
    arrays = dict(report.arrays)
    at, right = report.arrays[part]
    inside = (at >= START_US + first) & (at < START_US + first + 1.2 * DAY_US)
    arrays[part] = at, np.where(inside, value, right)
    if not has_power:
        del arrays["power_kw"]
    found = analysed(arrays)
    assert ("stuck", part) in {(one.kind, one.subject) for one in found.findings}
    assert found.analysis is not None
    assert found.analysis.capacity is not None
    assert found.analysis.capacity.ah == pytest.approx(200, rel=0.02)
    left = 1.0 if part == "soc_percent" else 0.89
    assert found.analysis.totals.energy_coverage == pytest.approx(left, abs=0.03)


def test_a_fault_that_begins_within_a_day_takes_its_hours_only(report: Report) -> None:
    """Power and current were swapped from nine to nine, and the day counted as covered."""
    arrays = dict(report.arrays)
    (at, amps), (when, kilowatts) = report.arrays["current_a"], report.arrays["power_kw"]
    first, until = START_US + 4 * DAY_US + 9 * HOUR_US, START_US + 5 * DAY_US + 9 * HOUR_US
    inside = (at >= first) & (at < until)
    arrays["current_a"] = at, np.where(inside, np.interp(at, when, kilowatts), amps)
    arrays["power_kw"] = when, np.where((when >= first) & (when < until), np.interp(when, at, amps),
                                        kilowatts)  # fmt: skip
    found = analysed(arrays)
    assert found.analysis is not None
    assert "mapping" in {one.kind for one in found.findings}
    assert found.analysis.totals.energy_coverage == pytest.approx(12 / 13, abs=0.02)


def test_ten_times_the_current_is_beyond_the_size(report: Report) -> None:
    found = analysed(changed(report, DAY_US, 2 * DAY_US, current_a=10.0), capacity_ah=200.0)
    assert found.findings[0].subject == "current_a"


def test_a_lost_sign_is_named(report: Report) -> None:
    at, amps = report.arrays["current_a"]
    lost = {**report.arrays, "current_a": (at, np.abs(amps))}
    del lost["power_kw"]
    found = analysed(dict(lost))
    assert found.analysis is None
    assert "never changes its sign" in found.reason
    del lost["soc_percent"]
    alone = analysed(dict(lost))
    assert alone.analysis is None
    assert "never changes its sign" in alone.reason


def test_an_idle_battery_with_an_offset_is_no_alarm() -> None:
    at = START_US + np.arange(0, 5 * 86_400, 20) * 1_000_000
    rng = np.random.default_rng(1)
    amps = 0.3 + rng.normal(0, 0.05, len(at))
    volts = 53.0 + rng.normal(0, 0.02, len(at))
    for size in (None, 200.0):
        found = analysed({"current_a": (at, amps), "voltage_v": (at, volts)}, size)
        assert found.analysis is not None
        assert {one.severity for one in found.findings} <= {"note"}


@pytest.mark.parametrize("offset_a", [0.3, -0.3])
def test_a_battery_whose_readings_never_change_is_idle(offset_a: float) -> None:
    """Readings rounded to 0.1 V and 0.1 A were an alarm for each channel."""
    at = START_US + np.arange(0, 5 * 86_400, 60) * 1_000_000
    arrays = {
        part: (at, np.full(len(at), value))
        for part, value in (("current_a", offset_a), ("voltage_v", 52.7), ("soc_percent", 60.0),
                            ("power_kw", 0.02 * np.sign(offset_a)))
    }  # fmt: skip
    found = analysed(arrays)  # type: ignore[arg-type]
    assert found.analysis is not None
    assert {one.severity for one in found.findings} == {"note"}


def test_a_share_and_fahrenheit_are_named(report: Report) -> None:
    at, soc = report.arrays["soc_percent"]
    warm = (at, 70 + np.sin(at / 1e10))
    found = analysed({**report.arrays, "soc_percent": (at, soc / 100), "temperature_c": warm})
    assert {one.subject for one in found.findings if one.kind == "scale"} == {
        "soc_percent", "temperature_c",
    }  # fmt: skip


def test_bounds_do_not_depend_on_the_stretch_asked(report: Report) -> None:
    arrays = changed(report, DAY_US, 3 * DAY_US, current_a=1000.0)
    record = in_memory(arrays)  # type: ignore[arg-type]
    first, last = record.extent_us or (0, 0)
    middle = first // DAY_US * DAY_US + 2 * DAY_US
    whole = record.slots(0, last)
    pieces = [record.slots(0, middle), record.slots(middle, last)]
    assert sum(len(piece) for piece in pieces) == len(whole)
    assert sum(piece["ah_in"].sum() for piece in pieces) == pytest.approx(whole["ah_in"].sum())
