"""The grid: for everybody who reaches this server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query

from energydash.answers import grid
from energydash.answers.flexibility import By, best_hours
from energydash.api import grid_models as models
from energydash.api.asking import Form, From, Here, Hours, Reply, To, Within, reply
from energydash.core import bounds
from energydash.core.time import Period
from energydash.grid import regions
from energydash.grid.factors import factor_sets
from energydash.grid.regions import Region
from energydash.serialise import grid as documents
from energydash.serialise.flexibility import best_hours as best_hours_document
from energydash.sync.context import Context

Factors = Annotated[str | None, Query(description="an emission-factor set's id")]
Step = Annotated[
    float | None,
    Query(
        description="means over so many minutes",
        json_schema_extra={"minimum": 1, "maximum": bounds.LONGEST_STEP_MINUTES},
    ),
]


def get_regions(form: Form = "json") -> Reply:
    """Regions with their aliases, time zones and feeds."""
    return reply(documents.regions(regions.regions()), form)


def get_factors(form: Form = "json") -> Reply:
    """Emission-factor sets with the source of every value."""
    return reply(documents.factors(list(factor_sets().values())), form)


def get_now(region: str, here: Here, form: Form = "json") -> Reply:
    """The newest mix and intensity, however old."""
    mix, intensity = grid.mix_now(here, region), grid.intensity_now(here, region)
    return reply(documents.now(mix, intensity), form)


def get_mix(
    region: str, here: Here, start: From = None, end: To = None, step_minutes: Step = None,
    form: Form = "json",
) -> Reply:  # fmt: skip
    """Generation by fuel, MW (per cent where nobody publishes MW). The last 24 hours by default."""
    place, period = _asked(here, region, start, end)
    step = bounds.step_of(step_minutes)
    return reply(documents.mix(grid.mix(here, place.id, period, step=step)), form)


def get_records(
    region: str, here: Here, start: From = None, end: To = None, form: Form = "json"
) -> Reply:
    """The extremes of a period: most wind, solar and supply, highest shares."""
    place, period = _asked(here, region, start, end)
    return reply(documents.records(grid.mix(here, place.id, period)), form)


def _series(
    name: str, ask: Callable[[Context, str, Period], grid.SeriesAnswer], summary: str
) -> Callable[..., Reply]:
    def route(
        region: str, here: Here, start: From = None, end: To = None, form: Form = "json"
    ) -> Reply:
        place, period = _asked(here, region, start, end)
        return reply(documents.series(name, ask(here, place.id, period)), form)

    route.__doc__, route.__name__ = summary, f"get_{name}"
    return route


def get_intensity(
    region: str, here: Here, start: From = None, end: To = None, factors: Factors = None,
    form: Form = "json",
) -> Reply:  # fmt: skip
    """Average carbon intensity, g/kWh, with its basis, scope and factor set."""
    place, period = _asked(here, region, start, end)
    return reply(documents.intensity(grid.intensity(here, place.id, period, factors=factors)), form)


def get_windows(
    region: str, here: Here, hours: Hours = 1.0, within: Within = None, form: Form = "json"
) -> Reply:
    """The greenest hours ahead that end by `within`."""
    place = regions.find(region)
    deadline = bounds.deadline(within, place.zone, here.now())
    found = best_hours(here, bounds.hours(hours), By.CARBON, region=place.id, deadline=deadline)
    return reply(best_hours_document(found), form)


def _asked(here: Context, region: str, start: str | None, end: str | None) -> tuple[Region, Period]:
    place = regions.find(region)
    return place, bounds.period_of(start, end, place.zone, here.now(), longest=bounds.GRID)


ROUTES: dict[str, tuple[Callable[..., Reply], Any]] = {
    "/regions": (get_regions, list[models.Region]),
    "/factors": (get_factors, list[models.Factor]),
    "/now/{region}": (get_now, models.Now),
    "/mix/{region}": (get_mix, models.Mix),
    "/records/{region}": (get_records, models.Records),
    "/load/{region}": (
        _series("load", grid.load, "Demand, MW; `computed` where it is the sum of the mix."),
        models.Series,
    ),
    "/storage/{region}": (
        _series("storage", grid.storage, "Storage by kind, MW; + is discharging."),
        models.Series,
    ),
    "/interconnectors/{region}": (
        _series("interconnectors", grid.interconnectors, "Each link, MW; + is import."),
        models.Series,
    ),
    "/intensity/{region}": (get_intensity, models.Intensity),
    "/windows/{region}": (get_windows, models.Windows),
}
