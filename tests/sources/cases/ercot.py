"""ERCOT under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

CASES = [
    operator(
        "ercot", "mix", "www.ercot.com", needed='"gen"', values=("gen",), fuel="Wind",
        not_applicable={"clock change": "it keeps yesterday and today only"},
    )
]  # fmt: skip
