"""NESO under every fault: embedded solar and wind."""

from __future__ import annotations

from datetime import timedelta

from energydash.sources.grid import neso
from tests.sources.contract import ContractCase
from tests.upstreams.elexon import NESO_HOST

CASES = [
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
