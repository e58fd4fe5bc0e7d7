"""What an answer was made of: the store notes it while somebody watches.

By this a page knows when a remembered answer is no longer true, whatever the answer shows of it: a
feed that had nothing yet, the prices of a tariff, a document. What an answer itself derives and
keeps is not noted: it changes only with what it was derived from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from energydash.core.feeds import Feed
from energydash.core.time import Period


@dataclass
class Reads:
    """What was read. asked: which period of a feed an answer is about, as the last asked.

    kinds: of documents. tariffs: codes whose prices were read. everything: a list of all feeds.
    is_awaited: some of what was asked for is still to be fetched.
    """

    feeds: dict[Feed, None] = field(default_factory=dict)
    asked: dict[Feed, Period] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    tariffs: set[str] = field(default_factory=set)
    everything: bool = False
    is_awaited: bool = False
    made: set[object] = field(default_factory=set)

    def settles_after(self) -> timedelta:
        """How long after its end a period's rows may still be merely not yet due."""
        waits = [3 * feed.cadence + (feed.step or timedelta(0)) for feed in self.feeds]
        return max(waits, default=timedelta(0))

    def are_over(self, now: datetime) -> bool:
        """Whether every period asked for has ended for good: only a write can change it."""
        if self.everything or self.is_awaited:
            return False
        until = now - self.settles_after()
        return all(period.end <= until for period in self.asked.values())


_watching: ContextVar[Reads | None] = ContextVar("reads", default=None)


@contextmanager
def watched() -> Iterator[Reads]:
    """What this thread reads from the store until the end of the block."""
    seen = Reads()
    token = _watching.set(seen)
    try:
        yield seen
    finally:
        _watching.reset(token)


def feed_read(*feeds: Feed) -> None:
    """Feeds are read."""
    seen = _watching.get()
    if seen is not None:
        seen.feeds.update(dict.fromkeys(feed for feed in feeds if feed not in seen.made))


def asked(feed: Feed, period: Period, *, is_awaited: bool = False) -> None:
    """An answer is about this period of a feed; some of it may be still to be fetched."""
    seen = _watching.get()
    if seen is not None:
        before = seen.asked.get(feed, period)
        seen.asked[feed] = Period(min(before.start, period.start), max(before.end, period.end))
        seen.is_awaited |= is_awaited


def documents_read(kind: str) -> None:
    """Documents of a kind are read."""
    seen = _watching.get()
    if seen is not None and kind not in seen.made:
        seen.kinds.add(kind)


def rates_read(tariff: str) -> None:
    """The prices of a tariff are read."""
    seen = _watching.get()
    if seen is not None:
        seen.tariffs.add(tariff)


def everything_read() -> None:
    """A list of all feeds is read."""
    seen = _watching.get()
    if seen is not None:
        seen.everything = True


def made(what: Feed | str) -> None:
    """The answer itself wrote a feed, or documents of a kind."""
    seen = _watching.get()
    if seen is not None:
        seen.made.add(what)
        if isinstance(what, Feed):
            seen.feeds.pop(what, None)
        else:
            seen.kinds.discard(what)
