"""Incremental capacity: dQ/dV over voltage of a slow discharge. Its peaks move as a cell ages.

Only slow discharges (C/5 or slower) with a voltage finer than its bins say anything; a pack's
0.1 V on 15 cells is 7 mV a cell, which is just enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from energydash.battery.telemetry import Floats, Telemetry, onto

SLOWEST_NEEDED_C: Final = 0.2
BIN_V_PER_CELL: Final = 0.008
FEWEST_BINS: Final = 12
USUAL_CELL_V: Final = {"": 3.3, "lfp": 3.3, "nmc": 3.7, "lmo": 3.7}
SMOOTHED_BINS: Final = 5


@dataclass(frozen=True)
class IncrementalCapacity:
    """dQ/dV (Ah/V) at n voltages."""

    volts: Floats
    ah_per_v: Floats


def incremental_capacity(
    discharge: Telemetry, capacity_ah: float, cells: int = 1
) -> IncrementalCapacity | None:
    """The curve of one discharge; None where it is too fast, too short or too coarse.

    discharge: current negative throughout, on its own clock. Charge is summed in voltage bins of
    8 mV a cell and smoothed over five of them by a parabola (Savitzky and Golay, 1964).
    """
    from scipy.signal import savgol_filter

    current = discharge.current
    if len(current) < 50 or not len(discharge.voltage):
        return None
    amps = -current.value
    if float(np.median(amps)) <= 0 or float(np.median(amps)) > SLOWEST_NEEDED_C * capacity_ah:
        return None
    volts = onto(current, discharge.voltage, 600.0)
    hours = np.diff(current.time_us) / 3.6e9
    charge = 0.5 * (amps[1:] + amps[:-1]) * hours
    middle = 0.5 * (volts[1:] + volts[:-1])
    seen = np.isfinite(middle)
    width = BIN_V_PER_CELL * cells
    levels = np.unique(discharge.voltage.value)
    span = float(np.ptp(middle[seen]))
    if len(levels) < 2 or float(np.diff(levels).min()) > width or span < FEWEST_BINS * width:
        return None
    edges = np.arange(float(middle[seen].min()), float(middle[seen].max()) + width, width)
    ah, _ = np.histogram(middle[seen], bins=edges, weights=charge[seen])
    smooth = savgol_filter(ah / width, SMOOTHED_BINS, polyorder=2)
    return IncrementalCapacity(0.5 * (edges[1:] + edges[:-1]), smooth)


def last_curve(found: Telemetry, capacity_ah: float, chemistry: str) -> IncrementalCapacity | None:
    """The curve of the longest discharge in these channels, where one carries it."""
    discharge = longest_discharge(found)
    if discharge is None or not len(found.voltage):
        return None
    usual_v = USUAL_CELL_V.get(chemistry, USUAL_CELL_V[""])
    cells = max(round(float(np.median(found.voltage.value)) / usual_v), 1)
    return incremental_capacity(discharge, capacity_ah, cells)


def longest_discharge(found: Telemetry) -> Telemetry | None:
    """The longest stretch in which the current flows out without a pause; None below an hour."""
    out = found.current.value < 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], out, [False])).astype(np.int8)))
    first, last = edges[::2], edges[1::2] - 1
    if not len(first):
        return None
    length = found.current.time_us[last] - found.current.time_us[first]
    longest = int(np.argmax(length))
    if length[longest] < 3.6e9:
        return None
    start, end = (int(found.current.time_us[at[longest]]) for at in (first, last))
    return found.between(start, end + 1)
