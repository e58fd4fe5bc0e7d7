"""From rows with an instant and a number to half-hours, and the account of what was odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.feeds import empty_frame, tidy
from energydash.core.findings import Finding
from energydash.core.time import HALF_HOUR, Period, grid, index_us
from energydash.home.meters import Direction, Energy
from energydash.sources.clock import Instants, localise, to_utc
from energydash.sources.imports.contents import UNITS, Choices, MeterReadings, numbers_of, refused
from energydash.sources.tables import trouble

HALF_HOUR_US = 1_800_000_000


@dataclass(frozen=True)
class Rows:
    """A file's rows as text and number. lines: where each stands. ends: '' where not given.

    values: NaN where the field is empty or, in `raw`, not a number.
    """

    file: str
    format: str
    lines: Sequence[int]
    starts: Sequence[str]
    raw: Sequence[object]
    ends: Sequence[str] = ()
    time_column: str = "time"
    value_column: str = "value"


def half_hours(
    rows: Rows,
    choices: Choices,
    unit: str,
    energy: Energy,
    direction: Direction,
    *,
    zone: str | None = None,
    stamps_end: bool = False,
    absent_is_zero: bool = False,
) -> MeterReadings:
    """The readings of one meter: UTC half-hours, each once; what was refused, repeated, missing.

    Shorter intervals are summed, hours are split in two (and that is said), longer ones refused.
    """
    kept_unit, times, over = UNITS[unit.lower()]
    raw = pd.Series(list(rows.raw), dtype="object")
    is_blank = raw.map(lambda value: value is None or (isinstance(value, str) and not value))
    values = numbers_of(raw) * times / over
    instants = to_utc(rows.starts, zone or choices.zone)
    if (choices.stamp == "end") or (choices.stamp == "auto" and stamps_end):
        stamps_end = True
    elif choices.stamp == "start":
        stamps_end = False
    wrong = _wrong(rows, values, np.asarray(is_blank), instants)
    lengths = _lengths(rows, instants, zone or choices.zone)
    step = _step(rows, instants, lengths)
    wrong += _wrong_ends(rows, instants, step, lengths)
    wrong += _off_grid(rows, instants, step)
    bad = np.isin(rows.lines, [one.line for one in wrong])
    good = ~bad & np.isfinite(values) & np.asarray(instants.utc.notna())
    index = instants.utc[good] - (step if stamps_end else timedelta(0))
    series = pd.Series(values[good], index=index)
    repeated_n, twice, absent, skipped = _counts(instants, step, zone or choices.zone)
    repeated = series.index.duplicated(keep=False)
    conflicting = _conflicting(series[repeated])
    notes: list[str] = []
    if conflicting:
        notes.append(f"{conflicting} repeated times have another value; the last one is taken")
    blank = int((np.asarray(is_blank) & ~bad).sum())
    if blank:
        notes.append(f"{blank} rows have no value: they count as missing")
    if instants.is_month_first:
        notes.append("dates are read as month/day/year: one of them has no 13th month")
    frame, said = _to_half_hours(tidy(series.to_frame("energy")), step, rows)
    notes += said
    found = MeterReadings(
        file=rows.file,
        format=rows.format,
        frame=frame,
        unit=kept_unit,
        energy=Energy.GAS if kept_unit.value == "m3" else energy,
        direction=direction,
        rows=len(rows.starts),
        refused=tuple(sorted(wrong, key=lambda one: one.line)),
        gaps=gaps_of(frame),
        notes=tuple(notes),
        repeated=repeated_n,
        repeated_by_clock=twice,
        conflicting=conflicting,
        missing=absent,
        skipped_by_clock=skipped,
    )
    is_zero = absent_is_zero if choices.absent == "auto" else choices.absent == "zero"
    return fill_zero(found) if is_zero else found


def fill_zero(found: MeterReadings) -> MeterReadings:
    """Absent half-hours within the file's span read as zero."""
    if found.period is None:
        return found
    whole = grid(found.period, HALF_HOUR)
    filled = found.frame.reindex(whole, fill_value=0.0)
    added = len(whole) - len(found.frame)
    return replace(found, frame=filled, zero_filled=added, missing=0, gaps=())


def gaps_of(frame: pd.DataFrame) -> tuple[Period, ...]:
    """The stretches without a reading between the first and the last."""
    if len(frame) < 2:
        return ()
    steps = np.diff(index_us(pd.DatetimeIndex(frame.index)))
    before = np.flatnonzero(steps > HALF_HOUR_US).tolist()
    times = frame.index
    return tuple(
        Period(times[n].to_pydatetime() + HALF_HOUR, times[n + 1].to_pydatetime()) for n in before
    )


def _wrong(
    rows: Rows,
    values: npt.NDArray[np.floating[Any]],
    is_blank: npt.NDArray[np.bool_],
    instants: Instants,
) -> list[Finding]:
    found = [
        refused(rows.lines[n], rows.time_column, _time_trouble(rows.starts[n]))
        for n in instants.unreadable.tolist()
    ]
    found += [
        refused(
            rows.lines[n],
            rows.time_column,
            f"'{rows.starts[n]}' never was: the clocks skipped it",
        )
        for n in instants.never_was.tolist()
    ]
    for n in np.flatnonzero(~np.isfinite(values) & ~is_blank).tolist():
        found.append(refused(rows.lines[n], rows.value_column, f"'{rows.raw[n]}' is not a number"))
    return found


def _time_trouble(text: str) -> str:
    return f"'{text}' is not a time" if text else "there is no time: the file may be cut short"


def _step(rows: Rows, instants: Instants, lengths: pd.TimedeltaIndex | None) -> timedelta:
    """The usual length of a row's interval, or distance to the next; a lone row's a half-hour."""
    if lengths is not None:
        whole = lengths.as_unit("us").astype("int64").to_numpy()
        distances = whole[whole > 0]
    else:
        distances = np.diff(np.unique(index_us(instants.utc.dropna())))
    if not len(distances):
        return HALF_HOUR
    steps, counts = np.unique(distances, return_counts=True)
    step = timedelta(microseconds=int(steps[counts.argmax()]))
    minutes = step / timedelta(minutes=1)
    if minutes != 60 and (minutes > 30 or 30 % minutes):
        what = "daily" if minutes >= 1440 else f"{minutes:g}-minute"
        raise trouble(
            rows.file,
            f"it has {what} readings",
            remedy="Half-hourly ones are needed (or shorter, or hourly ones).",
        )
    return step


def _lengths(rows: Rows, instants: Instants, zone: str) -> pd.TimedeltaIndex | None:
    """How long each row says that it is, by the file's own clock; None where it says no end."""
    if not len(rows.ends):
        return None
    ends = to_utc(rows.ends, zone)
    if instants.naive is None or ends.naive is None:
        return ends.utc - instants.utc
    return ends.naive - instants.naive


def _wrong_ends(
    rows: Rows, instants: Instants, step: timedelta, lengths: pd.TimedeltaIndex | None
) -> list[Finding]:
    """Rows whose end is not one step after their start: cut short, or of another length."""
    if lengths is None:
        return []
    right = [step]
    if instants.naive is not None:  # where clocks change, an hour more or less is right
        right += [step - timedelta(hours=1), step + timedelta(hours=1)]
    wrong = ~np.asarray(lengths.isin(right))
    wrong &= np.asarray(instants.utc.notna())
    return [
        refused(
            rows.lines[n],
            "End",
            f"'{rows.ends[n]}' is not {step / timedelta(minutes=1):g} minutes after the start"
            if rows.ends[n]
            else "there is no end: the file may be cut short",
        )
        for n in np.flatnonzero(wrong).tolist()
    ]


def _off_grid(rows: Rows, instants: Instants, step: timedelta) -> list[Finding]:
    micros = index_us(instants.utc)
    off = np.asarray(instants.utc.notna()) & (micros % (step // timedelta(microseconds=1)) != 0)
    return [
        refused(
            rows.lines[n],
            rows.time_column,
            f"'{rows.starts[n]}' is not on a {step / timedelta(minutes=1):g}-minute mark",
        )
        for n in np.flatnonzero(off).tolist()
    ]


def _counts(instants: Instants, step: timedelta, zone: str) -> tuple[int, int, int, int]:
    """On the file's own clock: repeated, of them by the clocks; missing, of them skipped."""
    clock = instants.utc if instants.naive is None else instants.naive
    clock = clock[clock.notna()]
    if clock.empty:
        return 0, 0, 0, 0
    unique = clock.unique()
    whole = pd.date_range(unique.min(), unique.max(), freq=pd.Timedelta(step))
    absent = whole.difference(unique)
    skipped = 0 if instants.naive is None else len(localise(absent, zone)[1])
    return len(clock) - len(unique), instants.twice, len(absent), skipped


def _conflicting(repeated: pd.Series[float]) -> int:
    if repeated.empty:
        return 0
    return int((repeated.groupby(level=0).nunique() > 1).sum())


def _to_half_hours(
    frame: pd.DataFrame, step: timedelta, rows: Rows
) -> tuple[pd.DataFrame, list[str]]:
    if frame.empty:
        return empty_frame("energy"), []
    if step == HALF_HOUR:
        return frame, []
    if step > HALF_HOUR:
        halves = frame / 2
        later = halves.set_axis(halves.index + pd.Timedelta(HALF_HOUR), axis="index")
        said = "hourly readings are split into two equal halves: costs by half-hour are estimates"
        return tidy(pd.concat([halves, later])), [said]
    needed = HALF_HOUR // step
    grouped = frame["energy"].groupby(pd.DatetimeIndex(frame.index).floor("30min"))
    summed = grouped.sum()[grouped.count() == needed]
    incomplete = int((grouped.count() != needed).sum())
    minutes = step / timedelta(minutes=1)
    notes = [f"{minutes:g}-minute readings are summed to half-hours"]
    if incomplete:
        notes.append(f"{incomplete} half-hours have only some of their readings: missing")
    return tidy(summed.to_frame("energy")), notes
