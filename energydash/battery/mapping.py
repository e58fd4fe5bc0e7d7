"""Which sensor is which: as the owner says, else by what the numbers do.

Where names (`battery.naming`) do not tell current from power, the pair is chosen by
P ≈ V·I / 1000; the sign of the current follows the state of charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Final

import numpy as np

from energydash.battery.telemetry import PARTS, Channel, median_step_s, onto
from energydash.core.errors import InputError

NOT_THERE: Final = "none"  # `power=none`: none of the columns is the pack's power


def parse_overrides(text: str) -> dict[str, str]:
    """`voltage=532,current=531` as part to sensor; short names are accepted. A name with a comma in
    it must stand alone.

    Raises InputError for a channel that does not exist.
    """
    found: dict[str, str] = {}
    pieces = text.split(",") if text.count("=") > 1 else [text]
    for piece in filter(None, (piece.strip() for piece in pieces)):
        name, equals, sensor = (word.strip() for word in piece.partition("="))
        if not equals or not sensor:
            raise InputError(
                f"'{piece}' is not NAME=COLUMN.", remedy="Write voltage=V,current=I,time=t."
            )
        found[full_name(name)] = sensor
    return found


def full_name(name: str) -> str:
    """`voltage` as `voltage_v`; `time` and `cycle` stay."""
    if name in ("time", "cycle", *PARTS):
        return name
    for part in PARTS:
        if part.startswith(f"{name}_"):
            return part
    raise InputError(
        f"'{name}' is not a battery channel.",
        remedy="Use time, voltage, current, power, soc, temperature, cycle.",
    )


def infer(sensors: Mapping[str, Channel], known: Mapping[str, str]) -> dict[str, str]:
    """Channels of sensors that no name told: part to sensor, `known` included.

    known: part to sensor as far as names or the user told. Voltage: positive, never near zero,
    and varies little. Current and power: the pair with P closest to V·I / 1000.
    """
    found = dict(known)
    left = [name for name in sensors if name not in found.values() and len(sensors[name]) >= 20]
    if "voltage_v" not in found:
        steady = [
            name
            for name in left
            if sensors[name].value.min() > 5
            and np.ptp(sensors[name].value) < 0.4 * sensors[name].value.mean()
            and np.ptp(sensors[name].value) > 0
        ]
        if len(steady) == 1:
            found["voltage_v"] = steady[0]
            left.remove(steady[0])
    if "voltage_v" not in found or found["voltage_v"] not in sensors:
        return found
    volts = sensors[found["voltage_v"]]
    currents = [found["current_a"]] if "current_a" in found else left
    powers = [found["power_kw"]] if "power_kw" in found else left
    best, pair = 0.1, None
    for amps, kilowatts in {*permutations(left, 2), *((a, p) for a in currents for p in powers)}:
        if amps == kilowatts or amps not in currents or kilowatts not in powers:
            continue
        if amps in sensors and kilowatts in sensors:
            misfit = _misfit(volts, sensors[amps], sensors[kilowatts])
            if misfit < best:
                best, pair = misfit, (amps, kilowatts)
    if pair:
        found["current_a"], found["power_kw"] = pair
    return found


def _misfit(volts: Channel, amps: Channel, kilowatts: Channel) -> float:
    """How far |P| is from |V·I| / 1000, as a share; infinite where nothing flowed."""
    reach_s = max(3 * median_step_s(volts), 60.0)
    ours = np.abs(onto(amps, volts, reach_s) * amps.value) / 1e3
    theirs = np.abs(onto(amps, kilowatts, max(3 * median_step_s(kilowatts), 60.0)))
    good = np.isfinite(ours) & np.isfinite(theirs)
    flowed = float(ours[good].sum())
    if good.sum() < 20 or flowed <= 0:
        return float("inf")
    return float(np.abs(theirs[good] - ours[good]).sum()) / flowed
