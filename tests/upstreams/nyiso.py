"""Stand-in for mis.nyiso.com (fuel mix: days and monthly zips) and its oasis-postings (load).

Published names are `gridstatus/NYISO/<fuel>` and `…/load`. Values keep their number of digits,
so that a file that is cut in half is cut within a row.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

from energydash.core.time import zone_info
from tests.upstreams._ticks import DAY, STEP, midnight, ticks, today
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/New_York"
RANGES = {
    "Dual Fuel": (1000, 4900), "Hydro": (1800, 3600), "Natural Gas": (1000, 3900),
    "Nuclear": (3260, 3280), "Other Fossil Fuels": (10, 90), "Other Renewables": (220, 290),
    "Wind": (1000, 1990),
}  # fmt: skip
ZONES = {
    "CAPITL": 61757, "CENTRL": 61754, "DUNWOD": 61760, "GENESE": 61753, "HUD VL": 61758,
    "LONGIL": 61762, "MHK VL": 61756, "MILLWD": 61759, "N.Y.C.": 61761, "NORTH": 61755,
    "WEST": 61752,
}  # fmt: skip
CSV = {"Content-Type": "text/csv"}


def routes(world: World) -> dict[str, Handler]:
    return {
        "mis.nyiso.com": lambda request: _archive(world, request),
        "oasis-postings.prod.nysdi.com": lambda request: _posting(world, request),
    }


def _archive(world: World, request: Request) -> Response:
    found = re.fullmatch(r"/public/csv/rtfuelmix/(\d{8})rtfuelmix(_csv\.zip|\.csv)", request.path)
    if not found:
        return Response(404, "not found")
    day = date(int(found[1][:4]), int(found[1][4:6]), int(found[1][6:]))
    now = today(world, ZONE)
    if found[2] == ".csv":
        has_rows = world.now() - midnight(day, ZONE) > STEP  # there is no file without a row
        is_kept = now - 10 * DAY < day and has_rows
        return Response(200, _mix(world, day), CSV) if is_kept else Response(404, "not found")
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        member = day
        while member.month == day.month and member <= now:
            archive.writestr(f"{member:%Y%m%d}rtfuelmix.csv", _mix(world, member))
            member += DAY
    return Response(200, memory.getvalue(), {"Content-Type": "application/zip"})


def _mix(world: World, day: date) -> str:
    lines = ["Time Stamp,Time Zone,Fuel Category,Gen MW"]
    for start in ticks(midnight(day, ZONE), min(midnight(day + DAY, ZONE), world.now() - STEP)):
        end = (start + STEP).astimezone(zone_info(ZONE))
        for fuel, (low, high) in RANGES.items():
            value = world.value(f"gridstatus/NYISO/{fuel}", start, low, high)
            lines.append(f"{end:%m/%d/%Y %H:%M:%S},{end.tzname()},{fuel},{int(value)}.0")
    return "\r\n".join(lines)


def _posting(world: World, request: Request) -> Response:
    found = re.fullmatch(r"/RT_ACTUAL_LOAD/CSV/\d{4}/\d\d/\d\d/pal-(\d{8})\.csv", request.path)
    if not found:
        return Response(404, "not found")
    day = date(int(found[1][:4]), int(found[1][4:6]), int(found[1][6:]))
    if day > today(world, ZONE):
        return Response(404, "not found")
    lines = ['"Time Stamp","Time Zone","Name","PTID","Load"']
    for at in ticks(midnight(day, ZONE), min(midnight(day + DAY, ZONE), world.now())):
        local = at.astimezone(zone_info(ZONE))
        total = world.value("gridstatus/NYISO/load", at, 11000, 27000)
        for name, number in ZONES.items():
            load = f"{total / len(ZONES):.2f}"
            lines.append(f'"{local:%m/%d/%Y %H:%M:%S}","{local.tzname()}","{name}",{number},{load}')
    return Response(200, "\r\n".join([*lines, ""]), CSV)
