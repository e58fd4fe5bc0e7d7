"""NB Power, read by pyiso, under every fault: it tells only the present, in one row."""

from __future__ import annotations

from datetime import timedelta

from tests.sources.contract import operator

PRESENT = timedelta(hours=-1)  # it lies after the last full hour
ONE_ROW = "its answer is one row"
NOT_APPLICABLE = {
    "duplicates": ONE_ROW, "out of order": ONE_ROW, "clock change": "it tells only the present",
}  # fmt: skip
CASES = [
    operator(
        "nbpower", "load", "tso.nbpower.com", lag=PRESENT, needed="<i>",
        not_applicable=NOT_APPLICABLE,
    ),
]  # fmt: skip
