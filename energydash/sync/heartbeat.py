"""Whether a crawler lives: it says so in the store, and every face can tell when it last did."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from energydash.core.errors import StoreError
from energydash.core.findings import Finding
from energydash.store import Store

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)
DEAD_AFTER = timedelta(minutes=2)  # eight beats: a busy machine, or a lock, may cost a few
WAIT_S = 0.2  # for a lock


@dataclass(frozen=True)
class Life:
    """When a crawler last lived, None where none ever did; what is wrong, if anything is."""

    at: datetime | None
    problem: Finding | None = None


def beat(store: Store, now: datetime) -> None:
    """Say that the crawler lives; best effort, for a store that cannot be written is said by
    whoever has something to write."""
    try:
        store.beat(now, wait_s=WAIT_S)
    except StoreError as error:
        log.debug("a heartbeat is lost: %s", error)


def life(at: datetime | None, now: datetime) -> Life:
    """What is to be said of a crawler whose last sign of life this is."""
    if at is None or now - at <= DEAD_AFTER:
        return Life(at)
    sentence = f"The crawler has given no sign of life since {at:%-d %b %Y %H:%M} UTC."
    remedy = "Nothing new is fetched until it runs again: start energydash anew."
    return Life(at, Finding("crawler", sentence, remedy, since=at))
