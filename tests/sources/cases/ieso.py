"""IESO under every fault."""

from __future__ import annotations

from tests.sources.contract import operator

FIXED = {"clock change": "its clock never changes"}
HOST = "reports-public.ieso.ca"
CASES = [
    operator("ieso", "mix", HOST, needed="FuelType", fuel="BIOFUEL", not_applicable=FIXED),
    operator("ieso", "load", HOST, needed="DeliveryDate", not_applicable=FIXED),
]
