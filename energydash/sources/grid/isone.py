"""ISO New England: generation by fuel and load.

Documentation: https://www.iso-ne.com/isoexpress (tables `genfuelmix`, `fiveminutesystemload`;
keyless, but given only to visitors who saw a page first, at the second or third try: gridstatus
fetches them), and https://webservices.iso-ne.com/docs/v1.1/ (`genfuelmix/current`,
`genfuelmix/day/YYYYMMDD`, `fiveminutesystemload`, `hourlysysload`; JSON, with a free account).
Cadence: the mix comes at irregular instants, 3 to 10 minutes apart; a fuel is listed only while
it generates. Loads are intervals stamped at their start. The stamps of the JSON have an offset;
those of the tables are Eastern wall time, so that only the clock's going back tells which autumn
hour is meant. Rows of a table begin with C (comment), H (header), D (data) or T (the end).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

import pandas as pd

from energydash.core.feeds import Feed, Fetched, Stamp
from energydash.core.settings import Settings
from energydash.core.time import Period, local_midnight
from energydash.sources import Answer, Info
from energydash.sources.clock import local_to_utc
from energydash.sources.grid.mixes import (
    Row,
    day_by_day,
    fetched,
    frame_of,
    mix_of_rows,
    only_region,
    same_quantity,
)
from energydash.sources.gridstatus import download
from energydash.sources.tables import (
    File,
    Table,
    field_of,
    json_of,
    records_of,
    stamp_of,
    table_of,
    text_of,
    trouble,
    value_of,
)

INFO = Info(
    name="isone",
    title="ISO-NE",
    about="Generation by fuel and load of New England.",
    documentation="https://www.iso-ne.com/isoexpress",
    licence="ISO-NE's terms of use; fetched by gridstatus, BSD-3-Clause",
    longest_days=2.0,
    crawler_only=True,
)
STEP = timedelta(minutes=5)
METHODS = {"mix": "get_fuel_mix", "load": "get_load"}  # of gridstatus
ZONE = "America/New_York"
FUELS = {
    "Natural Gas": "gas",
    "Nuclear": "nuclear",
    "Hydro": "hydro",
    "Wind": "wind",
    "Solar": "solar",
    "Oil": "oil",
    "Coal": "coal",
    "Wood": "biomass",
    "Refuse": "biomass",
    "Landfill Gas": "biomass",
    "Other": "battery",  # what grid batteries feed in; ISO-NE shows no charging
}
# The wrapper of a load answer -> (the list in it).
LOADS = {"HourlySystemLoads": "HourlySystemLoad", "FiveMinSystemLoads": "FiveMinSystemLoad"}


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix at its irregular instants, and load."""
    del settings  # needs no key
    return (
        Feed(INFO.name, "ISONE", "mix", "MW", None, ZONE, STEP, Stamp.INSTANT),
        Feed(INFO.name, "ISONE", "load", "MW", STEP, ZONE, STEP),
    )


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """What `period` has, day by day. Raises: SourceError."""
    del settings

    def get(asked: Period) -> list[File]:
        return day_by_day(asked.days(ZONE), lambda day: get_table(feed.quantity, day))

    return fetched(feed, period, get, read, b"\n")


def get_table(quantity: str, day: date) -> File:
    """The table of a local day."""
    start = pd.Timestamp(local_midnight(day, ZONE)).tz_convert(ZONE)
    body = download(
        INFO.title,
        lambda library: getattr(library.ISONE(), METHODS[quantity])(start),
        "text/csv",
    )
    return File(f"{day:%Y%m%d}_{quantity}.csv", body)


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix at its irregular instants, or the load."""
    del day
    own = only_region(region, "ISONE")
    if not files[0].data.lstrip().startswith((b"{", b"[")):
        return _read_tables(files, own)
    documents = [(file, json_of(file)) for file in files]
    quantity = same_quantity(_kind(file, document) for file, document in documents)
    if quantity == "mix":
        rows = [
            (
                _aware(file, number, record),
                field_of(file, number, record, "FuelCategory"),
                value_of(file, number, record, "GenMw"),
            )
            for file, document in documents
            for number, record in enumerate(
                records_of(file, document, "GenFuelMixes", "GenFuelMix"), 1
            )
        ]
        frame, unknown = mix_of_rows(rows, FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
    times, values = [], []
    for file, document in documents:
        wrapper = next(name for name in LOADS if name in document)
        for number, record in enumerate(records_of(file, document, wrapper, LOADS[wrapper]), 1):
            times.append(_aware(file, number, record))
            field = "LoadMw" if "LoadMw" in record else "Load"
            values.append(value_of(file, number, record, field))
    return Answer(frame_of(times, {"load": values}), "load", own)


def _read_tables(files: list[File], own: str) -> Answer:
    tables = [_table(file) for file in files]
    has_fuels = [table.find("Fuel Category") is not None for table in tables]
    if same_quantity("mix" if one else "load" for one in has_fuels) == "mix":
        frame, unknown = mix_of_rows([row for table in tables for row in _mix_rows(table)], FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
    pairs = [pair for table in tables for pair in _loads(table)]
    frame = frame_of([at for at, _ in pairs], {"load": [value for _, value in pairs]})
    return Answer(frame, "load", own)


def _table(file: File) -> Table:
    """The names of its H rows and its D rows; Unreadable where the T row at the end is missing."""
    lines = text_of(file, strict=True).splitlines()
    kinds = [line.lstrip('"')[:1] for line in lines]
    if kinds[-1] != "T" or "H" not in kinds:
        what = "there is no H row" if "H" not in kinds else "the table is cut short"
        raise trouble(file.name, what, line=len(lines))
    kept = [
        line if kind == "D" or place == kinds.index("H") else ""
        for place, (line, kind) in enumerate(zip(lines, kinds, strict=True))
    ]
    return table_of(File(file.name, "\n".join(kept).encode()))


def _mix_rows(table: Table) -> Iterator[Row]:
    """Rows of one instant stand together; instants are in the order of time."""
    day, clock = table.position("Date"), table.position("Time")
    fuel, power = table.position("Fuel Category"), table.position("Gen Mw")

    def wall(item: tuple[int, list[str]]) -> datetime:
        line, cells = item
        at = table.time(line, cells, clock, "%H:%M:%S")
        return datetime.combine(table.time(line, cells, day, "%m/%d/%Y"), at.time())

    groups = [(at, list(rows)) for at, rows in groupby(table.numbered(), wall)]
    instants = local_to_utc([at for at, _ in groups], ZONE)
    for at, (_, rows) in zip(instants, groups, strict=True):
        for line, cells in rows if at else ():
            yield at, cells[fuel], table.number(line, cells, power)  # type: ignore[misc]


def _loads(table: Table) -> Iterator[tuple[datetime, float]]:
    clock, load = table.position("Date/Time"), table.position("Native Load")
    walls = [table.time(*row, clock, "%m/%d/%Y %H:%M:%S") for row in table.numbered()]
    for at, (line, cells) in zip(local_to_utc(walls, ZONE), table.numbered(), strict=True):
        if at:
            yield at, table.number(line, cells, load)


def _kind(file: File, document: object) -> str:
    if isinstance(document, dict):
        if "GenFuelMixes" in document:
            return "mix"
        if any(name in document for name in LOADS):
            return "load"
    raise trouble(file.name, "there is neither 'GenFuelMixes' nor a system load in this JSON")


def _aware(file: File, number: int, record: dict[str, object]) -> datetime:
    stamp = stamp_of(file, number, record, "BeginDate")
    if stamp.tzinfo is None:
        raise trouble(file.name, f"record {number}, field 'BeginDate': '{stamp}' has no offset")
    return stamp
