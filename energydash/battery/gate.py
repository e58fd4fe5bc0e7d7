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

from energydash.battery.telemetry import LABELS, NO_CHANNEL, UNITS, Channel, Telemetry
from energydash.core.findings import Finding
from energydash.core.time import Period

LARGEST_C_RATE: Final = 3.0  # homes stay below 1
LARGEST_A: Final = 1000.0  # where nobody says the size
LARGEST_V: Final = 1500.0  # of a home's pack
ONE_CELL_V: Final = (2.0, 4.6)
LOWEST_PACK_V: Final = 6.0  # of a pack of more than `ONE_CELL_A`: less is one of its cells
ONE_CELL_A: Final = 20.0
LOWEST_OF_USUAL, HIGHEST_OF_USUAL = 0.4, 2.0  # an empty pack has two thirds of its usual voltage
WINDOW_US: Final = 900_000_000
MANY: Final = 0.05  # of the samples of a quarter-hour
LITTLE: Final = 0.1  # less than this share of what is wrong is not worth a figure
JOINED_US: Final = 12 * 3_600_000_000
COUNTS: Final = {"voltage_v": "wrong_v", "current_a": "wrong_a"}  # channel to column of slots


@dataclass(frozen=True)
class Bounds:
    """The voltage that a pack usually has, 0 where none is known; the largest current, A."""

    usual_v: float = 0.0
    largest_a: float = 1e9
    largest_v: float = 1e9
    lowest_v: float = -1.0

    def of(self, part: str) -> tuple[float, float]:
        """The lowest and the highest value that a channel can have."""
        if part == "voltage_v" and self.usual_v > 0:
            low = max(LOWEST_OF_USUAL * self.usual_v, self.lowest_v)
            return low, HIGHEST_OF_USUAL * self.usual_v
        if part == "voltage_v":
            return self.lowest_v, self.largest_v
        return (-self.largest_a, self.largest_a) if part == "current_a" else (-np.inf, np.inf)


ANY: Final = Bounds()


def bounds_of(recent: Telemetry, capacity_ah: float | None) -> Bounds:
    """What a battery's newest days and its size allow."""
    volts = recent.voltage.value
    usual_v = float(np.round(np.median(volts), 0)) if len(volts) else 0.0
    if usual_v > LARGEST_V:  # the newest days are in millivolts; those before may be right
        usual_v = 0.0
    largest_a = LARGEST_C_RATE * capacity_ah if capacity_ah else LARGEST_A
    flows = np.abs(recent.current.value)
    is_large = len(flows) > 0 and float(np.quantile(flows, 0.99)) > ONE_CELL_A
    if is_large and 0 < usual_v < LOWEST_PACK_V:  # the newest days are of one cell
        return Bounds(0.0, largest_a, LARGEST_V, LOWEST_PACK_V)
    return Bounds(usual_v, largest_a, LARGEST_V)


def within(part: str, channel: Channel, bounds: Bounds) -> tuple[Channel, Channel]:
    """The samples that can be, and those left out.

    A single one is a hiccup. Where many of a quarter-hour cannot be, the smaller ones beside them
    are as wrong, and so is what lies between such quarter-hours less than half a day apart.
    """
    low, high = bounds.of(part)
    wrong = (channel.value < low) | (channel.value > high)
    if not wrong.any():
        return channel, NO_CHANNEL
    window, count = np.unique(channel.time_us // WINDOW_US, return_counts=True)
    beyond, many = np.unique(channel.time_us[wrong] // WINDOW_US, return_counts=True)
    bad = beyond[many >= MANY * count[np.searchsorted(window, beyond)]]
    if len(bad):
        apart = np.flatnonzero(np.diff(bad) * WINDOW_US > JOINED_US)
        first = bad[np.concatenate(([0], apart + 1))] * WINDOW_US
        end = (bad[np.concatenate((apart, [len(bad) - 1]))] + 1) * WINDOW_US
        at = np.searchsorted(first, channel.time_us, side="right") - 1
        wrong |= (at >= 0) & (channel.time_us < end[np.maximum(at, 0)])
    return (
        Channel(channel.time_us[~wrong], channel.value[~wrong]),
        Channel(channel.time_us[wrong], channel.value[wrong]),
    )  # fmt: skip


def findings(frame: pd.DataFrame, bounds: Bounds, step_s: int) -> tuple[Finding, ...]:
    """What was left out of slots, and why; `blocking` where nothing is left."""
    found = []
    for part, column in COUNTS.items():
        mine = frame[frame[column] > 0] if column in frame.columns else frame[:0]
        if mine.empty:
            continue
        step = timedelta(seconds=step_s)
        first, last = (mine.index[at].to_pydatetime() for at in (0, -1))
        low, high = bounds.of(part)
        count = int(mine[column].sum())
        usual = float((mine[f"{column}_mean"] * mine[column]).sum()) / count
        left = frame["voltage_v"].notna() if part == "voltage_v" else frame["covered_s"] > 0
        is_all = left.sum() < LITTLE * len(mine)
        found.append(
            Finding(
                "scale",
                f"{count:,} {LABELS[part].lower()} samples between {first:%-d %b %Y %H:%M} and "
                f"{last + step:%-d %b %Y %H:%M} UTC are beyond what this battery can have "
                f"({max(low, 0.0) if part == 'voltage_v' else low:,.0f} to {high:,.0f} "
                f"{UNITS[part]}) and were left out{_looks_like(part, usual)}.",
                f"Check the unit and the mapping of that time ({part.split('_')[0]} scale 0.001 "
                "turns milli-units).",
                "blocking" if is_all else "warning",
                subject=part,
                period=Period(first, last + step),
                count=count,
            )
        )
    return tuple(found)


def _looks_like(part: str, usual: float) -> str:
    if usual == 0:
        return ": zeros stand for no reading"
    if part == "current_a":
        return ": these look like milliamperes" if abs(usual) > LARGEST_A else ""
    if usual > LARGEST_V:
        return ": these look like millivolts"
    return ": these look like one cell's" if ONE_CELL_V[0] < usual < ONE_CELL_V[1] else ""
