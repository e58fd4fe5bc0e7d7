"""CAISO (California): Today's Outlook files and OASIS demand forecasts.

Documentation: https://www.caiso.com/todays-outlook (no key; files `fuelsource.csv`, `demand.csv`,
`netdemand.csv`, `storage.csv` under /outlook/current or /outlook/history/YYYYMMDD) and
https://oasis.caiso.com (SingleZip, query SLD_FCST).
Cadence: 5 minutes, one file per day. Stamps: interval starts in Pacific wall time, without a
date: it comes from the name (`…20230101…`). On the spring day the 02:xx rows are blank; on the
autumn day the repeated hour was left out in 2019, and is read as daylight time. A last row 00:00
is the next midnight. For some minutes after midnight the current files are still yesterday's; a
past day may have no file (404), which is an answer without rows.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from energydash.core.errors import InputError, NotFound
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import DAY, Period, utc_now, zone_info
from energydash.grid import regions
from energydash.sources import Answer, Info
from energydash.sources.clock import local_to_utc
from energydash.sources.grid.mixes import (
    fetched,
    frame_of,
    mix_of_columns,
    only_region,
    same_quantity,
    stacked,
)
from energydash.sources.http import get
from energydash.sources.tables import File, Table, table_of, trouble

INFO = Info(
    name="caiso",
    title="CAISO",
    about="Generation, load and batteries of the California ISO, every 5 minutes.",
    documentation="https://www.caiso.com/todays-outlook",
    licence="CAISO's terms of use",
    longest_days=2.0,
)
URL = "https://www.caiso.com/outlook"
FILES = {"mix": "fuelsource", "load": "demand", "storage": "storage"}
STEP = timedelta(minutes=5)
ZONE = "America/Los_Angeles"
FUELS = {
    "Solar": "solar",
    "Wind": "wind",
    "Geothermal": "geothermal",
    "Biomass": "biomass",
    "Biogas": "biomass",
    "Small Hydro": "hydro",
    "Large Hydro": "hydro",
    "Coal": "coal",
    "Nuclear": "nuclear",
    "Natural Gas": "gas",
    "Batteries": "battery",  # negative while charging
    "Imports": "imports",  # negative while exporting
    "Other": "other",
}
LOADS = {"Current demand": "load", "Net demand": "net_load"}
STORES = {"Total batteries": "battery"}
WHOLE_AREA = "CA ISO-TAC"  # the whole of CAISO in OASIS


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix, load and what batteries feed in."""
    del settings  # needs no key
    return tuple(Feed(INFO.name, "CAISO", name, "MW", STEP, ZONE, STEP) for name in FILES)


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    return fetched(feed, period, lambda asked: get_days(feed.quantity, asked), read, b"\n")


def get_days(quantity: str, period: Period) -> list[File]:
    """The file of each local day of a period, named by its day."""
    today = utc_now().astimezone(zone_info(ZONE)).date()
    files: list[File] = []
    for day in period.days(ZONE):
        try:
            body = get_day(quantity, None if day == today else day)
        except NotFound:
            if day == today:
                raise
            continue
        if day == today and _is_of_yesterday(body):
            day -= DAY
        files.append(File(f"{day:%Y%m%d}_{FILES[quantity]}.csv", body))
    return files


def get_day(quantity: str, day: date | None) -> bytes:
    """The file of a past day, or the current one."""
    folder = f"history/{day:%Y%m%d}" if day else "current"
    return get(INFO.title, f"{URL}/{folder}/{FILES[quantity]}.csv")


def _is_of_yesterday(body: bytes) -> bool:
    """Whether a current file goes on to times of day that have not come yet."""
    clock = f"{utc_now().astimezone(zone_info(ZONE)):%H:%M}"
    times = re.findall(rb"^(\d\d:\d\d),", body, re.MULTILINE)
    return bool(times) and max(times).decode() > clock


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """The mix, load, storage or forecast of the files' days."""
    tables = [table_of(file) for file in files]
    if tables[0].find("INTERVALSTARTTIME_GMT") is not None:
        return _read_forecast(tables, region)
    own = only_region(region, "CAISO")
    quantity = same_quantity(map(_kind, tables))
    wide = pd.concat([_read_day(table, day, quantity) for table in tables])
    if quantity == "mix":
        frame, unknown = mix_of_columns(wide, FUELS)
        return Answer(frame, "mix", own, unknown=unknown)
    names = LOADS if quantity == "load" else STORES
    named = {own: part for own, part in names.items() if own in wide.columns}
    return Answer(stacked([wide[list(named)].rename(columns=named)]), quantity, own)


def _kind(table: Table) -> str:
    if table.find("Natural Gas") is not None:
        return "mix"
    if table.find("Current demand") is not None:
        return "load"
    if table.find("Total batteries") is not None:
        return "storage"
    raise trouble(table.file, f"these columns are not known: {', '.join(table.header)}")


def _read_day(table: Table, day: date | None, quantity: str) -> pd.DataFrame:
    """One day's file: a row per instant, the file's own columns that matter."""
    day = _day_of(table.file, day)
    clock = table.position("Time")
    wanted = {"mix": FUELS, "load": LOADS, "storage": STORES}[quantity]
    canonical = {name.lower(): name for name in wanted}
    columns = {
        position: canonical.get(name.lower(), name)
        for position, name in enumerate(table.header)
        if position != clock and (quantity == "mix" or name.lower() in canonical)
    }
    walls: list[datetime] = []
    for place, (line, cells) in enumerate(table.numbered()):
        at = table.time(line, cells, clock, "%H:%M")
        is_next_midnight = (
            place > 0 and place == len(table.rows) - 1 and (at.hour, at.minute) == (0, 0)
        )
        walls.append(datetime.combine(day + timedelta(days=int(is_next_midnight)), at.time()))
    instants = local_to_utc(walls, ZONE)
    kept = [
        (instant, [table.number(line, cells, position) for position in columns])
        for (line, cells), instant in zip(table.numbered(), instants, strict=True)
        if instant is not None  # 02:xx of the spring day: a time that does not exist
    ]
    index = pd.DatetimeIndex([instant for instant, _ in kept], name="time")
    return pd.DataFrame([row for _, row in kept], index=index, columns=list(columns.values()))


def _day_of(name: str, day: date | None) -> date:
    found = re.findall(r"(?<!\d)(20\d{2})[-_]?(\d{2})[-_]?(\d{2})(?!\d)", name)
    for year, month, day_of_month in reversed(found):
        try:
            return date(int(year), int(month), int(day_of_month))
        except ValueError:
            continue
    if day is None:
        raise InputError(
            f"{name} has times without a date.",
            remedy="Put the day into its name, such as 20230101_fuelsource.csv.",
        )
    return day


def _read_forecast(tables: list[Table], region: str | None) -> Answer:
    """OASIS SLD_FCST: a forecast per area; `region` is its TAC_AREA_NAME."""
    area = region or WHOLE_AREA
    if area.upper() in {name.upper() for name in ("CAISO", *regions.find("CAISO").aliases)}:
        area = WHOLE_AREA
    times: list[datetime] = []
    values: list[float] = []
    areas: set[str] = set()
    for table in tables:
        start = table.position("INTERVALSTARTTIME_GMT")
        name = table.position("TAC_AREA_NAME")
        power = table.position("MW")
        for line, cells in table.numbered():
            areas.add(cells[name])
            if cells[name].upper() == area.upper():
                at = table.time(line, cells, start, "%Y-%m-%dT%H:%M:%S%z")
                times.append(at.astimezone(UTC))
                values.append(table.number(line, cells, power))
    if not times:
        raise InputError(
            f"'{area}' is not an area in these files.",
            remedy=f"Choose --region from {', '.join(sorted(areas))}.",
        )
    frame = frame_of(times, {"load_forecast": values})
    own = "CAISO" if area == WHOLE_AREA else area
    return Answer(frame, "load-forecast", own)
