"""What a question about a battery is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from energydash.battery.analysis import Analysis, Cycle
from energydash.battery.capacity import Capacity
from energydash.battery.energy import Totals
from energydash.core.findings import Finding
from energydash.core.time import iso_z


@dataclass(frozen=True)
class BatteryAnswer:
    """Totals, cycles, capacity and efficiency of one battery, or the reason why not.

    analysis: None where a fault would make every figure wrong; `reason` says which.
    is_relative: times are seconds since the start of a cycle. method, max_gap_s: how samples were
    joined, and from which step on nothing was.
    """

    name: str
    analysis: Analysis | None
    reason: str = ""
    faults: tuple[Finding, ...] = ()
    is_relative: bool = False
    method: str = ""
    max_gap_s: float = 0.0
    has_voltage: bool = True

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
        body["method"] = {"samples": self.method, "max_gap_s": self.max_gap_s}
        body["faults"] = [fault_body(fault) for fault in self.faults]
        return body

    def _cycle(self, cycle: Cycle) -> dict[str, Any]:
        total = cycle.totals
        return {
            "cycle": int(cycle.label) if cycle.label.isdigit() else cycle.label or 1,
            **self._flows(total),
            "coverage": self._coverage(total),
        }

    def _totals(self, total: Totals) -> dict[str, Any]:
        names = ("sigma_ah_in", "sigma_ah_out", "gap_ah")
        energy = ("sigma_kwh_in", "sigma_kwh_out", "gap_kwh")
        return {
            **self._flows(total),
            "coverage": self._coverage(total),
            "duration_s": total.duration_s,
            **{name: getattr(total, name) for name in names},
            **{name: getattr(total, name) if self.has_voltage else None for name in energy},
        }

    def _coverage(self, total: Totals) -> float:
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
        }

    def _instant(self, time_us: int) -> str | float:
        return (
            time_us / 1e6 if self.is_relative else iso_z(datetime.fromtimestamp(time_us / 1e6, UTC))
        )


def fault_body(fault: Finding) -> Mapping[str, Any]:
    """A fault as JSON."""
    return {
        "kind": fault.kind,
        "channel": fault.subject,
        "severity": fault.severity,
        "sentence": fault.sentence,
        "remedy": fault.remedy,
        "count": fault.count,
    }
