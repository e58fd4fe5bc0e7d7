"""A file that says which cycle a row belongs to, as laboratories' cyclers write them.

Each cycle stands for itself: its times may start at 0 again, it begins full by definition, and with
a cut-off voltage it counts up to and including its first loaded sample at or below that voltage.
The totals of the file are of all its samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from energydash.battery import analysis as analysis_module
from energydash.battery import quality, slots
from energydash.battery.analysis import Analysis, Cycle
from energydash.battery.capacity import Capacity, Pair, cutoff_us, fit, full_discharge, latest
from energydash.battery.efficiency import Efficiency
from energydash.battery.energy import Integral, SensorError, Totals, integrate
from energydash.battery.joining import Joining
from energydash.battery.record import InMemory
from energydash.battery.telemetry import Telemetry
from energydash.core.findings import Finding

FINE_STEP_S = 60


@dataclass(frozen=True)
class _Part:
    label: str
    telemetry: Telemetry
    integral: Integral


def analyse(
    cycles: Sequence[tuple[str, InMemory]],
    joining: Joining,
    *,
    cutoff_v: float | None = None,
    error: SensorError | None = None,
) -> tuple[Analysis | None, tuple[Finding, ...]]:
    """Every cycle of a file, and what is odd in them; None where that forbids figures."""
    parts = [
        _Part(label, record.whole, integrate(record.whole, joining)) for label, record in cycles
    ]
    found = _findings(parts)
    if quality.blocking(found) is not None:
        return None, found
    if error is None:
        peaks = [np.abs(part.telemetry.current.value).max(initial=0.0) for part in parts]
        error = SensorError(current_offset_a=5e-4 * float(max(peaks, default=0.0)))
    usable = [part for part in parts if len(part.integral.time_us) > 1]
    return _by_cycle(usable, joining, cutoff_v, error), found


def _findings(parts: Sequence[_Part]) -> tuple[Finding, ...]:
    """Each kind of finding once, with the count over all cycles."""
    found: dict[tuple[str, str], Finding] = {}
    for part in parts:
        for one in quality.cross_check(part.telemetry, part.integral):
            known = found.get((one.kind, one.subject))
            found[one.kind, one.subject] = (
                replace(one, count=one.count + known.count) if known else one
            )
    return quality.worst_first(found.values())


def _by_cycle(
    parts: Sequence[_Part], joining: Joining, cutoff_v: float | None, error: SensorError
) -> Analysis:
    cycles: list[Cycle] = []
    discharges: list[Capacity] = []
    pairs: list[Pair] = []
    for part in parts:
        cycle, full = _one_cycle(part, cutoff_v, error)
        if full:
            discharges.append(full)
        mine: tuple[Pair, ...] = ()
        if len(part.telemetry.soc) > 1:
            mine = _pairs(part, cycle, joining, error)
            pairs.extend(mine)
        cycles.append(replace(cycle, capacity=full or fit(mine, error=error)))
    size = latest(tuple(discharges)) or fit(tuple(pairs), error=error)
    return Analysis(
        totals=added([part.integral.total(error=error) for part in parts]),
        cycles=tuple(cycles),
        capacity=size,
        reason="" if size else no_capacity(cutoff_v),
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
    level = part.telemetry.soc.between(start, end + 1).value
    cycle = Cycle(
        part.label, start, end, part.integral.total(start, end, error),
        float(level.min()) if len(level) else None,
        float(level.max()) if len(level) else None,
    )  # fmt: skip
    return cycle, full


def _pairs(part: _Part, cycle: Cycle, joining: Joining, error: SensorError) -> tuple[Pair, ...]:
    frame = slots.of_telemetry(part.telemetry, cycle.start_us, cycle.end_us, joining, FINE_STEP_S)
    return analysis_module.analyse(frame, step_s=FINE_STEP_S, error=error).pairs


def _cutoff_to_cutoff(cycles: Sequence[Cycle], discharges: Sequence[Capacity]) -> Efficiency:
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


def added(parts: Sequence[Totals]) -> Totals:
    """Totals of several stretches. Gain and offset errors are common to all of them, so they add
    up as they are instead of averaging out."""
    if not parts:
        return Totals(*(0.0,) * 13)
    names = Totals.__dataclass_fields__
    return Totals(*(float(np.sum([getattr(part, name) for part in parts])) for name in names))


def no_capacity(cutoff_v: float | None) -> str:
    """Why a file has none."""
    if cutoff_v is not None:
        return f"No full discharge reaches {cutoff_v:g} V under load."
    return analysis_module.SOC_NEEDED
