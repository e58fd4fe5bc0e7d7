"""NYISO (New York): real-time fuel mix and actual load.

Documentation: https://www.nyiso.com/energy-market-operational-data (files
`YYYYMMDDrtfuelmix.csv`, `YYYYMMDDpal.csv`, and monthly zips of them).
Cadence: 5 minutes, with an extra row whenever the dispatch was run out of turn. Stamps: Eastern
time with a Time Zone column (EST or EDT), so the repeated autumn hour is clear. The mix is
stamped at the end of its 5 minutes (the first row of a day is 00:05, the last 00:00 of the next);
the load is an instant.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    Table,
    mix_of_rows,
    only_region,
    same_quantity,
    table_of,
    trouble,
)

ZONE = "America/New_York"
STEP = timedelta(minutes=5)
FORMATS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
OFFSETS = {"EST": timezone(timedelta(hours=-5)), "EDT": timezone(timedelta(hours=-4))}
FUELS = {
    # Units that may burn gas or oil and burn gas nearly always; EIA counts them as gas too.
    "Dual Fuel": "gas",
    "Natural Gas": "gas",
    "Nuclear": "nuclear",
    # Oil, kerosene and, until 2020, coal in one figure: naming one of them would claim too much.
    "Other Fossil Fuels": "other",
    # Landfill gas, refuse and wood, with the little solar that is not behind a meter.
    "Other Renewables": "biomass",
    "Wind": "wind",
    "Hydro": "hydro",
}


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix, or the load summed over the zones."""
    del day
    own = only_region(region, "NYISO")
    tables = [table_of(file) for file in files]
    quantity = same_quantity(map(_kind, tables))
    if quantity == "mix":
        rows = [row for table in tables for row in _rows(table, "Fuel Category", "Gen MW")]
        frame, unknown = mix_of_rows([(at - STEP, name, mw) for at, name, mw in rows], FUELS)
        return SavedAnswer(frame, "mix", own, unknown=unknown)
    rows = [row for table in tables for row in _rows(table, "Name", "Load")]
    # Every zone, summed as if it were one fuel:
    frame, _ = mix_of_rows(rows, {name: "other" for _, name, _ in rows})
    return SavedAnswer(frame.rename(columns={"other": "load"}), "load", own)


def _kind(table: Table) -> str:
    if table.find("Fuel Category") is not None:
        return "mix"
    if table.find("PTID") is not None and table.find("Load") is not None:
        return "load"
    raise trouble(table.file, f"these columns are not known: {', '.join(table.header)}")


def _rows(table: Table, name_column: str, value_column: str) -> list[tuple[datetime, str, float]]:
    """(instant, name, MW). Files before 2017 head the power column 'Gen MWh'; it is MW too."""
    stamp = table.position("Time Stamp")
    zone = table.position("Time Zone")
    name = table.position(name_column)
    value = table.position(value_column, f"{value_column}h")
    out = []
    for line, cells in table.rows:
        offset = OFFSETS.get(cells[zone].strip().upper())
        if offset is None:
            what = f"'{cells[zone]}' is neither EST nor EDT"
            raise trouble(table.file, what, line=line, column="'Time Zone'")
        at = table.time(line, cells, stamp, *FORMATS).replace(tzinfo=offset)
        out.append((at, cells[name].strip(), table.number(line, cells, value)))
    return out
