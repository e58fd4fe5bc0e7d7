"""Where readings come from: a module per upstream, each with the same few names.

Every source module has
    INFO: Info                                what the user reads about it
    feeds(settings) -> tuple[Feed, ...]       what can be asked with these settings
    fetch(feed, period, settings) -> Fetched  one question, over HTTP; raises SourceError
and beside them `read_*` (bytes to frame, pure) and `get_*` (HTTP to bytes).

Modules are imported when they are first needed: `--help` and most pages need none of them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period


@dataclass(frozen=True)
class Info:
    """What the user reads about a source, and how much of it one question may ask.

    longest_days: the longest period one `fetch` takes; `refresh` chunks longer ones.
    crawler_only: imported only in the crawler's process (gridstatus and pyiso are heavy, and
    change global state when imported).
    """

    name: str
    title: str
    about: str
    documentation: str
    licence: str
    needs: str = ""
    longest_days: float = 14.0
    crawler_only: bool = False
    personal: bool = False


class Source(Protocol):
    """The shape of a source module."""

    INFO: Info

    def feeds(self, settings: Settings) -> tuple[Feed, ...]: ...

    def fetch(self, feed: Feed, period: Period, settings: Settings) -> Fetched: ...


# A source's name -> its module; a feed's `source` is the name.
MODULES = {
    "carbon-intensity": "grid.carbon_intensity",
    "elexon": "grid.elexon",
    "neso": "grid.neso",
    "gridstatus": "isos",
    "pyiso": "legacy",
    "octopus": "octopus",
    "aretas": "aretas",
}


def source(name: str) -> Source:
    """The module of a source; InputError for a name that is none."""
    if name not in MODULES:
        raise InputError(f"'{name}' is not a source.", remedy=f"Choose from {', '.join(MODULES)}.")
    module: Source = importlib.import_module(f"energydash.sources.{MODULES[name]}")
    return module


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Every feed that can be asked for with these settings."""
    return tuple(feed for name in MODULES for feed in source(name).feeds(settings))


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """One question to a feed's source, over HTTP; raises SourceError."""
    return source(feed.source).fetch(feed, period, settings)
