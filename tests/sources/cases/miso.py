"""MISO under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

CASES = [
    operator(
        "miso", "mix", "public-api.misoenergy.org",
        needed="INTERVALEST", values=("ACT",), fuel="Wind",
        not_applicable={"clock change": "it keeps yesterday and today only"},
    )
]  # fmt: skip
