"""What contradicts itself in slots: named day by day over all there is, and left out.

Physics ties the channels together: voltage × current is the power, charge is the change of the
state of charge, the voltage follows the current. A stretch that breaks one of these has a wrong
unit, sign, mapping or clock. Slots keep which (`faults`, a set of bits), so a year is judged once.
Days and weeks are UTC's, so that no piece of a period is judged otherwise than the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.battery.gate import LITTLE
from energydash.battery.quality import HOTTEST_USUAL_C
from energydash.battery.slots import STEP_S, edges
from energydash.battery.telemetry import Floats, Micros
from energydash.core.findings import Finding, Severity
from energydash.core.time import Period

SLOTS_A_DAY: Final = 86_400 // STEP_S
DAY_US: Final = 86_400_000_000
WEEK_US: Final = 7 * DAY_US
FEWEST_SLOTS: Final = 8
AT_WORK_KWH: Final = 0.1 * STEP_S / 3600  # 100 W: less may be the offset of an idle shunt
AT_WORK_SHARE: Final = 0.01  # of the size in a slot; 2 A of 50 Ah
SOC_MOVES: Final = 20.0
FEWEST_STUCK: Final = 4 * 3600 // STEP_S
STUCK_SHARE, STUCK_V_SHARE = 0.15, 0.3  # of the size that flows meanwhile
STUCK_AT_WORK: Final = 0.0025  # of the size in a slot: more than the offset of a shunt
CUT_EVERY: Final = 2 * 3600 // STEP_S
LARGEST_LAG: Final = 14 * 3600 // STEP_S
ONE_CELL_V: Final = 5.0
SMALL_AH: Final = 50.0
AGREES: Final = -1
LEFT_OUT: Final = {
    "flows": "this time is left out", "nothing": "the power is only a check",
    "soc": "the state of charge of this time is left out",
    "temperature": "the temperature of this time is left out",
}  # fmt: skip
Blanks = Literal["flows", "soc", "temperature", "nothing"]


@dataclass(frozen=True)
class Fault:
    """Something that slots can have, and what of them it makes worthless."""

    kind: str
    subject: str
    sentence: str
    remedy: str
    blanks: Blanks = "flows"
    severity: Severity = "warning"


FAULTS: Final = (
    Fault("sign", "current_a",
          "The current has the wrong sign: the state of charge falls while it charges",
          "Say which sign discharging has (--discharge-sign, or the battery's settings)."),
    Fault("sign", "current_a",
          "The current never changes its sign, while the state of charge rises and falls",
          "Take a channel that tells charging from discharging."),
    Fault("sign", "current_a",
          "The current never changes its sign for days, and no battery charges so long",
          "Take a channel that tells charging from discharging."),
    Fault("mapping", "power_kw",
          "Power and current are swapped: voltage × 'power' gives the 'current'",
          "Swap the two."),
    Fault("scale", "voltage_v",
          "The voltage is that of one cell: voltage × current is a small part of the power",
          "Take the pack's voltage."),
    Fault("scale", "current_a",
          "The current is in milliamperes, or the voltage in millivolts: voltage × current is a "
          "thousand times the power",
          "Say so in the mapping (current scale 0.001)."),
    Fault("scale", "current_a",
          "The current is several times too large or too small: it does not fit the power",
          "Check the scale of the three channels."),
    Fault("scale", "current_a",
          "The current is several times too large or too small: it does not fit the change of the "
          "state of charge",
          "Check its unit and scale; set the battery's size."),
    Fault("constant", "current_a", "The current is 0 A while power flows",
          "Check the shunt; zeros may stand for no reading."),
    Fault("time-zone", "voltage_v",
          "The voltage's clock is hours off: it follows the current too late or too early",
          "Give every channel in UTC or with its offset."),
    Fault("time-zone", "power_kw",
          "The power channel's clock is hours off voltage and current",
          "Give every channel in UTC or with its offset.", "nothing"),
    Fault("mapping", "power_kw",
          "Power does not follow voltage × current: a channel is mapped wrongly",
          "Check which sensor type is which."),
    Fault("sign", "power_kw",
          "The power channel has the opposite sign of voltage × current",
          "Say which sign discharging has, or turn one of the two channels.", "nothing"),
    Fault("mapping", "power_kw",
          "The power does not fit voltage × current, which fit the state of charge: its scale or "
          "its mapping is wrong",
          "Check which sensor type is which.", "nothing"),
    Fault("scale", "power_kw",
          "The power is in watts, not kW: voltage × current and it differ a thousandfold",
          "Say so in the mapping (power scale 0.001).", "nothing"),
    Fault("scale", "soc_percent", "The state of charge runs from 0 to 1, not to 100 %",
          "Say so in the mapping (soc scale 100).", "soc"),
    Fault("time-zone", "soc_percent",
          "The state of charge follows the current hours too late or too early: a time zone was "
          "mixed up",
          "Give every channel in UTC or with its offset.", "soc"),
    Fault("mapping", "soc_percent", "The state of charge does not follow the current",
          "Check which sensor type is which.", "soc"),
    Fault("scale", "temperature_c", "The temperature is usually above 55 °C: these look like °F",
          "Export it in °C, or say so.", "temperature"),
    Fault("stuck", "current_a",
          "The current stood still, or was 0 A, while the state of charge moved otherwise",
          "Check the shunt; zeros may stand for no reading."),
    Fault("stuck", "voltage_v", "The voltage stood still while the battery was at work",
          "Check the sensor."),
    Fault("stuck", "soc_percent", "The state of charge stood still while the battery was at work",
          "Check the sensor; zeros may stand for no reading.", "soc"),
)  # fmt: skip
(WRONG_SIGN, UNSIGNED, ONE_WAY, SWAPPED, ONE_CELL, THOUSAND, OFF_POWER, OFF_SOC, ZERO,
 VOLTAGE_CLOCK, POWER_CLOCK, MAPPING, POWER_SIGN, POWER_ODD, WATTS, SHARE, SOC_CLOCK, SOC_MAPPING,
 FAHRENHEIT, STUCK_A, STUCK_V, STUCK_SOC) = range(len(FAULTS))  # fmt: skip


@dataclass(frozen=True)
class Size:
    """About how many Ah 100 % are, None where that is not known; is_told: by the owner. small: of a
    small one, in the same unit."""

    ah: float | None = None
    is_told: bool = False
    small: float = SMALL_AH

    @property
    def at_least(self) -> float:
        """To tell a battery at work from an idle one."""
        return self.ah or self.small


UNKNOWN: Final = Size()


def around(start_us: int, end_us: int) -> tuple[int, int]:
    """The whole weeks that judge a stretch."""
    return start_us // WEEK_US * WEEK_US, -(-end_us // WEEK_US) * WEEK_US


def checked(frame: pd.DataFrame, size: Size) -> pd.DataFrame:
    """The same slots, of whole weeks and the days around them, with `faults`, and without what
    those make worthless."""
    if frame.empty:
        return frame
    starts = edges(frame)
    bits = np.zeros(len(frame), np.int64)
    before: slice | None = None  # yesterday, where nothing flowed the other way
    for week in _groups(starts // WEEK_US):
        clocks = _week(frame.iloc[week], starts[week])
        bits[week] |= clocks
        for within in _groups(starts[week] // DAY_US):
            day = slice(week.start + within.start, week.start + within.stop)
            for part in _parts(frame.iloc[day]):
                piece = slice(day.start + part.start, day.start + part.stop)
                bits[piece] |= _day(frame.iloc[piece], size, clocks)
            is_one_way = _is_one_way(frame.iloc[day], size)
            if is_one_way and before is not None and not bits[day][0] & (1 << UNSIGNED):
                bits[before] |= 1 << ONE_WAY
                bits[day] |= 1 << ONE_WAY
            before = day if is_one_way else None
        bits[week] |= _stuck(frame.iloc[week], size, bits[week])
    return without(frame, bits)


def _mask(blanks: Blanks) -> int:
    """The bits of the faults that make this worthless."""
    return sum(1 << n for n, fault in enumerate(FAULTS) if fault.blanks == blanks)


def without(frame: pd.DataFrame, bits: Micros) -> pd.DataFrame:
    """Slots with their faults, and nothing counted of what is worthless."""
    if not bits.any():
        return frame.assign(faults=0.0)

    def has(blanks: Blanks) -> npt.NDArray[np.bool_]:
        return np.asarray((bits & _mask(blanks)) > 0)

    kept = frame.assign(faults=bits.astype(np.float64))
    flows = has("flows")
    for name in ("ah_in", "ah_out", "covered_s", "ah_edge_2"):
        kept[name] = np.where(flows, 0.0, kept[name])
    for name in ("kwh_in", "kwh_out"):
        kept[name] = np.where(flows & kept[name].notna(), 0.0, kept[name])
    for name in ("peak_a", "voltage_v", "lowest_v", "highest_v"):
        kept[name] = np.where(flows, np.nan, kept[name])
    kept["soc_percent"] = np.where(has("soc"), np.nan, kept["soc_percent"])
    kept["temperature_c"] = np.where(has("temperature"), np.nan, kept["temperature_c"])
    return kept


def findings(frame: pd.DataFrame, step_s: int) -> tuple[Finding, ...]:
    """Each fault that slots have, with its time; `blocking` where nothing else is left."""
    if frame.empty or "faults" not in frame:
        return ()
    bits = frame["faults"].fillna(0).to_numpy().astype(np.int64)
    nothing_left = (frame["covered_s"] > 0).sum() < LITTLE * (bits > 0).sum()
    found = []
    for n, fault in enumerate(FAULTS):
        rows = frame.index[(bits >> n) & 1 > 0]
        if not len(rows):
            continue
        first, end = rows[0].to_pydatetime(), rows[-1].to_pydatetime() + timedelta(seconds=step_s)
        found.append(
            Finding(
                fault.kind,
                f"{fault.sentence} ({first:%-d %b %Y %H:%M} to {end:%-d %b %Y %H:%M} UTC, "
                f"{len(rows) * step_s / 3600:,.0f} h): {LEFT_OUT[fault.blanks]}.",
                fault.remedy,
                "blocking" if nothing_left and fault.blanks == "flows" else fault.severity,
                subject=fault.subject,
                period=Period(first, end),
                count=len(rows),
            )
        )
    return tuple(found)


def usual_size_ah(frame: pd.DataFrame) -> float | None:
    """About how many Ah 100 % are, by the days of slots; None where they do not tell."""
    slopes = []
    starts = edges(frame)
    for day in _groups(starts // DAY_US) if len(frame) else ():
        charge, rise = _charge_and_rise(frame.iloc[day])
        if np.abs(rise).sum() > SOC_MOVES and _alike(charge, rise) > 0.8:
            slopes.append(100 * float((charge * rise).sum() / (rise * rise).sum()))
    return float(np.median(slopes)) if slopes and np.median(slopes) > 0 else None


def _parts(frame: pd.DataFrame) -> list[slice]:
    """A day in two where voltage × current agrees with the power on one side of an hour only: the
    fault began or ended there. Else the whole day."""
    count = len(frame)
    if _against_power(frame) in (None, AGREES):
        return [slice(0, count)]
    best, found = 0, [slice(0, count)]
    for cut in range(CUT_EVERY, count, CUT_EVERY):
        sides = slice(0, cut), slice(cut, count)
        said = [_against_power(frame.iloc[side]) for side in sides]
        right = [side for side, one in zip(sides, said, strict=True) if one == AGREES]
        if len(right) == 1 and None not in said and right[0].stop - right[0].start > best:
            best, found = right[0].stop - right[0].start, list(sides)
    return found


def _stuck(frame: pd.DataFrame, size: Size, known: Micros) -> Micros:
    """Per slot of a week: channels that stood still for hours while others show the battery at
    work; known: its other faults, whose flows show nothing. A constant current that the state of
    charge follows is a charger's, and no fault."""
    bits = np.zeros(len(frame), np.int64)
    if not size.ah or len(frame) < FEWEST_STUCK:
        return bits
    net = (frame["ah_in"] - frame["ah_out"]).to_numpy() / size.ah
    net = np.where(frame["covered_s"].to_numpy() > 0, net, np.nan)
    right = (known & _mask("flows")) == 0
    at_work = np.where(right & (np.abs(net) > STUCK_AT_WORK), net, 0.0)
    soc = frame["soc_percent"].to_numpy() / 100
    volts = frame["lowest_v"].to_numpy()
    flat = np.where(volts == frame["highest_v"].to_numpy(), volts, np.nan)
    for run in _constant(np.round(net, 9)):
        moves = np.diff(soc[run])
        moves = moves[np.isfinite(moves)]
        if (moves != 0).sum() >= FEWEST_SLOTS and (
            abs(net[run][0] * len(moves) - moves.sum()) > STUCK_SHARE
            or (net[run][0] == 0 and np.abs(moves).sum() > 2 * STUCK_SHARE)
        ):
            bits[run] |= 1 << STUCK_A
    for values, share, fault in ((flat, STUCK_V_SHARE, STUCK_V), (soc, STUCK_SHARE, STUCK_SOC)):
        for run in _constant(values):
            if np.ptp(np.cumsum(at_work[run])) > share:
                bits[run] |= 1 << fault
    return bits


def _constant(values: Floats) -> list[slice]:
    """Stretches of hours with one value; NaN is none."""
    cuts = np.flatnonzero(np.diff(values) != 0) + 1
    ends = zip(np.append(0, cuts), np.append(cuts, len(values)), strict=True)
    return [slice(int(a), int(b)) for a, b in ends if b - a >= FEWEST_STUCK]


def _day(frame: pd.DataFrame, size: Size, clocks: int) -> int:
    """The faults of one day, as bits; those of its week's clocks are known."""
    bits = 0
    warm = frame["temperature_c"].dropna()
    if len(warm) >= FEWEST_SLOTS and float(warm.median()) > HOTTEST_USUAL_C:
        bits |= 1 << FAHRENHEIT
    power = None if clocks & (1 << POWER_CLOCK) else _against_power(frame)
    charge, slope_ah = (None, 0.0) if clocks & (1 << SOC_CLOCK) else _against_soc(frame, size)
    fits_size = size.ah is not None and size.ah / 1.5 < slope_ah < 1.5 * size.ah
    if (power == MAPPING and slope_ah) or (power == OFF_POWER and fits_size and size.is_told):
        power = POWER_ODD
    off = size.ah is not None and slope_ah and not size.ah / 3 < slope_ah < 3 * size.ah
    if off and power != AGREES:
        bits |= 1 << OFF_SOC
    if charge is not None:
        bits |= 1 << charge
    return bits | (1 << power if power not in (None, AGREES) else 0)


def _against_power(frame: pd.DataFrame) -> int | None:
    """Voltage × current against the power channel: the fault, or `AGREES`; None where too little
    flows to tell."""
    ours = (frame["kwh_in"] - frame["kwh_out"]).to_numpy()
    theirs = frame["meter_kwh"].to_numpy()
    good = np.isfinite(ours) & np.isfinite(theirs) & (frame["covered_s"].to_numpy() > STEP_S / 2)
    ours, theirs = ours[good], theirs[good]
    if len(ours) < FEWEST_SLOTS:
        return None
    mine, its = float(np.abs(ours).sum()), float(np.abs(theirs).sum())
    if max(np.abs(ours).max(), np.abs(theirs).max()) < AT_WORK_KWH or not its:
        return None
    if not mine:
        return ZERO
    alike, ratio = _alike(ours, theirs), its / mine
    if alike < -0.8:
        return POWER_SIGN
    if alike < 0.8:
        return MAPPING
    volts = float(np.nanmean(frame["voltage_v"].to_numpy()[good]))
    kinds = (
        (0.5 < ratio < 2, AGREES),
        (900 < ratio < 1100, WATTS),
        (0.7 < ratio * volts**2 / 1e6 < 1.4, SWAPPED),  # P / (V · P) against I / (V · I / 1000)
        (volts < ONE_CELL_V and ratio > 2, ONE_CELL),
        (800 < 1 / ratio < 1250, THOUSAND),
    )
    return next((kind for holds, kind in kinds if holds), OFF_POWER)


def _against_soc(frame: pd.DataFrame, size: Size) -> tuple[int | None, float]:
    """Charge against the change of the state of charge: the fault, and how many Ah 100 % are by
    them where they go together, else 0."""
    soc = frame["soc_percent"].to_numpy()
    seen = soc[np.isfinite(soc)]
    charge, rise = _charge_and_rise(frame)
    if len(charge) < FEWEST_SLOTS or np.abs(charge).max() < AT_WORK_SHARE * size.at_least:
        return None, 0.0
    if seen.max() <= 1.0 and np.ptp(seen) > 0.05:
        return SHARE, 0.0
    moves = float(np.abs(rise).sum())
    if moves < SOC_MOVES:
        return None, 0.0
    both_ways = min(rise[rise > 0].sum(), -rise[rise < 0].sum()) > SOC_MOVES / 2
    if both_ways and _one_sided(charge):
        return UNSIGNED, 0.0
    alike = _alike(charge, rise)
    if alike < -0.6:
        return WRONG_SIGN, 0.0
    if alike < 0.3:
        return SOC_MAPPING, 0.0
    return None, 100 * float((charge * rise).sum() / (rise * rise).sum())


def _week(frame: pd.DataFrame, starts: Micros) -> int:
    """Clocks that are hours apart, which a day is too short to tell."""
    count = int(starts[-1] - starts[0]) // (STEP_S * 1_000_000) + 1
    row = (starts - starts[0]) // (STEP_S * 1_000_000)

    def series(values: Floats) -> Floats:
        whole = np.full(count, np.nan)
        whole[row] = values
        return whole

    seen = frame["covered_s"].to_numpy() > STEP_S / 2
    charge = series(np.where(seen, (frame["ah_in"] - frame["ah_out"]).to_numpy(), np.nan))
    found = 0
    # A voltage rises with what is charged, and jumps with the current.
    drives = np.vstack([(charge[:-1] + charge[1:]) / 2, np.diff(charge)])
    if _is_late(drives, np.diff(series(frame["voltage_v"].to_numpy())), least=0.7):
        found |= 1 << VOLTAGE_CLOCK
    if _is_late(charge[None], series(frame["meter_kwh"].to_numpy()), least=0.9):
        found |= 1 << POWER_CLOCK
    rise = np.diff(series(frame["soc_percent"].to_numpy()))
    if _is_late(charge[None, :-1], rise, least=0.7):
        found |= 1 << SOC_CLOCK
    return found


def _is_late(drives: Floats, driven: Floats, *, least: float) -> bool:
    """Whether `driven` (n) follows `drives` (a row each, n) only when it is moved by hours."""
    now = _follows(drives, driven, 0)
    if now is None or now > 0.75:
        return False
    later = (_follows(drives, driven, lag) for lag in range(-LARGEST_LAG, LARGEST_LAG + 1, 2))
    return max(one or 0.0 for one in later) > max(least, now + 0.2)


def _follows(drives: Floats, driven: Floats, lag: int) -> float | None:
    """How much of `driven`, `lag` slots later, is a sum of shares of `drives`, 0 to 1: the multiple
    correlation; None with less than a day of both."""
    left = drives[:, max(-lag, 0) : drives.shape[1] - max(lag, 0)]
    right = driven[max(lag, 0) : len(driven) - max(-lag, 0)]
    good = np.isfinite(left).all(axis=0) & np.isfinite(right)
    left, right = left[:, good], right[good]
    whole = float((right * right).sum())
    if good.sum() < SLOTS_A_DAY or not whole or not left.any():
        return None
    toward = left @ right
    shares = np.linalg.lstsq(left @ left.T, toward, rcond=None)[0]
    if shares[0] < 0:  # nothing falls while it is charged
        return 0.0
    return float(np.sqrt(np.clip(shares @ toward / whole, 0.0, 1.0)))


def _charge_and_rise(frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """Net Ah of slots and the rise of the state of charge in them, where both are known."""
    starts, soc = edges(frame), frame["soc_percent"].to_numpy()
    net = (frame["ah_in"] - frame["ah_out"]).to_numpy()[:-1]
    rise = np.diff(soc)
    good = (
        np.isfinite(rise)
        & (frame["covered_s"].to_numpy()[:-1] > 0.9 * STEP_S)
        & (np.diff(starts) == STEP_S * 1_000_000)
    )
    return net[good], rise[good]


def _is_one_way(frame: pd.DataFrame, size: Size) -> bool:
    """A day at work of which nothing flows the other way."""
    seen = frame["covered_s"].to_numpy() > 0.9 * STEP_S
    into, out = (frame[name].to_numpy()[seen] for name in ("ah_in", "ah_out"))
    if seen.sum() < SLOTS_A_DAY / 2:
        return False
    most, least = (into, out) if into.sum() > out.sum() else (out, into)
    is_offset = np.ptp(most) < 0.5 * most.max()  # of a shunt at rest
    return bool(
        not is_offset and least.sum() < 0.001 * most.sum() and most.sum() > 0.3 * size.at_least
    )


def _one_sided(values: Floats) -> bool:
    low, high = -float(values.min()), float(values.max())
    return min(low, high) <= 0.01 * max(low, high)


def _alike(one: Floats, other: Floats) -> float:
    """How much two series move together, -1 to 1."""
    norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / norm if norm else 0.0


def _groups(keys: Micros) -> list[slice]:
    """The stretches of equal keys."""
    cuts = np.flatnonzero(np.diff(keys)) + 1
    return [
        slice(int(a), int(b))
        for a, b in zip(np.append(0, cuts), np.append(cuts, len(keys)), strict=True)
    ]
