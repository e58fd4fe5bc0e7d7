"""SPP under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

CASES = [
    operator(
        "spp", "mix", "portal.spp.org",
        hours=1,  # what the small file holds
        needed="GMT MKT Interval", values=(" Coal Market",), fuel="Wind",
        not_applicable={"clock change": "stamped in GMT; the stand-in keeps eight days"},
    )
]  # fmt: skip
