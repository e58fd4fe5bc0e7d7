"""The system operators through gridstatus, under every fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from energydash.core.feeds import Feed
from energydash.core.settings import Settings
from energydash.sources import borrowed, isos
from tests.sources.contract import Change, ContractCase
from tests.upstreams import Request, Response

TWO_DAYS = "this operator keeps yesterday and today only"
FIXED = "its clock never changes"


def _feed(region: str, quantity: str) -> Callable[[Settings], Feed]:
    def find(settings: Settings) -> Feed:
        key = ("", "gridstatus", region, quantity)
        return next(feed for feed in isos.feeds(settings) if feed.key == key)

    return find


def _case(region: str, quantity: str, host: str, **options: Any) -> ContractCase:
    return ContractCase(
        name=f"gridstatus-{region.lower()}-{quantity}",
        feed=_feed(region, quantity),
        host=host,
        names=(region,),
        prepare=lambda _: borrowed.forget_archives(),
        **options,
    )


def _readings(change: Callable[[list[str]], list[str]]) -> Change:
    """Change the D rows of an ISO-NE table; its C, H and T rows stay where they are."""

    def apply(_: Request, response: Response) -> Response:
        lines = response.content().decode().splitlines()
        rows = [line for line in lines if line.startswith('"D"')]
        if not rows:
            return response
        first = lines.index(rows[0])
        text = "\r\n".join([*lines[:first], *change(rows), lines[-1], ""])
        return Response(200, text, response.headers)

    return apply


def _blank_every_other(rows: list[str]) -> list[str]:
    return [
        re.sub(r'^("D","[^"]*","[^"]*"),"\d+"', r'\1,""', row) if place % 2 else row
        for place, row in enumerate(rows)
    ]


ISONE: Mapping[str, Change] = {
    "duplicates": _readings(lambda rows: rows + rows),
    "out of order": _readings(lambda rows: rows[::-1]),
    "nulls": _readings(_blank_every_other),
}

CASES = [
    _case(
        "CAISO",
        "mix",
        "www.caiso.com",
        needed="Time",
        values=("Wind",),
        fuel="Coal",
        not_applicable={
            "out of order": "rows have only a time of day, so their order is their meaning",
            "clock change": "the repeated autumn hour is not in CAISO's file",
        },
    ),
    _case(
        "CAISO",
        "storage",
        "www.caiso.com",
        needed="Total batteries",
        not_applicable={
            "out of order": "rows have only a time of day, so their order is their meaning",
            "clock change": "the repeated autumn hour is not in CAISO's file",
        },
    ),
    _case(
        "ERCOT",
        "mix",
        "www.ercot.com",
        needed='"gen"',
        values=("gen",),
        fuel="Wind",
        not_applicable={"clock change": TWO_DAYS},
    ),
    _case(
        "ISONE",
        "mix",
        "www.iso-ne.com",
        needed="Gen Mw",
        fuel="Wood",
        changes=ISONE,
    ),
    _case(
        "MISO",
        "mix",
        "public-api.misoenergy.org",
        needed="INTERVALEST",
        values=("ACT",),
        fuel="Wind",
        not_applicable={"clock change": TWO_DAYS},
    ),
    _case(
        "NYISO",
        "mix",
        "mis.nyiso.com",
        needed="Fuel Category",
        values=("Gen MW",),
        fuel="Wind",
    ),
    _case("NYISO", "load", "oasis-postings.prod.nysdi.com", needed="Time Stamp"),
    _case(
        "SPP",
        "mix",
        "portal.spp.org",
        hours=1,  # what the small file holds
        needed="GMT MKT Interval",
        values=(" Coal Market",),
        fuel="Wind",
        not_applicable={"clock change": "stamped in GMT; the stand-in keeps eight days"},
    ),
    _case(
        "IESO",
        "mix",
        "reports-public.ieso.ca",
        needed="FuelType",
        fuel="BIOFUEL",
        not_applicable={"clock change": FIXED},
    ),
    _case(
        "IESO",
        "load",
        "reports-public.ieso.ca",
        needed="DeliveryDate",
        not_applicable={"clock change": FIXED},
    ),
]
