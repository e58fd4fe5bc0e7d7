"""Mistakes in the data that an integral would hide: wrong sign, unit, mapping, time zone, stuck.

Each is found by comparing channels that physics ties together: V·I with the power channel, charge
with the change of the state of charge. What is found is named, with what to do; a total that would
be wrong by more than its error bar is not given (`blocking`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np

from energydash.battery.energy import Integral
from energydash.battery.telemetry import (
    LABELS,
    UNITS,
    Channel,
    Floats,
    Micros,
    Telemetry,
    median_step_s,
    onto,
)
from energydash.core.findings import Finding

TOLERANCE: Final = 0.02  # V·I against the power channel
BIN_S: Final = 300
STUCK_H: Final = 6.0
LEAST_AT_WORK_A: Final = 2.0  # less may be the offset of an idle shunt
LEAST_AT_WORK_KW: Final = 0.1
DAYS_ONE_WAY: Final = 2.0  # nothing is charged for so long
HOTTEST_USUAL_C: Final = 55.0
UNIT_OF_SCALE: Final = {
    "voltage_v": "millivolts",
    "current_a": "milliamperes",
    "power_kw": "watts",
}


def cross_check(
    telemetry: Telemetry, integral: Integral, *, is_judged: bool = False
) -> tuple[Finding, ...]:
    """Every fault between the channels, worst first; where they were judged as slots
    (`battery.balance`), only what slots do not show."""
    power = _power(telemetry, integral)
    found = [*telemetry.faults, *_absent(telemetry), *_constant(telemetry)]
    if is_judged:
        mild = [one for one in power if one.kind == "scale" and one.severity != "blocking"]
        return worst_first([*found, *mild])
    found += [
        *power,
        *_state_of_charge(telemetry, integral),
        *_unsigned(telemetry),
        *_other_units(telemetry),
    ]
    named = {(one.kind, one.subject) for one in found}
    found += [one for one in _implausible(telemetry) if (one.kind, one.subject) not in named]
    return worst_first(found)


def worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """What forbids figures before what widens them, and that before what is merely so."""
    order = {"blocking": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda one: order[one.severity]))


def blocking(faults: tuple[Finding, ...]) -> Finding | None:
    """The first fault that forbids totals."""
    return next((fault for fault in faults if fault.severity == "blocking"), None)


def _absent(telemetry: Telemetry) -> list[Finding]:
    found = []
    if telemetry.flow_part == "power_kw":
        found.append(
            Finding(
                "missing",
                "There is no current channel: energy in kWh is counted by the power"
                + (", charge in Ah by power / voltage." if len(telemetry.voltage) > 1
                   else "; charge in Ah is not known."),
                severity="note",
                subject="current_a",
            )
        )  # fmt: skip
        if len(telemetry.voltage) < 2:
            return [*found, *_without_soc(telemetry)]
    elif len(telemetry.current) < 2 and not len(telemetry.left_out.get("current_a", ())):
        found.append(
            Finding(
                "missing",
                "There is no current channel, so charge and energy cannot be counted.",
                "Name the current's column or sensor type.",
                "blocking",
                subject="current_a",
            )
        )
    if len(telemetry.voltage) < 2:
        found.append(
            Finding(
                "missing",
                "There is no voltage channel: charge in Ah is counted, energy in kWh is not.",
                "Name the voltage's column or sensor type.",
                subject="voltage_v",
            )
        )
    return [*found, *_without_soc(telemetry)]


def _without_soc(telemetry: Telemetry) -> list[Finding]:
    if len(telemetry.soc):
        return []
    return [
        Finding(
            "missing",
            "There is no state of charge: capacity needs full discharges to a cut-off voltage.",
            severity="note",
            subject="soc_percent",
        )
    ]


def _constant(telemetry: Telemetry) -> list[Finding]:
    """Channels that never change, or that froze while the battery was at work."""
    found = []
    busy, flowing = telemetry.flow, telemetry.flow_part
    least = _least_at_work(telemetry)
    is_idle = not len(busy) or float(np.abs(busy.value).max()) < least
    for part, channel in telemetry.channels().items():
        if len(channel) < 50 or (part == "power_kw" != flowing):
            continue
        if (channel.value == channel.value[0]).all():
            if part == "current_a" and channel.value[0] == 0:
                sentence = "The current is 0 A throughout: the battery rested, or the shunt is off."
            else:
                sentence = (
                    f"{LABELS[part]} is {channel.value[0]:g} {UNITS[part]} throughout: "
                    "a real sensor changes."
                )
            # A battery that rests changes nothing: that is worth a word, and no alarm.
            found.append(
                Finding(
                    "constant", sentence, "Check the sensor and its mapping.",
                    "note" if is_idle else "warning", subject=part,
                )
            )  # fmt: skip
            continue
        if part not in ("soc_percent", "voltage_v", flowing) or len(busy) < 2:
            continue
        hours = _longest_stuck_h(channel, busy if part != flowing else None, least)
        if hours > STUCK_H:
            found.append(
                Finding(
                    "stuck",
                    f"{LABELS[part]} stood still for {hours:.0f} h while "
                    + ("it was not zero." if part == flowing else "the battery was at work."),
                    "Figures of that time are doubtful.",
                    subject=part,
                )
            )
    return found


def _longest_stuck_h(channel: Channel, current: Channel | None, least: float) -> float:
    """The longest run of one value, in hours, during which the battery was clearly at work: more
    than `least` flowed, and a tenth of the most."""
    change = np.flatnonzero(np.diff(channel.value) != 0)
    first = np.concatenate(([0], change + 1))
    last = np.concatenate((change, [len(channel) - 1]))
    length_h = (channel.time_us[last] - channel.time_us[first]) / 3.6e9
    for index in np.argsort(length_h)[::-1][:5]:
        if length_h[index] <= STUCK_H:
            break
        if current is None:
            if channel.value[first[index]] != 0:
                return float(length_h[index])
            continue
        within = current.between(
            int(channel.time_us[first[index]]), int(channel.time_us[last[index]])
        )
        at_work = max(0.1 * float(np.abs(current.value).max()), least)
        if len(within) and np.mean(np.abs(within.value) > at_work) > 0.5:
            return float(length_h[index])
    return 0.0


def _power(telemetry: Telemetry, integral: Integral) -> list[Finding]:
    """V·I against the power channel: the factor between them names the fault."""
    power = telemetry.power
    if telemetry.flow_part == "power_kw" or len(power) < 50 or len(integral.time_us) < 50:
        return []
    clock = Channel(integral.time_us, integral.power_w / 1e3)
    theirs = onto(clock, power, max(3 * median_step_s(power), 60.0))
    ours = clock.value
    good = np.isfinite(theirs) & np.isfinite(ours)
    theirs, ours = theirs[good], ours[good]
    strong = float(np.abs(ours).sum())
    at_work = max(float(np.abs(one).max(initial=0.0)) for one in (theirs, ours))
    if len(ours) < 50 or not strong or not np.abs(theirs).sum() or at_work < LEAST_AT_WORK_KW:
        return []
    ratio = float(np.abs(theirs).sum()) / strong
    agreement = float((ours * theirs).sum() / np.sqrt((ours**2).sum() * (theirs**2).sum()))
    if agreement < -0.8:
        return [
            Finding(
                "sign",
                "The power channel has the opposite sign of voltage × current.",
                "Say which sign discharging has, or turn one of the two channels.",
                subject="power_kw",
            )
        ]
    if agreement < 0.8:
        hours = _lag_h(clock, power)
        if hours:
            return [
                Finding(
                    "time-zone",
                    f"The power channel's clock is {abs(hours):g} h "
                    f"{'behind' if hours > 0 else 'ahead of'} voltage and current: "
                    "a time zone was mixed up.",
                    "Give every channel in UTC or with its offset.",
                    "blocking",
                    subject="power_kw",
                )
            ]
        swapped = _swapped(telemetry)
        return [
            Finding(
                "mapping",
                "Power and current are swapped: voltage × 'power' gives the 'current'."
                if swapped
                else "Power does not follow voltage × current: a channel is mapped wrongly.",
                "Swap the two." if swapped else "Check which sensor type is which.",
                "blocking",
                subject="power_kw",
            )
        ]
    if abs(ratio - 1) <= TOLERANCE:
        return []
    for scale in (1000.0, 0.001):
        if abs(ratio / scale - 1) < 0.1:
            return [_unit_fault(telemetry, scale)]
    return [
        Finding(
            "scale",
            f"The power channel says {100 * (ratio - 1):+.1f} % against voltage × current.",
            "Check the scale of the three channels; kWh here are voltage × current.",
            subject="power_kw",
        )
    ]


def _unit_fault(telemetry: Telemetry, scale: float) -> Finding:
    """Which of the channels is off by a thousand: power is `scale` times voltage × current."""
    if scale > 1:
        part = "power_kw"
    elif float(np.median(np.abs(telemetry.voltage.value))) > 1500:
        part = "voltage_v"
    else:
        part = "current_a"
    return Finding(
        "scale",
        f"{LABELS[part]} is in {UNIT_OF_SCALE[part]}, not {UNITS[part]}: voltage × current and "
        "the power channel differ a thousandfold.",
        f"Say so in the mapping ({part.split('_')[0]} scale 0.001).",
        "warning" if part == "power_kw" else "blocking",
        subject=part,
    )


def _swapped(telemetry: Telemetry) -> bool:
    """True where V × 'power' / 1000 gives the 'current' channel."""
    power = telemetry.power
    volts = onto(power, telemetry.voltage, 600.0)
    amps = onto(power, telemetry.current, 600.0)
    product = volts * power.value / 1e3
    good = np.isfinite(product) & np.isfinite(amps)
    if good.sum() < 50:
        return False
    a, b = product[good], amps[good]
    scale = np.abs(b).sum() / max(np.abs(a).sum(), 1e-12)
    return bool(0.9 < scale < 1.1)


def _lag_h(one: Channel, other: Channel) -> float:
    """The whole or half hours by which `other` must be moved to agree with `one`; 0 if none."""
    if not len(one) or not len(other):
        return 0.0
    start = min(one.time_us[0], other.time_us[0])
    end = max(one.time_us[-1], other.time_us[-1])
    bins = int((end - start) // (BIN_S * 1_000_000)) + 1
    a, b = (_binned(channel, int(start), bins) for channel in (one, other))
    best, found = 0.9, 0.0
    for half_hours in range(-28, 29):
        shift = half_hours * 1800 // BIN_S
        left = a[max(shift, 0) : bins + min(shift, 0)]
        right = b[max(-shift, 0) : bins + min(-shift, 0)]
        good = np.isfinite(left) & np.isfinite(right)
        if good.sum() < 36:
            continue
        norm = np.sqrt((left[good] ** 2).sum() * (right[good] ** 2).sum())
        score = float((left[good] * right[good]).sum() / norm) if norm else 0.0
        if score > best:
            best, found = score, half_hours / 2
    return found


def _binned(channel: Channel, start_us: int, bins: int) -> Floats:
    """Means of `BIN_S` seconds, NaN where there is no sample."""
    good = np.isfinite(channel.value)
    index = (channel.time_us[good] - start_us) // (BIN_S * 1_000_000)
    count = np.bincount(index, minlength=bins)[:bins]
    total = np.bincount(index, weights=channel.value[good], minlength=bins)[:bins]
    means: Floats = np.divide(total, count, out=np.full(bins, np.nan), where=count > 0)
    return means


def _state_of_charge(telemetry: Telemetry, integral: Integral) -> list[Finding]:
    """Charge against the change of the state of charge: the sign, or the clock."""
    soc = telemetry.soc
    if len(soc) < 50 or len(integral.time_us) < 50:
        return []
    edges = np.arange(soc.time_us[0], soc.time_us[-1], BIN_S * 1_000_000)
    if len(edges) < 24:
        return []
    charge, rise = charge_and_rise(integral, soc, edges)
    if not charge.any() or not rise.any():
        return []
    agreement = float((charge * rise).sum() / np.sqrt((charge**2).sum() * (rise**2).sum()))
    if agreement > 0.3:
        return []
    mid = edges[:-1] + BIN_S * 500_000
    if agreement < -0.3:
        return [
            Finding(
                "sign",
                f"The {LABELS[telemetry.flow_part].lower()} has the wrong sign: the state of "
                "charge falls while it charges.",
                "Say which sign discharging has (--discharge-sign, or the device's setting).",
                "blocking",
                subject=telemetry.flow_part,
            )
        ]
    hours = _lag_h(Channel(mid, charge), Channel(mid, rise))
    if hours:
        return [
            Finding(
                "time-zone",
                f"The state of charge follows the current {abs(hours):g} h too "
                f"{'late' if hours < 0 else 'early'}: a time zone was mixed up.",
                "Give every channel in UTC or with its offset.",
                "blocking",
                subject="soc_percent",
            )
        ]
    return [
        Finding(
            "mapping",
            "The state of charge does not follow the current, so capacity is not worked out of it.",
            "Check which sensor type is which.",
            subject="soc_percent",
        )
    ]


def charge_and_rise(integral: Integral, soc: Channel, edges_us: Micros) -> tuple[Floats, Floats]:
    """Net Ah, and the rise of the state of charge in percent, between consecutive edges; only
    where charge is fully covered, else both are 0."""
    ah_in, ah_out, _, _, covered, _ = integral.at(edges_us)
    seen = np.diff(covered) > 0.9 * np.diff(edges_us) * 1e-6
    charge = np.where(seen, np.diff(ah_in - ah_out), 0.0)
    rise = np.where(seen, np.diff(np.interp(edges_us, soc.time_us, soc.value)), 0.0)
    return charge, rise


def sign_by_soc(current: Channel, soc: Channel) -> Literal[-1, 0, 1]:
    """The sign that charging has in `current`, by its correlation with the rise of the state of
    charge; 0 where they do not tell."""
    if len(current) < 50 or len(soc) < 50:
        return 0
    integral = Integral(current.time_us, current.value, current.value, 600.0, "trapezoid")
    edges = np.arange(soc.time_us[0], soc.time_us[-1], BIN_S * 1_000_000)
    if len(edges) < 6:
        return 0
    charge, rise = charge_and_rise(integral, soc, edges)
    norm = float(np.sqrt((charge**2).sum() * (rise**2).sum()))
    agreement = float((charge * rise).sum()) / norm if norm else 0.0
    return 1 if agreement > 0.3 else -1 if agreement < -0.3 else 0


def _least_at_work(telemetry: Telemetry) -> float:
    return LEAST_AT_WORK_A if telemetry.flow_part == "current_a" else LEAST_AT_WORK_KW


def _unsigned(telemetry: Telemetry) -> list[Finding]:
    """A current that never flows out: its sign was lost on the way."""
    current, soc, part = telemetry.flow, telemetry.soc, telemetry.flow_part
    least = _least_at_work(telemetry)
    if len(current) < 50 or float(np.quantile(np.abs(current.value), 0.95)) < least:
        return []
    largest = float(np.abs(current.value).max())
    if min(-float(current.value.min()), float(current.value.max())) > 0.01 * largest:
        return []
    days = (current.time_us[-1] - current.time_us[0]) / 8.64e10
    moves = np.diff(soc.value)
    both_ways = min(float(moves[moves > 0].sum()), -float(moves[moves < 0].sum())) > 20.0
    if not both_ways and (len(soc) or days < DAYS_ONE_WAY):
        return []
    return [
        Finding(
            "sign",
            f"The {LABELS[part].lower()} never changes its sign"
            + (
                ", while the state of charge rises and falls."
                if both_ways
                else f" in {days:.0f} days."
            ),
            "Take a channel that tells charging from discharging.",
            "blocking",
            subject=part,
        )
    ]


def _other_units(telemetry: Telemetry) -> list[Finding]:
    """A state of charge as a share, a temperature in Fahrenheit."""
    found = []
    soc, temperature = telemetry.soc.value, telemetry.temperature.value
    if len(soc) >= 50 and soc.max() <= 1.0 and np.ptp(soc) > 0.05:
        found.append(
            Finding(
                "scale", "The state of charge runs from 0 to 1, not to 100 %: no capacity by it.",
                "Say so in the mapping (soc scale 100).", subject="soc_percent",
            )
        )  # fmt: skip
    if len(temperature) >= 50 and float(np.median(temperature)) > HOTTEST_USUAL_C:
        found.append(
            Finding(
                "scale",
                f"The temperature is usually {np.median(temperature):.0f} °C: these look like °F.",
                "Export it in °C.", subject="temperature_c",
            )
        )  # fmt: skip
    return found


def _implausible(telemetry: Telemetry) -> list[Finding]:
    """Units that are wrong on their face: V in mV and P in W agree with each other."""
    found: list[Finding] = []
    for part, channel, limit in (
        ("voltage_v", telemetry.voltage, 1500.0),
        ("current_a", telemetry.current, 2000.0),
    ):
        if not len(channel):
            continue
        usual = float(np.median(np.abs(channel.value)))
        if part == "current_a":
            usual = float(np.quantile(np.abs(channel.value), 0.95))
        if usual > limit:
            found.append(
                Finding(
                    "scale",
                    f"{LABELS[part]} is usually {usual:,.0f} {UNITS[part]}: these look like "
                    f"{UNIT_OF_SCALE[part]}.",
                    f"Say so in the mapping ({part.split('_')[0]} scale 0.001).",
                    "blocking",
                    subject=part,
                )
            )
    return found
