"""ISO-NE under every fault, through gridstatus."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.sources.contract import Change, operator
from tests.upstreams import Request, Response


def _readings(change: Callable[[list[str]], list[str]]) -> Change:
    """Change the D rows of a table; its C, H and T rows stay where they are."""

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


CASES = [
    operator(
        "isone",
        "mix",
        "www.iso-ne.com",
        needed="Gen Mw",
        fuel="Wood",
        changes={
            "duplicates": _readings(lambda rows: rows + rows),
            "out of order": _readings(lambda rows: rows[::-1]),
            "nulls": _readings(_blank_every_other),
        },
    )
]
