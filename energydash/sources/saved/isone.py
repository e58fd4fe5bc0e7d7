"""ISO New England: generation by fuel and load, from its web services.

Documentation: https://webservices.iso-ne.com/docs/v1.1/ (`genfuelmix/current`,
`genfuelmix/day/YYYYMMDD`, `fiveminutesystemload`, `hourlysysload`; JSON).
Cadence: the mix comes at irregular instants, 3 to 10 minutes apart; a fuel is listed only while
it generates. Loads are intervals stamped at their start. Every stamp has its offset.
"""

from __future__ import annotations

from datetime import date, datetime

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    field_of,
    frame_of,
    json_of,
    mix_of_rows,
    only_region,
    records_of,
    same_quantity,
    stamp_of,
    trouble,
    value_of,
)

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


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix at its irregular instants, or the load."""
    del day
    own = only_region(region, "ISONE")
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
        return SavedAnswer(frame, "mix", own, unknown=unknown)
    times, values = [], []
    for file, document in documents:
        wrapper = next(name for name in LOADS if name in document)
        for number, record in enumerate(records_of(file, document, wrapper, LOADS[wrapper]), 1):
            times.append(_aware(file, number, record))
            field = "LoadMw" if "LoadMw" in record else "Load"
            values.append(value_of(file, number, record, field))
    return SavedAnswer(frame_of(times, {"load": values}), "load", own)


def _kind(file: SavedFile, document: object) -> str:
    if isinstance(document, dict):
        if "GenFuelMixes" in document:
            return "mix"
        if any(name in document for name in LOADS):
            return "load"
    raise trouble(file, "there is neither 'GenFuelMixes' nor a system load in this JSON")


def _aware(file: SavedFile, number: int, record: dict[str, object]) -> datetime:
    stamp = stamp_of(file, number, record, "BeginDate")
    if stamp.tzinfo is None:
        raise trouble(file, f"record {number}, field 'BeginDate': '{stamp}' has no offset")
    return stamp
