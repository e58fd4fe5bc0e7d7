"""Time-of-day bands: a price for part of the local day, on some weekdays, in some season."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from energydash.core.errors import InputError

MINUTES_A_DAY = 24 * 60
EVERY_DAY = frozenset(range(7))

# Years that between them start on every weekday, one of them a leap year.
_ALL_YEARS = (2018, 2019, 2020, 2015, 2021, 2022, 2017)


@dataclass(frozen=True)
class Band:
    """A price for part of the local day, in pence per kWh.

    start_minute, end_minute: since local midnight, 0 to 1440. An end before the start crosses
    midnight; the part after midnight belongs to the day on which the band started.
    weekdays: 0 is Monday. season: first and last (month, day), both included; it may cross the
    new year. None is the whole year.
    """

    rate: Decimal
    start_minute: int
    end_minute: int
    weekdays: frozenset[int] = EVERY_DAY
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    label: str = ""

    def __str__(self) -> str:
        hours = f"{clock_text(self.start_minute)}-{clock_text(self.end_minute)}"
        return f"{self.label} {hours}".strip()

    def segments(self) -> tuple[tuple[int, int, int], ...]:
        """(start, end, days since the band's day) in minutes, without crossing midnight."""
        if self.start_minute < self.end_minute:
            return ((self.start_minute, self.end_minute, 0),)
        parts = ((self.start_minute, MINUTES_A_DAY, 0), (0, self.end_minute, 1))
        return tuple(part for part in parts if part[0] < part[1])

    def covers(self, day: date) -> bool:
        """True where the band starts on this local day."""
        return day.weekday() in self.weekdays and self.in_season(day)

    def in_season(self, day: date) -> bool:
        """True where the local day is in the band's season."""
        if self.season is None:
            return True
        first, last = self.season
        here = (day.month, day.day)
        return first <= here <= last if first <= last else here >= first or here <= last


def bands_overlap(first: Band, second: Band) -> bool:
    """True where some minute of some local day is in both bands."""
    for start, end, shift in first.segments():
        for other_start, other_end, other_shift in second.segments():
            if not (start < other_end and other_start < end):
                continue
            weekdays = {(day + shift) % 7 for day in first.weekdays}
            if not weekdays & {(day + other_shift) % 7 for day in second.weekdays}:
                continue
            if _season_days(first, shift) & _season_days(second, other_shift):
                return True
    return False


def _season_days(band: Band, shift: int) -> frozenset[int]:
    """Which of a leap year's 366 days the band's season has, moved on by `shift` days."""
    return frozenset(
        (n + shift) % 366 for n in range(366) if band.in_season(date(2024, 1, 1) + timedelta(n))
    )


def bands_leave_gaps(bands: Sequence[Band]) -> bool:
    """True where some minute of some local day is in no band."""
    starts = {0} | {edge for band in bands for part in band.segments() for edge in part[:2]}
    if any(band.season for band in bands):
        days = [date(y, 1, 1) + timedelta(n) for y in _ALL_YEARS for n in range(366)]
    else:
        days = [date(2024, 1, 1) + timedelta(n) for n in range(7)]
    return any(
        not any(
            start <= minute < end and band.covers(day - timedelta(days=shift))
            for band in bands
            for start, end, shift in band.segments()
        )
        for day in days
        for minute in starts - {MINUTES_A_DAY}
    )


def clock_minutes(text: str, *, is_end: bool = False) -> int:
    """Minutes since midnight of `HH:MM`; as an end, 00:00 and 24:00 are the end of the day."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?", text.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not found or int(found[2]) > 59 or minutes > MINUTES_A_DAY:
        raise InputError(
            f"'{text}' is not a time of day.", remedy="Write it as HH:MM, 00:00-24:00."
        )
    if is_end:
        return minutes or MINUTES_A_DAY
    return minutes % MINUTES_A_DAY


def clock_text(minutes: int) -> str:
    """`HH:MM`; the end of the day is 24:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def decimal(value: object) -> Decimal:
    """An exact number from text, int or Decimal; a float is read as it prints."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise InputError(f"'{value}' is not a number.") from error
    if not number.is_finite():
        raise InputError(f"'{value}' is not a number.")
    return number


def exact(number: Decimal) -> str:
    """A decimal as plain text, without an exponent and without losing a digit."""
    return format(number, "f")


def band_body(band: Band) -> dict[str, Any]:
    return {
        "rate": exact(band.rate),
        "start": clock_text(band.start_minute),
        "end": clock_text(band.end_minute),
        "weekdays": sorted(band.weekdays),
        "season": None
        if band.season is None
        else [f"{month:02}-{day:02}" for month, day in band.season],
        "label": band.label,
    }


def band_from(body: Mapping[str, Any]) -> Band:
    return Band(
        rate=decimal(body["rate"]),
        start_minute=clock_minutes(str(body["start"])),
        end_minute=clock_minutes(str(body["end"]), is_end=True),
        weekdays=frozenset(int(day) for day in body.get("weekdays", EVERY_DAY)),
        season=_season(body.get("season")),
        label=str(body.get("label", "")),
    )


def _season(value: Sequence[str] | None) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Two days of the year, both included, from texts such as `11-01`."""
    if not value:
        return None
    days: list[tuple[int, int]] = []
    for text in value:
        try:
            day = date.fromisoformat(f"2024-{text}")
        except ValueError as error:
            raise InputError(
                f"'{text}' is not a day of the year.", remedy="Write it as MM-DD."
            ) from error
        days.append((day.month, day.day))
    if len(days) != 2:
        raise InputError("A season needs a first and a last day.")
    return (days[0], days[1])
