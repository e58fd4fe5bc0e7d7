"""data.elexon.co.uk (FUELINST) and api.neso.energy (solar and embedded wind).

Publish `elexon/GB/wind` (a canonical fuel), `elexon/GB/INTFR` (a link) or `neso/GB/solar` to decide
a value. `elexon/GB/new fuel` makes a fuel appear that nobody has heard of.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.upstreams import Handler, Request, Response, World
from tests.upstreams._gb import LINKS, half_hour, link, power, solar, wind_embedded
from tests.upstreams.world import EPOCH

HOST = "data.elexon.co.uk"
NESO_HOST = "api.neso.energy"
PATH = "/bmrs/api/v1/datasets/FUELINST"
STEP = timedelta(minutes=5)
LONGEST = timedelta(days=7)
NESO_LAG = timedelta(minutes=45)
LONDON = ZoneInfo("Europe/London")
# Their codes: a canonical fuel and its part of it.
CODES = {
    "BIOMASS": ("biomass", 1.0), "CCGT": ("gas", 0.97), "COAL": ("", 0.0),
    "NPSHYD": ("hydro", 1.0), "NUCLEAR": ("nuclear", 1.0), "OCGT": ("gas", 0.03),
    "OIL": ("", 0.0), "OTHER": ("other", 1.0), "PS": ("pumped_storage", 1.0),
    "WIND": ("wind", 1.0),
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    return {
        HOST: lambda request: fuelinst(world, request),
        NESO_HOST: lambda request: datastore(world, request),
    }


def fuelinst(world: World, request: Request) -> Response:
    """The dataset, and its `/stream`, newest first."""
    if request.path not in (PATH, f"{PATH}/stream"):
        return Response(404, {"title": "Not Found", "status": 404})
    try:
        first = _instant(request.param("publishDateTimeFrom"))
        last = _instant(request.param("publishDateTimeTo"))
    except ValueError:
        return Response(400, {"title": "Bad Request", "errors": {"publishDateTimeFrom": ["?"]}})
    if last - first > LONGEST:
        said = {"": ["The date range between From and To inclusive must not exceed 7 days"]}
        return Response(400, {"title": "Bad Request", "errors": said})
    wanted = request.params("fuelType")
    rows: list[dict[str, Any]] = []
    published = EPOCH + -((EPOCH - first) // STEP) * STEP  # rounded up
    while published <= min(last, world.now()):
        rows += _published_at(world, published)
        published += STEP
    rows = [row for row in rows if not wanted or row["fuelType"] in wanted][::-1]
    return Response(200, rows if request.path.endswith("/stream") else {"data": rows})


def _published_at(world: World, published: datetime) -> list[dict[str, Any]]:
    """The interval before, and corrections of the one three intervals before that."""
    start = published - STEP
    rows = [
        _row(start, published, code, _first_guess(world, code, start, value))
        for code, value in values(world, start).items()
    ]
    earlier = published - 4 * STEP
    return rows + [
        _row(earlier, published, code, value)
        for code, value in values(world, earlier).items()
        if _is_corrected(world, code, earlier)
    ]


def values(world: World, start: datetime) -> dict[str, int]:
    """MW by their codes in the 5 minutes from `start`."""
    found = {
        code: round(power(world, fuel, start) * part) if fuel else 0
        for code, (fuel, part) in CODES.items()
    }
    found |= {code: round(link(world, code, start)) for code in LINKS}
    new = world.override("elexon/GB/new fuel", start)
    return found if new is None else {**found, "FUSION": round(new)}


def datastore(world: World, request: Request) -> Response:
    """CKAN's `datastore_search_sql` for the one question that is asked of it."""
    sql = request.param("sql")
    found = re.search(r">= '([^']+)' AND \"DATETIME\" < '([^']+)'", sql)
    if request.path != "/api/3/action/datastore_search_sql" or not found:
        error = {"query": ["(ProgrammingError) syntax error"], "__type": "Validation Error"}
        return Response(409, {"success": False, "error": error})
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in found.groups())
    at = half_hour(first + timedelta(minutes=30) - timedelta(microseconds=1))
    records = []
    while at < min(last, half_hour(world.now() - NESO_LAG) + timedelta(microseconds=1)):
        records.append(
            {
                "DATETIME": at.strftime("%Y-%m-%dT%H:%M:%S"),
                "SOLAR": round(solar(world, at)),
                "WIND_EMB": round(wind_embedded(world, at)),
            }
        )
        at += timedelta(minutes=30)
    fields = [{"id": "DATETIME", "type": "timestamp"}]
    fields += [{"id": name, "type": "int4"} for name in ("SOLAR", "WIND_EMB")]
    result = {"sql": sql, "records": records, "fields": fields}
    return Response(200, {"help": "datastore_search_sql", "success": True, "result": result})


def _is_corrected(world: World, code: str, start: datetime) -> bool:
    return world.uniform("corrected", code, start) < 0.02


def _first_guess(world: World, code: str, start: datetime, value: int) -> int:
    return value + 37 if _is_corrected(world, code, start) else value


def _row(start: datetime, published: datetime, code: str, value: int) -> dict[str, Any]:
    local = start.astimezone(LONDON)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    return {
        "dataset": "FUELINST",
        "publishTime": published.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "startTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "settlementDate": f"{local:%Y-%m-%d}",
        "settlementPeriod": (start - midnight) // timedelta(minutes=30) + 1,
        "fuelType": code,
        "generation": value,
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
