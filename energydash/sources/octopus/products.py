"""Products and their prices: unit rates (one, day and night) and standing charges by region.

Prices are pence, exact decimal text, with and without VAT, in UTC intervals `[valid_from,
valid_to)`; None is without limit. The same interval may come twice, by payment method.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from energydash.core.errors import BadData, InputError, NotFound
from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.settings import Settings
from energydash.core.time import HALF_HOUR, LONDON, Period, iso_z, parse_instant, utc_now
from energydash.home.bands import exact
from energydash.home.tariffs import parse_code
from energydash.sources import http, parser
from energydash.sources.cache import cached, kept
from energydash.sources.octopus import rest

PAGE_SIZE = 1_500  # the most that Octopus gives: 31 days of half-hours
LISTS_LAST = timedelta(days=1)
POSTCODES_LAST = timedelta(days=90)
RATE_COLUMNS = ("kind", "payment_method", "valid_from", "valid_to", "exc_vat", "inc_vat")

# What the interface calls a register -> the kind of price that the store keeps.
REGISTERS = {
    "standard-unit-rates": "unit",
    "day-unit-rates": "day",
    "night-unit-rates": "night",
    "standing-charges": "standing",
}


@dataclass(frozen=True)
class Product:
    """Something Octopus sells. direction: IMPORT or EXPORT."""

    code: str
    name: str
    direction: str
    brand: str
    is_variable: bool
    is_tracker: bool
    is_green: bool
    is_business: bool
    is_prepay: bool
    term_months: int | None
    available_from: datetime | None
    available_to: datetime | None


@dataclass(frozen=True)
class ProductTariff:
    """One regional tariff of a product. registers: single or dual, as the product lists them."""

    code: str
    energy: str
    region: str
    registers: str
    payment: str


@parser("Octopus Energy")
def read_products(pages: Sequence[bytes]) -> list[Product]:
    """The products of a list, in its order."""
    found = []
    for row in rest.rows(pages):
        try:
            found.append(
                Product(
                    code=row["code"],
                    name=row["display_name"],
                    direction=row["direction"],
                    brand=row.get("brand", ""),
                    is_variable=bool(row.get("is_variable")),
                    is_tracker=bool(row.get("is_tracker")),
                    is_green=bool(row.get("is_green")),
                    is_business=bool(row.get("is_business")),
                    is_prepay=bool(row.get("is_prepay")),
                    term_months=row.get("term"),
                    available_from=_instant(row.get("available_from")),
                    available_to=_instant(row.get("available_to")),
                )
            )
        except (KeyError, TypeError) as error:
            raise rest.lacks(str(error).strip("'"), "its products") from error
    return found


@parser("Octopus Energy")
def read_product_tariffs(body: bytes) -> list[ProductTariff]:
    """Every regional tariff that a product's details list; a code comes once."""
    details = http.as_json(rest.NAME, body)
    if not isinstance(details, dict) or "code" not in details:
        raise rest.lacks("code", "a product")
    found: dict[str, ProductTariff] = {}
    for key, regions in details.items():
        if not key.endswith("_tariffs") or not isinstance(regions, dict):
            continue
        energy = "gas" if key.endswith("gas_tariffs") else "electricity"
        registers = key.split("_register_")[0].split("_electricity_")[0].split("_gas_")[0]
        for region, payments in regions.items():
            for payment, tariff in (payments or {}).items():
                code = tariff.get("code") if isinstance(tariff, dict) else None
                if code:
                    one = ProductTariff(code, energy, region.strip("_"), registers, payment)
                    found.setdefault(code, one)
    return list(found.values())


@parser("Octopus Energy")
def read_rates(pages: Sequence[bytes], kind: str) -> pd.DataFrame:
    """Prices in the store's columns, sorted; `exc_vat` and `inc_vat` as Octopus printed them.

    Rows without a price are left out: a price that is not known is none.
    """
    found: dict[tuple[str, Any], tuple[Any, ...]] = {}
    for row in rest.rows(pages, exact=True):
        try:
            start, end = row["valid_from"], row["valid_to"]
            exc, inc = row["value_exc_vat"], row["value_inc_vat"]
        except (KeyError, TypeError) as error:
            raise rest.lacks(str(error).strip("'"), "prices") from error
        if exc is None or inc is None:
            continue
        method = row.get("payment_method") or ""
        prices = (exact(Decimal(str(exc))), exact(Decimal(str(inc))))
        found[method, start] = (kind, method, start, end, *prices)
    frame = pd.DataFrame(list(found.values()), columns=list(RATE_COLUMNS))
    for column in ("valid_from", "valid_to"):
        try:
            times = pd.to_datetime(frame[column], utc=True, format="ISO8601")
        except (ValueError, TypeError) as error:
            raise rest.lacks(column, "prices") from error
        frame[column] = times.astype("datetime64[us, UTC]")
    order = ["kind", "payment_method", "valid_from"]
    return frame.sort_values(order, na_position="first", ignore_index=True)


def get_products(settings: Settings) -> list[Product]:
    """What is sold now; asked once a day, an older list is used when asking fails."""
    answer = cached(
        settings,
        f"GET {rest.BASE}products/",
        LISTS_LAST,
        lambda: rest.joined(rest.get_pages("products/", {"page_size": "100"})),
    )
    return read_products([answer.body])


def get_product_tariffs(settings: Settings, product: str) -> list[ProductTariff]:
    """The regional tariffs of a product, closed ones too; asked once a day."""
    url = f"{rest.BASE}products/{product}/"
    answer = cached(settings, _product(product), LISTS_LAST, lambda: http.get(rest.NAME, url))
    return read_product_tariffs(answer.body)


def get_regions(settings: Settings, postcode: str) -> list[str]:
    """The region letters of a postcode: usually one, several near a border, none if unknown."""
    plain = "".join(postcode.upper().split())
    if not plain.isalnum():
        raise InputError(f"'{postcode}' is not a postcode.", remedy="Write it like SW1A 1AA.")
    answer = cached(
        settings,
        f"GET {rest.BASE}industry/grid-supply-points/?postcode={plain}",
        POSTCODES_LAST,
        lambda: rest.get_pages("industry/grid-supply-points/", {"postcode": plain})[0],
    )
    return sorted({str(row["group_id"]).strip("_") for row in rest.rows([answer.body])})


def read_links(body: bytes, code: str) -> dict[str, str]:
    """Where a tariff's prices are, by register, as its product's details say; {} if it has none."""
    details = http.as_json(rest.NAME, body)
    regions = [value for key, value in details.items() if key.endswith("_tariffs") and value]
    payments = [one for region in regions for one in region.values() if one]
    tariffs = [tariff for payment in payments for tariff in payment.values()]
    for tariff in tariffs:
        if isinstance(tariff, dict) and tariff.get("code") == code:
            links = {one["rel"].replace("_", "-"): one["href"] for one in tariff.get("links", ())}
            return {register: links[register] for register in REGISTERS if register in links}
    return {}


def get_links(settings: Settings, code: str) -> dict[str, str]:
    """The same, from Octopus; a product's details are asked for once a day.

    A product that is gone has no details: then the addresses are those that its code stands for.
    Raises: NotFound where the code cannot be read either.
    """
    product = product_of(code)
    url = f"{rest.BASE}products/{product}/"
    try:
        ask = partial(http.get, rest.NAME, url)
        found = cached(settings, _product(product), LISTS_LAST, ask)
        links = read_links(found.body, code)
    except NotFound:
        links = {}
    if links:
        return links
    try:
        parts = parse_code(code)
    except InputError as error:
        raise _unknown(code) from error
    is_dual = parts.register == "2R"
    rates = ["day-unit-rates", "night-unit-rates"] if is_dual else ["standard-unit-rates"]
    base = f"{url}{parts.energy.value}-tariffs/{code}/"
    return {one: f"{base}{one}/" for one in (*rates, "standing-charges")}


def product_of(code: str) -> str:
    """The product of a tariff's code; one of another shape is taken for a product's.

    Raises: InputError for what is no code at all.
    """
    try:
        return parse_code(code).product
    except InputError:
        if re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", code):
            return code
        raise


def product_name(settings: Settings, code: str) -> str:
    """What the product of a tariff is called, as Octopus said when its prices were asked for; ''
    where that is not known. Nobody is asked."""
    try:
        request = _product(product_of(code))
    except InputError:
        return ""
    known = _names.get((str(settings.cache_folder), request))
    if known is None and (body := kept(settings, request)):
        name = http.as_json(rest.NAME, body).get("display_name") or ""
        known = _names[str(settings.cache_folder), request] = str(name)
    return known or ""


_names: dict[tuple[str, str], str] = {}  # by the cache's folder and the product's address


def _product(product: str) -> str:
    """The request for a product's details, by which they are kept."""
    return f"GET {rest.BASE}products/{product}/"


def get_rates(address: str, period: Period) -> list[bytes]:
    """Every page of one register's prices that touch a period."""
    if not address.startswith(rest.BASE):
        raise BadData(rest.NAME, f"{rest.NAME} sent a link to another host; it is not asked.")
    params = {
        "page_size": str(PAGE_SIZE),
        "period_from": iso_z(period.start),
        "period_to": iso_z(period.end),
    }
    return rest.get_pages(address.removeprefix(rest.BASE), params)


def unit_rate_feed(code: str) -> Feed:
    """The unit rates of a published tariff. Half-hourly ones come at about 16:00 for a day."""
    return _rate_feed(code, "unit-rate", "p/kWh")


def standing_charge_feed(code: str) -> Feed:
    """The standing charge of a published tariff."""
    return _rate_feed(code, "standing-charge", "p/day")


def tariff_feeds(code: str) -> tuple[Feed, Feed]:
    """Both feeds of a published tariff."""
    return unit_rate_feed(code), standing_charge_feed(code)


def _rate_feed(code: str, quantity: str, unit: str) -> Feed:
    return Feed(
        source="octopus",
        subject=code,
        quantity=quantity,
        unit=unit,
        step=None,
        zone=LONDON,
        cadence=timedelta(hours=1),
        revises=timedelta(days=14),
        horizon=timedelta(days=2),
    )


def fetch_rates(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """A tariff's prices in a period; whole intervals, so that a price's own start is kept.

    A register that the tariff does not have (404) has no prices; a tariff that has none of them
    is unknown. The future counts as answered only as far as prices are published.
    """
    is_standing = feed.quantity == "standing-charge"
    found: list[pd.DataFrame] = []
    for register, address in get_links(settings, feed.subject).items():
        if (register == "standing-charges") is not is_standing:
            continue
        try:
            found.append(read_rates(get_rates(address, period), REGISTERS[register]))
        except NotFound:
            continue
    if not found:
        raise _unknown(feed.subject, feed.quantity.replace("-", " "))
    rates = pd.concat(found, ignore_index=True)
    name = product_name(settings, feed.subject)
    return Fetched(empty_frame("rate"), _answered(rates, period), rates=rates, name=name)


def _unknown(code: str, what: str = "prices") -> NotFound:
    return NotFound(
        rest.NAME,
        f"{rest.NAME} has no {what} for tariff {code} (404).",
        remedy="Check the code; it looks like E-1R-AGILE-24-10-01-C.",
    )


def _answered(rates: pd.DataFrame, period: Period) -> Period:
    """The part of the period that will not be asked again before the feed is due."""
    if not rates.empty and rates["valid_to"].isna().any():
        return period
    known = rates["valid_to"].max().to_pydatetime() if not rates.empty else period.start
    end = min(period.end, max(known, utc_now() + HALF_HOUR, period.start))
    return Period(period.start, end)


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text, LONDON) if text else None
