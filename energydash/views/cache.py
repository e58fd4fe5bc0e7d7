"""The one bridge between Streamlit and the answers: remembers them for a short while.

An answer is remembered by its name, its plain arguments and the versions of the feeds it was made
from, so that new readings are seen at once and nothing is worked out twice for ten browsers.
Frames are never arguments: Streamlit hashes big ones from a sample of their rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import streamlit as st

from energydash.charts.base import settled
from energydash.core.feeds import Feed, FeedData
from energydash.sync import context as context_module
from energydash.sync import crawler
from energydash.sync.context import Context

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

FRESH = timedelta(seconds=30)  # answers that depend on the clock are worked out again this often
KEEP_S = 600
VERSIONS_KEEP_S = 0.5  # one look at the store serves every card of a page


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
    here = context()
    bucket = int(here.now().timestamp() // FRESH.total_seconds())
    key = (
        f"{here.settings.home}|{here.sample}|{bucket}|{function.__module__}."
        f"{function.__qualname__}{plain_key(arguments)}{plain_key(named)}"
    )

    def compute() -> T:
        return function(here, *arguments, **named)

    known = _known()
    uses = known.get(key)
    if uses is None:
        with known.lock(key):
            uses = known.get(key)
            if uses is None:
                # Which feeds it is made from is only seen in the result.
                result = compute()
                uses = known.put(key, tuple(dict.fromkeys(_feeds_in(result))))
                full = f"{key}@{versions(uses)}"
                _remember(full, lambda: result)
                return Asked(result, full)
    full = f"{key}@{versions(uses)}"
    return Asked(_remember(full, compute), full)


def answer(
    function: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
) -> T:
    """The result of `ask`."""
    return ask(function, *arguments, **named).result


def draw(asked: Asked[T], build: Callable[..., R], *options: Any) -> R:
    """`build(asked.result, *options)`, remembered with its answer and shared: do not change it."""
    name = f"{asked.key}|{build.__module__}.{build.__qualname__}{plain_key(options)}"
    drawn: R = _remember_drawing(name, lambda: settled(build(asked.result, *options)))
    return drawn


def versions(feeds: Iterable[Feed]) -> tuple[str, ...]:
    """What moves with each feed's values and its trouble, at most half a second old."""
    here, seen, now = context(), _known().versions, time.monotonic()
    found = []
    for feed in feeds:
        name = (str(here.settings.home), feed.key)
        at, version = seen.get(name, (-1.0, ""))
        if at < 0 or now - at > VERSIONS_KEEP_S:
            state = here.store.state(feed)
            version = f"{state.version}{state.problem.sentence if state.problem else ''}"
            if len(seen) > 5000:
                seen.clear()
            seen[name] = (now, version)
        found.append(version)
    return tuple(found)


def forget() -> None:
    """Drop everything remembered: after an import, a refresh, or a change of settings."""
    _remember.clear()
    _remember_drawing.clear()
    _known.clear()


class _Known:
    """Which feeds each remembered answer was made from."""

    def __init__(self) -> None:
        self._uses: dict[str, tuple[Feed, ...]] = {}
        self._locks = tuple(threading.Lock() for _ in range(32))
        self.versions: dict[tuple[str, tuple[str, str, str, str]], tuple[float, str]] = {}

    def get(self, key: str) -> tuple[Feed, ...] | None:
        return self._uses.get(key)

    def put(self, key: str, feeds: tuple[Feed, ...]) -> tuple[Feed, ...]:
        if len(self._uses) > 2000:
            self._uses.clear()
        self._uses[key] = feeds
        return feeds

    def lock(self, key: str) -> threading.Lock:
        return self._locks[hash(key) % len(self._locks)]


@st.cache_resource(show_spinner=False, max_entries=1)
def _known() -> _Known:
    return _Known()


# Shared, not copied: answers are frozen and nobody changes their frames. Copying them for every
# card of every run took half of a page's CPU.
@st.cache_resource(ttl=KEEP_S, max_entries=256, show_spinner=False)
def _remember(key: str, _compute: Callable[[], Any]) -> Any:
    del key
    return _compute()


@st.cache_resource(ttl=KEEP_S, max_entries=256, show_spinner=False)
def _remember_drawing(key: str, _build: Callable[[], Any]) -> Any:
    del key
    return _build()


def _feeds_in(value: Any) -> Iterator[Feed]:
    if isinstance(value, FeedData):
        yield value.feed
    elif isinstance(value, Feed):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _feeds_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _feeds_in(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _feeds_in(inner)


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
