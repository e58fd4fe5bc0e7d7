"""PJM (mid-Atlantic): generation by fuel from Data Miner 2.

Documentation: https://dataminer2.pjm.com/feed/gen_by_fuel (JSON, paged by startRow/rowCount).
Cadence: hourly. Stamps: interval starts in UTC (`datetime_beginning_utc`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from energydash.sources import Answer
from energydash.sources.grid.mixes import mix_of_rows, only_region
from energydash.sources.tables import File, field_of, json_of, records_of, stamp_of, value_of

ZONE = "America/New_York"
FUELS = {
    "Coal": "coal",
    "Gas": "gas",
    "Hydro": "hydro",  # pumped storage is in it
    "Multiple Fuels": "other",  # gas or oil: PJM does not say which was burnt
    "Nuclear": "nuclear",
    "Oil": "oil",
    "Other": "other",
    "Other Renewables": "biomass",  # landfill gas, refuse and wood
    "Solar": "solar",
    "Storage": "battery",
    "Wind": "wind",
}


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix; several files are the pages of one answer."""
    del day
    own = only_region(region, "PJM")
    rows: list[tuple[datetime, str, float]] = []
    total = 0
    for file in files:
        document = json_of(file)
        for number, record in enumerate(records_of(file, document, "items"), 1):
            at = stamp_of(file, number, record, "datetime_beginning_utc").replace(tzinfo=UTC)
            fuel = field_of(file, number, record, "fuel_type")
            rows.append((at, fuel, value_of(file, number, record, "mw")))
        promised = document.get("totalRows")
        total = max(total, promised if isinstance(promised, int) else 0)
    frame, unknown = mix_of_rows(rows, FUELS)
    notes: tuple[str, ...] = ()
    if len({(at, fuel) for at, fuel, _ in rows}) < total:
        notes = (f"{len(rows):,} of {total:,} rows are in these files: pages are missing.",)
    return Answer(frame, "mix", own, unknown=unknown, notes=notes)
