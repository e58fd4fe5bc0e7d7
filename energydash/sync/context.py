"""What every answer needs: settings, the store and the clock, opened once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from energydash.core import settings as settings_module
from energydash.core.settings import Settings
from energydash.core.time import utc_now

if TYPE_CHECKING:
    from energydash.store import Store


@dataclass(frozen=True)
class Context:
    """Passed as the first argument of every answer.

    sample: sample data are asked for on purpose (`--sample`); nothing else is shown.
    sample_if_empty: where there is nothing at all to show, an answer may fall back to sample data
    that say so and why. Pages set it; REST and the command line never do.
    crawled: a crawler is at work, so what was never fetched is on its way: no sample data for it.
    """

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now
    sample: bool = False
    sample_if_empty: bool = False
    crawled: bool = False


def open_context(settings: Settings | None = None) -> Context:
    """A context on the configured store; upstreams are replayed if the settings say so."""
    from energydash.store import open_store

    chosen = settings or settings_module.current()
    if chosen.replay_url:
        from energydash.sources import replay

        replay.install(chosen.replay_url)
    return Context(chosen, open_store(chosen))


@cache
def current() -> Context:
    """This process's context."""
    return open_context()
