"""Fetching for a home: readings and prices of a period, on a click or on a command."""

from __future__ import annotations

from energydash import fetch, household
from energydash.context import Context
from energydash.feeds import Feed
from energydash.sources import octopus
from energydash.time import Period


def fetch_now(
    context: Context, period: Period, progress: fetch.Progress | None = None
) -> tuple[fetch.Refreshed, ...]:
    """Ask Octopus for what the store lacks of every connected meter and tariff in `period`.

    Trouble is in the results, never raised; `progress` gets a fraction and what is being asked.
    """
    feeds = feeds_of(context, period)
    done: list[fetch.Refreshed] = []
    for number, feed in enumerate(feeds):
        start = number / len(feeds)

        def step(fraction: float, words: str, start: float = start) -> None:
            if progress:
                progress(start + fraction / len(feeds), words)

        done.append(fetch.refresh(context, feed, period, progress=step))
    return tuple(done)


def feeds_of(context: Context, period: Period) -> list[Feed]:
    """The connected meters' readings, and the prices of every agreement in the period."""
    owner = context.store.household()
    meters = [household.meter_feed(one, owner) for one in household.meters(context.store)]
    codes = [
        one.tariff
        for one in household.agreements(context.store)
        if (one.valid_from is None or one.valid_from < period.end)
        and (one.valid_to is None or one.valid_to > period.start)
    ]
    prices = [feed for code in dict.fromkeys(codes) for feed in octopus.tariff_feeds(code)]
    return [*(one for one in meters if one.address), *prices]
