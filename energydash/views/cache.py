"""The one bridge between Streamlit and the answers: remembers them while they are true.

An answer is remembered by its name and its plain arguments, with what it read from the store. It is
worked out again when a feed, a tariff or a document that it was made of has changed; one about now
every half minute too. Ten browsers and all cards of a page share it, and one look at the store.
Frames are never arguments: there is no cheap way to tell two of them apart.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import streamlit as st

from energydash.charts.base import settled
from energydash.core.time import Period
from energydash.sync import context as context_module
from energydash.sync import crawler, wishes
from energydash.sync.context import Context
from energydash.sync.wishes import Pulse, Reads

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

FRESH = timedelta(seconds=30)  # answers that depend on the clock are worked out again this often
KEEP_S = 600  # after its last use
ANSWERS = 256
DRAWINGS = 256
PULSE_KEEPS_S = 0.5  # one look at the store serves every card of a page


@dataclass(frozen=True)
class Asked(Generic[T]):
    """An answer, and the key under which whatever is drawn from it can be remembered."""

    result: T
    key: str


def context() -> Context:
    """This process's context; pages fall back to sample data. Raises StoreError, InputError."""
    return replace(context_module.current(), sample_if_empty=True, crawled=crawler.is_ensured())


def ask(
    function: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
) -> Asked[T]:
    """`function(context(), *arguments)`, remembered; arguments are plain values, never frames."""
    here, memo = context(), _memo()
    name = (
        f"{here.settings.home}|{here.sample}|{here.crawled}|{function.__module__}."
        f"{function.__qualname__}{plain_key(arguments)}{plain_key(named)}"
    )
    pulse = memo.pulse(here)
    known = memo.answers.get(name)
    if known is None or not known.holds(pulse, here.now()):
        with memo.lock(name):
            known = memo.answers.get(name)
            if known is None or not known.holds(pulse, here.now()):
                with wishes.watched() as read:
                    result = function(here, *arguments, **named)
                is_over = _is_over((arguments, named), read, here.now())
                bucket = None if is_over else _bucket(here.now())
                known = memo.answers.put(name, _Known(result, read, pulse.of(read), bucket))
    wishes.note(here, known.read.asked)
    return Asked(known.result, f"{name}@{known.bucket}{known.moves}")


def answer(
    function: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
) -> T:
    """The result of `ask`."""
    return ask(function, *arguments, **named).result


def draw(asked: Asked[T], build: Callable[..., R], *options: Any) -> R:
    """`build(asked.result, *options)`, remembered with its answer and shared: do not change it."""
    name = f"{asked.key}|{build.__module__}.{build.__qualname__}{plain_key(options)}"
    drawings = _memo().drawings
    drawn: R | None = drawings.get(name)
    if drawn is None:
        drawn = drawings.put(name, settled(build(asked.result, *options)))
    return drawn


def forget() -> None:
    """Drop everything remembered: after an import, a refresh, or a change of settings."""
    _memo.clear()


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


class _Recent(Generic[T]):
    """The values used last, so many of them at most."""

    def __init__(self, size: int) -> None:
        self.size = size
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
        clock = time.monotonic()
        with self._guard:
            self._kept.pop(key, None)
            self._kept[key] = (clock, value)
            while len(self._kept) > self.size or next(iter(self._kept.values()))[0] < (
                clock - KEEP_S
            ):
                self._kept.popitem(last=False)
        return value


@dataclass
class _Memo:
    """All that is remembered: it is shared, not copied, for answers are frozen."""

    answers: _Recent[_Known] = field(default_factory=lambda: _Recent(ANSWERS))
    drawings: _Recent[Any] = field(default_factory=lambda: _Recent(DRAWINGS))
    locks: tuple[threading.Lock, ...] = field(
        default_factory=lambda: tuple(threading.Lock() for _ in range(32))
    )
    pulses: dict[str, tuple[float, Pulse]] = field(default_factory=dict)

    def lock(self, key: str) -> threading.Lock:
        return self.locks[hash(key) % len(self.locks)]

    def pulse(self, here: Context) -> Pulse:
        """What moves with the store, at most half a second old."""
        home, clock = str(here.settings.home), time.monotonic()
        at, pulse = self.pulses.get(home, (clock - PULSE_KEEPS_S, Pulse()))
        if clock - at >= PULSE_KEEPS_S:
            pulse = here.store.pulse()
            self.pulses[home] = (clock, pulse)
        return pulse


@st.cache_resource(show_spinner=False, max_entries=1)
def _memo() -> _Memo:
    return _Memo()


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
    if isinstance(value, tuple | list):
        return f"({','.join(plain_key(inner) for inner in value)})"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{plain_key(k)}:{plain_key(v)}' for k, v in value.items())}}}"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ",".join(plain_key(getattr(value, field.name)) for field in fields(value))
        return f"{type(value).__qualname__}({inside})"
    raise TypeError(f"{type(value).__name__} cannot be part of a key: pass plain values.")
