"""What REST answers about the grid and its sources, field by field."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, create_model

from energydash.api.models import Answer, Input, Model, Row
from energydash.grid.fuels import FUELS


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
