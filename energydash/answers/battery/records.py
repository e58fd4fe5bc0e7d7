"""A battery opened for one answer: its description with its record, from the store or made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd

from energydash.answers.battery.devices import device_of, is_sample
from energydash.battery import slots
from energydash.battery.devices import Device
from energydash.battery.energy import SensorError
from energydash.battery.joining import Joining
from energydash.battery.pipeline import Told
from energydash.battery.record import Setup, starting_in
from energydash.battery.telemetry import PARTS, Telemetry
from energydash.core.coverage import Coverage, cover
from energydash.core.feeds import FeedData, Origin, empty_frame
from energydash.core.time import Period, instant_of, micros
from energydash.sources.sample import battery as sample
from energydash.store import reads
from energydash.sync import batteries, fetch
from energydash.sync.batteries import Stored
from energydash.sync.context import Context


def told_of(device: Device, cutoff_v: float | None = None) -> Told:
    """What the owner says of voltages and size."""
    errors = tuple(sorted(device.errors.items()))
    return Told(cutoff_v or device.cutoff_v, device.full_v, device.capacity_ah, errors)


def error_of(device: Device) -> SensorError:
    """What is known of the sensors' errors, the usual ones where nobody says."""
    return SensorError(**device.errors)


class Sample:
    """The made-up battery's record: a year up to now."""

    setup = Setup(tuple((part, part) for part in PARTS), (), 1)

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(second=0, microsecond=0)

    @property
    def key(self) -> tuple[Any, ...]:
        """What anything worked out of this record is remembered under."""
        return (sample.DEVICE.id, self.now)

    @property
    def extent_us(self) -> tuple[int, int] | None:
        return micros(self.now - timedelta(days=365)), micros(self.now)

    @property
    def latest(self) -> Telemetry:
        """The newest hour of every channel."""
        return self.telemetry(micros(self.now) - 3_600_000_000, micros(self.now))

    def telemetry(self, start_us: int, end_us: int, parts: Sequence[str] = PARTS) -> Telemetry:
        end_us = max(min(end_us, micros(self.now)), start_us)
        arrays = sample.sample_arrays(Period(instant_of(start_us), instant_of(end_us)))
        return self.setup.telemetry({part: arrays[part] for part in parts if part in arrays})

    def slots(self, start_us: int, end_us: int, joining: Joining | None = None) -> pd.DataFrame:
        """A month at a time; a month that is over is remembered."""
        start, end = instant_of(start_us), min(instant_of(end_us), self.now)
        pieces = []
        month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while month < end:
            after = (month + timedelta(days=31)).replace(day=1)
            pieces.append(_sample_month(month, min(after, end), joining or self.setup.joining))
            month = after
        frame = pd.concat(pieces) if pieces else empty_frame(*slots.COLUMNS)
        return starting_in(frame, start_us, end_us)


@lru_cache(maxsize=64)
def _sample_month(start: datetime, end: datetime, joining: Joining) -> pd.DataFrame:
    margin = timedelta(seconds=max(joining.max_gap_s, joining.soc_gap_s)) + batteries.STEP
    arrays = sample.sample_arrays(Period(start - margin, end))
    found = Sample.setup.telemetry({part: arrays[part] for part in Sample.setup.slot_channels})
    return starting_in(
        slots.of_telemetry(found, micros(start), micros(end), joining), micros(start), micros(end)
    )


@dataclass(frozen=True)
class Held:
    """One battery opened for one answer: its description, its record and their owner's context."""

    context: Context
    device: Device
    record: Stored | Sample

    @property
    def key(self) -> tuple[Any, ...]:
        return self.record.key

    @property
    def is_sample(self) -> bool:
        return isinstance(self.record, Sample)

    @property
    def history(self) -> Period:
        """From the first to the newest sample; empty, and now, where there is none."""
        extent = self.record.extent_us
        if extent is None:
            return Period(self.context.now(), self.context.now())
        return Period(instant_of(extent[0]), instant_of(extent[1]))

    def slots(self, period: Period) -> pd.DataFrame:
        """The quarter-hours with data that start in a period."""
        return self.record.slots(micros(period.start), micros(period.end))

    def telemetry(self, period: Period, parts: Sequence[str] = PARTS) -> Telemetry:
        """The cleaned channels of a period."""
        return self.record.telemetry(micros(period.start), micros(period.end), parts)

    def coverage(self, frame: pd.DataFrame, period: Period) -> Coverage:
        """How many quarter-hours of a period up to now have data, and why the others have not."""
        now = self.context.now()
        index = pd.DatetimeIndex(frame.index[frame["covered_s"] > 0])
        if isinstance(self.record, Sample):
            return cover(index, period, batteries.STEP, now=self.record.now)
        feed, newest = self.record.feed, self.record.newest
        if self.device.source != "aretas":
            return cover(index, period, batteries.STEP, now=now)
        return cover(
            index, period, batteries.STEP, now=now,
            due=fetch.due_at(feed, newest, now),
            fetching=fetch.awaited(
                self.context.store.coverage(feed, fetch.around(feed, period)), feed, period, now
            ),
        )  # fmt: skip

    def as_feed_data(self, frame: pd.DataFrame, period: Period) -> FeedData:
        """`frame`, made of this battery's telemetry, with how fresh and how complete that is."""
        now, coverage = self.context.now(), self.coverage(frame, period)
        if isinstance(self.record, Sample):
            why = "asked for" if self.context.sample else "no battery connected"
            return FeedData(frame, sample.feed(), now, now, coverage, "sample", None, why)
        feed, state = self.record.feed, self.record.state
        origin: Origin = "stored"
        if self.device.source == "aretas":
            reads.asked(feed, period, is_awaited=bool(coverage.fetching))
            origin = "live" if fetch.is_live(state, feed, now) else "stored"
        return FeedData(
            frame, feed, state.fetched_at, state.newest, coverage, origin, state.problem
        )


def held(context: Context, name: str = "") -> Held:
    """A battery by id or label, opened. Raises InputError, StoreError."""
    device = device_of(context, name)
    record: Stored | Sample = (
        Sample(context.now()) if is_sample(device) else Stored(context, device)
    )
    return Held(context, device, record)


def history(context: Context, device: str = "") -> Period:
    """From the first to the newest telemetry; a year up to now for the made-up battery."""
    return held(context, device).history
