"""Stand-in for public-api.misoenergy.org: fuel mix and load, EST all year.

Published names are `gridstatus/MISO/<fuel>` and `…/load`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, daylight, midnight, ticks, today
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "Etc/GMT+5"
RANGES = {
    "Battery Storage": (-300, 500), "Coal": (15000, 30000), "Imports": (-1000, 6000),
    "Natural Gas": (18000, 40000), "Nuclear": (9000, 11500), "Other": (500, 2500),
    "Solar": (0, 12000), "Wind": (3000, 22000),
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    return {"public-api.misoenergy.org": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    day = today(world, ZONE)
    if request.path == "/api/FuelMix/Yesterday":
        return Response(200, _mix(world, day - DAY))
    if request.path == "/api/FuelMix/Today":
        return Response(200, _mix(world, day))
    if request.path == "/api/FuelMix":
        answer = _mix(world, day)
        answer["Fuel"]["Type"] = answer["Fuel"]["Type"][-len(RANGES) :]
        return Response(200, answer)
    if request.path == "/api/RealTimeTotalLoad":
        return Response(200, _load(world, day))
    return Response(404, {"message": "not found"})


def _reference(world: World) -> str:
    return f"{world.now().astimezone(zone_info(ZONE)):%d-%b-%Y - Interval %H:%M EST}"


def _mix(world: World, day: date) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    total = 0
    for at in ticks(midnight(day, ZONE), min(midnight(day + DAY, ZONE), world.now())):
        local = at.astimezone(zone_info(ZONE))
        stamp = f"{local:%Y-%m-%d} {int(local.strftime('%I'))}:{local:%M:%S %p}"
        total = 0
        for fuel, (low, high) in RANGES.items():
            value = world.value(f"gridstatus/MISO/{fuel}", at, low, high)
            megawatts = round(value * daylight(at, ZONE) if fuel == "Solar" else value)
            total += megawatts
            rows.append({"INTERVALEST": stamp, "CATEGORY": fuel, "ACT": megawatts})
    return {"RefId": _reference(world), "TotalMW": str(total), "Fuel": {"Type": rows}}


def _load(world: World, day: date) -> dict[str, Any]:
    loads = []
    for at in ticks(midnight(day, ZONE), world.now()):
        value = round(world.value("gridstatus/MISO/load", at, 55000, 100000))
        clock = f"{at.astimezone(zone_info(ZONE)):%H:%M}"
        loads.append({"Load": {"Time": clock, "Value": str(value)}})
    return {"LoadInfo": {"RefId": _reference(world), "FiveMinTotalLoad": loads}}
