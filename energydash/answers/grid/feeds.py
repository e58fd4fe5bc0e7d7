"""Which feed answers for a region, and what is read from it: the ground of the grid's answers.

Each quantity of a region has an ordered list of sources. For each local day the answer comes from
the first of them that has the day; sources are never blended within one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd

from energydash import sources
from energydash.core.coverage import Coverage
from energydash.core.errors import InputError
from energydash.core.feeds import Feed, FeedData
from energydash.core.time import DAY, Period, merge, subtract
from energydash.grid.regions import Region, find
from energydash.sync import fetch
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed

Sample = Callable[[Region, Period, datetime, str], FeedData]


def feeds_of(context: Context, region: Region, quantity: str) -> tuple[Feed, ...]:
    """The feeds that have a region's quantity, best first; none where nobody has it."""
    return tuple(
        feed
        for name in region.sources.get(quantity, ())
        for feed in sources.source(name).feeds(context.settings)
        if feed.subject == region.id and feed.quantity == quantity
    )


def feed_of(context: Context, region: str, quantity: str) -> Feed:
    """The first feed that has a region's quantity.

    Raises: InputError for an unknown region, and where it has no such quantity.
    """
    place = find(region)
    found = feeds_of(context, place, quantity)
    if not found:
        raise _has_none(place, quantity)
    return found[0]


def feeds_behind(context: Context, region: Region, quantity: str) -> tuple[Feed, ...]:
    """The same, and for a mix the embedded generation that belongs to it."""
    belonging = feeds_of(context, region, "embedded") if quantity == "mix" else ()
    return (*feeds_of(context, region, quantity), *belonging)


def bring(
    context: Context,
    region: str,
    quantity: str,
    period: Period,
    *,
    progress: Progress | None = None,
) -> list[Refreshed]:
    """Fetch what the store lacks now; what only the crawler may fetch is asked of it instead."""
    done = []
    for feed in feeds_behind(context, find(region), quantity):
        context.store.want({feed: period}, context.now())
        if not sources.source(feed.source).INFO.crawler_only:
            done.append(fetch.refresh(context, feed, period, progress=progress))
    return done


def read_days(
    context: Context, region: Region, quantity: str, period: Period, sample: Sample
) -> tuple[FeedData, ...]:
    """What each feed that was used has, together at most one feed per local day.

    Each is counted over the days that it answers for; days that nobody has are missing from the
    first. Where sample data are asked for, or are allowed and there is nothing at all, it is one
    FeedData that says so.
    Raises: InputError where nobody has the quantity.
    """
    if quantity not in region.sources:
        raise _has_none(region, quantity)
    now = context.now()
    if context.sample:
        return (sample(region, period, now, "Sample data were asked for."),)
    read: list[tuple[FeedData, list[Period]]] = []
    left = [period]
    for feed in feeds_of(context, region, quantity):
        found = fetch.read(context.store, feed, period, now)
        without = _days_without(found.data, left, region.zone)
        read.append((found, [part for one in left for part in subtract(one, without)]))
        left = without
        if not left:
            break
    on_its_way = context.crawled and not any(found.problem for found, _ in read)
    never = all(_never_fetched(found) for found, _ in read)
    if context.sample_if_empty and never and not on_its_way:
        return (sample(region, period, now, why_sample(read[0][0])),)
    # Feeds that had nothing say so only where no other had anything either.
    used = [(found, parts) for found, parts in read if parts] or [(read[0][0], [])]
    used[0] = (used[0][0], merge([*used[0][1], *left]))
    return tuple(_only(found, parts, period, now) for found, parts in used)


def joined(inputs: Sequence[FeedData]) -> pd.DataFrame:
    """The frames of feeds that share no day, as one."""
    if len(inputs) == 1:
        return inputs[0].data
    return pd.concat([found.data for found in inputs]).sort_index()


def counted(inputs: Sequence[FeedData]) -> Coverage:
    """How complete the feeds that share no day are together."""
    return sum((found.coverage for found in inputs), Coverage())


def why_sample(found: FeedData) -> str:
    """One sentence: why sample data are shown in place of this feed's."""
    if found.problem:
        return found.problem.sentence
    title = sources.source(found.feed.source).INFO.title
    return f"{title} has not been fetched yet."


def _never_fetched(found: FeedData) -> bool:
    return found.fetched_at is None and found.newest is None and found.is_empty


def _only(found: FeedData, parts: Sequence[Period], period: Period, now: datetime) -> FeedData:
    """The same, cut to `parts` of its period and counted over them."""
    if list(parts) in ([], [period]):
        return found
    index = found.data.index
    pieces, coverage = [], Coverage()
    for part in parts:
        piece = found.data[(index >= part.start) & (index < part.end)]
        awaited = [both for one in found.awaited if (both := one.intersect(part))]
        coverage += fetch.coverage_of(piece, found.feed, part, found.newest, now, awaited)
        pieces.append(piece)
    return replace(found, data=pd.concat(pieces), coverage=coverage)


def _days_without(frame: pd.DataFrame, periods: Sequence[Period], zone: str) -> list[Period]:
    """The local days within `periods` that have no row."""
    have = set(pd.DatetimeIndex(frame.index).tz_convert(zone).date)
    absent = []
    for period in periods:
        for day in period.days(zone):
            if day not in have:
                part = period.intersect(Period.local_days(day, day + DAY, zone))
                if part:
                    absent.append(part)
    return absent


def _has_none(region: Region, quantity: str) -> InputError:
    known = ", ".join(region.sources)
    return InputError(
        f"{region.name} has no {quantity.replace('-', ' ')} here.", remedy=f"It has {known}."
    )
