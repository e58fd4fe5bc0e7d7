"""A made-up home battery: 16 cells, 48 V, 200 Ah, charged by cheap nights and by the sun.

Five sensors report every 20 seconds, each a little later than the one before, with the rounding
and the gaps that real monitors have. Every local day runs from one given state of charge to the
next, so the same instant has the same values whatever period is asked; capacity fades by 2 to 3 %
a year, as field studies of home storage found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from energydash.battery.devices import Device, Warranty
from energydash.battery.telemetry import Floats, Micros
from energydash.core.feeds import Feed
from energydash.core.time import DAY, LONDON, Period, local_midnight
from energydash.sources.sample import SEED, SOURCE

STEP_US: Final = 20_000_000
SKEW_US: Final = {
    "voltage_v": 0, "current_a": 400_000, "power_kw": 900_000, "soc_percent": 1_500_000,
    "temperature_c": 2_100_000,
}  # fmt: skip
ROUND: Final = {
    "voltage_v": 0.01, "current_a": 0.1, "power_kw": 0.001, "soc_percent": 0.1,
    "temperature_c": 0.1,
}  # fmt: skip
NOMINAL_AH: Final = 200.0
INSTALLED: Final = date(2024, 5, 1)
CELLS: Final = 16
# Open-circuit voltage of an LFP cell by state of charge: flat, with a knee at either end.
_OCV_SOC: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)
_OCV_V: Final = (2.50, 3.10, 3.19, 3.24, 3.27, 3.29, 3.31, 3.33, 3.35, 3.42)
_RESISTANCE_OHM: Final = 0.014
_COULOMBIC: Final = 0.996

DEVICE: Final = Device(
    id="sample",
    label="Sample home battery",
    zone=LONDON,
    charge_sign=1,
    chemistry="lfp",
    capacity_ah=NOMINAL_AH,
    capacity_kwh=10.2,
    full_v=54.6,
    cutoff_v=40.6,
    installed=INSTALLED,
    replacement_gbp=4200.0,
    warranty=Warranty(years=10, throughput_kwh=32_000, health_percent=70, lowest_c=0, highest_c=45),
)

Arrays = dict[str, tuple[Micros, Floats]]


@dataclass(frozen=True)
class _Truth:
    """One local day on the 20-second grid: UTC microseconds, A (charging positive), SoC 0 to 1."""

    time_us: Micros
    current_a: Floats
    soc: Floats
    present: np.ndarray[tuple[int], np.dtype[np.bool_]]


def feed() -> Feed:
    """Where sample telemetry would be stored, if it ever were."""
    return Feed(
        source=SOURCE,
        subject=DEVICE.id,
        quantity="telemetry",
        unit="",
        step=None,
        zone=LONDON,
        cadence=timedelta(seconds=20),
    )


def sample_arrays(period: Period) -> Arrays:
    """Samples by channel, each on its own clock, current and power positive while charging."""
    start_us, end_us = (int(at.timestamp() * 1e6) for at in (period.start, period.end))
    pieces: dict[str, list[tuple[Micros, Floats]]] = {part: [] for part in SKEW_US}
    for day in period.days(LONDON):
        truth = _day(day)
        for part, value in _channels(day, truth).items():
            time_us = truth.time_us + SKEW_US[part]
            keep = truth.present & (time_us >= start_us) & (time_us < end_us)
            step = ROUND[part]
            pieces[part].append((time_us[keep], np.round(value[keep] / step) * step))
    return {
        part: (np.concatenate([t for t, _ in found]), np.concatenate([v for _, v in found]))
        for part, found in pieces.items()
        if found
    }


def capacity_ah(day: date) -> float:
    """What the pack really holds: 1.2 % lost in its first months, then 2.2 % a year."""
    years = max((day - INSTALLED).days / 365.25, 0.0)
    return NOMINAL_AH * float(1 - 0.012 * (1 - np.exp(-4 * years)) - 0.022 * years)


def _rng(day: date, what: int) -> np.random.Generator:
    return np.random.default_rng([SEED, day.toordinal(), what])


def _is_emptied(day: date) -> bool:
    """Every other Saturday it is charged to the top and used up, which measures it."""
    return day.toordinal() % 14 == 6


def _midnight_soc(day: date) -> float:
    """The state of charge that the battery has when a local day starts."""
    if _is_emptied(day - DAY):
        return 0.0
    return float(_rng(day, 1).uniform(0.14, 0.32))


def _day(day: date) -> _Truth:
    begin, end = (int(local_midnight(d, LONDON).timestamp() * 1e6) for d in (day, day + DAY))
    time_us = np.arange(begin // STEP_US, end // STEP_US, dtype=np.int64) * STEP_US
    hour = (time_us - begin) / (end - begin) * 24
    rng = _rng(day, 2)
    size = capacity_ah(day)
    first, last = _midnight_soc(day), _midnight_soc(day + DAY)
    season = 0.5 - 0.5 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 10) / 365.25)
    from_sun = float((0.04 + 0.42 * season) * rng.uniform(0.35, 1.0))
    # 80 % leaves in the evening and 20 % in the morning; the top must stay below 96 %.
    highest = float(rng.uniform(0.86, 0.96))
    by_morning = 0.2
    if _is_emptied(day):
        highest, by_morning = 1.0, 0.0
    total = min((highest - by_morning * last) / (1 - by_morning), 0.96 + from_sun)
    from_grid = max(total - first - from_sun, 0.0)
    out = first + from_grid + from_sun - last
    night = ((hour >= 2) & (hour < 5)).astype(np.float64)
    clouds = np.interp(hour, np.arange(25.0), rng.uniform(0.25, 1.0, 25))
    sun = np.maximum(np.sin((hour - 8.5) / 7 * np.pi), 0) * (hour > 8.5) * (hour < 15.5) * clouds
    evening = (hour >= 16) & (hour < 24)
    morning = (hour >= 5.3) & (hour < 8.4)
    load = _loads(rng, hour)
    charge = _share(night, from_grid) + _share(sun, from_sun)
    discharge = _share(load * evening, (1 - by_morning) * out) + _share(
        load * morning, by_morning * out
    )
    step = charge - discharge
    soc = first + np.concatenate(([0.0], np.cumsum(step)))[:-1]
    per_step_h = STEP_US / 3.6e9
    current = np.where(step > 0, step / _COULOMBIC, step) * size / per_step_h
    present = np.ones(len(time_us), bool)
    gap = _rng(day, 3)
    if gap.random() < 0.12:  # the monitor is off the air for a while
        start = int(gap.integers(0, len(time_us) - 600))
        present[start : start + int(gap.integers(90, 540))] = False
    return _Truth(time_us, current, soc, present)


def _loads(rng: np.random.Generator, hour: Floats) -> Floats:
    """A house that switches things on and off, in any unit."""
    base = 0.5 + 0.9 * np.exp(-((hour - 18.5) ** 2) / 3) + 0.5 * np.exp(-((hour - 7) ** 2) / 0.8)
    start = np.sort(rng.uniform(0, 24, 45))
    length = rng.uniform(0.03, 0.7, 45)
    size = rng.choice([0.15, 0.4, 1.2, 1.9], 45)
    change = np.zeros(len(hour) + 1)
    np.add.at(change, np.searchsorted(hour, start), size)
    np.add.at(change, np.searchsorted(hour, start + length), -size)
    return base + np.cumsum(change[:-1])


def _share(shape: Floats, total: float) -> Floats:
    """`shape` scaled so that it sums up to `total`."""
    whole = float(shape.sum())
    return shape * (total / whole) if whole else shape


def _channels(day: date, truth: _Truth) -> dict[str, Floats]:
    """What the sensors say of each grid point, a little after it."""
    hour = truth.time_us / 3.6e9
    volts = CELLS * np.interp(truth.soc, _OCV_SOC, _OCV_V) + _RESISTANCE_OHM * truth.current_a
    season = np.cos(2 * np.pi * (day.timetuple().tm_yday - 200) / 365.25)
    warm = np.convolve(np.abs(truth.current_a), np.full(180, 1 / 180), mode="full")
    return {
        "voltage_v": volts,
        "current_a": truth.current_a,
        "power_kw": volts * truth.current_a / 1e3,
        "soc_percent": 100 * truth.soc,
        "temperature_c": 15 + 6.5 * season + 1.5 * np.sin(2 * np.pi * (hour - 9) / 24)
        + 0.07 * warm[: len(hour)],
    }  # fmt: skip
