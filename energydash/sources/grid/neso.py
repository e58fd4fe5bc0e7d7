"""NESO: Great Britain's solar, and its wind farms on distribution networks.

The National Energy System Operator's "Historic GB Generation Mix", half-hourly MW, keyless,
https://www.neso.energy/data-portal/historic-generation-mix (NESO Open Data Licence). Only the two
columns that Elexon does not have are asked for: SOLAR and WIND_EMB, both estimates. DATETIME is
the half-hour's start in UTC. NESO asks for at most two such questions a minute.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from energydash.core.errors import BadData
from energydash.core.feeds import Feed, Fetched, empty_frame, tidy
from energydash.core.settings import Settings
from energydash.core.time import HALF_HOUR, LONDON, Period
from energydash.sources import Info, parser
from energydash.sources.http import as_json, get
from energydash.sources.tables import numbers_of

NAME = "neso"
TITLE = "NESO"
URL = "https://api.neso.energy/api/3/action/datastore_search_sql"
RESOURCE = "f93d1835-75bc-43e5-84ad-12472b180a98"

INFO = Info(
    name=NAME,
    title=TITLE,
    about="Estimated solar and embedded wind generation of Great Britain, half-hourly.",
    documentation="https://www.neso.energy/data-portal/historic-generation-mix",
    licence="NESO Open Data Licence",
    longest_days=92.0,
)

COLUMN_MAP = {"SOLAR": "solar", "WIND_EMB": "wind"}
# All columns of the data set that are power; a saved answer may have them.
MIX_MAP = {
    "NUCLEAR": "nuclear", "BIOMASS": "biomass", "HYDRO": "hydro", "WIND": "wind",
    "WIND_EMB": "wind", "SOLAR": "solar", "GAS": "gas", "COAL": "coal",
    "STORAGE": "pumped_storage", "IMPORTS": "imports", "OTHER": "other",
}  # fmt: skip


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Embedded solar and wind."""
    del settings  # needs no key
    return (embedded_feed(),)


def embedded_feed() -> Feed:
    """MW, parts `solar` and `wind`: to be added to Elexon's mix."""
    return Feed(
        NAME, "GB", "embedded", "MW", HALF_HOUR, LONDON, HALF_HOUR, revises=timedelta(days=3)
    )


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The half-hours that start in `period`. Raises: SourceError."""
    del feed, settings
    frame = read_embedded(get_embedded(period))
    inside = (frame.index >= pd.Timestamp(period.start)) & (frame.index < pd.Timestamp(period.end))
    return Fetched(frame[inside], period)


def get_embedded(period: Period) -> bytes:
    """The rows of the half-hours that start in `period`."""
    start, end = (f"{instant:%Y-%m-%dT%H:%M:%S}" for instant in (period.start, period.end))
    columns = ", ".join(f'"{name}"' for name in ("DATETIME", *COLUMN_MAP))
    sql = (
        f'SELECT {columns} FROM "{RESOURCE}" '
        f'WHERE "DATETIME" >= \'{start}\' AND "DATETIME" < \'{end}\' ORDER BY "DATETIME"'
    )
    return get(TITLE, URL, params={"sql": sql})


@parser(TITLE)
def read_embedded(body: bytes) -> pd.DataFrame:
    """Columns `solar` and `wind` (embedded only), MW. Raises: BadData."""
    return _frame(_records(body), {ours: (theirs,) for theirs, ours in COLUMN_MAP.items()})


@parser(TITLE)
def read_mix(body: bytes) -> pd.DataFrame:
    """Every fuel that an answer has, MW; wind is that of both networks. Raises: BadData."""
    records = _records(body)
    there = set(records[0]) if records else set()
    columns: dict[str, tuple[str, ...]] = {}
    for theirs, ours in MIX_MAP.items():
        if theirs in there:
            columns[ours] = (*columns.get(ours, ()), theirs)
    return _frame(records, columns)


def _records(body: bytes) -> list[dict[str, Any]]:
    answer = as_json(TITLE, body)
    result = answer.get("result") if isinstance(answer, dict) else None
    records = result.get("records") if isinstance(result, dict) else None
    if not isinstance(records, list):
        raise _bad("an answer without records")
    if not all(isinstance(row, dict) and isinstance(row.get("DATETIME"), str) for row in records):
        raise _bad("records without a time")
    if records and not set(COLUMN_MAP) & set(records[0]):
        raise _bad("records without solar and wind")
    return records


def _frame(records: list[dict[str, Any]], columns: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """A column per part: the sum of their columns, unknown where one of them is."""
    if not records:
        return empty_frame(*columns)
    try:
        times = pd.to_datetime([row["DATETIME"] for row in records], utc=True, format="ISO8601")
        table = pd.DataFrame(records, index=times).reindex(columns=[*MIX_MAP])
        numbers = table.apply(numbers_of)
    except (ValueError, TypeError) as error:
        raise _bad("times or figures that cannot be read") from error
    if np.isinf(numbers.to_numpy(dtype=float)).any():
        raise _bad("figures without an end")
    return tidy(
        pd.DataFrame(
            {
                ours: numbers[list(theirs)].sum(axis="columns", skipna=False)
                for ours, theirs in columns.items()
            }
        )
    )


def _bad(what: str) -> BadData:
    return BadData(
        TITLE, f"{TITLE} sent {what}.", remedy="The last good data stay; it is asked again."
    )
