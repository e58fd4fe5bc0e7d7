"""A battery's channels in the store as a `Record`, and the slots that are kept of them.

Slots are derived results: kept per quarter-hour by whoever writes telemetry (`derive`), so that a
year is read in milliseconds. A read never writes: what is not kept yet, or has changed since, is
worked out in memory and remembered, and is the same to the last digit.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from energydash.battery import balance, slots
from energydash.battery.devices import Device
from energydash.battery.gate import JOINED_US, Bounds
from energydash.battery.joining import Joining
from energydash.battery.record import (
    SETTLED_BY_US,
    Setup,
    extent_of,
    settle,
    starting_in,
    with_counted_soc,
)
from energydash.battery.telemetry import PARTS, Floats, Micros, Telemetry
from energydash.core.errors import StoreError
from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.time import (
    DAY,
    EPOCH,
    MICROSECOND,
    Period,
    index_us,
    instant_of,
    merge,
    micros,
    parse_instant,
    subtract,
)
from energydash.sync import documents
from energydash.sync.context import Context

log = logging.getLogger(__name__)

KIND: Final = "battery-slots"
FORMAT: Final = 5  # of what is kept; another one is worked out anew
STEP: Final = timedelta(seconds=slots.STEP_S)
CHUNK: Final = timedelta(days=35)  # whole weeks, as slots are judged by
WEEK: Final = timedelta(days=7)
NEWEST: Final = timedelta(hours=1)
ONE_FRAME: Final = timedelta(days=1)  # of so much, all channels are read at once
SETTLED_FOR: Final = timedelta(days=1)
JOINED: Final = timedelta(microseconds=JOINED_US)  # how far what is left out reaches
COUNTED_MARGIN: Final = timedelta(days=3)  # our own state of charge needs the full before
EARLIEST: Final = parse_instant("1990-01-01T00:00:00Z")
LATEST: Final = parse_instant("2100-01-01T00:00:00Z")
T = TypeVar("T")


class Stored:
    """The record of a device, as the store has it at the moment of asking. Raises StoreError."""

    def __init__(self, context: Context, device: Device) -> None:
        self.context, self.device = context, device
        store = context.store
        self.owner = store.household()
        self.feed = device.feed(self.owner)
        self.state = store.state(self.feed)
        self.version, self.newest = self.state.version, self.state.newest
        self.asked = repr((FORMAT, sorted(device.sensors.items()), sorted(device.scales.items()),
                           device.charge_sign, device.method, device.full_v,
                           device.capacity_ah))  # fmt: skip
        self._state = store.get(self.owner, KIND, device.id) or {}
        if self._state.get("asked") != self.asked:
            self._state = {}

    @property
    def key(self) -> tuple[Any, ...]:
        """What anything worked out of this record is remembered under."""
        built = self._state.get("built_at")
        return (str(self.context.settings.home), self.feed.key, self.version, self.asked, built)

    @cached_property
    def fetched(self) -> list[tuple[Period, datetime]]:
        """What was ever fetched, and when."""
        windows = self.context.store.coverage(self.feed, Period(EARLIEST, LATEST))
        return [(window.period, window.fetched_at) for window in windows]

    @cached_property
    def setup(self) -> Setup:
        """As kept with the slots, else settled by what the newest days show."""
        if "setup" in self._state:
            return _setup_of(self._state["setup"])
        return remembered(("setup", self.key), self.settled)

    def settled(self) -> Setup:
        """What the owner says, completed by what the newest ten days show."""
        if self.newest is None:
            return Setup(charge_sign=self.device.charge_sign)
        store, end = self.context.store, self.newest + MICROSECOND
        names = [str(name) for name in store.read(self.feed, Period(end - STEP, end)).columns]
        days = Period(end - timedelta(microseconds=SETTLED_BY_US), end)
        return settle(
            names,
            lambda name: _column(store.read(self.feed, days, [name]), name),
            scales=self.device.scales,
            charge_sign=self.device.charge_sign,
            method=self.device.method,
            capacity_ah=self.device.capacity_ah,
        )

    @cached_property
    def extent_us(self) -> tuple[int, int] | None:
        if self.newest is None:
            return None
        first = remembered(("first", self.key), self._first_us)
        end = extent_of(self.latest)
        return None if first is None else (first, end[1] if end else micros(self.newest) + 1)

    @cached_property
    def latest(self) -> Telemetry:
        """The newest hour of every channel."""
        if self.newest is None:
            return Telemetry()
        end = micros(self.newest) + 1
        return self.telemetry(end - NEWEST // MICROSECOND, end)

    def _first_us(self) -> int | None:
        """The first sample of current or state of charge."""
        kept = self._state.get("first_us")
        if kept is not None and all(micros(piece.start) > kept for piece in self.stale):
            return int(kept)
        for period in merge([period for period, _ in self.fetched]):
            for piece in period.chunks(WEEK):
                found = self._read(piece, (self.setup.flow_part, "soc_percent"))
                extent = extent_of(found)
                if extent is not None:
                    return extent[0]
        return micros(self.fetched[0][0].start) if self.fetched else None

    def telemetry(self, start_us: int, end_us: int, parts: Sequence[str] = PARTS) -> Telemetry:
        return self._read(_period(start_us, end_us), parts)

    def _read(self, period: Period, parts: Sequence[str]) -> Telemetry:
        """Cleaned channels. Those of long periods are read one by one: their clocks differ, so a
        common frame would be mostly empty."""
        store = self.context.store
        names = self.setup.names(parts)
        if period.duration <= ONE_FRAME:
            frame = store.read(self.feed, period, names)
            return self.setup.telemetry({name: _column(frame, name) for name in names})
        return self.setup.telemetry(
            {name: _column(store.read(self.feed, period, [name]), name) for name in names}
        )

    def slots(self, start_us: int, end_us: int, joining: Joining | None = None) -> pd.DataFrame:
        return remembered(
            ("slots", self.key, start_us, end_us, joining),
            lambda: starting_in(self._slots(_period(start_us, end_us), joining), start_us, end_us),
        )

    def _slots(self, period: Period, joining: Joining | None) -> pd.DataFrame:
        if joining is not None:
            return self.worked_out(period, joining)
        changed = [p for stretch in self.stale if (p := stretch.intersect(period))]
        kept = subtract(period, changed)
        pieces = [self.worked_out(piece, self.setup.joining) for piece in changed]
        if kept:
            frame = self.context.store.read(self.derived, period, slots.COLUMNS)
            for piece in changed:
                frame = frame[(frame.index < piece.start) | (frame.index >= piece.end)]
            pieces.append(frame)
        pieces = [piece for piece in pieces if len(piece)]
        if len(pieces) < 2:
            return pieces[0] if pieces else empty_frame(*slots.COLUMNS)
        return pd.concat(pieces).sort_index()

    def worked_out(self, period: Period, joining: Joining) -> pd.DataFrame:
        """The slots of a period from its raw samples."""
        device = self.device
        longest_s = max(joining.max_gap_s, joining.voltage_gap_s, joining.soc_gap_s)
        margin = max(timedelta(seconds=longest_s), JOINED) + STEP + DAY
        if not self.setup.has_soc and device.full_v and device.capacity_ah:
            margin = max(margin, COUNTED_MARGIN)
        pieces = []
        for piece in _whole_weeks(period).chunks(CHUNK):
            around = Period(piece.start - margin, piece.end + margin)
            found = self._read(around, self.setup.slot_channels)
            found = with_counted_soc(found, device.full_v, device.capacity_ah, joining)
            start, end = micros(piece.start), micros(piece.end)
            pieces.append(self.setup.slots(found, start, end, joining))
        pieces = [piece for piece in pieces if len(piece)]
        if not pieces:
            return empty_frame(*slots.COLUMNS)
        asked = _on_edges(period)
        return starting_in(pd.concat(pieces), micros(asked.start), micros(asked.end))

    @cached_property
    def stale(self) -> list[Period]:
        """The stretches whose slots are not kept, or have changed since, on slot edges."""
        if self.newest is None:
            return []
        has = [period for period, _ in self.fetched]
        whole = Period(min([period.start for period in has] + [self.newest]), self.newest + STEP)
        if not self._state:
            return [_whole_weeks(whole)]
        if self._state["version"] == self.version:
            return []
        before = [Period(instant_of(a), instant_of(b)) for a, b in self._state["covered"]]
        if any(subtract(period, has) for period in before):
            return [_whole_weeks(whole)]  # something was deleted
        built_at = parse_instant(self._state["built_at"])
        changed = [period for period, at in self.fetched if at > built_at]
        until = instant_of(self._state["until_us"])
        if until < whole.end:  # what an event stream brought is covered by no fetch
            changed.append(Period(until, whole.end))
        reach = max(timedelta(seconds=self.setup.joining.max_gap_s), JOINED, DAY)
        return merge([_whole_weeks(Period(p.start - reach, p.end + reach)) for p in changed])

    @property
    def derived(self) -> Feed:
        """Where the slots are kept."""
        return derived_feed(self.device, self.owner)


def derived_feed(device: Device, owner: str) -> Feed:
    """Where a battery's slots are kept."""
    return Feed(
        source="derived",
        subject=device.id,
        quantity=KIND,
        unit="",
        step=STEP,
        zone=device.zone,
        cadence=STEP,
        owner=owner,
    )


def derive(context: Context, device: Device, *, settle_anew: bool = False) -> None:
    """Keep the slots of whatever telemetry has changed; for those who write telemetry.

    Best effort: a store that cannot be written now is logged, and reads work without.
    """
    try:
        _derive(context, device, settle_anew)
    except StoreError as error:
        log.warning("%s: its quarter-hours are not kept yet: %s", device.id, error)


def derive_feed(context: Context, feed: Feed) -> None:
    """`derive` for the battery whose telemetry a feed is; nothing for other feeds."""
    if feed.quantity != "telemetry":
        return
    for device in documents.batteries(context.store):
        if device.id == feed.subject:
            derive(context, device)


def _derive(context: Context, device: Device, settle_anew: bool) -> None:
    store, now = context.store, context.now()
    record = Stored(context, device)
    if record.newest is None:
        return
    state = dict(record._state)
    settled_at = parse_instant(state["settled_at"]) if state else None
    if settle_anew or settled_at is None or now - settled_at > SETTLED_FOR:
        setup = record.settled()
        if not state or setup != record.setup:
            record._state = {}  # every slot is another one
        record.setup, settled_at = setup, now
    todo = record.stale
    if not todo and state.get("version") == record.version:
        return
    whole = not record._state
    if whole:
        store.drop(record.owner, KIND, device.id)
        store.delete(record.derived, Period(EARLIEST, LATEST))
    for piece in (part for stretch in todo for part in stretch.chunks(CHUNK)):
        frame = record.worked_out(piece, record.setup.joining)
        store.write(record.derived, Fetched(frame, piece), fetched_at=now, final_before=now)
    record._state = {} if whole else record._state
    has = merge([period for period, _ in record.fetched])
    body = {
        "asked": record.asked, "version": record.version, "setup": asdict(record.setup),
        "settled_at": settled_at.isoformat(), "built_at": now.isoformat(),
        "first_us": record._first_us(), "until_us": micros(record.newest),
        "covered": [[micros(p.start), micros(p.end)] for p in has],
    }  # fmt: skip
    store.put(record.owner, KIND, device.id, body)


def forget(context: Context, device: Device) -> int:
    """Remove a battery's telemetry and slots; how many readings."""
    store, owner = context.store, context.store.household()
    whole = Period(EARLIEST, LATEST)
    store.drop(owner, KIND, device.id)
    return store.delete(device.feed(owner), whole) + store.delete(
        derived_feed(device, owner), whole
    )


def _setup_of(body: dict[str, Any]) -> Setup:
    return Setup(
        tuple((part, name) for part, name in body["parts"]),
        tuple((part, factor) for part, factor in body["scales"]),
        body["charge_sign"],
        Joining(**body["joining"]),
        Bounds(**body["bounds"]),
        balance.Size(**body["size"]),
    )


def _column(frame: pd.DataFrame, name: str) -> tuple[Micros, Floats]:
    time_us = index_us(pd.DatetimeIndex(frame.index))
    value = frame[name].to_numpy(dtype=np.float64)
    seen = np.isfinite(value)
    return time_us[seen], value[seen]


def _period(start_us: int, end_us: int) -> Period:
    return Period(instant_of(start_us), instant_of(max(start_us, end_us)))


def _on_edges(period: Period) -> Period:
    """The slots that a period touches."""
    start, end = (period.start - EPOCH) // STEP, -((EPOCH - period.end) // STEP)
    return Period(EPOCH + start * STEP, EPOCH + end * STEP)


def _whole_weeks(period: Period) -> Period:
    """The weeks that judge a period."""
    return _period(*balance.around(micros(period.start), micros(period.end)))


_kept: OrderedDict[Any, Any] = OrderedDict()
_kept_guard = threading.Lock()
MOST_KEPT: Final = 64


def remembered(key: Any, ask: Callable[[], T]) -> T:
    """The result of `ask`, kept while its key stands; a key has the version of what it is from.

    Results are shared: do not change them.
    """
    with _kept_guard:
        if key in _kept:
            _kept.move_to_end(key)
            found: T = _kept[key]
            return found
    found = ask()
    with _kept_guard:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def forget_remembered() -> None:
    """Drop what this process remembers; what is stored stays."""
    with _kept_guard:
        _kept.clear()
