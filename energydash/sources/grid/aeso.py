"""AESO (Alberta): generation, load and net interchange of this moment.

Documentation: https://www.aeso.ca/market/market-and-system-reporting/ (Current Supply Demand
report as CSV). No key. Cadence: about a minute; the report tells only the present, so each fetch
brings one instant, the minute that it gives for itself in Alberta's wall time. One report has
all three quantities; the rows of single plants (with an id in brackets) are left out.
"""

from __future__ import annotations

import csv
import math
import re
from datetime import date, datetime, timedelta

from energydash.core.feeds import Feed, Fetched, Stamp
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources import Answer, Info
from energydash.sources.clock import local_to_utc
from energydash.sources.grid.mixes import fetched, frame_of, mix_of_rows, only_region, stacked
from energydash.sources.http import get
from energydash.sources.tables import File, likely, number_of, text_of, trouble

INFO = Info(
    name="aeso",
    title="AESO",
    about="Generation, load and net interchange of Alberta, at this moment.",
    documentation="https://www.aeso.ca/market/market-and-system-reporting/",
    licence="AESO's terms of use",
    longest_days=7.0,
)
URL = "http://ets.aeso.ca/ets_web/ip/Market/Reports/CSDReportServlet"
ZONE = "America/Edmonton"
CADENCE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
# As of 2026: gas is told by its kind of plant.
FUELS = {
    "COGENERATION": "gas",
    "COMBINED CYCLE": "gas",
    "GAS FIRED STEAM": "gas",
    "SIMPLE CYCLE": "gas",
    "GAS": "gas",
    "COAL": "coal",
    "DUAL FUEL": "gas",  # coal or gas; coal ended in 2024
    "HYDRO": "hydro",
    "SOLAR": "solar",
    "WIND": "wind",
    "ENERGY STORAGE": "battery",
    "OTHER": "biomass",  # biomass and waste
}
TOTAL = "Alberta Total Net Generation"
LOAD = "Alberta Internal Load (AIL)"
INTERCHANGE = "Net Actual Interchange"  # positive: more leaves than comes in


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix, load and interchange, of the last hour at most."""
    del settings  # needs no key
    return tuple(
        Feed(
            INFO.name, "AESO", name, "MW", None, ZONE, CADENCE, Stamp.INSTANT,
            revises=HOUR, history=HOUR,
        )
        for name in ("mix", "load", "interchange")
    )  # fmt: skip


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """This moment, where `period` has it. Raises: SourceError."""
    del settings
    return fetched(feed, period, lambda _: [File("CSDReport.csv", get_report())], read)


def get_report() -> bytes:
    """The current report."""
    return get(INFO.title, URL, params={"contentType": "csv"})


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, with load and interchange beside it."""
    del day
    own = only_region(region, "AESO")
    found = [_read(file) for file in files]
    return Answer(
        stacked(one.frame for one in found),
        "mix",
        own,
        unknown=tuple(sorted({name for one in found for name in one.unknown})),
        others={
            name: stacked(one.others[name] for one in found) for name in ("load", "interchange")
        },
    )


def _read(file: File) -> Answer:
    lines = text_of(file, strict=True).splitlines()
    at = _time(file, lines)
    figures: dict[str, float] = {}
    fuels: list[tuple[datetime, str, float]] = []
    for line, cells in enumerate(csv.reader(lines), 1):
        label = cells[0].strip() if cells else ""
        if label in (TOTAL, LOAD, INTERCHANGE):
            figures[label] = _number(file, line, cells, 1)
        elif len(cells) == 4 and label != "TOTAL" and "(" not in label:
            fuels.append((at, label, _number(file, line, cells, 2)))  # capacity, net, reserve
    for label in (TOTAL, LOAD, INTERCHANGE):
        if label not in figures:
            raise trouble(file.name, f"there is no line '{label}'")
    total, named = figures[TOTAL], sum(value for _, _, value in fuels)
    if math.isnan(named) or math.isnan(total):
        raise trouble(file.name, "a fuel or the total is blank")
    if not abs(named - total) <= 0.02 * abs(total):
        raise trouble(file.name, f"the fuels add up to {named:.6g} of {total:.6g} MW")
    mix, unknown = mix_of_rows(fuels, FUELS)
    others = {
        "load": frame_of([at], {"load": [figures[LOAD]]}),
        "interchange": frame_of([at], {"net_export": [figures[INTERCHANGE]]}),
    }
    return Answer(mix, "mix", "AESO", unknown=unknown, others=others)


def _time(file: File, lines: list[str]) -> datetime:
    for line, text in enumerate(lines, 1):
        found = re.search(r"Last Update : (\w{3} \d{2}, \d{4} \d{2}:\d{2})", text)
        if not found:
            continue
        try:
            wall = likely(datetime.strptime(found[1], "%b %d, %Y %H:%M"))  # noqa: DTZ007
        except ValueError as error:
            raise trouble(file.name, f"'{found[1]}' is not a time", line=line) from error
        [at] = local_to_utc([wall], ZONE)
        if at is not None:
            return at
    raise trouble(file.name, "there is no line 'Last Update'")


def _number(file: File, line: int, cells: list[str], position: int) -> float:
    value = number_of(cells[position]) if len(cells) > position else None
    if value is None:
        text = cells[position] if len(cells) > position else ""
        raise trouble(file.name, f"'{text}' is not a number", line=line, column=position + 1)
    return value
