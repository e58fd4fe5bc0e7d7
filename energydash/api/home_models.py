"""What REST answers about a home, field by field; exact decimals are texts."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from energydash.api.models import Answer, Coverage, Finding, Model, Plain


class Meter(Model):
    """A meter by its local id."""

    id: str
    name: str
    energy: Literal["electricity", "gas"]
    direction: Literal["import", "export"]
    unit: Literal["kWh", "m3"]
    zone: str
    connected: bool


class HomeAnswer(Answer):
    """What every answer about a home over a period has."""

    meters: list[str] = Field(description="ids of the meters that it is about")


class CostsRow(Model):
    """What energy cost, by key."""

    key: str = Field(description="HH:MM, YYYY-MM-DD, YYYY-MM, a weekday, £/kWh, total")
    days: int = Field(description="local days with a reading")
    import_kwh: float | None = Field(description="kWh")
    import_cost_gbp: float | None = Field(description="£ with VAT, without standing charge")
    export_kwh: float | None = Field(description="kWh")
    export_value_gbp: float | None = Field(description="£")
    net_cost_gbp: float | None = Field(
        description="£: import less export, plus the standing charge where that is given"
    )
    unpriced_kwh: float = Field(description="kWh without a price, in no amount")
    missing: int = Field(description="expected half-hours without a reading")
    pending: int = Field(description="half-hours that are not published yet")
    standing_charge_gbp: float | None = Field(description="£ with VAT")
    import_m3: float | None = Field(description="m³ of gas")
    import_unpriced_kwh: float | None = Field(description="kWh")
    export_unpriced_kwh: float | None = Field(description="kWh")
    import_kg_co2: float | None = Field(description="kg CO₂e, with carbon=true")
    export_kg_co2: float | None = Field(description="kg CO₂e, with carbon=true")
    unknown_co2_kwh: float | None = Field(description="kWh without an intensity")


class CostsTotals(CostsRow):
    """All rows together, and the least that they may be."""

    net_days: int = Field(description="local days that the net is of: both import and export")
    unsure_half_hours: int = Field(description="half-hours whose charging slots are not known")
    import_cost_low_gbp: float | None = Field(description="£, if the car was charged in them")
    net_cost_low_gbp: float | None = Field(description="£, if the car was charged in them")


class Span(Model):
    """A time, the end excluded."""

    start: str
    end: str


class Profile(Model):
    """How a home uses energy."""

    baseload_kw: float = Field(description="kW")
    baseload_share: float = Field(description="0 to 1")
    peak_kw: float = Field(description="kW, mean of the highest half-hour")
    peak_at: str


class MeterProfile(Model):
    """A meter's profile."""

    meter: str
    profile: Profile


class Costs(HomeAnswer):
    """What energy cost by any key."""

    by: str
    energy: list[str] = Field(description="the kinds of energy that it is about")
    totals: CostsTotals
    unsure: list[Span] = Field(description="half-hours whose charging slots are not known")
    coverage: Coverage
    profiles: list[MeterProfile]
    rows: list[CostsRow]


class BillLine(Model):
    """Energy at one rate of one tariff; exact decimals as texts."""

    tariff: str = Field(description="its name, or its product's")
    tariff_code: str | None = Field(description="of a published tariff")
    p_per_kwh_inc_vat: str = Field(description="p/kWh with VAT")
    p_per_kwh_exc_vat: str = Field(description="p/kWh without VAT")
    kwh: str = Field(description="kWh")
    gbp: str = Field(description="£ with VAT")
    billed_gbp: str = Field(description="£ with VAT, as billed")


class StandingLine(Model):
    """Days at one standing charge."""

    days: int
    p_per_day_inc_vat: str = Field(description="p/day with VAT")
    gbp: str = Field(description="£ with VAT")


class Statement(Model):
    """One meter's statement; exact decimals as texts."""

    meter: str
    energy: str
    direction: str
    kwh: str = Field(description="kWh")
    m3: str | None = Field(description="m³")
    unpriced_kwh: str = Field(description="kWh")
    missing: int = Field(description="half-hours")
    exc_vat_gbp: str | None = Field(description="£")
    vat_gbp: str | None = Field(description="£")
    total_gbp: str | None = Field(description="£ with VAT, nothing rounded")
    billed_total_gbp: str | None = Field(description="£ with VAT, as billed")
    coverage: Coverage
    lines: list[BillLine]
    standing: list[StandingLine]
    notes: list[str]


class Bill(HomeAnswer):
    """Statements and what is left to pay."""

    energy: list[str] = Field(description="the kinds of energy that it is about")
    charges_gbp: str | None = Field(description="£")
    export_credit_gbp: str | None = Field(description="£")
    net_gbp: str | None = Field(description="£, nothing rounded")
    billed_net_gbp: str | None = Field(description="£, as billed")
    net_low_gbp: str | None = Field(description="£, if the car was charged in the unsure ones")
    billed_net_low_gbp: str | None = Field(description="£, the same as billed")
    unsure_half_hours: int = Field(description="half-hours whose charging slots are not known")
    one_sided_days: int = Field(description="days left out of the net: import or export lacks")
    coverage: Coverage
    statements: list[Statement]


class Pair(Model):
    """The period under one import and one export tariff."""

    pair: str
    import_tariff: str
    export_tariff: str | None
    import_id: str = Field(description="a tariff's id or code; `actual`: what was in force")
    export_id: str | None = Field(description="the same; '' for none")
    import_gbp: float | None = Field(description="£")
    standing_gbp: float | None = Field(description="£")
    export_gbp: float | None = Field(description="£")
    net_gbp: float | None = Field(description="£")
    net_low_gbp: float | None = Field(description="£, if the car was charged in unknown slots")
    difference_gbp: float | None = Field(description="£ against as it was")
    difference_percent: float | None
    import_p_per_kwh: float | None = Field(description="p/kWh, weighted by use")
    export_p_per_kwh: float | None = Field(description="p/kWh, weighted by export")
    unpriced_kwh: float = Field(description="kWh")


class Compared(Model):
    """The same use under other tariffs."""

    months: dict[str, dict[str, float | None]] = Field(description="£ net by month and pair")
    baseline_gbp: float | None = Field(description="£ as it was")
    baseline_low_gbp: float | None = Field(description="£, the least that it may be")
    is_estimate: bool
    assumptions: list[str]
    pairs: list[Pair]


class Comparison(HomeAnswer, Compared):
    """The same readings under other tariffs."""

    shifted: Compared | None = Field(description="the same with use moved: an estimate")
    lacking: dict[str, float] = Field(description="kWh that a published tariff has no price for")
    now_p_per_kwh: float | None = Field(description="p/kWh as it was")


class Findings(HomeAnswer):
    """What is odd, the dearest first."""

    rows: list[Finding]


class DayRow(Model):
    """A local day: a column per half-hour `HH:MM`."""

    model_config = ConfigDict(extra="allow")
    day: str


class DayMap(HomeAnswer):
    """Days by half-hours."""

    unit: Literal["kWh", "£", "p/kWh", "gCO₂"]
    rows: list[DayRow]


class PriceRow(Model):
    """What a kWh costs in one home, one direction."""

    home: str | None = Field(description="its postcode, where that is known")
    direction: Literal["import", "export"]
    tariff: str = Field(description="its name, or its product's")
    tariff_code: str | None = Field(description="of a published tariff")
    p_per_kwh: float | None = Field(description="p/kWh with VAT")
    until: str | None
    next_p_per_kwh: float | None = Field(description="p/kWh with VAT")


class Price(Plain):
    """The prices now."""

    at: str
    sample_reason: str | None
    rows: list[PriceRow]
