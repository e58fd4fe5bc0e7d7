"""The REST API, mounted at /api/v1: read-only answers as JSON or CSV.

Sample data come only on request (`sample=true`). Personal answers obey `access.may_see_personal`;
the viewer is the connection's own address, never what a header says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from energydash import __version__, access, context
from energydash.access import Viewer
from energydash.answers import grid, home
from energydash.answers.health import health
from energydash.commands.output import jsonable, with_time_column
from energydash.context import Context
from energydash.errors import EnergydashError, InputError, StoreError
from energydash.feeds import Reading
from energydash.grid import places
from energydash.home.costs import By
from energydash.time import LONDON, Period, parse_instant

Form = Literal["json", "csv"]
Instant = Annotated[
    str | None, Query(description="ISO time with an offset, such as 2026-03-29T00:00Z")
]


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
    app.get("/health")(get_health)
    app.get("/regions")(get_regions)
    app.get("/factors")(get_factors)
    app.get("/mix/{region}")(get_mix)
    app.get("/intensity/{region}")(get_intensity)
    app.get("/costs", dependencies=[Depends(_personal)])(get_costs)
    return app


def _here(sample: bool = False) -> Context:
    return replace(context.current(), sample=sample)


def _personal(request: Request) -> None:
    """403 for whoever may not see meters, costs and batteries."""
    if not access.may_see_personal(access.sharing(context.current().settings), _viewer(request)):
        raise HTTPException(
            403, "This energydash shares the grid only; costs and batteries are private."
        )


def _viewer(request: Request) -> Viewer:
    host = request.client.host if request.client else ""
    forwarded = "x-forwarded-for" in request.headers  # came through a proxy: not from here
    try:
        loopback = ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        loopback = False
    return Viewer(is_loopback=loopback and not forwarded)


def get_health(here: Annotated[Context, Depends(_here)]) -> Any:
    """Every source: newest reading, last success, trouble."""
    return jsonable(health(here, personal=False))


def get_regions() -> Any:
    """Regions with their aliases and time zones."""
    return [
        {"id": r.id, "name": r.name, "zone": r.zone, "aliases": list(r.aliases)}
        for r in places.regions()
    ]


def get_factors() -> Any:
    """Emission-factor sets with the source of every value."""
    return jsonable(list(grid.factor_sets().values()))


def get_mix(
    region: str,
    here: Annotated[Context, Depends(_here)],
    start: Instant = None,
    end: Instant = None,
    format: Form = "json",  # noqa: A002 - the name of the query parameter
) -> Any:
    """Generation by fuel, MW."""
    place = places.find(region)
    answer = grid.mix(here, place.id, _period(here, start, end))
    suffix = "_percent" if answer.unit == "%" else "_mw"
    return _frame(answer.mix.add_suffix(suffix), answer.readings[0], format)


def get_intensity(
    region: str,
    here: Annotated[Context, Depends(_here)],
    start: Instant = None,
    end: Instant = None,
    format: Form = "json",  # noqa: A002
) -> Any:
    """Average carbon intensity, g/kWh, with its basis, scope and factor set."""
    place = places.find(region)
    answer = grid.intensity(here, place.id, _period(here, start, end))
    frame = answer.data.add_suffix("_g_per_kwh")
    about = {"basis": answer.basis, "scope": answer.scope, "factor_set": answer.factor_set}
    return _frame(frame, answer.readings[0], format, about)


def get_costs(
    here: Annotated[Context, Depends(_here)],
    first: Annotated[date, Query(alias="from")],
    end: Annotated[date, Query(alias="to")],
    by: str = "day",
    meter: str = "",
    energy: str = "electricity",
    format: Form = "json",  # noqa: A002
) -> Any:
    """Costs as the command line prints them; days are local, the end is exclusive."""
    if by not in set(By):
        raise InputError(f"'{by}' is no key.", remedy=f"Choose from {', '.join(By)}.")
    answer = home.costs(here, Period.local_days(first, end, LONDON), by, meter, energy).to_json()
    if format == "csv":
        return _csv(pd.DataFrame(answer["rows"]))
    return jsonable(answer)


def _period(here: Context, start: str | None, end: str | None) -> Period:
    until: datetime = parse_instant(end) if end else here.now()
    return Period(parse_instant(start) if start else until - timedelta(days=1), until)


def _frame(
    frame: pd.DataFrame, reading: Reading, form: Form, about: dict[str, Any] | None = None
) -> Any:
    if form == "csv":
        return _csv(with_time_column(frame))
    return jsonable(
        {
            **(about or {}),
            "source": reading.feed.source,
            "region": reading.feed.subject,
            "fetched_at": reading.fetched_at,
            "newest": reading.newest,
            "origin": reading.origin,
            "problem": reading.problem and reading.problem.sentence,
            "missing": [str(period) for period in reading.coverage.missing],
            "rows": frame,
        }
    )


def _csv(table: pd.DataFrame) -> Response:
    return Response(table.to_csv(index=False, lineterminator="\n"), media_type="text/csv")


def _refused(status: int) -> Callable[[Request, Exception], JSONResponse]:
    def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=status)

    return answer
