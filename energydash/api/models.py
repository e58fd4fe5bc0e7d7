"""What REST answers, field by field with its unit: the models behind openapi.json and /docs.

Documents are built by `serialise`; a test holds every answer against its model, in which nothing
may be missing or unknown.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from energydash.grid.fuels import FUELS

UTC_TIME = "UTC, the start of the interval, such as 2026-03-29T01:00:00Z"
LOCAL_TIME = "the same instant where it is, such as 2026-03-29T02:00:00+01:00[Europe/London]"


class Model(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Coverage(Model):
    """How much of the period is there, and the stretches (UTC) that are not, by reason."""

    present: int = Field(description="steps that have a figure")
    asked: int = Field(description="steps of the period up to now")
    fraction: float = Field(description="present of asked, 0 to 1")
    step_minutes: float | None = Field(description="minutes; null where there is no fixed step")
    sentence: str = Field(description="the same in words; empty where nothing is missing")
    missing: list[str]
    not_published_yet: list[str]
    being_fetched: list[str]
    unpriced: list[str]
    not_connected: list[str]


class Span(Model):
    """`[start, end)` in UTC."""

    start: str = Field(description=UTC_TIME)
    end: str = Field(description=UTC_TIME)


class Finding(Model):
    """Something odd or wrong."""

    kind: str
    severity: Literal["note", "warning", "blocking"]
    subject: str | None = Field(description="what it is about: a channel, a meter's id, a column")
    sentence: str
    remedy: str | None
    period: Span | None
    gbp: float | None = Field(description="£: what it would cost, about")
    count: int | None = Field(description="rows")
    line: int | None = Field(description="line of a file, from 1")
    since: str | None
    retry_at: str | None


class Input(Model):
    """A feed that the answer is made of."""

    source: str
    subject: str
    quantity: str
    unit: str = Field(description="of the stored values")
    fetched_at: str | None = Field(description="when it last answered, UTC")
    newest: str | None = Field(description="its newest value, UTC")
    origin: Literal["live", "stored", "sample"]
    sample_reason: str | None
    problem: Finding | None
    coverage: Coverage


class Answer(Model):
    """What every answer over a period has."""

    from_: str = Field(alias="from", description=UTC_TIME)
    to: str = Field(description="UTC, excluded")
    zone: str = Field(description="the zone of local_time")
    notes: list[str]
    inputs: list[Input]


class Row(Model):
    """A row of a time series."""

    time: str = Field(description=UTC_TIME)
    local_time: str = Field(description=LOCAL_TIME)


def _fuels(unit: str, suffix: str) -> dict[str, Any]:
    return {
        f"{fuel}_{suffix}": (float | None, Field(default=None, description=unit)) for fuel in FUELS
    }


MixRow = create_model(
    "MixRow",
    __base__=Row,
    __doc__="Generation by fuel. Positive is supply, negative charging or export.",
    **_fuels("MW", "mw"),
    **_fuels("% of supply", "percent"),
)


class Mix(Answer):
    """Generation by fuel; a fuel that the region does not have is absent."""

    region: str
    unit: Literal["MW", "%"]
    rows: list[MixRow]  # type: ignore[valid-type]


class SeriesRow(Row):
    """A column in MW per part: `load_mw`; `battery_mw`…; a link's code."""

    model_config = ConfigDict(extra="allow")


class Series(Answer):
    """Load, storage (+ discharging) or interconnectors (+ import)."""

    region: str
    unit: Literal["MW"]
    computed: bool = Field(description="worked out from the mix, for want of a feed of its own")
    rows: list[SeriesRow]


class IntensityRow(Row):
    """Average carbon intensity."""

    g_per_kwh: float | None = Field(description="g CO₂e/kWh: measured, else forecast")
    basis: str = Field(description="average, or average (forecast)")
    scope: str = Field(description="direct or lifecycle")
    factor_set: str
    actual_g_per_kwh: float | None = Field(description="g CO₂e/kWh, measured")
    forecast_g_per_kwh: float | None = Field(description="g CO₂e/kWh, forecast")


class Intensity(Answer):
    """Average carbon intensity, as published or worked out from the mix."""

    region: str
    unit: Literal["g/kWh"]
    basis: str
    scope: str
    factor_set: str
    version: str
    computed: bool = Field(description="worked out from the mix by the factor set")
    issued: str | None = Field(description="when the forecast was made, UTC")
    mean_g_per_kwh: float | None = Field(description="g CO₂e/kWh, the mean of the rows")
    rows: list[IntensityRow]


class Record(Row):
    """An extreme of a period."""

    record: str
    value: float
    unit: str


class Records(Answer):
    """The extremes of a period."""

    region: str
    rows: list[Record]


class FuelNow(Model):
    """A fuel at this moment."""

    fuel: str
    mw: float | None = Field(default=None, description="MW")
    percent: float | None = Field(default=None, description="% of supply")
    share: float | None = Field(description="of supply, 0 to 1")


class Now(Model):
    """The newest mix and intensity of a region."""

    zone: str
    region: str
    mix_at: str | None
    unit: Literal["MW", "%"]
    total: float | None = Field(description="all supply, in `unit`")
    renewable_share: float | None = Field(description="0 to 1")
    intensity_at: str | None
    g_per_kwh: float | None = Field(description="g CO₂e/kWh")
    band: str = Field(description="very low to very high")
    is_forecast: bool
    notes: list[str]
    inputs: list[Input]
    fuels: list[FuelNow]


class Window(Model):
    """A stretch of time and the signal's mean in it."""

    start: str
    end: str
    mean: float = Field(description="in `unit`")


class Windows(Model):
    """The best stretch of so many hours, three others, and what starting now would mean."""

    zone: str
    of: str = Field(description="the region or the tariff")
    unit: Literal["g/kWh", "p/kWh"]
    hours: float
    deadline: str | None
    best: Window | None
    now: float | None = Field(description="the mean if it started now, in `unit`")
    saving: float | None = Field(description="now less best, in `unit`")
    saving_percent: float | None
    reason: str | None = Field(description="why there is no window")
    issued: str | None
    notes: list[str]
    inputs: list[Input]
    alternatives: list[Window]


class Region(Model):
    """A place that the grid's questions can be asked of."""

    id: str
    name: str
    zone: str
    aliases: str = Field(description="other names, separated by commas")
    feeds: str = Field(description="quantity: sources, best first")


class Factor(Model):
    """An emission factor."""

    factor_set: str
    version: str
    scope: str
    fuel: str
    g_per_kwh: float = Field(description="g CO₂e/kWh")
    source: str


class Refusal(Model):
    """Why a question was not answered, in a sentence with what to do."""

    error: str


class FeedHealth(Model):
    """A feed: what is stored of it and what it last said."""

    subject: str
    quantity: str
    state: str
    rows: int
    newest: str | None
    fetched_at: str | None
    problem: str | None


class SourceHealth(Model):
    """A source with its feeds."""

    source: str
    title: str
    state: str = Field(description="live, stale, trouble, waiting or not configured")
    rows: int
    newest: str | None
    fetched_at: str | None
    problem: str | None
    feeds: list[FeedHealth]


class Plain(Model):
    """What an answer without a period has."""

    zone: str
    notes: list[str]
    inputs: list[Input]


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
        description="£: import less export; the total's adds the standing charge"
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
    totals: CostsRow
    coverage: Coverage
    profiles: list[MeterProfile]
    rows: list[CostsRow]


class BillLine(Model):
    """Energy at one rate of one tariff; exact decimals as texts."""

    tariff: str
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

    charges_gbp: str | None = Field(description="£")
    export_credit_gbp: str | None = Field(description="£")
    net_gbp: str | None = Field(description="£, nothing rounded")
    billed_net_gbp: str | None = Field(description="£, as billed")
    coverage: Coverage
    statements: list[Statement]


class Pair(Model):
    """The period under one import and one export tariff."""

    pair: str
    import_tariff: str
    export_tariff: str | None
    import_gbp: float | None = Field(description="£")
    standing_gbp: float | None = Field(description="£")
    export_gbp: float | None = Field(description="£")
    net_gbp: float | None = Field(description="£")
    difference_gbp: float | None = Field(description="£ against as it was")
    difference_percent: float | None
    import_p_per_kwh: float | None = Field(description="p/kWh, weighted by use")
    export_p_per_kwh: float | None = Field(description="p/kWh, weighted by export")
    unpriced_kwh: float = Field(description="kWh")


class Comparison(HomeAnswer):
    """The same readings under other tariffs."""

    months: dict[str, dict[str, float | None]] = Field(description="£ net by month and pair")
    baseline_gbp: float | None = Field(description="£ as it was")
    is_estimate: bool
    assumptions: list[str]
    shifted: dict[str, Any] | None = Field(description="the same with use moved: an estimate")
    lacking: dict[str, float] = Field(description="kWh that a published tariff has no price for")
    now_p_per_kwh: float | None = Field(description="p/kWh as it was")
    pairs: list[Pair]


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
    """What a kWh costs, one direction."""

    direction: Literal["import", "export"]
    tariff: str
    p_per_kwh: float | None = Field(description="p/kWh with VAT")
    until: str | None
    next_p_per_kwh: float | None = Field(description="p/kWh with VAT")


class Price(Plain):
    """The prices now."""

    at: str
    sample_reason: str | None
    rows: list[PriceRow]


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
    ah_in: float = Field(description="Ah")
    ah_out: float = Field(description="Ah")
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
