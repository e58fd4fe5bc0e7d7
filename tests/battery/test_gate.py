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
