"""What Octopus sells: public products, their tariff in a region, and fetching its prices."""

from __future__ import annotations

from collections.abc import Sequence

from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.sources import octopus
from energydash.sources.octopus import Product
from energydash.sync import fetch
from energydash.sync.context import Context


def products(context: Context) -> tuple[Product, ...]:
    """The products for homes that are sold now, by name. Raises: SourceError."""
    found = [one for one in octopus.get_products(context.settings) if not one.is_business]
    return tuple(sorted(found, key=lambda one: (one.direction, one.name, one.code)))


def tariff_codes(
    context: Context, product: str, region: str, energy: str = "electricity"
) -> tuple[str, ...]:
    """The codes of a product's tariffs in a region, once each. Raises: SourceError."""
    rows = octopus.get_product_tariffs(context.settings, product)
    fitting = [one.code for one in rows if one.region == region and one.energy == energy]
    return tuple(dict.fromkeys(fitting))


def bring_prices(
    context: Context,
    codes: Sequence[str],
    period: Period,
    progress: fetch.Progress | None = None,
) -> tuple[Finding, ...]:
    """Fetch what the store lacks of published tariffs' prices; the problems met on the way."""
    feeds = [feed for code in codes for feed in octopus.tariff_feeds(code)]
    met = [fetch.refresh(context, feed, period, progress=progress).problem for feed in feeds]
    return tuple(problem for problem in met if problem)
