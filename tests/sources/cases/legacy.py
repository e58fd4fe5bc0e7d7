"""The pyiso regions under every fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from energydash.core.feeds import Feed
from energydash.core.settings import Settings
from energydash.sources import borrowed, legacy
from tests.sources.contract import ContractCase
from tests.upstreams import Request, Response

ORDER = "wall times: their order tells the repeated autumn hour"
PRESENT = "it tells only the present"
ONE_ROW = "its answer is one row"


def _feed(region: str, quantity: str) -> Callable[[Settings], Feed]:
    def find(settings: Settings) -> Feed:
        key = ("", "pyiso", region, quantity)
        return next(feed for feed in legacy.feeds(settings) if feed.key == key)

    return find


def _case(region: str, quantity: str, host: str, **options: Any) -> ContractCase:
    return ContractCase(
        name=f"pyiso-{region.lower()}-{quantity}",
        feed=_feed(region, quantity),
        host=host,
        names=(region,),
        prepare=lambda _: borrowed.forget_archives(),
        **options,
    )


def _blank_hydro(_: Request, response: Response) -> Response:
    """Every other reading of BPA's Hydro column is blank."""
    lines = [line.split("\t") for line in response.content().decode().splitlines()]
    header = next(n for n, cells in enumerate(lines) if cells[0].startswith("Date/Time"))
    column = lines[header].index("Hydro")
    for cells in lines[header + 1 :: 2]:
        cells[column] = ""
    text = "\r\n".join(["\t".join(cells) for cells in lines] + [""])
    return Response(200, text, response.headers)


NOW = {"lag": timedelta(hours=-1)}  # the present lies after the last full hour

CASES = [
    _case(
        "BPA",
        "mix",
        "transmission.bpa.gov",
        needed="Date/Time",
        fuel="VER",
        changes={"nulls": _blank_hydro},
        not_applicable={
            "duplicates": ORDER,
            "out of order": ORDER,
            "clock change": "it keeps seven days",
        },
    ),
    _case(
        "AESO",
        "mix",
        "ets.aeso.ca",
        **NOW,
        needed="Last Update",
        fuel="SIMPLE CYCLE",
        outcomes={"truncated": None},  # the summary stands in the first lines
        not_applicable={
            "duplicates": ONE_ROW,
            "out of order": ONE_ROW,
            "clock change": PRESENT,
        },
    ),
    _case(
        "AESO",
        "load",
        "ets.aeso.ca",
        **NOW,
        needed="Alberta Internal Load",
        outcomes={"truncated": None},
        not_applicable={
            "duplicates": ONE_ROW,
            "out of order": ONE_ROW,
            "clock change": PRESENT,
        },
    ),
    _case(
        "NBP",
        "load",
        "tso.nbpower.com",
        **NOW,
        needed="<i>",
        not_applicable={
            "duplicates": ONE_ROW,
            "out of order": ONE_ROW,
            "clock change": PRESENT,
        },
    ),
]
