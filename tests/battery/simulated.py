"""A home battery known to the second, and what an unsteady monitor would report of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from energydash.battery.telemetry import Telemetry, from_arrays

Floats = npt.NDArray[np.float64]
START_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
CAPACITY_AH = 200.0
SKEW_S = {"voltage_v": 0.0, "current_a": 0.9, "power_kw": 1.6, "soc_percent": 2.3}
ROUND = {"voltage_v": 0.1, "current_a": 0.1, "power_kw": 0.01, "soc_percent": 0.1}


@dataclass(frozen=True)
class Truth:
    """One value a second; current positive while charging."""

    current_a: Floats
    voltage_v: Floats
    soc: Floats
    capacity_ah: float = CAPACITY_AH

    @property
    def seconds(self) -> int:
        return len(self.current_a)

    def flows(self, covered: npt.NDArray[np.bool_] | None = None) -> tuple[float, ...]:
        """Ah in, Ah out, kWh in, kWh out, over the seconds that are covered."""
        mask = np.ones(self.seconds, bool) if covered is None else covered
        current = np.where(mask, self.current_a, 0.0)
        power = current * self.voltage_v
        return (
            float(np.maximum(current, 0).sum()) / 3600,
            float(np.maximum(-current, 0).sum()) / 3600,
            float(np.maximum(power, 0).sum()) / 3.6e6,
            float(np.maximum(-power, 0).sum()) / 3.6e6,
        )


@cache
def truth(days: int, seed: int, *, smooth: bool = False) -> Truth:
    """Solar by day, a house that switches things on and off, a charge at night where it is low."""
    rng = np.random.default_rng(seed)
    n = days * 86_400
    second = np.arange(n)
    hour = second % 86_400 / 3600
    clouds = np.interp(second, np.arange(0, n + 600, 600), rng.uniform(0.3, 1, n // 600 + 1))
    solar_w = 3500 * np.maximum(np.sin((hour - 7) / 11 * np.pi), 0) * clouds * (hour > 7)
    load_w = 250 + 300 * np.exp(-((hour - 19) ** 2) / 4) + 150 * np.exp(-((hour - 8) ** 2) / 2)
    if not smooth:
        switches = rng.integers(0, n, days * 60)
        lasting = rng.integers(30, 2400, len(switches))
        watts = rng.choice([100.0, 400.0, 900.0, 2000.0, 2800.0], len(switches))
        change = np.zeros(n + 1)
        np.add.at(change, switches, watts)
        np.add.at(change, np.minimum(switches + lasting, n), -watts)
        load_w = load_w + np.cumsum(change[:-1])
    wanted_a = np.clip((solar_w - load_w) / 52.0, -90, 80)
    wanted_a = np.where((hour > 1) & (hour < 5), np.maximum(wanted_a, 25.0), wanted_a)
    current, soc = np.empty(n), np.empty(n)
    charge = 0.5 * CAPACITY_AH
    step = wanted_a / 3600
    for i, delta in enumerate(step.tolist()):  # the limits make it a recursion
        after = min(max(charge + delta, 0.08 * CAPACITY_AH), 0.97 * CAPACITY_AH)
        current[i] = (after - charge) * 3600
        charge = after
        soc[i] = charge / CAPACITY_AH
    return Truth(current, 47.0 + 7.0 * soc + 0.012 * current, soc)


@dataclass(frozen=True)
class Report:
    """What the monitor sent, by part, in the order it arrived; and which seconds it missed."""

    arrays: dict[str, tuple[npt.NDArray[np.int64], Floats]]
    present: npt.NDArray[np.bool_]

    def telemetry(self) -> Telemetry:
        return from_arrays(self.arrays)


def monitored(real: Truth, seed: int, *, gaps: int = 0, faults: bool = False) -> Report:
    """Samples every 20 s per channel, skewed and rounded; with gaps of 2 h, and with `faults`
    duplicates, late arrivals and impossible values after a reset."""
    rng = np.random.default_rng(seed)
    present = np.ones(real.seconds, bool)
    for start in rng.integers(3600, real.seconds - 7200, gaps):
        present[start : start + 7200] = False
    quantities = {
        "voltage_v": real.voltage_v,
        "current_a": real.current_a,
        "power_kw": real.current_a * real.voltage_v / 1000,
        "soc_percent": real.soc * 100,
    }
    arrays = {}
    for part, values in quantities.items():
        at_s = np.arange(0, real.seconds - 5, 20) + SKEW_S[part]
        at_s = at_s + rng.uniform(0, 0.3, len(at_s))
        second = at_s.astype(np.int64)
        at_s, second = at_s[present[second]], second[present[second]]
        seen = np.round(values[second] / ROUND[part]) * ROUND[part]
        time_us = START_US + (at_s * 1e6).astype(np.int64)
        if faults:
            again = rng.integers(0, len(seen), 200)
            broken = rng.integers(0, len(seen), 20)
            impossible = time_us[broken] + 1_000_000
            time_us = np.concatenate([time_us, time_us[again], impossible])
            seen = np.concatenate([seen, seen[again], np.full(20, 1e9)])
            late = np.argsort(time_us + rng.integers(0, 30_000_000, len(time_us)), kind="stable")
            time_us, seen = time_us[late], seen[late]
        arrays[part] = (time_us, seen)
    return Report(arrays, present)
