"""What a battery, or a file of telemetry, says cycle by cycle: `battery analyse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from energydash.answers.battery.records import Held, held, told_of
from energydash.battery import cycler, pipeline, quality
from energydash.battery.analysis import Analysis, Cycle
from energydash.battery.capacity import Capacity
from energydash.battery.energy import SensorError, Totals
from energydash.battery.joining import USUAL, Joining
from energydash.battery.mapping import parse_overrides
from energydash.battery.pipeline import Analysed, Told
from energydash.battery.record import InMemory, Sign, in_memory
from energydash.core.coverage import Coverage, cover
from energydash.core.findings import Finding
from energydash.core.time import Period, iso_z
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sources.imports.telemetry import TelemetryFile
from energydash.sync.batteries import STEP, instant, micros, remembered
from energydash.sync.context import Context


@dataclass(frozen=True)
class BatteryAnswer:
    """Totals, cycles, capacity and efficiency of one battery, or the reason why not.

    analysis: None where a finding would make every figure wrong; `reason` says which.
    is_relative: times are seconds since the start of a cycle. joining: how samples were joined,
    and from which step on nothing was. coverage: by quarter-hours; None for relative times.
    """

    name: str
    analysis: Analysis | None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    is_relative: bool = False
    joining: Joining = USUAL
    has_voltage: bool = True
    coverage: Coverage | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer of `battery analyse`: stable names, nothing rounded."""
        found = self.analysis
        body: dict[str, Any] = {
            "cycles": [self._cycle(cycle) for cycle in found.cycles] if found else [],
            "totals": self._totals(found.totals) if found else None,
            "capacity": self._capacity(found.capacity) if found else None,
        }
        if body["capacity"] is None:
            body["reason"] = self.reason
        worth = found.efficiency if found else None
        body["efficiency"] = {
            "coulombic": worth.coulombic if worth else None,
            "energy": worth.energy if worth else None,
            "corrected": bool(worth and worth.corrected),
            "sigma_coulombic": worth.sigma_coulombic if worth else None,
            "sigma_energy": worth.sigma_energy if worth else None,
            "reason": worth.reason if worth else self.reason,
        }
        body["method"] = {"samples": self.joining.method, "max_gap_s": self.joining.max_gap_s}
        body["coverage"] = coverage_body(self.coverage) if self.coverage else None
        body["faults"] = [finding_body(one) for one in self.findings]
        return body

    def _cycle(self, cycle: Cycle) -> dict[str, Any]:
        total = cycle.totals
        return {
            "cycle": int(cycle.label) if cycle.label.isdigit() else cycle.label or 1,
            **self._flows(total),
            "coverage": self._share(total),
        }

    def _totals(self, total: Totals) -> dict[str, Any]:
        names = ("sigma_ah_in", "sigma_ah_out", "gap_ah")
        energy = ("sigma_kwh_in", "sigma_kwh_out", "gap_kwh")
        return {
            **self._flows(total),
            "coverage": self._share(total),
            "duration_s": total.duration_s,
            **{name: getattr(total, name) for name in names},
            **{name: getattr(total, name) if self.has_voltage else None for name in energy},
        }

    def _share(self, total: Totals) -> float:
        return min(total.energy_coverage if self.has_voltage else total.coverage, 1.0)

    def _flows(self, total: Totals) -> dict[str, float | None]:
        return {
            "ah_in": max(total.ah_in, 0.0),
            "ah_out": max(total.ah_out, 0.0),
            "kwh_in": max(total.kwh_in, 0.0) if self.has_voltage else None,
            "kwh_out": max(total.kwh_out, 0.0) if self.has_voltage else None,
        }

    def _capacity(self, size: Capacity | None) -> dict[str, Any] | None:
        if size is None:
            return None
        return {
            "ah": size.ah,
            "kwh": size.kwh if self.has_voltage else None,
            "sigma_ah": size.sigma_ah,
            "method": size.method,
            "window": {
                "start": self._instant(size.window[0]),
                "end": self._instant(size.window[1]),
                "samples": size.samples,
            },
            "c_rate": size.c_rate,
            "temperature_c": size.temperature_c,
            "depends_on_bms": size.depends_on_bms,
            "basis": size.basis,
        }

    def _instant(self, time_us: int) -> str | float:
        return (
            time_us / 1e6 if self.is_relative else iso_z(datetime.fromtimestamp(time_us / 1e6, UTC))
        )


def coverage_body(found: Coverage) -> dict[str, Any]:
    """Coverage as JSON: counts of quarter-hours, the sentence, and each stretch without data."""
    return {
        "present": found.present,
        "asked": found.asked,
        "fraction": found.fraction,
        "sentence": found.sentence,
        "gaps": [
            {"reason": gap.value, "start": iso_z(period.start), "end": iso_z(period.end)}
            for gap, periods in found.gaps.items()
            for period in periods
        ],
    }


def finding_body(found: Finding) -> Mapping[str, Any]:
    """What was found odd, as JSON."""
    return {
        "kind": found.kind,
        "channel": found.subject,
        "severity": found.severity,
        "sentence": found.sentence,
        "remedy": found.remedy,
        "count": found.count,
    }


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
    battery = held(context, device)
    return of_period(battery, period or battery.history, cutoff_v=cutoff_v, max_gap_s=max_gap_s)[0]


def of_period(
    battery: Held,
    period: Period,
    *,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
) -> tuple[BatteryAnswer, Analysed]:
    """The answer about one battery in a period up to now, and what it was made from."""
    now, told = battery.context.now(), told_of(battery.device, cutoff_v)
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
    columns: str | Mapping[str, str] = "",
    discharge_sign: Literal["-", "+"] | None = None,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    zone: str | None = None,
    error: SensorError | None = None,
) -> BatteryAnswer:
    """Charge and energy in and out, capacity and efficiency of the battery in a file.

    columns: `time=…,voltage=…,current=…,cycle=…`, as text or mapping. discharge_sign: the sign
    of the current while discharging; told by the state of charge where it is not given, else `-`.
    cutoff_v: the voltage that a full discharge ends at; a cycle that the file names counts up to
    and including its first loaded sample at or below it. Raises InputError.
    """
    chosen = parse_overrides(columns) if isinstance(columns, str) else dict(columns)
    file = telemetry_files.read(body, name, chosen, zone)
    sign: Sign = {None: 0, "-": 1, "+": -1}[discharge_sign]  # type: ignore[assignment]
    if file.cycles or file.relative:
        return _cycled(file, sign, cutoff_v, max_gap_s, error)
    record = in_memory(file.arrays, charge_sign=sign, method=file.method)
    extent = record.extent_us or (0, 0)
    found = pipeline.analyse(record, *extent, Told(cutoff_v), max_gap_s=max_gap_s, error=error)
    whole = Period(instant(extent[0]), instant(extent[1]))
    present = found.frame.index[found.frame["covered_s"] > 0]
    coverage = cover(pd.DatetimeIndex(present), whole, STEP, now=whole.end)
    return BatteryAnswer(
        file.name, found.analysis, found.reason,
        quality.worst_first((*file.notes, *found.findings)),
        joining=found.joining, has_voltage=found.has_voltage, coverage=coverage,
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
        "voltage_v" in file.arrays,
    )  # fmt: skip


def _rows(arrays: Mapping[str, Any]) -> int:
    return max((len(value) for _, value in arrays.values()), default=0)
