"""A made-up home: what it imports and exports, on Flux, and Agile prices to compare with.

A family of four near Oxford with 4 kWp of solar, an electric car on some nights, and no battery.
What a half-hour holds depends on the seed and that instant alone. Prices look like Octopus's and
are not them; the tariffs say so in their names.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.coverage import Coverage
from energydash.core.feeds import FeedData
from energydash.core.time import (
    DAY,
    HALF_HOUR,
    LONDON,
    Period,
    grid,
    index_us,
    local_midnight,
    zone_info,
)
from energydash.home.bands import Band
from energydash.home.instants import HALF_HOUR_US
from energydash.home.meters import Direction, Meter
from energydash.home.rate_cards import Prices, Rate, RateCard
from energydash.home.tariffs import Tariff
from energydash.sources.sample import SEED, SOURCE, Floats, hours, local_hour, wander

OWNER: Final = "sample"
LATITUDE: Final = 51.75
AGILE: Final = "E-1R-AGILE-SAMPLE-H"
IMPORT: Final = Meter("sample-import", label="House", region="H")
EXPORT: Final = Meter("sample-export", direction=Direction.EXPORT, label="Solar", region="H")
METERS: Final = (IMPORT, EXPORT)

_FLUX_STARTED = date(2024, 1, 1)


def _flux(direction: Direction, low: str, day: str, peak: str, standing: str) -> Tariff:
    way = direction.value
    return Tariff(
        f"sample-flux-{way}",
        f"Flux {way.title()} (sample)",
        direction=direction,
        default_rate=Decimal(day),
        bands=(
            Band(Decimal(low), 2 * 60, 5 * 60, label="low"),
            Band(Decimal(peak), 16 * 60, 19 * 60, label="peak"),
        ),
        standing_p_per_day=Decimal(standing),
        valid_from=_FLUX_STARTED,
        source=SOURCE,
    )


TARIFFS: Final = (
    _flux(Direction.IMPORT, "16.3443", "27.2405", "38.1367", "47.1900"),
    _flux(Direction.EXPORT, "4.8400", "10.4300", "29.0200", "0"),
    Tariff(
        "sample-flexible",
        "Flexible (sample)",
        default_rate=Decimal("25.9800"),
        standing_p_per_day=Decimal("50.1200"),
        for_comparison=True,
        source=SOURCE,
    ),
    Tariff(
        "sample-go",
        "Go (sample)",
        default_rate=Decimal("28.6200"),
        bands=(Band(Decimal("8.5000"), 30, 330, label="night"),),
        standing_p_per_day=Decimal("48.8300"),
        for_comparison=True,
        source=SOURCE,
    ),
    Tariff(
        "sample-outgoing",
        "Outgoing Fixed (sample)",
        direction=Direction.EXPORT,
        default_rate=Decimal("15"),
        for_comparison=True,
        source=SOURCE,
    ),
)


def consumption_reading(meter: Meter, period: Period, now: datetime, reason: str) -> FeedData:
    """A sample meter's half-hours in `period`, as far as they have ended by `now`."""
    feed = meter.feed(OWNER)
    last = now - (now - datetime.fromtimestamp(0, now.tzinfo)) % HALF_HOUR
    end = max(min(period.end, last), period.start)
    index = grid(Period(period.start, end), HALF_HOUR)
    load, sun = _load_kwh(index), _solar_kwh(index)
    net = load - sun if meter.direction is Direction.IMPORT else sun - load
    data = pd.DataFrame({"energy": np.round(np.maximum(net, 0.0), 3)}, index=index)
    return FeedData(
        data,
        feed,
        fetched_at=now,
        newest=last - HALF_HOUR,
        coverage=Coverage(len(index), len(index)),
        origin="sample",
        sample_reason=reason,
    )


def agile_card(period: Period, now: datetime) -> RateCard:
    """Half-hourly prices in `period`, as far as they would be published by `now`."""
    index = grid(Period(period.start, max(min(period.end, published_until(now)), period.start)),
                 HALF_HOUR)  # fmt: skip
    exc_vat = np.round(_agile_pence(index), 2)
    distinct, codes = np.unique(exc_vat, return_inverse=True)
    name = "Agile (sample)"
    exact = [Decimal(repr(value)) for value in distinct.tolist()]
    rates = tuple(Rate(value * Decimal("1.05"), value, name) for value in exact)
    starts = index_us(index)
    flux = TARIFFS[0]
    start, end = starts[:1], starts[-1:] + HALF_HOUR_US
    standing = Rate(flux.standing_p_per_day, flux.standing_p_per_day / Decimal("1.05"), name)
    return RateCard(
        AGILE,
        name,
        flux.energy,
        Direction.IMPORT,
        Prices(starts, starts + HALF_HOUR_US, codes.astype(np.intp), rates),
        Prices(start, end, np.zeros(len(start), np.intp), (standing,)),
    )


def published_until(now: datetime) -> datetime:
    """How far half-hourly prices reach: 23:00 tomorrow from 16:00 on, until then 23:00 today."""
    local = now.astimezone(zone_info(LONDON))
    days = 2 if local.hour >= 16 else 1
    return local_midnight(local.date() + days * DAY, LONDON) - timedelta(hours=1)


def _load_kwh(index: pd.DatetimeIndex) -> Floats:
    """What the home uses in each half-hour."""
    at, hour = hours(index), local_hour(index, LONDON)
    day = np.floor(at / 24)
    year = 2 * np.pi * (at / 24 - 15) / 365.25
    weekend = np.isin((day.astype(np.int64) + 3) % 7, (5, 6))
    base = 0.10 + 0.03 * np.cos(year)
    morning = 0.30 * _bump(hour, np.where(weekend, 9.0, 7.5), 1.1)
    noon = 0.15 * _bump(hour, 12.7, 1.6) * np.where(weekend, 1.8, 1.0)
    evening = (0.5 + 0.15 * np.cos(year)) * _bump(hour, 18.3, 1.9)
    mood = 1 + 0.35 * wander(at, "household mood")
    load = base + (morning + noon + evening) * mood
    # every few minutes somebody boils a kettle: a spiky factor for each half-hour by itself
    spiky = _noise(index, "kettle")
    load = load * (0.75 + 0.5 * spiky) + 0.6 * (spiky > 0.965)
    # the car charges from 00:30 to 04:30 after about two days in five
    night = np.floor((at - 12) / 24)
    charges = _noise_of(night.astype(np.int64), "car") < 0.3
    return load + np.where(charges & (hour >= 0.5) & (hour < 4.5), 1.75, 0.0)


def _solar_kwh(index: pd.DatetimeIndex) -> Floats:
    """What 4 kWp on a south roof make in each half-hour, under a wandering sky."""
    at = hours(index) + 0.25
    day_of_year = (at / 24 + 0.5) % 365.2422
    declination = np.radians(23.44) * np.sin(2 * np.pi * (day_of_year - 81) / 365.2422)
    hour_angle = np.radians(15 * (at % 24 - 12 - 1.25 / 15))
    latitude = np.radians(LATITUDE)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(
        declination
    ) * np.cos(hour_angle)
    sky = np.clip(0.6 + 0.7 * wander(at, "household sky"), 0.12, 1.0)
    flicker = 0.8 + 0.2 * _noise(index, "cloud")
    kwh: Floats = 0.5 * 4.6 * np.maximum(height, 0.0) ** 1.15 * sky * flicker
    return kwh


def _agile_pence(index: pd.DatetimeIndex) -> Floats:
    """Prices without VAT: dear before dinner, cheap at night, below zero when the wind blows."""
    at, hour = hours(index), local_hour(index, LONDON)
    year = 2 * np.pi * (at / 24 - 15) / 365.25
    wind = wander(at, "agile wind")
    pence = 20 + 2.5 * np.cos(year) - 21 * np.maximum(wind, -0.5)
    pence = pence - 5 * _bump(hour, 3.3, 2.2) - 3 * _bump(hour, 13.2, 1.8)
    pence = pence + np.where((hour >= 16) & (hour < 19), 12.5, 0.0)
    pence = pence + 2.4 * (_noise(index, "agile") - 0.5)
    capped: Floats = np.minimum(pence, 95.0)  # Agile has a cap, VAT included, of 100 p
    return capped


def _bump(hour: Floats, centre: Floats | float, width: float) -> Floats:
    bump: Floats = np.exp(-0.5 * ((hour - centre) / width) ** 2)
    return bump


def _noise(index: pd.DatetimeIndex, name: str) -> Floats:
    """A number from 0 to 1 for each half-hour, unlike its neighbours'."""
    return _noise_of(index_us(index) // HALF_HOUR_US, name)


def _noise_of(numbers: npt.NDArray[np.int64], name: str) -> Floats:
    """SplitMix64 (Steele, Lea and Flood 2014) of each number, as a fraction."""
    salt = np.uint64(int.from_bytes(f"{SEED}{name}".encode()) % 2**64)
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    fraction: Floats = (mixed >> np.uint64(11)).astype(np.float64) / 2**53
    return fraction
