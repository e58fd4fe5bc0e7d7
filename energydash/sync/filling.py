"""A stretch of history, fetched because somebody asked for it on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from energydash import sources
from energydash.core import bounds
from energydash.core.time import Period
from energydash.sources import http
from energydash.sync import crawler, fetch
from energydash.sync.context import Context


def stretch(context: Context, first: str | None, end: str | None, days: int | None) -> Period:
    """The period that `--from`, `--to` and `--days` mean; the last two days without any."""
    usual = timedelta(days=2 if days is None else days)
    return bounds.period_of(first, end, "UTC", context.now(), usual=usual, longest=timedelta.max)


def fill(
    context: Context,
    period: Period,
    *,
    subjects: Sequence[str] = (),
    source: str | None = None,
    personal: bool = False,
    dry_run: bool = False,
    force: bool = False,
) -> Iterator[str]:
    """Fetch a stretch of history for the feeds chosen; a line about each as it is done.

    personal: the household's own feeds instead of the grid's. Without a source or a subject, the
    grid's feeds are those that the crawler keeps anyway.
    """
    if source is not None:
        sources.source(source)
    wanted = {want.key for want in context.store.wanted(context.now() - crawler.LOOKED_AT)}
    wanted |= crawler.first_page_feeds(context)
    chosen = [
        feed
        for feed in crawler.all_feeds(context)
        if bool(feed.owner) == personal
        and (not source or feed.source == source)
        and (not subjects or feed.subject in subjects)
        and (source or subjects or feed.key in wanted)
    ]
    with http.shared():  # one download of a file serves every feed that is in it
        for feed in chosen:
            if not dry_run:
                yield in_words(fetch.refresh(context, feed, period, force=force))
                continue
            gaps = [period] if force else fetch.missing(context.store, feed, period, context.now())
            yield f"{feed}: " + (", ".join(str(gap) for gap in gaps) or "nothing to fetch")


def in_words(done: fetch.Refreshed) -> str:
    """A line about what a refresh did."""
    if done.problem:
        return f"{done.feed}: {done.problem.sentence} {done.problem.remedy}".rstrip()
    if done.busy:
        return f"{done.feed}: somebody else is fetching it"
    counted = f"{done.rows} rows, {done.changed} changed, {done.withdrawn} withdrawn"
    odd = (found.sentence for found in (*done.refused, *done.doubted))
    return ". ".join([f"{done.feed}: {counted}", *odd])
