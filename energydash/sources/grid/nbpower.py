"""NB Power (New Brunswick): load and net export of this moment, read by pyiso 0.4.0 (2017).

Documentation: https://pyiso.readthedocs.io and https://tso.nbpower.com (System Information, a web
page). No key. Cadence: about 5 minutes; the page tells only the present, so each fetch brings one
instant. pyiso is AGPL-3.0, so it is imported in this module only, lazily, and only the crawler's
process and `energydash read` do; everything else runs without it. It does not download: the page
comes through our session, and pyiso's client finds it where it would have asked.

pyiso's own client factory loads each module anew and needs `imp`, which Python 3.12 dropped, so
the client is made here.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
import types
import warnings
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.errors import Unavailable
from energydash.core.feeds import Feed, Fetched, Stamp
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import fetched, frame_of, only_region, stacked
from energydash.sources.http import get
from energydash.sources.tables import File, number_of, trouble

INFO = Info(
    name="nbpower",
    title="NB Power",
    about="Load and net export of New Brunswick, at this moment.",
    documentation="https://tso.nbpower.com",
    licence="NB Power's terms of use; read by pyiso, AGPL-3.0 (optional)",
    needs="The Python package pyiso, which `make run` adds.",
    longest_days=7.0,
    crawler_only=True,
)
URL = "http://tso.nbpower.com/Public/en/SystemInformation_realtime.asp"
ZONE = "America/Moncton"
CADENCE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
# Ours -> pyiso's method, and the field of its records. Interchange: positive is export.
RECORDS = {"load": ("get_load", "load_MW"), "net_export": ("get_trade", "net_exp_MW")}


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Load and interchange, whether pyiso is installed or not: without it each says so."""
    del settings  # needs no key
    return tuple(
        Feed(
            INFO.name, "NBP", name, "MW", None, ZONE, CADENCE, Stamp.INSTANT,
            revises=HOUR, history=HOUR,
        )
        for name in ("load", "interchange")
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """This moment, where `period` has it. Raises: SourceError."""
    del settings
    return fetched(feed, period, lambda _: [File("System Information", get_page())], read)


def get_page() -> bytes:
    """The current page."""
    return get(INFO.title, URL)


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The load, and the net export beside it."""
    del day
    own = only_region(region, "NBP")
    found = [_read(file) for file in files]
    exports = {"interchange": stacked(one[["net_export"]] for one in found)}
    return Answer(stacked(one[["load"]] for one in found), "load", own, others=exports)


def _read(file: File) -> pd.DataFrame:
    client = _client(file)
    values: dict[str, list[float]] = {}
    at = datetime.min.replace(tzinfo=UTC)
    for part, (method, name) in RECORDS.items():
        try:
            [record] = getattr(client, method)(latest=True)
            value = number_of(str(record[name]))
            at = pd.Timestamp(record["timestamp"]).to_pydatetime()
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise trouble(file.name, f"the page has no {part.replace('_', ' ')}") from error
        if value is None:
            raise trouble(file.name, f"'{record[name]}' is not a number ({part})")
        values[part] = [value]
    # The minute that the page gives for itself; its seconds may lie after our question.
    return frame_of([at.replace(second=0, microsecond=0)], values)


class _Downloaded:
    """What pyiso takes for a session: it has the page already."""

    status_code = 200

    def __init__(self, content: bytes) -> None:
        self.content = content

    def get(self, url: str, **_: object) -> _Downloaded:
        return self


_import_lock = threading.Lock()


def _client(file: File) -> Any:
    """pyiso's client of NB Power, with the page at hand. Raises: Unavailable without pyiso."""
    library = _pyiso()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was written for the pandas of 2017
        client = importlib.import_module("pyiso.nbpower").NBPowerClient()
    del library
    client.session = _Downloaded(file.data)
    return client


def _pyiso() -> types.ModuleType:
    """pyiso, imported without its stdout log handler and without `imp`.

    Raises: Unavailable where it is not installed.
    """
    with _import_lock:
        had_imp = "imp" in sys.modules
        if not had_imp:
            # It imports `imp` for its factory, which is not used here; Python 3.12 has none.
            sys.modules["imp"] = types.ModuleType("imp")
        try:
            library = importlib.import_module("pyiso")
        except ImportError as error:
            raise Unavailable(
                INFO.title,
                "New Brunswick needs the Python package pyiso, which is not installed.",
                remedy="Add it with `pip install --no-deps pyiso==0.4.0` (AGPL-3.0).",
            ) from error
        finally:
            if not had_imp:
                del sys.modules["imp"]
        logger = logging.getLogger("pyiso")
        logger.handlers.clear()  # it would write to standard output, which is for results
        logger.setLevel(logging.ERROR)
        return library
