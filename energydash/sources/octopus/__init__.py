"""Octopus Energy: a household's readings and agreements, and the prices that Octopus publishes.

Documentation: https://developer.octopus.energy/rest/ . Readings come the day after at best, late
and revised ones for days afterwards; half-hourly prices come at about 16:00 for the day to come.
Readings need the account's API key; products and prices need none. The subject of a consumption
feed is a local meter id, of a price feed the tariff's code.
"""

from __future__ import annotations

from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources import Info
from energydash.sources.octopus import rest
from energydash.sources.octopus.account import Home, MeterPoint, get_account, read_account
from energydash.sources.octopus.graphql import (
    Dispatch,
    get_dispatches,
    get_measurements,
    read_dispatches,
    read_measurements,
)
from energydash.sources.octopus.products import (
    Product,
    ProductTariff,
    fetch_rates,
    get_product_tariffs,
    get_products,
    get_regions,
    product_name,
    read_product_tariffs,
    read_products,
    read_rates,
    standing_charge_feed,
    tariff_feeds,
    unit_rate_feed,
)
from energydash.sources.octopus.readings import fetch_consumption, read_consumption
from energydash.sources.octopus.rest import account_section

__all__ = [
    "INFO",
    "Dispatch",
    "Home",
    "MeterPoint",
    "Product",
    "ProductTariff",
    "account_section",
    "feeds",
    "fetch",
    "get_account",
    "get_dispatches",
    "get_measurements",
    "get_product_tariffs",
    "get_products",
    "get_regions",
    "product_name",
    "read_account",
    "read_consumption",
    "read_dispatches",
    "read_measurements",
    "read_product_tariffs",
    "read_products",
    "read_rates",
    "standing_charge_feed",
    "tariff_feeds",
    "unit_rate_feed",
]

INFO = Info(
    name="octopus",
    title=rest.NAME,
    about="Half-hourly readings of your meters, your agreements, and the prices of every tariff.",
    documentation="https://developer.octopus.energy/rest/",
    licence="Your own data; prices are public.",
    needs="api_key and account_number in [octopus] for readings; nothing for prices",
    longest_days=520.0,  # one page of half-hours
    personal=True,
)


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """None by the settings alone: meters and tariffs stand in the household's documents."""
    del settings
    return ()


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """Readings of a meter, or prices of a tariff; raises SourceError."""
    if feed.quantity == "consumption":
        return fetch_consumption(feed, period, settings)
    if feed.quantity in ("unit-rate", "standing-charge"):
        return fetch_rates(feed, period, settings)
    raise InputError(f"{rest.NAME} has no '{feed.quantity}'.")
