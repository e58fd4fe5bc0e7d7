"""Charge and energy: simulated truth, and what any split, scaling or reversal must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.battery.energy import (
    Integral,
    SensorError,
    edges_of,
    errors_text,
    integrate,
    parse_errors,
)
from energydash.battery.joining import USUAL, clip_above, joining_of
from energydash.battery.telemetry import Channel, Telemetry
from energydash.core.errors import InputError
from tests.battery.simulated import START_US, Truth, monitored, truth


@pytest.fixture(scope="module")
def month() -> Truth:
    return truth(30, seed=7)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_and_out_within_0_1_percent_of_the_truth(month: Truth, seed: int) -> None:
    total = integrate(monitored(month, seed, faults=True).telemetry()).total()
    seen = (total.ah_in, total.ah_out, total.kwh_in, total.kwh_out)
    for found, real in zip(seen, month.flows(), strict=True):
        assert abs(found / real - 1) < 0.001
    real = month.flows()
    assert abs((total.ah_in - total.ah_out) - (real[0] - real[1])) < 0.0002 * (real[0] + real[1])
    assert abs((total.kwh_in - total.kwh_out) - (real[2] - real[3])) < 0.0002 * (real[2] + real[3])
    assert total.energy_coverage > 0.999


def test_a_smooth_load_within_0_02_percent() -> None:
    real = truth(10, seed=3, smooth=True)
    total = integrate(monitored(real, 1).telemetry()).total()
    for found, wanted in zip((total.ah_in, total.ah_out), real.flows()[:2], strict=True):
        assert abs(found / wanted - 1) < 0.0002


@pytest.mark.parametrize("seed", [4, 5])
def test_gaps_are_not_bridged_and_the_bound_covers_what_they_hide(month: Truth, seed: int) -> None:
    report = monitored(month, seed, gaps=12)
    start, end = START_US, START_US + month.seconds * 1_000_000
    total = integrate(report.telemetry()).total(start, end)
    assert total.coverage == pytest.approx(report.present.mean(), abs=0.001)
    covered = month.flows(report.present)
    whole = month.flows()
    seen = (total.ah_in, total.ah_out, total.kwh_in, total.kwh_out)
    sigma = (total.sigma_ah_in, total.sigma_ah_out, total.sigma_kwh_in, total.sigma_kwh_out)
    bound = (total.gap_ah, total.gap_ah, total.gap_kwh, total.gap_kwh)
    for found, part, all_of_it, error, more in zip(seen, covered, whole, sigma, bound, strict=True):
        assert abs(found - part) < 2 * error
        assert found - 2 * error <= all_of_it <= found + more + 2 * error


def test_intervals_cover_the_truth_at_their_level(month: Truth) -> None:
    """Sensors with gain and offset drawn from the stated error: two sigma cover 19 of 20."""
    rng = np.random.default_rng(11)
    error = SensorError()
    report = monitored(month, 6)
    time_us, amps = report.arrays["current_a"]
    real = month.flows()[0]
    covered = 0
    for _ in range(40):
        gain = 1 + error.current_gain * rng.standard_normal()
        offset = error.current_offset_a * rng.standard_normal()
        current = Channel(time_us, amps * gain + offset)
        total = integrate(Telemetry(current=current)).total()
        covered += abs(total.ah_in - real) < 2 * total.sigma_ah_in
    assert covered >= 36


def test_a_change_only_sender_is_held_not_joined() -> None:
    """100 A for 10 s once an hour, 0 A otherwise, sent on change only."""
    starts = START_US + np.arange(48) * 3_590_000_000
    time_us = np.sort(np.concatenate([starts, starts + 10_000_000]))
    amps = np.tile([100.0, 0.0], 48)
    held = integrate(Telemetry(current=Channel(time_us, amps)))
    assert held.method == "hold"
    assert held.total().ah_in == pytest.approx(48 * 100 * 10 / 3600, rel=1e-9)


def test_a_switched_load_is_clipped_and_a_smooth_one_split_at_zero() -> None:
    time_us = START_US + np.array([0, 20_000_000])
    flowing = Telemetry(current=Channel(time_us, np.array([1.0, -3.0])))
    smooth = integrate(flowing, USUAL).total()
    assert smooth.ah_in == pytest.approx(0.5 * 1 * 5 / 3600)  # a triangle of 5 s
    assert smooth.ah_out == pytest.approx(0.5 * 3 * 15 / 3600)
    step = integrate(Telemetry(current=Channel(time_us, np.array([10.0, -30.0])))).total()
    assert step.ah_in == pytest.approx(10 * 10 / 3600)  # 10 s of each
    assert step.ah_out == pytest.approx(30 * 10 / 3600)


def test_voltage_is_not_bridged_over_its_own_gap() -> None:
    clock = START_US + np.arange(0, 7200, 20) * 1_000_000
    current = Channel(clock, np.full(len(clock), 10.0))
    kept = (clock < clock[0] + 1_800_000_000) | (clock > clock[0] + 5_400_000_000)
    voltage = Channel(clock[kept], np.full(int(kept.sum()), 50.0))
    total = integrate(Telemetry(voltage=voltage, current=current)).total()
    assert total.ah_in == pytest.approx(10 * (7180 / 3600))
    assert total.kwh_in == pytest.approx(0.5 * total.energy_covered_s / 3600)
    assert total.energy_coverage == pytest.approx(0.5, abs=0.01)


def test_nothing_to_integrate() -> None:
    assert integrate(Telemetry()).total().ah_in == 0.0
    one = Telemetry(current=Channel(np.array([START_US]), np.array([5.0])))
    assert integrate(one).total(START_US, START_US + 3_600_000_000).coverage == 0.0
    assert integrate(one).slots(edges_of(START_US, START_US + 1, 900)).ah_in.tolist() == [0.0]
    with pytest.raises(InputError, match="above 0 s"):
        USUAL.with_gap(0)


amps = st.lists(st.floats(-80, 80).map(lambda a: round(a, 2)), min_size=3, max_size=40)
steps = st.integers(1, 90)


@st.composite
def integrals(draw: st.DrawFn) -> Integral:
    values = np.array(draw(amps))
    gaps = np.array(draw(st.lists(steps, min_size=len(values), max_size=len(values))))
    time_us = START_US + np.cumsum(gaps) * 1_000_000
    telemetry = Telemetry(
        voltage=Channel(time_us, 48 + values / 40), current=Channel(time_us, values)
    )
    return integrate(telemetry, joining_of(telemetry, draw(st.sampled_from(["trapezoid", "hold"]))))


@given(integrals(), st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_the_parts_of_a_period_add_up_to_the_whole(whole: Integral, cuts: list[float]) -> None:
    first, last = int(whole.time_us[0]), int(whole.time_us[-1])
    inner = [first + int(cut * (last - first)) for cut in sorted(cuts)]
    edges = np.array([first, *inner, last])
    slots, total = whole.slots(edges), whole.total()
    for part, everything in (
        (slots.ah_in, total.ah_in), (slots.ah_out, total.ah_out),
        (slots.kwh_in, total.kwh_in), (slots.kwh_out, total.kwh_out),
        (slots.covered_s, total.covered_s),
    ):  # fmt: skip
        assert (part >= 0).all()
        assert part.sum() == pytest.approx(everything, rel=1e-9, abs=1e-12)


@given(integrals())
def test_time_reversed_and_mirrored_currents_swap_in_and_out(whole: Integral) -> None:
    if whole.method == "hold":
        return  # a held value belongs to the time after it, so reversal changes it
    backwards = Integral(
        (whole.time_us[0] + whole.time_us[-1] - whole.time_us)[::-1].copy(),
        -whole.current_a[::-1],
        -whole.power_w[::-1],
        whole.max_step_s,
        whole.method,
        clip_above_a=whole.clip_above_a,
    )
    there, back = whole.total(), backwards.total()
    assert back.ah_in == pytest.approx(there.ah_out, rel=1e-9, abs=1e-12)
    assert back.kwh_out == pytest.approx(there.kwh_in, rel=1e-9, abs=1e-12)


@given(integrals(), st.floats(0.1, 10))
def test_scaling_scales(whole: Integral, factor: float) -> None:
    scaled = Integral(
        whole.time_us, whole.current_a * factor, whole.power_w * factor, whole.max_step_s,
        whole.method, clip_above_a=whole.clip_above_a * factor,
    )  # fmt: skip
    assert scaled.total().ah_in == pytest.approx(whole.total().ah_in * factor, rel=1e-9, abs=1e-12)
    assert scaled.total().kwh_out == pytest.approx(
        whole.total().kwh_out * factor, rel=1e-9, abs=1e-12
    )


def test_what_is_a_switch_follows_the_range_of_the_current() -> None:
    at = START_US + np.arange(1000) * 20_000_000
    for largest, expected in ((100.0, 5.0), (2.0, 0.1), (0.0, 5.0), (600.0, 30.0)):
        flow = Channel(at, np.where(np.arange(1000) % 2, largest, -largest))
        assert clip_above(flow) == pytest.approx(expected)


def test_the_errors_of_the_sensors_are_said() -> None:
    found = parse_errors("current=1, offset=0.2,voltage=0.5%,soc=2")
    assert SensorError(**found) == SensorError(0.01, 0.2, 0.005, 2.0)
    assert parse_errors(errors_text(found)) == found
    assert parse_errors("") == {}
    for wrong in ("current=-1", "current", "humidity=1", "offset=much"):
        with pytest.raises(InputError):
            parse_errors(wrong)
