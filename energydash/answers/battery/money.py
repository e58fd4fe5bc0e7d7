"""What a battery saved: its half-hours at the home's prices, with and without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from energydash.answers.battery.records import error_of, held
from energydash.answers.grid.intensity import intensity
from energydash.answers.home.pricing import prices_of, read_meter
from energydash.answers.home.subject import Home, home_of
from energydash.battery import money
from energydash.battery.devices import Device
from energydash.battery.money import By
from energydash.battery.telemetry import Floats
from energydash.core.errors import EnergydashError
from energydash.core.feeds import FeedData
from energydash.core.time import Period
from energydash.grid.regions import default
from energydash.home.meters import Direction, Energy, Meter
from energydash.sync.context import Context

USUAL_LIFE_CYCLES: Final = 4000  # full cycles that wear is spread over without a warranty


@dataclass(frozen=True)
class MoneyAnswer:
    """Amounts of `battery.money.MONEY_COLUMNS` by local day, month or year (index: local dates).

    wear_p_per_kwh: what a discharged kWh wears off. is_metered: meters told what the home used;
    else energy in is taken as bought and energy out as not bought. is_priced: any half-hour has
    a price. plus_minus_gbp: how far the net may be off (`money.plus_minus_gbp`), None where nothing
    is priced. notes: what was assumed.
    """

    device: Device
    period: Period
    table: pd.DataFrame
    totals: dict[str, float]
    wear_p_per_kwh: float
    is_metered: bool
    is_priced: bool
    inputs: tuple[FeedData, ...]
    notes: tuple[str, ...]
    plus_minus_gbp: float | None = None


def battery_money(context: Context, device: str, period: Period, by: By = "day") -> MoneyAnswer:
    """Avoided import, export earned, cost of charging, wear and net, versus no battery."""
    battery = held(context, device)
    chosen, is_sample = battery.device, battery.is_sample
    frame = battery.slots(period)
    reading = battery.as_feed_data(frame, period)
    halves = money.by_half_hour(frame)
    index = pd.DatetimeIndex(halves.index)
    if not is_sample:  # a battery of one's own is never valued at a stranger's prices
        context = replace(context, sample_if_empty=False)
    home = home_of(context)
    notes: list[str] = []
    import_meter, export_meter = (
        _meter(home, direction, chosen, period.end)
        for direction in (Direction.IMPORT, Direction.EXPORT)
    )
    inputs = [reading]
    flows: list[Floats] = []
    prices: list[Floats] = []
    for meter in (import_meter, export_meter):
        if meter is None:
            flows.append(np.zeros(len(index)) if import_meter else np.full(len(index), np.nan))
            prices.append(np.zeros(len(index)))
            continue
        metered = read_meter(context, home, meter, period)
        inputs.append(metered)
        flows.append(_aligned(metered.data, index))
        prices.append(prices_of(context, home, meter, period).pence(index))
    kwh_in, kwh_out = (halves[name].to_numpy() for name in ("kwh_in", "kwh_out"))
    if import_meter is None:
        notes.append("No tariff is known, so nothing is priced: connect Octopus or import one.")
        prices[0] = np.full(len(index), np.nan)
    bill = None
    if import_meter is not None and not is_sample:  # the sample home's meters see no battery
        bill = flows[0], flows[1]
        flows[0], flows[1] = money.without_battery(flows[0], flows[1], kwh_in, kwh_out)
    carbon = _carbon(context, index, period, inputs, notes)
    wear = money.wear_p_per_kwh(chosen.replacement_gbp, _life_kwh(chosen, notes))
    half_hours = money.HalfHours(
        kwh_in, kwh_out, flows[0], flows[1], prices[0], prices[1], carbon, bill
    )  # fmt: skip
    valued = money.value(half_hours, index, wear)
    if is_part := int(valued["net_gbp"].isna().sum()):
        notes.append(f"{is_part:,} of {len(valued):,} half-hours lack a reading or a price.")
    is_metered = bool(np.isfinite(flows[0]).any()) and import_meter is not None
    is_priced = bool(np.isfinite(prices[0]).any())
    error = error_of(chosen)
    share = 2 * float(np.hypot(error.current_gain, error.voltage_gain))
    return MoneyAnswer(
        device=chosen,
        period=period,
        table=money.grouped(valued, chosen.zone, by),
        totals={name: float(valued[name].sum(min_count=1)) for name in valued.columns},
        wear_p_per_kwh=wear,
        is_metered=is_metered,
        is_priced=is_priced,
        inputs=tuple(inputs),
        notes=tuple(notes),
        plus_minus_gbp=money.plus_minus_gbp(half_hours, share) if is_priced else None,
    )


def _meter(home: Home, direction: Direction, device: Device, at: datetime) -> Meter | None:
    """The electricity meter of a direction: the one the device names, else the first of a home
    that was not yet moved out of then, else the first."""
    wanted = device.import_meter if direction is Direction.IMPORT else device.export_meter
    fitting = [
        meter
        for meter in home.meters
        if meter.energy is Energy.ELECTRICITY and meter.direction is direction
    ]
    named = [meter for meter in fitting if meter.id == wanted]
    lived_in = [meter for meter in fitting if home.ended(meter, at) is None]
    return next(iter(named or lived_in or fitting), None)


def _aligned(frame: pd.DataFrame, index: pd.DatetimeIndex) -> Floats:
    """A meter's half-hours at these instants, NaN where it has none."""
    if frame.empty:
        return np.full(len(index), np.nan)
    return frame["energy"].reindex(index).to_numpy(dtype=np.float64)


def _carbon(
    context: Context,
    index: pd.DatetimeIndex,
    period: Period,
    inputs: list[FeedData],
    notes: list[str],
) -> Floats:
    """The grid's average intensity of each half-hour in g/kWh; NaN where it is not stored."""
    if not len(index):
        return np.empty(0)
    until = min(period.end, context.now())
    try:
        region = default(context.settings).id
        found = intensity(context, region, Period(min(period.start, until), until))
    except EnergydashError as error:
        notes.append(f"Carbon is not known: {error.message}")
        return np.full(len(index), np.nan)
    inputs.extend(found.inputs)
    columns = [name for name in ("actual", "forecast") if name in found.data.columns]
    if not columns or found.data.empty:
        notes.append("Carbon is not known: no intensity is stored for this period.")
        return np.full(len(index), np.nan)
    series = found.data[columns].bfill(axis="columns").iloc[:, 0]
    return series.reindex(index).to_numpy(dtype=np.float64)


def _life_kwh(device: Device, notes: list[str]) -> float | None:
    """What wear is spread over: the warranty's throughput, else a usual number of full cycles."""
    if device.warranty.throughput_kwh:
        return device.warranty.throughput_kwh
    if device.capacity_kwh and device.replacement_gbp:
        notes.append(f"Wear is spread over {USUAL_LIFE_CYCLES:,} full cycles (no warranty given).")
        return device.capacity_kwh * USUAL_LIFE_CYCLES
    notes.append("Wear is not counted: the battery's settings have no replacement cost.")
    return None
