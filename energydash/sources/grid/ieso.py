"""IESO (Ontario): generator output, output by fuel, and real-time totals.

Documentation: https://reports-public.ieso.ca/public/ (`GenOutputCapability`,
`GenOutputbyFuelHourly`, `RealtimeTotals`; XML). No key. Days are kept for about ninety days; before
them there is a report per year.
Cadence: hourly mix, 5-minute totals. Stamps: hour h is the interval h−1 to h, interval n of an
hour the five minutes up to 5·n; EST all year round (UTC−5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from xml.etree import ElementTree

from energydash.core.errors import NotFound
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period, utc_now
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import (
    day_by_day,
    fetched,
    frame_of,
    mix_of_rows,
    only_region,
    same_quantity,
)
from energydash.sources.http import get
from energydash.sources.tables import File, likely, number_of, text_of, trouble

INFO = Info(
    name="ieso",
    title="IESO",
    about="Generation of Ontario by the hour, and its demand every 5 minutes.",
    documentation="https://reports-public.ieso.ca/public/",
    licence="IESO's terms of use",
    longest_days=2.0,
)
URL = "https://reports-public.ieso.ca/public"
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=5)
KEPT = timedelta(days=89)
ZONE = "Etc/GMT+5"
EST = timezone(timedelta(hours=-5))
FUELS = {
    "NUCLEAR": "nuclear",
    "GAS": "gas",
    "HYDRO": "hydro",
    "WIND": "wind",
    "SOLAR": "solar",
    "BIOFUEL": "biomass",
    "OTHER": "other",
    "ENERGY STORAGE": "battery",
}
NOT_A_FUEL = "CONTROL ACTIONS"
STORES = re.compile("BESS|BATTERY|STORAGE")  # of type OTHER: batteries are told by their names
Row = tuple[datetime, str, float]


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix by the hour, and load. The load has a file per hour: what may still change is asked for
    again, not the whole day."""
    del settings  # needs no key
    return (
        Feed(INFO.name, "IESO", "mix", "MW", HOUR, ZONE, HOUR),
        Feed(
            INFO.name, "IESO", "load", "MW", STEP, ZONE, STEP, revises=HOUR, history=timedelta(30)
        ),
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The intervals that start in `period`. Raises: SourceError."""
    del settings
    get_files = get_mix if feed.quantity == "mix" else get_totals
    return fetched(feed, period, get_files, read)


def get_mix(period: Period) -> list[File]:
    """The report of each of the last days, of older ones those of their years."""
    oldest = utc_now().astimezone(EST).date() - KEPT
    days = period.days(ZONE)
    years = dict.fromkeys(day.replace(month=1, day=1) for day in days if day < oldest)
    old = [_get("GenOutputbyFuelHourly", f"{year:%Y}") for year in years]
    lately = [day for day in days if day >= oldest]
    return old + day_by_day(lately, lambda day: _get("GenOutputCapability", f"{day:%Y%m%d}"))


def get_totals(period: Period) -> list[File]:
    """The report of each hour; the newest may not be there yet."""
    first = period.start.replace(minute=0, second=0, microsecond=0)
    hours = [first + n * HOUR for n in range(-((first - period.end) // HOUR))]
    return [file for hour in hours if (file := _get_hour(hour, is_last=hour == hours[-1]))]


def _get_hour(hour: datetime, *, is_last: bool) -> File | None:
    local = hour.astimezone(EST)
    try:
        return _get("RealtimeTotals", f"{local:%Y%m%d}{local.hour + 1:02}")
    except NotFound:
        if is_last:
            return None
        raise


def _get(report: str, which: str) -> File:
    name = f"PUB_{report}_{which}.xml"
    lasting = report == "GenOutputbyFuelHourly"  # megabytes, and many days
    return File(name, get(INFO.title, f"{URL}/{report}/{name}", lasting=lasting))


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix by fuel, or Ontario's demand."""
    del day
    own = only_region(region, "IESO")
    roots = [(file, _root(file)) for file in files]
    quantity = same_quantity(_kind(file, root) for file, root in roots)
    if quantity == "load":
        pairs = [pair for file, root in roots for pair in _totals(file, root)]
        frame = frame_of([at for at, _ in pairs], {"load": [value for _, value in pairs]})
        return Answer(frame, "load", own)
    rows: list[Row] = []
    silent = 0
    for file, root in roots:
        if root.find(".//Generator") is None:
            rows += _by_fuel(file, root)
        else:
            found, missing = _by_generator(file, root)
            rows += found
            silent += missing
    frame, unknown = mix_of_rows(rows, FUELS)
    notes = (f"{silent} generator hours have no output and are not counted.",) if silent else ()
    return Answer(frame, "mix", own, unknown=unknown, notes=notes)


def _root(file: File) -> ElementTree.Element:
    """The document with every name stripped of its namespace: the reports use different ones."""
    try:
        root = ElementTree.fromstring(text_of(file, strict=True))
    except ElementTree.ParseError as error:
        line, column = error.position
        what = "the XML is cut short or garbled"
        raise trouble(file.name, what, line=line, column=column + 1) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _kind(file: File, root: ElementTree.Element) -> str:
    if root.find(".//IntervalEnergy") is not None:
        return "load"
    if root.find(".//Generator") is not None or root.find(".//DailyData") is not None:
        return "mix"
    raise trouble(file.name, "this is none of IESO's generator, fuel or real-time reports")


def _by_generator(file: File, root: ElementTree.Element) -> tuple[list[Row], int]:
    """(rows summed by fuel, generator hours without a value).

    A generator without an output in an hour adds nothing; its fuel stays known by the others.
    """
    midnight = _midnight(file, _text(file, root, ".//Date"))
    sums: dict[tuple[datetime, str], float] = {}
    silent = 0
    for generator in root.iter("Generator"):
        fuel = _text(file, generator, "FuelType").upper()
        if fuel == NOT_A_FUEL:
            continue
        if fuel == "OTHER" and STORES.search(generator.findtext("GeneratorName") or ""):
            fuel = "ENERGY STORAGE"
        for output in generator.iterfind("Outputs/Output"):
            at = midnight + timedelta(hours=_whole(file, output, "Hour", 24) - 1)
            value = number_of(output.findtext("EnergyMW") or "")
            if value is None:
                raise trouble(
                    file.name, f"'{output.findtext('EnergyMW')}' is not a number (EnergyMW)"
                )
            if value != value:
                silent += 1
                continue
            sums[at, fuel] = sums.get((at, fuel), 0.0) + value
    return [(at, fuel, value) for (at, fuel), value in sums.items()], silent


def _by_fuel(file: File, root: ElementTree.Element) -> Iterator[Row]:
    for day in root.iter("DailyData"):
        midnight = _midnight(file, _text(file, day, "Day"))
        for hour in day.iterfind("HourlyData"):
            at = midnight + timedelta(hours=_whole(file, hour, "Hour", 24) - 1)
            for fuel in hour.iterfind("FuelTotal"):
                value = number_of(fuel.findtext(".//Output") or "")
                if value is None:
                    raise trouble(
                        file.name, f"'{fuel.findtext('.//Output')}' is not a number (Output)"
                    )
                yield at, _text(file, fuel, "Fuel").upper(), value


def _totals(file: File, root: ElementTree.Element) -> Iterator[tuple[datetime, float]]:
    midnight = _midnight(file, _text(file, root, ".//DeliveryDate"))
    hour = midnight + timedelta(hours=_whole(file, root, ".//DeliveryHour", 24) - 1)
    for interval in root.iter("IntervalEnergy"):
        at = hour + timedelta(minutes=5 * (_whole(file, interval, "Interval", 12) - 1))
        for total in interval.iterfind("MQ"):
            if _text(file, total, "MarketQuantity").upper() == "ONTARIO DEMAND":
                text = total.findtext("EnergyMW") or ""
                value = number_of(text)
                if value is None:
                    raise trouble(file.name, f"'{text}' is not a number (EnergyMW)")
                yield at, value


def _text(file: File, element: ElementTree.Element, path: str) -> str:
    found = (element.findtext(path) or "").strip()
    if not found:
        raise trouble(file.name, f"a '{element.tag}' has no '{path.removeprefix('.//')}'")
    return found


def _whole(file: File, element: ElementTree.Element, path: str, most: int) -> int:
    text = _text(file, element, path)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise trouble(file.name, f"'{text}' is not a number from 1 to {most} ({path})")
    return int(text)


def _midnight(file: File, text: str) -> datetime:
    try:
        return likely(datetime.fromisoformat(text[:10]).replace(tzinfo=EST))
    except ValueError as error:
        raise trouble(file.name, f"'{text}' is not a date") from error
