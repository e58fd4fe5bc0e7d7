"""Elexon: generation by fuel, and interconnectors; NESO: embedded solar and wind."""

from __future__ import annotations

from datetime import timedelta

from energydash.sources.grid import elexon, neso
from tests.sources.contract import ContractCase
from tests.upstreams.elexon import HOST, NESO_HOST

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
    ContractCase(
        name="neso",
        feed=lambda _: neso.embedded_feed(),
        host=NESO_HOST,
        lag=timedelta(hours=2),
        needed='"DATETIME"',
        values=("SOLAR", "WIND_EMB"),
        not_applicable={"unknown fuel": "only two named columns are asked for"},
    ),
]
