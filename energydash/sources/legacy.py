"""Regions through pyiso 0.4.0 (2017): BPA, Alberta, New Brunswick, and two as a second way.

Documentation: https://pyiso.readthedocs.io. Licence: AGPL-3.0, so it is imported in this module
only, lazily, and only the crawler's process calls it; everything else runs without it. The data
are the operators' own; none needs a key.

Only what works with today's upstreams is on the list (ALLOWED). pyiso's own client factory loads
each module anew and needs `imp`, which Python 3.12 dropped, so clients are made here. They get our
session (`borrowed.Session`): time-outs, our errors, no sleeping on 429. Where an upstream changed
since 2017 (BPA's header and columns, NYISO's 'Gen MW', IESO's host), pyiso's client fetches and
`sources.saved` parses.

Stamps: see ALLOWED. AESO and NBP tell only the present: each fetch brings one instant.
"""

from __future__ import annotations

import importlib
import io
import logging
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.errors import InputError, NotFound, Unavailable
from energydash.core.feeds import Feed, Fetched, Stamp, empty_frame
from energydash.core.settings import Settings
from energydash.core.time import DAY, Period, utc_now
from energydash.grid import regions
from energydash.sources import Info, borrowed
from energydash.sources.saved import bpa, ieso, nyiso
from energydash.sources.saved.parts import SavedFile, frame_of, mix_of_rows

INFO = Info(
    name="pyiso",
    title="Balancing authorities (pyiso)",
    about="BPA, AESO and NB Power; NYISO and IESO as a second way.",
    documentation="https://pyiso.readthedocs.io",
    licence="pyiso AGPL-3.0 (optional); data by the balancing authorities",
    needs="The Python package pyiso, which `make run` adds.",
    longest_days=7.0,
    crawler_only=True,
)

FIVE_MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)

# AESO's Current Supply Demand report, as of 2026: gas is told by its kind of plant.
AESO_FUELS = {
    "COGENERATION": "gas",
    "COMBINED CYCLE": "gas",
    "GAS FIRED STEAM": "gas",
    "SIMPLE CYCLE": "gas",
    "GAS": "gas",
    "COAL": "coal",
    "DUAL FUEL": "gas",  # coal or gas; coal ended in 2024
    "HYDRO": "hydro",
    "SOLAR": "solar",
    "WIND": "wind",
    "ENERGY STORAGE": "battery",
    "OTHER": "other",
}

# A client, the period -> the frame and the provider names that became `other`.
Answer = tuple[pd.DataFrame, tuple[str, ...]]
Read = Callable[[Any, Period], Answer]


@dataclass(frozen=True)
class Allowed:
    """One quantity of one pyiso region that works today, and what its stamps mean."""

    region: str
    quantity: str
    read: Read
    step: timedelta | None = FIVE_MINUTES
    cadence: timedelta = FIVE_MINUTES
    stamp: Stamp = Stamp.START
    history: timedelta | None = None

    @property
    def feed(self) -> Feed:
        return Feed(
            source=INFO.name,
            subject=self.region,
            quantity=self.quantity,
            unit="MW",
            step=self.step,
            zone=regions.find(self.region).zone,
            cadence=self.cadence,
            stamp=self.stamp,
            revises=min(timedelta(hours=6), self.history or DAY),
            history=self.history,
        )


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """What is on the list, installed or not: without pyiso each says so when it is asked."""
    del settings
    return tuple(allowed.feed for allowed in ALLOWED)


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """One question to a balancing authority, within a deadline. Raises SourceError."""
    del settings
    allowed = next((a for a in ALLOWED if a.feed.key == feed.key), None)
    if allowed is None:
        raise InputError(f"pyiso has no {feed.quantity} of {feed.subject} that works today.")
    now = utc_now()
    asked = Period(min(period.start, now), min(period.end, now))

    def question() -> Answer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyiso was written for the pandas of 2017
            return allowed.read(_client(allowed.region), asked)

    frame, unknown = borrowed.ask(allowed.region, question)
    clipped = frame[(frame.index >= asked.start) & (frame.index < asked.end)]
    return Fetched(clipped, asked, unknown=unknown)


# --- the library ------------------------------------------------------------------------------

_import_lock = threading.Lock()


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
                INFO.name,
                "This region needs the Python package pyiso, which is not installed.",
                remedy="Add it with `pip install --no-deps pyiso==0.4.0` (AGPL-3.0).",
            ) from error
        finally:
            if not had_imp:
                del sys.modules["imp"]
        logger = logging.getLogger("pyiso")
        logger.handlers.clear()  # it would write to standard output, which is for results
        logger.setLevel(logging.ERROR)
        return library


def _client(region: str) -> Any:
    """A client as pyiso's factory makes it, with our session."""
    entry = _pyiso().BALANCING_AUTHORITIES[region]
    module = importlib.import_module(f"pyiso.{entry['module']}")
    client = getattr(module, entry["class"])()
    client.NAME = region
    client.session = borrowed.Session()
    return client


# --- the regions ------------------------------------------------------------------------------


def _bpa(client: Any) -> Answer:
    """Seven days in one file."""
    name = "wind/baltwg.txt"
    body = client.request(client.base_url + name).content
    mix, load, unknown = bpa.read_balance(SavedFile(name, body))
    return mix.join(load, how="outer"), unknown


def _bpa_mix(client: Any, period: Period) -> Answer:
    frame, unknown = _bpa(client)
    return frame.drop(columns="load").dropna(how="all"), unknown


def _bpa_load(client: Any, period: Period) -> Answer:
    return _bpa(client)[0][["load"]].dropna(), ()


def _daily(client: Any, period: Period, zone: str, url: str) -> list[SavedFile]:
    """The file of each local day; the newest may not be there yet."""
    files: list[SavedFile] = []
    days = period.days(zone)
    for day in days:
        address = f"{url}".replace("YYYYMMDD", f"{day:%Y%m%d}")
        try:
            files.append(SavedFile(address.rpartition("/")[2], client.request(address).content))
        except NotFound:
            if day != days[-1] or not files:
                raise
    return files


def _nyiso_mix(client: Any, period: Period) -> Answer:
    url = "http://mis.nyiso.com/public/csv/rtfuelmix/YYYYMMDDrtfuelmix.csv"
    files = _daily(client, period, nyiso.ZONE, url)
    if not files:
        return empty_frame(), ()
    answer = nyiso.read(files, None, None)
    return answer.frame, answer.unknown


def _ieso_mix(client: Any, period: Period) -> Answer:
    base = "https://reports-public.ieso.ca/public/GenOutputCapability"
    files = _daily(client, period, ieso.ZONE, f"{base}/PUB_GenOutputCapability_YYYYMMDD.xml")
    if not files:
        return empty_frame(), ()
    answer = ieso.read(files, None, None)
    return answer.frame, answer.unknown


def _aeso_mix(client: Any, period: Period) -> Answer:
    """The summary by fuel, above the rows of single plants (which have an id in brackets)."""
    body = client.request(client.LATEST_REPORT_URL).content
    table = pd.read_csv(io.BytesIO(body), names=["label", "capacity", "net", "reserve"], skiprows=1)
    at = client._parse_local_time_from_latest_report(table)
    net = pd.to_numeric(table["net"], errors="coerce")
    is_fuel = net.notna() & ~table["label"].str.contains("(", regex=False)
    by_fuel = net[is_fuel & (table["label"] != "TOTAL")]
    total = float(table.loc[table["label"] == "Alberta Total Net Generation", "capacity"].iloc[0])
    if abs(by_fuel.sum() - total) > 0.02 * total:
        raise ValueError(f"the fuels add up to {by_fuel.sum():.0f} of {total:.0f} MW")
    stamp = _instant({"timestamp": at})
    labels = table["label"][by_fuel.index]
    rows = [(stamp, label, value) for label, value in zip(labels, by_fuel, strict=True)]
    return mix_of_rows(rows, AESO_FUELS)


def _latest(method: str, value: str, part: str) -> Read:
    """A pyiso client's latest records: [{timestamp, `value`}…]."""

    def read(client: Any, period: Period) -> Answer:
        records = getattr(client, method)(latest=True)
        return _frame(records, value, part), ()

    return read


def _frame(records: Iterable[dict[str, Any]], value: str, part: str) -> pd.DataFrame:
    pairs = [(_instant(record), float(record[value])) for record in records]
    return frame_of([at for at, _ in pairs], {part: [number for _, number in pairs]})


def _instant(record: dict[str, Any]) -> datetime:
    """The minute that a page gives for itself; its seconds may lie after our question."""
    minute: datetime = pd.Timestamp(record["timestamp"]).floor("min").to_pydatetime()
    return minute


_load = _latest("get_load", "load_MW", "load")
_trade = _latest("get_trade", "net_exp_MW", "net_export")  # positive: more leaves than comes in

ALLOWED = (
    Allowed("BPA", "mix", _bpa_mix, history=6 * DAY),
    Allowed("BPA", "load", _bpa_load, history=6 * DAY),
    Allowed("AESO", "mix", _aeso_mix, step=None, stamp=Stamp.INSTANT, history=HOUR),
    Allowed("AESO", "load", _load, step=None, stamp=Stamp.INSTANT, history=HOUR),
    Allowed("AESO", "interchange", _trade, step=None, stamp=Stamp.INSTANT, history=HOUR),
    Allowed("NBP", "load", _load, step=None, stamp=Stamp.INSTANT, history=HOUR),
    Allowed("NBP", "interchange", _trade, step=None, stamp=Stamp.INSTANT, history=HOUR),
    Allowed("NYISO", "mix", _nyiso_mix, stamp=Stamp.END, history=6 * DAY),
    Allowed("IESO", "mix", _ieso_mix, step=HOUR, cadence=HOUR, history=30 * DAY),
)
