"""From a record to what is said of a battery: the one way, for files, devices and the sample.

cleaned channels → slots → totals, cycles, capacity, efficiency, with what was found odd on the
way. The raw samples are looked at again only where slots are too coarse: the last week's for what
contradicts itself, and the discharges that reach a cut-off voltage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery import analysis as analysis_module
from energydash.battery import balance, gate, quality, slots
from energydash.battery.analysis import Analysis
from energydash.battery.capacity import (
    Capacity,
    full_discharge,
    full_to_cutoff,
    full_us,
    latest,
)
from energydash.battery.cycler import FINE_STEP_S, no_capacity
from energydash.battery.efficiency import efficiency
from energydash.battery.energy import SensorError, integrate
from energydash.battery.joining import Joining
from energydash.battery.record import Record
from energydash.core.findings import Finding

DAY_US: Final = 86_400_000_000
CHECKED_US: Final = 7 * DAY_US  # raw channels are cross-checked over the last week with data
WIDER_US: Final = 90 * DAY_US  # where a short period has no capacity of its own
MOST_DISCHARGES: Final = 5  # what one capacity is made of
FINE_UP_TO_US: Final = 2 * DAY_US  # a record as short as this is a laboratory's, or a new one
BEGINS_FULL: Final = (
    "One begins at the voltage of a full battery (set it), or at a state of charge of 99 %."
)


@dataclass(frozen=True)
class Told:
    """What the owner says: as `devices.Device`. errors: of the sensors, as pairs."""

    cutoff_v: float | None = None
    full_v: float | None = None
    capacity_ah: float | None = None
    errors: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Analysed:
    """analysis: None where a finding forbids figures; `reason` then says which. frame: the slots
    of the period, `step_s` long. joining: how samples were joined. has_charge: False where power
    was counted without a voltage, so that what is said in Ah is kWh."""

    analysis: Analysis | None
    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    reason: str
    joining: Joining
    has_voltage: bool
    step_s: int
    has_charge: bool = True


def analyse(
    record: Record,
    start_us: int,
    end_us: int,
    told: Told | None = None,
    *,
    max_gap_s: float | None = None,
    error: SensorError | None = None,
) -> Analysed:
    """Everything about `[start, end)`.

    max_gap_s: another longest step than the record's own. Raises InputError where it is not above
    zero.
    """
    told = told or Told()
    joining = record.setup.joining.with_gap(max_gap_s)
    frame, step_s = _slots(record, start_us, end_us, joining)
    judged = (*balance.findings(frame, step_s), *gate.findings(frame, record.setup.bounds, step_s))
    named = {(one.kind, one.subject) for one in judged}
    raw = findings(
        record, frame, (start_us, end_us), joining, is_judged=step_s == slots.STEP_S
    )  # fmt: skip
    found = quality.worst_first(
        (*(one for one in raw if (one.kind, one.subject) not in named), *judged)
    )
    has_voltage = bool(len(frame)) and bool(frame["kwh_in"].notna().any())
    parts = {part for part, _ in record.setup.parts}
    has_charge = record.setup.flow_part == "current_a" or "voltage_v" in parts
    stop = quality.blocking(found)
    if stop is not None:
        reason = f"{stop.sentence} {stop.remedy}".strip()
        return Analysed(None, frame, found, reason, joining, has_voltage, step_s, has_charge)
    error = error or sensor_error(frame, dict(told.errors))
    whole = analysis_module.analyse(
        frame, start_us=start_us, end_us=end_us, step_s=step_s, error=error,
        soc_is_counted=not record.setup.has_soc,
    )  # fmt: skip
    whole = _with_capacity(record, whole, frame, (start_us, end_us), told, joining, error)
    return Analysed(
        whole, frame, found, whole.reason, joining, has_voltage, step_s, has_charge
    )  # fmt: skip


def sensor_error(frame: pd.DataFrame, told: Mapping[str, float] | None = None) -> SensorError:
    """What the owner says of the sensors, else the usual error of a shunt made for these currents:
    its offset is 0.05 % of the largest."""
    peak = frame["peak_a"].max() if len(frame) else 0.0
    offset = 5e-4 * (float(peak) if np.isfinite(peak) else 0.0)
    return SensorError(**{"current_offset_a": offset, **(told or {})})


def findings(
    record: Record,
    frame: pd.DataFrame,
    span: tuple[int, int],
    joining: Joining,
    *,
    is_judged: bool,
) -> tuple[Finding, ...]:
    """What is odd about the channels, by the last week with data of a period."""
    start_us, end_us = span
    if len(frame):
        end_us = int(slots.edges(frame)[-1]) + slots.STEP_S * 1_000_000
    elif record.extent_us:
        end_us = min(end_us, record.extent_us[1])
    raw = record.telemetry(max(start_us, end_us - CHECKED_US), end_us)
    if not raw.rows:
        return ()
    found = quality.cross_check(raw, integrate(raw, joining), is_judged=is_judged)
    if record.setup.charge_sign == 0 and len(raw.flow):
        return (UNKNOWN_SIGN, *found)
    return found


UNKNOWN_SIGN: Final = Finding(
    "sign",
    "Which sign charging has is not known; positive is taken as charging.",
    "Say it (--discharge-sign, or the battery's settings).",
    "note",
    subject="current_a",
)


def _slots(
    record: Record, start_us: int, end_us: int, joining: Joining
) -> tuple[pd.DataFrame, int]:
    """The slots of a period and their length: a minute where the whole record is short."""
    extent = record.extent_us
    if extent is None:
        return record.slots(start_us, end_us), slots.STEP_S
    first, last = extent
    # Nothing is before the first sample: the slot that it lies in is all of this period's.
    step_us = slots.STEP_S * 1_000_000
    begin = start_us if start_us > first else start_us // step_us * step_us
    if last - first <= FINE_UP_TO_US:
        raw = record.telemetry(first, last)
        fine = slots.of_telemetry(raw, begin, end_us, joining, FINE_STEP_S)
        return fine[slots.edges(fine) < end_us], FINE_STEP_S
    usual = joining == record.setup.joining
    return record.slots(begin, end_us, None if usual else joining), slots.STEP_S


def _with_capacity(
    record: Record,
    found: Analysis,
    frame: pd.DataFrame,
    span: tuple[int, int],
    told: Told,
    joining: Joining,
    error: SensorError,
) -> Analysis:
    """Capacity from full discharges where there is a cut-off voltage, else from the state of
    charge; where the period is too short for one, from the ninety days before its end."""
    start, end = span
    size = latest(discharges(record, frame, told, joining, error))
    counts = found.capacity is None and record.setup.has_soc
    if size is None and end - start < WIDER_US and (told.cutoff_v or counts):
        wider, step_s = _slots(record, end - WIDER_US, end, joining)
        size = latest(discharges(record, wider, told, joining, error))
        if size is None and counts:
            size = analysis_module.analyse(wider, step_s=step_s, error=error).capacity
    if size is None:
        if found.capacity is None and told.cutoff_v:
            return replace(found, reason=f"{no_capacity(told.cutoff_v)} {BEGINS_FULL}")
        return found
    worth = found.efficiency
    if len(frame) > 1:
        step_s = FINE_STEP_S if _is_fine(record) else slots.STEP_S
        worth = efficiency(slots.regular(frame, step_s), size, error)
    return replace(found, capacity=size, reason="", efficiency=worth)


def _is_fine(record: Record) -> bool:
    extent = record.extent_us
    return extent is not None and extent[1] - extent[0] <= FINE_UP_TO_US


def discharges(
    record: Record,
    frame: pd.DataFrame,
    told: Told,
    joining: Joining,
    error: SensorError,
    most: int = MOST_DISCHARGES,
) -> tuple[Capacity, ...]:
    """The last full discharges in slots, each from its raw samples: the only capacity that owes
    nothing to what the BMS believes. None without a cut-off voltage."""
    if not told.cutoff_v or frame.empty:
        return ()
    step_s = FINE_STEP_S if _is_fine(record) else slots.STEP_S
    sizes = []
    for start, end in full_to_cutoff(frame, step_s, told.cutoff_v, told.full_v)[-most:]:
        raw = record.telemetry(start, end)
        if len(raw.current) < 2:
            continue
        full = full_us(raw.between(start, start + step_s * 1_000_000), told.full_v) or start
        size = full_discharge(
            raw, integrate(raw, joining), told.cutoff_v, start_us=full, error=error
        )
        if size is not None:
            sizes.append(size)
    return tuple(sizes)
