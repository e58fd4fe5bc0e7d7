"""Stand-in for www.iso-ne.com: the ISO Express CSVs, with their C, H, D and T rows.

As the real one, it gives them only to visitors who saw a page first (a cookie tells), and at the
second try.

Published names are `gridstatus/ISONE/<fuel>` and `…/load`. Instants are irregular, without an
offset: in the repeated autumn hour only the clock going back tells which is meant.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, daylight, midnight, ticks
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/New_York"
RANGES = {
    "Natural Gas": (3000, 9000), "Nuclear": (3300, 3360), "Hydro": (200, 1500),
    "Wind": (50, 1200), "Solar": (0, 900), "Oil": (0, 60), "Wood": (150, 260),
    "Refuse": (300, 330), "Landfill Gas": (3, 30), "Other": (0, 250),
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    tries: Counter[str] = Counter()
    return {"www.iso-ne.com": lambda request: _answer(world, tries, request)}


def _answer(world: World, tries: Counter[str], request: Request) -> Response:
    page = "<!DOCTYPE html><html></html>"
    if request.path.startswith("/isoexpress/"):
        headers = {"Content-Type": "text/html", "Set-Cookie": "isox_token=seen; Path=/"}
        return Response(200, page, headers)
    if "isox_token" not in request.headers.get("cookie", ""):
        return Response(403, page, {"Content-Type": "text/html"})
    tries[request.path] += 1
    if tries[request.path] % 2:
        return Response(200, page, {"Content-Type": "text/html"})
    name = request.path.removeprefix("/transform/csv/")
    text = request.param("start")
    if name not in ("genfuelmix", "fiveminutesystemload") or len(text) != 8:
        return Response(404, "not found")
    day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    head, rows = (_mix if name == "genfuelmix" else _load)(world, day)
    lines = [
        '"C","ISO New England stand-in"',
        f'"C","Report for {day:%m/%d/%Y}"',
        f'"C","Produced {world.now():%m/%d/%Y %H:%M:%S}"',
        '"C","Days of test data"',
        *head,
        *rows,
        f'"T","{len(rows)}"',
    ]
    return Response(200, "\r\n".join([*lines, ""]), {"Content-Type": "text/csv"})


def _mix(world: World, day: date) -> tuple[list[str], list[str]]:
    head = [
        '"H","Date","Time","Gen Mw","Fuel Category Rollup","Fuel Category","Marginal Flag"',
        '"H","MM/DD/YYYY","HH24:MI:SS","Mw","String","String","String"',
    ]
    rows = []
    end = min(midnight(day + DAY, ZONE), world.now())
    for tick in ticks(midnight(day, ZONE), end, timedelta(minutes=6)):
        at = tick + timedelta(seconds=int(240 * world.uniform("isone", tick)))
        if at >= end:
            break
        local = at.astimezone(zone_info(ZONE))
        for fuel in RANGES:
            value = _value(world, fuel, at)
            if value or fuel not in ("Oil", "Solar", "Other"):  # listed only while it generates
                group = "Renewables" if fuel in ("Wood", "Refuse", "Wind") else fuel
                rows.append(
                    f'"D","{local:%m/%d/%Y}","{local:%H:%M:%S}","{value}","{group}","{fuel}","N"'
                )
    return head, rows


def _value(world: World, fuel: str, at: datetime) -> int:
    low, high = RANGES[fuel]
    value = world.value(f"gridstatus/ISONE/{fuel}", at, low, high)
    return round(value * daylight(at, ZONE) if fuel == "Solar" else value)


def _load(world: World, day: date) -> tuple[list[str], list[str]]:
    head = [
        '"H","Date/Time","Native Load","Asset Related Load"',
        '"H","MM/DD/YYYY HH24:MI:SS","Mw","Mw"',
    ]
    rows = []
    for at in ticks(midnight(day, ZONE), min(midnight(day + DAY, ZONE), world.now())):
        load = world.value("gridstatus/ISONE/load", at, 9000, 18000)
        local = at.astimezone(zone_info(ZONE))
        rows.append(f'"D","{local:%m/%d/%Y %H:%M:%S}","{load:.3f}","{load - 200:.3f}"')
    return head, rows
