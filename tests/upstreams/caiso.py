"""Stand-in for www.caiso.com: Today's Outlook files of any day, in Pacific wall time.

Published names are `gridstatus/CAISO/<column>`. Columns keep their number of digits, so that every
row has the same length: wherever a test cuts a file, it is cut within a row.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, daylight, midnight, ticks, today
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Los_Angeles"
PATH = re.compile(r"/outlook/(?:current|history/(\d{8}))/(fuelsource|demand|storage)\.csv")
COLUMNS = (
    "Solar", "Wind", "Geothermal", "Biomass", "Biogas", "Small hydro", "Coal", "Nuclear",
    "Natural Gas", "Large Hydro", "Batteries", "Imports", "Other",
)  # fmt: skip
RANGES = {
    "Wind": (1000, 6000), "Geothermal": (700, 950), "Biomass": (200, 350), "Biogas": (150, 250),
    "Small hydro": (120, 300), "Coal": (1, 9), "Nuclear": (2230, 2260),
    "Natural Gas": (3000, 9900), "Large Hydro": (1000, 3000), "Other": (0, 0),
}  # fmt: skip
SETTLING = timedelta(minutes=10)  # after midnight the current files are still yesterday's


def routes(world: World) -> dict[str, Handler]:
    return {"www.caiso.com": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    found = PATH.fullmatch(request.path)
    if not found:
        return Response(404, "not found")
    if found[1]:
        day = date(int(found[1][:4]), int(found[1][4:6]), int(found[1][6:]))
    else:
        day = today(world, ZONE)
        if world.now() - midnight(day, ZONE) < SETTLING:
            day -= DAY
    if day > today(world, ZONE):
        return Response(404, "not found")
    rows = {"fuelsource": _mix, "demand": _demand, "storage": _storage}[found[2]](world, day)
    return Response(200, "\r\n".join([*rows, ""]), {"Content-Type": "text/csv"})


def _times(world: World, day: date) -> list[tuple[str, datetime]]:
    """(HH:MM, instant) of a day's published rows; the repeated autumn hour is left out."""
    end = min(midnight(day + DAY, ZONE), world.now() - timedelta(minutes=4))
    found: dict[str, datetime] = {}
    for at in ticks(midnight(day, ZONE), end):
        found.setdefault(f"{at.astimezone(zone_info(ZONE)):%H:%M}", at)
    return list(found.items())


def _value(world: World, column: str, at: datetime) -> int:
    name = f"gridstatus/CAISO/{column}"
    sun = daylight(at, ZONE)
    if column == "Solar":
        return round(world.override(name, at, 16000 * sun if sun > 0.0625 else -37))
    if column == "Imports":  # fewer digits as solar has more
        low, high = (10000, 10900) if sun <= 0.0625 else (1000, 9000) if sun < 0.625 else (100, 900)
    elif column == "Batteries":
        low, high = (-990, -110) if sun > 0.2 else (1000, 4500)
    else:
        low, high = RANGES[column]
    return round(world.value(name, at, low, high))


def _mix(world: World, day: date) -> list[str]:
    rows = [",".join(("Time", *COLUMNS))]
    for text, at in _times(world, day):
        rows.append(",".join([text, *(str(_value(world, name, at)) for name in COLUMNS)]))
    return rows


def _demand(world: World, day: date) -> list[str]:
    rows = ["Time,Day ahead forecast,Hour ahead forecast,Current demand"]
    for text, at in _times(world, day):
        demand = round(world.value("gridstatus/CAISO/load", at, 20000, 38000))
        rows.append(f"{text},{demand + 150},{demand - 60},{demand}")
    return rows


def _storage(world: World, day: date) -> list[str]:
    rows = ["Time,Total batteries,Stand-alone batteries,Hybrid batteries"]
    for text, at in _times(world, day):
        total = _value(world, "Batteries", at)
        hybrid = total // 10
        rows.append(f"{text},{total},{total - hybrid},{hybrid}")
    return rows
