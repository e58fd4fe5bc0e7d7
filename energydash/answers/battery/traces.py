"""A battery's channels over time, for charts and for export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from energydash.answers.battery.records import held
from energydash.battery.devices import Device
from energydash.battery.energy import integrate
from energydash.battery.joining import Joining
from energydash.battery.telemetry import Channel, Telemetry, channel_frame, onto, to_frame
from energydash.core.feeds import FeedData
from energydash.core.time import Period, merge
from energydash.sync.context import Context

RAW_DAYS: Final = timedelta(days=8)  # longer traces are drawn from quarter-hours


@dataclass(frozen=True)
class Traces:
    """What is drawn: a frame per channel on its own clock; `gaps` without data; `note` says what
    was aggregated."""

    device: Device
    frames: Mapping[str, pd.DataFrame]
    gaps: tuple[Period, ...]
    reading: FeedData
    note: str


def traces(context: Context, device: str, period: Period) -> Traces:
    """The channels of a period for drawing: raw samples up to eight days, quarter-hour means and
    levels beyond. Charts thin each to what can be seen."""
    battery = held(context, device)
    chosen, frame = battery.device, battery.slots(period)
    reading = battery.as_feed_data(frame, period)
    unseen = tuple(merge([gap for gaps in reading.coverage.gaps.values() for gap in gaps]))
    if period.duration <= RAW_DAYS:
        found = battery.telemetry(period)
        frames = {
            part: channel_frame(channel, part)
            for part, channel in found.channels().items()
            if len(channel)
        }
        if "power_kw" not in frames and len(found.current) and len(found.voltage):
            whole = integrate(found, battery.record.setup.joining)
            power = Channel(whole.time_us, whole.power_w / 1e3)
            frames["power_kw"] = channel_frame(power, "power_kw").dropna()
        return Traces(chosen, frames, unseen, reading, "raw samples")
    # A slot with less than a minute of data has no mean worth drawing.
    hours = frame["covered_s"].where(frame["covered_s"] >= 60) / 3600
    columns = {
        "voltage_v": frame["voltage_v"],
        "current_a": (frame["ah_in"] - frame["ah_out"]) / hours,
        "power_kw": (frame["kwh_in"] - frame["kwh_out"]) / hours,
        "soc_percent": frame["soc_percent"],
        "temperature_c": frame["temperature_c"],
    }
    frames = {
        part: values.replace([np.inf, -np.inf], np.nan).to_frame(part).dropna()
        for part, values in columns.items()
    }
    kept = {part: values for part, values in frames.items() if len(values)}
    return Traces(
        chosen, kept, unseen, reading,
        "15-minute means; raw samples for eight days or less",
    )  # fmt: skip


def export(
    context: Context, device: str, period: Period, names: str = "energydash"
) -> pd.DataFrame:
    """Raw telemetry of a period. names: `energydash`, or `bdf` for the columns of the Battery
    Data Format (`Unix Time / s`, `Voltage / V`…)."""
    battery = held(context, device)
    found = battery.telemetry(period)
    return as_bdf(found, battery.record.setup.joining) if names == "bdf" else to_frame(found)


def as_bdf(found: Telemetry, joining: Joining) -> pd.DataFrame:
    """A row per sample of the current, with the other channels at that instant: the format needs
    time, voltage and current in one row."""
    clock = found.current
    seconds = clock.time_us / 1e6
    out = {"Test Time / s": seconds - seconds[0] if len(seconds) else seconds}
    out["Unix Time / s"] = seconds
    for part, title in BDF.items():
        channel = found.channels()[part]
        limit_s = joining.soc_gap_s if part == "soc_percent" else joining.voltage_gap_s
        if part == "current_a":
            out[title] = clock.value
        elif len(channel) or part == "voltage_v":
            out[title] = onto(clock, channel, limit_s, hold=joining.voltage_hold)
    return pd.DataFrame(out).dropna(subset=["Voltage / V"]).reset_index(drop=True)


BDF: Final = {
    "voltage_v": "Voltage / V",
    "current_a": "Current / A",
    "power_kw": "Power / kW",
    "soc_percent": "SOC / %",
    "temperature_c": "Surface Temperature T1 / degC",
}
