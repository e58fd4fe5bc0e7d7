"""SPP (Southwest Power Pool): generation mix of its two balancing authorities, and interchange.

No key. Documentation: https://portal.spp.org/pages/generation-mix-historical
(`GenMix2Hour_SPP.csv`, `GenMix365_SPP.csv`, the same for SWPW) and /pages/interchange-trend.
Cadence: 5 minutes. Stamps: interval starts in GMT. What a fuel generates is its Market plus its
Self columns; the load stands beside them as `Average Actual Load`. Files of both balancing
authorities, told by their names, are added up: one alone is about a tenth low. The files of two
hours are small; anything older is a file of 365 days, about 15 MB for each authority.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, timedelta

import pandas as pd

from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.settings import Settings
from energydash.core.time import Period, utc_now
from energydash.grid.fuels import FUELS as CANONICAL
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import (
    fetched,
    frame_of,
    mix_of_columns,
    only_region,
    same_quantity,
    stacked,
)
from energydash.sources.http import get
from energydash.sources.tables import File, Table, table_of, trouble

INFO = Info(
    name="spp",
    title="SPP",
    about="Generation and load of the Southwest Power Pool, every 5 minutes.",
    documentation="https://portal.spp.org/pages/generation-mix-historical",
    licence="SPP's terms of use",
    longest_days=2.0,
)
URL = "https://portal.spp.org/file-browser-api/download/generation-mix-historical"
AUTHORITIES = ("SPP", "SWPW")
STEP = timedelta(minutes=5)
RECENT = timedelta(minutes=100)  # well within what the small files have
ZONE = "America/Chicago"
FORMATS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%SZ", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
FUELS = {
    "Coal": "coal",
    "Diesel Fuel Oil": "oil",
    "Hydro": "hydro",
    "Natural Gas": "gas",
    "Gas": "gas",
    "Nuclear": "nuclear",
    "Solar": "solar",
    "Waste Disposal Services": "biomass",
    "Wind": "wind",
    "Waste Heat": "other",  # recovered from industry: no fuel of its own
    "Energy Storage": "battery",
    "Other": "other",
}
LOAD = "Average Actual Load"
NOT_FUELS = re.compile(r"load|short term|average actual", re.IGNORECASE)


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix and load, from the same files."""
    del settings  # needs no key
    return tuple(
        Feed(
            INFO.name, "SPP", name, "MW", STEP, ZONE, STEP,
            revises=timedelta(minutes=90), history=timedelta(days=364),
        )
        for name in ("mix", "load")
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    return fetched(feed, period, get_mix, read, b"\n")


def get_mix(period: Period) -> list[File]:
    """Both authorities' files, cut to the days of the period."""
    span = "2Hour" if utc_now() - period.start < RECENT else "365"
    files = []
    for authority in AUTHORITIES:
        name = f"GenMix{span}_{authority}.csv"
        params = {"path": f"/{authority}/{name}"}
        body = get(INFO.title, URL, params=params, lasting=span == "365")
        files.append(File(name, _of_days(body, period) if span == "365" else body))
    return files


def _of_days(body: bytes, period: Period) -> bytes:
    """The header and the lines of a period's UTC days; all of them where they begin otherwise."""
    head, *lines = body.splitlines(keepends=True)
    days = tuple(f"{day}T".encode() for day in period.days("UTC"))
    if not lines or not re.match(rb"\d{4}-\d\d-\d\dT", lines[0]):
        return body
    return b"".join([head, *(line for line in lines if line.startswith(days) or line is lines[-1])])


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix of SPP and its load, both balancing authorities added up where both are there."""
    del day
    tables = [table_of(file) for file in files]
    quantity = same_quantity(map(_kind, tables))
    own = only_region(region, "SPP")
    wides = [(_authority(table), _wide(table)) for table in tables]
    if quantity == "interchange":
        return Answer(stacked(wide for _, wide in wides), quantity, own)
    mixes: dict[str, list[pd.DataFrame]] = {}
    loads: dict[str, list[pd.DataFrame]] = {}
    unknown: set[str] = set()
    for authority, wide in wides:
        frame, names = mix_of_columns(_generation(wide), FUELS)
        mixes.setdefault(authority, []).append(frame)
        unknown |= set(names)
        if LOAD in wide:
            load = wide[[LOAD]].set_axis(["load"], axis="columns").dropna()
            loads.setdefault(authority, []).append(load)
    mix = _add_authorities([stacked(frames) for frames in mixes.values()])
    load = _add_authorities([stacked(frames) for frames in loads.values()], ("load",))
    return Answer(mix, "mix", own, unknown=tuple(sorted(unknown)), others={"load": load})


def _add_authorities(
    mixes: list[pd.DataFrame], parts: Sequence[str] = tuple(CANONICAL)
) -> pd.DataFrame:
    """The sum of several balancing authorities' figures, at instants that none of them lacks.

    An authority counts from its first row on: SWPW joined in 2026. Where one is late, the sum
    waits for it: a part would pass for the whole.
    """
    mixes = [mix for mix in mixes if len(mix)]
    if not mixes:
        return empty_frame(*parts)
    starts = [mix.index[0] for mix in mixes]
    together = sorted(set().union(*(set(mix.index) for mix in mixes)))
    kept = [
        at
        for at in together
        if all(at in mix.index or at < start for mix, start in zip(mixes, starts, strict=True))
    ]
    index = pd.DatetimeIndex(kept, name="time")
    columns = {
        fuel: pd.DataFrame(
            {
                place: mix[fuel].reindex(index).where(index >= start, 0.0)
                for place, (mix, start) in enumerate(zip(mixes, starts, strict=True))
                if fuel in mix
            }
        ).sum(axis=1, skipna=False)
        for fuel in parts
        if any(fuel in mix for mix in mixes)
    }
    return stacked([pd.DataFrame(columns, index=index)])


def _kind(table: Table) -> str:
    if table.find("Coal Market") is not None:
        return "mix"
    if any("NSI" in name for name in table.header):
        return "interchange"
    raise trouble(table.file, f"these columns are not known: {', '.join(table.header)}")


def _authority(table: Table) -> str:
    """Which balancing authority a file is of: its BAA column says so, or its name."""
    column = table.find("BAA")
    name = table.file if column is None else table.rows[0][column]
    return "SWPW" if "SWPW" in name.upper() else "SPP"


def _wide(table: Table) -> pd.DataFrame:
    """Every column of numbers, by instant."""
    clock = table.position("GMT MKT Interval", "GMTTime", "Interval")
    texts = (clock, table.find("BAA"))
    columns = [place for place in range(len(table.header)) if place not in texts]
    times = [
        at if at.tzinfo else at.replace(tzinfo=UTC)
        for at in (table.time(line, cells, clock, *FORMATS) for line, cells in table.numbered())
    ]
    values = {
        table.header[place]: [table.number(line, cells, place) for line, cells in table.numbered()]
        for place in columns
    }
    return frame_of(times, values)


def _generation(wide: pd.DataFrame) -> pd.DataFrame:
    """A column per fuel: its Market and Self columns added, loads left out."""
    fuels: dict[str, list[str]] = {}
    for name in wide.columns:
        if not NOT_FUELS.search(name):
            fuels.setdefault(re.sub(r"\s+(Market|Self)$", "", name), []).append(name)
    return pd.DataFrame(
        {fuel: wide[names].sum(axis=1, skipna=False) for fuel, names in fuels.items()}
    )
