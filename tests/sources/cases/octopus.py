"""Octopus Energy under every fault: a meter's readings, and a tariff's prices."""

from __future__ import annotations

from datetime import timedelta

from energydash.core.feeds import Feed
from energydash.core.settings import Settings
from energydash.home.meters import Meter
from energydash.sources import octopus
from energydash.sync.documents import meter_feed
from tests.sources.contract import ContractCase
from tests.upstreams._octopus_homes import ACCOUNT, IMPORT_MPAN, KEY, OLD_SERIAL, SERIAL
from tests.upstreams.octopus import HOST

ENVIRONMENT = {
    "ENERGYDASH_OCTOPUS_API_KEY": KEY,
    "ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER": ACCOUNT,
}


def consumption(_: Settings) -> Feed:
    meter = Meter("m1", point=IMPORT_MPAN, serials=(OLD_SERIAL, SERIAL), connected=True)
    return meter_feed(meter, "home")


CASES = [
    ContractCase(
        name="octopus consumption",
        feed=consumption,
        host=HOST,
        environment=ENVIRONMENT,
        hours=48,
        lag=timedelta(days=5),
        needed="interval_start",
        values=("consumption",),
    ),
    ContractCase(
        name="octopus unit rates",
        feed=lambda _: octopus.unit_rate_feed("E-1R-AGILE-24-10-01-C"),
        host=HOST,
        hours=48,
        needed="valid_from",
        values=("value_inc_vat",),
    ),
    ContractCase(
        name="octopus standing charge",
        feed=lambda _: octopus.standing_charge_feed("E-1R-VAR-22-11-01-C"),
        host=HOST,
        hours=48,
        needed="value_exc_vat",
        values=("value_inc_vat",),
    ),
]
