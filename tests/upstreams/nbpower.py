"""Stand-in for tso.nbpower.com: the System Information page, a table and its time in italics.

Published names are `pyiso/NBP/load` and `pyiso/NBP/<neighbour>`.
"""

from __future__ import annotations

from energydash.core.time import zone_info
from tests.upstreams._ticks import floor
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

ZONE = "America/Moncton"
NEIGHBOURS = ("EMEC", "ISO-NE", "MPS", "NOVA SCOTIA", "PEI", "QUEBEC")


def routes(world: World) -> dict[str, Handler]:
    return {"tso.nbpower.com": lambda request: _answer(world, request)}


def _answer(world: World, request: Request) -> Response:
    if request.path != "/Public/en/SystemInformation_realtime.asp":
        return Response(404, "not found")
    at = floor(world.now())
    load = round(world.value("pyiso/NBP/load", at, 1100, 2900))
    flows = [round(world.value(f"pyiso/NBP/{name}", at, -200, 250)) for name in NEIGHBOURS]
    here = world.now().astimezone(zone_info(ZONE))
    heads = "".join(
        f'<td align="center" bgcolor="#dddddd">{name}</td>'
        for name in ("NB Load", "NB Demand", *NEIGHBOURS)
    )
    cells = "".join(
        f'<td align="center" bgcolor="">{value}</td>' for value in (load, load + sum(flows), *flows)
    )
    page = (
        "<html><head><title>System Information</title></head><body><table>"
        f"<tr>{heads}</tr><tr>{cells}</tr></table>"
        f"<p><i>{here:%b %d, %Y %H:%M:%S} Atlantic Time.</i></p></body></html>"
    )
    return Response(200, page, {"Content-Type": "text/html"})
