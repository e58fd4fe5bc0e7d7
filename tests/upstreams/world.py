"""The one world that all stand-ins describe: a clock, seeded values, and what a test publishes.

Values are a function of the seed, a name and an instant, so that the same instant gives the same
value in whatever period it is asked, and values move on as the clock does.
"""

from __future__ import annotations

import hashlib
import math
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from energydash.core.time import utc_now
from tests import clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(1 << 17)  # a year of prices is asked for in every test that connects a home
def uniform(seed: int, *key: object) -> float:
    """A number in [0, 1) that only the seed and the key decide."""
    text = "|".join(str(part) for part in (seed, *key))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


@dataclass(frozen=True)
class Published:
    """A value that a test published under a name, for instants from `since` on."""

    value: Any
    since: datetime = EPOCH


@dataclass
class World:
    """Seed and published overrides; shared by the handlers of all hosts.

    published: name -> what a test wants to be seen instead of the seeded value. Stand-ins whose
    values come from `value` follow it by themselves; names are `<source>/<subject>/<part>`.
    """

    seed: int = 1
    published: dict[str, Published] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        """The clock of energydash itself, which a test may set; UTC."""
        return utc_now()

    def set_now(self, instant: datetime) -> None:
        """Stop that clock at an instant, for stand-ins and energydash alike."""
        clock.set_now(instant)

    def publish(self, name: str, value: Any, since: datetime = EPOCH) -> None:
        """Answer `value` for `name` from now on, for instants from `since` on."""
        with self.lock:
            self.published[name] = Published(value, since)

    def override(self, name: str, instant: datetime, default: Any = None) -> Any:
        """What was published for a name at an instant, or the default."""
        found = self.published.get(name)
        return found.value if found and instant >= found.since else default

    def uniform(self, *key: object) -> float:
        """A number in [0, 1) that only the seed and the key decide."""
        return uniform(self.seed, *key)

    def value(self, name: str, instant: datetime, low: float, high: float) -> float:
        """A value in [low, high] that moves with the day and wanders from hour to hour.

        60 % daily wave (its peak at an hour of the name's own), 40 % noise interpolated
        between hours. A published value goes before.
        """
        override = self.override(name, instant)
        if override is not None:
            return float(override)
        hours = (instant - EPOCH) / timedelta(hours=1)
        before = math.floor(hours)
        part = hours - before
        noise = (1 - part) * self.uniform(name, before) + part * self.uniform(name, before + 1)
        peak = 24 * self.uniform(name, "peak")
        wave = 0.5 + 0.5 * math.cos((hours - peak) / 24 * 2 * math.pi)
        return low + (high - low) * (0.6 * wave + 0.4 * noise)
