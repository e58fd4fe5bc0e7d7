"""Measured capacity over time: the trend with its interval, knee-aware; and the warranty.

Of seven ways to extrapolate, a straight line through the last third predicted best on public
cells (median error 1.3 points), and every way missed cells whose knee came later. So the interval
is that of the line, a steepening is said as a knee, and there is never one end-of-life date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery.capacity import Capacity
from energydash.battery.devices import Warranty
from energydash.battery.telemetry import Floats

YEAR_US: Final = 365.25 * 86_400e6
FEWEST_POINTS: Final = 4
FEWEST_IN_LINE: Final = 6


@dataclass(frozen=True)
class Point:
    """One measured capacity: when (UTC µs), Ah and one standard deviation."""

    time_us: int
    ah: float
    sigma_ah: float


@dataclass(frozen=True)
class Trend:
    """Capacity now and its change a year, share of new; one standard deviation each.

    has_knee: the last third falls clearly faster than all of it. points: how many went in.
    """

    health: float
    sigma_health: float
    change_a_year: float
    sigma_change: float
    has_knee: bool
    points: int


@dataclass(frozen=True)
class WarrantyState:
    """How much of a warranty is used. Shares are 0 to 1 and may pass 1; None where not promised.

    ends_in_years: until the first of years and throughput, at the present pace.
    """

    age_years: float
    years_share: float | None
    throughput_kwh: float
    throughput_share: float | None
    ends_in_years: float | None
    promised_health: float | None
    hours_too_cold: float
    hours_too_hot: float


def points(discharges: Sequence[Capacity]) -> tuple[Point, ...]:
    """The capacities that full discharges measured, by when each ended."""
    return tuple(Point(one.window[1], one.ah, one.sigma_ah) for one in discharges)


def trend(measured: Sequence[Point], new_ah: float) -> Trend | None:
    """The straight line through the last third (at least six points, or all there are); None with
    fewer than four."""
    if len(measured) < FEWEST_POINTS:
        return None
    time = np.array([point.time_us for point in measured]) / YEAR_US
    health = np.array([point.ah for point in measured]) / new_ah
    sigma = np.array([point.sigma_ah for point in measured]) / new_ah
    last = min(max(FEWEST_IN_LINE, len(measured) // 3), len(measured))
    level, slope, level_sigma, slope_sigma = _line(time[-last:], health[-last:], sigma[-last:])
    _, whole, _, whole_sigma = _line(time, health, sigma)
    steeper = whole - slope
    has_knee = last < len(measured) and steeper > 2 * float(np.hypot(slope_sigma, whole_sigma))
    return Trend(level, level_sigma, slope, slope_sigma, bool(has_knee), len(measured))


def _line(time: Floats, value: Floats, sigma: Floats) -> tuple[float, float, float, float]:
    """Weighted line: value at the last time, slope, and one standard deviation of each, widened
    where the points scatter more than their sigma."""
    at = time - time[-1]
    weight = 1 / np.maximum(sigma, 1e-6) ** 2
    design = np.vstack([np.ones_like(at), at]).T
    normal = design.T @ (design * weight[:, None])
    covariance = np.linalg.pinv(normal)
    level, slope = covariance @ (design.T @ (weight * value))
    misfit = float((weight * (value - level - slope * at) ** 2).sum())
    if len(time) > 2:
        covariance = covariance * max(1.0, misfit / (len(time) - 2))
    return (
        float(level),
        float(slope),
        float(covariance[0, 0] ** 0.5),
        float(covariance[1, 1] ** 0.5),
    )


def warranty_state(
    warranty: Warranty,
    age_years: float,
    throughput_kwh: float,
    kwh_a_year: float,
    temperature_c: Floats,
    hours: Floats,
) -> WarrantyState:
    """What is used of a warranty. throughput_kwh: discharged since new (measured part scaled to
    the battery's age). temperature_c, hours: by slot, NaN where unknown."""
    share = throughput_kwh / warranty.throughput_kwh if warranty.throughput_kwh else None
    ends = [warranty.years - age_years] if warranty.years else []
    if warranty.throughput_kwh and kwh_a_year > 0:
        ends.append((warranty.throughput_kwh - throughput_kwh) / kwh_a_year)
    seen = np.isfinite(temperature_c)
    cold = hot = 0.0
    if warranty.lowest_c is not None:
        cold = float(hours[seen & (temperature_c < warranty.lowest_c)].sum())
    if warranty.highest_c is not None:
        hot = float(hours[seen & (temperature_c > warranty.highest_c)].sum())
    return WarrantyState(
        age_years, age_years / warranty.years if warranty.years else None, throughput_kwh, share,
        max(min(ends), 0.0) if ends else None,
        warranty.health_percent / 100 if warranty.health_percent else None, cold, hot,
    )  # fmt: skip


def warranty_of(
    warranty: Warranty, regular: pd.DataFrame, age_years: float
) -> WarrantyState | None:
    """Throughput since new by regular slots: what was measured, at the same pace before it."""
    if regular.empty:
        return None
    covered_s = regular["covered_s"].to_numpy()
    seen_years = float(covered_s.sum()) * 1e6 / YEAR_US
    if seen_years <= 0:
        return None
    a_year = float(regular["kwh_out"].sum()) / seen_years
    return warranty_state(
        warranty, age_years, a_year * max(age_years, seen_years), a_year,
        regular["temperature_c"].to_numpy(), covered_s / 3600,
    )  # fmt: skip
