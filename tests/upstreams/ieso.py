"""Stand-in for reports-public.ieso.ca: generator output, output by fuel, real-time totals.

Published names are `gridstatus/IESO/<fuel>` and `…/load`. EST all year.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from tests.upstreams._ticks import DAY, STEP, daylight, midnight, ticks, today
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "Etc/GMT+5"
HOUR = timedelta(hours=1)
RANGES = {
    "NUCLEAR": (8000, 10500), "GAS": (800, 5000), "HYDRO": (3000, 5500), "WIND": (200, 4500),
    "SOLAR": (0, 400), "BIOFUEL": (10, 200), "OTHER": (0, 150),
}  # fmt: skip
XML = {"Content-Type": "application/xml"}


def routes(world: World) -> dict[str, Handler]:
    return {"reports-public.ieso.ca": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    path = request.path.removeprefix("/public/")
    if found := re.fullmatch(r"GenOutputCapability/PUB_GenOutputCapability_(\d{8})\.xml", path):
        day = _day(found[1])
        is_kept = today(world, ZONE) - 100 * DAY < day <= today(world, ZONE)
        return Response(200, _capability(world, day), XML) if is_kept else Response(404, "none")
    if found := re.fullmatch(r"GenOutputbyFuelHourly/PUB_GenOutputbyFuelHourly_(\d{4})\.xml", path):
        return Response(200, _by_fuel(world, int(found[1])), XML)
    if found := re.fullmatch(r"RealtimeTotals/PUB_RealtimeTotals_(\d{8})(\d\d)\.xml", path):
        start = midnight(_day(found[1]), ZONE) + (int(found[2]) - 1) * HOUR
        if start >= world.now() - STEP:
            return Response(404, "none")
        return Response(200, _totals(world, found[1], int(found[2]), start), XML)
    return Response(404, "none")


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _value(world: World, fuel: str, at: datetime) -> int:
    low, high = RANGES[fuel]
    value = world.value(f"gridstatus/IESO/{fuel}", at, low, high)
    return round(value * daylight(at, ZONE) if fuel == "SOLAR" else value)


def _capability(world: World, day: date) -> str:
    end = min(midnight(day + DAY, ZONE), world.now())
    parts = []
    for fuel in RANGES:
        for unit, share in (("G1", 0.5), ("G2", 0.5)):
            outputs, capabilities = "", ""
            for number, at in enumerate(ticks(midnight(day, ZONE), end - HOUR, HOUR), 1):
                power = f"<EnergyMW>{_value(world, fuel, at) * share}</EnergyMW>"
                outputs += (
                    f"<Output><Hour>{number}</Hour><OutputQuality>0</OutputQuality>{power}</Output>"
                )
                capabilities += f"<Capability><Hour>{number}</Hour>{power}</Capability>"
            parts.append(
                f"<Generator><GeneratorName>{fuel}-{unit}</GeneratorName><FuelType>{fuel}"
                f"</FuelType><Outputs>{outputs}</Outputs><Capabilities>{capabilities}"
                "</Capabilities></Generator>"
            )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><IMODocument xmlns="http://www.theIMO.com/schema">'
        f"<IMODocBody><Date>{day}</Date><Generators>{''.join(parts)}</Generators></IMODocBody>"
        "</IMODocument>"
    )


def _by_fuel(world: World, year: int) -> str:
    end = min(datetime(year + 1, 1, 1, 5, tzinfo=UTC), midnight(today(world, ZONE), ZONE))
    days = []
    start = datetime(year, 1, 1, 5, tzinfo=UTC)
    while start < end:
        hours = ""
        for number, at in enumerate(ticks(start, start + DAY, HOUR), 1):
            fuels = "".join(
                f"<FuelTotal><Fuel>{fuel}</Fuel><EnergyValue><OutputQuality>0</OutputQuality>"
                f"<Output>{_value(world, fuel, at)}</Output></EnergyValue></FuelTotal>"
                for fuel in RANGES
                if fuel != "OTHER"
            )
            hours += f"<HourlyData><Hour>{number}</Hour>{fuels}</HourlyData>"
        days.append(f"<DailyData><Day>{(start - 5 * HOUR).date()}</Day>{hours}</DailyData>")
        start += DAY
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="http://www.ieso.ca/schema">'
        f"<DocBody>{''.join(days)}</DocBody></Document>"
    )


def _totals(world: World, day: str, hour: int, start: datetime) -> str:
    intervals = ""
    for number, at in enumerate(ticks(start, min(start + HOUR, world.now() - STEP)), 1):
        load = round(world.value("gridstatus/IESO/load", at, 11000, 21000), 1)
        amounts = {"Total Energy": load + 900, "Total Loss": 250.0, "ONTARIO DEMAND": load}
        for name in ("Total Load", "Total Dispatch Load Scheduled OFF", "Total 10S", "Total 10N"):
            amounts[name] = 100.0
        amounts["Total 30R"] = 100.0
        quantities = "".join(
            f"<MQ><MarketQuantity>{name}</MarketQuantity><EnergyMW>{value}</EnergyMW></MQ>"
            for name, value in amounts.items()
        )
        intervals += (
            f"<IntervalEnergy><Interval>{number}</Interval>{quantities}<Flag>DSO-RT</Flag>"
            "</IntervalEnergy>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="http://www.ieso.ca/schema">'
        f"<DocBody><DeliveryDate>{day[:4]}-{day[4:6]}-{day[6:]}</DeliveryDate><DeliveryHour>{hour}"
        f"</DeliveryHour><Energies>{intervals}</Energies></DocBody></Document>"
    )
