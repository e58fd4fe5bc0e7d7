"""IESO (Ontario): generator output, output by fuel, and real-time totals.

Documentation: https://reports-public.ieso.ca/public/ (`GenOutputCapability`,
`GenOutputbyFuelHourly`, `RealtimeTotals`; XML).
Cadence: hourly mix, 5-minute totals. Stamps: hour h is the interval h−1 to h, interval n of an
hour the five minutes up to 5·n; EST all year round (UTC−5).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from xml.etree import ElementTree

from energydash.sources.saved.parts import (
    SavedAnswer,
    SavedFile,
    frame_of,
    likely,
    mix_of_rows,
    number_of,
    only_region,
    same_quantity,
    text_of,
    trouble,
)

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
Row = tuple[datetime, str, float]


def read(files: list[SavedFile], region: str | None, day: date | None) -> SavedAnswer:
    """The mix by fuel, or Ontario's demand."""
    del day
    own = only_region(region, "IESO")
    roots = [(file, _root(file)) for file in files]
    quantity = same_quantity(_kind(file, root) for file, root in roots)
    if quantity == "load":
        pairs = [pair for file, root in roots for pair in _totals(file, root)]
        frame = frame_of([at for at, _ in pairs], {"load": [value for _, value in pairs]})
        return SavedAnswer(frame, "load", own)
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
    return SavedAnswer(frame, "mix", own, unknown=unknown, notes=notes)


def _root(file: SavedFile) -> ElementTree.Element:
    """The document with every name stripped of its namespace: the reports use different ones."""
    try:
        root = ElementTree.fromstring(text_of(file))
    except ElementTree.ParseError as error:
        line, column = error.position
        what = "the XML is cut short or garbled"
        raise trouble(file, what, line=line, column=column + 1) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _kind(file: SavedFile, root: ElementTree.Element) -> str:
    if root.find(".//IntervalEnergy") is not None:
        return "load"
    if root.find(".//Generator") is not None or root.find(".//DailyData") is not None:
        return "mix"
    raise trouble(file, "this is none of IESO's generator, fuel or real-time reports")


def _by_generator(file: SavedFile, root: ElementTree.Element) -> tuple[list[Row], int]:
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
        for output in generator.iterfind("Outputs/Output"):
            at = midnight + timedelta(hours=_whole(file, output, "Hour", 24) - 1)
            value = number_of(output.findtext("EnergyMW") or "")
            if value is None:
                raise trouble(file, f"'{output.findtext('EnergyMW')}' is not a number (EnergyMW)")
            if value != value:
                silent += 1
                continue
            sums[at, fuel] = sums.get((at, fuel), 0.0) + value
    return [(at, fuel, value) for (at, fuel), value in sums.items()], silent


def _by_fuel(file: SavedFile, root: ElementTree.Element) -> Iterator[Row]:
    for day in root.iter("DailyData"):
        midnight = _midnight(file, _text(file, day, "Day"))
        for hour in day.iterfind("HourlyData"):
            at = midnight + timedelta(hours=_whole(file, hour, "Hour", 24) - 1)
            for fuel in hour.iterfind("FuelTotal"):
                value = number_of(fuel.findtext(".//Output") or "")
                if value is None:
                    raise trouble(file, f"'{fuel.findtext('.//Output')}' is not a number (Output)")
                yield at, _text(file, fuel, "Fuel").upper(), value


def _totals(file: SavedFile, root: ElementTree.Element) -> Iterator[tuple[datetime, float]]:
    midnight = _midnight(file, _text(file, root, ".//DeliveryDate"))
    hour = midnight + timedelta(hours=_whole(file, root, ".//DeliveryHour", 24) - 1)
    for interval in root.iter("IntervalEnergy"):
        at = hour + timedelta(minutes=5 * (_whole(file, interval, "Interval", 12) - 1))
        for total in interval.iterfind("MQ"):
            if _text(file, total, "MarketQuantity").upper() == "ONTARIO DEMAND":
                text = total.findtext("EnergyMW") or ""
                value = number_of(text)
                if value is None:
                    raise trouble(file, f"'{text}' is not a number (EnergyMW)")
                yield at, value


def _text(file: SavedFile, element: ElementTree.Element, path: str) -> str:
    found = (element.findtext(path) or "").strip()
    if not found:
        raise trouble(file, f"a '{element.tag}' has no '{path.removeprefix('.//')}'")
    return found


def _whole(file: SavedFile, element: ElementTree.Element, path: str, most: int) -> int:
    text = _text(file, element, path)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise trouble(file, f"'{text}' is not a number from 1 to {most} ({path})")
    return int(text)


def _midnight(file: SavedFile, text: str) -> datetime:
    try:
        return likely(datetime.fromisoformat(text[:10]).replace(tzinfo=EST))
    except ValueError as error:
        raise trouble(file, f"'{text}' is not a date") from error
