"""BPA under every fault."""

from __future__ import annotations

from tests.sources.contract import operator
from tests.upstreams import Request, Response

ORDER = "wall times: their order tells the repeated autumn hour"


def _blank_hydro(_: Request, response: Response) -> Response:
    """Every other reading of the Hydro column is blank."""
    lines = [line.split("\t") for line in response.content().decode().splitlines()]
    header = next(n for n, cells in enumerate(lines) if cells[0].startswith("Date/Time"))
    column = lines[header].index("Hydro")
    for cells in lines[header + 1 :: 2]:
        cells[column] = ""
    text = "\r\n".join(["\t".join(cells) for cells in lines] + [""])
    return Response(200, text, response.headers)


CASES = [
    operator(
        "bpa",
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
    )
]
