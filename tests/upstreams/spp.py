"""Stand-in for portal.spp.org: generation mix of SPP and SWPW, and the load chart.

Published names are `gridstatus/SPP/<fuel>` and `…/load`. The file of 365 days has only eight, to
stay quick. Columns keep their number of digits, so that a file cut in half is cut within a row.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.upstreams._ticks import daylight, floor, ticks
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Chicago"
RANGES = {
    "Coal": (4000, 9900), "Diesel Fuel Oil": (10, 99), "Hydro": (1000, 2900),
    "Natural Gas": (5000, 9900), "Nuclear": (1100, 1990), "Solar": (100, 900),
    "Waste Disposal Services": (10, 40), "Wind": (1000, 9900), "Waste Heat": (10, 60),
    "Energy Storage": (10, 90), "Other": (10, 30),
}  # fmt: skip
SHARES = {"SPP": 0.9, "SWPW": 0.1}


def routes(world: World) -> dict[str, Handler]:
    return {"portal.spp.org": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    if request.path == "/chart-api/load-forecast/asChart":
        return Response(200, _chart(world))
    path = request.param("path")
    for authority in SHARES:
        for name, span in (("GenMix2Hour", timedelta(hours=2)), ("GenMix365", timedelta(days=8))):
            if path == f"/{authority}/{name}_{authority}.csv":
                return Response(200, _mix(world, authority, span), {"Content-Type": "text/csv"})
    return Response(404, "not found")


def _mix(world: World, authority: str, span: timedelta) -> str:
    names = [f" {fuel} {kind}" for fuel in RANGES for kind in ("Market", "Self")]
    lines = [",".join(["GMT MKT Interval", "BAA", *names, " Average Actual Load"])]
    now = floor(world.now())
    for at in ticks(now - span, now):
        cells = [f"{at:%Y-%m-%dT%H:%M:%SZ}", authority]
        for fuel, (low, high) in RANGES.items():
            value = world.value(f"gridstatus/SPP/{fuel}", at, low, high) * SHARES[authority]
            if fuel == "Solar":
                value *= daylight(at, ZONE)
            cells += [f"{value * 0.75:08.2f}", f"{value * 0.25:08.2f}"]
        load = world.value("gridstatus/SPP/load", at, 24000, 45000) * SHARES[authority]
        lines.append(",".join([*cells, f"{load:08.2f}"]))
    return "\n".join([*lines, ""])


def _chart(world: World) -> dict[str, Any]:
    now = floor(world.now())
    times = list(ticks(now - timedelta(hours=24), now + timedelta(hours=2)))
    loads = [round(world.value("gridstatus/SPP/load", at, 24000, 45000), 2) for at in times]
    actual = [load if at < now else None for at, load in zip(times, loads, strict=True)]
    return {
        "response": {
            "labels": [f"{at:%Y-%m-%dT%H:%M:%S+00:00}" for at in times],
            "datasets": [
                {"label": "Actual Load", "data": actual},
                {"label": "Mid-Term Load Forecast", "data": loads},
                {"label": "Short-Term Load Forecast", "data": loads},
            ],
        }
    }
