"""What the Octopus stand-in sells: products and their prices, plausible and moving with the day."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from tests.upstreams.world import World, uniform

LONDON = ZoneInfo("Europe/London")
REGIONS = "ABCDEFGHJKLMNP"
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Sold:
    """A product. shape: how its prices go; bands: local hours and prices; base in p/kWh ex VAT."""

    code: str
    name: str
    shape: str
    base: float
    since: str
    until: str = ""
    standing: float = 45.0
    bands: tuple[tuple[float, float, float], ...] = ()
    is_export: bool = False
    has_gas: bool = False
    has_night: bool = False
    by_payment: bool = False


FLUX_IN = ((2, 5, 14.0), (16, 19, 35.0))
FLUX_OUT = ((2, 5, 4.5), (16, 19, 30.0))
COSY = ((4, 7, 12.5), (13, 16, 12.5), (16, 19, 39.0), (22, 24, 12.5))
PRODUCTS = {
    one.code: one
    for one in (
        Sold("VAR-20-09-22", "Flexible Octopus", "quarterly", 16.2, "2020-09-22", "2021-09-29",
             24.0, has_gas=True, has_night=True, by_payment=True),
        Sold("VAR-22-11-01", "Flexible Octopus", "quarterly", 24.1, "2022-11-01",
             has_gas=True, has_night=True, by_payment=True),
        Sold("OE-FIX-12M-24-06-28", "Octopus 12M Fixed", "flat", 22.8, "2024-06-28", has_gas=True),
        Sold("AGILE-24-10-01", "Agile Octopus", "agile", 19.0, "2024-10-01", standing=47.1),
        Sold("GO-VAR-22-10-14", "Octopus Go", "bands", 26.4, "2022-10-14",
             bands=((0.5, 5.5, 8.1),)),
        Sold("INTELLI-VAR-24-10-29", "Intelligent Octopus Go", "bands", 26.2, "2024-10-29",
             bands=((0, 5.5, 6.7), (23.5, 24, 6.7))),
        Sold("FLUX-IMPORT-23-02-14", "Octopus Flux Import", "bands", 24.5, "2023-02-14",
             bands=FLUX_IN),
        Sold("COSY-22-12-08", "Cosy Octopus", "bands", 25.4, "2022-12-08", bands=COSY),
        Sold("SILVER-25-04-15", "Octopus Tracker", "daily", 20.5, "2025-04-15", has_gas=True),
        Sold("FLUX-EXPORT-23-02-14", "Octopus Flux Export", "bands", 15.0, "2023-02-14",
             standing=0, bands=FLUX_OUT, is_export=True),
        Sold("OUTGOING-VAR-24-10-26", "Outgoing Octopus", "flat", 15.0, "2024-10-26", standing=0,
             is_export=True),
        Sold("AGILE-OUTGOING-19-05-13", "Agile Outgoing Octopus", "agile", 10.5, "2019-05-13",
             standing=0, is_export=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Price:
    """An interval's price in pence; None is without limit."""

    start: datetime | None
    end: datetime | None
    exc_vat: Decimal
    payment_method: str | None = None


def quarter_starts(first: datetime, end: datetime) -> list[datetime]:
    """Local midnights on which the price cap changes."""
    days = [date(y, m, 1) for y in range(first.year, end.year + 2) for m in (1, 4, 7, 10)]
    return [_midnight(day) for day in days]


def prices(
    world: World, code: str, product: Sold, kind: str, energy: str, first: datetime, end: datetime
) -> list[Price]:
    """Every price of a register that touches `[first, end)`, oldest first."""
    factor = 0.96 + 0.01 * REGIONS.index(code[-1]) * (0.1 if product.is_export else 0.6)
    if energy == "gas":
        factor *= 0.26
    begins = _midnight(date.fromisoformat(product.since))
    first = max(first, begins)
    if kind == "standing-charges":
        return _quarterly(product, product.standing, 1.0, begins, first, end)
    if product.shape == "quarterly":
        part = {"day-unit-rates": 1.16, "night-unit-rates": 0.55}.get(kind, 1.0)
        return _quarterly(product, product.base, factor * part, begins, first, end)
    if product.shape == "flat":
        return [Price(begins, None, _exact(product.base * factor))]
    last = min(end, published_until(world.now()))
    return [
        price
        for day in _days(first, last)
        for price in _of_day(world.seed, product, day, factor)
        if price.start and price.end and price.start < last and price.end > first
    ]


def price_at(world: World, code: str, product: Sold, energy: str, instant: datetime) -> Decimal:
    """The unit price of an instant by direct debit, VAT in."""
    found = prices(
        world, code, product, "standard-unit-rates", energy, instant, instant + HALF_HOUR
    )
    chosen = next(
        one
        for one in found
        if one.payment_method in (None, "DIRECT_DEBIT")
        and (one.start is None or one.start <= instant)
        and (one.end is None or instant < one.end)
    )
    return with_vat(chosen.exc_vat, is_export=product.is_export)


def published_until(now: datetime) -> datetime:
    """Half-hourly prices come at 16:00 local for up to 23:00 local of the next day."""
    local = now.astimezone(LONDON)
    days = 1 if local.hour >= 16 else 0
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, time(23), LONDON).astimezone(UTC)


def with_vat(exc_vat: Decimal, *, is_export: bool) -> Decimal:
    """5 % on what a home buys, none on what it sells."""
    return exc_vat if is_export else (exc_vat * Decimal("1.05")).normalize()


def _quarterly(
    product: Sold, base: float, factor: float, begins: datetime, first: datetime, end: datetime
) -> list[Price]:
    starts = [begins] + [one for one in quarter_starts(begins, end) if one > begins]
    found = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if start >= end or (following and following <= first):
            continue
        swing = 1 + 0.06 * ((start.year * 4 + start.month // 3) % 5 - 2)
        # The last price that is announced runs on without an end.
        until = following if following and following < end else None
        if not product.by_payment:
            found.append(Price(start, until, _exact(base * factor * swing)))
            continue
        for method, extra in (("DIRECT_DEBIT", 0.0), ("NON_DIRECT_DEBIT", 0.04)):
            found.append(Price(start, until, _exact(base * factor * swing * (1 + extra)), method))
    return found


@cache
def _of_day(seed: int, product: Sold, day: date, factor: float) -> tuple[Price, ...]:
    return tuple(_made_of_day(seed, product, day, factor))


def _made_of_day(seed: int, product: Sold, day: date, factor: float) -> Iterator[Price]:
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    level = 0.85 + 0.3 * uniform(seed, "octopus", product.shape, day.toordinal())
    if product.shape == "daily":
        yield Price(start, end, _exact(product.base * factor * level))
        return
    if product.shape == "bands":
        edges = sorted({0.0, 24.0} | {float(edge) for band in product.bands for edge in band[:2]})
        for low, high in itertools.pairwise(edges):
            price = next((p for a, b, p in product.bands if a <= low < b), product.base)
            yield Price(_clock(day, low), _clock(day, high), _exact(price * factor))
        return
    instant = start
    while instant < end:
        local = instant.astimezone(LONDON)
        hour = local.hour + local.minute / 60
        shape = 0.75 + (0.9 if 16 <= hour < 19 else 0) - (0.35 if 1 <= hour < 5 else 0)
        noise = uniform(seed, "octopus", "agile", instant.timestamp()) - 0.5
        value = product.base * factor * level * (shape + 0.4 * noise)
        if level < 0.9 and 2 <= hour < 4:
            value -= 12  # windy nights are paid for
        yield Price(instant, instant + HALF_HOUR, _exact(min(value, 95.0)))
        instant += HALF_HOUR


def _days(first: datetime, last: datetime) -> list[date]:
    start = first.astimezone(LONDON).date()
    count = (last.astimezone(LONDON).date() - start).days + 1
    return [start + timedelta(days=n) for n in range(max(count, 0))]


def _clock(day: date, hour: float) -> datetime:
    """A local time of day; 24 is the next midnight."""
    if hour >= 24:
        return _midnight(day + timedelta(days=1))
    at = time(int(hour), round(60 * (hour % 1)))
    return datetime.combine(day, at, LONDON).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")
