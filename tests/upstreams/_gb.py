"""Great Britain in the world of the stand-ins: power by fuel at any instant, MW."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from tests.upstreams.world import EPOCH, World

# Low and high of each, MW; solar follows the sun, pumped storage and links go both ways.
RANGES = {
    "nuclear": (3800, 4900),
    "biomass": (1200, 3000),
    "hydro": (150, 900),
    "wind": (1500, 17500),
    "gas": (2500, 14000),
    "pumped_storage": (-1500, 1500),
    "other": (150, 700),
}
LINKS = {
    "INTFR": 2000, "INTIFA2": 1000, "INTELEC": 1000, "INTNEM": 1000, "INTNED": 1000,
    "INTNSL": 1400, "INTVKL": 1400, "INTIRL": 450, "INTEW": 530, "INTGRNL": 500,
}  # fmt: skip
WIND_EMBEDDED = (200, 3500)
SOLAR_PEAK = 11000


def half_hour(instant: datetime) -> datetime:
    """The start of the half-hour that an instant lies in."""
    return instant - (instant - EPOCH) % timedelta(minutes=30)


def power(world: World, fuel: str, instant: datetime) -> float:
    """MW of a fuel."""
    low, high = RANGES[fuel]
    return world.value(f"elexon/GB/{fuel}", instant, low, high)


def link(world: World, code: str, instant: datetime) -> float:
    """MW of a link, + is import."""
    capacity = LINKS[code]
    return world.value(f"elexon/GB/{code}", instant, -0.4 * capacity, capacity)


def solar(world: World, instant: datetime) -> float:
    """MW of solar; none at night."""
    override = world.override("neso/GB/solar", instant)
    if override is not None:
        return float(override)
    year = (instant - EPOCH) / timedelta(days=365.25) % 1
    length = 12 - 4.5 * math.cos(2 * math.pi * (year + 10 / 365))  # hours of daylight
    hour = (instant - EPOCH) / timedelta(hours=1) % 24
    height = math.cos((hour - 12.1) / length * math.pi) if abs(hour - 12.1) < length / 2 else 0.0
    clouds = world.value("neso/GB/clouds", instant, 0.3, 1.0)
    return SOLAR_PEAK * (length / 16.5) * max(height, 0.0) * clouds


def wind_embedded(world: World, instant: datetime) -> float:
    """MW of wind farms on distribution networks."""
    return world.value("neso/GB/wind", instant, *WIND_EMBEDDED)
