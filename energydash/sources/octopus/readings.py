"""Half-hourly consumption, also of export and gas meters: interval starts in UTC, kWh or m³."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from energydash.core.errors import NotFound
from energydash.core.feeds import Feed, Fetched, empty_frame, tidy
from energydash.core.settings import Settings
from energydash.core.time import DAY, Period, iso_z
from energydash.sources import parser
from energydash.sources.octopus import rest
from energydash.sources.tables import numbers_of

PAGE_SIZE = 25_000  # the most that Octopus gives; 520 days of half-hours


@parser("Octopus Energy")
def read_consumption(pages: Sequence[bytes]) -> pd.DataFrame:
    """A frame with the column `energy` in the meter's own unit; NaN where Octopus has null.

    Offsets are mixed (Z, +00:00, +01:00); on the autumn day 01:00 comes twice, an hour apart.
    """
    return consumption_frame(rest.rows(pages))


def consumption_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """The same from records; BadData where a record lacks its time or energy."""
    if not records:
        return empty_frame("energy")
    try:
        starts = [record["interval_start"] for record in records]
        values = [record["consumption"] for record in records]
    except (KeyError, TypeError) as error:
        raise rest.lacks(str(error).strip("'"), "readings") from error
    try:
        index = pd.DatetimeIndex(pd.to_datetime(starts, utc=True, format="ISO8601"))
        energy = numbers_of(pd.Series(values, index=index, dtype="object"))
    except (ValueError, TypeError) as error:
        raise rest.lacks("interval_start", "readings") from error
    if index.hasnans:
        raise rest.lacks("interval_start", "readings")
    return tidy(energy.to_frame("energy"))


def get_consumption(
    credentials: tuple[str, str], energy: str, point: str, serial: str, period: Period
) -> list[bytes]:
    """Every page of one meter's readings in a period, oldest first."""
    path = f"{energy}-meter-points/{point}/meters/{serial}/consumption/"
    params = {
        "page_size": str(PAGE_SIZE),
        "period_from": iso_z(period.start),
        "period_to": iso_z(period.end),
        "order_by": "period",
    }
    return rest.get_pages(path, params, credentials)


def fetch_consumption(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """The readings of a meter point, from the newest meter on it back to the ones it replaced.

    An older serial number is asked only where the newer ones start later than the period.
    """
    if not feed.address:
        raise NotFound(
            rest.NAME,
            f"{rest.NAME} does not know this meter: it came from a file.",
            remedy="Connect the account that has it, or import its readings.",
        )
    address = json.loads(feed.address)
    section = rest.account_section(settings, address["account"])
    found, unknown = empty_frame("energy"), 0
    for serial in reversed(address["serials"]):
        try:
            with rest.asking_with(section):
                pages = get_consumption(
                    rest.auth(section), address["energy"], address["point"], serial, period
                )
        except NotFound:
            unknown += 1
            continue
        found = found.combine_first(read_consumption(pages))
        if not found.empty and found.index[0] <= period.start + DAY:
            break
    if unknown == len(address["serials"]):
        raise NotFound(
            rest.NAME,
            f"{rest.NAME} does not know this meter (404).",
            remedy="Connect the account again: the meter may have been replaced or moved.",
        )
    inside = (found.index >= period.start) & (found.index < period.end)
    return Fetched(found[inside], period)
