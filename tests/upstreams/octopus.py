"""Stand-in for Octopus Energy: REST and GraphQL of api.octopus.energy, in its wire format.

Two accounts, whose keys are here. The first has a home moved out of (Economy 7 and gas) and one
lived in (a replaced import meter, export through the same meter, gas); the second has Intelligent
Go. Readings come at 06:00 for the day before, some days late, and are revised after two days.

`world.publish("octopus/<MPAN>/energy", kwh, since)` sets readings, and makes those up to now
available; `world.publish("octopus/account/<number>", {...})` replaces an account.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from tests.upstreams import Handler, Request, Response, World
from tests.upstreams import _octopus_prices as sold
from tests.upstreams._octopus_homes import (
    ACCOUNT,
    EXPORT_MPAN,
    GO_MPAN,
    IMPORT_MPAN,
    KEY,
    METERS,
    MOVED,
    OLD_MPAN,
    OLD_MPRN,
    OLD_SERIAL,
    REPLACED,
    SECOND_ACCOUNT,
    SECOND_KEY,
    SERIAL,
    SUPPLIED_SINCE,
    agreement_at,
    first,
    second,
)
from tests.upstreams.world import uniform

HOST = "api.octopus.energy"
TOKEN = "stand-in-token"
POSTCODES = {"SE10": ["_J"], "E1": ["_C"], "M1": ["_G"], "CA8": ["_F", "_N"]}


def routes(world: World) -> dict[str, Handler]:
    """The handler of the one host that REST and GraphQL share."""
    return {HOST: lambda request: Octopus(world).answer(request)}


class Octopus:
    """Answers one request; it remembers nothing."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, request: Request) -> Response:
        parts = [part for part in request.path.split("/") if part]
        match parts:
            case ["v1", "graphql"]:
                return self.graphql(request)
            case ["v1", "accounts", number]:
                return self.account(request, number)
            case ["v1", ("electricity-meter-points" | "gas-meter-points") as kind, point, "meters",
                  serial, "consumption"]:  # fmt: skip
                return self.consumption(request, kind.removesuffix("-meter-points"), point, serial)
            case ["v1", "products"]:
                return paged(request, [listed(one) for one in sold.PRODUCTS.values()], 100, 100)
            case ["v1", "products", code]:
                product = sold.PRODUCTS.get(code)
                return Response(200, detail(product)) if product else not_found()
            case ["v1", "products", code, kind, tariff, register]:
                return self.rates(request, code, kind.removesuffix("-tariffs"), tariff, register)
            case ["v1", "industry", "grid-supply-points"]:
                outward = request.param("postcode").upper().replace(" ", "")[:-3]
                found = [{"group_id": one} for one in POSTCODES.get(outward, [])]
                return paged(request, found, 100, 100)
        return not_found()

    def account(self, request: Request, number: str) -> Response:
        owned = key_account(request)
        if owned is None:
            return unauthorised()
        if owned != number:
            return not_found()
        published = self.world.override(f"octopus/account/{number}", self.world.now())
        return Response(200, published or (first() if number == ACCOUNT else second()))

    def consumption(self, request: Request, energy: str, point: str, serial: str) -> Response:
        owned = key_account(request)
        if owned is None:
            return unauthorised()
        if owned != METERS.get((energy, point, serial)):
            return not_found()
        now = self.world.now()
        since = parse(request.param("period_from")) or SUPPLIED_SINCE
        until = parse(request.param("period_to")) or now
        if request.param("period_to") and not request.param("period_from"):
            return Response(400, {"period_from": ["This field is required with period_to."]})
        since = max(since, SUPPLIED_SINCE)
        first = math.ceil(since.timestamp() / 1800) * 1800
        rows = []
        for stamp in range(first, int(min(until, now).timestamp()), 1800):
            start = datetime.fromtimestamp(stamp, UTC)
            value = self.energy(energy, point, serial, start, now)
            if value is not None:
                end = start + sold.HALF_HOUR
                rows.append(
                    {
                        "consumption": value,
                        "interval_start": local(start),
                        "interval_end": local(end),
                    }
                )
        if request.param("order_by") != "period":
            rows.reverse()
        return paged(request, rows, 100, 25_000)

    def energy(
        self, energy: str, point: str, serial: str, start: datetime, now: datetime
    ) -> float | None:
        """kWh (gas: m³) of a half-hour; None where there is no reading, or not yet."""
        if point in (IMPORT_MPAN, EXPORT_MPAN) and (serial == OLD_SERIAL) != (start < REPLACED):
            return None
        if point in (OLD_MPAN, OLD_MPRN) and start >= datetime.fromisoformat(MOVED):
            return None
        published = self.world.override(f"octopus/{point}/energy", start)
        if published is not None:
            return float(published)
        at = start.astimezone(sold.LONDON)
        chance, midnight, offset = a_day(self.world.seed, point, at.date())
        late = timedelta(days=3) if chance < 0.03 else timedelta(0)
        if now < midnight + timedelta(hours=6) + late:
            return None
        is_long_day = at.utcoffset() != offset
        if chance > 0.985 and start.hour in (13, 14) and not is_long_day:
            return None  # some hours never arrive
        value = load(self.world.seed, energy, point, start)
        is_estimate = now < midnight + timedelta(days=2)
        return round(value, 1 if is_estimate else 3)

    def rates(
        self, request: Request, code: str, energy: str, tariff: str, register: str
    ) -> Response:
        product = sold.PRODUCTS.get(code)
        letter = "G" if energy == "gas" else "E"
        registers = tariff.split("-")[1] if "-" in tariff else ""
        expected = f"{letter}-{registers}-{code}-{tariff[-1:]}"
        if product is None or tariff != expected or tariff[-1] not in sold.REGIONS:
            return not_found()
        if (energy == "gas" and not product.has_gas) or registers not in ("1R", "2R"):
            return not_found()
        if registers == "2R" and not product.has_night:
            return not_found()
        if (registers == "2R") != register.startswith(("day", "night")) and "unit" in register:
            detail = "day and night rates, not standard" if registers == "2R" else "standard rates"
            return Response(400, {"detail": f"This tariff has {detail}."})
        begins = datetime.fromisoformat(f"{product.since}T00:00:00+00:00")
        now = self.world.now()
        since = parse(request.param("period_from")) or begins - timedelta(days=1)
        until = parse(request.param("period_to")) or now + timedelta(days=2)
        found = sold.prices(self.world, tariff, product, register, energy, since, until)
        found.reverse()
        return paged(request, found, 100, 1_500, lambda one: rate_row(one, product.is_export))

    def graphql(self, request: Request) -> Response:
        asked = request.json()
        query, variables = asked["query"], asked.get("variables") or {}
        if "obtainKrakenToken" in query:
            if variables.get("key") not in (KEY, SECOND_KEY):
                return refused("KT-CT-1139", "Authentication failed.")
            token = f"{TOKEN}-{variables['key'][-4:]}"
            return Response(200, {"data": {"obtainKrakenToken": {"token": token}}})
        owned = {f"{TOKEN}-{KEY[-4:]}": ACCOUNT, f"{TOKEN}-{SECOND_KEY[-4:]}": SECOND_ACCOUNT}
        if owned.get(request.headers.get("authorization", "")) != variables.get("account"):
            return refused("KT-CT-1112", "'Authorization' header not provided.")
        if "completedDispatches" in query:
            return Response(200, {"data": {"completedDispatches": self.dispatches(variables)}})
        return Response(200, {"data": {"account": {"properties": [self.measurements(variables)]}}})

    def dispatches(self, variables: dict[str, Any]) -> list[dict[str, Any]]:
        """Two afternoons a week, outside the cheap hours, for the account with Intelligent Go."""
        if variables["account"] != SECOND_ACCOUNT:
            return []
        today = self.world.now().replace(hour=0, minute=0, second=0, microsecond=0)
        days = [today - timedelta(days=n) for n in range(1, 31)]
        return [
            {
                "start": zulu(day + timedelta(hours=13)).replace("T", " ").replace("Z", "+00:00"),
                "end": zulu(day + timedelta(hours=14, minutes=30))
                .replace("T", " ")
                .replace("Z", "+00:00"),
                "delta": "-5.10",
                "meta": {"source": "smart-charge", "location": "AT_HOME"},
            }
            for day in days
            if day.weekday() in (2, 5)
        ]

    def measurements(self, variables: dict[str, Any]) -> dict[str, Any]:
        kind, chosen = next(iter(variables["filters"][0].items()))
        energy, point = kind.removesuffix("Filters"), chosen["marketSupplyPointId"]
        start, end = parse(variables["start"]), parse(variables["end"])
        assert start and end
        offset = int(variables["after"] or 0)
        edges = []
        now = self.world.now()
        begin = math.ceil(start.timestamp() / 1800) * 1800
        instants = range(begin, int(end.timestamp()), 1800)
        page = instants[offset : offset + variables["first"]]
        for stamp in page:
            at = datetime.fromtimestamp(stamp, UTC)
            serial = OLD_SERIAL if point == IMPORT_MPAN and at < REPLACED else SERIAL
            value = self.energy(energy, point, serial, at, now)
            if value is not None:
                edges.append({"node": self.measurement(energy, point, at, value)})
        more = offset + len(page) < len(instants)
        info = {"hasNextPage": more, "endCursor": str(offset + len(page)) if more else None}
        return {"id": "1", "measurements": {"pageInfo": info, "edges": edges}}

    def measurement(self, energy: str, point: str, at: datetime, value: float) -> dict[str, Any]:
        code = agreement_at(point, at)
        product = sold.PRODUCTS[code.split("-", 2)[2][:-2]]
        price = float(sold.price_at(self.world, code, product, energy, at))
        costs = {"CONSUMPTION_COST": value * price, "STANDING_CHARGE_COST": 47.25 / 48}
        return {
            "value": str(value),
            "unit": "kwh",
            "startAt": local(at),
            "endAt": local(at + sold.HALF_HOUR),
            "metaData": {
                "statistics": [
                    {
                        "type": name,
                        "costInclTax": {"estimatedAmount": f"{pence:.6f}", "costCurrency": "GBP"},
                    }
                    for name, pence in costs.items()
                ]
            },
        }


def listed(product: sold.Sold) -> dict[str, Any]:
    return {
        "code": product.code,
        "direction": "EXPORT" if product.is_export else "IMPORT",
        "full_name": product.name,
        "display_name": product.name,
        "description": f"{product.name}, as the stand-in sells it.",
        "is_variable": product.shape != "flat",
        "is_green": True,
        "is_tracker": product.shape == "daily",
        "is_prepay": False,
        "is_business": False,
        "is_restricted": False,
        "term": 12 if product.shape == "flat" else None,
        "available_from": f"{product.since}T00:00:00+01:00",
        "available_to": f"{product.until}T00:00:00+01:00" if product.until else None,
        "links": [{"href": f"https://{HOST}/v1/products/{product.code}/", "rel": "self"}],
        "brand": "OCTOPUS_ENERGY",
    }


def detail(product: sold.Sold) -> dict[str, Any]:
    def regional(prefix: str, energy: str) -> dict[str, Any]:
        return {
            f"_{region}": {
                "direct_debit_monthly": {
                    "code": (code := f"{prefix}-{product.code}-{region}"),
                    "links": [
                        {
                            "href": f"https://{HOST}/v1/products/{product.code}/{energy}-tariffs/"
                            f"{code}/{register}/",
                            "method": "GET",
                            "rel": register.replace("-", "_"),
                        }
                        for register in ("standing-charges", *rates_of(prefix))
                    ],
                }
            }
            for region in sold.REGIONS
        }

    return {
        **{key: value for key, value in listed(product).items() if key != "direction"},
        "single_register_electricity_tariffs": regional("E-1R", "electricity"),
        "dual_register_electricity_tariffs": regional("E-2R", "electricity")
        if product.has_night
        else {},
        "single_register_gas_tariffs": regional("G-1R", "gas") if product.has_gas else {},
    }


def rates_of(prefix: str) -> tuple[str, ...]:
    """The registers that a tariff's links name."""
    if prefix.split("-")[1] == "2R":
        return ("day-unit-rates", "night-unit-rates")
    return ("standard-unit-rates",)


@lru_cache(1 << 14)
def a_day(seed: int, point: str, day: date) -> tuple[float, datetime, timedelta | None]:
    """A local day of a meter: its chance of trouble, its end, and the clock's offset then."""
    midnight = datetime.combine(day + timedelta(days=1), time(), sold.LONDON)
    chance = uniform(seed, "octopus", point, day.toordinal())
    return chance, midnight.astimezone(UTC), midnight.utcoffset()


@lru_cache(1 << 18)  # readings of a year, for every test that connects a home
def load(seed: int, energy: str, point: str, start: datetime) -> float:
    """What the home uses or sells in a half-hour."""
    at = start.astimezone(sold.LONDON)
    hour = at.hour + at.minute / 60
    noise = uniform(seed, "octopus", point, start.timestamp())
    season = math.cos((start.timetuple().tm_yday - 15) / 365 * 2 * math.pi)  # 1 in January
    sun = max(0.0, math.cos((hour - 13) / 24 * 2 * math.pi)) ** 1.5 * (0.55 - 0.4 * season)
    if point == EXPORT_MPAN:
        return max(0.0, 2.2 * sun * (0.4 + 0.6 * noise) - 0.12)
    if energy == "gas":
        return max(0.0, 0.35 + 0.4 * season) * (0.2 + noise) * (6 <= hour < 22)
    evening = math.exp(-(((hour - 18.5) / 2) ** 2)) + 0.5 * math.exp(-(((hour - 7.5) / 1.2) ** 2))
    charge = 3.4 if point == GO_MPAN and 0.5 <= hour < 3.5 and at.weekday() in (1, 4) else 0.0
    return 0.07 + 0.12 * noise + (0.55 + 0.15 * season) * evening * (0.5 + noise) + charge


def rate_row(price: sold.Price, is_export: bool) -> dict[str, Any]:
    return {
        "value_exc_vat": float(price.exc_vat),
        "value_inc_vat": float(sold.with_vat(price.exc_vat, is_export=is_export)),
        "valid_from": zulu(price.start) if price.start else None,
        "valid_to": zulu(price.end) if price.end else None,
        "payment_method": price.payment_method,
    }


def paged(
    request: Request,
    rows: list[Any],
    usual: int,
    most: int,
    row_of: Callable[[Any], object] = lambda one: one,
) -> Response:
    """One page, its rows as `row_of` writes them, with the address of the next."""
    size = int(request.param("page_size") or usual)
    if size > most:
        return Response(400, {"page_size": [f"At most {most}."]})
    number = int(request.param("page") or 1)
    kept = [(key, value) for key, value in request.query if key != "page"]
    following = urlencode([*kept, ("page", str(number + 1))])
    has_more = number * size < len(rows)
    url = f"https://{HOST}{request.path}?{following}"
    return Response(
        200,
        {
            "count": len(rows),
            "next": url if has_more else None,
            "previous": None,
            "results": [row_of(one) for one in rows[(number - 1) * size : number * size]],
        },
    )


def key_account(request: Request) -> str | None:
    """The account of the key that the request carries as a basic user name."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    key, _, password = base64.b64decode(text).decode().partition(":")
    return {KEY: ACCOUNT, SECOND_KEY: SECOND_ACCOUNT}.get(key) if not password else None


def parse(text: str) -> datetime | None:
    """A time; without an offset it is London's, as at Octopus."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=sold.LONDON)).astimezone(UTC)


@lru_cache(1 << 17)
def local(instant: datetime) -> str:
    """London's clock with its offset; Z in winter."""
    return instant.astimezone(sold.LONDON).isoformat().replace("+00:00", "Z")


def zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def unauthorised() -> Response:
    return Response(401, {"detail": "Invalid API key."})


def not_found() -> Response:
    return Response(404, {"detail": "Not found."})


def refused(code: str, said: str) -> Response:
    extensions = {"errorType": "AUTHORIZATION", "errorCode": code, "errorDescription": said}
    return Response(200, {"errors": [{"message": said, "extensions": extensions}], "data": None})
