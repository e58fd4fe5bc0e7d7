"""The record of a battery: its cleaned channels and its slots, wherever its samples are kept.

A file in memory, a device's channels in the store and the made-up battery are each a `Record`;
everything that is worked out starts from one (see `battery.pipeline`), so it cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, Protocol

import numpy as np
import pandas as pd

from energydash.battery import balance, slots
from energydash.battery.balance import UNKNOWN, Size
from energydash.battery.capacity import anchored_soc, full_anchors_us
from energydash.battery.energy import integrate
from energydash.battery.gate import ANY, Bounds, bounds_of, within
from energydash.battery.joining import USUAL, Joining, Method, joining_of
from energydash.battery.mapping import infer
from energydash.battery.quality import sign_by_soc
from energydash.battery.telemetry import (
    END,
    PARTS,
    Floats,
    Micros,
    Telemetry,
    as_channel,
    from_arrays,
)

Sign = Literal[-1, 0, 1]
Arrays = Mapping[str, tuple[Micros, Floats]]

SMALL_KWH: Final = 2.5
SETTLED_BY_US: Final = 10 * 86_400_000_000  # signs and steps are told by this much at the end


@dataclass(frozen=True)
class Setup:
    """How a battery's samples are read.

    parts: channel to the name that it is kept under. scales: factors of channels. charge_sign: the
    sign that current and power have while charging; 0: not known, taken as positive. bounds: beyond
    which no sample can be. size: about how much 100 % are.
    """

    parts: tuple[tuple[str, str], ...] = ()
    scales: tuple[tuple[str, float], ...] = ()
    charge_sign: Sign = 0
    joining: Joining = USUAL
    bounds: Bounds = ANY
    size: Size = UNKNOWN

    @property
    def has_soc(self) -> bool:
        """False where a state of charge can only be our own count."""
        return any(part == "soc_percent" for part, _ in self.parts)

    @property
    def flow_part(self) -> str:
        """What is integrated: the current; the power where there is no current."""
        kept = dict(self.parts)
        return "power_kw" if "current_a" not in kept and "power_kw" in kept else "current_a"

    @property
    def slot_channels(self) -> tuple[str, ...]:
        """What slots are made of, and what they are checked by."""
        return PARTS

    def names(self, parts: Sequence[str]) -> list[str]:
        """What channels, and their ends, are kept under."""
        return [kept for part, kept in self.parts if part.removesuffix(END) in parts]

    def telemetry(self, arrays: Arrays) -> Telemetry:
        """Raw samples by kept name as cleaned channels, current positive while charging."""
        scales = dict(self.scales)
        found = from_arrays(
            {
                part: (arrays[kept][0], arrays[kept][1] * scales.get(part, 1.0))
                for part, kept in self.parts
                if kept in arrays
            },
            charge_sign=-1 if self.charge_sign < 0 else 1,
        )
        voltage, wrong_v = within("voltage_v", found.voltage, self.bounds)
        current, wrong_a = within("current_a", found.current, self.bounds)
        left_out = {"voltage_v": wrong_v, "current_a": wrong_a}
        return replace(found, voltage=voltage, current=current, left_out=left_out)

    def slots(
        self, found: Telemetry, start_us: int, end_us: int, joining: Joining | None = None
    ) -> pd.DataFrame:
        """The slots of whole weeks (`balance.around`), without what contradicts itself; `found`
        reaches a day further on both sides, where there is more."""
        wider = start_us - balance.DAY_US, end_us + balance.DAY_US
        frame = slots.of_telemetry(found, *wider, joining or self.joining)
        return starting_in(balance.checked(frame, self.size), start_us, end_us)


def settle(
    names: Sequence[str],
    recent: Callable[[str], tuple[Micros, Floats]],
    *,
    scales: Mapping[str, float] | None = None,
    charge_sign: Sign = 0,
    method: Method = "auto",
    capacity_ah: float | None = None,
) -> Setup:
    """What is said of a battery, completed by what its newest ten days show.

    names: what its channels are kept under; `recent` gives the samples of one of those days.
    """
    known = {part: part for part in names if part.removesuffix(END) in PARTS}
    unnamed = [name for name in names if name.startswith("type_")]
    if unnamed and not {"voltage_v", "current_a", "power_kw"} <= set(known):
        known = infer({name: as_channel(*recent(name)) for name in names}, known)
    kept = tuple(sorted(known.items()))
    plain = Setup(kept, tuple(sorted((scales or {}).items())))
    needed = plain.names(("voltage_v", plain.flow_part, "soc_percent"))
    seen = plain.telemetry({name: recent(name) for name in needed})
    sign: Sign = charge_sign or sign_by_soc(seen.flow, seen.soc)
    # Without a current and a voltage Ah are kWh (see `energy.integrate`).
    in_kwh = plain.flow_part == "power_kw" and "voltage_v" not in known
    size = Size(small=SMALL_KWH) if in_kwh else Size(capacity_ah, bool(capacity_ah))
    setup = replace(
        plain,
        charge_sign=sign,
        joining=joining_of(seen, method),
        bounds=bounds_of(seen, size.ah),
        size=size,
    )
    if size.ah or not len(seen.soc) or not len(seen.flow):
        return setup
    again = setup.telemetry({name: recent(name) for name in needed})
    span = int(seen.soc.time_us[0]), int(seen.soc.time_us[-1])
    days = slots.of_telemetry(again, *span, setup.joining)
    return replace(setup, size=replace(size, ah=balance.usual_size_ah(days)))


class Record(Protocol):
    """One battery's samples. Times are UTC microseconds, stretches `[start, end)`."""

    @property
    def setup(self) -> Setup: ...

    @property
    def extent_us(self) -> tuple[int, int] | None:
        """See `extent_of`; None where there is no sample."""

    def telemetry(self, start_us: int, end_us: int, parts: Sequence[str] = PARTS) -> Telemetry:
        """The cleaned channels of a stretch."""

    def slots(self, start_us: int, end_us: int, joining: Joining | None = None) -> pd.DataFrame:
        """The quarter-hours with data that start in the stretch (see `slots.build`); joined in
        another way than usual where that is given."""


class InMemory:
    """A record of samples that are all here: a file's."""

    def __init__(self, arrays: Arrays, setup: Setup) -> None:
        self.setup = setup
        self._arrays = arrays

    @cached_property
    def whole(self) -> Telemetry:
        return self.setup.telemetry(self._arrays)

    @property
    def extent_us(self) -> tuple[int, int] | None:
        return extent_of(self.whole)

    def telemetry(self, start_us: int, end_us: int, parts: Sequence[str] = PARTS) -> Telemetry:
        del parts
        return self.whole.between(start_us, end_us)

    def slots(self, start_us: int, end_us: int, joining: Joining | None = None) -> pd.DataFrame:
        frame = self.setup.slots(self.whole, *balance.around(start_us, end_us), joining)
        return starting_in(frame, start_us, end_us)


def in_memory(
    arrays: Arrays,
    *,
    scales: Mapping[str, float] | None = None,
    charge_sign: Sign = 0,
    method: Method = "auto",
    capacity_ah: float | None = None,
) -> InMemory:
    """A record of samples by channel, set up as a device with the same samples would be."""
    newest = max((int(time_us.max()) for time_us, _ in arrays.values() if len(time_us)), default=0)

    def recent(name: str) -> tuple[Micros, Floats]:
        time_us, value = arrays[name]
        keep = time_us > newest - SETTLED_BY_US
        return time_us[keep], value[keep]

    names = tuple(arrays)
    setup = settle(
        names, recent, scales=scales, charge_sign=charge_sign, method=method,
        capacity_ah=capacity_ah,
    )  # fmt: skip
    return InMemory(arrays, setup)


def extent_of(found: Telemetry) -> tuple[int, int] | None:
    """From the first to just after the last sample of what is counted: current (power, where there
    is none) and state of charge; of any channel where there are neither."""
    counted = [channel for channel in (found.flow, found.soc) if len(channel)]
    for channels in (counted, [c for c in found.channels().values() if len(c)]):
        if channels:
            first = min(int(channel.time_us[0]) for channel in channels)
            ends = [channel.time_us[-1] for channel in channels]
            ends += [ended[-1] for ended in found.ended.values() if len(ended)]
            return first, int(max(ends)) + 1
    return None


def starting_in(frame: pd.DataFrame, start_us: int, end_us: int) -> pd.DataFrame:
    """The slots of a frame that start in `[start, end)`: each belongs to one of the pieces that a
    period is cut into."""
    first, last = np.searchsorted(slots.edges(frame), (start_us, end_us))
    return frame.iloc[first:last]


def with_counted_soc(
    found: Telemetry, full_v: float | None, capacity_ah: float | None, joining: Joining
) -> Telemetry:
    """The same channels; where there is no state of charge, but the voltage of a full battery and
    a nominal capacity are known, charge counted from full to full with its drift spread out."""
    if len(found.soc) or not (full_v and capacity_ah) or len(found.current) < 2:
        return found
    anchors = full_anchors_us(found, full_v, capacity_ah)
    return replace(found, soc=anchored_soc(integrate(found, joining), anchors, 100.0, capacity_ah))
