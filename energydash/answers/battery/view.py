"""What a battery did in a period: figures now, totals, cycles, capacity, efficiency, stress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd

from energydash.answers.battery.analysis import BatteryAnswer, of_period
from energydash.answers.battery.records import Held, held
from energydash.battery import analysis as analysis_module
from energydash.battery import slots
from energydash.battery.analysis import Analysis
from energydash.battery.cycles import Histogram, depth_histogram, equivalent_full_cycles
from energydash.battery.devices import Device
from energydash.battery.tables import by_day, cycles_table
from energydash.core.feeds import FeedData
from energydash.core.time import Period
from energydash.sync.context import Context

NOW_WITHIN: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class BatteryView:
    """One battery over one period.

    now: the newest value of each channel with its time, where it is recent. totals by day in
    `days` (local days of the device's zone): kwh_in, kwh_out, ah_in, ah_out, coverage. cycles:
    see `cycles_table`.
    """

    device: Device
    period: Period
    answer: BatteryAnswer
    reading: FeedData
    days: pd.DataFrame
    now: Mapping[str, tuple[datetime, float]]
    stress: Mapping[str, Histogram]
    cycles: pd.DataFrame
    full_cycles: float
    sign_is_known: bool

    @property
    def analysis(self) -> Analysis | None:
        return self.answer.analysis

    @property
    def is_sample(self) -> bool:
        return self.reading.origin == "sample"


def view(
    context: Context, device: str, period: Period, *, cutoff_v: float | None = None
) -> BatteryView:
    """Everything the Battery page says about one battery in a period."""
    battery = held(context, device)
    answer, made_from = of_period(battery, period, cutoff_v=cutoff_v)
    frame, found = made_from.frame, answer.analysis
    totals = found.totals if found else None
    size = battery.device.capacity_ah or (found.capacity.ah if found and found.capacity else None)
    return BatteryView(
        device=battery.device,
        period=period,
        answer=answer,
        reading=battery.as_feed_data(frame, period),
        days=by_day(frame, battery.device.zone, context.now()),
        now=_now(battery),
        stress=_stress(frame, found, size, made_from.step_s),
        cycles=cycles_table(found),
        full_cycles=equivalent_full_cycles(totals.ah_in, totals.ah_out, size)
        if totals and size else 0.0,
        sign_is_known=battery.record.setup.charge_sign != 0,
    )  # fmt: skip


def _stress(
    frame: pd.DataFrame, found: Analysis | None, size: float | None, step_s: int
) -> Mapping[str, Histogram]:
    regular = slots.regular(frame, step_s)
    stress = dict(analysis_module.stress(regular, size)) if len(regular) else {}
    if found and found.swings:
        stress["depth"] = depth_histogram(found.swings)
    return stress


def _now(battery: Held) -> dict[str, tuple[datetime, float]]:
    """The newest value of each channel within half an hour of the newest of all."""
    channels = {part: c for part, c in battery.record.latest.channels().items() if len(c)}
    newest = max((int(c.time_us[-1]) for c in channels.values()), default=0)
    oldest = newest - NOW_WITHIN // timedelta(microseconds=1)
    values = {
        part: (datetime.fromtimestamp(c.time_us[-1] / 1e6, UTC), float(c.value[-1]))
        for part, c in channels.items()
        if c.time_us[-1] >= oldest
    }
    if "power_kw" not in values and {"voltage_v", "current_a"} <= set(values):
        at, amps = values["current_a"]
        values["power_kw"] = (at, amps * values["voltage_v"][1] / 1e3)
    return values


def summary(found: BatteryView) -> dict[str, Any]:
    """The figures of the first row, by name; None where unknown. There is no health where the
    capacity is only what the BMS counts it to be."""
    whole = found.analysis
    totals = whole.totals if whole else None
    size = whole.capacity if whole else None
    new = found.device.capacity_ah
    is_measured = size is not None and not size.depends_on_bms
    return {
        "soc_percent": found.now.get("soc_percent", (None, None))[1],
        "power_kw": found.now.get("power_kw", (None, None))[1],
        "kwh_in": totals.kwh_in if totals else None,
        "kwh_out": totals.kwh_out if totals else None,
        "usable_kwh": size.kwh if size else None,
        "sigma_kwh": size.sigma_kwh if size else None,
        "health": size.ah / new if size and new and is_measured else None,
        "sigma_health": size.sigma_ah / new if size and new and is_measured else None,
        "coverage": totals.energy_coverage if totals else None,
    }
