"""BPA (Pacific Northwest): load and generation of the last seven days.

Documentation: https://transmission.bpa.gov/business/operations/Wind/ (`baltwg.txt`, tabs).
Cadence: 5 minutes. Stamps: interval starts in Pacific wall time. Some lines of text stand above
the header, their number varies; rows of the coming hours are announced blank.
"""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    frame_of,
    local_to_utc,
    mix_of_columns,
    only_region,
    stacked,
    table_of,
    text_of,
    trouble,
)

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


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix; `read_balance` has the load too."""
    del day
    own = only_region(region, "BPA")
    mixes, unknown = [], set()
    for file in files:
        mix, _, names = read_balance(file)
        mixes.append(mix)
        unknown |= set(names)
    return SavedAnswer(stacked(mixes), "mix", own, unknown=tuple(sorted(unknown)))


def read_balance(file: SavedFile) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """(mix, load, unknown column names) of one `baltwg.txt`, without its blank rows."""
    lines = text_of(file).splitlines()
    skip = next((n for n, line in enumerate(lines) if line.startswith("Date/Time")), None)
    if skip is None:
        raise trouble(file, "there is no header line that starts with 'Date/Time'")
    table = table_of(file, delimiter="\t", skip=skip)
    clock, load = table.position("Date/Time"), table.position("Load")
    fuels = [place for place in range(len(table.header)) if place not in (clock, load)]
    walls: list[datetime] = []
    values: list[list[float]] = []
    for line, cells in table.rows:
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
