"""Factors between units, each exact or with its source."""

from __future__ import annotations

from typing import Final

# Gas: kWh = m3 x volume correction x calorific value (MJ/m3) / 3.6. The correction is fixed by
# the Gas (Calculation of Thermal Energy) Regulations 1996 (UK).
GAS_VOLUME_CORRECTION: Final = 1.02264
MJ_PER_KWH: Final = 3.6

PENCE_PER_POUND: Final = 100
