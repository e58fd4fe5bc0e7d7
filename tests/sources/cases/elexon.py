"""Elexon: generation by fuel, and interconnectors."""

from __future__ import annotations

from energydash.sources.grid import elexon
from tests.sources.contract import ContractCase
from tests.upstreams.elexon import HOST

CASES = [
    ContractCase(
        name="elexon",
        feed=lambda _: elexon.feed("mix"),
        host=HOST,
        hours=3,
        needed='"fuelType"',
        values=("generation",),
        fuel="CCGT",
    ),
    ContractCase(
        name="elexon-interconnectors",
        feed=lambda _: elexon.feed("interconnectors"),
        host=HOST,
        hours=3,
        needed='"startTime"',
        values=("generation",),
        not_applicable={"unknown fuel": "a new link keeps its code"},
    ),
]
