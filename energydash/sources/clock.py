"""Times as files write them, to UTC: offsets, clock times without one, and days clocks change.

A clock that shows no offset repeats an hour in autumn and skips one in spring. The repeated hour
is told apart by order: where the rows of that day run forwards in time the first of two equal
stamps is the earlier, where they run backwards it is the later. Where instants are irregular, so
that no stamp comes twice, the clock's going back tells it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import index_us, zone_info

_OFFSET = re.compile(r"(?:Z|UTC|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DAY_FIRST = tuple(f"{day} {clock}" for day in ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
                   for clock in _CLOCKS)  # fmt: skip
_MONTH_FIRST = tuple(f"%m/%d/%Y {clock}" for clock in _CLOCKS)


@dataclass(frozen=True)
class Instants:
    """Rows' times in UTC (NaT where there is none), and what the file's own clock did.

    unreadable, never_was: row numbers. twice: rows that are the second of the repeated hour.
    naive: the clock times without an offset, None where the file has offsets. is_ambiguous: 07/01
    may be 7 January or 1 July, in every row.
    """

    utc: pd.DatetimeIndex
    unreadable: npt.NDArray[np.intp]
    never_was: npt.NDArray[np.intp]
    twice: int = 0
    naive: pd.DatetimeIndex | None = None
    is_month_first: bool = False
    is_ambiguous: bool = False


def to_utc(texts: Sequence[str], zone: str, day_first: bool | None = None) -> Instants:
    """The instants of time stamps; those without an offset are on the clock of `zone`.

    day_first: how dates with numbers only are written; told by the dates where it is None.
    """
    none = np.array([], dtype=np.intp)
    if not texts:
        return Instants(pd.DatetimeIndex([], tz="UTC"), none, none)
    series = pd.Series(list(texts), dtype="object")
    sample = next((text for text in texts if text), "")
    if sample.isdigit() and len(sample) in (10, 13):
        unit = "s" if len(sample) == 10 else "ms"
        numbers = pd.to_numeric(series, errors="coerce")
        utc = pd.DatetimeIndex(
            pd.to_datetime(numbers, unit=unit, utc=True, errors="coerce")  # type: ignore[call-overload]
        )
        return Instants(utc, np.flatnonzero(utc.isna()), none)
    if _OFFSET.search(sample):
        parsed = pd.to_datetime(series, utc=True, format="ISO8601", errors="coerce")
        # One without an offset among others that have one would be read as UTC: refused.
        tails = [text[-6:] for text in texts]
        without = {tail for tail in set(tails) if not _OFFSET.search(tail)}
        if without:
            parsed = parsed.mask(pd.Series(tails).isin(without))
        utc = pd.DatetimeIndex(parsed)
        return Instants(utc, np.flatnonzero(utc.isna()), none)
    naive, is_month_first = _naive(series, day_first)
    utc, never_was, twice = localise(naive, zone)
    return Instants(
        utc, np.flatnonzero(naive.isna()), never_was, twice, naive, is_month_first,
        day_first is None and not is_month_first and _may_be_month_first(texts),
    )  # fmt: skip


def _may_be_month_first(texts: Sequence[str]) -> bool:
    """Whether dates read as day/month may as well be month/day: no day is after the 12th, and some
    day is another number than its month."""
    days = {text[: text.rfind("/")] for text in {text[:6] for text in texts if text}}
    pairs = [day.split("/") for day in days]
    numbers = [pair for pair in pairs if len(pair) == 2 and all(part.isdigit() for part in pair)]
    return bool(numbers) and len(numbers) == len(pairs) and (
        all(int(day) <= 12 for day, _ in numbers)
        and any(int(day) != int(month) for day, month in numbers)
    )  # fmt: skip


def _naive(series: pd.Series[str], day_first: bool | None) -> tuple[pd.DatetimeIndex, bool]:
    """Clock times in the first way of writing that all rows, or else most rows, follow."""
    best, fewest, is_month_first = pd.DatetimeIndex([]), len(series) + 1, False
    ways = {None: (*_DAY_FIRST, *_MONTH_FIRST), True: _DAY_FIRST, False: _MONTH_FIRST}
    for written in ("ISO8601", *ways[day_first]):
        found = pd.to_datetime(series, format=written, errors="coerce", utc=True)
        failed = int(found.isna().sum())
        if failed < fewest:
            best = pd.DatetimeIndex(found).tz_localize(None)
            fewest, is_month_first = failed, written in _MONTH_FIRST
        if not failed:
            break
    return best, is_month_first


def localise(
    naive: pd.DatetimeIndex, zone: str
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.intp], int]:
    """Clock times of `zone` in UTC; rows whose time the clocks skipped; rows told to be second."""
    info = zone_info(zone)
    utc = naive.tz_localize(info, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC")
    # What is left is few rows: those without a time, and those of the hours that clocks change.
    left = np.flatnonzero(np.asarray(naive.notna()) & np.asarray(utc.isna()))
    if not len(left):
        return utc, left, 0
    first = naive[left].tz_localize(info, ambiguous=np.ones(len(left), bool), nonexistent="NaT")
    never_was, twice = left[np.asarray(first.isna())], left[np.asarray(first.notna())]
    second = _second_ones(naive, twice)
    is_first = ~np.isin(twice, second)
    told = naive[twice].tz_localize(info, ambiguous=is_first).tz_convert("UTC")
    whole = index_us(utc).copy()
    whole[twice] = index_us(told)
    utc = pd.DatetimeIndex(whole.astype("datetime64[us]")).tz_localize("UTC")
    return utc, never_was, len(np.unique(naive[second]))


def local_to_utc(local: Sequence[datetime], zone: str) -> list[datetime | None]:
    """Wall times in file order as UTC; None for those that a clock change skipped."""
    utc, _, _ = localise(pd.DatetimeIndex(list(local)), zone)
    return [None if pd.isna(at) else at.to_pydatetime() for at in utc]


def _second_ones(naive: pd.DatetimeIndex, rows: npt.NDArray[np.intp]) -> list[int]:
    """Which of the rows with a repeated stamp mean its second, later time."""
    days = naive[rows].normalize()
    return [
        row
        for day in days.unique()
        for row in _second_of_day(
            naive, np.flatnonzero(naive.normalize() == day), rows[days == day]
        )
    ]


def _second_of_day(
    naive: pd.DatetimeIndex, day: npt.NDArray[np.intp], rows: npt.NDArray[np.intp]
) -> list[int]:
    """The same of one day's rows: those of the whole day, and those of its repeated hour."""
    # A file that has each row of the day n times has a stamp of the repeated hour 2n times.
    others = np.setdiff1d(day, rows)
    copies = round(len(others) / max(len(naive[others].unique()), 1)) or 1
    steps = np.diff(index_us(naive[day]))
    is_backwards = bool(np.sign(steps).sum() < 0)
    against = steps > 0 if is_backwards else steps < 0
    if copies == 1 and not (steps == 0).any() and against.sum() <= 1:  # but for its going back
        return _after_going_back(naive, rows[::-1] if is_backwards else rows)
    return _by_equal_stamps(naive, rows, copies, is_backwards=is_backwards)


def _after_going_back(naive: pd.DatetimeIndex, rows: npt.NDArray[np.intp]) -> list[int]:
    """Rows in the order of time: from where the clock goes back, or a stamp comes again."""
    walls = index_us(naive[rows])
    again = pd.Index(walls).duplicated()
    backward = np.concatenate(([False], np.diff(walls) < 0))
    later = np.flatnonzero(again | backward)
    return [int(row) for row in rows[later[0] :]] if len(later) else []


def _by_equal_stamps(
    naive: pd.DatetimeIndex, rows: npt.NDArray[np.intp], copies: int, *, is_backwards: bool
) -> list[int]:
    """Rows in no order, or several times over: of equal stamps the later half."""
    by_stamp: dict[pd.Timestamp, list[int]] = defaultdict(list)
    for row in rows:
        by_stamp[naive[row]].append(int(row))
    second: list[int] = []
    for found in by_stamp.values():
        if len(found) <= copies:
            continue
        half = len(found) // 2
        first, later = found[:half], found[half:]
        if copies > 1 and found[1] - found[0] > 1:  # the day is there as a whole, n times
            first, later = found[::2], found[1::2]
        second += first if is_backwards else later
    return second
