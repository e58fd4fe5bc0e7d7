"""Channels of a battery, each on its own clock, cleaned but never resampled.

Sensors of one poll are seconds apart, arrive out of order, twice, or not at all. A channel is
sorted, keeps the last of duplicates and loses what is physically impossible; everything that was
wrong is a `Finding` with a sentence. Current is positive while charging.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.errors import InputError
from energydash.core.findings import Finding

Floats = npt.NDArray[np.float64]
Micros = npt.NDArray[np.int64]

PARTS: Final = ("voltage_v", "current_a", "power_kw", "soc_percent", "temperature_c")
UNITS: Final = {
    "voltage_v": "V", "current_a": "A", "power_kw": "kW", "soc_percent": "%",
    "temperature_c": "°C",
}  # fmt: skip
LABELS: Final = {
    "voltage_v": "Voltage", "current_a": "Current", "power_kw": "Power",
    "soc_percent": "State of charge", "temperature_c": "Temperature",
}  # fmt: skip

# What no battery measures: beyond these a value is a broken sensor or a wrong unit. Wide on
# purpose, so that a channel in mV, mA or W passes and is named by `faults.cross_check` instead.
LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "voltage_v": (0.0, 2e6),
    "current_a": (-2e6, 2e6),
    "power_kw": (-2e6, 2e6),
    "soc_percent": (-0.5, 105.0),
    "temperature_c": (-60.0, 150.0),
}
HARMLESS_LATE_S: Final = 60.0
# When a channel's value stopped to be known is kept beside it, under its name with this.
END: Final = "_end"


@dataclass(frozen=True)
class Channel:
    """Samples of one sensor: UTC microseconds, sorted and unique; finite values."""

    time_us: Micros
    value: Floats

    def __len__(self) -> int:
        return len(self.time_us)

    def between(self, start_us: int, end_us: int) -> Channel:
        """The samples in `[start, end)`."""
        first, last = np.searchsorted(self.time_us, (start_us, end_us))
        return Channel(self.time_us[first:last], self.value[first:last])

    def scaled(self, factor: float) -> Channel:
        """The same clock with every value multiplied."""
        return self if factor == 1.0 else Channel(self.time_us, self.value * factor)

    def shifted(self, offset_us: int) -> Channel:
        """The same values later by `offset_us`."""
        return Channel(self.time_us + offset_us, self.value)


NO_CHANNEL: Final = Channel(np.empty(0, np.int64), np.empty(0, np.float64))


@dataclass(frozen=True)
class Telemetry:
    """The channels of one battery; an absent one has no samples. left_out: samples that
    cannot be (see `battery.gate`). ended: when a value stopped to be known, of senders
    that say so (`unavailable`)."""

    voltage: Channel = NO_CHANNEL
    current: Channel = NO_CHANNEL
    power: Channel = NO_CHANNEL
    soc: Channel = NO_CHANNEL
    temperature: Channel = NO_CHANNEL
    faults: tuple[Finding, ...] = field(default=(), repr=False, kw_only=True)
    left_out: Mapping[str, Channel] = field(default_factory=dict, repr=False, kw_only=True)
    ended: Mapping[str, Micros] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def flow_part(self) -> str:
        """What is integrated: the current, or the power where there is no current. A current that
        cannot be is one: the power beside it is then as doubtful."""
        amps = len(self.current) + len(self.left_out.get("current_a", NO_CHANNEL))
        return "power_kw" if amps < 2 <= len(self.power) else "current_a"

    @property
    def flow(self) -> Channel:
        """The channel that is integrated."""
        return self.power if self.flow_part == "power_kw" else self.current

    def channels(self) -> dict[str, Channel]:
        """Channels by part name, in the order they are shown."""
        return dict(
            zip(
                PARTS,
                (self.voltage, self.current, self.power, self.soc, self.temperature),
                strict=True,
            )
        )

    def between(self, start_us: int, end_us: int) -> Telemetry:
        """The samples in `[start, end)`, with the same faults."""
        return Telemetry(
            *(channel.between(start_us, end_us) for channel in self.channels().values()),
            faults=self.faults,
            left_out={part: c.between(start_us, end_us) for part, c in self.left_out.items()},
            ended={part: at[(at >= start_us) & (at < end_us)] for part, at in self.ended.items()},
        )

    @property
    def rows(self) -> int:
        return sum(len(channel) for channel in self.channels().values())


def as_channel(time_us: Micros, value: Floats) -> Channel:
    """Raw samples as a channel, sorted and unique, without a range check."""
    good = np.isfinite(value)
    time_us, value = time_us[good], value[good]
    order = np.argsort(time_us, kind="stable")
    time_us, value = time_us[order], value[order]
    last = np.append(np.diff(time_us) != 0, True) if len(time_us) else np.empty(0, bool)
    return Channel(time_us[last], value[last])


def clean(part: str, time_us: Micros, value: Floats) -> tuple[Channel, tuple[Finding, ...]]:
    """One sensor's raw samples as a channel, and what was wrong with them.

    time_us: UTC microseconds in the order of arrival. value: same length; NaN is no sample.
    """
    low, high = LIMITS[part]
    faults: list[Finding] = []
    with np.errstate(invalid="ignore"):
        good = (value >= low) & (value <= high)  # NaN compares false
    if not good.all():
        outside = int(np.count_nonzero(~good & np.isfinite(value)))
        outside += int(np.count_nonzero(np.isinf(value)))
        time_us, value = time_us[good], value[good]
        if outside:
            faults.append(
                Finding(
                    "out-of-range",
                    f"{outside:,} {LABELS[part].lower()} values lie outside {low:g} to {high:g} "
                    f"{UNITS[part]} and were left out.",
                    "Check the sensor, or the unit of this channel.",
                    subject=part,
                    count=outside,
                )
            )
    if len(time_us) > 1:
        step = np.diff(time_us)
        backwards = int(np.count_nonzero(step < 0))
        if backwards:
            faults.append(_clock_fault(part, step, backwards))
            order = np.argsort(time_us, kind="stable")
            time_us, value = time_us[order], value[order]
            step = np.diff(time_us)
        repeated = step == 0
        duplicates = int(np.count_nonzero(repeated))
        if duplicates:
            keep = np.append(~repeated, True)  # the last of each run
            time_us, value = time_us[keep], value[keep]
            faults.append(
                Finding(
                    "duplicates",
                    f"{duplicates:,} {LABELS[part].lower()} samples came twice; the last of each "
                    "was kept.",
                    severity="note",
                    subject=part,
                    count=duplicates,
                )
            )
    return Channel(time_us, value), tuple(faults)


def _clock_fault(part: str, step: Micros, backwards: int) -> Finding:
    """Out-of-order arrival: harmless where it is a re-sent sample, not where a clock was set."""
    largest_s = float(-step.min()) / 1e6
    if backwards <= 2 and 3420 < largest_s < 3780:
        return Finding(
            "time-zone",
            f"The clock of {LABELS[part].lower()} goes back by an hour in the data: local times "
            "without an offset repeat an hour when clocks change.",
            "Export the data in UTC or with an offset.",
            "blocking",
            subject=part,
            count=backwards,
        )
    return Finding(
        "clock",
        f"{backwards:,} {LABELS[part].lower()} samples came out of order (by up to "
        f"{largest_s:,.0f} s) and were sorted.",
        severity="note" if largest_s < HARMLESS_LATE_S else "warning",
        subject=part,
        count=backwards,
    )


def from_arrays(
    arrays: Mapping[str, tuple[Micros, Floats]], *, charge_sign: Literal[-1, 1] = 1
) -> Telemetry:
    """Telemetry of raw samples by part; `charge_sign` is the sign that current and power have
    while charging in these data."""
    found: dict[str, Channel] = {}
    faults: list[Finding] = []
    ended: dict[str, Micros] = {}
    for part, (time_us, value) in arrays.items():
        if part.endswith(END):
            ended[part.removesuffix(END)] = np.unique(time_us)
            continue
        if part not in LIMITS:
            raise InputError(
                f"'{part}' is not a battery channel.", remedy=f"Use {', '.join(PARTS)}."
            )
        channel, wrong = clean(part, time_us, value)
        if part in ("current_a", "power_kw"):
            channel = channel.scaled(float(charge_sign))
        found[part] = channel
        faults.extend(wrong)
    channels = (found.get(part, NO_CHANNEL) for part in PARTS)
    return Telemetry(*channels, faults=tuple(faults), ended=ended)


def from_frame(frame: pd.DataFrame, *, charge_sign: Literal[-1, 1] = 1) -> Telemetry:
    """Telemetry of a frame as the store gives it: a UTC index, a column per part, NaN where a
    channel has no sample at that instant. Unknown columns are left alone."""
    time_us = np.asarray(frame.index.as_unit("us").asi8)  # type: ignore[attr-defined]
    return from_arrays(
        {
            part: (time_us, frame[part].to_numpy(dtype=np.float64))
            for part in PARTS
            if part in frame.columns
        },
        charge_sign=charge_sign,
    )


def to_frame(telemetry: Telemetry) -> pd.DataFrame:
    """The inverse of `from_frame`: one row per instant that any channel has."""
    columns = {
        part: pd.Series(
            channel.value,
            index=pd.DatetimeIndex(channel.time_us.astype("datetime64[us]")).tz_localize("UTC"),
        )
        for part, channel in telemetry.channels().items()
        if len(channel)
    }
    for part, ended in telemetry.ended.items():
        index = pd.DatetimeIndex(ended.astype("datetime64[us]")).tz_localize("UTC")
        columns[part + END] = pd.Series(1.0, index=index)
    frame = pd.DataFrame(columns).sort_index()
    frame.index.name = "time"
    return frame


def channel_frame(channel: Channel, name: str) -> pd.DataFrame:
    """A channel as a frame with one column."""
    index = pd.DatetimeIndex(channel.time_us.astype("datetime64[us]"), name="time")
    return pd.DataFrame({name: channel.value}, index=index.tz_localize("UTC"))


MOST_STEPS: Final = 20_000  # enough of them, evenly spread, to tell the usual step


def _some_steps(channel: Channel) -> Micros:
    """Times between neighbours, µs: all, or evenly spread ones of a long channel."""
    every = len(channel) // MOST_STEPS + 1
    return channel.time_us[1::every] - channel.time_us[:-1:every]


def median_step_s(channel: Channel) -> float:
    """The usual time between two samples, 0 with fewer than two."""
    if len(channel) < 2:
        return 0.0
    step = _some_steps(channel)
    return float(np.partition(step, len(step) // 2)[len(step) // 2]) / 1e6


def sends_changes_only(channel: Channel) -> bool:
    """True for a sender that is silent while its value stays: consecutive values hardly ever
    repeat, and steps are of very different lengths."""
    if len(channel) < 20:
        return False
    repeats = float(np.mean(np.diff(channel.value) == 0))
    if repeats >= 0.02:
        return False
    low, middle, high = np.quantile(_some_steps(channel), (0.1, 0.5, 0.9))
    return bool(high > 4 * max(middle, 1.0) or middle > 4 * max(low, 1.0))


def onto(clock: Channel, other: Channel, max_step_s: float, *, hold: bool = False) -> Floats:
    """The values of `other` at the instants of `clock`, NaN where `other` has a gap there.

    Interpolated between samples at most `max_step_s` apart; held from the last one with `hold`.
    """
    if not len(other):
        return np.full(len(clock), np.nan)
    limit_us = int(max_step_s * 1e6)
    if hold:
        position = np.searchsorted(other.time_us, clock.time_us, side="right") - 1
        values = other.value[np.maximum(position, 0)].copy()
        values[position < 0] = np.nan
    else:
        values = np.interp(clock.time_us, other.time_us, other.value)
    step = np.diff(other.time_us)
    for index in np.flatnonzero(step > limit_us):  # few: one per gap
        first = np.searchsorted(clock.time_us, other.time_us[index], side="right")
        last = np.searchsorted(clock.time_us, other.time_us[index + 1], side="left")
        values[first:last] = np.nan
    # Outside its first and last sample a channel is extended by at most half a step (skew).
    half_us = limit_us // 2
    values[: np.searchsorted(clock.time_us, other.time_us[0] - half_us)] = np.nan
    values[np.searchsorted(clock.time_us, other.time_us[-1] + half_us, side="right") :] = np.nan
    return values
