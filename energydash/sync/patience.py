"""How long an upstream in trouble is left alone.

After trouble it is asked again within 30 seconds, and after each further one twice as late, an
hour at most: a dead host gets about 30 questions a day from one crawler. A fifth of each wait is
left to chance, so that crawlers on several machines do not ask at once. A refused key, which does
not mend itself, is tried every quarter of an hour at most. Where the upstream names a time, that is
kept instead; and "Fetch now" is at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
REFUSED_KEY = timedelta(minutes=15)
CHANCE = 0.2


def wait_after(troubles: int, chance: float = 0.0) -> timedelta:
    """How long to wait after so many troubles in a row, 1 for the first; chance: 0 to 1."""
    longest = min(LONGEST, FIRST * int(2 ** min(troubles - 1, 20)))
    return longest * (1 - CHANCE * chance)


class Patience:
    """Who is left alone until when. Names are anything: an upstream, a feed."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._resting: dict[Hashable, tuple[int, datetime]] = {}

    def may_ask(self, name: Hashable, now: datetime) -> bool:
        known = self._resting.get(name)
        return known is None or known[1] <= now

    def trouble(self, name: Hashable, now: datetime, least: timedelta = timedelta(0)) -> None:
        """It met trouble, once more."""
        troubles = self._resting.get(name, (0, now))[0] + 1
        self._resting[name] = (troubles, now + max(least, wait_after(troubles, self._chance())))

    def well(self, name: Hashable) -> None:
        """It works."""
        self._resting.pop(name, None)
