"""Remembers answers while they are true: for pages, for REST.

An answer is remembered by its name and its plain arguments, with what it read from the store. It is
worked out again when a feed, a tariff or a document that it was made of has changed; one about now
every half minute too. All who ask share it, and one look at the store. Frames are never arguments:
there is no cheap way to tell two of them apart.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from energydash.core.time import Period
from energydash.sync import wishes
from energydash.sync.context import Context
from energydash.sync.wishes import Pulse, Reads

P = ParamSpec("P")
T = TypeVar("T")

FRESH = timedelta(seconds=30)  # answers that depend on the clock are worked out again this often
KEEP_S = 600  # after its last use
PULSE_KEEPS_S = 0.5  # one look at the store serves every card of a page


@dataclass(frozen=True)
class Asked(Generic[T]):
    """An answer, and the key under which whatever is drawn from it can be remembered."""

    result: T
    key: str


class Memo:
    """What one face remembers: answers are frozen, so it is shared, not copied.

    most: how much may be remembered, each answer weighing 1, or what `weigh` says.
    """

    def __init__(self, most: int, weigh: Callable[[Any], int] = lambda result: 1) -> None:
        self._answers: Recent[_Known] = Recent(most, lambda known: weigh(known.result))
        self._locks = tuple(threading.Lock() for _ in range(32))

    def ask(
        self,
        here: Context,
        function: Callable[Concatenate[Context, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> Asked[T]:
        """`function(here, *arguments)`, remembered; arguments are plain values, never frames."""
        name = (
            f"{here.settings.home}|{here.sample}|{here.crawled}|{function.__module__}."
            f"{function.__qualname__}{plain_key(arguments)}{plain_key(named)}"
        )
        seen = pulse(here)
        known = self._answers.get(name)
        if known is None or not known.holds(seen, here.now()):
            with self._locks[hash(name) % len(self._locks)]:
                known = self._answers.get(name)
                if known is None or not known.holds(seen, here.now()):
                    with wishes.watched() as read:
                        result = function(here, *arguments, **named)
                    is_over = _is_over((arguments, named), read, here.now())
                    bucket = None if is_over else _bucket(here.now())
                    known = self._answers.put(name, _Known(result, read, seen.of(read), bucket))
        wishes.note(here, known.read.asked)
        return Asked(known.result, f"{name}@{known.bucket}{known.moves}")

    def forget(self) -> None:
        """Drop everything remembered."""
        self._answers.clear()
        _pulses.clear()


@dataclass(frozen=True)
class _Known:
    """An answer, what it read, what moves with that, and the half minute it is about if any."""

    result: Any
    read: Reads
    moves: tuple[object, ...]
    bucket: int | None

    def holds(self, pulse: Pulse, now: datetime) -> bool:
        """Whether it is still true."""
        return self.bucket in (None, _bucket(now)) and pulse.of(self.read) == self.moves


class Recent(Generic[T]):
    """The values used last: together they weigh `most` at most."""

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda value: 1) -> None:
        self.most = most
        self._weigh = weigh
        self._weight = 0
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: str) -> T | None:
        with self._guard:
            found = self._kept.pop(key, None)
            if found is None:
                return None
            self._kept[key] = (time.monotonic(), found[1])
        return found[1]

    def put(self, key: str, value: T) -> T:
        clock, weight = time.monotonic(), self._weigh(value)
        with self._guard:
            if key in self._kept:
                self._weight -= self._weigh(self._kept.pop(key)[1])
            if weight > self.most:
                return value
            self._kept[key] = (clock, value)
            self._weight += weight
            while self._weight > self.most or next(iter(self._kept.values()))[0] < clock - KEEP_S:
                self._weight -= self._weigh(self._kept.popitem(last=False)[1][1])
        return value

    def clear(self) -> None:
        with self._guard:
            self._kept.clear()
            self._weight = 0


def pulse(here: Context) -> Pulse:
    """What moves with the store, at most half a second old."""
    home, clock = str(here.settings.home), time.monotonic()
    at, seen = _pulses.get(home, (clock - PULSE_KEEPS_S, Pulse()))
    if clock - at >= PULSE_KEEPS_S:
        seen = here.store.pulse()
        _pulses[home] = (clock, seen)
    return seen


_pulses: dict[str, tuple[float, Pulse]] = {}


def _bucket(now: datetime) -> int:
    return int(now.timestamp() // FRESH.total_seconds())


def _is_over(arguments: Any, read: Reads, now: datetime) -> bool:
    """Whether an answer is about periods that have ended for good: only a write changes it."""
    periods = tuple(_periods_in(arguments))
    until = now - read.settles_after()
    return bool(periods) and all(one.end <= until for one in periods) and read.are_over(now)


def _periods_in(value: Any) -> Iterator[Period]:
    if isinstance(value, Period):
        yield value
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _periods_in(inner)
    elif isinstance(value, Mapping):
        yield from _periods_in(tuple(value.values()))


def plain_key(value: Any) -> str:
    """A text that stands for a plain value and for no other; TypeError for anything else."""
    if value is None or isinstance(value, str | int | float | date | datetime | timedelta):
        return repr(value)
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, Asked):
        return repr(value.key)
    if isinstance(value, tuple | list):
        return f"({','.join(plain_key(inner) for inner in value)})"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{plain_key(k)}:{plain_key(v)}' for k, v in value.items())}}}"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ",".join(plain_key(getattr(value, field.name)) for field in fields(value))
        return f"{type(value).__qualname__}({inside})"
    raise TypeError(f"{type(value).__name__} cannot be part of a key: pass plain values.")
