"""`battery analyse FILE`: what a file of telemetry says, cycle by cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from energydash.answers.battery.answer import BatteryAnswer
from energydash.battery import analysis as analysis_module
from energydash.battery import slots
from energydash.battery.analysis import Analysis, Cycle
from energydash.battery.capacity import Capacity, Pair, cutoff_us, fit, full_discharge, latest
from energydash.battery.efficiency import Efficiency
from energydash.battery.energy import Integral, SensorError, Totals, edges_of, integrate
from energydash.battery.mapping import parse_overrides
from energydash.battery.quality import blocking, cross_check, sign_by_soc
from energydash.battery.telemetry import Channel, Telemetry, from_arrays
from energydash.core.findings import Finding
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sources.imports.telemetry import Arrays, TelemetryFile

FINE_STEP_S = 60
FINE_UP_TO_S = 10 * 86_400


@dataclass(frozen=True)
class _Part:
    """One stretch of a file: a cycle that it names, or all of it."""

    label: str
    telemetry: Telemetry
    integral: Integral


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
    cutoff_v: each cycle counts up to and including its first loaded sample at or below it.
    Raises InputError.
    """
    chosen = parse_overrides(columns) if isinstance(columns, str) else dict(columns)
    file = telemetry_files.read(body, name, chosen, zone)
    return analyse_telemetry(
        file, discharge_sign=discharge_sign, cutoff_v=cutoff_v, max_gap_s=max_gap_s, error=error
    )


def analyse_telemetry(
    file: TelemetryFile,
    *,
    discharge_sign: Literal["-", "+"] | None = None,
    cutoff_v: float | None = None,
    max_gap_s: float | None = None,
    error: SensorError | None = None,
) -> BatteryAnswer:
    """The same of a file already read."""
    error = error or sensor_error(file.arrays)
    charge_sign = _charge_sign(file.arrays, discharge_sign)
    method = _method_of(file, charge_sign, max_gap_s)
    parts = [
        _Part(label, telemetry, integrate(telemetry, method=method, max_step_s=max_gap_s))
        for label, telemetry in (
            (label, from_arrays(arrays, charge_sign=charge_sign))
            for label, arrays in (file.cycles or (("", file.arrays),))
        )
    ]
    faults = _faults(file, parts)
    stop = blocking(faults)
    if stop:
        reason = f"{stop.sentence} {stop.remedy}".strip()
        return BatteryAnswer(name=file.name, analysis=None, reason=reason, faults=faults)
    if file.cycles:
        found = _by_cycle([part for part in parts if len(part.integral.time_us) > 1],
                          cutoff_v, error)  # fmt: skip
    else:
        found = _whole(parts[0], cutoff_v, max_gap_s, error)
    first = parts[0].integral
    return BatteryAnswer(
        name=file.name,
        analysis=found,
        reason=found.reason,
        faults=faults,
        is_relative=file.relative,
        method=first.method,
        max_gap_s=first.max_step_s,
        has_voltage=bool(len(parts[0].telemetry.voltage)),
    )


def sensor_error(arrays: Arrays) -> SensorError:
    """The usual error of a shunt made for these currents: its offset is 0.05 % of the largest."""
    _, amps = arrays.get("current_a", (None, np.zeros(1)))
    largest = float(np.nanmax(np.abs(amps), initial=0.0))
    return SensorError(current_offset_a=5e-4 * largest)


def _charge_sign(arrays: Arrays, discharge_sign: Literal["-", "+"] | None) -> Literal[-1, 1]:
    if discharge_sign is not None:
        return 1 if discharge_sign == "-" else -1
    if "current_a" in arrays and "soc_percent" in arrays:
        plain = from_arrays({part: arrays[part] for part in ("current_a", "soc_percent")})
        if sign_by_soc(plain.current, plain.soc) < 0:
            return -1
    return 1


def _method_of(
    file: TelemetryFile, charge_sign: Literal[-1, 1], max_gap_s: float | None
) -> Literal["trapezoid", "hold"]:
    """How samples are joined, decided once for the whole file (a cycle may be short)."""
    if file.kind == "Home Assistant":
        return "hold"
    if file.cycles:
        arrays = max((arrays for _, arrays in file.cycles), key=_rows)
        return integrate(from_arrays(arrays, charge_sign=charge_sign), max_step_s=max_gap_s).method
    return integrate(from_arrays(file.arrays, charge_sign=charge_sign)).method


def _rows(arrays: Arrays) -> int:
    return max((len(value) for _, value in arrays.values()), default=0)


def _faults(file: TelemetryFile, parts: list[_Part]) -> tuple[Finding, ...]:
    """Each kind of fault once, with the count over all parts."""
    found: dict[tuple[str, str], Finding] = {}
    for note in file.notes:
        found[(note.kind, note.subject)] = note
    for part in parts:
        for fault in cross_check(part.telemetry, part.integral):
            key = (fault.kind, fault.subject)
            known = found.get(key)
            found[key] = replace(fault, count=fault.count + known.count) if known else fault
    order = {"blocking": 0, "warning": 1, "note": 2}
    return tuple(sorted(found.values(), key=lambda fault: order[fault.severity]))


def _by_cycle(parts: list[_Part], cutoff_v: float | None, error: SensorError) -> Analysis:
    """A file that says which cycle a row belongs to."""
    cycles: list[Cycle] = []
    discharges: list[Capacity] = []
    pairs: list[Pair] = []
    for part in parts:
        cycle, full = _one_cycle(part, cutoff_v, error)
        if full:
            discharges.append(full)
        mine: tuple[Pair, ...] = ()
        if len(part.telemetry.soc) > 1:
            mine = _slot_analysis(part, cycle.start_us, cycle.end_us, error).pairs
            pairs.extend(mine)
        cycles.append(replace(cycle, capacity=full or fit(mine, error=error)))
    size = latest(tuple(discharges)) or fit(tuple(pairs), error=error)
    return Analysis(
        totals=added([cycle.totals for cycle in cycles]),
        cycles=tuple(cycles),
        capacity=size,
        reason="" if size else _no_capacity(cutoff_v),
        efficiency=_cutoff_to_cutoff(cycles, discharges),
        pairs=tuple(pairs),
    )


def _one_cycle(
    part: _Part, cutoff_v: float | None, error: SensorError
) -> tuple[Cycle, Capacity | None]:
    start, end = int(part.integral.time_us[0]), int(part.integral.time_us[-1])
    full = None
    if cutoff_v is not None:
        full = full_discharge(part.telemetry, part.integral, cutoff_v, error=error)
        end = cutoff_us(part.telemetry, cutoff_v) or end
    totals = part.integral.total(start, end, error)
    level = part.telemetry.soc.between(start, end + 1).value
    return (
        Cycle(
            part.label, start, end, totals,
            float(level.min()) if len(level) else None,
            float(level.max()) if len(level) else None,
        ),
        full,
    )  # fmt: skip


def _whole(
    part: _Part, cutoff_v: float | None, max_gap_s: float | None, error: SensorError
) -> Analysis:
    """A file of one stretch: cycles by the turning points of its state of charge."""
    del max_gap_s
    start, end = int(part.integral.time_us[0]), int(part.integral.time_us[-1])
    found = _slot_analysis(part, start, end, error)
    discharges: list[Capacity] = []
    cycles: list[Cycle] = []
    for cycle in found.cycles:
        stretch = part.telemetry.between(cycle.start_us, cycle.end_us + 1)
        piece = _Part(
            cycle.label,
            stretch,
            integrate(stretch, method=part.integral.method, max_step_s=part.integral.max_step_s),
        )
        if len(piece.integral.time_us) < 2 or cutoff_v is None:
            totals = part.integral.total(cycle.start_us, cycle.end_us, error)
            cycles.append(replace(cycle, totals=totals))
            continue
        until = cutoff_us(stretch, cutoff_v) or cycle.end_us
        totals = part.integral.total(cycle.start_us, until, error)
        full = full_discharge(stretch, piece.integral, cutoff_v, error=error)
        if full and _began_full(cycle, stretch, part.telemetry):
            discharges.append(full)
        cycles.append(replace(cycle, totals=totals, capacity=full or cycle.capacity))
    size = latest(tuple(discharges)) or found.capacity
    whole = part.integral.total(start, end, error)
    return replace(
        found,
        totals=added([c.totals for c in cycles]) if cutoff_v is not None and cycles else whole,
        cycles=tuple(cycles),
        capacity=size,
        reason="" if size else _no_capacity(cutoff_v),
    )


def _slot_analysis(part: _Part, start_us: int, end_us: int, error: SensorError) -> Analysis:
    span_s = (end_us - start_us) * 1e-6
    step_s = FINE_STEP_S if span_s <= FINE_UP_TO_S else slots.STEP_S
    frame = slots.build(part.telemetry, part.integral, edges_of(start_us, end_us, step_s))
    return analysis_module.analyse(
        frame, start_us=start_us, end_us=end_us, step_s=step_s, error=error
    )


def _began_full(cycle: Cycle, stretch: Telemetry, whole: Telemetry) -> bool:
    """The discharge of this cycle began with a full battery: by its state of charge, else by a
    voltage within 2 % of the highest in the file."""
    if cycle.soc_high is not None:
        return cycle.soc_high >= 95.0
    volts: Channel = stretch.voltage
    return bool(len(volts)) and bool(volts.value.max() >= 0.98 * whole.voltage.value.max())


def _cutoff_to_cutoff(cycles: list[Cycle], discharges: list[Capacity]) -> Efficiency:
    """Every cycle ends at the same cut-off: from the end of the first on, what went in and what
    came out are between equal states."""
    flows = [cycle.totals for cycle in cycles[1:]]
    ah_in = sum(total.ah_in for total in flows)
    out = sum(total.ah_out for total in flows)
    if len(discharges) < len(cycles) or len(cycles) < 2 or ah_in < 0.5 * out:
        return Efficiency(reason="Only discharges, or no equal states of charge to compare.")
    kwh_in = sum(total.kwh_in for total in flows)
    kwh_out = sum(total.kwh_out for total in flows)
    return Efficiency(out / ah_in, kwh_out / kwh_in if kwh_in > 0 else None)


def added(parts: list[Totals]) -> Totals:
    """Totals of several stretches. Gain and offset errors are common to all of them, so they add
    up as they are instead of averaging out."""
    if not parts:
        return Totals(*(0.0,) * 13)
    names = Totals.__dataclass_fields__
    return Totals(*(float(np.sum([getattr(part, name) for part in parts])) for name in names))


def _no_capacity(cutoff_v: float | None) -> str:
    if cutoff_v is not None:
        return f"No full discharge reaches {cutoff_v:g} V under load."
    return analysis_module.SOC_NEEDED
