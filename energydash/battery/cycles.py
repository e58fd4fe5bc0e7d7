"""Cycles of a battery: turning points of the state of charge, rainflow, and what stresses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import rainflow

from energydash.battery.telemetry import Channel, Floats, Micros

HYSTERESIS_PERCENT: Final = 10.0


@dataclass(frozen=True)
class Swing:
    """One counted cycle: depth and mean in percent of SoC, and 0.5 or 1 of it, when it ended."""

    depth_percent: float
    mean_percent: float
    count: float
    end_us: int


@dataclass(frozen=True)
class Histogram:
    """Time (h) or counts by bin: n+1 edges and n values, in `unit`."""

    edges: Floats
    values: Floats
    unit: str


def turning_points_us(soc: Channel, hysteresis: float = HYSTERESIS_PERCENT) -> Micros:
    """Instants where the state of charge turned by at least `hysteresis` (in its own unit), with
    the first and the last sample; alternating highs and lows.

    Works on local extremes only, so it is fast on a year of samples.
    """
    if len(soc) < 2:
        return np.empty(0, np.int64)
    value = soc.value
    moved = np.flatnonzero(np.append(True, np.diff(value) != 0))  # plateaus count once
    level = value[moved]
    if len(level) > 2:
        slope = np.sign(np.diff(level))
        bend = np.flatnonzero(slope[1:] != slope[:-1]) + 1
        keep = np.concatenate(([0], bend, [len(level) - 1]))
        candidates, level = moved[keep], level[keep]
    else:
        candidates = moved
    turns: list[int] = [0]
    low = high = 0  # positions of the extremes since the last turn
    direction = 0
    levels = level.tolist()
    for position, here in enumerate(levels):
        if here > levels[high]:
            high = position
        if here < levels[low]:
            low = position
        if direction >= 0 and levels[high] - here >= hysteresis:
            if direction > 0 or high > 0:
                _append(turns, high)
            direction, low = -1, position
            high = position
        elif direction <= 0 and here - levels[low] >= hysteresis:
            if direction < 0 or low > 0:
                _append(turns, low)
            direction, high = 1, position
            low = position
    _append(turns, high if direction > 0 else low if direction < 0 else len(levels) - 1)
    if turns[-1] != len(levels) - 1:
        turns.append(len(levels) - 1)
    found: Micros = soc.time_us[candidates[np.array(turns)]]
    return found


def _append(turns: list[int], position: int) -> None:
    if turns[-1] != position:
        turns.append(position)


def count_swings(soc: Channel) -> tuple[Swing, ...]:
    """Rainflow cycles (ASTM E1049-85) of a state of charge sampled at about 15 minutes."""
    if len(soc) < 2:
        return ()
    return tuple(
        Swing(float(depth), float(mean), float(count), int(soc.time_us[end]))
        for depth, mean, count, _, end in rainflow.extract_cycles(soc.value)
        if depth >= 1.0
    )


def equivalent_full_cycles(ah_in: float, ah_out: float, capacity_ah: float) -> float:
    """Throughput over twice the nominal capacity."""
    return (ah_in + ah_out) / (2 * capacity_ah) if capacity_ah > 0 else 0.0


def time_histogram(values: Floats, hours: Floats, edges: Floats, unit: str) -> Histogram:
    """Hours spent in each bin; values beyond the edges count in the outermost bins."""
    finite = np.isfinite(values)
    inside = np.clip(values[finite], edges[0], np.nextafter(edges[-1], -np.inf))
    counts, _ = np.histogram(inside, bins=edges, weights=hours[finite])
    return Histogram(edges, counts.astype(np.float64), unit)


def depth_histogram(swings: tuple[Swing, ...]) -> Histogram:
    """Cycles by depth of discharge, in steps of 10 %."""
    edges = np.arange(0.0, 101.0, 10.0)
    depth = np.array([min(swing.depth_percent, 99.9) for swing in swings])
    count = np.array([swing.count for swing in swings])
    values, _ = np.histogram(depth, bins=edges, weights=count if len(count) else None)
    return Histogram(edges, values.astype(np.float64), "%")
