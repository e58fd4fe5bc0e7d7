"""How a battery ages: measured capacity over its life, the band ahead, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from energydash.answers.battery import data
from energydash.answers.battery.view import device_of, history, sensor_error
from energydash.battery import ageing, slots
from energydash.battery import analysis as analysis_module
from energydash.battery import trend as trend_module
from energydash.battery.ageing import Forecast, Stress, WhatIf
from energydash.battery.devices import Device
from energydash.battery.ica import IncrementalCapacity, incremental_capacity
from energydash.battery.resistance import Resistance, resistance
from energydash.battery.telemetry import Telemetry
from energydash.battery.trend import Point, Trend, WarrantyState
from energydash.core.feeds import FeedData
from energydash.core.time import Period, local_midnight
from energydash.sync.context import Context

YEAR_S = ageing.YEAR_S


@dataclass(frozen=True)
class HealthAnswer:
    """Capacity over time and what is ahead. Missing pieces are None, with `reasons`.

    points: one measured capacity per 30 days. born: when the age counts from. new_ah: capacity
    when new, as sold or as first measured. incremental: dQ/dV, only where a slow discharge with a
    fine voltage carries it.
    """

    device: Device
    points: tuple[Point, ...]
    trend: Trend | None
    born: datetime
    new_ah: float | None
    stress: Stress | None
    forecast: Forecast | None
    end_of_life: tuple[float | None, float | None]
    what_ifs: tuple[WhatIf, ...]
    warranty: WarrantyState | None
    resistance: Resistance | None
    incremental: IncrementalCapacity | None
    reading: FeedData
    reasons: tuple[str, ...]


def health(context: Context, device: str = "") -> HealthAnswer:
    """The whole measured life of a battery, its trend, forecast, warranty and what-ifs."""
    chosen = device_of(context, device)
    span = history(context, chosen)
    frame = data.slots(context, chosen, span)
    reading = data.reading_of(context, chosen, span, frame)
    regular = slots.regular(frame)
    error = sensor_error(frame)
    counted = data.soc_is_counted(data.setup_of(context, chosen))
    found = (
        analysis_module.analyse(frame, error=error, soc_is_counted=counted) if len(frame) else None
    )
    reasons: list[str] = []
    measured = trend_module.points(found.pairs) if found else ()
    new_ah = chosen.capacity_ah or (measured[0].ah if measured else None)
    if measured and not chosen.capacity_ah:
        reasons.append("Health is relative to the first measurement: no nominal capacity is set.")
    line = trend_module.trend(measured, new_ah) if new_ah else None
    if line is None:
        reasons.append("A trend needs four months with swings of 30 %.")
    born = local_midnight(chosen.installed, chosen.zone) if chosen.installed else span.start
    if not chosen.installed:
        reasons.append("Age counts from the first telemetry: no date of installation is set.")
    age = max((span.end - born).total_seconds() / YEAR_S, 0.0)
    stress = ageing.stress_of(regular, found.swings) if found and len(regular) > 1 else None
    ahead: Forecast | None = None
    what_ifs: tuple[WhatIf, ...] = ()
    end: tuple[float | None, float | None] = (None, None)
    if stress is None:
        reasons.append("A forecast needs a state of charge.")
    else:
        known = line.health if line else None
        sigma = line.sigma_health if line else 0.0
        if known is None and measured and new_ah:
            known, sigma = measured[-1].ah / new_ah, measured[-1].sigma_ah / new_ah
        ahead = ageing.forecast(stress, age_years=age, health=known, sigma=sigma)
        end = ahead.years_at(chosen.warranty.health_percent / 100)
        what_ifs = ageing.what_if(
            stress,
            factor=_factor(chosen, stress, known, sigma, age),
            age_years=age,
            replacement_gbp=chosen.replacement_gbp,
            end_health=chosen.warranty.health_percent / 100,
        )
    return HealthAnswer(
        chosen, measured, line, born, new_ah, stress, ahead, end, what_ifs,
        _warranty(chosen, regular, age), *_from_raw(context, chosen, span, new_ah), reading,
        tuple(reasons),
    )  # fmt: skip


def _factor(device: Device, stress: Stress, known: float | None, sigma: float, age: float) -> float:
    """The factor of the device's chemistry (LFP where it is not said), calibrated if possible."""
    kind = next((c for c in ageing.CHEMISTRIES if c.id == device.chemistry), ageing.CHEMISTRIES[0])
    if known is None or age <= 0.25 or known >= 0.999:
        return kind.factor
    return ageing.calibrated(kind.factor, ageing.stress_rate(stress), known, age, sigma)


def _warranty(device: Device, regular: pd.DataFrame, age: float) -> WarrantyState | None:
    """Throughput since new: what was measured, at the same pace over the time before it."""
    if regular.empty:
        return None
    seen_years = float(regular["covered_s"].sum()) / YEAR_S
    if seen_years <= 0:
        return None
    a_year = float(regular["kwh_out"].sum()) / seen_years
    return trend_module.warranty_state(
        device.warranty, age, a_year * max(age, seen_years), a_year,
        regular["temperature_c"].to_numpy(), regular["covered_s"].to_numpy() / 3600,
    )  # fmt: skip


def _from_raw(
    context: Context, device: Device, span: Period, new_ah: float | None
) -> tuple[Resistance | None, IncrementalCapacity | None]:
    """Internal resistance from the load steps, and incremental capacity from the longest
    discharge, of the last fortnight with data."""
    fortnight = Period(max(span.start, span.end - timedelta(days=14)), span.end)
    key = ("raw", data.slots_key(context, device), fortnight)
    found = data.remembered(
        key, lambda: data.telemetry(context, device, fortnight, ("voltage_v", "current_a"))
    )
    if len(found.current) < 3:
        return None, None
    discharge = longest_discharge(found)
    curve = None
    if discharge is not None and new_ah and len(found.voltage):
        cell_v = 3.3 if device.chemistry in ("", "lfp") else 3.7
        cells = max(round(float(np.median(found.voltage.value)) / cell_v), 1)
        curve = incremental_capacity(discharge, new_ah, cells)
    return resistance(found), curve


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


def as_table(found: HealthAnswer) -> pd.DataFrame:
    """The forecast by year of age: one column per chemistry and the band, in percent of new."""
    if found.forecast is None:
        return pd.DataFrame()
    ahead = found.forecast
    table = pd.DataFrame(
        {"age_years": ahead.years, "low_percent": 100 * ahead.low, "high_percent": 100 * ahead.high}
    )
    for kind in ageing.CHEMISTRIES:
        table[f"{kind.id}_percent"] = 100 * ahead.lines[kind.id]
    return table[np.isclose(table["age_years"] % 1, 0)].reset_index(drop=True)
