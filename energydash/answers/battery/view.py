"""What a battery did in a period: figures now, totals, cycles, capacity, efficiency, traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from energydash.answers.battery import data
from energydash.answers.battery.answer import BatteryAnswer
from energydash.battery import analysis as analysis_module
from energydash.battery import slots as slots_module
from energydash.battery.analysis import Analysis
from energydash.battery.capacity import Capacity, full_discharge, latest
from energydash.battery.cycles import Histogram, depth_histogram, equivalent_full_cycles
from energydash.battery.devices import Device
from energydash.battery.efficiency import Efficiency, efficiency
from energydash.battery.energy import SensorError, integrate
from energydash.battery.quality import blocking, cross_check
from energydash.battery.telemetry import PARTS
from energydash.core.errors import InputError
from energydash.core.feeds import FeedData
from energydash.core.findings import Finding
from energydash.core.time import DAY, Period, local_midnight
from energydash.sources.sample import battery as sample
from energydash.sync import documents
from energydash.sync.context import Context

CHECKED_DAYS: Final = timedelta(days=7)  # raw channels are cross-checked over the last week
NOW_WITHIN: Final = timedelta(minutes=30)
DISCHARGES_DAYS: Final = timedelta(days=120)


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


def devices(context: Context) -> tuple[Device, ...]:
    """The household's batteries; the made-up one where sample data are asked for or allowed."""
    if context.sample:
        return (sample.DEVICE,)
    found = tuple(documents.batteries(context.store))
    if not found and context.sample_if_empty and not is_configured(context):
        return (sample.DEVICE,)
    return found


def is_configured(context: Context) -> bool:
    """True where an Aretas login is in the settings."""
    return any(section.text("username") for section in context.settings.named("aretas"))


def device_of(context: Context, name: str = "") -> Device:
    """A battery by id or label; the only (or first) one without a name. Raises InputError."""
    known = devices(context)
    if not known:
        raise InputError(
            "There is no battery yet.",
            remedy="Connect Aretas, or import telemetry: energydash import telemetry FILE.",
        )
    if not name:
        return known[0]
    for device in known:
        if name in (device.id, device.label):
            return device
    raise InputError(
        f"There is no battery '{name}'.",
        remedy=f"Known: {', '.join(device.id for device in known)}.",
    )


def analyse(
    context: Context,
    device: str = "",
    period: Period | None = None,
    *,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
) -> BatteryAnswer:
    """Totals, cycles, capacity and efficiency of a stored battery, by default over all it has.

    max_gap_s: another limit than usual needs the raw samples of the period again.
    """
    chosen = device_of(context, device)
    span = period or history(context, chosen)
    if max_gap_s is not None:
        return _from_raw(context, chosen, span, max_gap_s, cutoff_v)
    return view(context, chosen.id, span, cutoff_v=cutoff_v).answer


def history(context: Context, device: Device) -> Period:
    """From the first to the newest telemetry; a year up to now for the made-up battery."""
    return data.history(context, device)


def view(
    context: Context, device: str, period: Period, *, cutoff_v: float | None = None
) -> BatteryView:
    """Everything the Battery page says about one battery in a period."""
    chosen = device_of(context, device)
    want(context, chosen, period)
    setup = data.setup_of(context, chosen)
    frame = data.slots(context, chosen, period)
    lived = data.lived(context, chosen, period)
    reading = data.reading_of(context, chosen, lived, frame)
    faults = _faults(context, chosen, period, setup, frame)
    stop = blocking(faults)
    start_us, end_us = _micros(lived.start), _micros(lived.end)
    found: Analysis | None = None
    reason = f"{stop.sentence} {stop.remedy}".strip() if stop else ""
    if stop is None:
        error = sensor_error(frame)
        found = data.remembered(
            ("analysis", data.slots_key(context, chosen), lived),
            lambda: analysis_module.analyse(
                frame,
                start_us=start_us,
                end_us=end_us,
                error=error,
                soc_is_counted=data.soc_is_counted(setup),
            ),
        )
        found = _with_history(context, chosen, period, found, frame, cutoff_v, error)
        reason = found.reason
    size = nominal_ah(chosen) or (found.capacity.ah if found and found.capacity else None)
    regular = slots_module.regular(frame)
    stress = dict(analysis_module.stress(regular, size)) if len(regular) else {}
    if found and found.swings:
        stress["depth"] = depth_histogram(found.swings)
    totals = found.totals if found else None
    return BatteryView(
        device=chosen,
        period=period,
        answer=BatteryAnswer(chosen.name, found, reason, faults, method="trapezoid or hold",
                             max_gap_s=60.0, has_voltage=_has_voltage(frame)),
        reading=reading,
        days=by_day(frame, chosen.zone),
        now=_now(context, chosen, setup),
        stress=stress,
        cycles=cycles_table(found),
        full_cycles=equivalent_full_cycles(totals.ah_in, totals.ah_out, size)
        if totals and size else 0.0,
        sign_is_known=setup.charge_sign != 0,
    )  # fmt: skip


def want(context: Context, device: Device, period: Period) -> None:
    """Ask the crawler to keep a connected battery's telemetry complete for this period."""
    if device.source == "aretas" and not data.is_sample(context, device):
        context.store.want(device.feed(context.store.household()), context.now(), period)


def by_day(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Flows by local day: kwh_in, kwh_out, ah_in, ah_out, coverage (share of the day so far)."""
    names = ["kwh_in", "kwh_out", "ah_in", "ah_out", "covered_s"]
    if frame.empty:
        return pd.DataFrame(columns=[*names[:-1], "coverage"], dtype="float64")
    local = pd.DatetimeIndex(frame.index).tz_convert(zone)
    days = local.tz_localize(None).normalize().rename("day")
    sums = frame[names].groupby(days).sum(min_count=1)
    length = [
        (local_midnight(day.date() + DAY, zone) - local_midnight(day.date(), zone)).total_seconds()
        for day in sums.index
    ]
    sums["coverage"] = np.minimum(sums.pop("covered_s") / np.asarray(length), 1.0)
    return sums


def nominal_ah(device: Device) -> float | None:
    """The capacity it was sold with."""
    return device.capacity_ah


def sensor_error(frame: pd.DataFrame) -> SensorError:
    """The usual error of a shunt made for these currents: its offset is 0.05 % of the largest."""
    peak = frame["peak_a"].max() if len(frame) else 0.0
    return SensorError(current_offset_a=5e-4 * (float(peak) if np.isfinite(peak) else 0.0))


def _with_history(
    context: Context,
    device: Device,
    period: Period,
    found: Analysis,
    frame: pd.DataFrame,
    cutoff_v: float | None,
    error: SensorError,
) -> Analysis:
    """Capacity from full discharges where there is a cut-off voltage; and where the period is too
    short for one, from the ninety days before its end."""
    cutoff = cutoff_v or device.cutoff_v
    size: Capacity | None = None
    if cutoff:
        size = _discharges(context, device, period, cutoff, error)
    counted = data.soc_is_counted(data.setup_of(context, device))
    if (
        size is None
        and found.capacity is None
        and not counted
        and period.duration < timedelta(days=90)
    ):
        wider = Period(period.end - timedelta(days=90), period.end)
        size = analysis_module.analyse(data.slots(context, device, wider), error=error).capacity
    if size is None:
        return found
    worth: Efficiency = efficiency(slots_module.regular(frame), size, error) if len(
        frame
    ) > 1 else found.efficiency  # fmt: skip
    return replace(found, capacity=size, reason="", efficiency=worth)


def _discharges(
    context: Context, device: Device, period: Period, cutoff_v: float, error: SensorError
) -> Capacity | None:
    """Full discharges in (at most the last 120 days of) a period, from raw samples, day by day
    around the days whose voltage came near the cut-off."""
    start = max(period.start, period.end - DISCHARGES_DAYS)
    span = Period(start, period.end)
    found: list[Capacity] = []
    for piece in span.chunks(timedelta(days=10)):
        telemetry = data.telemetry(
            context, device, piece, ("voltage_v", "current_a", "soc_percent", "temperature_c")
        )
        if not len(telemetry.voltage) or float(telemetry.voltage.value.min()) > cutoff_v:
            continue
        whole = analysis_module.analyse(data.slots(context, device, piece), error=error)
        for cycle in whole.cycles:
            stretch = telemetry.between(cycle.start_us, cycle.end_us + 1)
            if len(stretch.current) < 2:
                continue
            size = full_discharge(
                stretch, integrate(stretch), cutoff_v, full_v=device.full_v, error=error
            )
            if size and (device.full_v or (cycle.soc_high or 0.0) >= 95.0):
                found.append(size)
    return latest(tuple(found))


def _from_raw(
    context: Context, device: Device, period: Period, max_gap_s: float, cutoff_v: float | None
) -> BatteryAnswer:
    from energydash.answers.battery.files import analyse_telemetry
    from energydash.sources.imports.telemetry import TelemetryFile

    found = data.telemetry(context, device, period)
    arrays = {p: (c.time_us, c.value) for p, c in found.channels().items() if len(c)}
    file = TelemetryFile(device.name, "store", arrays)
    return analyse_telemetry(file, discharge_sign="-", cutoff_v=cutoff_v, max_gap_s=max_gap_s)


def _faults(
    context: Context, device: Device, period: Period, setup: data.Setup, frame: pd.DataFrame
) -> tuple[Finding, ...]:
    """What is wrong with the channels, by their last week of the period with data."""
    if frame.empty:
        return ()
    last = pd.DatetimeIndex(frame.index)[-1].to_pydatetime() + data.STEP
    checked = Period(max(period.start, last - CHECKED_DAYS), last)
    faults = data.remembered(
        ("faults", data.slots_key(context, device), checked, setup),
        lambda: _checked(context, device, checked, setup),
    )
    notes: list[Finding] = []
    if setup.charge_sign == 0:
        notes.append(
            Finding(
                "sign",
                "Which sign charging has is not known; positive is taken as charging.",
                "Set it in the battery's settings.",
                subject="current_a",
            )
        )
    newest = context.now()
    if last - newest > timedelta(hours=1):
        notes.append(
            Finding(
                "time-zone",
                f"The data reach {(last - newest) / timedelta(hours=1):.0f} h into the future: "
                "their time zone is wrong.",
                "Import them again with their zone.",
                "blocking",
            )
        )
    return (*notes, *faults)


def _checked(
    context: Context, device: Device, period: Period, setup: data.Setup
) -> tuple[Finding, ...]:
    found = data.telemetry(context, device, period, PARTS, setup)
    return cross_check(found, integrate(found))


def _now(context: Context, device: Device, setup: data.Setup) -> dict[str, tuple[datetime, float]]:
    """The newest value of each channel within half an hour of the newest of all."""
    newest = context.now()
    if not data.is_sample(context, device):
        stored = context.store.state(device.feed(context.store.household())).newest
        if stored is None:
            return {}
        newest = stored + timedelta(seconds=1)
    found = data.telemetry(context, device, Period(newest - NOW_WITHIN, newest), PARTS, setup)
    values = {
        part: (datetime.fromtimestamp(channel.time_us[-1] / 1e6, UTC), float(channel.value[-1]))
        for part, channel in found.channels().items()
        if len(channel)
    }
    if "power_kw" not in values and {"voltage_v", "current_a"} <= set(values):
        at, amps = values["current_a"]
        values["power_kw"] = (at, amps * values["voltage_v"][1] / 1e3)
    return values


def _has_voltage(frame: pd.DataFrame) -> bool:
    return bool(len(frame)) and bool(frame["kwh_in"].notna().any())


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1e6)


def summary(found: BatteryView) -> dict[str, Any]:
    """The figures of the first row, by name; None where unknown."""
    whole = found.analysis
    totals = whole.totals if whole else None
    size = whole.capacity if whole else None
    new = nominal_ah(found.device)
    return {
        "soc_percent": found.now.get("soc_percent", (None, None))[1],
        "power_kw": found.now.get("power_kw", (None, None))[1],
        "kwh_in": totals.kwh_in if totals else None,
        "kwh_out": totals.kwh_out if totals else None,
        "usable_kwh": size.kwh if size else None,
        "sigma_kwh": size.sigma_kwh if size else None,
        "health": size.ah / new if size and new else None,
        "sigma_health": size.sigma_ah / new if size and new else None,
        "coverage": totals.energy_coverage if totals else None,
    }


def cycles_table(whole: Analysis | None) -> pd.DataFrame:
    """A row per cycle by its start: depth, flows, coverage, capacity and energy efficiency with
    one standard deviation each (NaN where a cycle is too small or not fully covered)."""
    rows = []
    size = whole.capacity if whole else None
    for cycle in whole.cycles if whole else ():
        total, own = cycle.totals, cycle.capacity
        worth = sigma = np.nan
        deep = (cycle.soc_high or 0.0) - (cycle.soc_low or 0.0) >= 30.0
        whole_one = deep and total.coverage > 0.98 and cycle.soc_change is not None
        if size and size.kwh and whole_one and total.kwh_in > 0.3 * size.kwh:
            left = (cycle.soc_change or 0.0) / 100 * size.kwh
            worth = 100 * (total.kwh_out + max(left, 0.0)) / (total.kwh_in + max(-left, 0.0))
            sigma = 100 * np.sqrt(2) * 0.01 * size.kwh / max(total.kwh_in, 1e-9)
        rows.append(
            {
                "time": datetime.fromtimestamp(cycle.start_us / 1e6, UTC),
                "hours": total.duration_s / 3600,
                "depth_percent": (cycle.soc_high or np.nan) - (cycle.soc_low or np.nan),
                "kwh_in": total.kwh_in,
                "kwh_out": total.kwh_out,
                "ah_in": total.ah_in,
                "ah_out": total.ah_out,
                "coverage_percent": 100 * total.coverage,
                "capacity_ah": own.ah if own else np.nan,
                "capacity_sigma_ah": own.sigma_ah if own else np.nan,
                "efficiency_percent": worth,
                "efficiency_sigma_percent": sigma,
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    index = pd.DatetimeIndex(table.pop("time")).as_unit("us").rename("time")
    return table.set_axis(index, axis="index").astype("float64")
