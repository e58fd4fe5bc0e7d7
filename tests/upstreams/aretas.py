"""A stand-in for iot.aretas.ca: login, sites, sensor types, raw readings with a row limit.

One 15-cell, 45 Ah home battery whose values follow a day: it charges around noon and discharges
in the evening. Sensors report every 20 s, each a little later than the one before. Tokens expire
after `aretas token life` seconds and answers stop at `aretas row limit` rows (both published).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

HOST = "iot.aretas.ca"
USERNAME, PASSWORD = "owner@example.org", "correct horse & #1"
MAC, GARAGE_MAC = 2193480, 2193481
STEP_MS = 20_000
CAPACITY_AH = 45.0
SKEW_MS = {532: 0, 531: 450, 533: 900, 514: 1400, 520: 1900, 530: 2300}
TYPES: list[dict[str, Any]] = [
    {"label": "Pack voltage", "units": "V", "typeByte": 532, "rangeHint": "40-60"},
    {"label": "Battery current", "units": "A", "type": 531},
    {"label": "Battery power", "units": "kW", "typeByte": 533},
    {"label": "State of charge", "units": "%", "typeByte": 514},
    {"label": "Pack temperature", "units": "°C", "typeByte": 520},
    {"label": "Remaining", "units": "Ah", "typeByte": 530},
    {"label": "Humidity", "units": "%", "typeByte": 246},
]

Millis = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def battery(time_ms: Millis) -> dict[int, Floats]:
    """The true value of every sensor at these instants. Charging is negative, as on the Leaf."""
    day = (time_ms % 86_400_000) / 86_400_000
    soc = 0.55 - 0.35 * np.cos(2 * np.pi * (day - 0.2))
    # The exact derivative of the state of charge, so that charge and SoC agree.
    amps_in = 0.35 * 2 * np.pi * np.sin(2 * np.pi * (day - 0.2)) * CAPACITY_AH / 24
    volts = 51.0 + 5.5 * soc + 0.02 * amps_in
    return {
        532: np.round(volts, 1),
        531: np.round(-amps_in, 2),
        533: np.round(-volts * amps_in / 1000, 3),
        514: np.round(100 * soc, 1),
        520: np.round(18 + 6 * np.sin(2 * np.pi * (day - 0.35)), 1),
        530: np.round(CAPACITY_AH * soc, 2),
    }


def routes(world: World) -> dict[str, Handler]:
    """The one host's handler."""
    tokens: dict[str, datetime] = {}
    numbers = count(1)

    def login(request: Request) -> Response:
        given = _json(request)
        if request.query:
            return Response(400, "a password does not belong into an address")
        if request.method != "POST" or not isinstance(given, dict):
            return Response(400, "send username and password")
        if (given.get("username"), given.get("password")) != (USERNAME, PASSWORD):
            return Response(401, "bad credentials")
        token = f"eyJhbGciOi.{next(numbers):08d}.standin"
        tokens[token] = world.now()
        return Response(200, token, {"Content-Type": "text/plain"})

    def is_allowed(request: Request) -> bool:
        made = tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        life_s = float(world.override("aretas token life", world.now(), 3600.0))
        return made is not None and 0 <= (world.now() - made).total_seconds() < life_s

    def by_range(request: Request) -> Response:
        query = dict(request.query)
        begin, end = int(query["begin"]), int(query["end"])
        asked = [int(value) for name, value in request.query if name == "type"] or list(SKEW_MS)
        limit = min(int(query.get("limit", "1000000")),
                    int(world.override("aretas row limit", world.now(), 1_000_000)))  # fmt: skip
        if int(query.get("mac", "0")) != MAC:
            return Response(403, "not authorized")
        end = min(end, int(world.now().timestamp() * 1000))
        text = _written(tuple(asked), begin, end, limit)
        return Response(200, text, {"Content-Type": "application/json"})

    def newest(request: Request) -> Response:
        given = _json(request)
        macs = given if isinstance(given, list) else []
        now_ms = int(world.now().timestamp() * 1000)
        rows = []
        for number, skew in SKEW_MS.items() if MAC in macs else ():
            at = (now_ms - skew) // STEP_MS * STEP_MS + skew
            value = float(battery(np.array([at]))[number][0])
            rows.append({"mac": MAC, "type": number, "data": value, "timestamp": at})
        if GARAGE_MAC in macs:
            rows.append({"mac": GARAGE_MAC, "type": 246, "data": 61.0, "timestamp": now_ms})
        return Response(200, rows)

    def locations(_: Request) -> Response:
        now_ms = int(world.now().timestamp() * 1000)
        sensors = [
            {"mac": MAC, "description": "Battery monitor", "lastReportTime": now_ms - 9000},
            {"mac": GARAGE_MAC, "description": "Garage air", "lastReportTime": now_ms - 9 * 10**8},
        ]
        place = {
            "id": 71, "description": "Home", "lat": 49.28, "lon": -123.12,
            "country": "Canada", "state": "BC", "city": "Vancouver",
        }  # fmt: skip
        view = {"location": place, "lastSensorReportTime": now_ms - 9000, "sensorList": sensors,
                "buildingMapList": []}  # fmt: skip
        return Response(200, {"id": 5, "allMacs": [MAC, GARAGE_MAC], "locationSensorViews": [view]})

    def zone(_: Request) -> Response:
        return Response(200, {"booleanResponse": True, "message": "America/Vancouver"})

    secured: dict[str, Callable[[Request], Response]] = {
        "/rest/sensordata/byrange": by_range,
        "/rest/sensorreport/latest": newest,
        "/rest/client/locationview": locations,
        "/rest/timezone/query": zone,
        "/rest/greetings/isloggedin": lambda _: Response(200, "true"),
    }

    def handle(request: Request) -> Response:
        if request.path == "/rest/authentication/j":
            return login(request)
        if request.path == "/rest/sensortype/list":
            return Response(200, TYPES)
        if request.path not in secured:
            return Response(404, "no such address")
        if not is_allowed(request):
            return Response(401, "not authorized")
        return secured[request.path](request)

    return {HOST: handle}


@lru_cache(32)  # many tests ask for the same days
def _written(asked: tuple[int, ...], begin: int, end: int, limit: int) -> str:
    """The rows of these sensors in the order of their times, as JSON."""
    rows = [row for number in asked if number in SKEW_MS for row in _rows(number, begin, end)]
    rows.sort(key=lambda row: row[1])
    text = ",".join(
        f'{{"type":{kind},"timestamp":{time},"data":{value}}}' for kind, time, value in rows[:limit]
    )
    return f"[{text}]"


def _rows(number: int, begin_ms: int, end_ms: int) -> list[tuple[int, int, float]]:
    skew = SKEW_MS[number]
    first = -(-(begin_ms - skew) // STEP_MS)
    last = -(-(end_ms - skew) // STEP_MS)
    time_ms = np.arange(first, last, dtype=np.int64) * STEP_MS + skew
    values = battery(time_ms)[number]
    return [(number, t, v) for t, v in zip(time_ms.tolist(), values.tolist(), strict=True)]


def _json(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None
