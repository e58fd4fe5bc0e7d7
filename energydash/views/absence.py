"""Why a figure is not there: the five faces of nothing, each a sentence of its own.

Made here alone, from a feed's coverage: not connected, being fetched, not published yet, missing,
unpriced. What is late by less than `SAID_FROM` is said by the age of the newest figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from energydash.answers.sources import health
from energydash.core.coverage import Coverage, Gap, plural, steps_word
from energydash.core.feeds import FeedData
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period, zone_info
from energydash.views import cache, formatting

NAMED = 3  # gaps that a sentence names
SAID_FROM = timedelta(hours=2)


def sentences(
    found: FeedData, zone: str = LONDON, counted: Coverage | None = None
) -> tuple[str, ...]:
    """One sentence for each reason why a part of a period has no figure; none where all is there.

    counted: what is known of the whole answer, where that is more than the one feed.
    """
    coverage = found.coverage if counted is None else counted
    return tuple(
        text for gap, periods in coverage.gaps.items()
        if (text := _sentence(gap, periods, coverage, found, zone))
    )  # fmt: skip


def _sentence(
    gap: Gap, periods: Sequence[Period], coverage: Coverage, found: FeedData, zone: str
) -> str:
    now, who = cache.context().now(), health.publisher(found.feed)
    where = _named(periods, zone, now)
    if gap is Gap.FETCHING:
        return fetching(coverage, found)
    if gap is Gap.MISSING:
        if found.feed.history and periods[-1].end <= now - found.feed.history:
            return f"{who} publishes its last {formatting.age(found.feed.history)} only."
        return f"{_of(coverage, gap, coverage.expected)} missing: {where}."
    if gap is Gap.PENDING:
        late = sum((period.duration for period in periods), timedelta(0))
        if late < SAID_FROM:
            return ""
        return f"{who} has not published {_of(coverage, gap, coverage.asked)} yet: {where}."
    if gap is Gap.UNPRICED:
        return f"{_of(coverage, gap, coverage.asked)} without a known price: {where}."
    return f"{_of(coverage, gap, coverage.asked)} not connected: {where}."


def whole(found: FeedData, period: Period, zone: str = LONDON) -> tuple[str, str]:
    """Why a period has no figure at all, and what comes of it: two sentences."""
    feed, now = found.feed, cache.context().now()
    who = health.publisher(feed)
    newest = (
        f"The newest of {who} is of {formatting.clock(found.newest, zone, now)}."
        if found.newest
        else f"Nothing of {who} has been fetched yet."
    )
    if found.problem:
        return "There are no figures of this period.", "The reason is given on this page."
    if on_its_way(found):
        return f"Being fetched from {who}.", "It appears here by itself."
    if feed.history and period.end <= now - feed.history:
        return (
            f"{who} publishes its last {formatting.age(feed.history)} only.",
            "What has been fetched since energydash first asked is kept: choose a later period.",
        )
    if period.start >= now:
        return "This period has not begun.", newest
    if found.coverage.pending and not found.coverage.missing:
        return f"{who} has not published this period yet.", newest
    return "There are no figures of this period.", newest


def on_its_way(*inputs: FeedData) -> bool:
    """Whether anything of them is still being fetched: worth looking again soon."""
    if not cache.context().crawled:
        return False
    return any(found.awaited and not found.problem for found in inputs)


def part_fetched(coverage: Coverage) -> float:
    """How much of a period needs no more asking, 0 to 1."""
    left = coverage.count(Gap.FETCHING) / coverage.asked if coverage.asked else 0.0
    return min(1.0, max(0.0, 1 - left))


def fetching(coverage: Coverage, found: FeedData) -> str:
    """`Being fetched: 12 of 31 days so far.`; where nobody is at it, that it never was."""
    if found.problem:
        return ""
    step = coverage.step or HALF_HOUR
    days, done = coverage.asked * step / DAY, part_fetched(coverage)
    if cache.context().crawled:
        amount = f"{done * days:.0f} of {days:.0f} days" if days > 2 else f"{100 * done:.0f} %"
        return f"Being fetched: {amount} so far."
    if days > 2:
        return f"Only {done * days:.0f} of {days:.0f} days have been fetched."
    return f"Only {100 * done:.0f} % of this period has been fetched."


def _of(coverage: Coverage, gap: Gap, whole: int) -> str:
    """`12 of 48 half-hours`."""
    step = coverage.step or HALF_HOUR
    return f"{coverage.count(gap):,} of {plural(whole, steps_word(step, 1))}"


def _named(periods: Sequence[Period], zone: str, now: datetime) -> str:
    """`Thu 03:00 to 09:00, 3 Mar to 9 Mar and 2 more gaps`."""
    named = ", ".join(_between(one, zone, now) for one in periods[:NAMED])
    more = len(periods) - NAMED
    return f"{named} and {more} more {'gap' if more == 1 else 'gaps'}" if more > 0 else named


def _between(one: Period, zone: str, now: datetime) -> str:
    start, end = (at.astimezone(zone_info(zone)) for at in (one.start, one.end))
    first = formatting.clock(one.start, zone, now)
    if start.date() == end.date():
        return f"{first} to {end:%H:%M}"
    return f"{first} to {formatting.clock(one.end, zone, now)}"
