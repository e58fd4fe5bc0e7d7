"""What may be asked at all: one place for pages, REST and the command line.

Checked before anything is stored, asked of an upstream or allocated. Longer histories are for jobs
(`crawl --from`, `ingest --from`), not for a question.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from energydash.core.errors import InputError
from energydash.core.time import DAY, Period, parse_moment

FLOOR: Final = datetime(2000, 1, 1, tzinfo=UTC)  # nothing that energydash reads is older
AHEAD: Final = timedelta(days=400)  # a calendar year from any day, and a month
GRID: Final = timedelta(days=400)  # every five minutes by fuel: a million values
HOME: Final = timedelta(days=20 * 366)
BATTERY: Final = timedelta(days=10 * 366)
LONGEST_WINDOW_HOURS: Final = 14 * 24.0
LONGEST_STEP_MINUTES: Final = 31 * 24 * 60


def period_of(
    first: str | None,
    end: str | None,
    zone: str,
    now: datetime,
    *,
    usual: timedelta = DAY,
    longest: timedelta = HOME,
) -> Period:
    """What `from` and `to` mean, wherever they are asked: moments of `zone`, the end excluded.

    Without an end it is now, without a start `usual` before the end. Raises InputError, which
    names `from` or `to`, as `bounded` does.
    """
    until = _moment(end, zone, "to") if end else now
    if until < FLOOR + usual and not first:
        raise InputError(f"'to' is before {FLOOR:%Y-%m-%d}.", remedy="Choose a later day.")
    since = _moment(first, zone, "from") if first else until - usual
    if until < since:
        raise InputError(
            f"The period ends ('to' is {until:%Y-%m-%d %H:%M}) before it starts ('from' is "
            f"{since:%Y-%m-%d %H:%M}).",
            remedy="Swap the two.",
        )
    return bounded(Period(since, until), now, longest)


def bounded(period: Period, now: datetime, longest: timedelta) -> Period:
    """The period, where it may be asked. Raises InputError: too old, too far ahead, too long."""
    if period.start < FLOOR:
        raise InputError(
            f"'from' is before {FLOOR:%Y-%m-%d}.",
            remedy="Nothing here is older: choose another.",
        )
    if period.end > now + AHEAD:
        raise InputError(
            f"'to' is more than {AHEAD.days} days ahead.", remedy="Choose an earlier day."
        )
    if period.duration > longest:
        raise InputError(
            f"'from' to 'to' is {period.duration.days:,} days; one question takes at most "
            f"{longest.days:,}.",
            remedy="Ask in pieces.",
        )
    return period


def hours(value: float, name: str = "hours") -> float:
    """A length in hours that a window may have. Raises InputError naming the field."""
    if not (math.isfinite(value) and 0 < value <= LONGEST_WINDOW_HOURS):
        raise InputError(
            f"'{name}' is {value:g}.",
            remedy=f"Give a number above 0 and up to {LONGEST_WINDOW_HOURS:g}.",
        )
    return value


def step_of(minutes: float | None, name: str = "step_minutes") -> timedelta | None:
    """The length of a mean; None where none is asked for. Raises InputError naming the field."""
    if minutes is None:
        return None
    if not (math.isfinite(minutes) and 1 <= minutes <= LONGEST_STEP_MINUTES):
        raise InputError(
            f"'{name}' is {minutes:g}.", remedy=f"Give 1 to {LONGEST_STEP_MINUTES} minutes."
        )
    return timedelta(minutes=minutes)


def percent(value: float, name: str) -> float:
    """A share in per cent. Raises InputError naming the field."""
    if not (math.isfinite(value) and 0 <= value <= 100):
        raise InputError(f"'{name}' is {value:g}.", remedy="Give 0 to 100.")
    return value


def deadline(text: str | None, zone: str, now: datetime, name: str = "within") -> datetime | None:
    """When a job must be done; None where nothing is asked. Raises InputError naming the field."""
    if not text:
        return None
    at = _moment(text, zone, name)
    if at > now + AHEAD:
        raise InputError(f"'{name}' is more than {AHEAD.days} days ahead.")
    if at <= now:
        raise InputError(f"'{name}' has passed.", remedy="Choose a later time.")
    return at


def _moment(text: str, zone: str, name: str) -> datetime:
    try:
        return parse_moment(text, zone)
    except InputError as error:
        raise InputError(f"'{name}': {error.message}", remedy=error.remedy) from error
    except (OverflowError, ValueError) as error:
        raise InputError(f"'{name}' is no day that can be told.") from error
