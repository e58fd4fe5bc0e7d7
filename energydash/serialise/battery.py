"""A battery's answers as documents. All flows are non-negative; ± are standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
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
from energydash.battery.devices import Device
from energydash.serialise.document import Document


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
    body = found.to_json() | {"coverage": found.coverage}
    return Document(
        f"{found.name} analysis", pd.DataFrame(body.pop("cycles")), about=body, rows_name="cycles"
    )


def days(found: BatteryView) -> Document:
    """A row per local day: Ah, kWh and the share of it that has data; with the analysis beside."""
    rows = found.days.rename_axis("day").reset_index()
    rows["day"] = [day.date().isoformat() for day in rows["day"]]
    now = {name: {"time": at, "value": value} for name, (at, value) in found.now.items()}
    about = found.answer.to_json() | {
        "device": found.device.id, "now": now, "coverage": found.answer.coverage,
    }  # fmt: skip
    return Document(
        f"{found.device.name} days", rows, found.device.zone, found.period, about,
        [found.reading], (), "days",
    )  # fmt: skip


def money(found: MoneyAnswer) -> Document:
    """A row per day, month or year: £ avoided, earned, paid and worn, kWh, kg CO₂."""
    about = {
        "device": found.device.id,
        "totals": found.totals,
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
    points = pd.DataFrame([asdict(one) for one in found.points])
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
