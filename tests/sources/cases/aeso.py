"""AESO under every fault: it tells only the present, in one row."""

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
        "aeso", "mix", "ets.aeso.ca", lag=PRESENT, needed="Last Update", fuel="SIMPLE CYCLE",
        outcomes={"truncated": None},  # the summary stands in the first lines
        not_applicable=NOT_APPLICABLE,
    ),
    operator(
        "aeso", "load", "ets.aeso.ca", lag=PRESENT, needed="Alberta Internal Load",
        outcomes={"truncated": None},  # the summary stands in the first lines
        not_applicable=NOT_APPLICABLE,
    ),
]  # fmt: skip
