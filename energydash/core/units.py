"""Unit names and the conversions between them, each exact or with its source.

Power is not energy: `mean_kw_to_kwh` is the only bridge, and it asks for the duration.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# 1 lb = 0.45359237 kg exactly (international avoirdupois pound, 1959), so lb/MWh -> g/kWh:
G_PER_KWH_PER_LB_PER_MWH: Final = 0.45359237

# Gas: kWh = m3 x volume correction x calorific value (MJ/m3) / 3.6. The correction is fixed by
# the Gas (Calculation of Thermal Energy) Regulations 1996 (UK).
GAS_VOLUME_CORRECTION: Final = 1.02264
MJ_PER_KWH: Final = 3.6

PENCE_PER_POUND: Final = 100


def lb_per_mwh_to_g_per_kwh(value: float) -> float:
    """Carbon rate as WattTime states it to g/kWh."""
    return value * G_PER_KWH_PER_LB_PER_MWH


def gas_m3_to_kwh(volume_m3: float, calorific_value_mj_per_m3: float) -> float:
    """Energy of a metered gas volume."""
    return volume_m3 * GAS_VOLUME_CORRECTION * calorific_value_mj_per_m3 / MJ_PER_KWH


def mean_kw_to_kwh(power_kw: float, duration: timedelta) -> float:
    """Energy of a mean power over a duration."""
    return power_kw * (duration / timedelta(hours=1))
