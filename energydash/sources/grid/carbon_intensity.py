"""GB Carbon Intensity: measured and forecast g CO2/kWh, and the mix in per cent, by half-hour.

The API of the National Energy System Operator for Great Britain and its 17 regions, keyless,
CC BY 4.0, https://carbon-intensity.github.io/api-definitions. Half-hours are named by their start
in UTC. What it asks of its clients: at most 14 days a question.

Its habits: a range also returns the half-hour that ends where the range starts; `actual` is null
until it is measured and for the future; regions have no `actual`, only what was forecast; and
`data` is a list in some answers and an object in others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from energydash.core.errors import BadData, InputError
from energydash.core.feeds import Feed, Fetched, empty_frame, tidy
from energydash.core.settings import Settings
from energydash.core.time import EPOCH, HALF_HOUR, LONDON, Period, utc_now
from energydash.grid.fuels import FUELS, in_stack_order
from energydash.grid.regions import find
from energydash.sources import Answer, Info, parser
from energydash.sources.http import as_json, get
from energydash.sources.tables import File, numbers_of, text_of, trouble

NAME = "carbon-intensity"
TITLE = "GB Carbon Intensity"
URL = "https://api.carbonintensity.org.uk"
HORIZON = timedelta(hours=48)
REGIONS = range(1, 18)

INFO = Info(
    name=NAME,
    title=TITLE,
    about="Measured and forecast carbon intensity and mix of Great Britain and its 17 regions.",
    documentation="https://carbon-intensity.github.io/api-definitions",
    licence="CC BY 4.0 (NESO)",
    longest_days=13.9,  # of the 14 that are allowed: both ends are rounded out to half-hours
)

# Their fuel names are ours already, except those of /intensity/factors.
FUEL_MAP = {fuel: fuel for fuel in FUELS}
FACTOR_FUELS = {
    "Biomass": "biomass", "Coal": "coal", "Gas (Combined Cycle)": "gas", "Hydro": "hydro",
    "Nuclear": "nuclear", "Oil": "oil", "Other": "other", "Pumped Storage": "pumped_storage",
    "Solar": "solar", "Wind": "wind",
}  # fmt: skip


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Intensity and mix of Great Britain and of each of its regions."""
    del settings  # needs no key
    subjects = ("GB", *(f"GB-{number}" for number in REGIONS))
    return tuple(
        feed for subject in subjects for feed in (intensity_feed(subject), mix_feed(subject))
    )


def intensity_feed(subject: str) -> Feed:
    """Parts `actual` (not for regions) and `forecast`; what is ahead is kept by vintage."""
    return Feed(
        NAME, subject, "intensity", "g/kWh", HALF_HOUR, LONDON, HALF_HOUR,
        revises=timedelta(days=1), horizon=HORIZON,
    )  # fmt: skip


def mix_feed(subject: str) -> Feed:
    """Parts are fuels, in per cent of all supply."""
    return Feed(
        NAME, subject, "mix-percent", "%", HALF_HOUR, LONDON, HALF_HOUR, revises=timedelta(days=1)
    )


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """Readings of what has begun; for intensity also the forecast of what has not.

    Raises: SourceError.
    """
    del settings
    now = utc_now()
    start, current = _floor(period.start), _floor(now)
    past_end = min(period.end, now)
    slots: list[Slot] = []
    if start < past_end:
        slots += _slots(get_range(feed, Period(start, past_end)), feed.subject)
    readings = _frame_of(slots, feed)
    readings = readings[
        (readings.index >= pd.Timestamp(start)) & (readings.index < pd.Timestamp(past_end))
    ]
    unknown = unknown_fuels(slots)
    if feed.quantity != "intensity" or period.end <= now:
        return Fetched(
            readings, Period(period.start, max(past_end, period.start)), (), None, unknown
        )
    ahead = _frame_of(_slots(get_forecast(feed, current), feed.subject), feed)
    ahead = ahead.loc[ahead.index >= pd.Timestamp(current), ["forecast"]].dropna()
    end = max(past_end, period.start)
    if len(ahead):
        end = max(end, min(period.end, ahead.index[-1].to_pydatetime() + HALF_HOUR))
    vintages = ((current, ahead),) if len(ahead) else ()
    return Fetched(readings, Period(period.start, end), vintages, None, unknown)


def get_range(feed: Feed, period: Period) -> bytes:
    """The half-hours that begin in `period` (and the one before), at most 14 days."""
    start, end = _stamp(_floor(period.start)), _stamp(_floor(period.end + HALF_HOUR))
    number = _number(feed.subject)
    if number:
        path = f"regional/intensity/{start}/{end}/regionid/{number}"
    else:
        path = f"{'intensity' if feed.quantity == 'intensity' else 'generation'}/{start}/{end}"
    return get(TITLE, f"{URL}/{path}")


def get_forecast(feed: Feed, start: datetime) -> bytes:
    """The forecast of 48 hours from `start`."""
    number = _number(feed.subject)
    path = f"intensity/{_stamp(start)}/fw48h"
    return get(TITLE, f"{URL}/regional/{path}/regionid/{number}" if number else f"{URL}/{path}")


def get_now(subject: str = "GB") -> bytes:
    """The current half-hour."""
    number = _number(subject)
    return get(TITLE, f"{URL}/regional/regionid/{number}" if number else f"{URL}/intensity")


def get_postcode(outward: str) -> bytes:
    """The region of a postcode's outward half, with its current half-hour."""
    return get(TITLE, f"{URL}/regional/postcode/{outward}")


def get_factors() -> bytes:
    """The emission factors in use, g/kWh."""
    return get(TITLE, f"{URL}/intensity/factors")


@dataclass(frozen=True)
class Slot:
    """One half-hour of one region as the API says it."""

    region: str
    start: str
    intensity: dict[str, Any] | None
    mix: list[dict[str, Any]] | None


@parser(TITLE)
def read_slots(body: bytes) -> list[Slot]:
    """Every half-hour of any answer but that of /intensity/factors, whatever its shape.

    Raises: BadData.
    """
    data = _data(body)
    try:
        return list(_walk(data if isinstance(data, list) else [data], "GB"))
    except (KeyError, TypeError, AttributeError) as error:
        raise _bad("an answer without the fields it documents") from error


@parser(TITLE)
def read_intensity(body: bytes, region: str | None = None) -> pd.DataFrame:
    """Columns `actual` and `forecast`, g/kWh, of one region's half-hours."""
    return _intensity_frame(_one_region(read_slots(body), region))


@parser(TITLE)
def read_mix(body: bytes, region: str | None = None) -> pd.DataFrame:
    """A column per fuel, per cent of supply, of one region's half-hours."""
    return _mix_frame(_one_region(read_slots(body), region))


@parser(TITLE)
def read_factors(body: bytes) -> pd.Series[float]:
    """Emission factors by canonical fuel, g/kWh; imports and open-cycle gas are left out."""
    data = _data(body)
    rows = data if isinstance(data, list) else [data]
    if not rows or not isinstance(rows[0], dict) or not set(rows[0]) & set(FACTOR_FUELS):
        raise _bad("an answer without emission factors")
    values = _numbers([rows[0].get(theirs) for theirs in FACTOR_FUELS])
    return pd.Series(values, index=list(FACTOR_FUELS.values()), name="g_per_kwh").dropna()


@parser(TITLE)
def read_region(body: bytes) -> str:
    """The region id (`GB-1`…) of an answer to `get_postcode`.

    Names go before numbers: London was 12 in old answers and is 13 now.
    """
    data = _data(body)
    row = data[0] if isinstance(data, list) and data else data
    if not isinstance(row, dict) or not {"shortname", "regionid"} & set(row):
        raise _bad("an answer that names no region")
    try:
        return find(str(row.get("shortname", ""))).id
    except InputError:
        return find(f"GB-{row.get('regionid')}").id


def slots_frame(slots: list[Slot], region: str | None = None) -> pd.DataFrame:
    """Half-hours of one region as a frame whose columns carry their unit.

    `actual_g_per_kwh`, `forecast_g_per_kwh` and a `…_percent` column per fuel, as far as they are
    there; of repeated half-hours the last wins. `region` is needed where there are several.
    Raises: BadData; InputError where the region is not clear.
    """
    chosen = _one_region(slots, region)
    parts = []
    if any(slot.intensity is not None for slot in chosen):
        measures = any("actual" in (slot.intensity or {}) for slot in chosen)
        columns = ["actual", "forecast"] if measures else ["forecast"]
        parts.append(_intensity_frame(chosen)[columns].add_suffix("_g_per_kwh"))
    if any(slot.mix is not None for slot in chosen):
        parts.append(_mix_frame(chosen).add_suffix("_percent"))
    return pd.concat(parts, axis="columns").sort_index() if parts else empty_frame()


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """Saved answers: intensity and mix of one region; `region` chooses where there are several.

    Columns carry their unit. The half-hour that the API sends along from before the range is
    kept: the file has it. /intensity/factors has no times: columns `fuel` and `g_per_kwh`.
    """
    del day
    text = text_of(files[0], strict=True)
    if len(files) == 1 and any(f'"{name}"' in text for name in FACTOR_FUELS):
        factors = read_factors(files[0].data)
        table = pd.DataFrame({"fuel": factors.index, "g_per_kwh": factors.to_numpy()})
        return Answer(table, "factors", "GB", "")
    frames: list[pd.DataFrame] = []
    found: dict[str, None] = {}
    unknown: set[str] = set()
    for file in files:
        text_of(file, strict=True)
        try:
            slots = read_slots(file.data)
            frames.append(slots_frame(slots, region))
        except BadData as error:
            raise trouble(file.name, error.message.rstrip(".")) from error
        found.update(dict.fromkeys(slot.region for slot in slots))
        unknown.update(unknown_fuels(slots))
    if region is None and len(found) > 1:
        raise InputError(f"The files are of {', '.join(found)}.", remedy="Choose one by --region.")
    where = find(region).id if region else next(iter(found), "GB")
    frame = tidy(pd.concat(frames))
    return Answer(frame, "intensity", where, "", unknown=tuple(sorted(unknown)))


def unknown_fuels(slots: list[Slot]) -> tuple[str, ...]:
    """Their fuels that had to become `other`."""
    names = {str(entry.get("fuel")) for slot in slots for entry in slot.mix or []}
    return tuple(sorted(names - set(FUEL_MAP)))


def _walk(rows: Sequence[dict[str, Any]], region: str) -> Iterator[Slot]:
    for row in rows:
        here = f"GB-{row['regionid']}" if "regionid" in row else region
        here = "GB" if here == "GB-18" else here  # 18 is the whole of Great Britain
        if "data" in row:
            yield from _walk(row["data"], here)
        elif "regions" in row:
            yield from _walk([{**inner, "from": row["from"]} for inner in row["regions"]], here)
        elif "intensity" in row or "generationmix" in row:
            intensity = row.get("intensity")
            if intensity is not None and not {"forecast", "actual"} & set(intensity):
                raise KeyError("forecast")
            yield Slot(here, row["from"], intensity, row.get("generationmix"))
        else:
            raise KeyError("intensity")


def _slots(body: bytes, region: str) -> list[Slot]:
    return [slot for slot in read_slots(body) if slot.region in (region, "GB")]


def _one_region(slots: list[Slot], region: str | None) -> list[Slot]:
    there = list(dict.fromkeys(slot.region for slot in slots))
    if region is not None:
        chosen = find(region).id
        if slots and chosen not in there:
            raise InputError(f"The answer has no {chosen}, only {', '.join(there)}.")
        return [slot for slot in slots if slot.region == chosen]
    if len(there) > 1:
        raise InputError(
            "The answer has several regions.", remedy=f"Choose from {', '.join(there)}."
        )
    return slots


def _frame_of(slots: list[Slot], feed: Feed) -> pd.DataFrame:
    if feed.quantity == "mix-percent":
        return _mix_frame(slots)
    frame = _intensity_frame(slots)
    return frame[["forecast"]] if _number(feed.subject) else frame


def _intensity_frame(slots: list[Slot]) -> pd.DataFrame:
    rows = [slot for slot in slots if slot.intensity is not None]
    if not rows:
        return empty_frame("actual", "forecast")
    columns = {
        part: _numbers([(slot.intensity or {}).get(part) for slot in rows])
        for part in ("actual", "forecast")
    }
    return tidy(pd.DataFrame(columns, index=_times(rows)))


def _mix_frame(slots: list[Slot]) -> pd.DataFrame:
    rows = [slot for slot in slots if slot.mix is not None]
    if not rows:
        return empty_frame()
    try:
        table = [_percents(slot.mix or []) for slot in rows]
    except (KeyError, TypeError) as error:
        raise _bad("a mix without the fields it documents") from error
    columns = pd.DataFrame(table, index=_times(rows), dtype=float)
    frame = tidy(columns)
    return frame[in_stack_order(frame.columns)]


def _percents(mix: list[dict[str, Any]]) -> dict[str, float]:
    """Per cent by canonical fuel; names that share a fuel are added up, null makes it unknown."""
    theirs = {entry["fuel"]: entry["perc"] for entry in mix}
    found: dict[str, float] = {}
    for name, value in zip(theirs, _numbers(list(theirs.values())), strict=True):
        fuel = FUEL_MAP.get(name, "other")
        found[fuel] = found.get(fuel, 0.0) + value
    return found


def _times(slots: list[Slot]) -> pd.DatetimeIndex:
    texts = [slot.start for slot in slots]
    if not all(isinstance(text, str) for text in texts):
        raise _bad("half-hours without a time")
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, utc=True, format="ISO8601"))
    except ValueError as error:
        raise _bad("times that cannot be read") from error


def _numbers(values: list[Any]) -> list[float]:
    try:
        numbers: list[float] = numbers_of(pd.Series(values, dtype="object")).astype(float).tolist()
    except (ValueError, TypeError) as error:
        raise _bad("values that are no numbers") from error
    if np.isinf(numbers).any():
        raise _bad("values without an end")
    return numbers


def _data(body: bytes) -> Any:
    answer = as_json(TITLE, body)
    if isinstance(answer, dict) and "error" in answer:
        error = answer["error"]
        said = error.get("message", "") if isinstance(error, dict) else str(error)
        raise BadData(
            TITLE,
            f"{TITLE} refused the request: {said.rstrip('.') or 'no reason given'}.",
            remedy="It is asked again by itself; the last good data stay on screen.",
        )
    if not isinstance(answer, dict) or "data" not in answer:
        raise _bad("an answer without data")
    return answer["data"]


def _bad(what: str) -> BadData:
    return BadData(
        TITLE, f"{TITLE} sent {what}.", remedy="The last good data stay; it is asked again."
    )


def _number(subject: str) -> str:
    """The API's number of a region, '' for the whole of Great Britain."""
    return subject.removeprefix("GB").removeprefix("-")


def _floor(instant: datetime) -> datetime:
    return instant - (instant - EPOCH) % HALF_HOUR


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
