"""The same readings under other tariffs and pairs of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from energydash.answers.home.costs import Answer
from energydash.answers.home.pricing import MeterTariffs, Priced, price_home, prices_of
from energydash.answers.home.subject import Home, home_of, tariff_name
from energydash.core.errors import InputError
from energydash.core.feeds import Feed
from energydash.core.time import Period, micros
from energydash.home.comparison import (
    ASSUMPTIONS,
    NOTHING_KWH,
    Comparison,
    Months,
    OneWay,
    pairs,
    shift_evening,
    total,
)
from energydash.home.instants import is_within
from energydash.home.meters import Direction, Meter, places
from energydash.home.prices import MeterPrices
from energydash.home.tariffs import energy_of, parse_code, region_letter, sold_together
from energydash.home.usage import Usage, one_sided_days
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync.context import Context

NOW = "as it was"


@dataclass(frozen=True, eq=False)
class ComparisonAnswer(Answer):
    """comparison: ranked pairs. shifted: the same with a part of the evening moved, or None.

    now_p_per_kwh: what an imported kWh cost as it was; NaN without any. lacking: published tariffs
    whose prices are not all kept, with the kWh that have none; also those left out for having none.
    names: of published tariffs, by code.
    """

    comparison: Comparison
    now_p_per_kwh: float
    shifted: Comparison | None = None
    lacking: tuple[tuple[str, float], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A tariff that can be compared: its id or code, its name, and which way it goes."""

    id: str
    label: str
    direction: Direction


def choices(context: Context, energy: str = "electricity") -> tuple[Choice, ...]:
    """Every tariff at hand: the user's own, the agreements', and published ones kept before."""
    home = home_of(context)
    found = [
        Choice(one.id, one.label, one.direction)
        for one in home.tariffs
        if one.energy.value == energy
    ]
    if home.is_sample:
        return (*found, Choice(sample.AGILE, "Agile (sample)", Direction.IMPORT))
    directions = {one.id: one.direction for one in home.meters}
    codes = {one.tariff: directions.get(one.meter) for one in home.agreements}
    for feed in context.store.feeds(owner="", source="octopus"):
        if feed.quantity == "unit-rate":
            codes.setdefault(feed.subject, None)
    for code, direction in codes.items():
        if energy_of(code).value == energy:
            name = tariff_name(context, home, code)
            found.append(Choice(code, name, direction or direction_of(code)))
    return _told_apart(found)


def _told_apart(found: Sequence[Choice]) -> tuple[Choice, ...]:
    """The same, tariffs of one name with their codes beside it."""
    names = Counter((one.label, one.direction) for one in found)
    return tuple(
        replace(one, label=f"{one.label} ({one.id})")
        if names[one.label, one.direction] > 1 and one.label != one.id
        else one
        for one in found
    )


def direction_of(code: str) -> Direction:
    """Which way a published tariff goes; export products say so in their codes."""
    words = ("OUTGOING", "EXPORT", "SEG")
    return Direction.EXPORT if any(word in code for word in words) else Direction.IMPORT


def compare(
    context: Context,
    period: Period,
    tariffs: Sequence[str] = (),
    energy: str = "electricity",
    shift_percent: float = 0.0,
    meter: str = "",
) -> ComparisonAnswer:
    """Rank tariffs on the readings of `period`, with what was really in force to compare to.

    tariffs: ids, names or published codes; by default every one at hand that has prices then and
    is sold where the home is.
    shift_percent: also estimate with this much of each evening moved to cheap half-hours.
    Raises: InputError for a tariff or a meter that is none.
    """
    priced = price_home(context, period, meter, energy)
    if not priced.usages:
        raise InputError(
            f"There is no {energy} meter to compare with.",
            remedy="Connect an account or import readings first.",
        )
    energy = priced.usages[0].meter.energy.value
    names = {way: _in_force(priced, way, period) for way in Direction}
    in_force = {tariff for tariff, _ in names.values() if tariff}
    chosen = [one for one in _chosen(context, tariffs, energy) if one.id not in in_force]
    if not tariffs:  # of all at hand, those sold here
        chosen = [one for one in chosen if _is_sold_here(one.id, priced.home, context.now())]
    at_stake = {way: _Side.of(context, priced, way, period) for way in Direction}
    asked = {one.id: at_stake[one.direction].under(context, one) for one in chosen}
    if not tariffs:  # and of those, the ones that have prices in this period
        chosen = [one for one in chosen if asked[one.id].has_prices]
    into, out = at_stake[Direction.IMPORT], at_stake[Direction.EXPORT]
    in_now = into.as_it_was(names[Direction.IMPORT][1])
    out_now = out.as_it_was(names[Direction.EXPORT][1])
    unpriced_now = in_now.unpriced_kwh + out_now.unpriced_kwh
    baseline = None
    if unpriced_now <= NOTHING_KWH:
        baseline = in_now.total_gbp + float(out_now.standing_gbp.sum()) - out_now.energy_gbp
    in_chosen = [one for one in chosen if one.direction is Direction.IMPORT]
    out_chosen = [one for one in chosen if one.direction is Direction.EXPORT]
    outs = [out_now, *(asked[one.id].total for one in out_chosen)] if out.usages else []
    ins = [in_now, *(asked[one.id].total for one in in_chosen)]
    months = into.months.labels
    can_pair = _pairing(priced, period)
    ranked = pairs(ins, outs, months, baseline, can_pair=can_pair)
    shifted = None
    if shift_percent:
        fraction = shift_percent / 100
        own = tuple(one.prices for one in priced.tariffs if one.meter in into.meters)
        moved = [
            into.shifted("actual", names[Direction.IMPORT][1], own, fraction),
            *(
                into.shifted(one.id, asked[one.id].total.label, asked[one.id].prices, fraction)
                for one in in_chosen
            ),
        ]
        shifted = replace(
            pairs(moved, outs, months, baseline, is_estimate=True, can_pair=can_pair),
            assumptions=(_estimate(shift_percent), *ASSUMPTIONS[1:]),
        )
    return ComparisonAnswer(
        period,
        tuple(usage.meter for usage in priced.usages),
        priced.inputs,
        _price_feeds(priced, [one.id for one in chosen]),
        (*priced.notes, *_unfair(unpriced_now), *_regional(at_stake, chosen)),
        ranked,
        in_now.pence_per_kwh,
        shifted,
        _lacking(priced, list(asked.values())),
        priced.names | {one.id: one.label for one in chosen},
    )


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A tariff tried on every meter of its direction."""

    choice: Choice
    prices: tuple[MeterPrices, ...]
    total: OneWay
    has_prices: bool


@dataclass(frozen=True, eq=False)
class _Side:
    """The meters of one direction, and the months that they are compared in."""

    home: Home
    usages: tuple[Usage, ...]
    months: Months
    period: Period

    @classmethod
    def of(cls, context: Context, priced: Priced, way: Direction, period: Period) -> _Side:
        zone = priced.usages[0].meter.zone
        now = min(max(context.now(), period.start), period.end)
        days = [d for d in period.days(zone) if Period.local_days(d, d, zone).start < now]
        mine = tuple(usage for usage in priced.usages if usage.meter.direction is way)
        # a side that was never read takes no days from the other
        read = [usage for usage in priced.usages if len(usage.times_us)]
        months = Months.of(mine, days, one_sided_days(read))
        return cls(priced.home, mine, months, period)

    def as_it_was(self, label: str) -> OneWay:
        return total("actual", label, self.usages, self.months)

    def under(self, context: Context, choice: Choice) -> _Candidate:
        """What these meters' readings would have cost under another tariff."""
        sold = self.sold_to(choice.id)
        known = [
            prices_of(context, self.home, one, self.period, choice.id if one.id in sold else "")
            for one in self.meters
        ]
        tried = tuple(one.prices for one in known)
        usages = [
            one.with_unsure(usage.under(one.prices))
            for usage, one in zip(self.usages, known, strict=True)
        ]
        cards = [
            card for one in known if one.meter.id in sold for card in one.prices.cards.values()
        ]
        has_prices = any(len(card.unit.clip(*_span(self.period)).codes) for card in cards)
        sums = total(choice.id, choice.label, usages, self.months)
        return _Candidate(choice, tried, sums, has_prices)

    def sold_to(self, tariff: str) -> set[str]:
        """The meters that a tariff is tried on: of its region, or all where none is."""
        letter = "" if tariff in _own_ids(self.home) else region_letter(tariff)
        every = {one.id for one in self.meters}
        return {one.id for one in self.meters if letter and one.region == letter} or every

    @property
    def meters(self) -> tuple[Meter, ...]:
        return tuple(usage.meter for usage in self.usages)

    def shifted(
        self, id_: str, label: str, prices: Sequence[MeterPrices], fraction: float
    ) -> OneWay:
        """At these prices, with a part of each evening moved to the cheapest half-hours."""
        usages = [
            usage.under(one, shift_evening(usage, one, fraction))
            for usage, one in zip(self.usages, prices, strict=True)
        ]
        return total(id_, label, usages, self.months)


def _pairing(priced: Priced, period: Period) -> Callable[[OneWay, OneWay], bool]:
    """Which import and export tariffs can be had together; what was in force could."""
    own = _own_ids(priced.home)
    place = places([one.meter for one in priced.tariffs])
    exporting = {
        place[one.meter.id] for one in priced.tariffs if one.meter.direction is Direction.EXPORT
    }
    there = [one for one in priced.tariffs if place[one.meter.id] in exporting]
    in_force = {way: _tariffs(there, way, period) for way in Direction}

    def can_pair(way_in: OneWay, way_out: OneWay) -> bool:
        if way_in.id == way_out.id == "actual":
            return True
        ins, outs = (
            in_force[way] if one.id == "actual" else {one.id}
            for way, one in ((Direction.IMPORT, way_in), (Direction.EXPORT, way_out))
        )
        return all(
            code in own or other in own or sold_together(code, other)
            for code in ins
            for other in outs
        )

    return can_pair


def _is_sold_here(tariff: str, home: Home, now: datetime) -> bool:
    """False for a published tariff of a region that none of the homes lived in is in."""
    regions = {one.region for one in home.meters_now(now)} - {""}
    return not regions or tariff in _own_ids(home) or region_letter(tariff) in regions | {""}


def _unfair(unpriced_now_kwh: float) -> tuple[str, ...]:
    """Why there are no differences, where what was in force is not priced throughout."""
    if unpriced_now_kwh <= NOTHING_KWH:
        return ()
    sentence = (
        f"{unpriced_now_kwh:,.1f} kWh have no price under the tariffs that were in force, so the "
        "others cannot be compared with them. Fetch their prices, or add the tariff of that time."
    )
    return (sentence,)


def _regional(sides: Mapping[Direction, _Side], chosen: Sequence[Choice]) -> tuple[str, ...]:
    """That a tariff of one region says nothing of a home in another, where there are such."""
    if all(
        len(sides[one.direction].sold_to(one.id)) == len(sides[one.direction].meters)
        for one in chosen
    ):
        return ()
    sentence = (
        "The homes are in several regions: a tariff of one of them is tried on the homes there, "
        "and the others stay as they were."
    )
    return (sentence,)


def _lacking(priced: Priced, tried: Sequence[_Candidate]) -> tuple[tuple[str, float], ...]:
    """Published tariffs, in force or chosen, and the energy that they have no price for."""
    own = _own_ids(priced.home)
    lost = {one.choice.id: one.total.unpriced_kwh for one in tried if one.choice.id not in own}
    for usage, known in zip(priced.usages, priced.tariffs, strict=True):
        pence = known.prices.lines(usage.times_us, usage.kwh).pence_of_readings(len(usage.kwh))
        for term in known.prices.terms:
            if term.is_published:
                nothing = is_within(usage.times_us, term.period) & np.isnan(pence)
                none = float(usage.kwh[nothing].sum())
                lost[term.tariff] = max(none, lost.get(term.tariff, 0.0))
    return tuple((code, kwh) for code, kwh in lost.items() if kwh > NOTHING_KWH)


def _chosen(context: Context, tariffs: Sequence[str], energy: str) -> list[Choice]:
    known = choices(context, energy)
    if not tariffs:
        return list(known)
    found = []
    for name in tariffs:
        one = next((c for c in known if name in (c.id, c.label)), None)
        if one is None:
            parse_code(name)
            one = Choice(name, tariff_name(context, home_of(context), name), direction_of(name))
        found.append(one)
    return list(_told_apart(found))


def _span(period: Period) -> tuple[int, int]:
    return micros(period.start), micros(period.end)


def _tariffs(known: Sequence[MeterTariffs], way: Direction, period: Period) -> set[str]:
    """The tariffs that priced a direction of some meters in a period."""
    return {
        term.tariff
        for one in known
        if one.meter.direction is way
        for term in one.prices.terms
        if term.period.intersect(period)
    }


def _in_force(priced: Priced, way: Direction, period: Period) -> tuple[str, str]:
    """The one tariff that priced a direction throughout ('' where there were several), and what
    the tariffs that were in force are called."""
    tariffs = _tariffs(priced.tariffs, way, period)
    if len(tariffs) != 1:
        return "", NOW
    (tariff,) = tariffs
    own = {one.id: one.label for one in priced.home.tariffs}
    return tariff, f"{own.get(tariff) or priced.names.get(tariff, tariff)}, {NOW}"


def _estimate(shift_percent: float) -> str:
    return (
        f"Estimate: {shift_percent:g} % of each day's use from 16:00 to 20:00 moves to the 8 "
        "cheapest half-hours of that day."
    )


def _price_feeds(priced: Priced, tariffs: Sequence[str]) -> tuple[Feed, ...]:
    own = _own_ids(priced.home)
    published = [tariff for tariff in tariffs if tariff not in own]
    found = (*priced.prices, *(f for code in published for f in octopus.tariff_feeds(code)))
    return tuple(dict.fromkeys(found))


def _own_ids(home: Home) -> set[str]:
    own = {one.id for one in home.tariffs}
    return own | {sample.AGILE} if home.is_sample else own
