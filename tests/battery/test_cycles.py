"""Turning points, rainflow, histograms, and everything that slots say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.battery import slots
from energydash.battery.analysis import analyse, stress
from energydash.battery.capacity import Capacity
from energydash.battery.cycles import (
    count_swings,
    depth_histogram,
    equivalent_full_cycles,
    time_histogram,
    turning_points_us,
)
from energydash.battery.efficiency import efficiency
from energydash.battery.energy import edges_of, integrate
from energydash.battery.telemetry import Channel, Telemetry
from tests.battery.simulated import START_US, monitored, truth


def channel(*values: float) -> Channel:
    return Channel(START_US + np.arange(len(values)) * 900_000_000, np.array(values))


def turns(*values: float) -> list[float]:
    found = channel(*values)
    positions = np.searchsorted(found.time_us, turning_points_us(found))
    return found.value[positions].tolist()


def test_turning_points_ignore_small_wiggles() -> None:
    assert turns(50, 80, 75, 79, 20, 25, 22, 90) == [50, 80, 20, 90]
    assert turns(80, 50, 55, 20, 60) == [80, 20, 60]
    assert turns(50, 51, 52) == [50, 52]
    assert turns(50, 50, 50) == [50, 50] or turns(50, 50, 50) == [50]
    assert turns(10, 10, 40, 40, 15, 15) == [10, 40, 15]
    assert turning_points_us(channel(1)).tolist() == []


@given(st.lists(st.integers(0, 100), min_size=2, max_size=60))
def test_turning_points_alternate_and_keep_the_ends(levels: list[int]) -> None:
    found = turns(*map(float, levels))
    assert found[0] == levels[0]
    assert found[-1] == levels[-1]
    inner = np.diff(found[:-1])
    assert (np.abs(inner[1:]) >= 10).all()  # the first may start anywhere
    assert (np.sign(inner[1:]) != np.sign(inner[:-1])).all()


def test_rainflow_finds_depth_and_mean() -> None:
    found = count_swings(channel(20, 80, 20, 80, 20))
    assert sum(swing.count for swing in found) == 2
    assert {swing.depth_percent for swing in found} == {60}
    assert {swing.mean_percent for swing in found} == {50}
    shown = depth_histogram(found)
    assert shown.values[6] == 2
    assert depth_histogram(()).values.sum() == 0


def test_histograms_hold_every_hour() -> None:
    hours = np.array([1.0, 2.0, 3.0, 4.0])
    shown = time_histogram(np.array([-5.0, 5, 500, np.nan]), hours, np.array([0.0, 10, 20]), "x")
    assert shown.values.tolist() == [3.0, 3.0]
    assert equivalent_full_cycles(100, 100, 50) == 2
    assert equivalent_full_cycles(100, 100, 0) == 0


def test_slots_add_up_and_gaps_stay_gaps() -> None:
    report = monitored(truth(8, seed=4), 1, gaps=3)
    found = report.telemetry()
    whole = integrate(found)
    edges = edges_of(int(found.current.time_us[0]), int(found.current.time_us[-1]), 900)
    frame = slots.build(found, whole, edges)
    total = whole.total()
    for name in ("ah_in", "ah_out", "kwh_in", "kwh_out"):
        assert frame[name].sum() == pytest.approx(getattr(total, name), rel=1e-9)
    assert frame["covered_s"].sum() == pytest.approx(total.energy_covered_s)
    assert len(frame) < len(edges) - 1
    full = slots.regular(frame)
    assert len(full) == len(edges) - 1
    assert full["ah_in"].sum() == pytest.approx(total.ah_in)
    assert full["soc_percent"].isna().sum() > 0


def test_cycles_of_slots_add_up_to_the_totals() -> None:
    found = monitored(truth(8, seed=4), 1).telemetry()
    whole = integrate(found)
    edges = edges_of(int(found.current.time_us[0]), int(found.current.time_us[-1]), 900)
    frame = slots.build(found, whole, edges)
    said = analyse(frame)
    assert sum(c.totals.ah_in for c in said.cycles) == pytest.approx(said.totals.ah_in)
    assert all(c.start_us < c.end_us for c in said.cycles)
    assert said.capacity is not None
    assert abs(said.capacity.ah - 200) < 2 * said.capacity.sigma_ah
    shown = stress(slots.regular(frame), 200.0)
    assert shown["soc"].values.sum() == pytest.approx(said.totals.covered_s / 3600, rel=0.01)
    assert "c_rate" in shown
    assert "c_rate" not in stress(frame, None)


def test_nothing_and_no_state_of_charge() -> None:
    found = monitored(truth(3, seed=9), 1).telemetry()
    bare = Telemetry(current=found.current)
    edges = edges_of(int(found.current.time_us[0]), int(found.current.time_us[-1]), 900)
    frame = slots.build(bare, integrate(bare), edges)
    assert frame["kwh_in"].isna().all()
    said = analyse(frame)
    assert said.capacity is None
    assert "state of charge" in said.reason
    assert "state of charge" in said.efficiency.reason
    assert len(said.cycles) > 1  # told by the charge that was counted
    assert analyse(frame[:0]).cycles == ()


def test_efficiency_needs_a_cycle_and_is_corrected() -> None:
    """Two cycles: 800 Ah in, 760 out, and 5 % of 400 Ah are still there: 780 of 800."""
    up, down = np.linspace(0, 100, 20, endpoint=False), np.linspace(100, 0, 20, endpoint=False)
    last = np.linspace(100, 5, 21)
    charging = np.tile(np.arange(40) < 20, 2)
    charging = np.append(charging, False)
    frame = pd.DataFrame(
        {
            "ah_in": np.where(charging, 20.0, 0.0),
            "ah_out": np.where(charging, 0.0, 19.0),
            "kwh_in": np.where(charging, 1.0, 0.0),
            "kwh_out": np.where(charging, 0.0, 0.9),
            "covered_s": 900.0, "ah_edge_2": 0.0, "temperature_c": np.nan, "voltage_v": 50.0,
            "peak_a": 80.0, "soc_percent": np.concatenate([up, down, up, last]),
        },
        index=pd.date_range("2026-01-01", periods=81, freq="15min", tz="UTC", name="time"),
    )  # fmt: skip
    unknown = efficiency(frame, None)
    assert unknown.coulombic is None
    assert "capacity is unknown" in unknown.reason
    size = Capacity(400.0, 20.0, 4.0, "ah-over-soc", (0, 1), 4)
    found = efficiency(frame, size)
    assert found.corrected
    assert found.coulombic == pytest.approx(780 / 800)
    assert found.energy is not None
    assert 0.9 < found.energy < 0.95
    assert found.sigma_coulombic is not None
    few = efficiency(frame.iloc[:6], size)
    assert "too few" in few.reason
