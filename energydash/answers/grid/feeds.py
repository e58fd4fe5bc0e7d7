"""Which feed answers for a region, and what is read from it: the ground of the grid's answers.

Each quantity of a region has an ordered list of sources. For each local day the answer comes from
the first of them that has the day; sources are never blended within one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from energydash import sources
from energydash.core.errors import InputError
from energydash.core.feeds import Feed, FeedData
from energydash.core.time import DAY, Period
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


def bring(
    context: Context,
    region: str,
    quantity: str,
    period: Period,
    *,
    progress: Progress | None = None,
) -> list[Refreshed]:
    """Fetch what the store lacks now; what only the crawler may fetch is asked of it instead.

    A mix brings the embedded generation that belongs to it.
    """
    place, done = find(region), []
    belonging = feeds_of(context, place, "embedded") if quantity == "mix" else ()
    for feed in (*feeds_of(context, place, quantity), *belonging):
        context.store.want(feed, context.now(), period)
        if not sources.source(feed.source).INFO.crawler_only:
            done.append(fetch.refresh(context, feed, period, progress=progress))
    return done


def read_days(
    context: Context, region: Region, quantity: str, period: Period, sample: Sample
) -> tuple[FeedData, ...]:
    """One reading per feed that was used, together at most one feed per local day.

    With sample data (asked for, or allowed where there is nothing at all) it is one reading that
    says so. Every feed is marked as wanted, so that the crawler keeps it.
    Raises: InputError where nobody has the quantity.
    """
    if quantity not in region.sources:
        raise _has_none(region, quantity)
    now = context.now()
    if context.sample:
        return (sample(region, period, now, "Sample data were asked for."),)
    found = feeds_of(context, region, quantity)
    inputs: list[FeedData] = []
    missing: Sequence[Period] = (period,)
    for feed in found:
        context.store.want(feed, now, _asked(period, now, feed.horizon))
        reading = fetch.read(context.store, feed, period, now)
        inputs.append(_only(reading, missing))
        missing = _days_without(reading.data, missing, region.zone)
        if not missing:
            break
    on_its_way = context.crawled and not any(reading.problem for reading in inputs)
    never = all(_never_fetched(reading) for reading in inputs)
    if context.sample_if_empty and never and not on_its_way:
        return (sample(region, period, now, why_sample(inputs[0])),)
    # Feeds that had nothing say so only where no other had anything either.
    used = [reading for reading in inputs if not reading.is_empty]
    return tuple(used or inputs[:1])


def joined(readings: Sequence[FeedData]) -> pd.DataFrame:
    """The frames of readings that share no day, as one."""
    if len(readings) == 1:
        return readings[0].data
    return pd.concat([reading.data for reading in readings]).sort_index()


def why_sample(reading: FeedData) -> str:
    """One sentence: why sample data are shown in place of this reading."""
    if reading.problem:
        return reading.problem.sentence
    title = sources.source(reading.feed.source).INFO.title
    return f"{title} has not been fetched yet."


def _never_fetched(reading: FeedData) -> bool:
    return reading.fetched_at is None and reading.newest is None and reading.is_empty


def _asked(period: Period, now: datetime, horizon: timedelta) -> Period | None:
    return period.intersect(Period(min(period.start, now), now + horizon))


def _only(reading: FeedData, parts: Sequence[Period]) -> FeedData:
    """The reading cut to `parts` of its period."""
    index = reading.data.index
    inside = pd.Series(False, index=index)
    for part in parts:
        inside |= (index >= pd.Timestamp(part.start)) & (index < pd.Timestamp(part.end))
    if inside.all():
        return reading
    return replace(reading, data=reading.data[inside])


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
