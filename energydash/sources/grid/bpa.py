"""BPA (Pacific Northwest): load and generation of the last seven days.

Documentation: https://transmission.bpa.gov/business/operations/Wind/ (`baltwg.txt`, tabs). No
key. One file has both quantities.
Cadence: 5 minutes. Stamps: interval starts in Pacific wall time. Some lines of text stand above
the header, their number varies; rows of the coming hours are announced blank.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources import Answer, Info
from energydash.sources.clock import local_to_utc
from energydash.sources.grid.mixes import fetched, frame_of, mix_of_columns, only_region, stacked
from energydash.sources.http import get
from energydash.sources.tables import File, table_of, text_of, trouble

INFO = Info(
    name="bpa",
    title="BPA",
    about="Generation and load of the Bonneville Power Administration, every 5 minutes.",
    documentation="https://transmission.bpa.gov/business/operations/Wind/",
    licence="Public data of a US federal agency",
    longest_days=7.0,
)
URL = "https://transmission.bpa.gov/business/operations/wind/baltwg.txt"
STEP = timedelta(minutes=5)
ZONE = "America/Los_Angeles"
FUELS = {
    "Wind": "wind",
    "VER": "wind",  # "variable energy resources": wind, and a few percent of solar
    "Solar": "solar",
    "Hydro": "hydro",
    "Nuclear": "nuclear",
    # Five sixths of it is gas by what BPA reports to EIA-930.
    "Fossil/Biomass": "gas",
    "Thermal": "other",  # until 2017: nuclear, gas and biomass in one figure
}


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix and load."""
    del settings  # needs no key
    return tuple(
        Feed(
            INFO.name, "BPA", quantity, "MW", STEP, ZONE, STEP,
            revises=timedelta(hours=6), history=timedelta(days=6),
        )
        for quantity in ("mix", "load")
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    return fetched(feed, period, lambda _: [File("baltwg.txt", get_balance())], read, b"\n")


def get_balance() -> bytes:
    """The last seven days."""
    return get(INFO.title, URL)


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, and the load beside it."""
    del day
    own = only_region(region, "BPA")
    found = [read_balance(file) for file in files]
    return Answer(
        stacked(mix for mix, _, _ in found),
        "mix",
        own,
        unknown=tuple(sorted({name for _, _, names in found for name in names})),
        others={"load": stacked(load for _, load, _ in found)},
    )


def read_balance(file: File) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """(mix, load, unknown column names) of one `baltwg.txt`, without its blank rows."""
    lines = text_of(file, strict=True).splitlines()
    skip = next((n for n, line in enumerate(lines) if line.startswith("Date/Time")), None)
    if skip is None:
        raise trouble(file.name, "there is no header line that starts with 'Date/Time'")
    table = table_of(file, delimiter="\t", skip=skip)
    clock, load = table.position("Date/Time"), table.position("Load")
    fuels = [place for place in range(len(table.header)) if place not in (clock, load)]
    walls: list[datetime] = []
    values: list[list[float]] = []
    for line, cells in table.numbered():
        walls.append(table.time(line, cells, clock, "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M"))
        values.append([table.number(line, cells, place) for place in (load, *fuels)])
    kept = [(at, row) for at, row in zip(local_to_utc(walls, ZONE), values, strict=True) if at]
    names = ["Load", *(table.header[place] for place in fuels)]
    wide = frame_of(
        [at for at, _ in kept],
        {name: [row[n] for _, row in kept] for n, name in enumerate(names) if name},
    )
    mix, unknown = mix_of_columns(wide.drop(columns="Load"), FUELS)
    return mix, wide[["Load"]].rename(columns={"Load": "load"}).dropna(), unknown
