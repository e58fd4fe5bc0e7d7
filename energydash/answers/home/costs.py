"""Costs, bills, the map of days, and trouble, over any period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from energydash.answers.home.pricing import Priced, price_home, prices_of
from energydash.core.feeds import Feed, FeedData, FromFeeds
from energydash.core.findings import Finding
from energydash.core.time import LONDON, Period
from energydash.home.bills import Bill
from energydash.home.bills import bill as bill_of
from energydash.home.costs import By, Change, Costs, change
from energydash.home.costs import costs as costs_of
from energydash.home.meters import Direction, Meter
from energydash.home.profile import Profile, Value
from energydash.home.profile import day_map as day_map_of
from energydash.home.profile import profile as profile_of
from energydash.home.quality import backdated, find
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
    """costs: rows and totals, with what of the period they are of."""

    costs: Costs
    profiles: tuple[tuple[Meter, Profile], ...]


@dataclass(frozen=True, eq=False)
class BillAnswer(Answer):
    """A statement per meter, and what is left to pay. names: of published tariffs, by code."""

    bill: Bill
    names: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class MapAnswer(Answer):
    """Local days by half-hours of the local day."""

    table: pd.DataFrame
    value: Value


@dataclass(frozen=True, eq=False)
class FindingsAnswer(Answer):
    """What is odd or wrong, the dearest first; a finding's subject is the meter's id."""

    findings: tuple[Finding, ...]


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
    profiles = tuple(
        (usage.meter, found)
        for usage in priced.usages
        if usage.meter.direction is Direction.IMPORT and (found := profile_of(usage))
    )
    return CostsAnswer(*_common(period, priced), costs_of(priced.usages, By(by)), profiles)


def costs_against(
    context: Context, period: Period, before: Period, meter: str = "", energy: str = ""
) -> Change:
    """What changed since another period, over the days that both have in full."""
    now, then = (costs(context, one, By.DAY, meter, energy) for one in (period, before))
    zone = now.meters[0].zone if now.meters else LONDON
    days = period.days(zone), before.days(zone)
    return change(now.costs, days[0][0], then.costs, days[1][0], len(days[0]))


def bill(context: Context, period: Period, meter: str = "", energy: str = "") -> BillAnswer:
    """A statement per meter; every energy of the home where none is named."""
    energies = [energy] if energy or meter else ["electricity", "gas"]
    parts = [price_home(context, period, meter, one) for one in energies]
    joined = _join(parts)
    bill = bill_of(joined.usages, period)
    return BillAnswer(*_common(period, joined), bill, joined.names)


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


def findings(context: Context, period: Period, meter: str = "", energy: str = "") -> FindingsAnswer:
    """Gaps, zeros, spikes, odd days, stopped meters, doubles, unpriced energy, and agreements
    that changed after the fact."""
    priced = price_home(context, period, meter, energy)
    every = [*_backdated(context, period, priced), *find(priced.usages)]
    return FindingsAnswer(*_common(period, priced), tuple(every))


def _backdated(context: Context, period: Period, priced: Priced) -> list[Finding]:
    """What changed agreements did to this period, priced both ways."""
    if priced.home.is_sample:
        return []
    earlier = documents.earlier_agreements(context.store)
    every: list[Finding] = []
    for usage, known in zip(priced.usages, priced.tariffs, strict=True):
        if usage.meter.id in earlier:
            then = replace(priced.home, agreements=tuple(earlier[usage.meter.id]))
            before = prices_of(context, then, usage.meter, period)
            every += backdated(usage, before.prices, known.prices)
    return every


def _common(
    period: Period, priced: Priced
) -> tuple[Period, tuple[Meter, ...], tuple[FeedData, ...], tuple[Feed, ...], tuple[str, ...]]:
    meters = tuple(usage.meter for usage in priced.usages)
    return period, meters, priced.inputs, priced.prices, priced.notes


def _join(parts: list[Priced]) -> Priced:
    """Several energies of one home, each meter once."""
    by_meter = {
        usage.meter.id: (usage, data, tariffs)
        for part in parts
        for usage, data, tariffs in zip(part.usages, part.inputs, part.tariffs, strict=True)
    }
    usages, inputs, tariffs = zip(*by_meter.values(), strict=True) if by_meter else ((), (), ())
    return Priced(parts[0].home, usages, inputs, tariffs)
