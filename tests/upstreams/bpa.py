"""Stand-in for transmission.bpa.gov: load and generation of the last seven days.

Published names are `pyiso/BPA/<column>`. The rows up to the next full hour are announced, blank.
Columns keep their number of digits, so that a file cut in half is cut within a row.
"""

from __future__ import annotations

from datetime import timedelta

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, STEP, floor, ticks
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Los_Angeles"
RANGES = {
    "Load": (5000, 9900), "VER": (1000, 3900), "Hydro": (4000, 9900),
    "Fossil/Biomass": (700, 990), "Nuclear": (1120, 1160),
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    return {"transmission.bpa.gov": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    if request.path.lower() != "/business/operations/wind/baltwg.txt":
        return Response(404, "not found")
    now = floor(world.now())
    here = world.now().astimezone(zone_info(ZONE))
    lines = [
        "BPA Balancing Authority Load & Total VER, Hydro, Fossil/Biomass, and Nuclear Generation",
        "at 5-minute intervals, last 7 days",
        f"Dates: {here - 7 * DAY:%d%b%Y} - {here:%d%b%Y} (last updated {here:%H:%M}) Pacific Time",
        "Based on 5-min MW readings from the BPA SCADA system",
        "made up by a stand-in for tests",
        "VER is variable energy resources: wind and solar",
        "Balancing authority totals",
        "",
        "\t".join(["Date/Time       ", *RANGES]),
    ]
    for at in ticks(now - 7 * DAY, now):
        values = (world.value(f"pyiso/BPA/{name}", at, *span) for name, span in RANGES.items())
        cells = [f"{at.astimezone(zone_info(ZONE)):%m/%d/%Y %H:%M}", *(str(int(v)) for v in values)]
        lines.append("\t".join(cells))
    next_hour = floor(now, timedelta(hours=1)) + timedelta(hours=1)
    lines += [
        f"{at.astimezone(zone_info(ZONE)):%m/%d/%Y %H:%M}" + "\t" * len(RANGES)
        for at in ticks(now, next_hour, STEP)
    ]
    return Response(200, "\r\n".join([*lines, ""]), {"Content-Type": "text/plain"})
