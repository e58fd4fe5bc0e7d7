"""MISO (Midcontinent): fuel mix and load.

Documentation: https://public-api.misoenergy.org (`/api/FuelMix`, `/Today`, `/Yesterday`,
`/api/RealTimeTotalLoad`; JSON).
Cadence: 5 minutes. Stamps: interval starts in EST all year round (UTC−5, no daylight time).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    field_of,
    frame_of,
    json_of,
    likely,
    mix_of_rows,
    only_region,
    records_of,
    same_quantity,
    trouble,
    value_of,
    within,
)

ZONE = "Etc/GMT+5"  # IANA's name for UTC−5
EST = timezone(timedelta(hours=-5))
FUELS = {
    "Coal": "coal",
    "Natural Gas": "gas",
    "Nuclear": "nuclear",
    "Wind": "wind",
    "Solar": "solar",
    "Battery Storage": "battery",
    "Imports": "imports",
    "Other": "other",  # hydro, pumped storage, diesel, biomass and the rest, in one figure
}


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix, or the load."""
    del day
    own = only_region(region, "MISO")
    documents = [(file, json_of(file)) for file in files]
    quantity = same_quantity(_kind(file, document) for file, document in documents)
    if quantity == "mix":
        rows = [row for file, document in documents for row in mix_rows(file, document)]
        frame, unknown = mix_of_rows(rows, FUELS)
        return SavedAnswer(frame, "mix", own, unknown=unknown)
    times: list[datetime] = []
    values: list[float] = []
    for file, document in documents:
        info = within(file, document, "LoadInfo")
        midnight = _day(file, str(within(file, info, "RefId")))
        for number, record in enumerate(records_of(file, info, "FiveMinTotalLoad"), 1):
            load = within(file, record, "Load")
            clock = _time(file, number, load, "Time", "%H:%M")
            times.append(midnight + timedelta(hours=clock.hour, minutes=clock.minute))
            values.append(value_of(file, number, load, "Value"))
    return SavedAnswer(frame_of(times, {"load": values}), "load", own)


def mix_rows(file: SavedFile, document: Any) -> list[tuple[datetime, str, float]]:
    """(interval start, name, MW) of a fuel-mix answer; the live source reads it too."""
    return [
        (
            _time(file, number, record, "INTERVALEST", "%Y-%m-%d %I:%M:%S %p"),
            field_of(file, number, record, "CATEGORY"),
            value_of(file, number, record, "ACT"),
        )
        for number, record in enumerate(records_of(file, document, "Fuel", "Type"), 1)
    ]


def _kind(file: SavedFile, document: Any) -> str:
    if isinstance(document, dict):
        if "Fuel" in document:
            return "mix"
        if "LoadInfo" in document:
            return "load"
    raise trouble(file, "there is neither 'Fuel' nor 'LoadInfo' in this JSON")


def _time(file: SavedFile, number: int, record: Any, field: str, form: str) -> datetime:
    text = field_of(file, number, record, field)
    try:
        at = datetime.strptime(text, form).replace(tzinfo=EST)
        return at if "%d" not in form else likely(at)
    except ValueError as error:
        raise trouble(file, f"record {number}, field '{field}': '{text}' is not a time") from error


def _day(file: SavedFile, reference: str) -> datetime:
    """The midnight of a RefId such as '25-Jan-2018 - Interval 04:30 EST'."""
    try:
        return likely(datetime.strptime(reference.split(" ")[0], "%d-%b-%Y").replace(tzinfo=EST))
    except ValueError as error:
        raise trouble(file, f"RefId '{reference}' does not start with a date") from error
