"""How a battery ages: measured capacity over its life, the band ahead, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from energydash.answers.battery.records import Held, held, told_of
from energydash.battery import ageing, pipeline, slots
from energydash.battery import analysis as analysis_module
from energydash.battery import trend as trend_module
from energydash.battery.ageing import Forecast, Stress, WhatIf
from energydash.battery.devices import Device
from energydash.battery.ica import IncrementalCapacity, last_curve
from energydash.battery.pipeline import sensor_error
from energydash.battery.resistance import Resistance, resistance
from energydash.battery.trend import Point, Trend, WarrantyState
from energydash.core.feeds import FeedData
from energydash.core.time import Period, local_midnight
from energydash.sync.batteries import remembered
from energydash.sync.context import Context

YEAR_S = ageing.YEAR_S
MOST_MEASURED = 60  # full discharges that a trend is made of


BMS_ONLY = (
    "Health is not known: the state of charge is the battery's own count, which repeats the size "
    "that its BMS believes in. Set the voltages of the full and of the empty battery; a discharge "
    "from one to the other measures it."
)


NO_WHAT_IF = (
    "What gentler use would save is not offered: the cited model is of LMO cells, and others "
    "answer otherwise to cold, depth and charge."
)


@dataclass(frozen=True)
class HealthAnswer:
    """Capacity over time and what is ahead. Missing pieces are None, with `reasons`.

    points: the capacity that each full discharge measured. born: when the age counts from. new_ah:
    capacity when new, as sold or as first measured. incremental: dQ/dV, only where a slow discharge
    with a fine voltage carries it.
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
    battery = held(context, device)
    chosen, span = battery.device, battery.history
    frame = battery.slots(span)
    reading = battery.as_feed_data(frame, span)
    regular = slots.regular(frame)
    error = sensor_error(frame, chosen.errors)
    counted = not battery.record.setup.has_soc
    found = (
        analysis_module.analyse(frame, error=error, soc_is_counted=counted) if len(frame) else None
    )
    reasons: list[str] = []
    told = told_of(chosen)
    full = remembered(
        ("discharges", battery.key, told),
        lambda: pipeline.discharges(
            battery.record, frame, told, battery.record.setup.joining, error, MOST_MEASURED
        ),
    )
    measured = trend_module.points(full)
    new_ah = chosen.capacity_ah or (measured[0].ah if measured else None)
    if measured and not chosen.capacity_ah:
        reasons.append("Health is relative to the first measurement: no nominal capacity is set.")
    line = trend_module.trend(measured, new_ah) if new_ah else None
    if not measured:
        reasons.append(BMS_ONLY)
    elif line is None:
        reasons.append("A trend needs four full discharges, from full to the cut-off voltage.")
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
        end = ahead.years_at(chosen.end_percent / 100)
        if chosen.chemistry == ageing.MODELLED:
            what_ifs = ageing.what_if(
                stress,
                factor=ageing.factor_of(chosen.chemistry, stress, known, sigma, age),
                age_years=age,
                replacement_gbp=chosen.replacement_gbp,
                end_health=chosen.end_percent / 100,
            )
        else:
            reasons.append(NO_WHAT_IF)
    return HealthAnswer(
        chosen, measured, line, born, new_ah, stress, ahead, end, what_ifs,
        trend_module.warranty_of(chosen.warranty, regular, age)
        if chosen.warranty.is_given else None,
        *_from_raw(battery, span, new_ah), reading,
        tuple(reasons),
    )  # fmt: skip


def _from_raw(
    battery: Held, span: Period, new_ah: float | None
) -> tuple[Resistance | None, IncrementalCapacity | None]:
    """Internal resistance from the load steps, and incremental capacity from the longest
    discharge, of the last fortnight with data."""
    fortnight = Period(max(span.start, span.end - timedelta(days=14)), span.end)
    found = remembered(
        ("fortnight", battery.key, fortnight),
        lambda: battery.telemetry(fortnight, ("voltage_v", "current_a")),
    )
    if len(found.current) < 3:
        return None, None
    return resistance(found), (
        last_curve(found, new_ah, battery.device.chemistry) if new_ah else None
    )
