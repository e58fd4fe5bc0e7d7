"""Stand-in for www.ercot.com: the dashboards' JSON of yesterday and today.

Published names are `gridstatus/ERCOT/<fuel>`, `…/load` and `…/storage`. Twice an hour an interval
comes split in two stamps, as the real one does now and then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, STEP, daylight, floor, midnight, ticks, today
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Chicago"
RANGES = {
    "Coal and Lignite": (7000, 12000), "Hydro": (0, 300), "Nuclear": (3700, 5100),
    "Power Storage": (-3000, 4000), "Solar": (0, 24000), "Wind": (3000, 25000),
    "Natural Gas": (12000, 40000), "Other": (10, 60),
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    return {"www.ercot.com": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    name = request.path.removeprefix("/api/1/services/read/dashboards/")
    makers = {
        "fuel-mix.json": _mix,
        "energy-storage-resources.json": _storage,
        "supply-demand.json": _demand,
    }
    return Response(200, makers[name](world)) if name in makers else Response(404, "not found")


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(zone_info(ZONE)):%Y-%m-%d %H:%M:%S%z}"


def _value(world: World, fuel: str, at: datetime) -> float:
    low, high = RANGES[fuel]
    value = world.value(f"gridstatus/ERCOT/{fuel}", at, low, high)
    return round(value * daylight(at, ZONE) if fuel == "Solar" else value, 4)


def _mix(world: World) -> dict[str, Any]:
    days: dict[str, dict[str, Any]] = {}
    start = midnight(today(world, ZONE) - DAY, ZONE)
    for tick in ticks(start + STEP, world.now() - timedelta(seconds=30)):
        at = tick - timedelta(seconds=4)
        values = {fuel: {"gen": _value(world, fuel, tick)} for fuel in RANGES}
        day = days.setdefault(f"{at.astimezone(zone_info(ZONE)):%Y-%m-%d}", {})
        if tick.minute in (10, 40):
            late = {fuel: values.pop(fuel) for fuel in ("Wind", "Solar")}
            day[_stamp(at + timedelta(seconds=2))] = late
        day[_stamp(at)] = values
    return {
        "lastUpdated": _stamp(world.now()),
        "monthlyCapacity": {fuel: high for fuel, (_, high) in RANGES.items()},
        "types": list(RANGES),
        "data": days,
    }


def _storage(world: World) -> dict[str, Any]:
    answer: dict[str, Any] = {"lastUpdated": _stamp(world.now())}
    day = today(world, ZONE)
    spans = {
        "previousDay": (midnight(day - DAY, ZONE), midnight(day, ZONE)),
        "currentDay": (midnight(day, ZONE), world.now()),
    }
    for name, (start, end) in spans.items():
        rows = []
        for at in ticks(start, end):
            net = round(world.value("gridstatus/ERCOT/storage", at, -3000, 4000), 3)
            rows.append(
                {
                    "tagCLastTime": f"{at.astimezone(zone_info(ZONE)):%Y-%m-%d %H:%M:%S}",
                    "dstFlag": "N",
                    "totalCharging": min(net, 0) - 100,
                    "totalDischarging": max(net, 0) + 100,
                    "netOutput": net,
                    "timestamp": _stamp(at),
                    "epoch": int(at.timestamp() * 1000),
                }
            )
        answer[name] = {"dayDate": _stamp(start), "data": rows}
    return answer


def _demand(world: World) -> dict[str, Any]:
    start = midnight(today(world, ZONE), ZONE)
    now = floor(world.now())
    rows = [
        {
            "timestamp": _stamp(end),
            "epoch": int(end.timestamp() * 1000),
            "demand": round(world.value("gridstatus/ERCOT/load", end - STEP, 38000, 75000), 2),
            "capacity": 90000,
            "forecast": int(end > now),
        }
        for end in ticks(start + STEP, now + 7 * STEP)
    ]
    return {"lastUpdated": _stamp(world.now()), "data": rows}
