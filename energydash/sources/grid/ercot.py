"""ERCOT (Texas): the dashboards' fuel mix, storage and demand.

Documentation: https://www.ercot.com/gridmktinfo/dashboards (JSON `fuel-mix`,
`energy-storage-resources`, `supply-demand` under /api/1/services/read/dashboards/).
Cadence: 5 minutes, yesterday and today. Stamps: the mix is an instant a few seconds before the
tick, with its offset; one interval may be split in two stamps seconds apart, each with some of
the fuels, and is put together again at the first. Storage is an instant; demand is stamped (in
`epoch`) at the end of its 5 minutes. No key; addresses outside the US may be refused.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.feeds import Feed, Fetched, Stamp, tidy
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import fetched, frame_of, mix_of_rows, only_region, same_quantity
from energydash.sources.http import get
from energydash.sources.tables import (
    File,
    json_of,
    likely,
    records_of,
    stamp_of,
    trouble,
    value_of,
    within,
)

INFO = Info(
    name="ercot",
    title="ERCOT",
    about="Generation, load and storage of Texas, every 5 minutes, yesterday and today.",
    documentation="https://www.ercot.com/gridmktinfo/dashboards",
    licence="ERCOT's terms of use",
    longest_days=2.0,
)
URL = "https://www.ercot.com/api/1/services/read/dashboards"
FILES = {
    "mix": "fuel-mix.json",
    "load": "supply-demand.json",
    "storage": "energy-storage-resources.json",
}
STAMPS = {"mix": Stamp.INSTANT, "load": Stamp.END, "storage": Stamp.INSTANT}
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


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix, load, and the net output of storage."""
    del settings  # needs no key
    return tuple(
        Feed(
            INFO.name, "ERCOT", name, "MW", STEP, ZONE, STEP, stamp, history=timedelta(days=1)
        )
        for name, stamp in STAMPS.items()
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """What there is of `period`, set to the minute: instants are a few seconds early.

    Raises: SourceError.
    """
    del settings
    name = FILES[feed.quantity]
    wider = Period(period.start - SPLIT, period.end)
    found = fetched(feed, wider, lambda _: [File(name, get_dashboard(name))], read)
    frame = tidy(found.frame.set_axis(pd.DatetimeIndex(found.frame.index).round("min")))
    covered = Period(min(period.start, found.covered.end), found.covered.end)
    inside = (frame.index >= pd.Timestamp(covered.start)) & (
        frame.index < pd.Timestamp(covered.end)
    )
    return replace(found, frame=frame[inside], covered=covered)


def get_dashboard(name: str) -> bytes:
    """One of FILES: yesterday and today."""
    return get(INFO.title, f"{URL}/{name}")


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, the net output of storage, or the demand."""
    del day
    own = only_region(region, "ERCOT")
    documents = [(file, json_of(file)) for file in files]
    quantity = same_quantity(_kind(file, document) for file, document in documents)
    if quantity == "mix":
        rows = [row for file, document in documents for row in _mix_rows(file, document)]
        frame, unknown = mix_of_rows(rows, FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
    read_rows = _storage_rows if quantity == "storage" else _load_rows
    pairs = [pair for file, document in documents for pair in read_rows(file, document)]
    part = "battery" if quantity == "storage" else "load"
    frame = frame_of([at for at, _ in pairs], {part: [value for _, value in pairs]})
    return Answer(frame, quantity, own)


def _kind(file: File, document: Any) -> str:
    if isinstance(document, dict):
        if "currentDay" in document or "previousDay" in document:
            return "storage"
        if isinstance(document.get("data"), dict):
            return "mix"
        if isinstance(document.get("data"), list):
            return "load"
    raise trouble(file.name, "this is none of ERCOT's fuel-mix, storage or supply-demand answers")


def _mix_rows(file: File, document: Any) -> list[tuple[datetime, str, float]]:
    """(instant, name, MW) of a fuel-mix answer."""
    stamps: list[tuple[datetime, str, dict[str, Any]]] = []
    for day, instants in within(file, document, "data").items():
        if not isinstance(instants, dict):
            raise trouble(file.name, f"'data.{day}' is not a list of instants")
        for stamp, fuels in instants.items():
            try:
                at = likely(datetime.fromisoformat(stamp))
            except ValueError as error:
                raise trouble(file.name, f"'data.{day}.{stamp}' is not a time") from error
            if at.tzinfo is None or not isinstance(fuels, dict):
                raise trouble(file.name, f"'data.{day}.{stamp}' has no offset, or no fuels")
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
                raise trouble(file.name, f"'{place}.{fuel}' has no 'gen'")
            rows.append((start, fuel, value_of(file, len(rows) + 1, reading, "gen")))
    return rows


def _storage_rows(file: File, document: Any) -> list[tuple[datetime, float]]:
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


def _load_rows(file: File, document: Any) -> list[tuple[datetime, float]]:
    pairs = []
    for number, record in enumerate(records_of(file, document, "data"), 1):
        if record.get("forecast"):
            continue
        epoch = value_of(file, number, record, "epoch")
        try:
            end = likely(datetime.fromtimestamp(epoch / 1000, UTC))
        except (ValueError, OverflowError, OSError) as error:
            what = f"record {number}, field 'epoch': '{epoch}' is not a time in milliseconds"
            raise trouble(file.name, what) from error
        pairs.append((end - STEP, value_of(file, number, record, "demand")))
    return pairs
