"""The home: for its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Query

from energydash.answers import home
from energydash.answers.flexibility import By as Signal
from energydash.answers.flexibility import best_hours
from energydash.api import home_models as models
from energydash.api.asking import End, Form, Here, Hours, Reply, Start, Within, reply
from energydash.api.grid_models import Windows
from energydash.core import bounds
from energydash.core.time import Period
from energydash.home.costs import By
from energydash.home.meters import Direction
from energydash.home.profile import Value
from energydash.serialise import home as documents
from energydash.serialise.flexibility import best_hours as best_hours_document
from energydash.sync.context import Context

Meter = Annotated[str, Query(description="only this meter: id, label or MPAN")]
Energy = Annotated[Literal["", "electricity", "gas"], Query(description="electricity by default")]
Percent = Annotated[
    float,
    Query(
        description="also with so much of the use from 16:00 to 20:00 moved to cheap half-hours",
        json_schema_extra={"minimum": 0, "maximum": 100},
    ),
]
Tariffs = Annotated[list[str] | None, Query(description="ids, names or codes; all at hand")]


def get_meters(here: Here, form: Form = "json") -> Reply:
    """The household's meters, by their local ids."""
    return reply(documents.meters(home.home_of(here).meters), form)


def get_costs(
    here: Here, start: Start, end: End, by: By = By.DAY, meter: Meter = "", energy: Energy = "",
    carbon: bool = False, form: Form = "json",
) -> Reply:  # fmt: skip
    """What energy cost and, with `carbon=true`, emitted; VAT is in, the standing charge apart."""
    period = _period(here, start, end)
    return reply(documents.costs(home.costs(here, period, by, meter, energy, carbon=carbon)), form)


def get_bill(
    here: Here, start: Start, end: End, meter: Meter = "", energy: Energy = "",
    form: Form = "json",
) -> Reply:  # fmt: skip
    """A statement per meter: raw and bill-rounded amounts side by side, exact."""
    return reply(documents.bill(home.bill(here, _period(here, start, end), meter, energy)), form)


def get_comparison(
    here: Here, start: Start, end: End, tariff: Tariffs = None, meter: Meter = "",
    energy: Energy = "", shift_percent: Percent = 0.0, form: Form = "json",
) -> Reply:  # fmt: skip
    """The same readings under other tariffs, cheapest first."""
    found = home.compare(
        here,
        _period(here, start, end),
        tuple(tariff or ()),
        energy or "electricity",
        bounds.percent(shift_percent, "shift_percent"),
        meter,
    )
    return reply(documents.comparison(found), form)


def get_findings(
    here: Here, start: Start, end: End, meter: Meter = "", energy: Energy = "",
    form: Form = "json",
) -> Reply:  # fmt: skip
    """Gaps, zeros, spikes, odd days, doubles, unpriced energy, changed agreements."""
    found = home.findings(here, _period(here, start, end), meter, energy)
    return reply(documents.findings(found), form)


def get_map(
    here: Here, start: Start, end: End, value: Value = Value.KWH,
    direction: Direction = Direction.IMPORT, meter: Meter = "", energy: Energy = "",
    form: Form = "json",
) -> Reply:  # fmt: skip
    """Local days by half-hours."""
    period = _period(here, start, end)
    return reply(
        documents.day_map(home.day_map(here, period, value, direction, meter, energy)), form
    )


def get_price(here: Here, form: Form = "json") -> Reply:
    """What a kWh costs now, until when, and then."""
    return reply(documents.price(home.price_now(here)), form)


def get_price_windows(
    here: Here, hours: Hours = 1.0, within: Within = None, tariff: str = "", form: Form = "json"
) -> Reply:
    """The cheapest hours ahead that end by `within`, among the prices that are known."""
    deadline = bounds.deadline(within, home.zone_of(here), here.now())
    found = best_hours(here, bounds.hours(hours), Signal.PRICE, tariff=tariff, deadline=deadline)
    return reply(best_hours_document(found), form)


def _period(here: Context, start: str, end: str) -> Period:
    return bounds.period_of(start, end, home.zone_of(here), here.now(), longest=bounds.HOME)


ROUTES: dict[str, tuple[Callable[..., Reply], Any]] = {
    "/meters": (get_meters, list[models.Meter]),
    "/costs": (get_costs, models.Costs),
    "/bill": (get_bill, models.Bill),
    "/comparison": (get_comparison, models.Comparison),
    "/findings": (get_findings, models.Findings),
    "/map": (get_map, models.DayMap),
    "/price": (get_price, models.Price),
    "/windows": (get_price_windows, Windows),
}
