"""Ageing, trend, warranty, money and resistance: known answers and honest intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from energydash.battery import ageing, money, trend
from energydash.battery.capacity import (
    Pair,
    anchored_soc,
    fit,
    full_anchors_us,
    full_discharge,
    latest,
)
from energydash.battery.cycles import Swing
from energydash.battery.devices import Warranty
from energydash.battery.energy import integrate
from energydash.battery.ica import incremental_capacity
from energydash.battery.resistance import resistance
from energydash.battery.telemetry import Channel, Telemetry
from tests.battery.simulated import START_US

YEAR_US = int(365.25 * 86_400e6)


def test_ten_years_of_the_reference_cycle() -> None:
    """What public implementations of the same cells leave after one 80 % cycle a day at 25 °C."""
    f = 10 * ageing.stress_rate(ageing.REFERENCE)
    left = {kind.id: float(ageing.remaining(np.array([f * kind.factor]))[0])
            for kind in ageing.CHEMISTRIES}  # fmt: skip
    assert left["lmo"] == pytest.approx(0.742, abs=0.001)
    assert left["lfp"] == pytest.approx(0.888, abs=1e-6)
    assert left["nmc"] == pytest.approx(0.864, abs=1e-6)
    assert ageing.accumulated(0.9) == pytest.approx(
        ageing.accumulated(float(ageing.remaining(np.array([ageing.accumulated(0.9)]))[0]))
    )


def test_gentler_use_ages_less_and_heat_more() -> None:
    base = ageing.stress_rate(ageing.REFERENCE)
    assert ageing.stress_rate(replace(ageing.REFERENCE, temperature_c=35)) > 1.5 * base
    assert ageing.stress_rate(replace(ageing.REFERENCE, mean_soc=0.3)) < base
    shallow = replace(ageing.REFERENCE, swings=((0.4, 0.5, 2 * 365.25),))
    assert ageing.stress_rate(shallow) < base
    found = ageing.what_if(ageing.REFERENCE, replacement_gbp=4000, age_years=2)
    assert found[0].saved_percent_a_year == 0
    assert all(one.saved_percent_a_year > 0 for one in found[1:])
    assert all(one.saved_gbp_a_year and one.saved_gbp_a_year > 0 for one in found[1:])
    assert ageing.what_if(ageing.REFERENCE)[1].saved_gbp_a_year is None


def test_the_band_goes_through_what_was_measured() -> None:
    found = ageing.forecast(ageing.REFERENCE, age_years=3.0, health=0.93, sigma=0.005)
    at = int(np.flatnonzero(found.years == 3.0)[0])
    assert found.low[at] < 0.93 < found.high[at]
    assert found.high[at] - found.low[at] < 0.04
    early, late = found.years_at(0.85)
    assert early is not None
    assert late is None or late > early
    free = ageing.forecast(ageing.REFERENCE)
    assert free.high[40] - free.low[40] > 0.1  # three chemistries that nothing ties together


def test_stress_of_slots() -> None:
    index = pd.date_range("2026-01-01", periods=96 * 365, freq="15min", tz="UTC")
    frame = pd.DataFrame({"soc_percent": 50.0, "temperature_c": 20.0}, index=index)
    swings = [Swing(80.0, 50.0, 1.0, 0)] * 365
    found = ageing.stress_of(frame, swings)
    assert found is not None
    assert found.mean_soc == 0.5
    assert found.temperature_c == pytest.approx(20.0)
    cycles_a_year = sum(depth * count for depth, _, count in found.swings)
    assert cycles_a_year == pytest.approx(0.8 * 365.25, rel=0.01)
    frame["temperature_c"] = np.where(np.arange(len(frame)) % 2, 0.0, 40.0)
    warm = ageing.stress_of(frame, swings)
    assert warm is not None
    assert warm.temperature_c > 24  # heat costs more than cold saves
    assert ageing.stress_of(frame.assign(soc_percent=np.nan), swings) is None


def measured(*health: float, sigma: float = 0.005) -> list[trend.Point]:
    return [
        trend.Point(START_US + i * YEAR_US // 12, 200 * h, 200 * sigma)
        for i, h in enumerate(health)
    ]


def test_the_trend_and_its_interval() -> None:
    line = [1.0 - 0.02 * i / 12 for i in range(24)]
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(40):
        noisy = [h + 0.005 * rng.standard_normal() for h in line]
        found = trend.trend(measured(*noisy), 200.0)
        assert found is not None
        covered += abs(found.change_a_year + 0.02) < 2 * found.sigma_change
    assert covered >= 35
    assert trend.trend(measured(1.0, 0.99, 0.98), 200.0) is None


def test_a_knee_is_said() -> None:
    steady = [1.0 - 0.002 * i for i in range(20)]
    knee = [steady[-1] - 0.02 * i for i in range(1, 13)]
    found = trend.trend(measured(*steady, *knee, sigma=0.002), 200.0)
    assert found is not None
    assert found.has_knee
    straight = trend.trend(measured(*steady, sigma=0.002), 200.0)
    assert straight is not None
    assert not straight.has_knee


def test_the_warranty_ends_with_the_first_promise() -> None:
    promise = Warranty(years=10, throughput_kwh=20_000, lowest_c=0, highest_c=40)
    found = trend.warranty_state(
        promise, 4.0, 10_000, 4000, np.array([-5.0, 20, 45, np.nan]), np.array([1.0, 10, 2, 9])
    )
    assert found.throughput_share == 0.5
    assert found.ends_in_years == 2.5
    assert (found.hours_too_cold, found.hours_too_hot) == (1.0, 2.0)
    free = trend.warranty_state(Warranty(), 4.0, 10_000, 4000, np.empty(0), np.empty(0))
    assert free.throughput_share is None
    assert free.ends_in_years is None


def test_total_least_squares_is_not_biased_where_ordinary_is() -> None:
    rng = np.random.default_rng(3)
    real = 100.0
    biased, straight = [], []
    for _ in range(30):
        swing = rng.uniform(0.3, 0.5, 40) * rng.choice([-1, 1], 40)
        seen = swing + 0.05 * rng.standard_normal(40)
        charge = real * swing + 0.1 * rng.standard_normal(40)
        pairs = tuple(
            Pair(i, i + 1, float(c), float(s), 0.1, 0.05)
            for i, (c, s) in enumerate(zip(charge, seen, strict=True))
        )
        found = fit(pairs, forgetting=1.0)
        assert found is not None
        straight.append(found.ah)
        biased.append(float((seen * charge).sum() / (seen**2).sum()))
    assert abs(np.mean(straight) / real - 1) < 0.005
    assert np.mean(biased) < 0.99 * real


def test_the_capacity_interval_covers_and_old_pairs_are_forgotten() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(40):
        pairs = tuple(
            Pair(i, i + 1, 80.0 * s, s + 0.014 * float(rng.standard_normal()), 0.1, 0.014)
            for i, s in enumerate(rng.uniform(0.3, 0.8, 12))
        )
        found = fit(pairs)
        assert found is not None
        covered += abs(found.ah - 80.0) < 2 * found.sigma_ah
    assert covered >= 36
    faded = tuple(Pair(i, i + 1, (100 - 0.2 * i) * 0.5, 0.5, 0.1, 0.01) for i in range(200))
    found = fit(faded, forgetting=0.95)
    assert found is not None
    assert found.ah < 70  # now 60; the mean of all is 80
    assert fit(()) is None
    assert fit((Pair(0, 1, -50.0, 0.5, 0.1, 0.01),)) is None


def discharge(hours: float, volts: tuple[float, float]) -> Telemetry:
    time_us = START_US + np.arange(0, int(hours * 3600), 10) * 1_000_000
    level = np.linspace(*volts, len(time_us))
    return Telemetry(
        voltage=Channel(time_us, level), current=Channel(time_us, np.full(len(time_us), -20.0))
    )


def test_full_discharges() -> None:
    found = discharge(5, (54.0, 44.0))
    size = full_discharge(found, integrate(found), 46.0, full_v=53.0)
    assert size is not None
    assert size.ah == pytest.approx(20 * 4, rel=0.001)
    assert size.c_rate == pytest.approx(0.25, rel=0.01)
    assert full_discharge(found, integrate(found), 46.0, full_v=55.0) is None
    assert full_discharge(found, integrate(found), 40.0) is None
    assert latest(()) is None
    assert latest((size,)) == size


def test_counting_from_anchor_to_anchor_removes_the_drift() -> None:
    """Two days of a cycle a day with an offset of 0.5 A in the shunt: full at every midnight."""
    seconds = np.arange(0, 2 * 86_400, 20)
    real = np.where(seconds % 86_400 < 43_200, -8.0, 8.0)
    time_us = START_US + seconds * 1_000_000
    seen = Telemetry(current=Channel(time_us, real + 0.5))
    anchors = START_US + np.array([0, 86_400, 2 * 86_400 - 20]) * 1_000_000
    level = anchored_soc(integrate(seen), anchors, 100.0, 200.0)
    truth_soc = 100 + np.concatenate(([0.0], np.cumsum(real[:-1] * 20 / 3600))) / 200 * 100
    assert np.abs(level.value - truth_soc).max() < 0.5
    assert len(anchored_soc(integrate(seen), anchors[:0], 100.0, 200.0)) == 0


def test_anchors_are_where_it_is_full() -> None:
    time_us = START_US + np.arange(6) * 60_000_000
    full = Telemetry(
        voltage=Channel(time_us, np.array([52.0, 54, 56.5, 56.6, 54, 52])),
        current=Channel(time_us, np.array([50.0, 50, 8, 3, 0, -20])),
    )
    assert full_anchors_us(full, 56.0, 200.0).tolist() == [time_us[3]]
    assert full_anchors_us(full, 58.0, 200.0).tolist() == []


def test_internal_resistance_of_steps() -> None:
    rng = np.random.default_rng(1)
    seconds = np.arange(0, 40_000, 20)
    amps = np.repeat(rng.choice([0.0, -30.0, 40.0, -60.0], len(seconds) // 20 + 1), 20)
    amps = amps[: len(seconds)]
    time_us = START_US + seconds * 1_000_000
    found = resistance(
        Telemetry(
            voltage=Channel(time_us, 52 + 0.02 * amps + 0.005 * rng.standard_normal(len(amps))),
            current=Channel(time_us + 900_000, amps),
            temperature=Channel(time_us, np.full(len(amps), 21.0)),
        )
    )
    assert found is not None
    assert abs(found.ohm - 0.02) < 3 * found.sigma_ohm
    assert found.temperature_c == 21.0
    assert resistance(Telemetry()) is None
    flat = Channel(time_us, np.zeros(len(amps)))
    assert resistance(Telemetry(voltage=flat, current=flat)) is None


def test_money_of_known_half_hours() -> None:
    """Charged at 10 p and from the sun (15 p export); spent at 30 p, the rest exported at 20 p."""
    index = pd.date_range("2026-01-01", periods=5, freq="30min", tz="UTC")
    h = money.HalfHours(
        kwh_in=np.array([2.0, 1, 0, 0, 1]),
        kwh_out=np.array([0.0, 0, 1.5, 2, 0]),
        import_kwh=np.array([0.5, 0, 1.5, 0.5, np.nan]),
        export_kwh=np.array([0.0, 3, 0, 0, np.nan]),
        import_p=np.array([10.0, 20, 30, 30, np.nan]),
        export_p=np.array([15.0, 15, 20, 20, 15]),
        carbon_g=np.array([100.0, 100, 300, 300, np.nan]),
    )
    found = money.value(h, index, wear_p_per_kwh=4.0)
    assert found.iloc[4][["charge_cost_gbp", "avoided_import_gbp", "net_gbp"]].isna().all()
    known = found.iloc[:4]
    assert known["charge_cost_gbp"].tolist() == [0.2, 0, 0, 0]
    assert known["export_forgone_gbp"].tolist() == [0, 0.15, 0, 0]
    assert known["avoided_import_gbp"].tolist() == pytest.approx([0, 0, 0.45, 0.15])
    assert known["export_earned_gbp"].tolist() == pytest.approx([0, 0, 0, 0.3])
    assert found["wear_gbp"].sum() == pytest.approx(3.5 * 0.04)
    assert found["net_gbp"].sum() == pytest.approx(0.45 + 0.15 + 0.3 - 0.2 - 0.15 - 0.14)
    assert found["unpriced_kwh"].tolist() == [0, 0, 0, 0, 1]
    assert found["saved_carbon_kg"].sum() == pytest.approx((-200 - 100 + 450 + 600) / 1000)
    bought, sold = money.without_battery(
        np.array([2.5]), np.array([0.0]), np.array([2.0]), np.array([0.0])
    )
    assert (bought.tolist(), sold.tolist()) == ([0.5], [0.0])
    assert money.wear_p_per_kwh(4000, 20_000) == 20
    assert money.wear_p_per_kwh(None, 20_000) == 0


def test_incremental_capacity_finds_the_plateau() -> None:
    """A cell whose voltage lingers at 3.30 V gives most of its charge there."""
    share = np.linspace(0, 1, 4000)
    volts = 3.30 + 0.25 * np.sign(0.5 - share) * np.abs(2 * (0.5 - share)) ** 3
    time_us = START_US + np.arange(4000) * 10_000_000
    slow = Telemetry(voltage=Channel(time_us, volts), current=Channel(time_us, np.full(4000, -1.0)))
    found = incremental_capacity(slow, 11.1)
    assert found is not None
    assert abs(found.volts[2:-2][np.argmax(found.ah_per_v[2:-2])] - 3.30) < 0.02
    width = found.volts[1] - found.volts[0]
    assert float((found.ah_per_v * width).sum()) == pytest.approx(11.1, rel=0.05)
    assert incremental_capacity(slow, 2.0) is None  # too fast for such a cell
    coarse = replace(slow, voltage=Channel(time_us, np.round(volts, 1)))
    assert incremental_capacity(coarse, 11.1) is None
    assert incremental_capacity(Telemetry(), 11.1) is None


def test_the_bill_is_what_its_meters_read() -> None:
    """Import and export of one half-hour are not netted at the meter: £6.53 was shown for £5.42."""
    index = pd.date_range("2026-01-01", periods=2, freq="30min", tz="UTC")
    kwh_in, kwh_out = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    bill = np.array([0.4, 1.2]), np.array([0.3, 0.1])
    without = money.without_battery(*bill, kwh_in, kwh_out)
    prices = np.full(2, 30.0), np.full(2, 10.0)
    half_hours = money.HalfHours(
        kwh_in, kwh_out, *without, *prices, np.full(2, np.nan), bill
    )  # fmt: skip
    net = float(money.value(half_hours, index, 0.0)["net_gbp"].sum())
    paid = float((bill[0] * 30 - bill[1] * 10).sum()) / 100
    would = float((without[0] * 30 - without[1] * 10).sum()) / 100
    assert net == pytest.approx(would - paid)
    # Without a battery as much of both may have flowed as with it: that is the error.
    assert money.plus_minus_gbp(half_hours, 0.0) == pytest.approx((0.3 + 0.1) * 0.2)
    assert money.plus_minus_gbp(half_hours, 0.01) > money.plus_minus_gbp(half_hours, 0.0)
    netted = money.value(replace(half_hours, bill=None), index, 0.0)["net_gbp"].sum()
    assert netted - net == pytest.approx((0.3 + 0.1) * 0.2)


def test_a_warranty_that_nobody_entered_promises_nothing() -> None:
    assert not Warranty().is_given
    assert Warranty(years=10).is_given
    assert Warranty(throughput_kwh=1000).is_given
    nothing = trend.warranty_state(
        Warranty(throughput_kwh=1e4), 4, 5e3, 0, np.empty(0), np.empty(0)
    )
    assert (nothing.years_share, nothing.ends_in_years) == (None, None)
