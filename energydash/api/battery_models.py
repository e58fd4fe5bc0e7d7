"""What REST answers about batteries, field by field."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, create_model

from energydash.api.models import UTC_TIME, Answer, Coverage, Finding, Model, Plain, Row
from energydash.battery.ageing import CHEMISTRIES


class Battery(Model):
    """A battery by its local id."""

    id: str
    name: str
    source: str
    zone: str
    capacity_ah: float | None = Field(description="Ah, as sold")


class Flows(Model):
    """What went in and out of a battery; never negative."""

    ah_in: float | None = Field(description="Ah; null where only power is measured")
    ah_out: float | None = Field(description="Ah")
    kwh_in: float | None = Field(description="kWh; null where no voltage is measured")
    kwh_out: float | None = Field(description="kWh")
    coverage: float | None = Field(description="share of the time that has data, 0 to 1")


class Cycle(Flows):
    """One cycle of a battery."""

    cycle: int | str


class BatteryRow(Flows):
    """What a battery took in and gave in a local day."""

    day: str


class BatteryTotals(Flows):
    """What a battery took in and gave over the period; sigma_: one standard deviation."""

    duration_s: float = Field(description="s, of the period; `coverage` is of these")
    sigma_ah_in: float | None = Field(description="Ah")
    sigma_ah_out: float | None = Field(description="Ah")
    gap_ah: float | None = Field(description="Ah, at most, that may have flowed unseen")
    sigma_kwh_in: float | None = Field(description="kWh")
    sigma_kwh_out: float | None = Field(description="kWh")
    gap_kwh: float | None = Field(description="kWh, at most, that may have flowed unseen")


class CapacityWindow(Model):
    """The stretch that a capacity was measured in."""

    start: str = Field(description=UTC_TIME)
    end: str = Field(description="UTC, excluded")
    samples: int = Field(description="discharges or pairs of samples used")


class BatteryCapacity(Model):
    """What a battery holds; sigma_: one standard deviation."""

    ah: float | None = Field(description="Ah")
    kwh: float | None = Field(description="kWh")
    sigma_ah: float | None = Field(description="Ah")
    sigma_kwh: float | None = Field(description="kWh")
    method: str
    window: CapacityWindow
    c_rate: float | None = Field(description="1/h, usual current over capacity")
    temperature_c: float | None = Field(description="°C")
    depends_on_bms: bool = Field(description="it is only what the battery's own count says")
    basis: str


class BatteryEfficiency(Model):
    """What comes out of what went in, 0 to 1; sigma_: one standard deviation."""

    coulombic: float | None = Field(description="of the charge, 0 to 1")
    energy: float | None = Field(description="of the energy, 0 to 1")
    corrected: bool = Field(description="for what is still in it at the end")
    sigma_coulombic: float | None
    sigma_energy: float | None
    reason: str | None = Field(description="why it is not known")


class Joined(Model):
    """How samples were joined."""

    samples: Literal["trapezoid", "hold"]
    max_gap_s: float = Field(description="s; nothing flows across longer steps")


class ChannelNow(Model):
    """The newest value of a channel, in the unit of its name."""

    time: str = Field(description=UTC_TIME)
    value: float


class BatteryDays(Answer):
    """A battery by local day, with its analysis over the period."""

    device: str
    now: dict[str, ChannelNow] = Field(description="newest value of each channel, by its name")
    totals: BatteryTotals | None
    capacity: BatteryCapacity | None
    reason: str | None = Field(default=None, description="why there is no capacity")
    efficiency: BatteryEfficiency
    method: Joined
    coverage: Coverage | None = Field(description="of quarter-hours")
    faults: list[Finding]
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


class Trend(Model):
    """Capacity now, as a share of new, and its change; sigma_: one standard deviation."""

    health: float = Field(description="of new, 0 to 1")
    sigma_health: float
    change_a_year: float = Field(description="of new, a year")
    sigma_change: float
    has_knee: bool = Field(description="the last third falls clearly faster")
    points: int = Field(description="how many measurements went in")


class WhatIf(Model):
    """One change of use."""

    label: str
    loss_percent_a_year: float = Field(description="points of capacity a year")
    saved_percent_a_year: float = Field(description="points of capacity a year")
    saved_gbp_a_year: float | None = Field(description="£ a year")


class Warranty(Model):
    """How much of a warranty is used; null where it is not promised."""

    age_years: float
    years_share: float | None = Field(description="0 to 1, may pass 1")
    throughput_kwh: float = Field(description="kWh discharged since new")
    throughput_share: float | None = Field(description="0 to 1, may pass 1")
    ends_in_years: float | None = Field(description="years, at the present pace")
    promised_health: float | None = Field(description="of new, 0 to 1")
    hours_too_cold: float = Field(description="h")
    hours_too_hot: float = Field(description="h")


class Resistance(Model):
    """The slow resistance of the whole battery."""

    ohm: float = Field(description="Ω")
    sigma_ohm: float = Field(description="Ω, one standard deviation")
    steps: int = Field(description="how many steps of the current went in")
    temperature_c: float | None = Field(description="°C")


SHARES: dict[str, Any] = {
    f"{name}_percent": (float, Field(description="% of new"))
    for name in ("low", "high", *(kind.id for kind in CHEMISTRIES))
}
ForecastRow = create_model(
    "ForecastRow",
    __base__=Model,
    __doc__="Remaining capacity at an age: the band, and a line per chemistry.",
    age_years=(float, Field(description="years")),
    **SHARES,
)


class CapacityPoint(Row):
    """The capacity that a full discharge measured, by when it ended."""

    ah: float = Field(description="Ah")
    sigma_ah: float = Field(description="Ah, one standard deviation")


class BatteryHealth(Plain):
    """How a battery ages."""

    device: str
    born: str
    new_ah: float | None = Field(description="Ah when new")
    trend: Trend | None
    years_to_end_of_life: list[float | None] = Field(description="years, earliest and latest")
    what_ifs: list[WhatIf]
    warranty: Warranty | None
    resistance: Resistance | None
    forecast: list[ForecastRow]  # type: ignore[valid-type]
    points: list[CapacityPoint]


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
