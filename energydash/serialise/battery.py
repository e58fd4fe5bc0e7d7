"""A battery's answers as documents. All flows are non-negative; ± are standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from energydash.answers.battery import (
    BatteryAnswer,
    BatteryView,
    HealthAnswer,
    MoneyAnswer,
    Traces,
)
from energydash.battery.ageing import by_year
from energydash.battery.analysis import Cycle
from energydash.battery.capacity import Capacity
from energydash.battery.devices import Device
from energydash.battery.energy import Totals
from energydash.core.time import iso_z
from energydash.serialise.document import Document, coverage_json, finding_json


def batteries(found: Sequence[Device]) -> Document:
    """The household's batteries by their local ids."""
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "source": one.source,
            "zone": one.zone,
            "capacity_ah": one.capacity_ah,
        }
        for one in found
    ]
    columns = ["id", "name", "source", "zone", "capacity_ah"]
    return Document("batteries", pd.DataFrame(rows, columns=columns), is_list=True)


def analysis(found: BatteryAnswer) -> Document:
    """Totals, capacity and efficiency, and a row per cycle; Ah, kWh."""
    body = analysis_json(found)
    return Document(
        f"{found.name} analysis", pd.DataFrame(body.pop("cycles")), about=body, rows_name="cycles"
    )


def days(found: BatteryView) -> Document:
    """A row per local day: Ah, kWh and the share of it that has data; with the analysis beside."""
    rows = found.days.rename_axis("day").reset_index()
    if not found.answer.has_charge:
        rows[["ah_in", "ah_out"]] = None
    rows["day"] = [day.date().isoformat() for day in rows["day"]]
    now = {name: {"time": at, "value": value} for name, (at, value) in found.now.items()}
    about = analysis_json(found.answer) | {"device": found.device.id, "now": now}
    return Document(
        f"{found.device.name} days", rows, found.device.zone, found.period, about,
        [found.reading], (), "days",
    )  # fmt: skip


def money(found: MoneyAnswer) -> Document:
    """A row per day, month or year: £ avoided, earned, paid and worn, kWh, kg CO₂."""
    about = {
        "device": found.device.id,
        "totals": found.totals,
        "plus_minus_gbp": found.plus_minus_gbp,
        "wear_p_per_kwh": found.wear_p_per_kwh,
        "is_metered": found.is_metered,
        "is_priced": found.is_priced,
    }
    rows = found.table
    if isinstance(rows.index, pd.DatetimeIndex):
        key = str(rows.index.name or "time")
        shape = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}.get(key, "%Y-%m-%dT%H:%M")
        rows = rows.set_axis(rows.index.strftime(shape).rename(key)).reset_index()
    return Document(
        f"{found.device.name} money", rows, found.device.zone, found.period, about, found.inputs,
        found.notes,
    )  # fmt: skip


def health(found: HealthAnswer) -> Document:
    """Measured capacity over time (Ah), its trend, and the forecast by year of age (% of new)."""
    times = pd.to_datetime([one.time_us for one in found.points], unit="us", utc=True)
    points = pd.DataFrame(
        {"ah": [p.ah for p in found.points], "sigma_ah": [p.sigma_ah for p in found.points]},
        index=times.rename("time"),
    )
    about: dict[str, Any] = {
        "device": found.device.id,
        "born": found.born,
        "new_ah": found.new_ah,
        "trend": found.trend,
        "years_to_end_of_life": list(found.end_of_life),
        "what_ifs": list(found.what_ifs),
        "warranty": found.warranty,
        "resistance": found.resistance,
        "forecast": by_year(found.forecast) if found.forecast else [],
    }
    return Document(
        f"{found.device.name} health", points, found.device.zone, None, about, [found.reading],
        found.reasons, "points",
    )  # fmt: skip


def traces(found: Traces) -> Document:
    """A column per channel (V, A, kW, %, °C), each on its own clock: empty without a sample."""
    frames = list(found.frames.values())
    rows = pd.concat(frames, axis="columns").sort_index() if frames else pd.DataFrame()
    return Document(
        f"{found.device.name} channels", rows, found.device.zone, None,
        {"device": found.device.id, "resolution": found.note}, [found.reading],
    )  # fmt: skip


def analysis_json(found: BatteryAnswer) -> dict[str, Any]:
    """`cycles`, `totals`, `capacity` (or null with `reason`), `efficiency`, and how it was done."""
    whole = found.analysis
    worth = whole.efficiency if whole else None
    body: dict[str, Any] = {
        "cycles": [_cycle(found, cycle) for cycle in whole.cycles] if whole else [],
        "totals": _totals(found, whole.totals) if whole else None,
        "capacity": _capacity(found, whole.capacity) if whole and whole.capacity else None,
    }
    if body["capacity"] is None:
        body["reason"] = found.reason
    return body | {
        "efficiency": {
            "coulombic": worth.coulombic if worth and found.has_charge else None,
            "energy": worth.energy if worth else None,
            "corrected": bool(worth and worth.corrected),
            "sigma_coulombic": worth.sigma_coulombic if worth and found.has_charge else None,
            "sigma_energy": worth.sigma_energy if worth else None,
            "reason": worth.reason if worth else found.reason,
        },
        "method": {"samples": found.joining.method, "max_gap_s": found.joining.max_gap_s},
        "coverage": coverage_json(found.coverage) if found.coverage else None,
        "faults": [finding_json(one) for one in found.findings],
    }


def _cycle(found: BatteryAnswer, cycle: Cycle) -> dict[str, Any]:
    return {
        "cycle": int(cycle.label) if cycle.label.isdigit() else cycle.label or 1,
        **_flows(found, cycle.totals),
        "coverage": _share(found, cycle.totals),
    }


def _totals(found: BatteryAnswer, total: Totals) -> dict[str, Any]:
    names = ("sigma_ah_in", "sigma_ah_out", "gap_ah")
    energy = ("sigma_kwh_in", "sigma_kwh_out", "gap_kwh")
    return {
        **_flows(found, total),
        "coverage": _share(found, total),
        "duration_s": total.duration_s,
        **{name: getattr(total, name) if found.has_charge else None for name in names},
        **{name: getattr(total, name) if found.has_voltage else None for name in energy},
    }


def _share(found: BatteryAnswer, total: Totals) -> float:
    return min(total.energy_coverage if found.has_voltage else total.coverage, 1.0)


def _flows(found: BatteryAnswer, total: Totals) -> dict[str, float | None]:
    return {
        "ah_in": max(total.ah_in, 0.0) if found.has_charge else None,
        "ah_out": max(total.ah_out, 0.0) if found.has_charge else None,
        "kwh_in": max(total.kwh_in, 0.0) if found.has_voltage else None,
        "kwh_out": max(total.kwh_out, 0.0) if found.has_voltage else None,
    }


def _capacity(found: BatteryAnswer, size: Capacity) -> dict[str, Any]:
    start, end = (
        at / 1e6 if found.is_relative else iso_z(datetime.fromtimestamp(at / 1e6, UTC))
        for at in size.window
    )
    return {
        "ah": size.ah if found.has_charge else None,
        "kwh": size.kwh if found.has_voltage else None,
        "sigma_ah": size.sigma_ah if found.has_charge else None,
        "sigma_kwh": size.sigma_kwh if found.has_voltage else None,
        "method": size.method,
        "window": {"start": start, "end": end, "samples": size.samples},
        "c_rate": size.c_rate,
        "temperature_c": size.temperature_c,
        "depends_on_bms": size.depends_on_bms,
        "basis": size.basis,
    }
