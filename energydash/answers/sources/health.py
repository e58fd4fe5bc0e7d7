"""How every source is doing: last success, last error, age, rows; and trying again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from energydash import sources
from energydash.core.errors import BadCredentials
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.sources import octopus
from energydash.store import Store
from energydash.sync import documents, fetch, heartbeat, jobs
from energydash.sync.context import Context

State = Literal["live", "stale", "trouble", "waiting", "ended", "not configured"]
PRICES = ("unit-rate", "standing-charge")  # feeds of rates: no readings, so none is the newest
_WORRYING: tuple[State, ...] = ("trouble", "stale")


@dataclass(frozen=True)
class FeedHealth:
    """One feed: what is stored of it, and what it last said."""

    feed: Feed
    state: State
    rows: int
    newest: datetime | None
    fetched_at: datetime | None
    problem: Finding | None


@dataclass(frozen=True)
class SourceHealth:
    """One source, and its feeds that were ever asked for. refusal: what an account of it said."""

    info: sources.Info
    state: State
    feeds: tuple[FeedHealth, ...]
    offered: int
    refusal: Finding | None = None

    @property
    def rows(self) -> int:
        return sum(feed.rows for feed in self.feeds)

    @property
    def newest(self) -> datetime | None:
        return max((feed.newest for feed in self.feeds if feed.newest), default=None)

    @property
    def fetched_at(self) -> datetime | None:
        return max((feed.fetched_at for feed in self.feeds if feed.fetched_at), default=None)

    @property
    def problem(self) -> Finding | None:
        return self.refusal or next((feed.problem for feed in self.feeds if feed.problem), None)


@dataclass(frozen=True)
class Health:
    """Every source, the store they write to, and the crawler that asks them."""

    sources: tuple[SourceHealth, ...]
    crawler: heartbeat.Life
    store_bytes: int
    cache_bytes: int
    home: Path
    configured: tuple[str, ...]


def health(context: Context, personal: bool = True) -> Health:
    """Every source's health. `personal=False` leaves out the household's own sources."""
    now, store = context.now(), context.store
    summary = store.summary()
    known = {feed.key: feed for feed in store.feeds()}
    kept = {feed.key for feed in documents.feeds(store, now)}
    names = documents.names(store)
    names |= {one.id: one.name for one in documents.meters(store)}
    names |= {one.id: one.name for one in documents.batteries(store)}
    found = []
    for name in sources.MODULES:
        module = sources.source(name)
        if module.INFO.personal and not personal:
            continue
        offered = module.feeds(context.settings)
        mine = summary[summary["source"] == name]
        feeds = tuple(
            _feed_health(store, replace(known[key], name=names.get(key[2], "")), row, now, kept)
            for key, row in zip(_keys(mine), mine.to_dict("records"), strict=True)
            if key in known and (personal or not key[0])
        )
        # A household's feeds are known only once it is connected: until then it is waited for.
        is_offered = bool(offered or context.settings.named(name))
        count = max(len(offered), len(feeds))
        refusal = next(iter(_refusals(context)), None) if name == octopus.INFO.name else None
        state: State = "trouble" if refusal else _state(feeds, is_offered)
        found.append(SourceHealth(module.INFO, state, feeds, count, refusal))
    return Health(
        tuple(found),
        crawler(context),
        store.size_bytes(),
        folder_bytes(context.settings.cache_folder),
        context.settings.home,
        tuple(sorted(set(context.settings.sections) - {"share", "grid"})),
    )


def crawler(context: Context) -> heartbeat.Life:
    """When the crawler of this store last lived, and what is wrong with it if anything is."""
    return heartbeat.life(context.store.pulse().crawled_at, context.now())


def in_words(found: Health) -> str:
    """`4 sources are live, 1 in trouble: Elexon.`"""
    names: dict[State, list[str]] = {}
    for source in found.sources:
        names.setdefault(source.state, []).append(source.info.title)
    live = len(names.get("live", ()))
    said = [f"{live} of {len(found.sources)} sources are live"]
    said += [f"{state}: {', '.join(names[state])}" for state in _WORRYING if state in names]
    return "; ".join(said) + "."


def refused(context: Context) -> tuple[Finding, ...]:
    """Each key, password or account number that an upstream refused when it was last asked, once.

    Said in one place, above every page: whatever else the same upstream refuses has one cause.
    """
    store, met = context.store, _refusals(context)
    feeds = store.feeds()
    said = [
        (feed, state.problem) for feed, state in zip(feeds, store.states(feeds), strict=True)
        if state.problem and is_refusal(state.problem, feed)
    ]  # fmt: skip
    # What is not kept any more is not asked again: its trouble would stand there for ever.
    kept = {feed.key for feed in documents.feeds(store, context.now())} if said else set()
    met += [problem for feed, problem in said if not feed.owner or feed.key in kept]
    return tuple({one.sentence: one for one in met}.values())


def _refusals(context: Context) -> list[Finding]:
    """What the configured Octopus accounts answered that waiting does not mend."""
    known = documents.accounts(context.store)
    mine = [known[one.name] for one in context.settings.named("octopus") if one.name in known]
    return [one.problem for one in mine if one.problem and one.problem.kind not in jobs.PASSING]


def is_refusal(problem: Finding, feed: Feed) -> bool:
    """Whether a feed's trouble is that of its key, which does not mend itself."""
    has_key = feed.source in sources.MODULES and sources.source(feed.source).INFO.needs
    return bool(has_key) and problem.kind == BadCredentials.__name__


def publisher(feed: Feed) -> str:
    """Who publishes a feed, as the user reads it."""
    if feed.source not in sources.MODULES:
        return {"file": "Imported file"}.get(feed.source, feed.source)
    return sources.source(feed.source).INFO.title


def retry(context: Context, feed: Feed, period: Period) -> fetch.Refreshed | None:
    """Ask again now. A source that only the crawler may import is put on its list (None): it
    comes to it within a second or two, whatever time the upstream had named."""
    context.store.want({feed: period}, context.now())
    if sources.source(feed.source).INFO.crawler_only:
        problem = context.store.state(feed).problem
        if problem:  # due now: no longer left alone
            context.store.set_problem(feed, replace(problem, retry_at=context.now()))
        return None
    # A household's feed needs its private address, which only the household's documents have.
    own = {one.key: one for one in documents.feeds(context.store, context.now())}
    return fetch.refresh(context, own.get(feed.key, feed), period, force=True)


def clear(context: Context, feed: Feed) -> int:
    """Delete what is stored of a feed, so that it is fetched anew; the number of rows."""
    start = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return context.store.delete(feed, Period(start, context.now() + timedelta(days=366)))


def folder_bytes(folder: Path) -> int:
    """The size of every file under a folder; zero where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _keys(summary: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    columns = summary[["owner", "source", "subject", "quantity"]]
    return [tuple(row) for row in columns.itertuples(index=False)]


def _feed_health(
    store: Store,
    feed: Feed,
    row: dict[Hashable, Any],
    now: datetime,
    kept: set[tuple[str, str, str, str]],
) -> FeedHealth:
    """A household's feed that is not kept any more is of a home moved out of, or a tariff left."""
    newest, fetched_at = _instant(row["newest"]), _instant(row["fetched_at"])
    problem = store.state(feed).problem if row["problem"] else None
    limit = 3 * feed.cadence + (feed.step or timedelta(0))
    state: State = "live"
    if problem:
        state = "trouble"
    elif fetched_at is None:
        state = "waiting"
    elif (feed.owner or feed.quantity in PRICES) and feed.key not in kept:
        state = "ended"
    elif (said := fetched_at if feed.quantity in PRICES else newest) is None or now - said > limit:
        state = "stale"
    return FeedHealth(feed, state, int(row["rows"]), newest, fetched_at, problem)


def _state(feeds: tuple[FeedHealth, ...], offered: bool) -> State:
    if not offered and not feeds:
        return "not configured"
    order: tuple[State, ...] = ("trouble", "stale", "live")
    return next((s for s in order if any(feed.state == s for feed in feeds)), "waiting")


def _instant(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()
