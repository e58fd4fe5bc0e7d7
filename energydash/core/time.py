"""Half-open UTC periods, local days of 46, 48 or 50 half-hours, settlement periods.

Inside energydash every instant is timezone-aware UTC. A period is `[start, end)`. Local days
come from `zoneinfo`, in the zone of the subject (region, meter, battery site), never the host's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.errors import InputError

# Zone rules come from the pinned tzdata package, not from the host: a host may be years behind
# (Alberta left winter time in 2026), and pandas already uses rules of its own as new as ours.
reset_tzpath(())
ZoneInfo.clear_cache()

HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONDON = "Europe/London"


# Seconds to add to the wall clock, for tests and demonstrations; child processes inherit it.
CLOCK_SHIFT = "ENERGYDASH_CLOCK_SHIFT_S"


def _shifted_wall_clock() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get(CLOCK_SHIFT) or 0))


_clock = _shifted_wall_clock


def utc_now() -> datetime:
    """The one clock. Calculations never call it; faces and `fetch` pass its answer on."""
    return _clock()


def set_clock(clock: Callable[[], datetime] | None) -> None:
    """Replace this process's clock, in tests; None gives it back."""
    global _clock
    _clock = clock or _shifted_wall_clock


def zone_info(zone: str) -> ZoneInfo:
    """The `ZoneInfo` of an IANA name; InputError where there is none."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"'{zone}' is not a time zone.", remedy="Use an IANA name such as Europe/London."
        ) from error


@dataclass(frozen=True, order=True)
class Period:
    """`[start, end)` in UTC; start may equal end (an empty period)."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value: datetime = getattr(self, name)
            if value.tzinfo is None:
                raise InputError(f"A period's {name} needs a time zone, got {value.isoformat()}.")
            object.__setattr__(self, name, value.astimezone(UTC))
        if self.end < self.start:
            raise InputError(
                f"The period ends ({self.end:%Y-%m-%d %H:%M}) before it starts "
                f"({self.start:%Y-%m-%d %H:%M}).",
                remedy="Swap the two dates.",
            )

    @classmethod
    def local_days(cls, first: date, end: date, zone: str) -> Period:
        """From the local midnight of `first` to the local midnight of `end` (exclusive)."""
        return cls(local_midnight(first, zone), local_midnight(end, zone))

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%MZ}/{self.end:%Y-%m-%dT%H:%MZ}"

    def intersect(self, other: Period) -> Period | None:
        """The part that both have, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def chunks(self, longest: timedelta) -> Iterator[Period]:
        """This period in consecutive pieces of at most `longest`."""
        start = self.start
        while start < self.end:
            end = min(start + longest, self.end)
            yield Period(start, end)
            start = end

    def days(self, zone: str) -> list[date]:
        """Every local day that this period touches."""
        if self.start == self.end:
            return []
        info = zone_info(zone)
        first = self.start.astimezone(info).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(info).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def merge(periods: list[Period]) -> list[Period]:
    """The same time as sorted periods that neither touch nor overlap."""
    merged: list[Period] = []
    for period in sorted(periods):
        if period.start == period.end:
            continue
        if merged and period.start <= merged[-1].end:
            merged[-1] = Period(merged[-1].start, max(merged[-1].end, period.end))
        else:
            merged.append(period)
    return merged


def subtract(period: Period, taken: list[Period]) -> list[Period]:
    """What of `period` no period in `taken` has."""
    left: list[Period] = []
    start = period.start
    for other in merge(taken):
        if other.end <= start:
            continue
        if other.start >= period.end:
            break
        if other.start > start:
            left.append(Period(start, other.start))
        start = max(start, other.end)
    if start < period.end:
        left.append(Period(start, period.end))
    return left


def local_midnight(day: date, zone: str) -> datetime:
    """The first instant of a local day, as UTC.

    Where midnight itself is skipped by a clock change, the day starts at the first instant
    after it: `fold=0` resolves to the offset before the gap, which is that same instant.
    """
    return datetime.combine(day, time(), zone_info(zone)).astimezone(UTC)


def half_hours(day: date, zone: str) -> int:
    """How many half-hours a local day has: 48, or 46 and 50 where clocks change by an hour."""
    length = local_midnight(day + DAY, zone) - local_midnight(day, zone)
    return int(length / HALF_HOUR)


def grid(period: Period, step: timedelta) -> pd.DatetimeIndex:
    """Every multiple of `step` since the epoch in `[start, end)`, as a UTC index."""
    first = -((EPOCH - period.start) // step)  # rounded up
    last = -((EPOCH - period.end) // step)
    starts_us = np.arange(first, last, dtype="int64") * (step // MICROSECOND)
    return pd.DatetimeIndex(starts_us.astype("datetime64[us]"), name="time").tz_localize("UTC")


def micros(instant: datetime) -> int:
    """An instant as whole microseconds since the epoch."""
    return (instant - EPOCH) // MICROSECOND


def instant_of(time_us: int) -> datetime:
    """Microseconds since the epoch as an instant."""
    return EPOCH + time_us * MICROSECOND


def index_us(index: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Instants as microseconds since the epoch (naive times as they are); NaT is the least.

    The index's own numbers, not a copy.
    """
    found: npt.NDArray[np.int64] = index.as_unit("us").asi8  # type: ignore[attr-defined]
    return found


def parse_day(text: str) -> date:
    """`YYYY-MM-DD`, or InputError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"'{text}' is not a date.", remedy="Write it as YYYY-MM-DD, such as 2026-03-29."
        ) from error


def parse_instant(text: str, zone: str | None = None) -> datetime:
    """An ISO time as UTC. A time without an offset is read in `zone`, or refused without one."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"'{text}' is not a time.", remedy="Write it as YYYY-MM-DDTHH:MM:SSZ."
        ) from error
    if value.tzinfo is None:
        if zone is None:
            raise InputError(
                f"'{text}' has no time zone.", remedy="Add Z or an offset such as +01:00."
            )
        value = value.replace(tzinfo=zone_info(zone))
    return value.astimezone(UTC)


def parse_moment(text: str, zone: str) -> datetime:
    """A local day (its midnight) or an ISO time, as UTC; without an offset it is in `zone`."""
    if len(text.strip()) == len("2026-03-29"):
        return local_midnight(parse_day(text), zone)
    return parse_instant(text, zone)


def iso_z(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
