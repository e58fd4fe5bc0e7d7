"""CAISO under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

NOT_APPLICABLE = {
    "out of order": "rows have only a time of day, so their order is their meaning",
    "clock change": "the repeated autumn hour is not in CAISO's file",
}
CASES = [
    operator(
        "caiso", "mix", "www.caiso.com",
        needed="Time", values=("Wind",), fuel="Coal", not_applicable=NOT_APPLICABLE,
    ),
    operator(
        "caiso", "storage", "www.caiso.com",
        needed="Total batteries", not_applicable=NOT_APPLICABLE,
    ),
]  # fmt: skip
