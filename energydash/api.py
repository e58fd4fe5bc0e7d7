"""The REST API, mounted at /api/v1: read-only answers as JSON or CSV.

Sample data come only on request (`sample=true`). Personal answers obey `access.may_see_personal`;
the viewer is the connection's own address, never what a header says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from energydash import __version__
from energydash.answers import battery, grid, home
from energydash.answers.sources.health import FeedHealth, health
from energydash.cli.grid import chosen_period
from energydash.cli.output import jsonable, with_time_column
from energydash.core import access
from energydash.core.access import Viewer
from energydash.core.errors import EnergydashError, InputError, StoreError
from energydash.core.feeds import FeedData
from energydash.core.time import LONDON, parse_instant
from energydash.grid import regions
from energydash.home.costs import By
from energydash.sync import context
from energydash.sync.context import Context

Form = Literal["json", "csv"]
MOMENT = "A local day (2026-03-29) or an ISO time (2026-03-29T00:00Z); the end is exclusive"
From = Annotated[str | None, Query(alias="from", description=MOMENT)]
To = Annotated[str | None, Query(alias="to", description=MOMENT)]
FromDay = Annotated[str, Query(alias="from", description=MOMENT)]
ToDay = Annotated[str, Query(alias="to", description=MOMENT)]


def create() -> FastAPI:
    """The API as an ASGI app."""
    app = FastAPI(
        title="energydash",
        version=__version__,
        docs_url=None,  # its page loads scripts from elsewhere; openapi.json is here
        redoc_url=None,
    )
    app.add_exception_handler(InputError, _refused(422))
    app.add_exception_handler(StoreError, _refused(503))
    app.add_exception_handler(EnergydashError, _refused(502))
    for router, routes in ((APIRouter(), GRID), (APIRouter(dependencies=[ONLY_OWNER]), PERSONAL)):
        for path, function in routes.items():
            router.get(path)(function)
        app.include_router(router)
    return app


def _here(sample: bool = False) -> Context:
    return replace(context.current(), sample=sample)


def _viewer(request: Request) -> Viewer:
    return access.viewer_of(request.client.host if request.client else "", request.headers)


def _may_see_personal(request: Request) -> bool:
    return access.may_see_personal(access.sharing(context.current().settings), _viewer(request))


def _only_owner(request: Request) -> None:
    """403 for whoever may not see meters, costs and batteries."""
    if not _may_see_personal(request):
        raise HTTPException(
            403, "This energydash shares the grid only; costs and batteries are private."
        )


ONLY_OWNER = Depends(_only_owner)
Here = Annotated[Context, Depends(_here)]


# The grid: for everybody who reaches this server.


def get_health(request: Request, here: Here) -> Any:
    """Every source: newest reading, last success, trouble."""
    found = health(here, personal=_may_see_personal(request))
    return jsonable(
        [
            {
                "source": source.info.name,
                "title": source.info.title,
                "state": source.state,
                "rows": source.rows,
                "newest": source.newest,
                "fetched_at": source.fetched_at,
                "problem": source.problem.sentence if source.problem else None,
                "feeds": [_feed_health(feed) for feed in source.feeds],
            }
            for source in found.sources
        ]
    )


def get_regions() -> Any:
    """Regions with their aliases and time zones."""
    return [
        {"id": r.id, "name": r.name, "zone": r.zone, "aliases": list(r.aliases)}
        for r in regions.regions()
    ]


def get_factors() -> Any:
    """Emission-factor sets with the source of every value."""
    return jsonable(list(grid.factor_sets().values()))


def get_mix(
    region: str,
    here: Here,
    start: From = None,
    end: To = None,
    format: Form = "json",  # noqa: A002 - the name of the query parameter
) -> Any:
    """Generation by fuel, MW (per cent where nobody publishes MW). The last 24 hours by default."""
    place = regions.find(region)
    answer = grid.mix(here, place.id, chosen_period(here, start, end, place.zone))
    suffix = "_percent" if answer.unit == "%" else "_mw"
    return _frame(answer.mix.add_suffix(suffix), answer.inputs, answer.notes, format)


def get_load(
    region: str,
    here: Here,
    start: From = None,
    end: To = None,
    format: Form = "json",  # noqa: A002
) -> Any:
    """Demand, MW; `computed` where it is the sum of the mix."""
    place = regions.find(region)
    answer = grid.load(here, place.id, chosen_period(here, start, end, place.zone))
    about = {"computed": answer.computed}
    return _frame(answer.data.add_suffix("_mw"), answer.inputs, answer.notes, format, about)


def get_intensity(
    region: str,
    here: Here,
    start: From = None,
    end: To = None,
    factors: str | None = None,
    format: Form = "json",  # noqa: A002
) -> Any:
    """Average carbon intensity, g/kWh, with its basis, scope and factor set."""
    place = regions.find(region)
    period = chosen_period(here, start, end, place.zone)
    answer = grid.intensity(here, place.id, period, factors=factors)
    frame = answer.data.add_suffix("_g_per_kwh")
    about = {
        "basis": answer.basis,
        "scope": answer.scope,
        "factor_set": answer.factor_set,
        "computed": answer.computed,
    }
    return _frame(frame, answer.inputs, answer.notes, format, about)


def get_windows(region: str, here: Here, hours: float = 1.0, within: str | None = None) -> Any:
    """The greenest hours ahead that end by `within` (an ISO time)."""
    deadline = parse_instant(within) if within else None
    answer = grid.greenest_window(here, regions.find(region).id, hours, deadline=deadline)
    return jsonable(
        {
            "unit": "g/kWh",
            "best": answer.best,
            "alternatives": list(answer.alternatives),
            "now": answer.at_once_g_per_kwh,
            "saving": answer.saving_g_per_kwh,
            "reason": answer.reason,
            "issued": answer.forecast.issued,
            "readings": _readings(answer.forecast.inputs),
        }
    )


# The household: for its owner.


def get_meters(here: Here) -> Any:
    """The household's meters, by their local ids."""
    return [
        {
            "id": meter.id,
            "name": meter.name,
            "energy": meter.energy.value,
            "direction": meter.direction.value,
        }
        for meter in home.home_of(here).meters
    ]


def get_costs(
    here: Here,
    start: FromDay,
    end: ToDay,
    by: By = By.DAY,
    meter: str = "",
    energy: str = "",
    format: Form = "json",  # noqa: A002
) -> Any:
    """What energy cost: the rows and totals of `energydash costs`."""
    answer = home.costs(here, chosen_period(here, start, end, LONDON), by, meter, energy)
    body = answer.to_json()
    if format == "csv":
        return _csv(pd.DataFrame(body["rows"]))
    return jsonable({**body, "notes": answer.notes, "readings": _readings(answer.inputs)})


def get_bill(here: Here, start: FromDay, end: ToDay, meter: str = "", energy: str = "") -> Any:
    """A statement per meter: raw and bill-rounded amounts side by side, exact."""
    answer = home.bill(here, chosen_period(here, start, end, LONDON), meter, energy)
    body = answer.to_json()
    return jsonable({**body, "notes": answer.notes, "readings": _readings(answer.inputs)})


def get_batteries(here: Here) -> Any:
    """The household's batteries, by their local ids."""
    return [{"id": device.id, "name": device.name} for device in battery.devices(here)]


def get_battery(
    device: str,
    here: Here,
    start: From = None,
    end: To = None,
    format: Form = "json",  # noqa: A002
) -> Any:
    """What a battery took in and gave: `energydash battery analyse`, and each local day (CSV)."""
    chosen = battery.device_of(here, device)
    found = battery.view(here, chosen.id, chosen_period(here, start, end, chosen.zone))
    days = found.days.rename_axis("day").reset_index()
    days["day"] = [day.date().isoformat() for day in days["day"]]
    if format == "csv":
        return _csv(days)
    now = {name: {"time": at, "value": value} for name, (at, value) in found.now.items()}
    about = {"now": now, "days": days, "readings": _readings([found.reading])}
    return jsonable({**found.answer.to_json(), **about})


GRID: dict[str, Callable[..., Any]] = {
    "/health": get_health,
    "/regions": get_regions,
    "/factors": get_factors,
    "/mix/{region}": get_mix,
    "/load/{region}": get_load,
    "/intensity/{region}": get_intensity,
    "/windows/{region}": get_windows,
}
PERSONAL: dict[str, Callable[..., Any]] = {
    "/meters": get_meters,
    "/costs": get_costs,
    "/bill": get_bill,
    "/batteries": get_batteries,
    "/batteries/{device}": get_battery,
}


def _feed_health(feed: FeedHealth) -> dict[str, Any]:
    return {
        "subject": feed.feed.subject,
        "quantity": feed.feed.quantity,
        "state": feed.state,
        "rows": feed.rows,
        "newest": feed.newest,
        "fetched_at": feed.fetched_at,
        "problem": feed.problem.sentence if feed.problem else None,
    }


def _readings(readings: Sequence[FeedData]) -> list[dict[str, Any]]:
    """Where an answer is from. Never the feed itself: it knows a meter's real number."""
    return [
        {
            "source": reading.feed.source,
            "subject": reading.feed.subject,
            "quantity": reading.feed.quantity,
            "fetched_at": reading.fetched_at,
            "newest": reading.newest,
            "origin": reading.origin,
            "sample_reason": reading.sample_reason or None,
            "problem": reading.problem.sentence if reading.problem else None,
            "missing": [str(period) for period in reading.coverage.missing],
        }
        for reading in readings
    ]


def _frame(
    frame: pd.DataFrame,
    readings: Sequence[FeedData],
    notes: Sequence[str],
    form: Form,
    about: dict[str, Any] | None = None,
) -> Any:
    if form == "csv":
        return _csv(with_time_column(frame))
    return jsonable(
        {**(about or {}), "notes": notes, "readings": _readings(readings), "rows": frame}
    )


def _csv(table: pd.DataFrame) -> Response:
    return Response(table.to_csv(index=False, lineterminator="\n"), media_type="text/csv")


def _refused(status: int) -> Callable[[Request, Exception], JSONResponse]:
    def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=status)

    return answer
