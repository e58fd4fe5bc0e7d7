"""What no battery can have done: such samples are left out, counted by slot, and named.

Channels with the same wrong unit agree with each other, so only absolute bounds see them: what the
pack's voltage usually is, and what current its size allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery.telemetry import LABELS, UNITS, Channel, Micros, Telemetry
from energydash.core.findings import Finding
from energydash.core.time import Period

LARGEST_C_RATE: Final = 3.0  # homes stay below 1
LARGEST_A: Final = 1000.0  # where nobody says the size, and nothing larger was seen of late
SEEN_TIMES: Final = 8.0
LOWEST_OF_USUAL, HIGHEST_OF_USUAL = 0.4, 2.0  # an empty pack has two thirds of its usual voltage
WINDOW_US: Final = 900_000_000
MANY: Final = 0.05  # of the samples of a quarter-hour
JOINED_US: Final = 12 * 3_600_000_000
COUNTS: Final = {"voltage_v": "wrong_v", "current_a": "wrong_a"}  # channel to column of slots


@dataclass(frozen=True)
class Bounds:
    """The voltage that a pack usually has, 0 where none is known; the largest current, A."""

    usual_v: float = 0.0
    largest_a: float = 1e9

    def of(self, part: str) -> tuple[float, float]:
        """The lowest and the highest value that a channel can have."""
        if part == "voltage_v" and self.usual_v > 0:
            return LOWEST_OF_USUAL * self.usual_v, HIGHEST_OF_USUAL * self.usual_v
        return (-self.largest_a, self.largest_a) if part == "current_a" else (-np.inf, np.inf)


ANY: Final = Bounds()


def bounds_of(recent: Telemetry, capacity_ah: float | None) -> Bounds:
    """What a battery's newest days and its size allow."""
    volts, amps = recent.voltage.value, np.abs(recent.current.value)
    usual_v = float(np.round(np.median(volts), 0)) if len(volts) else 0.0
    if capacity_ah:
        return Bounds(usual_v, LARGEST_C_RATE * capacity_ah)
    seen = float(np.ceil(np.quantile(amps, 0.999) / 100) * 100) if len(amps) else 0.0
    return Bounds(usual_v, max(SEEN_TIMES * seen, LARGEST_A))


def within(part: str, channel: Channel, bounds: Bounds) -> tuple[Channel, Micros]:
    """The samples that can be, and the times of those left out.

    A single one is a hiccup. Where many of a quarter-hour cannot be, the smaller ones beside them
    are as wrong, and so is what lies between such quarter-hours less than half a day apart.
    """
    low, high = bounds.of(part)
    wrong = (channel.value < low) | (channel.value > high)
    if not wrong.any():
        return channel, channel.time_us[:0]
    window, count = np.unique(channel.time_us // WINDOW_US, return_counts=True)
    beyond, many = np.unique(channel.time_us[wrong] // WINDOW_US, return_counts=True)
    bad = beyond[many >= MANY * count[np.searchsorted(window, beyond)]]
    if len(bad):
        apart = np.flatnonzero(np.diff(bad) * WINDOW_US > JOINED_US)
        first = bad[np.concatenate(([0], apart + 1))] * WINDOW_US
        end = (bad[np.concatenate((apart, [len(bad) - 1]))] + 1) * WINDOW_US
        at = np.searchsorted(first, channel.time_us, side="right") - 1
        wrong |= (at >= 0) & (channel.time_us < end[np.maximum(at, 0)])
    return Channel(channel.time_us[~wrong], channel.value[~wrong]), channel.time_us[wrong]


def findings(frame: pd.DataFrame, bounds: Bounds, step_s: int) -> tuple[Finding, ...]:
    """What was left out of slots, and why."""
    found = []
    for part, column in COUNTS.items():
        mine = frame[frame[column] > 0] if column in frame.columns else frame[:0]
        if mine.empty:
            continue
        step = timedelta(seconds=step_s)
        first, last = (mine.index[at].to_pydatetime() for at in (0, -1))
        low, high = bounds.of(part)
        count = int(mine[column].sum())
        found.append(
            Finding(
                "scale",
                f"{count:,} {LABELS[part].lower()} samples between {first:%-d %b %Y %H:%M} and "
                f"{last + step:%-d %b %Y %H:%M} UTC are beyond what this battery can have "
                f"({low:,.0f} to {high:,.0f} {UNITS[part]}) and were left out.",
                "Check the unit and the mapping of that time.",
                subject=part,
                period=Period(first, last + step),
                count=count,
            )
        )
    return tuple(found)
