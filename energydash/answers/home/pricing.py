"""The one way to a price: a meter's tariffs, cards and dispatches, gathered for any period.

Everything that costs something asks `prices_of`, which takes in whole local days and the readings
that tiers count, so that a half-hour has one price whatever period it is asked in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from energydash.answers.home.carbon import with_carbon
from energydash.answers.home.subject import Home, choose, home_of
from energydash.core.coverage import plural
from energydash.core.feeds import Feed, FeedData, empty_frame
from energydash.core.time import HALF_HOUR, Period, index_us
from energydash.home.instants import Floats
from energydash.home.meters import Direction, Meter
from energydash.home.prices import MeterPrices, context_of, meter_prices, under
from energydash.home.rate_cards import RateCard
from energydash.home.tariff_cards import published_card, tariff_card, with_dispatches
from energydash.home.tariffs import has_dispatches
from energydash.home.terms import PriceKey
from energydash.home.usage import Usage, kwh_of, use
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync import documents, fetch
from energydash.sync.context import Context

# A meter of files with nothing for so long before a period is not missed in it.
FORGOTTEN_AFTER = timedelta(days=60)


@dataclass(frozen=True, eq=False)
class MeterTariffs:
    """A meter's prices over a period with all that they depend on.

    context: whole local days, from where tiers begin to count. readings: over `context`; empty
    where no price depends on them and nobody asked. uncertain: codes whose charging slots are not
    known.
    """

    meter: Meter
    context: Period
    prices: MeterPrices
    readings: FeedData
    uncertain: tuple[str, ...] = ()

    def pence(self, index: pd.DatetimeIndex) -> Floats:
        """p/kWh with VAT of the half-hour that each instant is in; NaN where none is known."""
        used = self.readings.data["energy"].dropna()
        times = index_us(pd.DatetimeIndex(used.index))
        kwh = kwh_of(self.meter, times, used.to_numpy(dtype="float64"))
        return self.prices.pence(index_us(index), times, kwh)

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds that published prices come from."""
        codes = [term.tariff for term in self.prices.terms if term.is_published]
        return tuple(feed for code in dict.fromkeys(codes) for feed in octopus.tariff_feeds(code))

    @property
    def notes(self) -> tuple[str, ...]:
        """What no table shows: prices that could not be had or are not sure, in sentences."""
        unpriced = [
            f"No prices are stored for tariff {key.tariff}; its energy is unpriced."
            for key, card in self.prices.cards.items()
            if not len(card.unit.codes)
        ]
        unsure = [
            f"The charging slots of {tariff} in this period are not known: what it charged "
            "off-peak outside its night is priced at the day rate here."
            for tariff in self.uncertain
        ]
        return (*unpriced, *unsure)


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
        return tuple(dict.fromkeys([*said, *corrected]))


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
    uncertain: list[str] = []

    def published(key: PriceKey) -> RateCard:
        card = _published(context, home, key, wide, meter)
        if not (has_dispatches(key.tariff) and meter.direction is Direction.IMPORT):
            return card
        slots = documents.dispatches(context.store, key.account)
        if not any(slot.intersect(period) for slot in slots):
            uncertain.append(key.tariff)
        return with_dispatches(card, slots)

    if tariff:
        own = next((one for one in home.tariffs if one.id == tariff), None)
        key = PriceKey(tariff, home.payment_method(meter), meter.account)
        card = published(key) if own is None else tariff_card(own, wide)
        prices = under(card, wide, meter.zone)
    else:
        prices = meter_prices(meter, home.tariffs, home.agreements, wide, published)
    if with_readings or prices.has_tiers:
        readings = read_meter(context, home, meter, wide)
    else:
        readings = FeedData(empty_frame("energy"), meter.feed(""))
    return MeterTariffs(meter, wide, prices, readings, tuple(uncertain))


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
    return use(
        known.meter,
        reading.data,
        period,
        known.prices,
        asked=[part for one in lived_in if (part := one.intersect(past))],
        due=due,
        fetching=reading.coverage.fetching if reading.feed.address else (),
    )


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
