"""ERCOT (Texas): the dashboards' fuel mix, storage and demand.

Documentation: https://www.ercot.com/gridmktinfo/dashboards (JSON `fuel-mix`,
`energy-storage-resources`, `supply-demand` under /api/1/services/read/dashboards/).
Cadence: 5 minutes, yesterday and today. Stamps: the mix is an instant a few seconds before the
tick, with its offset; one interval may be split in two stamps seconds apart, each with some of
the fuels, and is put together again at the first. Storage is an instant; demand is stamped (in
`epoch`) at the end of its 5 minutes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    frame_of,
    json_of,
    likely,
    mix_of_rows,
    only_region,
    records_of,
    same_quantity,
    stamp_of,
    trouble,
    value_of,
    within,
)

ZONE = "America/Chicago"
STEP = timedelta(minutes=5)
SPLIT = timedelta(seconds=60)  # stamps closer than this, with different fuels, are one interval
FUELS = {
    "Coal and Lignite": "coal",
    "Hydro": "hydro",
    "Nuclear": "nuclear",
    "Power Storage": "battery",  # negative while charging
    "Solar": "solar",
    "Wind": "wind",
    "Natural Gas": "gas",
    "Other": "other",
}
# The two halves of Power Storage, which has their sum already.
HALVES = ("Power Storage Charging", "Power Storage Discharging")


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix, the net output of storage, or the demand."""
    del day
    own = only_region(region, "ERCOT")
    documents = [(file, json_of(file)) for file in files]
    quantity = same_quantity(_kind(file, document) for file, document in documents)
    if quantity == "mix":
        rows = [row for file, document in documents for row in mix_rows(file, document)]
        frame, unknown = mix_of_rows(rows, FUELS)
        return SavedAnswer(frame, "mix", own, unknown=unknown)
    read_rows = _storage_rows if quantity == "storage" else _load_rows
    pairs = [pair for file, document in documents for pair in read_rows(file, document)]
    part = "battery" if quantity == "storage" else "load"
    frame = frame_of([at for at, _ in pairs], {part: [value for _, value in pairs]})
    return SavedAnswer(frame, quantity, own)


def _kind(file: SavedFile, document: Any) -> str:
    if isinstance(document, dict):
        if "currentDay" in document or "previousDay" in document:
            return "storage"
        if isinstance(document.get("data"), dict):
            return "mix"
        if isinstance(document.get("data"), list):
            return "load"
    raise trouble(file, "this is none of ERCOT's fuel-mix, storage or supply-demand answers")


def mix_rows(file: SavedFile, document: Any) -> list[tuple[datetime, str, float]]:
    """(instant, name, MW) of a fuel-mix answer; the live source reads it too."""
    stamps: list[tuple[datetime, str, dict[str, Any]]] = []
    for day, instants in within(file, document, "data").items():
        if not isinstance(instants, dict):
            raise trouble(file, f"'data.{day}' is not a list of instants")
        for stamp, fuels in instants.items():
            try:
                at = likely(datetime.fromisoformat(stamp))
            except ValueError as error:
                raise trouble(file, f"'data.{day}.{stamp}' is not a time") from error
            if at.tzinfo is None or not isinstance(fuels, dict):
                raise trouble(file, f"'data.{day}.{stamp}' has no offset, or no fuels")
            stamps.append((at.astimezone(UTC), f"data.{day}.{stamp}", fuels))
    stamps.sort(key=lambda item: item[0])
    rows: list[tuple[datetime, str, float]] = []
    start: datetime | None = None
    taken: set[str] = set()
    for at, place, fuels in stamps:
        if start is None or at - start >= SPLIT or taken & set(fuels):
            start, taken = at, set()
        taken |= set(fuels)
        for fuel, reading in fuels.items():
            if fuel in HALVES:
                continue
            if not isinstance(reading, dict) or "gen" not in reading:
                raise trouble(file, f"'{place}.{fuel}' has no 'gen'")
            rows.append((start, fuel, value_of(file, len(rows) + 1, reading, "gen")))
    return rows


def _storage_rows(file: SavedFile, document: Any) -> list[tuple[datetime, float]]:
    pairs: dict[datetime, float] = {}
    for day in ("previousDay", "currentDay"):
        if day not in document:
            continue
        for number, record in enumerate(records_of(file, document, day, "data"), 1):
            at = stamp_of(file, number, record, "timestamp").astimezone(UTC)
            if at in pairs and record.get("dstFlag") == "N":
                # The repeated autumn hour starts with a stamp that is an hour late.
                at -= timedelta(hours=1)
            pairs[at] = value_of(file, number, record, "netOutput")
    return list(pairs.items())


def _load_rows(file: SavedFile, document: Any) -> list[tuple[datetime, float]]:
    pairs = []
    for number, record in enumerate(records_of(file, document, "data"), 1):
        if record.get("forecast"):
            continue
        epoch = value_of(file, number, record, "epoch")
        try:
            end = likely(datetime.fromtimestamp(epoch / 1000, UTC))
        except (ValueError, OverflowError, OSError) as error:
            what = f"record {number}, field 'epoch': '{epoch}' is not a time in milliseconds"
            raise trouble(file, what) from error
        pairs.append((end - STEP, value_of(file, number, record, "demand")))
    return pairs
