"""The one way to a price: a meter's tariffs, cards and dispatches, gathered for any period.

Everything that costs something asks `prices_of`, which takes in whole local days and the readings
that tiers count, so that a half-hour has one price whatever period it is asked in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from energydash.answers.home.carbon import with_carbon
from energydash.answers.home.subject import Home, choose, home_of, tariff_name
from energydash.core.coverage import plural
from energydash.core.feeds import Feed, FeedData, empty_frame
from energydash.core.time import DAY, HALF_HOUR, Period, index_us, merge, subtract
from energydash.home.charging import unsure
from energydash.home.instants import Floats
from energydash.home.meters import Direction, Meter
from energydash.home.prices import MeterPrices, context_of, meter_prices, under
from energydash.home.rate_cards import RateCard
from energydash.home.tariff_cards import (
    published_card,
    tariff_card,
    touched_us,
    with_dispatches,
)
from energydash.home.tariffs import has_dispatches
from energydash.home.terms import PriceKey
from energydash.home.usage import Usage, days_of, kwh_of, use
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync import documents, fetch
from energydash.sync.context import Context

# A meter of files with nothing for so long before a period is not missed in it.
FORGOTTEN_AFTER = timedelta(days=60)
NAMED = 3  # stretches of days that a sentence names


@dataclass(frozen=True, eq=False)
class MeterTariffs:
    """A meter's prices over a period with all that they depend on.

    context: whole local days, from where tiers begin to count. readings: over `context`; empty
    where no price depends on them and nobody asked. cheapest: the prices if the car was charged
    whenever nobody knows whether it was; None where that is always known. slots: when it was.
    """

    meter: Meter
    context: Period
    prices: MeterPrices
    readings: FeedData
    cheapest: MeterPrices | None = None
    slots: tuple[Period, ...] = ()

    def pence(self, index: pd.DatetimeIndex) -> Floats:
        """p/kWh with VAT of the half-hour that each instant is in; NaN where none is known."""
        used = self.readings.data["energy"].dropna()
        times = index_us(pd.DatetimeIndex(used.index))
        kwh = kwh_of(self.meter, times, used.to_numpy(dtype="float64"))
        return self.prices.pence(index_us(index), times, kwh)

    def with_unsure(self, usage: Usage) -> Usage:
        """A usage at these prices, with what of it may have been cheaper."""
        if self.cheapest is None:
            return usage
        return replace(usage, unsure=unsure(usage, self.cheapest, self.slots))

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds that published prices come from."""
        codes = [term.tariff for term in self.prices.terms if term.is_published]
        return tuple(feed for code in dict.fromkeys(codes) for feed in octopus.tariff_feeds(code))

    @property
    def notes(self) -> tuple[str, ...]:
        """What no table shows: prices that could not be had, in sentences."""
        return tuple(
            f"No prices are stored for tariff {card.label}; its energy is unpriced."
            for key, card in self.prices.cards.items()
            if not len(card.unit.codes)
        )


@dataclass(frozen=True, eq=False)
class Priced:
    """The meters asked for, priced over a period, each with its readings and its tariffs."""

    home: Home
    usages: tuple[Usage, ...]
    inputs: tuple[FeedData, ...]
    tariffs: tuple[MeterTariffs, ...]

    @property
    def prices(self) -> tuple[Feed, ...]:
        """The feeds of the published prices, each once."""
        return tuple(dict.fromkeys(feed for one in self.tariffs for feed in one.feeds))

    @property
    def names(self) -> dict[str, str]:
        """What the published tariffs are called, by their codes."""
        return {
            term.tariff: one.prices.cards[term.key].label
            for one in self.tariffs
            for term in one.prices.terms
            if term.is_published
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What was said of prices and readings, each sentence once."""
        corrected = []
        for usage in self.usages:
            parts = self.home.corrected(usage.meter, usage.period)
            starts = {at for one in parts for at, _, _ in one.values if at in usage.period}
            if starts:
                name = usage.meter.name
                corrected.append(
                    f"{name}: {plural(len(starts), 'half-hour')} as you corrected them."
                )
        said = [note for one in self.tariffs for note in one.notes]
        unsure_of = [note for usage in self.usages if (note := _unsure_note(usage))]
        return tuple(dict.fromkeys([*said, *unsure_of, *corrected]))


def prices_of(
    context: Context,
    home: Home,
    meter: Meter,
    period: Period,
    tariff: str = "",
    *,
    with_readings: bool = False,
) -> MeterTariffs:
    """What each half-hour and day of a meter costs in `period`.

    tariff: as if the meter were on this one throughout, paid for as its own is.
    """
    tiered = [one for one in home.tariffs if one.energy is meter.energy]
    wide = context_of(period, meter.zone, tiered)
    cheapest: dict[PriceKey, RateCard] = {}
    charged: list[Period] = []

    def published(key: PriceKey) -> RateCard:
        card = _published(context, home, key, wide, meter)
        if not (has_dispatches(key.tariff) and meter.direction is Direction.IMPORT):
            return card
        slots = documents.dispatches(context.store, key.account)
        told = documents.dispatches_told(context.store, key.account)
        card = with_dispatches(card, slots)
        if unknown := subtract(wide, merge([*told, *slots])):
            cheapest[key] = with_dispatches(card, unknown, most=len(touched_us(unknown)))
        charged.extend(slots)
        return card

    if tariff:
        own = next((one for one in home.tariffs if one.id == tariff), None)
        key = PriceKey(tariff, home.payment_method(meter), meter.account)
        card = published(key) if own is None else tariff_card(own, wide)
        prices = under(key, card, wide, meter.zone)
    else:
        prices = meter_prices(meter, home.tariffs, home.agreements, wide, published)
    if with_readings or prices.has_tiers:
        readings = read_meter(context, home, meter, wide)
    else:
        readings = FeedData(empty_frame("energy"), meter.feed(""))
    lowest = None
    if cheapest:
        lowest = replace(prices, cards={**prices.cards, **cheapest})
    return MeterTariffs(meter, wide, prices, readings, lowest, tuple(charged))


def price_home(
    context: Context, period: Period, meter: str = "", energy: str = "", *, carbon: bool = False
) -> Priced:
    """The readings of the meters asked for, with the price of each half-hour.

    carbon: also with the grid's average intensity then and there, for electricity.
    """
    home = home_of(context)
    meters = choose(home, meter, energy)
    usages: list[Usage] = []
    inputs: list[FeedData] = []
    tariffs: list[MeterTariffs] = []
    for one in meters:
        lived_in = _lived_in(home, one, period)
        known = prices_of(context, home, one, period, with_readings=True)
        usage = _usage(context, home, known, period, lived_in)
        if not lived_in and not len(usage.times_us):
            continue  # a home moved out of, or not yet into
        if len(meters) > 1 and _is_history(home, known, period, context.now()):
            continue
        usages.append(usage)
        data = known.readings.data
        inside = data[(data.index >= period.start) & (data.index < period.end)]
        inputs.append(replace(known.readings, data=inside, coverage=usage.coverage))
        tariffs.append(known)
    if carbon:
        usages, more = with_carbon(context, home, usages, period)
        inputs += more
    return Priced(home, tuple(usages), tuple(inputs), tuple(tariffs))


def read_meter(context: Context, home: Home, meter: Meter, period: Period) -> FeedData:
    """A meter's readings from the store as the user put them right, or the sample's."""
    if home.is_sample:
        return sample.consumption_reading(meter, period, context.now(), home.sample_reason)
    feed = documents.meter_feed(meter, context.store.household())
    reading = fetch.read(context.store, feed, period, context.now())
    # a feed that was never written has no parts yet
    data = reading.data if "energy" in reading.data else empty_frame("energy")
    for one in home.corrected(meter, period):
        data = one.applied(data, period)
    return replace(reading, data=data)


def _published(
    context: Context, home: Home, key: PriceKey, period: Period, meter: Meter
) -> RateCard:
    """A published code's prices over a period, as the customer pays."""
    if home.is_sample and key.tariff == sample.AGILE:
        return sample.agile_card(period, context.now())
    rates = context.store.rates(key.tariff, period)
    return published_card(
        key.tariff,
        rates,
        meter.direction,
        energy=meter.energy,
        payment_method=key.payment_method,
        label=tariff_name(context, home, key.tariff),
    )


def _usage(
    context: Context, home: Home, known: MeterTariffs, period: Period, lived_in: Sequence[Period]
) -> Usage:
    """A meter's readings in the period, priced, with why some are not there."""
    now, reading = context.now(), known.readings
    past = Period(period.start, min(max(now, period.start), period.end))
    due = now
    if reading.newest is not None:
        is_late = not home.is_sample
        due = (
            fetch.due_at(reading.feed, reading.newest, now)
            if is_late
            else reading.newest + HALF_HOUR
        )
    usage = use(
        known.meter,
        reading.data,
        period,
        known.prices,
        asked=[part for one in lived_in if (part := one.intersect(past))],
        due=due,
        fetching=reading.coverage.fetching if reading.feed.address else (),
    )
    return known.with_unsure(usage)


def _unsure_note(usage: Usage) -> str:
    """For which half-hours nobody knows the charging, and what it comes to; '' for none."""
    times = usage.unsure.times_us
    if not len(times):
        return ""
    days = np.unique(days_of(usage, times))
    breaks = np.flatnonzero(np.diff(days) > 1)
    spans = list(zip(days[[0, *(breaks + 1)]], days[[*breaks, -1]], strict=True))
    named = [
        day_name(low) if low == high else f"{day_name(low)} to {day_name(high)}"
        for low, high in spans[:NAMED]
    ]
    more = f" and {len(spans) - NAMED} more stretches" if len(spans) > NAMED else ""
    return (
        f"{usage.meter.name}: the charging slots of Intelligent Go are not known for "
        f"{len(times):,} half-hours outside its cheap hours ({', '.join(named)}{more}). They are "
        "priced at the day rate; at six hours a night they may have cost up to "
        f"£{usage.unsure.less_gbp:,.2f} less."
    )


def day_name(number: int) -> str:
    """`2 Jul 2026`, of a day's number since 1970."""
    return f"{date(1970, 1, 1) + int(number) * DAY:%-d %b %Y}"


def _lived_in(home: Home, meter: Meter, period: Period) -> list[Period]:
    """The parts of a period in which the account has this meter; all of it where none is known."""
    agreed = [one for one in home.agreements if one.meter == meter.id]
    if not (meter.connected and agreed):
        return [period]
    spans = [
        (
            max(one.valid_from or period.start, period.start),
            min(one.valid_to or period.end, period.end),
        )
        for one in agreed
    ]
    return [Period(start, end) for start, end in spans if start < end]


def _is_history(home: Home, known: MeterTariffs, period: Period, now: datetime) -> bool:
    """True for a meter known from files alone that ended well before the period."""
    newest = known.readings.newest
    if known.meter.connected or home.is_sample or newest is None:
        return False
    return newest + FORGOTTEN_AFTER < min(period.start, now)
