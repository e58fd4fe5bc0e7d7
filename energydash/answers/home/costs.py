"""Costs, bills, the map of days, and trouble, over any period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from energydash.answers.home.pricing import Priced, card_of, price_home
from energydash.core.feeds import Feed, FeedData, FromFeeds
from energydash.core.time import Period
from energydash.home.bills import Bill, runs
from energydash.home.bills import bill as bill_of
from energydash.home.costs import By, Costs
from energydash.home.costs import costs as costs_of
from energydash.home.meters import Direction, Meter
from energydash.home.prices import terms
from energydash.home.profile import Profile, Value
from energydash.home.profile import day_map as day_map_of
from energydash.home.profile import profile as profile_of
from energydash.home.quality import Trouble, backdated, find
from energydash.sync import documents
from energydash.sync.context import Context


@dataclass(frozen=True, eq=False)
class Answer(FromFeeds):
    """What every answer about a home carries: whose readings, and the feeds of its prices."""

    period: Period
    meters: tuple[Meter, ...]
    inputs: tuple[FeedData, ...]
    prices: tuple[Feed, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CostsAnswer(Answer):
    """costs: rows and totals. missing: runs of half-hours without a reading, by meter id."""

    costs: Costs
    missing: tuple[tuple[Meter, Period], ...]
    profiles: tuple[tuple[Meter, Profile], ...]

    def to_json(self) -> dict[str, Any]:
        """The shape of the command line and REST."""
        return self.costs.to_json()


@dataclass(frozen=True, eq=False)
class BillAnswer(Answer):
    """A statement per meter, and what is left to pay."""

    bill: Bill

    def to_json(self) -> dict[str, Any]:
        """Exact decimals as texts; `raw` and `billed` side by side."""
        return bill_json(self.bill)


@dataclass(frozen=True, eq=False)
class MapAnswer(Answer):
    """Local days by half-hours of the local day."""

    table: pd.DataFrame
    value: Value


@dataclass(frozen=True, eq=False)
class TroublesAnswer(Answer):
    """What is wrong, the dearest first."""

    troubles: tuple[Trouble, ...]


def costs(
    context: Context,
    period: Period,
    by: By | str = By.DAY,
    meter: str = "",
    energy: str = "",
    *,
    carbon: bool = False,
) -> CostsAnswer:
    """What energy cost by `by`, and what it emitted where `carbon` is asked for.

    Raises: InputError for a meter or energy that is none.
    """
    priced = price_home(context, period, meter, energy, carbon=carbon)
    missing = tuple((usage.meter, gap) for usage in priced.usages for gap in runs(usage.missing_us))
    profiles = tuple(
        (usage.meter, found)
        for usage in priced.usages
        if usage.meter.direction is Direction.IMPORT and (found := profile_of(usage))
    )
    return CostsAnswer(*_common(period, priced), costs_of(priced.usages, By(by)), missing, profiles)


def bill(context: Context, period: Period, meter: str = "", energy: str = "") -> BillAnswer:
    """A statement per meter; every energy of the home where none is named."""
    energies = [energy] if energy or meter else ["electricity", "gas"]
    parts = [price_home(context, period, meter, one) for one in energies]
    joined = _join(parts)
    return BillAnswer(*_common(period, joined), bill_of(joined.usages, period))


def day_map(
    context: Context,
    period: Period,
    value: Value = Value.KWH,
    direction: Direction = Direction.IMPORT,
    meter: str = "",
    energy: str = "",
) -> MapAnswer:
    """Days by half-hours, one direction."""
    priced = price_home(context, period, meter, energy, carbon=value is Value.CARBON)
    return MapAnswer(*_common(period, priced), day_map_of(priced.usages, direction, value), value)


def troubles(context: Context, period: Period, meter: str = "", energy: str = "") -> TroublesAnswer:
    """Gaps, zeros, spikes, odd days, stopped meters, doubles, unpriced energy, and agreements
    that changed after the fact."""
    priced = price_home(context, period, meter, energy)
    found = [*_backdated(context, period, priced), *find(priced.usages)]
    return TroublesAnswer(*_common(period, priced), tuple(found))


def _backdated(context: Context, period: Period, priced: Priced) -> list[Trouble]:
    """What changed agreements did to this period, priced both ways."""
    if priced.home.is_sample:
        return []
    earlier = documents.earlier_agreements(context.store)
    found: list[Trouble] = []
    for usage in priced.usages:
        one = usage.meter
        if one.id not in earlier:
            continue
        before = terms(one, priced.home.tariffs, earlier[one.id], period)
        after = terms(one, priced.home.tariffs, priced.home.agreements, period)
        cards = dict(priced.cards)
        for term in before:
            if term.tariff not in cards:
                cards[term.tariff] = card_of(
                    context, priced.home, term.tariff, period, one.direction, term.payment_method
                )
        found += backdated(usage, period, before, after, cards)
    return found


def bill_json(bill: Bill) -> dict[str, Any]:
    """A bill as JSON: money and energy as exact texts."""
    return {
        "statements": [
            {
                "meter": one.meter.id,
                "energy": one.meter.energy.value,
                "direction": one.meter.direction.value,
                "lines": [
                    {
                        "tariff": line.rate.tariff,
                        "p_per_kwh_inc_vat": line.rate.inc_vat,
                        "p_per_kwh_exc_vat": line.rate.exc_vat,
                        "kwh": line.kwh,
                        "gbp": line.amount.inc_vat,
                        "billed_kwh": line.billed_kwh,
                        "billed_gbp": line.billed.inc_vat,
                    }
                    for line in one.lines
                ],
                "standing": [
                    {
                        "days": line.days,
                        "p_per_day_inc_vat": line.pence_per_day,
                        "gbp": line.amount.inc_vat,
                    }
                    for line in one.standing
                ],
                "kwh": one.kwh,
                "m3": one.m3,
                "unpriced_kwh": one.unpriced_kwh,
                "missing": one.missing_half_hours,
                "exc_vat_gbp": one.total.exc_vat,
                "vat_gbp": one.total.vat,
                "total_gbp": one.total.inc_vat,
                "billed_total_gbp": one.billed_total.inc_vat,
                "notes": list(one.notes),
            }
            for one in bill.statements
        ],
        "charges_gbp": bill.charges_gbp,
        "export_credit_gbp": bill.credit_gbp,
        "net_gbp": bill.net_gbp,
        "billed_net_gbp": bill.billed_net_gbp,
    }


def _common(
    period: Period, priced: Priced
) -> tuple[Period, tuple[Meter, ...], tuple[FeedData, ...], tuple[Feed, ...], tuple[str, ...]]:
    meters = tuple(usage.meter for usage in priced.usages)
    return period, meters, priced.inputs, priced.prices, priced.notes


def _join(parts: list[Priced]) -> Priced:
    first = parts[0]
    by_meter = {
        usage.meter.id: (usage, reading)
        for part in parts
        for usage, reading in zip(part.usages, part.inputs, strict=True)
    }
    return Priced(
        first.home,
        tuple(usage for usage, _ in by_meter.values()),
        tuple(reading for _, reading in by_meter.values()),
        {key: found for part in parts for key, found in part.terms.items()},
        tuple(dict.fromkeys(feed for part in parts for feed in part.prices)),
        {key: card for part in parts for key, card in part.cards.items()},
    )
