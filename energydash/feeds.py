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

from energydash.errors import SourceError
from energydash.time import Period


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
    """

    frame: pd.DataFrame
    covered: Period
    forecasts: tuple[tuple[datetime, pd.DataFrame], ...] = ()
    rates: pd.DataFrame | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Trouble with an upstream, as the user reads it: what happened, what to do, when again."""

    sentence: str
    remedy: str = ""
    retry_at: datetime | None = None
    since: datetime | None = None
    kind: str = ""

    @classmethod
    def of(cls, error: SourceError, now: datetime) -> Problem:
        return cls(error.message, error.remedy, error.retry_at, now, type(error).__name__)


@dataclass(frozen=True)
class Coverage:
    """How many of the expected rows are there, and which periods are missing."""

    present: int
    expected: int
    missing: tuple[Period, ...] = ()

    @property
    def fraction(self) -> float:
        return self.present / self.expected if self.expected else 1.0


Origin = Literal["live", "stored", "sample"]


@dataclass(frozen=True)
class Reading:
    """What a face gets: data, where it is from, how fresh, how complete, and what went wrong.

    fetched_at: when this feed last answered. newest: its newest row of all, in or out of `data`.
    origin: `live` fetched within a cadence or two, `stored` older, `sample` made up and labelled.
    awaited: the parts of the period that the upstream may have and was never asked for.
    """

    data: pd.DataFrame
    feed: Feed
    fetched_at: datetime | None = None
    newest: datetime | None = None
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0))
    origin: Origin = "stored"
    problem: Problem | None = None
    sample_reason: str = ""
    awaited: tuple[Period, ...] = ()

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


class FromReadings:
    """What an answer made of readings has: the first one, and whether any of it is made up."""

    readings: tuple[Reading, ...]

    @property
    def reading(self) -> Reading:
        return self.readings[0]

    @property
    def is_sample(self) -> bool:
        return any(reading.origin == "sample" for reading in self.readings)


def empty_frame(*columns: str) -> pd.DataFrame:
    """No rows, with the index every frame has and the named float columns."""
    index = pd.DatetimeIndex([], dtype="datetime64[us, UTC]", name="time")
    return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns}, index=index)


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows as a frame: UTC index in microseconds, sorted, last of duplicates, floats."""
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("us").rename("time")
    out = frame.set_axis(index, axis="index").astype("float64")
    if not index.is_unique:
        out = out[~index.duplicated(keep="last")]
    return out if out.index.is_monotonic_increasing else out.sort_index()
