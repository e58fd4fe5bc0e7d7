"""From slots to what a battery did: totals, cycles, capacity, efficiency, stress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery import capacity as capacity_module
from energydash.battery import cycles as cycles_module
from energydash.battery import slots as slots_module
from energydash.battery.capacity import Capacity, Pair
from energydash.battery.cycles import Histogram, Swing
from energydash.battery.efficiency import Efficiency, efficiency
from energydash.battery.energy import S_PER_H, SensorError, Totals
from energydash.battery.telemetry import Channel, Floats, Micros

DAY_US: Final = 86_400_000_000
TURN_SHARE: Final = 0.1  # charge turns where it goes back by this share of the size
SOC_NEEDED: Final = "Capacity needs a state of charge that swings by 30 %, or a full discharge."


@dataclass(frozen=True)
class Cycle:
    """One charge and discharge: from a low of the state of charge to the next low.

    start_us, end_us: UTC microseconds, [start, end). capacity: of its larger swing, where it is
    large enough. soc_low, soc_high: percent, None without a state of charge. soc_change: from
    its start to its end, in points.
    """

    label: str
    start_us: int
    end_us: int
    totals: Totals
    soc_low: float | None = None
    soc_high: float | None = None
    capacity: Capacity | None = None
    soc_change: float | None = None


@dataclass(frozen=True)
class Analysis:
    """All that slots say. `reason` says why there is no capacity."""

    totals: Totals
    cycles: tuple[Cycle, ...]
    capacity: Capacity | None
    reason: str
    efficiency: Efficiency
    pairs: tuple[Pair, ...] = ()
    swings: tuple[Swing, ...] = ()


def analyse(
    frame: pd.DataFrame,
    *,
    start_us: int | None = None,
    end_us: int | None = None,
    step_s: int = slots_module.STEP_S,
    error: SensorError | None = None,
    soc_is_counted: bool = False,
) -> Analysis:
    """What slots say about `[start, end)`, by default from the first to the last slot.

    soc_is_counted: the state of charge is our own count from full to full with the nominal
    capacity, so no capacity can be worked out of it.
    """
    error = error or SensorError()
    frame = slots_module.regular(frame, step_s)
    if frame.empty:
        span = ((end_us or 0) - (start_us or 0)) * 1e-6
        nothing = Totals(*(0.0,) * 10, span, 0.0, 0.0)
        return Analysis(nothing, (), None, "There are no data in this period.", Efficiency())
    starts = slots_module.edges(frame)
    first = int(starts[0]) if start_us is None else start_us
    last = int(starts[-1]) + step_s * 1_000_000 if end_us is None else end_us
    level = level_of(frame)
    turns = cycles_module.turning_points_us(level) if level is not None else starts[:0]
    has_soc = bool(np.isfinite(frame["soc_percent"]).any())
    running = Running.of(frame)
    measured = has_soc and not soc_is_counted
    found_pairs = pairs_of(frame, running, error) if measured else ()
    size = capacity_module.fit(found_pairs, error=error)
    swings: tuple[Swing, ...] = ()
    if has_soc:
        known = frame["soc_percent"].dropna()
        swings = cycles_module.count_swings(
            Channel(slots_module.edges(known.to_frame()), known.to_numpy())
        )
    return Analysis(
        totals=running.totals((0, len(frame)), (first, last), error),
        cycles=cycles_of(frame, running, turns, level, found_pairs, (first, last), error),
        capacity=size,
        reason="" if size else SOC_NEEDED,
        efficiency=efficiency(frame, size, error)
        if len(frame) > 1
        else Efficiency(reason="There are too few data."),
        pairs=found_pairs,
        swings=swings,
    )


def level_of(frame: pd.DataFrame) -> Channel | None:
    """What cycles are told by, in percent: the state of charge, else the net charge counted,
    scaled to its range; None where neither moves."""
    starts = slots_module.edges(frame)
    soc = frame["soc_percent"].to_numpy()
    known = np.isfinite(soc)
    if known.sum() > 1 and np.ptp(soc[known]) >= cycles_module.HYSTERESIS_PERCENT:
        return Channel(starts[known], soc[known])
    net = np.concatenate(([0.0], np.cumsum(frame["ah_in"] - frame["ah_out"])))[:-1]
    span = float(np.ptp(net))
    if known.any() or span <= 0:
        return None
    return Channel(starts, (net - net.min()) / span * 100.0)


def pairs_of(frame: pd.DataFrame, running: Running, error: SensorError) -> tuple[Pair, ...]:
    """ΔAh against ΔSoC over windows that are large enough and fully covered.

    The windows are chosen by the charge alone, from one turn of it to the next: chosen by a noisy
    state of charge they would begin and end at the extremes of its noise, which makes every
    capacity too small.
    """
    starts = slots_module.edges(frame)
    net = (running.sums["ah_in"] - running.sums["ah_out"])[:-1]
    soc = frame["soc_percent"].to_numpy()
    step_us = int(starts[1] - starts[0]) if len(starts) > 1 else slots_module.STEP_S * 1_000_000
    usual_ah = _usual_size(net, soc, max(DAY_US // step_us, 1))
    if usual_ah <= 0:
        return ()
    turns_us = cycles_module.turning_points_us(Channel(starts, net), TURN_SHARE * usual_ah)
    rows = np.searchsorted(starts, turns_us)
    change = {name: np.diff(values[rows]) for name, values in running.sums.items()}
    span_s = np.diff(starts[rows]) * 1e-6
    swing = np.diff(soc[rows]) / 100.0
    charge = change["ah_in"] - change["ah_out"]
    good = (np.abs(charge) >= capacity_module.SMALLEST_SOC_SPAN * usual_ah) & (
        change["covered_s"] >= 0.98 * span_s
    )
    energy = change["kwh_in"] - change["kwh_out"]
    sigma_soc = float(np.sqrt(2)) * error.soc_points / 100.0
    found = []
    for i in np.flatnonzero(good & np.isfinite(swing)):
        drift = error.current_offset_a * float(span_s[i]) / S_PER_H
        found.append(
            Pair(
                int(starts[rows[i]]), int(starts[rows[i + 1]]), float(charge[i]), float(swing[i]),
                float(np.hypot(drift, np.sqrt(change["ah_edge_2"][i]))), sigma_soc,
                float(energy[i]) if energy[i] else None,
            )
        )  # fmt: skip
    return tuple(found)


def _usual_size(net_ah: Floats, soc_percent: Floats, rows_a_day: int) -> float:
    """About how many Ah 100 % are, by the ranges of both within a day: only to tell a large swing
    from a small one."""
    a_day = min(rows_a_day, len(net_ah))
    days = len(net_ah) // a_day
    charge, level = (
        values[: days * a_day].reshape(days, a_day) for values in (net_ah, soc_percent)
    )
    known = np.isfinite(level)
    seen = known.sum(axis=1) > 0.5 * a_day
    level, known = level[seen], known[seen]
    swing = np.where(known, level, -np.inf).max(axis=1, initial=-np.inf) - np.where(
        known, level, np.inf
    ).min(axis=1, initial=np.inf)
    moved = swing > 10.0
    ratios = np.ptp(charge[seen], axis=1)[moved] / swing[moved] * 100
    return float(np.median(ratios)) if moved.any() else 0.0


def cycles_of(
    frame: pd.DataFrame,
    running: Running,
    turns_us: Micros,
    level: Channel | None,
    found: Sequence[Pair],
    span: tuple[int, int],
    error: SensorError,
) -> tuple[Cycle, ...]:
    """The period cut at the lows of the level, so that cycles add up to the totals."""
    start, end = span
    cuts = [start, end]
    if level is not None and len(turns_us) > 2:
        at = np.interp(turns_us, level.time_us, level.value)
        inner = np.flatnonzero((at[1:-1] <= at[:-2]) & (at[1:-1] <= at[2:])) + 1
        cuts = [start, *(int(turns_us[i]) for i in inner if start < turns_us[i] < end), end]
    rows = np.searchsorted(slots_module.edges(frame), cuts)
    rows[0], rows[-1] = 0, len(frame)
    soc = frame["soc_percent"].to_numpy()
    known = np.isfinite(soc)
    low = np.minimum.reduceat(np.where(known, soc, np.inf), rows[:-1])
    high = np.maximum.reduceat(np.where(known, soc, -np.inf), rows[:-1])
    widest: dict[int, Pair] = {}
    numbers = np.searchsorted(cuts, [pair.start_us for pair in found], side="right") - 1
    for number, pair in zip(numbers.tolist(), found, strict=True):
        if pair.end_us <= cuts[number + 1] and (
            number not in widest or abs(pair.soc) > abs(widest[number].soc)
        ):
            widest[number] = pair
    return tuple(
        Cycle(
            str(number + 1), begin, until,
            running.totals((int(rows[number]), int(rows[number + 1])), (begin, until), error),
            float(low[number]) if np.isfinite(low[number]) else None,
            float(high[number]) if np.isfinite(high[number]) else None,
            capacity_module.fit((widest[number],), error=error) if number in widest else None,
            _change(soc, int(rows[number]), int(rows[number + 1])),
        )
        for number, (begin, until) in enumerate(pairwise(cuts))
    )  # fmt: skip


@dataclass(frozen=True)
class Running:
    """Running sums over n slots (n+1 values each, from 0), so that any stretch is a difference."""

    sums: dict[str, Floats]
    peak_a: float
    has_energy: bool

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Running:
        sums = {
            name: np.concatenate(([0.0], np.cumsum(np.nan_to_num(frame[name].to_numpy()))))
            for name in slots_module.COLUMNS[:6]
        }
        return cls(sums, _largest(frame), bool(frame["kwh_in"].notna().any()))

    def change(self, name: str, first: int, last: int) -> float:
        """The sum over rows `[first, last)`."""
        values = self.sums[name]
        return float(values[last] - values[first])

    def totals(self, rows: tuple[int, int], span: tuple[int, int], error: SensorError) -> Totals:
        """The sums of some rows over `[start, end)` with what is known of their error."""
        duration = (span[1] - span[0]) * 1e-6
        ah_in, ah_out, kwh_in, kwh_out, covered, variance = (
            max(self.change(name, *rows), 0.0) for name in slots_module.COLUMNS[:6]
        )
        covered = min(covered, duration)
        offset = error.current_offset_a * covered / S_PER_H
        edge = float(np.sqrt(variance))
        volts_k = (kwh_in + kwh_out) / (ah_in + ah_out) if ah_in + ah_out else 0.0
        gain = float(np.hypot(error.current_gain, error.voltage_gain))
        gap_ah = self.peak_a * max(duration - covered, 0.0) / S_PER_H
        return Totals(
            ah_in, ah_out, kwh_in, kwh_out,
            _root(error.current_gain * ah_in, offset, edge),
            _root(error.current_gain * ah_out, offset, edge),
            _root(gain * kwh_in, offset * volts_k, edge * volts_k),
            _root(gain * kwh_out, offset * volts_k, edge * volts_k),
            covered, covered if self.has_energy else 0.0, duration, gap_ah, gap_ah * volts_k,
        )  # fmt: skip


def stress(frame: pd.DataFrame, capacity_ah: float | None) -> dict[str, Histogram]:
    """Hours by state of charge, temperature and C-rate (mean current of a slot over capacity)."""
    hours = frame["covered_s"].to_numpy() / S_PER_H
    found = {
        "soc": cycles_module.time_histogram(
            frame["soc_percent"].to_numpy(), hours, np.arange(0.0, 101.0, 10.0), "%"
        ),
        "temperature": cycles_module.time_histogram(
            frame["temperature_c"].to_numpy(), hours, np.arange(-10.0, 56.0, 5.0), "°C"
        ),
    }
    if capacity_ah:
        net = (frame["ah_in"] - frame["ah_out"]).to_numpy()
        seen = hours >= 60 / S_PER_H  # less than a minute of data has no rate worth counting
        rate: Floats = np.divide(net, hours, out=np.full(len(net), np.nan), where=seen)
        found["c_rate"] = cycles_module.time_histogram(
            rate / capacity_ah, hours, np.arange(-1.0, 1.01, 0.1), "C"
        )
    return found


def _change(soc: Floats, first: int, last: int) -> float | None:
    """From the start of row `first` to the start of row `last`; None where either is unknown."""
    ends = soc[first : first + 1], soc[min(last, len(soc) - 1) :][:1]
    if not all(len(end) and np.isfinite(end[0]) for end in ends):
        return None
    return float(ends[1][0] - ends[0][0])


def _largest(frame: pd.DataFrame) -> float:
    """The largest current seen, A."""
    peak = frame["peak_a"].to_numpy()
    return float(np.nanmax(peak)) if np.isfinite(peak).any() else 0.0


def _root(*parts: float) -> float:
    return float(np.sqrt(sum(part**2 for part in parts)))
