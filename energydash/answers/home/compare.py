"""The same readings under other tariffs and pairs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from energydash.answers.home.costs import Answer
from energydash.answers.home.pricing import Priced, card_of, price_home
from energydash.answers.home.subject import Home, home_of
from energydash.core.errors import InputError
from energydash.core.feeds import Feed
from energydash.core.time import Period
from energydash.home.comparison import (
    ASSUMPTIONS,
    NOTHING_KWH,
    Comparison,
    Readings,
    actual,
    pairs,
    shift_evening,
    under,
)
from energydash.home.meters import Direction
from energydash.home.rate_cards import UNPRICED, RateCard, micros
from energydash.home.tariffs import parse_code
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync.context import Context

NOW = "as it was"


@dataclass(frozen=True, eq=False)
class ComparisonAnswer(Answer):
    """comparison: ranked pairs. shifted: the same with a part of the evening moved, or None.

    now_p_per_kwh: what an imported kWh cost as it was; NaN without any. lacking: published tariffs
    whose prices are not all kept, with the kWh that have none; also those left out for having none.
    """

    comparison: Comparison
    now_p_per_kwh: float
    shifted: Comparison | None = None
    lacking: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Pairs, cheapest first; months; what was assumed; `shifted`, an estimate, or None.

        `lacking`: the kWh that published tariffs have no price for.
        """
        shifted = None if self.shifted is None else _json(self.shifted)
        return _json(self.comparison) | {"shifted": shifted, "lacking": dict(self.lacking)}


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
        if parse_code(code).energy.value == energy:
            found.append(Choice(code, code, direction or direction_of(code)))
    return tuple(found)


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
) -> ComparisonAnswer:
    """Rank tariffs on the readings of `period`, with what was really in force to compare to.

    tariffs: ids, names or published codes; by default every one at hand that has prices then and
    is sold where the home is.
    shift_percent: also estimate with this much of each evening moved to cheap half-hours.
    Raises: InputError for a tariff that is none.
    """
    priced = price_home(context, period, "", energy)
    if not priced.usages:
        raise InputError(
            f"There is no {energy} meter to compare with.",
            remedy="Connect an account or import readings first.",
        )
    names = {way: _in_force(priced, way) for way in Direction}
    alone = {tariff for tariff, _ in names.values() if tariff}
    chosen = [one for one in _chosen(context, tariffs, energy) if one.id not in alone]
    ways: dict[Direction, Readings] = {}
    zone = priced.usages[0].meter.zone
    now = min(max(context.now(), period.start), period.end)
    days = tuple(day for day in period.days(zone) if Period.local_days(day, day, zone).start < now)
    for way in Direction:
        usages = [usage for usage in priced.usages if usage.meter.direction is way]
        ways[way] = Readings.of(usages, days, zone)
    imports = [u for u in priced.usages if u.meter.direction is Direction.IMPORT]
    exports = [u for u in priced.usages if u.meter.direction is Direction.EXPORT]
    way_in, way_out = ways[Direction.IMPORT], ways[Direction.EXPORT]
    cards = {one.id: card_of(context, priced.home, one.id, period, one.direction) for one in chosen}
    if not tariffs:  # of all at hand, those sold here that have prices in this period
        chosen = [one for one in chosen if _is_sold_here(one.id, priced.home, context.now())]
    asked = {one.id: one.direction for one in chosen}
    if not tariffs:
        chosen = [one for one in chosen if len(cards[one.id].unit.clip(*_span(period)).codes)]
    in_now = actual(imports, way_in, names[Direction.IMPORT][1])
    out_now = actual(exports, way_out, names[Direction.EXPORT][1])
    unpriced_now = in_now.unpriced_kwh + out_now.unpriced_kwh
    baseline = None
    if unpriced_now <= NOTHING_KWH:
        baseline = in_now.total_gbp + float(out_now.standing_gbp.sum()) - out_now.energy_gbp
    out_priced = [
        under(way_out, cards[one.id]) for one in chosen if one.direction is Direction.EXPORT
    ]
    in_chosen = [one for one in chosen if one.direction is Direction.IMPORT]
    found = pairs(
        [in_now, *(under(way_in, cards[one.id]) for one in in_chosen)],
        [out_now, *out_priced] if exports else [],
        way_in.months,
        baseline,
    )
    shifted = None
    if shift_percent:
        fraction = shift_percent / 100
        moved = [
            under(way_in, cards[one.id], shift_evening(way_in, cards[one.id], fraction))
            for one in in_chosen
        ]
        shifted = replace(
            pairs(moved, [out_now, *out_priced] if exports else [], way_in.months, baseline,
                  is_estimate=True),
            assumptions=(
                _estimate(shift_percent),
                *ASSUMPTIONS[1:],
            ),
        )  # fmt: skip
    return ComparisonAnswer(
        period,
        tuple(usage.meter for usage in priced.usages),
        priced.inputs,
        _price_feeds(priced, [one.id for one in chosen]),
        (*priced.notes, *_unfair(unpriced_now)),
        found,
        in_now.pence_per_kwh,
        shifted,
        _lacking(priced, asked, cards, ways),
    )


def _is_sold_here(tariff: str, home: Home, now: datetime) -> bool:
    """False for a published tariff of a region that none of the homes lived in is in."""
    regions = {one.region for one in home.meters_now(now)} - {""}
    return not regions or tariff in _own_ids(home) or parse_code(tariff).region in regions


def _unfair(unpriced_now_kwh: float) -> tuple[str, ...]:
    """Why there are no differences, where what was in force is not priced throughout."""
    if unpriced_now_kwh <= NOTHING_KWH:
        return ()
    sentence = (
        f"{unpriced_now_kwh:,.1f} kWh have no price under the tariffs that were in force, so the "
        "others cannot be compared with them. Fetch their prices, or add the tariff of that time."
    )
    return (sentence,)


def _lacking(
    priced: Priced,
    asked: Mapping[str, Direction],
    cards: Mapping[str, RateCard],
    ways: Mapping[Direction, Readings],
) -> tuple[tuple[str, float], ...]:
    """Published tariffs, in force or chosen, and the energy that they have no price for."""
    own = _own_ids(priced.home)
    lost = {
        one: under(ways[way], cards[one]).unpriced_kwh
        for one, way in asked.items()
        if one not in own
    }
    for usage in priced.usages:
        for term in priced.terms[usage.meter.id]:
            if term.is_published:
                inside = (usage.times_us >= micros(term.period.start)) & (
                    usage.times_us < micros(term.period.end)
                )
                codes = priced.cards[term.tariff].unit.at(usage.times_us[inside])
                none = float(usage.kwh[inside][codes == UNPRICED].sum())
                lost[term.tariff] = max(none, lost.get(term.tariff, 0.0))
    return tuple((code, kwh) for code, kwh in lost.items() if kwh > NOTHING_KWH)


def _chosen(context: Context, tariffs: Sequence[str], energy: str) -> list[Choice]:
    known = choices(context, energy)
    if not tariffs:
        return list(known)
    found = []
    for name in tariffs:
        one = next((c for c in known if name in (c.id, c.label)), None)
        found.append(one or Choice(name, name, direction_of(name)))
        if one is None:
            parse_code(name)
    return found


def _json(found: Comparison) -> dict[str, Any]:
    return {
        "pairs": found.table,
        "months": {
            str(month): {str(name): float(value) for name, value in row.items()}
            for month, row in found.monthly.iterrows()
        },
        "baseline_gbp": found.baseline_gbp,
        "is_estimate": found.is_estimate,
        "assumptions": list(found.assumptions),
    }


def _span(period: Period) -> tuple[int, int]:
    return micros(period.start), micros(period.end)


def _in_force(priced: Priced, way: Direction) -> tuple[str, str]:
    """The one tariff that priced a direction throughout ('' where there were several), and what
    the tariffs that were in force are called."""
    tariffs = {
        term.tariff
        for usage in priced.usages
        if usage.meter.direction is way
        for term in priced.terms[usage.meter.id]
    }
    if len(tariffs) != 1:
        return "", NOW
    (tariff,) = tariffs
    return tariff, f"{priced.home.tariff_label(tariff)}, {NOW}"


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
