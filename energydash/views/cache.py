"""The one bridge between Streamlit and the answers: what a page asks and draws is remembered.

Ten browsers and all cards of a page share it: see `energydash.answers.memo`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from energydash.answers.memo import Asked, Memo, Recent, plain_key, pulse
from energydash.charts.base import settled
from energydash.sync import context as context_module
from energydash.sync import crawler, heartbeat
from energydash.sync.context import Context

__all__ = ["Asked", "answer", "ask", "context", "draw", "forget", "plain_key"]
P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

_memo = Memo(256)
_drawings: Recent[Any] = Recent(256)


def context() -> Context:
    """This process's context; pages fall back to sample data. Raises StoreError, InputError."""
    here = context_module.current()
    life = crawler_life(here)
    crawled = life.at is not None and life.problem is None
    return replace(here, sample_if_empty=True, crawled=crawled)


def crawler_life(here: Context) -> heartbeat.Life:
    """How the crawler does that this process started, or found; nothing where it did neither."""
    return heartbeat.life(crawler.last_lived(pulse(here).crawled_at), here.now())


def ask(
    function: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
) -> Asked[T]:
    """`function(context(), *arguments)`, remembered; arguments are plain values, never frames."""
    return _memo.ask(context(), function, *arguments, **named)


def answer(
    function: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
) -> T:
    """The result of `ask`."""
    return ask(function, *arguments, **named).result


def draw(asked: Asked[T], build: Callable[..., R], *options: Any) -> R:
    """`build(asked.result, *options)`, remembered with its answer and shared: do not change it.

    options: plain values, and other answers as they were asked.
    """
    name = f"{asked.key}|{build.__module__}.{build.__qualname__}{plain_key(options)}"
    drawn: R | None = _drawings.get(name)
    if drawn is None:
        given = (one.result if isinstance(one, Asked) else one for one in options)
        drawn = _drawings.put(name, settled(build(asked.result, *given)))
    return drawn


def forget() -> None:
    """Drop everything remembered: after an import, a refresh, or a change of settings."""
    _memo.forget()
    _drawings.clear()
