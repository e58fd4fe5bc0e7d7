"""NYISO under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

CASES = [
    operator(
        "nyiso", "mix", "mis.nyiso.com",
        needed="Fuel Category", values=("Gen MW",), fuel="Wind",
    ),
    operator("nyiso", "load", "oasis-postings.prod.nysdi.com", needed="Time Stamp"),
]  # fmt: skip
