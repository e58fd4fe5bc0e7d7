"""Where readings come from: a module per upstream, each with the same few names.

Every source module has
    INFO: Info                                what the user reads about it
    feeds(settings) -> tuple[Feed, ...]       what can be asked with these settings
    fetch(feed, period, settings) -> Fetched  one question, over HTTP; raises SourceError
    read(files, region, day) -> Answer        saved answers, the same way as live ones
and beside them `read_*` (bytes to frame, pure) and `get_*` (HTTP to bytes).

`fetch` and `read` here are the one boundary around parsers: whatever fails in one of them becomes
an error of ours that names the source, or the file, and the place in it. Modules are imported
when they are first needed: `--help` and most pages need none of them.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from energydash.core.errors import BadData, EnergydashError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from energydash.core.feeds import Feed, Fetched
    from energydash.core.settings import Settings
    from energydash.core.time import Period

log = logging.getLogger(__name__)

AGAIN = "It is asked again by itself; the last good data stay on screen."


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


@dataclass(frozen=True)
class Answer:
    """What an upstream's files say: a tidy frame and what its numbers mean.

    quantity: of `frame`: mix, load, storage, interchange… unit: of every column. others: further
    quantities that the same files have. unknown: provider names that became `other`. notes: what
    the reader should know besides.
    """

    frame: pd.DataFrame
    quantity: str
    region: str
    unit: str = "MW"
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    others: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def parts(self, quantity: str) -> pd.DataFrame:
        """The frame of one of the quantities."""
        return self.frame if quantity == self.quantity else self.others[quantity]


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
    "caiso": "grid.caiso",
    "ercot": "grid.ercot",
    "isone": "grid.isone",
    "miso": "grid.miso",
    "nyiso": "grid.nyiso",
    "spp": "grid.spp",
    "ieso": "grid.ieso",
    "bpa": "grid.bpa",
    "aeso": "grid.aeso",
    "nbpower": "grid.nbpower",
    "octopus": "octopus",
    "aretas": "aretas",
}
# Whose saved answers can be read, and the module that has `read`.
READERS = {
    "eia": "grid.eia",
    "pjm": "grid.pjm",
    **{name: module for name, module in MODULES.items() if name != "neso"},
    "octopus": "octopus.saved",
    "aretas": "aretas.saved",
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
    """One question to a feed's source, over HTTP. Raises: SourceError; InputError for a feed that
    the source does not have."""
    from energydash.sources.http import redact
    from energydash.sources.tables import Unreadable

    module = source(feed.source)
    title = module.INFO.title
    try:
        return module.fetch(feed, period, settings)
    except Unreadable as error:
        sent = f"{title} sent data that cannot be used: {redact(error.message)}"
        raise BadData(title, sent, remedy=AGAIN) from error
    except EnergydashError:
        raise
    except Exception as error:
        raise BadData(title, f"{title} sent {unknown_form(error)}.", remedy=AGAIN) from error


def read(
    source: str,
    files: Sequence[tuple[str, bytes]],
    region: str | None = None,
    *,
    day: date | None = None,
) -> Answer:
    """The frame of one answer that was saved in one or several files.

    source: one of READERS. files: (name, bytes), the pages of one answer, or days in a row; a
    `.zip` stands for its members. region: which respondent or area, where the files have several.
    day: the local day of files whose rows have only times and whose name has no date (CAISO).
    Raises: InputError naming the file, and the line and column where it knows them.
    """
    from energydash.sources.tables import File, Unreadable, expand

    if source not in READERS:
        raise InputError(
            f"Saved answers of '{source}' cannot be read.",
            remedy=f"Choose from {', '.join(READERS)}.",
        )
    if not files:
        raise InputError("There is no file to read.", remedy="Name at least one.")
    module = importlib.import_module(f"energydash.sources.{READERS[source]}")
    names = ", ".join(name for name, _ in files)
    try:
        answer: Answer = module.read(expand([File(*one) for one in files]), region, day)
    except BadData as error:
        raise Unreadable(f"{names}: {error.message}") from error
    except EnergydashError:
        raise
    except Exception as error:
        raise Unreadable(f"{names}: this is {unknown_form(error)}.") from error
    return answer


P = ParamSpec("P")
R = TypeVar("R")


def parser(title: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a `read_*` that is called by itself, not through `fetch` or `read`: the same boundary.

    title: the source's name, for the BadData that any failure of its own becomes.
    """

    def bounded(read_answer: Callable[P, R]) -> Callable[P, R]:
        @wraps(read_answer)
        def call(*arguments: P.args, **options: P.kwargs) -> R:
            try:
                return read_answer(*arguments, **options)
            except EnergydashError:
                raise
            except Exception as error:
                sent = f"{title} sent {unknown_form(error)}."
                raise BadData(title, sent, remedy=AGAIN) from error

        return call

    return bounded


def unknown_form(error: Exception) -> str:
    """What a parser that failed in a way of its own had before it, in words: what is missing, or
    which value it is, where the error tells. The error itself is for the log."""
    from energydash.sources.http import redact

    log.info("a parser failed", exc_info=error)
    form, said = "data in a form that is not known", redact(" ".join(str(error).split()))
    if isinstance(error, KeyError):
        return f"{form} (there is no {said[:80]})"
    value = re.search(r": ('.*')$", said[:200]) if isinstance(error, ValueError) else None
    return f"{form} ({value[1]})" if value else form
