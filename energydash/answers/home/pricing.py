"""A household's readings joined with its tariffs: what every home answer starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from energydash.answers.home.carbon import with_carbon
from energydash.answers.home.subject import Home, choose, home_of
from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData, empty_frame
from energydash.core.time import HALF_HOUR, Period, local_midnight, zone_info
from energydash.home.bills import runs
from energydash.home.meters import Direction, Meter
from energydash.home.prices import Term, published_card, tariff_card, terms, with_dispatches
from energydash.home.rate_cards import RateCard
from energydash.home.tariffs import TierSpan
from energydash.home.usage import Usage, use
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync import documents, fetch
from energydash.sync.context import Context

# A meter of files with nothing for so long before a period is not missed in it.
FORGOTTEN_AFTER = timedelta(days=60)


@dataclass(frozen=True, eq=False)
class Priced:
    """The meters asked for, priced over a period. `prices` are the published tariffs' feeds."""

    home: Home
    usages: tuple[Usage, ...]
    inputs: tuple[FeedData, ...]
    terms: Mapping[str, tuple[Term, ...]]
    prices: tuple[Feed, ...] = ()
    cards: Mapping[str, RateCard] = field(default_factory=dict)
    uncertain: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What no table shows: prices that could not be had or are not sure, in sentences."""
        unpriced = [
            f"No prices are stored for tariff {tariff}; its energy is unpriced."
            for tariff, card in self.cards.items()
            if not len(card.unit.codes)
        ]
        unsure = [
            f"The charging slots of {tariff} in this period are not known: what it charged "
            "off-peak outside its night is priced at the day rate here."
            for tariff in self.uncertain
        ]
        return (*unpriced, *unsure)


def price_home(
    context: Context, period: Period, meter: str = "", energy: str = "", *, carbon: bool = False
) -> Priced:
    """The readings of the meters asked for, with the price of each half-hour.

    carbon: also with the grid's average intensity then and there, for electricity.
    """
    home = home_of(context)
    meters = choose(home, meter, energy)
    wide = _with_tiers(home, meters, period)
    now = context.now()
    usages: list[Usage] = []
    inputs: list[FeedData] = []
    in_force: dict[str, tuple[Term, ...]] = {}
    cards: dict[str, RateCard] = {}
    uncertain: list[str] = []
    for one in meters:
        reading = read_meter(context, home, one, wide)
        found = terms(one, home.tariffs, home.agreements, wide)
        for term in found:
            if term.tariff not in cards:
                card = card_of(context, home, term.tariff, wide, one.direction, term.payment_method)
                if "INTELLI" in term.tariff and one.direction is Direction.IMPORT:
                    slots = documents.dispatches(context.store, one.account)
                    card = with_dispatches(card, slots)
                    if not any(slot.intersect(wide) for slot in slots):
                        uncertain.append(term.tariff)
                cards[term.tariff] = card
        expected = _expected(home, one, reading, period, now)
        charged = Period(period.start, min(max(now, period.start), period.end))
        usage = use(one, reading.data, period, found, cards, expected=expected, charged=charged)
        if not expected and not len(usage.times_us) and reading.feed.address:
            continue  # a home moved out of, or not yet into
        if len(meters) > 1 and _is_history(home, one, reading, period, now):
            continue
        missing = usage.missing_us
        known = len(usage.expected_us) - len(missing)
        coverage = Coverage(known, len(usage.expected_us), tuple(runs(missing)), step=HALF_HOUR)
        usages.append(usage)
        inputs.append(replace(reading, coverage=coverage))
        in_force[one.id] = tuple(found)
    published = [t.tariff for found in in_force.values() for t in found if t.is_published]
    prices = tuple(f for code in dict.fromkeys(published) for f in octopus.tariff_feeds(code))
    if carbon:
        usages, more = with_carbon(context, home, usages, period)
        inputs += more
    return Priced(home, tuple(usages), tuple(inputs), in_force, prices, cards, tuple(uncertain))


def read_meter(context: Context, home: Home, meter: Meter, period: Period) -> FeedData:
    """A meter's readings from the store, or the sample's."""
    if home.is_sample:
        return sample.consumption_reading(meter, period, context.now(), home.sample_reason)
    feed = documents.meter_feed(meter, context.store.household())
    reading = fetch.read(context.store, feed, period, context.now())
    # a feed that was never written has no parts yet
    return reading if "energy" in reading.data else replace(reading, data=empty_frame("energy"))


def card_of(
    context: Context,
    home: Home,
    tariff: str,
    period: Period,
    direction: Direction,
    payment_method: str = "DIRECT_DEBIT",
) -> RateCard:
    """A tariff's prices over a period: the user's own by id, else a published code's."""
    own = next((one for one in home.tariffs if one.id == tariff), None)
    if own is not None:
        return tariff_card(own, period)
    if home.is_sample and tariff == sample.AGILE:
        return sample.agile_card(period, context.now())
    rates = context.store.rates(tariff, period)
    return published_card(tariff, rates, direction, payment_method=payment_method)


def _is_history(home: Home, meter: Meter, reading: FeedData, period: Period, now: datetime) -> bool:
    """True for a meter known from files alone that ended well before the period."""
    if meter.connected or home.is_sample or reading.newest is None:
        return False
    return reading.newest + FORGOTTEN_AFTER < min(period.start, now)


def _expected(
    home: Home, meter: Meter, reading: FeedData, period: Period, now: datetime
) -> list[Period]:
    """Where half-hours ought to be: not in the future, nor before or after the account's time."""
    until = fetch.due_at(reading.feed, reading.newest, now)
    due = period.intersect(Period(min(period.start, until), until))
    if home.is_sample or reading.newest is None:
        end = reading.newest + HALF_HOUR if reading.newest else now
        due = period.intersect(Period(min(period.start, end), end))
    if due is None:
        return []
    agreed = [one for one in home.agreements if one.meter == meter.id]
    if not (meter.connected and agreed):
        return [due]
    spans = ((one.valid_from or due.start, one.valid_to or due.end) for one in agreed)
    return [
        Period(max(start, due.start), min(end, due.end))
        for start, end in spans
        if max(start, due.start) < min(end, due.end)
    ]


def _with_tiers(home: Home, meters: Sequence[Meter], period: Period) -> Period:
    """The period from the start of the longest tier span that prices one of the meters."""
    spans = {
        tariff.tier_span
        for tariff in home.tariffs
        if tariff.tiers and any(tariff.energy is one.energy for one in meters)
    }
    if not spans or not meters:
        return period
    zone = meters[0].zone
    first = period.start.astimezone(zone_info(zone)).date()
    if TierSpan.YEAR in spans:
        first = date(first.year, 1, 1)
    elif TierSpan.MONTH in spans:
        first = first.replace(day=1)
    return Period(min(local_midnight(first, zone), period.start), period.end)
