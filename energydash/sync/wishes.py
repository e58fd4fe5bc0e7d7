"""What somebody looks at is wished for, so that the crawler keeps it: faces say so, answers never.

Best effort, and beside the answer: nobody waits for it, and a store that is locked, full or
read-only loses a wish without a word. Who still looks will wish again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

from energydash.core.errors import StoreError
from energydash.core.feeds import Feed
from energydash.core.time import Period
from energydash.sources import aretas
from energydash.store import Store
from energydash.store.pulse import Pulse
from energydash.store.reads import Reads, watched
from energydash.sync.context import Context

__all__ = ["Pulse", "Reads", "note", "noted", "settle", "watched"]
log = logging.getLogger(__name__)

EVERY_S = 60.0  # a feed that stays on somebody's screen is noted this often
WAIT_S = 0.2  # for a lock
REMEMBERED = 5000

Key = tuple[str, tuple[str, str, str, str]]


@contextmanager
def noted(context: Context) -> Iterator[None]:
    """Wish for whatever the answers asked in this block are about."""
    with watched() as seen:
        yield
    note(context, seen.asked)


def note(context: Context, asked: Mapping[Feed, Period]) -> None:
    """Wish for these periods, in the background; cheap where that was done a moment ago."""
    now = context.now()
    news: dict[Feed, Period | None] = {}
    for feed, period in asked.items():
        if feed.owner and feed.source != aretas.INFO.name:
            continue  # a meter's history is fetched whole when it is connected
        period_now = period.intersect(Period(min(period.start, now), now + feed.horizon))
        if _is_news(context, feed, period_now):
            news[feed] = period_now
    if news:
        global _last
        _last = _worker.submit(_write, context.store, news, now)


def settle() -> None:
    """Wait until every wish is written or lost."""
    if _last is not None:
        _last.result()


def _write(store: Store, news: Mapping[Feed, Period | None], now: datetime) -> None:
    try:
        store.want(news, now, wait_s=WAIT_S)
    except StoreError as error:
        log.debug("%d wishes are lost: %s", len(news), error)


def _is_news(context: Context, feed: Feed, period: Period | None) -> bool:
    key, clock = (str(context.settings.home), feed.key), time.monotonic()
    with _guard:
        last, before = _noted.get(key, (clock - EVERY_S, None))
        known = period is None or (
            before is not None
            and before.start <= period.start
            and period.end <= before.end + timedelta(seconds=EVERY_S)
        )
        if known and clock - last < EVERY_S:
            return False
        if len(_noted) > REMEMBERED:
            _noted.clear()
        _noted[key] = (clock, period or before)
    return True


_noted: dict[Key, tuple[float, Period | None]] = {}
_guard = threading.Lock()
_worker = ThreadPoolExecutor(1, thread_name_prefix="wishes")
_last: Future[None] | None = None
