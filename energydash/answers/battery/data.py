"""Telemetry and slots of a battery, from the store or the sample, with what is known of them.

Slots are derived results: stored per 15 minutes with the version of the telemetry they were made
of, so that a year is asked in milliseconds. What is new or may still change is built anew; a
change of the device's description builds everything anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar

import numpy as np
import pandas as pd

from energydash.battery import slots as slots_module
from energydash.battery.capacity import anchored_soc, full_anchors_us
from energydash.battery.devices import Device
from energydash.battery.energy import edges_of, integrate
from energydash.battery.mapping import infer
from energydash.battery.quality import sign_by_soc
from energydash.battery.telemetry import PARTS, Channel, Telemetry, from_arrays
from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData, Fetched, Origin, empty_frame
from energydash.core.time import Period, merge, parse_instant, subtract
from energydash.sources.aretas.rows import as_channel
from energydash.sources.sample import battery as sample
from energydash.sync.context import Context
from energydash.sync.fetch import LIVE

CHUNK: Final = timedelta(days=31)
MARGIN: Final = timedelta(hours=2)  # so that a slot's first and last step are whole
STILL_CHANGING: Final = timedelta(days=2)
REBUILT_EVERY: Final = timedelta(days=7)  # an old correction that nobody told us about
LOOK_FOR_SIGN: Final = timedelta(days=10)
STEP: Final = timedelta(seconds=slots_module.STEP_S)
KIND: Final = "battery-slots"
SLOT_PARTS: Final = slots_module.COLUMNS


@dataclass(frozen=True)
class Setup:
    """How stored channels are read: channel to stored part, factors, and the sign of charging
    (0: unknown, taken as positive)."""

    parts: tuple[tuple[str, str], ...]
    scales: tuple[tuple[str, float], ...]
    charge_sign: Literal[-1, 0, 1]

    def to_text(self) -> str:
        return repr(self)


def is_sample(context: Context, device: Device) -> bool:
    """True for the made-up battery."""
    del context
    return device.id == sample.DEVICE.id


def history(context: Context, device: Device) -> Period:
    """From the first to the newest telemetry; a year up to now for the made-up battery."""
    now = context.now()
    if is_sample(context, device):
        return Period(now - timedelta(days=365), now)
    feed = device.feed(context.store.household())
    windows = context.store.coverage(feed, Period(EARLIEST, LATEST))
    newest = context.store.state(feed).newest
    if not windows or newest is None:
        return Period(now, now)
    start = min(window.period.start for window in windows)
    return Period(min(start, newest), newest + timedelta(seconds=1))


def lived(context: Context, device: Device, period: Period) -> Period:
    """The part of `period` in which the battery could have reported: not before its first
    telemetry, not in the future, and for imported files not after the last of them."""
    now = context.now()
    if is_sample(context, device):
        return Period(period.start, max(min(period.end, now), period.start))
    whole = history(context, device)
    end = min(period.end, now if device.source == "aretas" else whole.end)
    start = max(period.start, whole.start)
    return Period(start, end) if start < end else Period(period.start, period.start)


def setup_of(context: Context, device: Device) -> Setup:
    """Which stored part is which channel, and the sign: the user's word, else what data show."""
    if is_sample(context, device):
        return Setup(tuple((part, part) for part in PARTS), (), 1)
    feed = device.feed(context.store.household())
    key = ("setup", str(context.settings.home), feed.key, context.store.state(feed).version,
           repr(device.to_body()))  # fmt: skip
    return remembered(key, lambda: _setup_of(context, device, feed))


def _setup_of(context: Context, device: Device, feed: Feed) -> Setup:
    newest = context.store.state(feed).newest
    if newest is None:
        return Setup((), (), device.charge_sign)
    end = newest + timedelta(seconds=1)
    # Every part the feed ever had, named or not; the values are read part by part, for their
    # clocks differ and a common frame would be mostly empty.
    names = [str(name) for name in context.store.read(feed, Period(end - STEP, end)).columns]

    def recent(name: str) -> tuple[Any, Any]:
        return _column(context.store.read(feed, Period(end - LOOK_FOR_SIGN, end), [name]), name)

    known: dict[str, str] = {part: part for part in PARTS if part in names}
    unnamed = [name for name in names if name.startswith("type_")]
    if unnamed and not {"voltage_v", "current_a", "power_kw"} <= set(known):
        known = infer({name: as_channel(*recent(name)) for name in names}, known)
    sign: Literal[-1, 0, 1] = device.charge_sign
    if sign == 0 and {"current_a", "soc_percent"} <= set(known):
        plain = from_arrays({part: recent(known[part]) for part in ("current_a", "soc_percent")})
        sign = sign_by_soc(plain.current, plain.soc)
    return Setup(tuple(sorted(known.items())), tuple(sorted(device.scales.items())), sign)


def _column(frame: pd.DataFrame, name: str) -> tuple[Any, Any]:
    time_us = np.asarray(pd.DatetimeIndex(frame.index).as_unit("us").asi8)  # type: ignore[attr-defined]
    value = frame[name].to_numpy(dtype=np.float64)
    seen = np.isfinite(value)
    return time_us[seen], value[seen]


def telemetry(
    context: Context,
    device: Device,
    period: Period,
    parts: Sequence[str] = PARTS,
    setup: Setup | None = None,
) -> Telemetry:
    """The named channels in `period`, cleaned; current and power positive while charging.

    Each channel is read alone: their clocks differ, so a common frame would be mostly empty.
    """
    if is_sample(context, device):
        end = min(period.end, max(context.now(), period.start))
        arrays = sample.sample_arrays(Period(period.start, end))
        return from_arrays({part: arrays[part] for part in parts if part in arrays})
    setup = setup or setup_of(context, device)
    stored, scales = dict(setup.parts), dict(setup.scales)
    feed = device.feed(context.store.household())
    arrays = {}
    for part in parts:
        if part not in stored:
            continue
        frame = context.store.read(feed, period, [stored[part]])
        time_us, value = _column(frame, stored[part])
        arrays[part] = (time_us, value * scales.get(part, 1.0))
    return from_arrays(arrays, charge_sign=-1 if setup.charge_sign < 0 else 1)


def slots(context: Context, device: Device, period: Period) -> pd.DataFrame:
    """The slots of `period` that have data (see `battery.slots.build`), built where needed."""
    if is_sample(context, device):
        return _sample_slots(context, period)
    feed = derived_feed(device, context.store.household())
    _build(context, device, feed)
    return remembered(
        ("slots", slots_key(context, device), period),
        lambda: context.store.read(feed, period, SLOT_PARTS),
    )


def slots_key(context: Context, device: Device) -> tuple[Any, ...]:
    """What a result made of slots is remembered under: changes whenever they do."""
    if is_sample(context, device):
        return (device.id, context.now().replace(second=0, microsecond=0))
    feed = derived_feed(device, context.store.household())
    return (str(context.settings.home), feed.key, context.store.state(feed).version)


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
        revises=STILL_CHANGING,
    )


def rebuild(context: Context, device: Device) -> None:
    """Build every slot anew when it is next asked (after an import over older data)."""
    context.store.drop(context.store.household(), KIND, device.id)


_building = threading.Lock()


def _build(context: Context, device: Device, derived: Feed) -> None:
    """Bring the stored slots up to the telemetry's version."""
    store, owner, now = context.store, context.store.household(), context.now()
    feed = device.feed(owner)
    known = store.state(feed)
    version = known.version
    state = store.get(owner, KIND, device.id) or {}
    asked = repr((sorted(device.sensors.items()), sorted(device.scales.items()),
                  device.charge_sign, device.full_v, device.capacity_ah))  # fmt: skip
    if not version or (state.get("version") == version and state.get("asked") == asked):
        return
    with _building:
        setup = setup_of(context, device)
        has = [window.period for window in store.coverage(feed, Period(EARLIEST, LATEST))]
        newest = known.newest
        if not has or newest is None:
            return
        whole = Period(min(period.start for period in has), newest + STEP)
        todo = _to_build(state, whole, has, setup, asked, now)
        if todo == [whole]:
            store.delete(derived, Period(EARLIEST, LATEST))
        for piece in (part for stretch in todo for part in stretch.chunks(CHUNK)):
            found = telemetry(context, device, _around(piece), SLOT_CHANNELS, setup)
            frame = _slots_of(with_counted_soc(device, found), piece)
            store.write(derived, Fetched(frame, piece), fetched_at=now, final_before=now)
        built_at = now if todo == [whole] else parse_instant(state["built_at"])
        body = {
            "version": version, "asked": asked, "setup": setup.to_text(),
            "until": newest.isoformat(), "built_at": built_at.isoformat(),
            "covered": [[p.start.isoformat(), p.end.isoformat()] for p in merge(has)],
        }  # fmt: skip
        store.put(owner, KIND, device.id, body)


SLOT_CHANNELS: Final = ("voltage_v", "current_a", "soc_percent", "temperature_c")
EARLIEST: Final = parse_instant("1990-01-01T00:00:00Z")
LATEST: Final = parse_instant("2100-01-01T00:00:00Z")


def _to_build(
    state: dict[str, Any],
    whole: Period,
    has: list[Period],
    setup: Setup,
    asked: str,
    now: datetime,
) -> list[Period]:
    """The stretches whose slots are missing or may have changed, on slot edges."""
    built_at = parse_instant(state["built_at"]) if state else None
    if (
        built_at is None
        or now - built_at > REBUILT_EVERY
        or (state["setup"], state["asked"]) != (setup.to_text(), asked)
    ):
        return [whole]
    before = [Period(parse_instant(a), parse_instant(b)) for a, b in state["covered"]]
    if any(subtract(period, has) for period in before):
        return [whole]  # something was deleted
    tail = parse_instant(state["until"]) - STILL_CHANGING
    new = [piece for period in has for piece in subtract(period, before)]
    if tail < whole.end:
        new.append(Period(max(tail, whole.start), whole.end))
    return [piece for period in merge(new) if (piece := period.intersect(whole))]


def with_counted_soc(device: Device, found: Telemetry) -> Telemetry:
    """The same channels; where there is no state of charge, but the voltage of a full battery and
    a nominal capacity are known, charge counted from full to full with its drift spread out."""
    if len(found.soc) or not (device.full_v and device.capacity_ah) or len(found.current) < 2:
        return found
    anchors = full_anchors_us(found, device.full_v, device.capacity_ah)
    return replace(found, soc=anchored_soc(integrate(found), anchors, 100.0, device.capacity_ah))


def soc_is_counted(setup: Setup) -> bool:
    """True where a state of charge can only be our own count."""
    return "soc_percent" not in dict(setup.parts)


def _around(piece: Period) -> Period:
    return Period(piece.start - MARGIN, piece.end + MARGIN)


def _slots_of(found: Telemetry, piece: Period) -> pd.DataFrame:
    """The slots of `piece`, which itself need not lie on slot edges."""
    start_us, end_us = (int(at.timestamp() * 1e6) for at in (piece.start, piece.end))
    if len(found.current) < 2:
        return empty_frame(*SLOT_PARTS)
    return slots_module.build(
        found, integrate(found), edges_of(start_us, end_us, slots_module.STEP_S)
    )


def _sample_slots(context: Context, period: Period) -> pd.DataFrame:
    """Slots of the made-up battery, a month at a time; a month that is over is remembered."""
    now = context.now()
    end = min(period.end, now.replace(second=0, microsecond=0))
    pieces = []
    month = period.start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < end:
        after = (month + CHUNK).replace(day=1)
        pieces.append(_sample_month(month, min(after, end)))
        month = after
    if not pieces:
        return empty_frame(*SLOT_PARTS)
    frame = pd.concat(pieces)
    return frame[(frame.index >= period.start - STEP + timedelta(microseconds=1))
                 & (frame.index < period.end)]  # fmt: skip


@lru_cache(maxsize=64)
def _sample_month(start: datetime, end: datetime) -> pd.DataFrame:
    piece = Period(start, end)
    arrays = sample.sample_arrays(Period(start - MARGIN, end))
    return _slots_of(from_arrays({part: arrays[part] for part in SLOT_CHANNELS}), piece)


_kept: OrderedDict[Any, Any] = OrderedDict()
_kept_guard = threading.Lock()
MOST_KEPT: Final = 64
T = TypeVar("T")


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


def reading_of(context: Context, device: Device, period: Period, data: pd.DataFrame) -> FeedData:
    """`data` made of a device's telemetry, with how fresh and how complete that is."""
    now = context.now()
    if is_sample(context, device):
        why = "no battery connected" if not context.sample else "asked for"
        coverage = coverage_of(data, period, now, now)
        return FeedData(data, sample.feed(), now, now, coverage, "sample", None, why)
    store, feed = context.store, device.feed(context.store.household())
    state = store.state(feed)
    newest, fetched_at, problem = state.newest, state.fetched_at, state.problem
    live = fetched_at is not None and now - fetched_at <= LIVE * feed.cadence and problem is None
    origin: Origin = "live" if live and device.source == "aretas" else "stored"
    return FeedData(
        data, feed, fetched_at, newest, coverage_of(data, period, newest, now), origin, problem
    )


def coverage_of(
    data: pd.DataFrame, period: Period, newest: datetime | None, now: datetime
) -> Coverage:
    """How many quarter-hours of `period` have telemetry, and which stretches have none."""
    until = min(period.end, newest or now, now)
    if until <= period.start:
        return Coverage(0, 0)
    first, last = (int(at.timestamp()) // slots_module.STEP_S for at in (period.start, until))
    expected = np.arange(first, max(last, first + 1), dtype=np.int64)
    seen = data[data["covered_s"] > 0] if "covered_s" in data.columns else data
    have = np.unique(slots_module.edges(seen) // 1_000_000 // slots_module.STEP_S)
    absent = ~np.isin(expected, have)
    bounds = np.flatnonzero(np.diff(np.concatenate(([False], absent, [False])).astype(np.int8)))
    origin = parse_instant("1970-01-01T00:00:00Z")
    missing = tuple(
        Period(origin + int(expected[a]) * STEP, origin + (int(expected[b - 1]) + 1) * STEP)
        for a, b in zip(bounds[::2], bounds[1::2], strict=True)
    )
    return Coverage(len(expected) - int(absent.sum()), len(expected), missing, step=STEP)


def channel_frame(channel: Channel, name: str) -> pd.DataFrame:
    """A channel as a frame with one column."""
    index = pd.DatetimeIndex(channel.time_us.astype("datetime64[us]"), name="time")
    return pd.DataFrame({name: channel.value}, index=index.tz_localize("UTC"))
