"""Internal resistance from steps of the load: ΔV over ΔI between two samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from energydash.battery.telemetry import Telemetry
from energydash.core.spread import robust_sigma

FEWEST_STEPS: Final = 20
LONGEST_STEP_S: Final = 60.0


@dataclass(frozen=True)
class Resistance:
    """Ohm with one standard deviation, from `steps` steps. Samples are seconds apart, so it holds
    the slow part of the cell's answer as well: compare it with itself only."""

    ohm: float
    sigma_ohm: float
    steps: int
    temperature_c: float | None


def resistance(found: Telemetry, smallest_step_a: float | None = None) -> Resistance | None:
    """The median of ΔV/ΔI over steps of at least `smallest_step_a` (a fifth of the largest
    current by default); None with fewer than twenty.

    A step counts where the current is steady before and after it, and both samples of the voltage
    are on the same sides of it as the current's.
    """
    current, voltage = found.current, found.voltage
    if len(current) < 4 or len(voltage) < 4:
        return None
    amps = current.value
    change = np.diff(amps)
    step_a = smallest_step_a or 0.2 * float(np.abs(amps).max())
    if step_a <= 0:
        return None
    index = np.flatnonzero(np.abs(change) >= step_a)
    index = index[(index >= 1) & (index < len(change) - 1)]
    steady = (np.abs(change[index - 1]) < 0.1 * step_a) & (np.abs(change[index + 1]) < 0.1 * step_a)
    short = np.diff(current.time_us)[index] * 1e-6 <= LONGEST_STEP_S
    index = index[steady & short]
    if len(index) < FEWEST_STEPS:
        return None
    # One whole sample away from the step on each side, so that no clock skew mixes the two.
    before = np.interp(current.time_us[index - 1], voltage.time_us, voltage.value)
    after = np.interp(current.time_us[index + 2], voltage.time_us, voltage.value)
    ohms = (after - before) / (amps[index + 2] - amps[index - 1])
    middle = float(np.median(ohms))
    warm = found.temperature.value
    return Resistance(
        middle,
        1.2533 * robust_sigma(ohms) / float(np.sqrt(len(ohms))),
        len(ohms),
        float(warm.mean()) if len(warm) else None,
    )
