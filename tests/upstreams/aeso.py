"""Stand-in for ets.aeso.ca: the Current Supply Demand report as CSV.

Published names are `pyiso/AESO/<label>` and `…/load`. The sections are separated by blank lines;
rows of single plants follow the summary.
"""

from __future__ import annotations

from energydash.core.time import zone_info
from tests.upstreams._ticks import daylight, floor
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Edmonton"
RANGES = {
    "COGENERATION": (4000, 6100), "COMBINED CYCLE": (1000, 3900), "GAS FIRED STEAM": (100, 900),
    "HYDRO": (100, 800), "SIMPLE CYCLE": (100, 900), "SOLAR": (0, 1800), "WIND": (300, 5000),
    "ENERGY STORAGE": (0, 100), "OTHER": (200, 400),
}  # fmt: skip
PLANTS = 40


def routes(world: World) -> dict[str, Handler]:
    return {"ets.aeso.ca": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    is_report = request.path == "/ets_web/ip/Market/Reports/CSDReportServlet"
    if not is_report or request.param("contentType") != "csv":
        return Response(404, "not found")
    at = floor(world.now())
    load = round(world.value("pyiso/AESO/load", at, 8500, 12300))
    output = {}
    for label, (low, high) in RANGES.items():
        value = world.value(f"pyiso/AESO/{label}", at, low, high)
        output[label] = round(value * daylight(at, ZONE) if label == "SOLAR" else value)
    total = sum(output.values())
    here = world.now().astimezone(zone_info(ZONE))
    lines = [
        "Current Supply Demand Report",
        "",
        f'"Last Update : {here:%b %d, %Y %H:%M}"',
        "",
        f"Alberta Total Net Generation,{total}",
        f"Net Actual Interchange,{total - load}",
        f"Alberta Internal Load (AIL),{load}",
        "",
        *(f"{label},{RANGES[label][1]},{value},0" for label, value in output.items()),
        f"TOTAL,{sum(high for _, high in RANGES.values())},{total},0",
        "",
        f"British Columbia,{total - load}",
        "Montana,0",
        "Saskatchewan,0",
        f"TOTAL,{total - load}",
        "",
        *(f"Plant number {n} (PL{n}),100,{50 + n},0" for n in range(PLANTS)),
    ]
    return Response(200, "\r\n".join([*lines, ""]), {"Content-Type": "text/csv"})
