"""Usable capacity with an error bar, from full discharges or from ΔAh against ΔSoC.

Full discharge: the charge delivered down to a cut-off voltage, up to and including the first
loaded sample at or below it. This is the definition by which the NASA B0005 cell's published
capacities are reproduced within 0.002 %.

ΔAh against ΔSoC: a line with noise on both sides (G. Plett, J. Power Sources 196 (2011) 2319:
ordinary least squares is biased), with older pairs forgotten. A state of charge is the battery's
own coulomb count, so the result repeats the size that the BMS believes in: it is said to be so,
and is never a state of health.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from energydash.battery import slots
from energydash.battery.energy import Integral, SensorError
from energydash.battery.telemetry import Channel, Floats, Micros, Telemetry, onto

CapacityMethod = Literal["full-discharge", "ah-over-soc"]
SMALLEST_SOC_SPAN: Final = 0.3
FORGETTING: Final = 0.98  # weight of a pair per later pair: half after 34
FULL_PERCENT: Final = 99.0  # batteries count from 100 again when they are full
REST_SHARE_OF_LARGEST: Final = 0.02  # a sample below this share of the largest current is at rest


@dataclass(frozen=True)
class Capacity:
    """Usable capacity and one standard deviation of it.

    method: how. window: first and last instant used, UTC µs. samples: discharges or pairs used.
    c_rate: usual current over capacity, per h. temperature_c: mean, where there is a channel.
    depends_on_bms: the state of charge is the BMS's own count.
    """

    ah: float
    kwh: float | None
    sigma_ah: float
    method: CapacityMethod
    window: tuple[int, int]
    samples: int
    c_rate: float | None = None
    temperature_c: float | None = None
    depends_on_bms: bool = False

    @property
    def basis(self) -> str:
        """What the figure is, in the words that go with it."""
        return "as the BMS counts it" if self.depends_on_bms else "measured"

    @property
    def sigma_kwh(self) -> float | None:
        """The same relative error on the energy."""
        return None if self.kwh is None else self.kwh * self.sigma_ah / self.ah


@dataclass(frozen=True)
class Pair:
    """Charge against state of charge between two instants: ΔAh and ΔSoC (0 to 1), both signed
    (positive charging), with one standard deviation each."""

    start_us: int
    end_us: int
    ah: float
    soc: float
    sigma_ah: float
    sigma_soc: float
    kwh: float | None = None


def cutoff_us(telemetry: Telemetry, cutoff_v: float) -> int | None:
    """The instant of the first loaded (discharging) sample at or below `cutoff_v`; None where
    the battery never got there."""
    current = telemetry.current
    if not len(current) or not len(telemetry.voltage):
        return None
    volts = onto(current, telemetry.voltage, max_step_s=600.0)
    loaded = current.value < -REST_SHARE_OF_LARGEST * float(np.abs(current.value).max())
    reached = np.flatnonzero(loaded & (volts <= cutoff_v))
    return int(current.time_us[reached[0]]) if len(reached) else None


def full_discharge(
    telemetry: Telemetry,
    integral: Integral,
    cutoff_v: float,
    *,
    full_v: float | None = None,
    start_us: int | None = None,
    error: SensorError | None = None,
) -> Capacity | None:
    """The charge that left from full to the cut-off, short charges in between counted against it.

    Full is `start_us`, else the last instant at `full_v`, else the end of charging (or the start
    of `telemetry`). None where full or the cut-off is not reached, or data are missing.
    """
    end = cutoff_us(telemetry, cutoff_v)
    if end is None or end <= integral.time_us[0]:
        return None
    first = int(integral.time_us[0])
    if start_us is not None:
        start = max(start_us, first)
    elif full_v is not None:
        found = full_us(telemetry.between(first, end), full_v)
        if found is None:
            return None
        start = found
    else:
        current = telemetry.current.between(first, end)
        charging = np.flatnonzero(
            current.value > REST_SHARE_OF_LARGEST * float(np.abs(telemetry.current.value).max())
        )
        start = int(current.time_us[charging[-1]]) if len(charging) else first
    total = integral.total(start, end, error)
    if total.ah_out <= 2 * total.ah_in or total.coverage < 0.98:
        return None
    used = telemetry.between(start, end + 1)
    loaded = used.current.value[used.current.value < 0]
    ah = total.ah_out - total.ah_in
    kwh = total.kwh_out - total.kwh_in if total.energy_coverage >= 0.98 else None
    return Capacity(
        ah=ah,
        kwh=kwh,
        sigma_ah=float(np.hypot(total.sigma_ah_out, total.gap_ah / np.sqrt(3))),
        method="full-discharge",
        window=(start, end),
        samples=1,
        c_rate=float(-np.median(loaded) / ah) if len(loaded) else None,
        temperature_c=_mean(used.temperature),
    )


def full_us(telemetry: Telemetry, full_v: float | None) -> int | None:
    """The last instant at which a battery was full (`full_v`, else a state of charge of 99 %) and
    nothing flowed out; the first full one where it was under load throughout."""
    channel, level = (telemetry.voltage, full_v) if full_v else (telemetry.soc, FULL_PERCENT)
    full = channel.time_us[channel.value >= level]
    if not len(full) or not len(telemetry.current):
        return None
    amps = np.interp(full, telemetry.current.time_us, telemetry.current.value)
    at_rest = np.flatnonzero(amps >= -REST_SHARE_OF_LARGEST * np.abs(telemetry.current.value).max())
    return int(full[at_rest[-1]] if len(at_rest) else full[0])


def full_to_cutoff(
    frame: pd.DataFrame, step_s: int, cutoff_v: float, full_v: float | None
) -> list[tuple[int, int]]:
    """Where in slots a discharge from full to the cut-off lies: from the last slot that was full
    before it (at `full_v`, else by a state of charge of 99 %) to the end of the first that
    reached the cut-off with current flowing out."""
    starts = slots.edges(frame)
    low = np.flatnonzero((frame["lowest_v"] <= cutoff_v) & (frame["ah_out"] > 0))
    level = frame["highest_v"] >= full_v if full_v else frame["soc_percent"] >= FULL_PERCENT
    full = np.flatnonzero(level)
    before = np.searchsorted(full, low, side="right") - 1
    anchors, first = np.unique(before[before >= 0], return_index=True)
    low = low[before >= 0]
    step_us = step_s * 1_000_000
    return [
        (int(starts[full[anchor]]), int(starts[low[at]]) + step_us)
        for anchor, at in zip(anchors, first, strict=True)
    ]


def fit(
    found: tuple[Pair, ...],
    *,
    error: SensorError | None = None,
    forgetting: float = FORGETTING,
) -> Capacity | None:
    """The capacity C that makes ΔAh = C·ΔSoC most likely with noise on both sides; None
    without a pair. Pairs weigh less the older they are (`forgetting` per later pair)."""
    if not found:
        return None
    error = error or SensorError()
    swing = np.array([pair.soc for pair in found])
    charge = np.array([pair.ah for pair in found])
    noise_soc = np.array([pair.sigma_soc for pair in found])
    noise_ah = np.maximum([pair.sigma_ah for pair in found], 1e-9)
    weight = forgetting ** np.arange(len(found) - 1, -1, -1.0)
    ratios = charge / swing
    if np.median(ratios) <= 0:
        return None  # charge leaves while the state of charge rises: the sign is wrong
    noise_ratio = float((noise_ah**2).mean() / (noise_soc**2).mean())
    ah = _deming(swing, charge, noise_ratio, weight)
    variance = (ah * noise_soc) ** 2 + noise_ah**2
    information = float((weight * swing**2 / variance).sum())
    sigma = float(np.sqrt((weight**2 * swing**2 / variance).sum())) / information
    if len(found) > 2:  # more scatter than the sensors explain widens the error
        misfit = float((weight * (charge - ah * swing) ** 2 / variance).sum())
        spare = float(weight.sum()) * (1 - 1 / len(found))
        sigma *= max(1.0, float(np.sqrt(misfit / spare)))
    kwh = None
    known = np.array([pair.kwh is not None for pair in found])
    if known.any():  # the energy of the windows themselves: their voltage is not that of others
        energy = np.array([pair.kwh or 0.0 for pair in found])[known]
        a_volt = float(np.abs(energy).sum() / np.abs(charge[known]).sum())
        kwh = _deming(swing[known], energy, noise_ratio * a_volt**2, weight[known])
    return Capacity(
        ah=ah,
        kwh=kwh,
        sigma_ah=float(np.hypot(sigma, error.current_gain * ah)),
        method="ah-over-soc",
        window=(found[0].start_us, found[-1].end_us),
        samples=len(found),
        depends_on_bms=True,
    )


def _deming(x: Floats, y: Floats, ratio: float, weight: Floats) -> float:
    """The slope of the line through 0 with noise on both sides, `ratio` the variance of y's over
    x's (W. E. Deming, Statistical Adjustment of Data, 1943)."""
    xx, yy, xy = ((weight * product).sum() for product in (x * x, y * y, x * y))
    half = (yy - ratio * xx) / 2
    return float((half + np.sqrt(half**2 + ratio * xy**2)) / xy)


def latest(found: tuple[Capacity, ...]) -> Capacity | None:
    """One capacity from full discharges: the last one, with the scatter of the last five in its
    error, for a single discharge hides what the next one differs by."""
    if not found:
        return None
    last = found[-1]
    recent = np.array([capacity.ah for capacity in found[-5:]])
    if len(recent) < 3:
        return last
    line = np.polyval(np.polyfit(np.arange(len(recent)), recent, 1), np.arange(len(recent)))
    scatter = float(np.sqrt(((recent - line) ** 2).sum() / (len(recent) - 2)))
    return Capacity(
        last.ah, last.kwh, float(np.hypot(last.sigma_ah, scatter)), last.method, last.window,
        len(found), last.c_rate, last.temperature_c, last.depends_on_bms,
    )  # fmt: skip


def full_anchors_us(telemetry: Telemetry, full_v: float, capacity_ah: float) -> Micros:
    """Instants when the battery is known to be full: at or above `full_v` with a tail current
    below C/20, one (the last) per stay."""
    current = telemetry.current
    volts = onto(current, telemetry.voltage, max_step_s=600.0)
    with np.errstate(invalid="ignore"):
        full = (volts >= full_v) & (current.value >= 0) & (current.value < capacity_ah / 20)
    if not full.any():
        return np.empty(0, np.int64)
    last = np.flatnonzero(full & ~np.append(full[1:], False))
    return current.time_us[last]


def anchored_soc(
    integral: Integral, anchors_us: Micros, anchor_percent: float, capacity_ah: float
) -> Channel:
    """State of charge by counting charge from anchor to anchor (at the current's clock), the
    drift that shows at the next anchor spread linearly over the time since the last."""
    if len(anchors_us) == 0 or len(integral.time_us) < 2:
        return Channel(np.empty(0, np.int64), np.empty(0, np.float64))
    ah_in, ah_out, *_ = integral.at(integral.time_us)
    net = (ah_in - ah_out) / capacity_ah * 100.0
    at_anchor = np.interp(anchors_us, integral.time_us, net)
    # What the count says beyond the anchor's level is drift; before the first and after the last
    # anchor it is held, for nothing is known there.
    drift = np.interp(integral.time_us, anchors_us, at_anchor - anchor_percent)
    return Channel(integral.time_us, net - drift)


def _mean(channel: Channel) -> float | None:
    return float(channel.value.mean()) if len(channel) else None
