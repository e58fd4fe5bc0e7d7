"""MISO (Midcontinent): fuel mix and load.

Documentation: https://public-api.misoenergy.org (`/api/FuelMix`, `/Today`, `/Yesterday`,
`/api/RealTimeTotalLoad`; JSON).
No key; yesterday and today only, and one request per address and minute.
Cadence: 5 minutes. Stamps: interval starts in EST all year round (UTC−5, no daylight time).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import DAY, Period, utc_now, zone_info
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import fetched, frame_of, mix_of_rows, only_region, same_quantity
from energydash.sources.http import get
from energydash.sources.tables import (
    File,
    field_of,
    json_of,
    likely,
    records_of,
    trouble,
    value_of,
    within,
)

INFO = Info(
    name="miso",
    title="MISO",
    about="Generation and load of the Midcontinent ISO, every 5 minutes, yesterday and today.",
    documentation="https://public-api.misoenergy.org",
    licence="MISO's terms of use",
    longest_days=2.0,
)
URL = "https://public-api.misoenergy.org/api"
STEP = timedelta(minutes=5)
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


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix and load."""
    del settings  # needs no key
    return tuple(
        Feed(INFO.name, "MISO", name, "MW", STEP, ZONE, STEP, history=DAY)
        for name in ("mix", "load")
    )


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    get_files = get_mix if feed.quantity == "mix" else get_load
    return fetched(feed, period, get_files, read)


def get_mix(period: Period) -> list[File]:
    """Yesterday and today, as far as the period touches them."""
    today = utc_now().astimezone(zone_info(ZONE)).date()
    days = {today - DAY: "Yesterday", today: "Today"}
    names = [name for day, name in days.items() if day in period.days(ZONE)]
    return [File(f"FuelMix/{name}", get(INFO.title, f"{URL}/FuelMix/{name}")) for name in names]


def get_load(period: Period) -> list[File]:
    """Today, whatever the period."""
    del period
    return [File("RealTimeTotalLoad", get(INFO.title, f"{URL}/RealTimeTotalLoad"))]


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, or the load."""
    del day
    own = only_region(region, "MISO")
    documents = [(file, json_of(file)) for file in files]
    quantity = same_quantity(_kind(file, document) for file, document in documents)
    if quantity == "mix":
        rows = [row for file, document in documents for row in _mix_rows(file, document)]
        frame, unknown = mix_of_rows(rows, FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
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
    return Answer(frame_of(times, {"load": values}), "load", own)


def _mix_rows(file: File, document: Any) -> list[tuple[datetime, str, float]]:
    """(interval start, name, MW) of a fuel-mix answer."""
    return [
        (
            _time(file, number, record, "INTERVALEST", "%Y-%m-%d %I:%M:%S %p"),
            field_of(file, number, record, "CATEGORY"),
            value_of(file, number, record, "ACT"),
        )
        for number, record in enumerate(records_of(file, document, "Fuel", "Type"), 1)
    ]


def _kind(file: File, document: Any) -> str:
    if isinstance(document, dict):
        if "Fuel" in document:
            return "mix"
        if "LoadInfo" in document:
            return "load"
    raise trouble(file.name, "there is neither 'Fuel' nor 'LoadInfo' in this JSON")


def _time(file: File, number: int, record: Any, field: str, form: str) -> datetime:
    text = field_of(file, number, record, field)
    try:
        at = datetime.strptime(text, form).replace(tzinfo=EST)
        return at if "%d" not in form else likely(at)
    except ValueError as error:
        raise trouble(
            file.name, f"record {number}, field '{field}': '{text}' is not a time"
        ) from error


def _day(file: File, reference: str) -> datetime:
    """The midnight of a RefId such as '25-Jan-2018 - Interval 04:30 EST'."""
    try:
        return likely(datetime.strptime(reference.split(" ")[0], "%d-%b-%Y").replace(tzinfo=EST))
    except ValueError as error:
        raise trouble(file.name, f"RefId '{reference}' does not start with a date") from error
