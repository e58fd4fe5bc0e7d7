"""api.carbonintensity.org.uk: national and regional intensity and mix, forecasts, errors.

Publish `carbon-intensity/GB/actual` or `…/forecast` (or `carbon-intensity/GB-13/forecast`) to
decide a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.upstreams import Handler, Request, Response, World
from tests.upstreams._gb import LINKS, half_hour, link, power, solar, wind_embedded

HOST = "api.carbonintensity.org.uk"
STEP = timedelta(minutes=30)
LONGEST = timedelta(days=14)
AHEAD = timedelta(hours=48)
FACTORS = {
    "Biomass": 120, "Coal": 937, "Dutch Imports": 474, "French Imports": 53,
    "Gas (Combined Cycle)": 394, "Gas (Open Cycle)": 651, "Hydro": 0, "Irish Imports": 458,
    "Nuclear": 0, "Oil": 935, "Other": 300, "Pumped Storage": 0, "Solar": 0, "Wind": 0,
}  # fmt: skip
GRAMS = {"biomass": 120, "imports": 200, "gas": 394, "other": 300}
ORDER = ("biomass", "coal", "imports", "gas", "nuclear", "other", "hydro", "solar", "wind")
REGIONS = (
    ("Scottish Hydro Electric Power Distribution", "North Scotland"),
    ("SP Distribution", "South Scotland"),
    ("Electricity North West", "North West England"),
    ("NPG North East", "North East England"),
    ("NPG Yorkshire", "Yorkshire"),
    ("SP Manweb", "North Wales & Merseyside"),
    ("WPD South Wales", "South Wales"),
    ("WPD West Midlands", "West Midlands"),
    ("WPD East Midlands", "East Midlands"),
    ("UKPN East", "East England"),
    ("WPD South West", "South West England"),
    ("SSE South", "South England"),
    ("UKPN London", "London"),
    ("UKPN South East", "South East England"),
    ("England", "England"),
    ("Scotland", "Scotland"),
    ("Wales", "Wales"),
)
# Postcode areas by region; what is not here is refused, as Northern Ireland (BT) is.
AREAS = {
    1: "AB IV KW PH DD", 2: "EH G KA ML KY FK TD DG", 3: "M BL OL PR LA CA SK", 4: "NE DH SR TS DL",
    5: "LS BD HD HX HU YO S WF DN", 6: "L CH LL WA", 7: "CF SA NP LD", 8: "B CV WS WV DY ST WR HR",
    9: "NG LE DE LN NN", 10: "CB IP NR CO CM PE AL SG LU", 11: "BS BA EX PL TR TQ TA GL",
    12: "SO PO BH RG OX SN SP GU", 13: "E EC N NW SE SW W WC", 14: "BN CT ME TN RH DA",
}  # fmt: skip


def routes(world: World) -> dict[str, Handler]:
    return {HOST: lambda request: answer(world, request)}


def answer(world: World, request: Request) -> Response:
    """Any address of the API."""
    for pattern, make in _PATHS:
        found = re.fullmatch(pattern, request.path)
        if found:
            return make(world, **found.groupdict())
    return _error("404 Not Found", "There is no such resource.", 404)


def slot(world: World, start: datetime, number: int = 0) -> dict[str, Any]:
    """One half-hour as the API says it; `number` 0 is the whole of Great Britain."""
    mix = percents(world, start, number)
    grams = sum(mix[fuel] * GRAMS.get(fuel, 0) for fuel in mix) / 100
    subject = f"GB-{number}" if number else "GB"
    truth = world.override(f"carbon-intensity/{subject}/actual", start, grams)
    # A forecast is off by more the farther ahead it was made; past ones were made a day ahead.
    ahead = max((start - world.now()) / AHEAD, 0.1)
    error = (world.uniform(subject, "forecast", start) - 0.5) * 40 * min(ahead, 1.0)
    forecast = world.override(f"carbon-intensity/{subject}/forecast", start, max(grams + error, 0))
    intensity: dict[str, Any] = {"forecast": round(forecast)}
    if not number:
        intensity["actual"] = _actual(world, start, truth)
    intensity["index"] = _index(intensity.get("actual") or intensity["forecast"])
    row = {"from": _stamp(start), "to": _stamp(start + STEP), "intensity": intensity}
    return {**row, "generationmix": _mix_list(mix)} if number else row


def percents(world: World, start: datetime, number: int = 0) -> dict[str, float]:
    """The mix of a half-hour, per cent with one decimal; like theirs it adds up to about 100."""
    fuels = ("biomass", "gas", "nuclear", "other", "hydro")
    parts = {fuel: power(world, fuel, start) for fuel in fuels}
    parts["wind"] = power(world, "wind", start) + wind_embedded(world, start)
    parts["solar"] = solar(world, start)
    parts["imports"] = max(sum(link(world, code, start) for code in LINKS), 0.0)
    parts["coal"] = 0.0
    if number:
        parts = {
            fuel: value * 3 * world.uniform(number, fuel) ** 2 for fuel, value in parts.items()
        }
    whole = sum(parts.values())
    return {fuel: round(100 * parts[fuel] / whole, 1) for fuel in ORDER}


def _actual(world: World, start: datetime, truth: float) -> int | None:
    """Null until the half-hour is over (and now and then for good); provisional for two hours."""
    over = world.now() - (start + STEP)
    if over < timedelta(0) or world.uniform("never measured", start) < 0.002:
        return None
    provisional = (world.uniform("provisional", start) - 0.5) * 12
    return round(truth + (provisional if over < timedelta(hours=2) else 0))


def _national(world: World, start: str = "", until: str = "") -> Response:
    return _ranged(world, start, until, lambda at: slot(world, at))


def _generation(world: World, start: str = "", until: str = "") -> Response:
    def row(at: datetime) -> dict[str, Any]:
        mix = _mix_list(percents(world, at))
        return {"from": _stamp(at), "to": _stamp(at + STEP), "generationmix": mix}

    if not start:
        return Response(200, {"data": row(half_hour(world.now()))})  # an object, not a list
    return _ranged(world, start, until, row)


def _regional(
    world: World, number: str = "", postcode: str = "", start: str = "", until: str = ""
) -> Response:
    region = int(number) if number else _region_of(postcode)
    if not 1 <= region <= 17:
        what = f"{postcode} is not a known postcode" if postcode else f"{number} is not a region"
        return _error("400 Bad Request", f"{what}.")
    rows = _ranged(world, start, until, lambda at: slot(world, at, region))
    if rows.status != 200:
        return rows
    assert isinstance(rows.body, dict)
    dno, name = REGIONS[region - 1]
    found: dict[str, Any] = {"regionid": region, "dnoregion": dno, "shortname": name}
    if postcode:
        found["postcode"] = postcode
    found["data"] = rows.body["data"]
    # Now: a list of one region. A range: the region itself.
    return Response(200, {"data": found if start else [found]})


def _all_regions(world: World) -> Response:
    now = half_hour(world.now())
    rows = []
    for number, (dno, name) in enumerate(REGIONS, 1):
        row = slot(world, now, number)
        del row["from"], row["to"]
        rows.append({"regionid": number, "dnoregion": dno, "shortname": name, **row})
    return Response(
        200, {"data": [{"from": _stamp(now), "to": _stamp(now + STEP), "regions": rows}]}
    )


def _ranged(
    world: World, start: str, until: str, row: Callable[[datetime], dict[str, Any]]
) -> Response:
    """Rows from the half-hour that ends at `start` on, as the API has it; now without a start."""
    if not start:
        return Response(200, {"data": [row(half_hour(world.now()))]})
    try:
        first = _instant(start)
        last = {
            "fw24h": first + AHEAD / 2, "fw48h": first + AHEAD, "pt24h": first,
        }.get(until) or _instant(until)  # fmt: skip
        first -= timedelta(days=1) if until == "pt24h" else timedelta(0)
    except ValueError:
        return _error("400 Bad Request", "Please enter a valid date in ISO8601 format.")
    if last - first > LONGEST:
        return _error("400 Bad Request", "The maximum date range is limited to 14 days.")
    at = half_hour(first) - STEP
    # Nothing is said about what lies farther ahead than the forecast.
    last = min(last, half_hour(world.now()) + AHEAD)
    rows = []
    while at < last:
        rows.append(row(at))
        at += STEP
    return Response(200, {"data": rows})


def _factors(_: World) -> Response:
    return Response(200, {"data": [FACTORS]})


def _mix_list(mix: dict[str, float]) -> list[dict[str, Any]]:
    return [{"fuel": fuel, "perc": mix[fuel]} for fuel in ORDER]


def _region_of(postcode: str) -> int:
    letters = re.match(r"[A-Z]*", postcode.upper())
    area = letters[0] if letters else ""
    return next((number for number, areas in AREAS.items() if area in areas.split()), 0)


def _index(grams: float) -> str:
    words = ((35, "very low"), (110, "low"), (190, "moderate"), (270, "high"))
    return next((word for limit, word in words if grams < limit), "very high")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%MZ")


def _error(code: str, message: str, status: int = 400) -> Response:
    return Response(status, {"error": {"code": code, "message": message}})


_RANGE = r"(?P<start>[^/]+)/(?P<until>[^/]+)"
_WHERE = r"(regionid/(?P<number>\d+)|postcode/(?P<postcode>\w+))"
_PATHS: tuple[tuple[str, Callable[..., Response]], ...] = (
    ("/intensity/factors", _factors),
    ("/intensity", _national),
    (f"/intensity/{_RANGE}", _national),
    ("/generation", _generation),
    (f"/generation/{_RANGE}", _generation),
    ("/regional", _all_regions),
    (f"/regional/{_WHERE}", lambda world, **found: _regional(world, **_given(found))),
    (
        f"/regional/intensity/{_RANGE}/{_WHERE}",
        lambda world, **found: _regional(world, **_given(found)),
    ),
)


def _given(found: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in found.items() if value}
