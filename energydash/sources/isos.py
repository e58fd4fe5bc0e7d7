"""North American system operators through gridstatus: mix, load and storage without a key.

Documentation: https://opensource.gridstatus.io (version 0.37). Licence: BSD-3-Clause; the data
are the operators' own. gridstatus takes seconds to import and changes the process it is in, so it
is imported only inside the functions here, and only the crawler calls them; what it changes is
put back at once. Its requests go through `borrowed.Session`.

Where gridstatus loses something (ERCOT and MISO: unknown fuels, intervals that were split or sent
twice; ISO-NE: the repeated autumn hour; IESO: a blank becomes zero), the answer that it fetched
is parsed by `sources.saved` instead.

Stamps: every reading is stored at the start of its interval, or at its instant; see DATASETS.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pandas as pd
import urllib3.util.ssl_

from energydash.core.errors import BadData, InputError, NotFound
from energydash.core.feeds import Feed, Fetched, Stamp, empty_frame, tidy
from energydash.core.settings import Settings
from energydash.core.time import Period, local_midnight, utc_now
from energydash.grid import regions
from energydash.sources import Info, borrowed
from energydash.sources.saved import caiso, ercot, ieso, isone, miso, nyiso, spp
from energydash.sources.saved.parts import SavedFile, local_to_utc, mix_of_columns, mix_of_rows

log = logging.getLogger(__name__)

INFO = Info(
    name="gridstatus",
    title="System operators (gridstatus)",
    about="Generation, load and storage of CAISO, ERCOT, ISO-NE, MISO, NYISO, SPP and IESO.",
    documentation="https://opensource.gridstatus.io",
    licence="gridstatus BSD-3-Clause; data by the system operators",
    longest_days=2.0,
    crawler_only=True,
)

FIVE_MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TIMES = ("Time", "Interval Start", "Interval End")

# What a dataset's reader gives: the frame, and the provider names that became `other`.
Answer = tuple[pd.DataFrame, tuple[str, ...]]


@dataclass(frozen=True)
class Dataset:
    """One quantity of one operator: how to ask gridstatus for it, and what its stamps mean."""

    region: str
    quantity: str
    read: Callable[[ModuleType, Period], Answer]
    step: timedelta | None = FIVE_MINUTES
    cadence: timedelta = FIVE_MINUTES
    stamp: Stamp = Stamp.START
    history: timedelta | None = None
    revises: timedelta = timedelta(hours=6)

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
            revises=self.revises,
            history=self.history,
        )


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Every dataset; none needs a key. gridstatus itself is not imported for this."""
    del settings
    return tuple(dataset.feed for dataset in DATASETS)


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """One question to an operator, within a deadline. Raises SourceError."""
    del settings
    dataset = next((d for d in DATASETS if d.feed.key == feed.key), None)
    if dataset is None:
        raise InputError(f"gridstatus has no {feed.quantity} of {feed.subject}.")
    now = utc_now()
    asked = Period(min(period.start, now), min(period.end, now))
    library = _gridstatus(dataset.region)
    own = (library.NoDataFoundException, library.NotSupported)
    frame, unknown = borrowed.ask(
        dataset.region, lambda: dataset.read(library, asked), unreadable=own
    )
    clipped = frame[(frame.index >= asked.start) & (frame.index < asked.end)]
    return Fetched(clipped, asked, unknown=unknown)


# --- the library ------------------------------------------------------------------------------

_import_lock = threading.Lock()


def _gridstatus(name: str) -> ModuleType:
    """gridstatus, imported and tamed once: its log handler, ciphers, session and prints.

    Raises: BadData where it is not installed or another version than we know.
    """
    with _import_lock:
        if "gridstatus" in sys.modules and getattr(sys.modules["gridstatus"], "is_tamed", False):
            return sys.modules["gridstatus"]
        ssl = urllib3.util.ssl_
        ciphers = getattr(ssl, "DEFAULT_CIPHERS", None)
        try:
            import gridstatus
        except ImportError as error:
            raise BadData(
                name,
                f"{name} needs the Python package gridstatus, which cannot be imported.",
                remedy="Run `make run` again, or install requirements.txt.",
            ) from error
        finally:
            # It lowers the ciphers of the whole process to those that one operator once needed.
            if ciphers is not None:
                ssl.DEFAULT_CIPHERS = ciphers  # type: ignore[attr-defined]
            elif hasattr(ssl, "DEFAULT_CIPHERS"):
                del ssl.DEFAULT_CIPHERS
        logger = logging.getLogger("gridstatus")
        logger.handlers.clear()  # it writes every address to standard error
        logger.setLevel(logging.WARNING)
        for module_name, module in list(sys.modules.items()):
            if module_name.partition(".")[0] != "gridstatus" or module is None:
                continue
            if hasattr(module, "requests"):
                module.requests = borrowed.Requests()  # type: ignore[attr-defined]
            if hasattr(module, "pd"):
                module.pd = borrowed.Pandas()  # type: ignore[attr-defined]
            module.print = _print  # type: ignore[attr-defined]  # standard output is for results
        library: Any = gridstatus
        library.is_tamed = True
        tamed: ModuleType = library
        return tamed


def _print(*words: object, **_: object) -> None:
    log.debug("gridstatus: %s", " ".join(str(word) for word in words))


# --- asking in pieces -------------------------------------------------------------------------


def _in_pieces(starts: Iterable[datetime], ask: Callable[[datetime], pd.DataFrame]) -> pd.DataFrame:
    """What `ask` says for each start, in one frame.

    The newest piece may not be published yet (just after midnight, or the hour): where the others
    are there, it is no error.
    """
    frames: list[pd.DataFrame] = []
    wanted = list(starts)
    for start in wanted:
        try:
            frames.append(ask(start))
        except NotFound:
            if start != wanted[-1] or not frames:
                raise
    return pd.concat(frames) if frames else empty_frame()


def _midnights(period: Period, zone: str) -> Iterator[datetime]:
    """The first instant of every local day of a period, as gridstatus wants it."""
    for day in period.days(zone):
        yield pd.Timestamp(local_midnight(day, zone)).tz_convert(zone)


def _hours(period: Period, zone: str) -> Iterator[datetime]:
    start = pd.Timestamp(period.start).floor("h")
    while start < period.end:
        yield start.tz_convert(zone)
        start += HOUR


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    """A gridstatus table as a frame: its instant or interval start becomes the UTC index."""
    column = "Interval Start" if "Interval Start" in table else "Time"
    index = pd.DatetimeIndex(pd.to_datetime(table[column], utc=True), name="time")
    return table.drop(columns=[name for name in TIMES if name in table]).set_axis(index)


def _one(table: pd.DataFrame, column: str, part: str) -> Answer:
    """One column of a gridstatus table under our name."""
    values = _indexed(table)[[column]].set_axis([part], axis="columns")
    return tidy(values.apply(pd.to_numeric)).dropna(), ()


# --- the operators ----------------------------------------------------------------------------


def _caiso(method: str) -> Callable[[ModuleType, Period], pd.DataFrame]:
    def ask(library: ModuleType, period: Period) -> pd.DataFrame:
        iso = library.CAISO()
        return _in_pieces(_midnights(period, caiso.ZONE), lambda day: getattr(iso, method)(day))

    return ask


def _caiso_mix(library: ModuleType, period: Period) -> Answer:
    return mix_of_columns(_indexed(_caiso("get_fuel_mix")(library, period)), caiso.FUELS)


def _caiso_load(library: ModuleType, period: Period) -> Answer:
    return _one(_caiso("get_load")(library, period), "Load", "load")


def _caiso_storage(library: ModuleType, period: Period) -> Answer:
    return _one(_caiso("get_storage")(library, period), "Supply", "battery")


def _ercot_mix(library: ModuleType, period: Period) -> Answer:
    """Yesterday and today in one answer; instants a few seconds early, set to the minute."""
    iso = library.Ercot()
    document = iso._get_json(f"{iso.BASE}/fuel-mix.json")
    rows = ercot.mix_rows(SavedFile("fuel-mix.json", b""), document)
    frame, unknown = mix_of_rows(rows, ercot.FUELS)
    return tidy(frame.set_axis(pd.DatetimeIndex(frame.index).round("min"))), unknown


def _ercot_load(library: ModuleType, period: Period) -> Answer:
    return _one(library.Ercot().get_load("today"), "Load", "load")


def _ercot_storage(library: ModuleType, period: Period) -> Answer:
    return _one(library.Ercot().get_energy_storage_resources(), "Net Output", "battery")


def _isone_mix(library: ModuleType, period: Period) -> Answer:
    """Irregular instants without an offset: the repeated hour is told by the clock going back."""

    def day(start: datetime) -> pd.DataFrame:
        url = f"https://www.iso-ne.com/transform/csv/genfuelmix?start={start:%Y%m%d}"
        table = library.isone._make_request(url, skiprows=[0, 1, 2, 3, 5], verbose=False)
        walls = pd.to_datetime(table["Date"] + " " + table["Time"], format="%m/%d/%Y %H:%M:%S")
        runs = (walls != walls.shift()).cumsum()  # rows of one instant stand together
        local = [wall.to_pydatetime() for wall in walls[~runs.duplicated()]]
        instants = pd.Series(local_to_utc(local, isone.ZONE), index=runs.unique())
        dated: pd.DataFrame = table.assign(Instant=runs.map(instants)).dropna(subset="Instant")
        return dated

    table = _in_pieces(_midnights(period, isone.ZONE), day)
    values = pd.to_numeric(table["Gen Mw"])
    rows = list(zip(table["Instant"], table["Fuel Category"], values, strict=True))
    return mix_of_rows(rows, isone.FUELS)


def _isone_load(library: ModuleType, period: Period) -> Answer:
    iso = library.ISONE()
    return _one(_in_pieces(_midnights(period, isone.ZONE), iso.get_load), "Load", "load")


def _miso_mix(library: ModuleType, period: Period) -> Answer:
    """Whole days: yesterday's and today's (EST) are kept."""
    iso = library.MISO()
    today = pd.Timestamp(utc_now()).tz_convert(miso.ZONE).normalize()
    rows = []
    for name, day in (("Yesterday", today - DAY), ("Today", today)):
        if period.start < day + DAY and day < period.end:
            document = iso._get_json(f"https://public-api.misoenergy.org/api/FuelMix/{name}")
            rows += miso.mix_rows(SavedFile(f"FuelMix/{name}", b""), document)
    if not rows:
        return empty_frame(), ()
    return mix_of_rows(rows, miso.FUELS)


def _miso_load(library: ModuleType, period: Period) -> Answer:
    return _one(library.MISO().get_load("today"), "Load", "load")


def _nyiso_mix(library: ModuleType, period: Period) -> Answer:
    iso = library.NYISO()
    table = _in_pieces(_midnights(period, nyiso.ZONE), iso.get_fuel_mix)
    frame = _indexed(table)
    # gridstatus takes the stamp for an instant; it is the end of five minutes, see saved/nyiso.py.
    starts = pd.DatetimeIndex(frame.index) - FIVE_MINUTES
    return mix_of_columns(frame.set_axis(starts), nyiso.FUELS)


def _nyiso_load(library: ModuleType, period: Period) -> Answer:
    iso = library.NYISO()
    return _one(_in_pieces(_midnights(period, nyiso.ZONE), iso.get_load), "Load", "load")


def _spp_mix(library: ModuleType, period: Period) -> Answer:
    """Two hours come as a small file, anything older as one of 365 days."""
    start, end = (pd.Timestamp(at).tz_convert(spp.ZONE) for at in (period.start, period.end))
    if start == end:
        return empty_frame(), ()
    table = library.SPP().get_fuel_mix_by_baa(start, end=end, error="raise")
    mixes: list[pd.DataFrame] = []
    unknown: set[str] = set()
    for _, rows in table.groupby("BAA"):
        wide = spp.generation(_indexed(rows.drop(columns="BAA")))
        mix, names = mix_of_columns(wide, spp.FUELS)
        mixes.append(mix)
        unknown |= set(names)
    return spp.add_authorities(mixes), tuple(sorted(unknown))


def _spp_load(library: ModuleType, period: Period) -> Answer:
    """The chart of the last hours: the files behind `get_load` are one per five minutes."""
    table = library.SPP()._get_load_and_forecast()
    return _one(table, "Actual Load", "load")


def _ieso_mix(library: ModuleType, period: Period) -> Answer:
    """A report per day, ninety days back; a report per year before."""
    iso = library.IESO()
    base = "https://reports-public.ieso.ca/public"
    oldest = pd.Timestamp(utc_now()).tz_convert(ieso.ZONE).normalize() - 89 * DAY
    urls: dict[str, None] = {}
    for day in _midnights(period, ieso.ZONE):
        name = "GenOutputCapability" if day >= oldest else "GenOutputbyFuelHourly"
        form = "%Y%m%d" if day >= oldest else "%Y"
        urls[f"{base}/{name}/PUB_{name}_{day:{form}}.xml"] = None
    files: list[SavedFile] = []
    for url in urls:
        try:
            files.append(SavedFile(url.rpartition("/")[2], iso._request(url).content))
        except NotFound:
            if url != list(urls)[-1] or not files:
                raise
    answer = ieso.read(files, None, None)
    return answer.frame, answer.unknown


def _ieso_load(library: ModuleType, period: Period) -> Answer:
    iso = library.IESO()
    table = _in_pieces(_hours(period, ieso.ZONE), iso.get_real_time_totals)
    return _one(table, "Ontario Load", "load")


DATASETS = (
    Dataset("CAISO", "mix", _caiso_mix),
    Dataset("CAISO", "load", _caiso_load),
    Dataset("CAISO", "storage", _caiso_storage),
    Dataset("ERCOT", "mix", _ercot_mix, stamp=Stamp.INSTANT, history=DAY),
    Dataset("ERCOT", "load", _ercot_load, stamp=Stamp.END, history=DAY),
    Dataset("ERCOT", "storage", _ercot_storage, stamp=Stamp.INSTANT, history=DAY),
    Dataset("ISONE", "mix", _isone_mix, step=None, stamp=Stamp.INSTANT),
    Dataset("ISONE", "load", _isone_load),
    Dataset("MISO", "mix", _miso_mix, history=DAY),
    Dataset("MISO", "load", _miso_load, history=DAY),
    Dataset("NYISO", "mix", _nyiso_mix, stamp=Stamp.END),
    Dataset("NYISO", "load", _nyiso_load, stamp=Stamp.INSTANT),
    # Older than two hours means a file of 15 MB for each of the two balancing authorities.
    Dataset("SPP", "mix", _spp_mix, history=364 * DAY, revises=timedelta(minutes=90)),
    Dataset("SPP", "load", _spp_load, history=DAY),
    Dataset("IESO", "mix", _ieso_mix, step=HOUR, cadence=HOUR),
    # A file per hour: what changes is asked for again, not the whole day.
    Dataset("IESO", "load", _ieso_load, history=30 * DAY, revises=timedelta(hours=1)),
)
