"""A battery's telemetry in slots: the form in which a year of it is kept and asked.

A slot has exact charge and energy in and out (differences of the integral at its edges, so slots
add up to any longer period), how long it was covered, and what else cycles, capacity and stress
need. Everything is derived from raw samples; nothing is ever recomputed from means.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from energydash.battery.energy import Integral, edges_of, integrate
from energydash.battery.gate import COUNTS
from energydash.battery.joining import SOC_GAP_S, Joining
from energydash.battery.telemetry import NO_CHANNEL, Channel, Floats, Micros, Telemetry, onto
from energydash.core.feeds import empty_frame

STEP_S: Final = 900
COLUMNS: Final = (
    "ah_in", "ah_out", "kwh_in", "kwh_out", "covered_s", "ah_edge_2",
    "soc_percent", "temperature_c", "voltage_v", "peak_a", "lowest_v", "highest_v",
    "wrong_v", "wrong_a", "wrong_v_mean", "wrong_a_mean", "meter_kwh", "faults",
)  # fmt: skip


def of_telemetry(
    telemetry: Telemetry, start_us: int, end_us: int, joining: Joining, step_s: int = STEP_S
) -> pd.DataFrame:
    """The slots that overlap `[start, end)`; `telemetry` reaches beyond it on both sides by more
    than any step that is not a gap, where there is more."""
    if len(telemetry.flow) < 2 and not any(map(len, telemetry.left_out.values())):
        return empty_frame(*COLUMNS)
    integral = integrate(telemetry, joining)
    return build(
        telemetry, integral, edges_of(start_us, end_us, step_s), soc_gap_s=joining.soc_gap_s
    )


def build(
    telemetry: Telemetry,
    integral: Integral,
    edges_us: Micros,
    *,
    soc_gap_s: float = SOC_GAP_S,
) -> pd.DataFrame:
    """A row per slot that any sample covers, by slot start.

    ah_in, ah_out, kwh_in, kwh_out: non-negative. covered_s: seconds with current (and voltage,
    where there is one). ah_edge_2: variance of the charge from steps between samples, Ah².
    soc_percent: at the slot's start, NaN where the channel has a gap there. temperature_c and
    voltage_v: means. peak_a: the largest |current|. lowest_v, highest_v: of the voltage.
    wrong_v, wrong_a: how many samples were left out, for they cannot be, and their mean size.
    meter_kwh: what the power channel says, charging positive. faults: see `battery.balance`, which
    finds them.
    """
    slots = integral.slots(edges_us)
    count = len(edges_us) - 1
    with_voltage = len(telemetry.voltage) > 1 or telemetry.flow_part == "power_kw"
    covered = slots.energy_covered_s if with_voltage else slots.covered_s
    starts = edges_us[:-1]
    soc = np.full(count, np.nan)
    if len(telemetry.soc) > 1:
        clock = Channel(starts, np.zeros(count))
        soc = onto(clock, telemetry.soc, soc_gap_s)
    columns = {
        "ah_in": slots.ah_in,
        "ah_out": slots.ah_out,
        "kwh_in": slots.kwh_in,
        "kwh_out": slots.kwh_out,
        "covered_s": covered,
        "ah_edge_2": _edge_variance(integral, edges_us),
        "soc_percent": soc,
        "temperature_c": _means(telemetry.temperature, edges_us),
        "voltage_v": _means(telemetry.voltage, edges_us),
        "peak_a": _most(np.abs(integral.current_a), integral.time_us, edges_us),
        "lowest_v": -_most(-telemetry.voltage.value, telemetry.voltage.time_us, edges_us),
        "highest_v": _most(telemetry.voltage.value, telemetry.voltage.time_us, edges_us),
    }
    for part, column in COUNTS.items():
        wrong = telemetry.left_out.get(part, NO_CHANNEL)
        columns[column] = np.diff(np.searchsorted(wrong.time_us, edges_us)).astype(np.float64)
        columns[f"{column}_mean"] = _means(Channel(wrong.time_us, np.abs(wrong.value)), edges_us)
    is_check = telemetry.flow_part == "current_a"
    meter = telemetry.power if is_check else NO_CHANNEL
    columns["meter_kwh"] = _means(meter, edges_us) * covered / 3600
    columns["faults"] = np.zeros(count)
    index = pd.DatetimeIndex(starts.astype("datetime64[us]"), name="time").tz_localize("UTC")
    frame = pd.DataFrame(columns, index=index)
    if not with_voltage:
        frame[["kwh_in", "kwh_out"]] = np.nan
    kept: pd.DataFrame = frame[
        (covered > 0) | np.isfinite(soc) | (frame["wrong_v"] > 0) | (frame["wrong_a"] > 0)
    ]
    return kept


def edges(frame: pd.DataFrame) -> Micros:
    """Slot starts of a frame of slots, UTC microseconds."""
    return np.asarray(pd.DatetimeIndex(frame.index).as_unit("us").asi8)  # type: ignore[attr-defined]


def regular(frame: pd.DataFrame, step_s: int = STEP_S) -> pd.DataFrame:
    """The same slots with a row for every step from the first to the last: flows of absent slots
    are 0 and uncovered, the rest NaN."""
    if frame.empty:
        return frame
    have = edges(frame)
    step_us = step_s * 1_000_000
    row = (have - have[0]) // step_us
    count = int(row[-1]) + 1
    if count == len(frame):
        return frame
    columns = {}
    for name in frame.columns:
        empty = 0.0 if name in COLUMNS[:6] else np.nan
        column = np.full(count, empty)
        column[row] = frame[name].to_numpy()
        columns[name] = column
    starts = have[0] + np.arange(count, dtype=np.int64) * step_us
    index = pd.DatetimeIndex(starts.astype("datetime64[us]"), name="time").tz_localize("UTC")
    return pd.DataFrame(columns, index=index)


def _edge_variance(integral: Integral, edges_us: Micros) -> Floats:
    """Per slot: the sum of (ΔI·Δt)²/12 over steps of the load, Ah²."""
    change = np.diff(integral.current_a)
    jumps = np.flatnonzero(np.abs(change) > integral.clip_above_a)
    variance = (change[jumps] * integral.step_s[jumps] / 3600.0) ** 2 / 12
    slot = np.searchsorted(edges_us, integral.time_us[jumps], side="right") - 1
    inside = (slot >= 0) & (slot < len(edges_us) - 1)
    summed = np.bincount(slot[inside], variance[inside], minlength=len(edges_us) - 1)
    return summed.astype(np.float64)


def _means(channel: Channel, edges_us: Micros) -> Floats:
    """The mean sample of each slot, NaN where there is none."""
    position = np.searchsorted(channel.time_us, edges_us)
    total = np.concatenate(([0.0], np.cumsum(channel.value)))[position]
    count = np.diff(position)
    means: Floats = np.divide(
        np.diff(total), count, out=np.full(len(count), np.nan), where=count > 0
    )
    return means


def _most(value: Floats, time_us: Micros, edges_us: Micros) -> Floats:
    """The largest value of each slot, NaN where there is none."""
    position = np.searchsorted(time_us, edges_us)
    filled = np.flatnonzero(np.diff(position) > 0)
    most = np.full(len(edges_us) - 1, np.nan)
    if len(filled):
        most[filled] = np.maximum.reduceat(value[: position[filled[-1] + 1]], position[filled])
    return most
