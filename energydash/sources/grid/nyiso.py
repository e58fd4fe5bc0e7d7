"""NYISO (New York): real-time fuel mix and actual load.

Documentation: https://www.nyiso.com/energy-market-operational-data (files
`YYYYMMDDrtfuelmix.csv`, kept for ten days, `YYYYMMDDpal.csv`, and monthly zips). No key. The mix
stayed on mis.nyiso.com when the load moved to the OASIS postings in 2026.
Cadence: 5 minutes, with an extra row whenever the dispatch was run out of turn. Stamps: Eastern
time with a Time Zone column (EST or EDT), so the repeated autumn hour is clear. The mix is
stamped at the end of its 5 minutes (the first row of a day is 00:05, the last 00:00 of the next);
the load is an instant.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from energydash.core.feeds import Feed, Fetched, Stamp
from energydash.core.settings import Settings
from energydash.core.time import Period, utc_now, zone_info
from energydash.sources import Answer, Info
from energydash.sources.grid.mixes import (
    Row,
    day_by_day,
    fetched,
    mix_of_rows,
    only_region,
    same_quantity,
)
from energydash.sources.http import get
from energydash.sources.tables import File, Table, expand, table_of, trouble

INFO = Info(
    name="nyiso",
    title="NYISO",
    about="Generation and load of New York, every 5 minutes.",
    documentation="https://www.nyiso.com/energy-market-operational-data",
    licence="NYISO's terms of use",
    longest_days=2.0,
)
MIX_URL = "http://mis.nyiso.com/public/csv/rtfuelmix"
LOAD_URL = "https://oasis-postings.prod.nysdi.com/RT_ACTUAL_LOAD/CSV"
KEPT = timedelta(days=7)  # as files of a day; the months are zips
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


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix and load."""
    del settings  # needs no key
    stamps = {"mix": Stamp.END, "load": Stamp.INSTANT}
    return tuple(
        Feed(INFO.name, "NYISO", name, "MW", STEP, ZONE, STEP, stamp)
        for name, stamp in stamps.items()
    )


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    if feed.quantity == "mix":
        return fetched(feed, period, get_mix, read)
    return fetched(feed, period, get_load, read, b"\n")


def get_mix(period: Period) -> list[File]:
    """The file of each of the last days; of older ones the months' zips."""
    today = utc_now().astimezone(zone_info(ZONE)).date()
    days = period.days(ZONE)
    months = dict.fromkeys(day.replace(day=1) for day in days if day <= today - KEPT)
    old = [_get(f"{MIX_URL}/{month:%Y%m%d}rtfuelmix_csv.zip") for month in months]
    lately = [day for day in days if day > today - KEPT]
    files = day_by_day(lately, lambda day: _get(f"{MIX_URL}/{day:%Y%m%d}rtfuelmix.csv"))
    within = [f"{day:%Y%m%d}" for day in days]
    members = [one for one in expand(old) if one.name.rpartition("/")[2][:8] in within]
    return members + files


def get_load(period: Period) -> list[File]:
    """The file of each day."""
    return day_by_day(
        period.days(ZONE), lambda day: _get(f"{LOAD_URL}/{day:%Y/%m/%d}/pal-{day:%Y%m%d}.csv")
    )


def _get(url: str) -> File:
    return File(url.rpartition("/")[2], get(INFO.title, url, lasting=url.endswith(".zip")))


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, or the load summed over the zones."""
    del day
    own = only_region(region, "NYISO")
    tables = [table_of(file) for file in files]
    quantity = same_quantity(map(_kind, tables))
    if quantity == "mix":
        rows = _whole([_rows(table, "Fuel Category", "Gen MW") for table in tables])
        frame, unknown = mix_of_rows([(at - STEP, name, mw) for at, name, mw in rows], FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
    rows = _whole([_rows(table, "Name", "Load") for table in tables])
    # Every zone, summed as if it were one fuel:
    frame, _ = mix_of_rows(rows, {name: "other" for _, name, _ in rows})
    return Answer(frame.rename(columns={"other": "load"}), "load", own)


def _kind(table: Table) -> str:
    if table.find("Fuel Category") is not None:
        return "mix"
    if table.find("PTID") is not None and table.find("Load") is not None:
        return "load"
    raise trouble(table.file, f"these columns are not known: {', '.join(table.header)}")


def _whole(days: list[list[Row]]) -> list[Row]:
    """The rows of all days, but for a day's last instant where it lacks names that the instant
    before it has: a download cut at the end of a line, whose sum would pass for the whole."""
    names: dict[datetime, set[str]] = {}
    for at, name, _ in (row for day in days for row in day):
        names.setdefault(at, set()).add(name)
    cut = set()
    for last in {max(at for at, _, _ in day) for day in days}:
        before = max((at for at in names if at < last), default=last)
        if len(names[last]) < len(names[before]):
            cut.add(last)
    return [row for day in days for row in day if row[0] not in cut]


def _rows(table: Table, name_column: str, value_column: str) -> list[Row]:
    """(instant, name, MW). Files before 2017 head the power column 'Gen MWh'; it is MW too."""
    stamp = table.position("Time Stamp")
    zone = table.position("Time Zone")
    name = table.position(name_column)
    value = table.position(value_column, f"{value_column}h")
    out = []
    for line, cells in table.numbered():
        offset = OFFSETS.get(cells[zone].strip().upper())
        if offset is None:
            what = f"'{cells[zone]}' is neither EST nor EDT"
            raise trouble(table.file, what, line=line, column="'Time Zone'")
        at = table.time(line, cells, stamp, *FORMATS).replace(tzinfo=offset)
        out.append((at, cells[name].strip(), table.number(line, cells, value)))
    return out
