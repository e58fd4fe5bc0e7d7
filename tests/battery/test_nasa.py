"""The NASA B0005 cell: 168 discharges with a published capacity each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from energydash.battery.capacity import full_discharge, latest
from energydash.battery.energy import integrate
from energydash.battery.telemetry import Telemetry, from_arrays


def discharges(recordings: Path) -> dict[int, Telemetry]:
    """Cycle number to telemetry; discharging current is negative in this file."""
    table = pd.read_csv(recordings / "battery" / "nasa_B0005_discharge_timeseries.csv")
    found = {}
    for number, rows in table.groupby("cycle_idx"):
        time_us = (rows["Time"].to_numpy() * 1e6).astype(np.int64)
        found[int(str(number))] = from_arrays(
            {
                "voltage_v": (time_us, rows["Voltage_measured"].to_numpy()),
                "current_a": (time_us, rows["Current_measured"].to_numpy()),
                "temperature_c": (time_us, rows["Temperature_measured"].to_numpy()),
            }
        )
    return found


def test_every_published_capacity_within_0_005_percent(recordings: Path) -> None:
    published = pd.read_csv(
        recordings / "battery" / "nasa_B0005_published_capacity.csv", index_col="cycle_idx"
    )["capacity_ah"]
    found = []
    for number, telemetry in discharges(recordings).items():
        capacity = full_discharge(telemetry, integrate(telemetry), cutoff_v=2.7)
        assert capacity is not None, number
        assert abs(capacity.ah / published[number] - 1) < 5e-5, number
        assert abs(capacity.ah - published[number]) < capacity.sigma_ah
        found.append(capacity)
    assert len(found) == 168
    last = latest(tuple(found))
    assert last is not None
    assert last.samples == 168
    assert last.sigma_ah > found[-1].sigma_ah
    assert last.c_rate is not None
    assert 1.3 < last.c_rate < 1.7  # 2 A of a cell that has 1.33 Ah left


def test_the_whole_record_instead_would_be_too_large(recordings: Path) -> None:
    """Integrating past the cut-off is the mistake the definition guards against."""
    telemetry = discharges(recordings)[1]
    whole = integrate(telemetry).total()
    capacity = full_discharge(telemetry, integrate(telemetry), cutoff_v=2.7)
    assert capacity is not None
    assert 0.002 < whole.ah_out / capacity.ah - 1 < 0.02
