"""What can be asked of a source, and what a face gets back.

A `Feed` is one thing a source can be asked for; its parts (a fuel, a channel) are series.
A frame is a DataFrame with a sorted, unique UTC index named `time` (interval starts, or
instants) and a float column per part. Gaps are absent rows or NaN, never zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import pandas as pd

from energydash.core.coverage import Coverage
from energydash.core.findings import Finding
from energydash.core.time import Period


class Stamp(StrEnum):
    """What an upstream's time stamp means. Sources convert to interval starts before storing."""

    INSTANT = "instant"
    START = "start"
    END = "end"


@dataclass(frozen=True)
class Feed:
    """Something that can be asked of a source, with all that its numbers mean.

    owner: '' for the public grid, a local random id for a household; never an MPAN.
    step: the length of one interval, None for instantaneous readings without a fixed step.
    cadence: how often the upstream publishes; older data than a few cadences are stale.
    revises: how far back the upstream may still change what it said; refetched every time.
    history: how far back the upstream goes at all, None where it has no known limit.
    horizon: how far into the future it goes (forecasts), zero where it has none.
    name: what the household calls its subject; '' where nobody named it. Private, like `address`.
    address: what the upstream itself calls a household's subject (an MPAN, a MAC address), for its
    source alone. Private: in no repr, key, comparison or table; '' where nobody can be asked.
    """

    source: str
    subject: str
    quantity: str
    unit: str
    step: timedelta | None
    zone: str
    cadence: timedelta
    stamp: Stamp = Stamp.START
    owner: str = ""
    revises: timedelta = timedelta(hours=6)
    history: timedelta | None = None
    horizon: timedelta = timedelta(0)
    name: str = field(default="", repr=False, compare=False)
    address: str = field(default="", repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.owner, self.source, self.subject, self.quantity)

    def __str__(self) -> str:
        return f"{self.source} {self.subject} {self.quantity}"


@dataclass(frozen=True)
class Fetched:
    """What one question to a source brought.

    frame: readings with a column per part. forecasts: (issued, frame) pairs.
    rates: tariff prices in the store's `rates` columns, for the sources that have them.
    covered: the part of the asked period that the source really answered for; rows may be none.
    unknown: provider names that had to become `other`, to be reported, never dropped.
    name: what the upstream calls the feed's subject, where it says.
    """

    frame: pd.DataFrame
    covered: Period
    forecasts: tuple[tuple[datetime, pd.DataFrame], ...] = ()
    rates: pd.DataFrame | None = None
    unknown: tuple[str, ...] = ()
    name: str = ""


Origin = Literal["live", "stored", "sample"]


@dataclass(frozen=True)
class FeedData:
    """What a face gets: data, where it is from, how fresh, how complete, and what went wrong.

    fetched_at: when this feed last answered. newest: its newest row of all, in or out of `data`.
    origin: `live` fetched within a cadence or two, `stored` older, `sample` made up and labelled.
    """

    data: pd.DataFrame
    feed: Feed
    fetched_at: datetime | None = None
    newest: datetime | None = None
    coverage: Coverage = field(default_factory=Coverage)
    origin: Origin = "stored"
    problem: Finding | None = None
    sample_reason: str = ""

    @property
    def awaited(self) -> tuple[Period, ...]:
        """The parts of the period that the upstream may have and was never asked for."""
        return self.coverage.fetching

    @property
    def is_empty(self) -> bool:
        return self.data.empty

    def age(self, now: datetime) -> timedelta | None:
        """How old the newest row is; None where there is none."""
        return now - self.newest if self.newest else None

    def is_stale(self, now: datetime) -> bool:
        """True when the newest row is later than three cadences plus a step allow."""
        age = self.age(now)
        return age is not None and age > 3 * self.feed.cadence + (self.feed.step or timedelta(0))


class FromFeeds:
    """What an answer is made of: its feeds, the main one first; whether any of it is made up."""

    inputs: tuple[FeedData, ...]

    @property
    def main(self) -> FeedData:
        return self.inputs[0]

    @property
    def is_sample(self) -> bool:
        return any(one.origin == "sample" for one in self.inputs)


def empty_frame(*columns: str) -> pd.DataFrame:
    """No rows, with the index every frame has and the named float columns."""
    index = pd.DatetimeIndex([], dtype="datetime64[us, UTC]", name="time")
    return pd.DataFrame({name: [] for name in columns}, index=index, dtype="float64")


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows as a frame: UTC index in microseconds, sorted, last of duplicates, floats."""
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("us").rename("time")
    out = frame.set_axis(index, axis="index").astype("float64")
    if not index.is_unique:
        out = out[~index.duplicated(keep="last")]
    return out if out.index.is_monotonic_increasing else out.sort_index()
