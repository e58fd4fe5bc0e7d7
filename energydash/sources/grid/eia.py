"""EIA-930, every balancing authority of the US: fuel mix, load, interchange (API v2).

Documentation: https://www.eia.gov/opendata/browser/electricity/rto (`fuel-type-data`,
`region-data`, `interchange-data`; JSON, at most 5,000 rows a page).
Cadence: hourly, an hour or two late. Stamps: `period` is the UTC hour ENDING, so an hour starts
60 minutes earlier. Pages are not sorted: one hour may be split over two, so all are merged before
grouping. `total` and `value` may be texts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.feeds import tidy
from energydash.grid import regions
from energydash.sources import Answer
from energydash.sources.grid.mixes import mix_of_rows, same_quantity
from energydash.sources.tables import (
    File,
    field_of,
    json_of,
    likely,
    number_of,
    records_of,
    trouble,
    value_of,
    within,
)

ZONE = "UTC"
HOUR = timedelta(hours=1)
FUELS = {
    "COL": "coal",
    "NG": "gas",
    "NUC": "nuclear",
    "OIL": "oil",
    "OTH": "other",
    "UNK": "other",
    "SUN": "solar",
    "SNB": "solar",  # solar with a battery of its own
    "WAT": "hydro",
    "WND": "wind",
    "WNB": "wind",  # wind with a battery of its own
    "GEO": "geothermal",
    "BAT": "battery",
    "PS": "pumped_storage",
    "OES": "other",  # other energy storage
    "UES": "other",  # unknown energy storage
}
# region-data: demand, its day-ahead forecast, net generation, total interchange (+ = export).
TYPES = {"D": "load", "DF": "load_forecast", "NG": "net_generation", "TI": "net_export"}


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """One respondent's hours. `region` may be left out where the files have only one."""
    del day
    records: list[tuple[File, int, dict[str, Any]]] = []
    total = 0
    for file in files:
        answer = within(file, json_of(file), "response")
        for number, record in enumerate(records_of(file, answer, "data"), 1):
            records.append((file, number, record))
        total = max(total, int(number_of(str(answer.get("total", 0))) or 0))
    if not records:
        raise trouble(files[0].name, "the answer has no rows")
    quantity = same_quantity({_kind(*item) for item in records})
    who = "fromba" if quantity == "interchange" else "respondent"
    present = {field_of(*item, who) for item in records}
    respondent = _choose(region, present)
    own = [item for item in records if item[2][who] == respondent]
    name = {"mix": "fueltype", "load": "type", "interchange": "toba"}[quantity]
    rows = [(_start(*item), field_of(*item, name), value_of(*item, "value")) for item in own]
    keys = {tuple(sorted((k, v) for k, v in item[2].items() if k != "value")) for item in records}
    notes = _notes(len(keys), total)
    if quantity == "mix":
        frame, unknown = mix_of_rows(rows, FUELS)
        return Answer(frame, "mix", respondent, unknown=unknown, notes=notes)
    long = pd.DataFrame(rows, columns=["time", "name", "value"])
    wide = long.pivot_table(
        index="time", columns="name", values="value", aggfunc="last", dropna=False
    )
    named = wide.rename(columns=TYPES if quantity == "load" else {}).rename_axis(columns=None)
    order = [part for part in TYPES.values() if part in named] if quantity == "load" else None
    frame = tidy(named[order] if order else named)
    return Answer(frame, quantity, respondent, notes=notes)


def _kind(file: File, number: int, record: dict[str, Any]) -> str:
    if "fueltype" in record:
        return "mix"
    if "toba" in record:
        return "interchange"
    if "type" in record:
        return "load"
    raise trouble(file.name, f"record {number} has neither 'fueltype' nor 'type' nor 'toba'")


def _choose(region: str | None, present: set[str]) -> str:
    """The respondent that is asked for; InputError listing those that are there."""
    if region is None:
        if len(present) == 1:
            return next(iter(present))
        raise InputError(
            f"The files have {len(present)} respondents.",
            remedy=f"Choose one with --region: {', '.join(sorted(present))}.",
        )
    # Respondents are among the aliases of our regions: CAISO finds CISO.
    known = next((r.aliases for r in regions.regions() if region.upper() in (r.id, *r.aliases)), ())
    for name in (region.upper(), *known):
        if name in present:
            return name
    raise InputError(
        f"'{region}' is not in these files.",
        remedy=f"They have {', '.join(sorted(present))}.",
    )


def _start(file: File, number: int, record: dict[str, Any]) -> datetime:
    text = field_of(file, number, record, "period")
    try:
        return likely(datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)) - HOUR
    except ValueError as error:
        what = f"record {number}, field 'period': '{text}' is not a UTC hour"
        raise trouble(file.name, what) from error


def _notes(rows: int, total: int) -> tuple[str, ...]:
    if rows >= total:
        return ()
    sentence = f"{rows:,} of {total:,} rows are in these files: give all pages, "
    return (sentence + "or hours at their edges lack fuels.",)
