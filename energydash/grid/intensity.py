"""Average carbon intensity of a mix, by a named set of emission factors.

    intensity = Σ P·f / ΣP      over the fuels that supply at that instant, g CO2e per kWh

Negative power (charging, export, a plant's own use) is left out of both sums: it is demand.
Storage counts where it discharges, imports and `other` count by their own factors. A row without
supply has no intensity (NaN). The result is an *average* intensity, never a marginal one, and it
has the scope (life cycle or direct) of its factor set: the two are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from energydash.grid.mix import supply

Scope = Literal["lifecycle", "direct"]


@dataclass(frozen=True)
class Factor:
    """One fuel's emissions in g CO2e/kWh, and where the figure is from."""

    g_per_kwh: float
    source: str


@dataclass(frozen=True)
class FactorSet:
    """A named, versioned set of emission factors of one scope.

    A fuel without a factor of its own takes that of `other`, and answers say so.
    """

    id: str
    title: str
    version: str
    scope: Scope
    factors: Mapping[str, Factor]
    about: str = ""

    def g_per_kwh(self, fuel: str) -> float:
        """The factor of a fuel, or of `other` where it has none."""
        return (self.factors.get(fuel) or self.factors["other"]).g_per_kwh

    def assumed(self, fuels: pd.Index | list[str]) -> list[str]:
        """Which of `fuels` take the factor of `other` for want of their own."""
        return [str(fuel) for fuel in fuels if fuel not in self.factors]


def intensity_of(mix: pd.DataFrame, factors: FactorSet) -> pd.Series[float]:
    """Average intensity of each row of a mix (a column per fuel, any power unit), g/kWh."""
    positive = supply(mix)
    whole = positive.sum(axis="columns")
    weights = pd.Series({fuel: factors.g_per_kwh(str(fuel)) for fuel in mix.columns}, dtype=float)
    grams = positive.fillna(0.0).mul(weights, axis="columns").sum(axis="columns")
    return (grams / whole.where(whole > 0)).rename("g_per_kwh")


@dataclass(frozen=True)
class Band:
    """A word for a range of intensities: from `lower` (inclusive) to the next band's lower."""

    name: str
    lower: float


# The five words of the GB Carbon Intensity API, with the bands it uses for 2025. NESO narrows
# them every year as the grid gets cleaner, so older answers used wider ones: an intensity is
# judged by what is normal now.
BANDS: Final = (
    Band("very low", 0.0),
    Band("low", 35.0),
    Band("moderate", 110.0),
    Band("high", 190.0),
    Band("very high", 270.0),
)


def band_of(g_per_kwh: float) -> str:
    """The word for an intensity: very low, low, moderate, high or very high; '' for NaN."""
    found = ""
    for band in BANDS:
        if g_per_kwh >= band.lower:
            found = band.name
    return found or ("very low" if g_per_kwh < 0 else "")
