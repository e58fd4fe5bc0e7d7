"""What a battery, or a file of telemetry, says cycle by cycle: `battery analyse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from energydash.answers.battery.records import Held, held, told_of
from energydash.battery import cycler, pipeline, quality
from energydash.battery.analysis import Analysis
from energydash.battery.energy import SensorError
from energydash.battery.joining import USUAL, Joining
from energydash.battery.pipeline import Analysed, Told
from energydash.battery.record import InMemory, Sign, in_memory
from energydash.core.coverage import Coverage, cover
from energydash.core.findings import Finding
from energydash.core.time import Period, instant_of, micros
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sources.imports.telemetry import TelemetryFile
from energydash.sources.imports.telemetry_columns import NOTHING, Column, Said
from energydash.sync.batteries import STEP, remembered
from energydash.sync.context import Context


@dataclass(frozen=True)
class BatteryAnswer:
    """Totals, cycles, capacity and efficiency of one battery, or the reason why not.

    analysis: None where a finding would make every figure wrong; `reason` says which.
    is_relative: times are seconds since the start of a cycle. joining: how samples were joined,
    and from which step on nothing was. coverage: by quarter-hours; None for relative times.
    has_charge: False where Ah are not known. columns: what those of a file were taken for.
    """

    name: str
    analysis: Analysis | None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    is_relative: bool = False
    joining: Joining = USUAL
    has_voltage: bool = True
    coverage: Coverage | None = None
    has_charge: bool = True
    columns: tuple[Column, ...] = ()


def analyse(
    context: Context,
    device: str = "",
    period: Period | None = None,
    *,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    errors: Mapping[str, float] | None = None,
) -> BatteryAnswer:
    """Totals, cycles, capacity and efficiency of a stored battery, by default over all it has.

    max_gap_s: another limit than usual needs the raw samples of the period again.
    """
    battery = held(context, device)
    return of_period(battery, period or battery.history, cutoff_v=cutoff_v, max_gap_s=max_gap_s,
                     errors=errors)[0]  # fmt: skip


def of_period(
    battery: Held,
    period: Period,
    *,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    errors: Mapping[str, float] | None = None,
) -> tuple[BatteryAnswer, Analysed]:
    """The answer about one battery in a period up to now, and what it was made from."""
    now, told = battery.context.now(), told_of(battery.device, cutoff_v)
    if errors:
        told = replace(told, errors=tuple(sorted(errors.items())))
    history = battery.history
    # What is recorded after now is in it as well, for it is named below.
    end = min(period.end, max(now, history.end))
    seen = Period(period.start, max(end, period.start))
    span = micros(seen.start), micros(seen.end)
    found = remembered(
        ("analysis", battery.key, span, told, max_gap_s),
        lambda: pipeline.analyse(battery.record, *span, told, max_gap_s=max_gap_s),
    )
    findings = found.findings
    ahead = _from_the_future(history.end, now)
    if ahead is not None:
        findings = (ahead, *findings)
        found = replace(found, analysis=None, reason=f"{ahead.sentence} {ahead.remedy}")
    answer = BatteryAnswer(
        battery.device.name, found.analysis, found.reason, findings, joining=found.joining,
        has_voltage=found.has_voltage, coverage=battery.coverage(found.frame, seen),
        has_charge=found.has_charge,
    )  # fmt: skip
    return answer, found


def _from_the_future(newest: datetime, now: datetime) -> Finding | None:
    hours = (newest - now).total_seconds() / 3600
    if hours <= 1:
        return None
    return Finding(
        "time-zone",
        f"The data reach {hours:.0f} h into the future: their time zone is wrong.",
        "Import them again with their zone.",
        "blocking",
    )


def analyse_file(
    body: bytes,
    name: str,
    *,
    said: Said = NOTHING,
    discharge_sign: Literal["-", "+"] | None = None,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    errors: Mapping[str, float] | None = None,
) -> BatteryAnswer:
    """Charge and energy in and out, capacity and efficiency of the battery in a file.

    said: which column is which, and how its times are meant. discharge_sign: the sign
    of the current while discharging; told by the state of charge where it is not given, else `-`.
    cutoff_v: the voltage that a full discharge ends at; a cycle that the file names counts up to
    and including its first loaded sample at or below it. Raises InputError.
    """
    return analyse_telemetry(
        telemetry_files.read(body, name, said), discharge_sign=discharge_sign, cutoff_v=cutoff_v,
        max_gap_s=max_gap_s, errors=errors,
    )  # fmt: skip


def analyse_telemetry(
    file: TelemetryFile,
    *,
    discharge_sign: Literal["-", "+"] | None = None,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    errors: Mapping[str, float] | None = None,
) -> BatteryAnswer:
    """`analyse_file` of a file that has been read, so that its bytes need not be kept."""
    sign: Sign = {None: 0, "-": 1, "+": -1}[discharge_sign]  # type: ignore[assignment]
    if file.cycles or file.relative:
        error = SensorError(**errors) if errors else None
        return _cycled(file, sign, cutoff_v, max_gap_s, error)
    record = in_memory(file.arrays, charge_sign=sign, method=file.method)
    extent = record.extent_us or (0, 0)
    found = pipeline.analyse(
        record, *extent, Told(cutoff_v, errors=tuple((errors or {}).items())), max_gap_s=max_gap_s
    )
    whole = Period(instant_of(extent[0]), instant_of(extent[1]))
    present = found.frame.index[found.frame["covered_s"] > 0]
    coverage = cover(pd.DatetimeIndex(present), whole, STEP, now=whole.end)
    return BatteryAnswer(
        file.name, found.analysis, found.reason,
        quality.worst_first((*file.notes, *found.findings)),
        joining=found.joining, has_voltage=found.has_voltage, coverage=coverage,
        has_charge=found.has_charge, columns=file.columns,
    )  # fmt: skip


def _cycled(
    file: TelemetryFile,
    sign: Sign,
    cutoff_v: float | None,
    max_gap_s: float | None,
    error: SensorError | None,
) -> BatteryAnswer:
    """A file that says which cycle a row belongs to, or that is one cycle."""
    named = file.cycles or (("1", file.arrays),)
    longest = max((arrays for _, arrays in named), key=_rows)
    setup = in_memory(longest, charge_sign=sign, method=file.method).setup
    joining = setup.joining.with_gap(max_gap_s)
    cycles = [(label, InMemory(arrays, setup)) for label, arrays in named]
    analysis, findings = cycler.analyse(cycles, joining, cutoff_v=cutoff_v, error=error)
    findings = quality.worst_first((*file.notes, *findings))
    stop = quality.blocking(findings)
    reason = str(stop) if stop else analysis.reason if analysis else ""
    return BatteryAnswer(
        file.name, None if stop else analysis, reason, findings, file.relative, joining,
        "voltage_v" in file.arrays, columns=file.columns,
    )  # fmt: skip


def _rows(arrays: Mapping[str, Any]) -> int:
    return max((len(value) for _, value in arrays.values()), default=0)
