"""How the samples of a battery are joined, decided once so that every piece of it is joined alike.

A day, a year, a file and a device of the same samples can only give the same figures where a step
is a gap in all of them or in none. So the method and the longest step are part of what is known of
a battery (see `battery.record.Setup`) and are never worked out anew for a stretch of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from energydash.battery.telemetry import Channel, Telemetry, median_step_s, sends_changes_only
from energydash.core.errors import InputError

Method = Literal["auto", "trapezoid", "hold"]

SHORTEST_GAP_S: Final = 60.0
LONGEST_HOLD_S: Final = 3600.0
SOC_GAP_S: Final = 1800.0
CLIP_ABOVE_A: Final = 5.0  # where nothing is known of the current
SWITCH_SHARE: Final = 0.05
# What senders are set to. The usual step is read as the next of them, for the limit must not move
# with every new sample, which would make all that was worked out before it anew.
USUAL_STEPS_S: Final = (20, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Joining:
    """method: `hold` keeps a current until the next sample, for senders that report changes only;
    `trapezoid` joins samples by straight lines. max_gap_s: longer steps are gaps, nothing flows
    across them. voltage_hold, voltage_gap_s, soc_gap_s: the same of the slower channels.
    clip_above_a: a current that jumps by more was switched, at an unknown instant.
    """

    method: Literal["trapezoid", "hold"] = "trapezoid"
    max_gap_s: float = SHORTEST_GAP_S
    voltage_hold: bool = False
    voltage_gap_s: float = SHORTEST_GAP_S
    soc_gap_s: float = SOC_GAP_S
    clip_above_a: float = CLIP_ABOVE_A

    def with_gap(self, max_gap_s: float | None) -> Joining:
        """The same with another longest step; InputError where it is not above 0."""
        if max_gap_s is None:
            return self
        if max_gap_s <= 0:
            raise InputError("The longest step that is not a gap must be above 0 s.")
        return replace(self, max_gap_s=max_gap_s, voltage_gap_s=max_gap_s)


USUAL: Final = Joining()


def joining_of(telemetry: Telemetry, method: Method = "auto") -> Joining:
    """What the channels themselves show; method `auto` holds where only changes are sent."""
    hold = method == "hold" or (method == "auto" and sends_changes_only(telemetry.flow))
    voltage_hold = method == "hold" or (method == "auto" and sends_changes_only(telemetry.voltage))
    return Joining(
        "hold" if hold else "trapezoid",
        longest_step_s(telemetry.flow, hold=hold),
        voltage_hold,
        longest_step_s(telemetry.voltage, hold=voltage_hold),
        max(longest_step_s(telemetry.soc), SOC_GAP_S),
        clip_above(telemetry.flow),
    )


def clip_above(flow: Channel) -> float:
    """The jump that is a switch: a twentieth of what the battery usually does at most, to one
    digit so that it does not move with every sample."""
    if len(flow) < 2:
        return CLIP_ABOVE_A
    share = SWITCH_SHARE * float(np.quantile(np.abs(flow.value), 0.99))
    return float(f"{share:.0e}") if share > 0 else CLIP_ABOVE_A


def longest_step_s(channel: Channel, *, hold: bool = False) -> float:
    """The longest time between samples that is not a gap: three usual steps, a minute at least.

    A sender that reports changes only is silent on purpose, so for `hold` it is at least an hour.
    """
    median = median_step_s(channel)
    usual = next((step for step in USUAL_STEPS_S if median <= 1.2 * step), median)
    return max(3.0 * usual, LONGEST_HOLD_S if hold else SHORTEST_GAP_S)
