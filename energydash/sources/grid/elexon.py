"""Elexon Insights: what Great Britain's power stations and interconnectors deliver, by fuel.

Dataset FUELINST: MW of transmission-connected generation every 5 minutes, keyless,
https://bmrs.elexon.co.uk/api-documentation. Interconnectors (INT…) are positive when they import,
pumped storage (PS) is negative when it pumps. Solar and the wind farms on distribution networks
are not in it: see `energydash.sources.grid.neso`.

A row's `startTime` is the start of the 5 minutes that its figure is the mean of, `publishTime` is
when it came out, usually 5 minutes later; questions filter by the latter. A figure that comes out
again replaces the earlier one.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from energydash.core.errors import BadData
from energydash.core.feeds import Feed, Fetched, empty_frame, tidy
from energydash.core.settings import Settings
from energydash.core.time import HALF_HOUR, LONDON, Period, iso_z
from energydash.grid.fuels import in_stack_order
from energydash.grid.mix import with_embedded
from energydash.sources import Answer, Info, parser
from energydash.sources.grid import neso
from energydash.sources.grid.mixes import only_region, stacked
from energydash.sources.http import as_json, get
from energydash.sources.tables import File, json_of, numbers_of, trouble

NAME = "elexon"
TITLE = "Elexon"
URL = "https://data.elexon.co.uk/bmrs/api/v1/datasets/FUELINST"
STEP = timedelta(minutes=5)
PUBLISHED_WITHIN = timedelta(minutes=30)  # after an interval starts; later ones are revisions

INFO = Info(
    name=NAME,
    title=TITLE,
    about="Generation by fuel and interconnector flows of Great Britain, every 5 minutes.",
    documentation="https://bmrs.elexon.co.uk/api-documentation",
    licence="BMRS Data Licence",
    longest_days=1.1,  # a day of 25 hours and a little, 6,000 rows, about 1 MB
)

FUEL_MAP = {
    "BIOMASS": "biomass",
    "CCGT": "gas",
    "COAL": "coal",
    "NPSHYD": "hydro",
    "NUCLEAR": "nuclear",
    "OCGT": "gas",
    "OIL": "oil",
    "OTHER": "other",
    "PS": "pumped_storage",
    "WIND": "wind",
}
LINK_MAP = {
    "INTFR": "ifa",
    "INTIFA2": "ifa2",
    "INTELEC": "eleclink",
    "INTNEM": "nemo",
    "INTNED": "britned",
    "INTNSL": "nsl",
    "INTVKL": "viking",
    "INTIRL": "moyle",
    "INTEW": "east_west",
    "INTGRNL": "greenlink",
}
INTERCONNECTOR = "INT"  # how the name of every interconnector begins, new ones too


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Mix by fuel, and each interconnector."""
    del settings  # needs no key
    return (feed("mix"), feed("interconnectors"))


def feed(quantity: str) -> Feed:
    """`mix`: MW by fuel, `imports` being all links together. `interconnectors`: MW by link."""
    return Feed(NAME, "GB", quantity, "MW", STEP, LONDON, STEP)


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The 5-minute intervals that start in `period`. Raises: SourceError."""
    del settings
    rows = read_rows(get_fuelinst(period))
    frame = links_of(rows) if feed.quantity == "interconnectors" else mix_of(rows)
    inside = (frame.index >= pd.Timestamp(period.start)) & (frame.index < pd.Timestamp(period.end))
    unknown = () if feed.quantity == "interconnectors" else unknown_of(rows)
    return Fetched(frame[inside], period, unknown=unknown)


def get_fuelinst(period: Period) -> bytes:
    """FUELINST of the intervals that start in `period`, all fuels and links."""
    params = [
        ("publishDateTimeFrom", iso_z(period.start)),
        ("publishDateTimeTo", iso_z(period.end + PUBLISHED_WITHIN)),
        ("format", "json"),
    ]
    return get(TITLE, URL, params=params)


@parser(TITLE)
def read_rows(body: bytes) -> pd.DataFrame:
    """Rows `time` (interval start, UTC), `fuel` (theirs), `mw`; the latest publication of each.

    Takes the answer of the dataset and of its `/stream`, which is the bare list.
    Raises: BadData.
    """
    answer = as_json(TITLE, body)
    data = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise _bad("an answer without data")
    rows = pd.DataFrame(data, columns=["startTime", "publishTime", "fuelType", "generation"])
    if rows.empty:
        return pd.DataFrame({"time": pd.DatetimeIndex([], tz="UTC"), "fuel": [], "mw": []})
    missing = [name for name in _NEEDED if not any(name in row for row in data)]
    if missing:
        raise _bad(f"rows without {', '.join(missing)}")
    try:
        rows["time"] = pd.to_datetime(rows["startTime"], utc=True, format="ISO8601")
        published = pd.to_datetime(rows["publishTime"], utc=True, format="ISO8601")
        rows["mw"] = numbers_of(rows["generation"])
    except (ValueError, TypeError) as error:
        raise _bad("times or figures that cannot be read") from error
    if rows["fuelType"].isna().any():  # of which fuel, or which link, would be missed in a sum
        raise _bad("rows without fuelType")
    if np.isinf(rows["mw"]).any():
        raise _bad("figures without an end")
    rows = rows.assign(published=published, fuel=rows["fuelType"].astype(str))
    rows = rows.dropna(subset=["time"]).sort_values("published", kind="stable")
    rows = rows.drop_duplicates(["time", "fuel"], keep="last")
    return rows[["time", "fuel", "mw"]].reset_index(drop=True)


def mix_of(rows: pd.DataFrame) -> pd.DataFrame:
    """MW by canonical fuel; unknown names are `other`, links together are `imports`."""
    names = rows["fuel"].map(canonical)
    return _pivot(rows.assign(part=names))


def links_of(rows: pd.DataFrame) -> pd.DataFrame:
    """MW by link, + is import; links without an id of ours keep their code, lower case."""
    links = rows[rows["fuel"].map(lambda code: code.startswith(INTERCONNECTOR)).astype(bool)]
    names = links["fuel"].map(lambda code: LINK_MAP.get(code, code.lower()))
    return _pivot(links.assign(part=names))


def canonical(code: str) -> str:
    """Our name for theirs: `CCGT` → gas, `INT…` → imports, unknown → other."""
    if code.startswith(INTERCONNECTOR):
        return "imports"
    return FUEL_MAP.get(code, "other")


def unknown_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """Their names that had to become `other`."""
    names = {code for code in rows["fuel"] if not code.startswith(INTERCONNECTOR)}
    return tuple(sorted(names - set(FUEL_MAP)))


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """FUELINST (the dataset's answer or its `/stream`) and NESO's generation mix, saved.

    Given together, NESO's solar and embedded wind are added to Elexon's mix, half-hour by
    half-hour; NESO's alone is the whole mix that it has.
    """
    del day
    own = only_region(region, "GB")
    rows: list[pd.DataFrame] = []
    theirs: list[pd.DataFrame] = []
    embedded: list[pd.DataFrame] = []
    for file in files:
        document = json_of(file)
        try:
            if isinstance(document, dict) and "result" in document:
                theirs.append(neso.read_mix(file.data))
                embedded.append(neso.read_embedded(file.data))
            else:
                rows.append(read_rows(file.data))
        except BadData as error:
            raise trouble(file.name, error.message.rstrip(".")) from error
        if rows and rows[-1].empty:
            raise trouble(file.name, "there are no rows")
    if not rows:
        frame = stacked(theirs)
        return Answer(frame[in_stack_order(frame.columns)], "mix", own)
    joined = pd.concat(rows, ignore_index=True).drop_duplicates(["time", "fuel"], keep="last")
    frame = mix_of(joined)
    notes: tuple[str, ...] = (
        "Elexon has no solar and no embedded wind; NESO's file would add them.",
    )
    if embedded:
        frame, told = with_embedded(frame, stacked(embedded), HALF_HOUR, timedelta(0))
        absent = f"Solar and embedded wind are missing for {len(told.absent):,} rows."
        notes = (absent,) if len(told.absent) else ()
    others = {"interconnectors": links_of(joined)}
    return Answer(frame, "mix", own, unknown=unknown_of(joined), notes=notes, others=others)


def _pivot(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return empty_frame()
    # A part is known where all of it is: one link without a figure leaves imports unknown.
    grouped = rows.groupby(["time", "part"])["mw"]
    summed = grouped.sum().where(grouped.count() == grouped.size())
    frame = tidy(summed.unstack("part").rename_axis(columns=None))
    return frame[in_stack_order(frame.columns)]


_NEEDED = ("startTime", "fuelType", "generation")


def _bad(what: str) -> BadData:
    return BadData(
        TITLE, f"{TITLE} sent {what}.", remedy="The last good data stay; it is asked again."
    )
