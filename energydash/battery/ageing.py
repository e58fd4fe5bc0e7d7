"""How a battery ages: a physics-based band over chemistries, and what would change it.

Model: Xu et al., Modeling of Lithium-Ion Battery Degradation for Cell Life Assessment, IEEE
Trans. Smart Grid 9 (2018) 1131, doi 10.1109/TSG.2016.2578950. Fade is
L = 1 - α·e^(-β·f) - (1-α)·e^(-f), where f adds a calendar part k_t·t and a part per cycle
n / (k_δ1·δ^k_δ2 + k_δ3), both stressed by mean state of charge and by temperature.

The constants are those of its LMO cell **from public code, paper not checked** (copies differ in
the reference temperature; 25 °C here). LFP and NMC use the same form with one factor each, so
that one 80 % cycle a day at 25 °C leaves after ten years what the public cell models of
BLAST-Lite leave (88.8 % of an LFP cell of 250 Ah, 86.4 % of an NMC cell, measured with that
package). Three lines that disagree are the honest answer: a band, not a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery.cycles import Swing
from energydash.battery.telemetry import Floats

YEAR_S: Final = 365.25 * 86_400
KELVIN: Final = 273.15
REFERENCE_K: Final = 298.15
K_TIME: Final = 4.14e-10  # per s
K_SOC, SOC_REFERENCE = 1.04, 0.5
K_TEMPERATURE: Final = 6.93e-2  # per K
K_DEPTH: Final = (1.40e5, -0.501, -1.23e5)
SEI_SHARE, SEI_RATE = 0.0575, 121.0  # α, β
MOST_STRESS: Final = 5.0  # f at which 0.6 % is left


@dataclass(frozen=True)
class Chemistry:
    """A cell kind: what `REFERENCE` leaves of it after ten years, and who says so; None for the
    cell that the model's constants are of."""

    id: str
    label: str
    left_after_ten_years: float | None
    source: str

    @cached_property
    def factor(self) -> float:
        """What stretches the model's f for this kind of cell."""
        if self.left_after_ten_years is None:
            return 1.0
        return accumulated(self.left_after_ten_years) / (10 * stress_rate(REFERENCE))


@dataclass(frozen=True)
class Stress:
    """What a battery goes through in a year.

    mean_soc: 0 to 1. temperature_c: the constant one that ages as much. swings: (depth 0 to 1,
    mean SoC 0 to 1, cycles a year).
    """

    mean_soc: float
    temperature_c: float
    swings: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Forecast:
    """Remaining capacity (share of new) over years of age: a line per chemistry, and the band."""

    years: Floats
    lines: dict[str, Floats]
    low: Floats
    high: Floats

    def years_at(self, health: float) -> tuple[float | None, float | None]:
        """The ages between which the band falls to `health`; None where it does not in time."""
        return self._falls(self.low, health), self._falls(self.high, health)

    def _falls(self, line: Floats, health: float) -> float | None:
        below = np.flatnonzero(line <= health)
        return float(self.years[below[0]]) if len(below) else None


@dataclass(frozen=True)
class WhatIf:
    """One change of use: capacity points a year that it saves or costs, and in money."""

    label: str
    loss_percent_a_year: float
    saved_percent_a_year: float
    saved_gbp_a_year: float | None


def stress_rate(stress: Stress) -> float:
    """f per year under this stress, for the LMO constants."""
    hot = _temperature_factor(stress.temperature_c)
    calendar = K_TIME * YEAR_S * _soc_factor(stress.mean_soc) * hot
    a, power, b = K_DEPTH
    cycling: float = sum(
        count / (a * max(depth, 0.01) ** power + b) * _soc_factor(mean) * hot
        for depth, mean, count in stress.swings
    )
    return float(calendar + cycling)


def remaining(f: Floats) -> Floats:
    """The share of capacity left at accumulated stress f."""
    left: Floats = SEI_SHARE * np.exp(-SEI_RATE * f) + (1 - SEI_SHARE) * np.exp(-f)
    return left


def accumulated(health: float) -> float:
    """The inverse of `remaining`: f at which this share (0 to 1) is left."""
    from scipy.optimize import brentq

    if health >= 1.0:
        return 0.0
    return float(brentq(lambda f: float(remaining(np.asarray(f))) - health, 0.0, MOST_STRESS))


def _temperature_factor(celsius: float) -> float:
    kelvin = celsius + KELVIN
    return float(np.exp(K_TEMPERATURE * (kelvin - REFERENCE_K) * REFERENCE_K / kelvin))


def _soc_factor(soc: float) -> float:
    return float(np.exp(K_SOC * (soc - SOC_REFERENCE)))


# The reference of `Chemistry.factor`: ten years with one 80 % cycle a day at 25 °C.
REFERENCE: Final = Stress(0.5, 25.0, ((0.8, 0.5, 365.25),))


CHEMISTRIES: Final = (
    Chemistry("lfp", "LFP", 0.888, "BLAST-Lite LFP 250 Ah: 88.8 % after ten years"),
    Chemistry("nmc", "NMC", 0.864, "BLAST-Lite NMC Kokam: 86.4 % after ten years"),
    Chemistry("lmo", "LMO", None, "Xu et al. constants, from public code, paper not checked"),
)


MODELLED: Final = "lmo"


def stress_of(slots: pd.DataFrame, swings: Sequence[Swing]) -> Stress | None:
    """The stress in regular slots (see `battery.slots`), scaled to a year; None without a state
    of charge. Without a temperature, 20 °C is assumed."""
    soc = slots["soc_percent"].dropna().to_numpy() / 100
    if not len(soc):
        return None
    index = pd.DatetimeIndex(slots.index)
    years = max((index[-1] - index[0]).total_seconds() / YEAR_S, 1 / 365.25)
    celsius = slots["temperature_c"].dropna().to_numpy()
    warmth = 20.0
    if len(celsius):  # the mean of the ageing that the temperatures cause, not of the temperatures
        kelvin = celsius + KELVIN
        ageing = float(
            np.mean(np.exp(K_TEMPERATURE * (kelvin - REFERENCE_K) * REFERENCE_K / kelvin))
        )
        log = np.log(ageing) / K_TEMPERATURE
        warmth = REFERENCE_K * REFERENCE_K / (REFERENCE_K - log) - KELVIN
    bins: dict[tuple[int, int], float] = {}
    for swing in swings:  # a few hundred kinds of swing instead of thousands of swings
        key = (round(swing.depth_percent / 5), round(swing.mean_percent / 5))
        bins[key] = bins.get(key, 0.0) + swing.count
    return Stress(
        float(soc.mean()),
        float(warmth),
        tuple((d * 0.05, m * 0.05, n / years) for (d, m), n in sorted(bins.items()) if d),
    )


def forecast(
    stress: Stress,
    *,
    age_years: float = 0.0,
    health: float | None = None,
    sigma: float = 0.0,
    until_years: float = 20.0,
) -> Forecast:
    """Remaining capacity from new to `until_years`, each line drawn through `health` at
    `age_years` where that is known (one factor per chemistry), widened by two of its `sigma`.
    """
    years = np.arange(0.0, until_years + 0.01, 0.25)
    rate = stress_rate(stress)
    lines: dict[str, Floats] = {}
    edges: list[Floats] = []
    for kind in CHEMISTRIES:
        for shift in (0.0, -2 * sigma, 2 * sigma):
            factor = kind.factor
            if health is not None and age_years > 0.25:
                known = min(max(health + shift, 0.3), 0.999)
                factor = calibrated(kind.factor, rate, known, age_years, sigma)
            line = remaining(rate * factor * years)
            edges.append(line)
            if shift == 0.0:
                lines[kind.id] = line
    stacked = np.vstack(edges)
    return Forecast(years, lines, stacked.min(axis=0), stacked.max(axis=0))


def calibrated(
    usual: float, rate: float, health: float, age_years: float, sigma: float = 0.0
) -> float:
    """A chemistry's factor drawn to what was measured: `health` ± sigma left at `age_years`.

    Factors of one chemistry are taken to differ by half (one standard deviation of the
    logarithm), so a capacity loss that is hardly measured hardly counts.
    """
    measured = accumulated(health) / (age_years * rate)
    error = max(sigma, 0.005) / max(1.0 - health, 1e-3)
    weight = 0.5**2 / (0.5**2 + error**2)
    return float(np.exp(weight * np.log(measured) + (1 - weight) * np.log(usual)))


def factor_of(
    chemistry: str, stress: Stress, health: float | None, sigma: float, age_years: float
) -> float:
    """The factor of a chemistry (LFP where it is not said), calibrated where that is possible."""
    kind = next((one for one in CHEMISTRIES if one.id == chemistry), CHEMISTRIES[0])
    if health is None or age_years <= 0.25 or health >= 0.999:
        return kind.factor
    return calibrated(kind.factor, stress_rate(stress), health, age_years, sigma)


def loss_in_a_year(f_now: float, f_a_year: float) -> float:
    """Capacity lost in the coming year, in points of new capacity (percent)."""
    now, then = remaining(np.array([f_now, f_now + f_a_year]))
    return float(now - then) * 100


def what_if(
    stress: Stress,
    *,
    factor: float = 1.0,
    age_years: float = 0.0,
    replacement_gbp: float | None = None,
    end_health: float = 0.7,
) -> tuple[WhatIf, ...]:
    """What gentler use would save, by the model of the cell that its constants are of (`MODELLED`);
    of others it is not known. Money: the share of the usable life
    (from new to `end_health`) times what a new battery costs."""
    f_now = stress_rate(stress) * factor * age_years
    now = loss_in_a_year(f_now, stress_rate(stress) * factor)
    found = []
    for label, changed in (
        ("as now", stress),
        ("10 points lower mean charge", _lower(stress, 0.10)),
        ("a quarter shallower, as often in energy", _shallower(stress)),
        ("5 °C cooler", replace(stress, temperature_c=stress.temperature_c - 5)),
    ):
        loss = loss_in_a_year(f_now, stress_rate(changed) * factor)
        saved = now - loss
        pounds = None
        if replacement_gbp is not None:
            pounds = replacement_gbp * saved / 100 / (1 - end_health)
        found.append(WhatIf(label, loss, saved, pounds))
    return tuple(found)


def _lower(stress: Stress, points: float) -> Stress:
    return replace(
        stress,
        mean_soc=max(stress.mean_soc - points, 0.05),
        swings=tuple((d, max(m - points, d / 2), n) for d, m, n in stress.swings),
    )


def _shallower(stress: Stress) -> Stress:
    return replace(stress, swings=tuple((0.75 * d, m, n / 0.75) for d, m, n in stress.swings))


def by_year(ahead: Forecast) -> pd.DataFrame:
    """The forecast by year of age: one column per chemistry and the band, in percent of new."""
    table = pd.DataFrame(
        {"age_years": ahead.years, "low_percent": 100 * ahead.low, "high_percent": 100 * ahead.high}
    )
    for kind in CHEMISTRIES:
        table[f"{kind.id}_percent"] = 100 * ahead.lines[kind.id]
    return table[np.isclose(table["age_years"] % 1, 0)].reset_index(drop=True)
