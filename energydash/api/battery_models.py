"""What REST answers about batteries, field by field."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from energydash.api.models import Answer, Coverage, Model, Plain, Row


class Battery(Model):
    """A battery by its local id."""

    id: str
    name: str
    source: str
    zone: str
    capacity_ah: float | None = Field(description="Ah, as sold")


class Cycle(Model):
    """One cycle of a battery; flows are never negative."""

    cycle: int | str
    ah_in: float | None = Field(description="Ah; null where only power is measured")
    ah_out: float | None = Field(description="Ah")
    kwh_in: float | None = Field(description="kWh")
    kwh_out: float | None = Field(description="kWh")
    coverage: float = Field(description="share of the time that has data, 0 to 1")


class BatteryRow(Model):
    """What a battery took in and gave in a local day."""

    day: str
    kwh_in: float | None = Field(description="kWh")
    kwh_out: float | None = Field(description="kWh")
    ah_in: float | None = Field(description="Ah")
    ah_out: float | None = Field(description="Ah")
    coverage: float | None = Field(description="share of the day that has data, 0 to 1")


class BatteryDays(Answer):
    """A battery by local day, with its analysis over the period."""

    device: str
    now: dict[str, dict[str, Any]] = Field(description="newest value of each channel, by its name")
    totals: dict[str, Any] | None = Field(description="Ah, kWh with ± (sigma_), coverage 0 to 1")
    capacity: dict[str, Any] | None = Field(description="Ah, kWh with ±, method and window")
    reason: str | None = Field(default=None, description="why there is no capacity")
    efficiency: dict[str, Any]
    method: dict[str, Any]
    coverage: Coverage | None = Field(description="of quarter-hours")
    faults: list[dict[str, Any]]
    cycles: list[Cycle]
    days: list[BatteryRow]


class MoneyRow(Model):
    """What a battery saved against having none."""

    day: str | None = None
    month: str | None = None
    year: str | None = None
    time: str | None = None
    kwh_in: float | None = Field(description="kWh")
    kwh_out: float | None = Field(description="kWh")
    charge_cost_gbp: float | None = Field(description="£")
    avoided_import_gbp: float | None = Field(description="£")
    export_earned_gbp: float | None = Field(description="£")
    export_forgone_gbp: float | None = Field(description="£")
    wear_gbp: float | None = Field(description="£")
    net_gbp: float | None = Field(description="£")
    saved_carbon_kg: float | None = Field(description="kg CO₂e")
    unpriced_kwh: float | None = Field(description="kWh")


class BatteryMoney(Answer):
    """A battery's money by day, month or year."""

    device: str
    plus_minus_gbp: float | None = Field(description="£, how far the net may be off")
    totals: dict[str, float | None] = Field(description="the same columns, summed")
    wear_p_per_kwh: float = Field(description="p per discharged kWh")
    is_metered: bool
    is_priced: bool
    rows: list[MoneyRow]


class BatteryHealth(Plain):
    """How a battery ages."""

    device: str
    born: str
    new_ah: float | None = Field(description="Ah when new")
    trend: dict[str, Any] | None = Field(description="share of new, and its change a year")
    years_to_end_of_life: list[float | None] = Field(description="years, earliest and latest")
    what_ifs: list[dict[str, Any]]
    warranty: dict[str, Any] | None
    resistance: dict[str, Any] | None = Field(description="ohm with ±")
    forecast: list[dict[str, Any]] = Field(description="% of new by year of age")
    points: list[dict[str, Any]] = Field(description="measured capacity: time, Ah, ± Ah")


class ChannelRow(Row):
    """A sample of one or more channels."""

    voltage_v: float | None = Field(default=None, description="V")
    current_a: float | None = Field(default=None, description="A, + charging")
    power_kw: float | None = Field(default=None, description="kW, + charging")
    soc_percent: float | None = Field(default=None, description="%")
    temperature_c: float | None = Field(default=None, description="°C")


class Channels(Plain):
    """A battery's channels."""

    device: str
    resolution: str
    rows: list[ChannelRow]
