"""SPP (Southwest Power Pool): generation mix of its two balancing authorities, and interchange.

Documentation: https://portal.spp.org/pages/generation-mix-historical (`GenMix2Hour_SPP.csv`,
`GenMix365_SPP.csv`, the same for SWPW) and /pages/interchange-trend.
Cadence: 5 minutes. Stamps: interval starts in GMT. What a fuel generates is its Market plus its
Self columns. Files of both balancing authorities, told by their names, are added up.
"""

from __future__ import annotations

import re
from datetime import UTC, date

import pandas as pd

from energydash.grid.fuels import FUELS as CANONICAL
from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    Table,
    frame_of,
    mix_of_columns,
    only_region,
    same_quantity,
    stacked,
    table_of,
    trouble,
)

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
NOT_FUELS = re.compile(r"load|short term|average actual", re.IGNORECASE)


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix of SPP, both balancing authorities added up where both are there."""
    del day
    tables = [table_of(file) for file in files]
    quantity = same_quantity(map(_kind, tables))
    if quantity == "interchange":
        own = only_region(region, "SPP")
        return SavedAnswer(stacked(_wide(table) for table in tables), quantity, own)
    own = only_region(region, "SPP")
    by_authority: dict[str, list[pd.DataFrame]] = {}
    unknown: set[str] = set()
    for table in tables:
        frame, names = mix_of_columns(generation(_wide(table)), FUELS)
        by_authority.setdefault(_authority(table), []).append(frame)
        unknown |= set(names)
    mixes = [stacked(frames) for frames in by_authority.values()]
    return SavedAnswer(add_authorities(mixes), "mix", own, unknown=tuple(sorted(unknown)))


def add_authorities(mixes: list[pd.DataFrame]) -> pd.DataFrame:
    """The sum of several balancing authorities' mixes, at instants that none of them lacks.

    An authority counts from its first row on: SWPW joined in 2026. Where one is late, the sum
    waits for it: a part would pass for the whole.
    """
    mixes = [mix for mix in mixes if len(mix)]
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
        for fuel in CANONICAL
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
    name = table.file.name if column is None else table.rows[0][1][column]
    return "SWPW" if "SWPW" in name.upper() else "SPP"


def _wide(table: Table) -> pd.DataFrame:
    """Every column of numbers, by instant."""
    clock = table.position("GMT MKT Interval", "GMTTime", "Interval")
    texts = (clock, table.find("BAA"))
    columns = [place for place in range(len(table.header)) if place not in texts]
    times = [
        at if at.tzinfo else at.replace(tzinfo=UTC)
        for at in (table.time(line, cells, clock, *FORMATS) for line, cells in table.rows)
    ]
    values = {
        table.header[place]: [table.number(line, cells, place) for line, cells in table.rows]
        for place in columns
    }
    return frame_of(times, values)


def generation(wide: pd.DataFrame) -> pd.DataFrame:
    """A column per fuel: its Market and Self columns added, loads left out."""
    fuels: dict[str, list[str]] = {}
    for name in wide.columns:
        if not NOT_FUELS.search(name):
            fuels.setdefault(re.sub(r"\s+(Market|Self)$", "", name), []).append(name)
    return pd.DataFrame(
        {fuel: wide[names].sum(axis=1, skipna=False) for fuel, names in fuels.items()}
    )
