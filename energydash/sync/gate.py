"""The one gate before the store: what an upstream sent, or stood in a file, and cannot be is left
out, named, counted.

Finite, plausible for its unit, inside the asked period, and not in the future. Limits are generous:
they are there for a slipped decimal point or a broken answer, not for a record. What is left out
never takes the place of a good figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.battery import telemetry
from energydash.core.feeds import Feed, Fetched
from energydash.core.findings import Finding
from energydash.core.time import DAY, Period
from energydash.home.tariffs import MOST_PENCE

# Upstreams answer by their own days, so a little more than was asked is usual.
AROUND: Final = DAY
AHEAD: Final = timedelta(hours=1)  # clocks differ
# The least and the largest value of a unit that is believed.
LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "MW": (-2e6, 2e6),  # all of China's power stations together are less
    "kWh": (-1e5, 1e5),  # in one half-hour
    "m3": (-1e4, 1e4),
    "g/kWh": (-1e3, 1e4),
    "%": (-200.0, 200.0),
    "p/kWh": (-MOST_PENCE, MOST_PENCE),
    "p/day": (-MOST_PENCE, MOST_PENCE),
}
# Of telemetry, whose parts have their unit at the end of their name.
PART_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "_" + part.rpartition("_")[2]: both for part, both in telemetry.LIMITS.items()
}
ANY: Final = (-1e12, 1e12)

Flags = npt.NDArray[np.bool_]


def admit(
    feed: Feed, fetched: Fetched, asked: Period, now: datetime, said: str = ""
) -> tuple[Fetched, tuple[Finding, ...]]:
    """An answer without what cannot be, and a finding about each kind of it.

    said: where that stood, where it is no answer of the feed's.
    """
    refused: dict[str, list[str]] = {}
    frame = _frame(feed, fetched.frame, asked, now, refused)
    forecasts = tuple(
        (issued, _frame(feed, table, None, None, refused)) for issued, table in fetched.forecasts
    )
    rates = None if fetched.rates is None else _rates(fetched.rates, refused)
    place = said or f"what {feed} answered"
    findings = tuple(_finding(place, why, what) for why, what in refused.items())
    if fetched.unknown:
        names = ", ".join(fetched.unknown)
        sentence = f"{place[:1].upper()}{place[1:]} has fuels unknown here: {names}."
        findings += (Finding("unknown", sentence, "They count as other."),)
    return replace(fetched, frame=frame, forecasts=forecasts, rates=rates), findings


def counted_once(fetched: Fetched, known: pd.DataFrame) -> Fetched:
    """A mix in which no fuel is counted twice where `known`, what the store has of it, is kept.

    A fuel that the upstream renames comes as part of `other`: what is known under its old name
    stands with the `other` of its time. Once the name is known `other` is without it again, and
    what was known of it is nought where the answer lists every fuel and it is none of them.
    """
    frame, other = fetched.frame, "other"
    there = set(frame.columns[frame.notna().any()])
    known = known.reindex(frame.index)
    if fetched.unknown and other in there:
        former = known[[part for part in known.columns if part not in there]]
        frame = frame.assign(other=frame[other].mask(former.notna().any(axis=1)))
    elif other in known and other not in frame:
        frame = frame.assign(other=known[other].mask(known[other].notna(), 0.0))
    return replace(fetched, frame=frame)


def _frame(
    feed: Feed,
    frame: pd.DataFrame,
    asked: Period | None,
    now: datetime | None,
    refused: dict[str, list[str]],
) -> pd.DataFrame:
    out = frame
    if asked is not None and now is not None and len(frame):
        times = pd.DatetimeIndex(frame.index)
        last = pd.Timestamp(now + feed.horizon + AHEAD)
        start, end = pd.Timestamp(asked.start - AROUND), pd.Timestamp(asked.end + AROUND)
        ahead = np.asarray(times > last)
        apart = np.asarray((times < start) | (times >= end)) & ~ahead
        _say(refused, "in the future", times[ahead])
        _say(refused, "outside the period that was asked for", times[apart])
        if (ahead | apart).any():
            out = frame[~(ahead | apart)]
    for part in out.columns:
        values = out[part].to_numpy(dtype="float64", na_value=np.nan)
        low, high = limits(feed, str(part))
        wrong: Flags = (values < low) | (values > high)  # NaN is neither: it is no value
        if wrong.any():
            _say(refused, "not possible", [f"{part} {value:g}" for value in values[wrong]])
            out = out.assign(**{str(part): np.where(wrong, np.nan, values)})
    return out


def limits(feed: Feed, part: str) -> tuple[float, float]:
    """The least and the largest value that is believed."""
    if feed.unit:
        return LIMITS.get(feed.unit, ANY)
    return next((both for end, both in PART_LIMITS.items() if part.endswith(end)), ANY)


def _rates(rates: pd.DataFrame, refused: dict[str, list[str]]) -> pd.DataFrame:
    wrong: Flags = np.zeros(len(rates), dtype=bool)
    for name in ("exc_vat", "inc_vat"):
        wrong |= np.array([not _is_price(value) for value in rates[name]], dtype=bool)
    if not wrong.any():
        return rates
    _say(refused, "not possible", [f"a price of {row}" for row in rates.loc[wrong, "inc_vat"]])
    return rates[~wrong]


def _is_price(value: object) -> bool:
    """True for a price that can be, or none."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return True
    try:
        return abs(float(str(value))) <= MOST_PENCE
    except ValueError:
        return False


def _say(refused: dict[str, list[str]], why: str, what: object) -> None:
    texts = [str(one) for one in what]  # type: ignore[attr-defined]
    if texts:
        refused.setdefault(why, []).extend(texts)


def _finding(place: str, why: str, what: list[str]) -> Finding:
    number = f"{len(what):,} values are" if len(what) > 1 else "One value is"
    return Finding(
        "refused",
        f"{number} {why} in {place}, first {what[0]}.",
        "Left out; what was stored before is kept.",
        count=len(what),
    )
