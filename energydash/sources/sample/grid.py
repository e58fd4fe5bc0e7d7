"""A made-up grid for every region: load, generation by fuel, storage, links, carbon intensity.

Physically plausible rather than accurate: the sun follows latitude and season, demand follows the
local clock, wind wanders over days, storage charges at noon and night and discharges at the
peaks, gas fills what is left, and what is too much is exported. Generation, storage and imports
always add up to the load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData, empty_frame
from energydash.core.time import EPOCH, HALF_HOUR, Period, grid, zone_info
from energydash.grid.factors import factor_set
from energydash.grid.fuels import in_stack_order
from energydash.grid.intensity import intensity_of
from energydash.grid.interconnectors import LINKS
from energydash.grid.mix import shares
from energydash.grid.regions import Region
from energydash.sources.sample import SOURCE, Floats, hours, local_hour, wander

FIVE_MINUTES: Final = timedelta(minutes=5)
HORIZON: Final = timedelta(hours=48)


@dataclass(frozen=True)
class Shape:
    """What a region's grid is made of, in GW: mean load, and capacity or steady output by fuel."""

    latitude: float
    load: float
    wind: float = 0.0
    solar: float = 0.0
    steady: Mapping[str, float] = field(default_factory=dict)
    hydro: float = 0.0
    coal_share: float = 0.0
    battery: float = 0.0
    pumped_storage: float = 0.0
    imports: float = 0.0


_SHAPES: Final[Mapping[str, Shape]] = {
    "GB": Shape(
        53, 30, 30, 17, {"nuclear": 4.4, "biomass": 2.3, "other": 0.3}, 1.0, 0, 0.0, 2.6, 6
    ),
    "CAISO": Shape(
        36, 27, 6.5, 19, {"nuclear": 2.2, "geothermal": 0.9, "biomass": 0.5}, 4.5, 0, 8, 1.2, 5
    ),
    "ERCOT": Shape(31, 53, 39, 25, {"nuclear": 5, "other": 0.1}, 0.2, 0.25, 7),
    "ISONE": Shape(
        43, 13, 1.6, 1.2, {"nuclear": 3.3, "biomass": 0.6, "oil": 0.1}, 1.6, 0, 0.2, 1, 2
    ),
    "MISO": Shape(41, 75, 30, 12, {"nuclear": 11, "other": 0.8}, 1.5, 0.45, 0.7, 0, 4),
    "NYISO": Shape(42, 17, 2.4, 0.6, {"nuclear": 3.2, "biomass": 0.3}, 3.4, 0, 0.1, 1.1, 2),
    "SPP": Shape(38, 32, 34, 1, {"nuclear": 2, "other": 0.1}, 1.5, 0.5, 0.1),
    "IESO": Shape(44, 16, 4.9, 0.5, {"nuclear": 9.5, "biomass": 0.1}, 4.5, 0, 0.2, 0, -1.5),
    "BPA": Shape(46, 7, 2.8, 0.2, {"nuclear": 1.1}, 10, 0, 0, 0, -4),
    "AESO": Shape(52, 10, 5, 1.7, {"biomass": 0.3}, 0.4, 0, 0.2, 0, 0.5),
    "NBP": Shape(46, 1.6, 0.3, 0.05, {"nuclear": 0.6, "biomass": 0.05}, 0.5, 0.3, 0, 0, 0.2),
}
# The parts of Great Britain: wind, solar, nuclear, hydro and imports from the rest, per GW of load.
_GB_PARTS: Final[Mapping[str, tuple[float, float, float, float, float]]] = {
    "GB-1": (3.2, 0.2, 0.0, 0.9, -0.6), "GB-2": (1.9, 0.2, 0.5, 0.1, -0.4),
    "GB-3": (0.7, 0.2, 0.6, 0.02, 0.1), "GB-4": (0.9, 0.2, 0.5, 0.0, 0.0),
    "GB-5": (0.9, 0.4, 0.0, 0.0, 0.1), "GB-6": (1.2, 0.3, 0.0, 0.1, 0.1),
    "GB-7": (0.6, 0.4, 0.0, 0.0, -0.1), "GB-8": (0.1, 0.5, 0.0, 0.0, 0.3),
    "GB-9": (0.5, 0.6, 0.0, 0.0, 0.1), "GB-10": (1.4, 1.0, 0.3, 0.0, 0.0),
    "GB-11": (0.3, 1.1, 0.3, 0.02, 0.3), "GB-12": (0.2, 0.9, 0.0, 0.0, 0.3),
    "GB-13": (0.05, 0.1, 0.0, 0.0, 0.6), "GB-14": (0.8, 0.6, 0.2, 0.0, 0.4),
    "GB-15": (0.7, 0.6, 0.15, 0.01, 0.2), "GB-16": (2.3, 0.2, 0.4, 0.4, -0.5),
    "GB-17": (0.7, 0.4, 0.0, 0.05, 0.0),
}  # fmt: skip


def mix_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Generation by fuel in MW up to `now`, every 5 minutes."""
    index = grid(_until(period, now), FIVE_MINUTES)
    return _reading(region, "mix", "MW", FIVE_MINUTES, _mix_mw(region, index), now, reason)


def mix_percent_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Generation by fuel in per cent of all supply up to `now`, every half-hour."""
    index = grid(_until(period, now), HALF_HOUR)
    percent = 100 * shares(_mix_mw(region, index))
    return _reading(region, "mix-percent", "%", HALF_HOUR, percent, now, reason)


def load_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Demand in MW up to `now`, every 5 minutes."""
    index = grid(_until(period, now), FIVE_MINUTES)
    frame = pd.DataFrame({"load": 1000 * _load_gw(region, index)}, index=index)
    return _reading(region, "load", "MW", FIVE_MINUTES, frame, now, reason)


def storage_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Storage in MW (+ discharging) up to `now`, every 5 minutes."""
    index = grid(_until(period, now), FIVE_MINUTES)
    mix = _mix_mw(region, index)
    parts = [fuel for fuel in ("battery", "pumped_storage") if fuel in mix]
    return _reading(region, "storage", "MW", FIVE_MINUTES, mix[parts], now, reason)


def interconnectors_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Each link's power in MW (+ import) up to `now`; together they are the mix's imports."""
    index = grid(_until(period, now), FIVE_MINUTES)
    mix = _mix_mw(region, index)
    capacity = np.array([link.capacity_mw for link in LINKS])
    at = hours(index)
    flows = np.column_stack(
        [link.capacity_mw * 0.3 * wander(at, f"link {link.id}") for link in LINKS]
    )
    rest = mix["imports"].to_numpy() - flows.sum(axis=1)
    frame = pd.DataFrame(
        flows + rest[:, None] * capacity / capacity.sum(),
        index=index,
        columns=[link.id for link in LINKS],
    )
    return _reading(region, "interconnectors", "MW", FIVE_MINUTES, frame, now, reason)


def intensity_reading(region: Region, period: Period, now: datetime, reason: str) -> FeedData:
    """Average intensity in g/kWh up to `now`, every half-hour: `actual` and what was `forecast`."""
    index = grid(_until(period, now), HALF_HOUR)
    frame = pd.DataFrame(
        {"actual": _intensity(region, index), "forecast": _expected(region, index)}, index=index
    )
    frame.loc[index > pd.Timestamp(now - HALF_HOUR), "actual"] = np.nan
    if region.parent:
        frame = frame[["forecast"]]
    return _reading(region, "intensity", "g/kWh", HALF_HOUR, frame, now, reason)


def forecast_frame(region: Region, now: datetime) -> pd.DataFrame:
    """The intensity forecast for 48 hours from the current half-hour, column `forecast`."""
    start = now - (now - EPOCH) % HALF_HOUR
    index = grid(Period(start, start + HORIZON), HALF_HOUR)
    return pd.DataFrame({"forecast": _expected(region, index)}, index=index)


def feed_of(region: Region, quantity: str, unit: str, step: timedelta) -> Feed:
    """The feed that a sample reading says it is from."""
    return Feed(SOURCE, region.id, quantity, unit, step, region.zone, step)


def _reading(
    region: Region,
    quantity: str,
    unit: str,
    step: timedelta,
    frame: pd.DataFrame,
    now: datetime,
    reason: str,
) -> FeedData:
    if frame.empty:
        frame = empty_frame(*map(str, frame.columns))
    newest = frame.index[-1].to_pydatetime() if len(frame) else None
    coverage = Coverage(len(frame), len(frame))
    feed = feed_of(region, quantity, unit, step)
    return FeedData(frame, feed, now, newest, coverage, "sample", None, reason)


def _until(period: Period, now: datetime) -> Period:
    """The part of the period whose steps have begun by `now`."""
    return Period(period.start, max(min(period.end, now), period.start))


def _shape(region: Region) -> Shape:
    if region.id in _SHAPES:
        return _SHAPES[region.id]
    if region.id in _GB_PARTS:
        wind, solar, nuclear, hydro, imports = _GB_PARTS[region.id]
        load = 2.1
        steady = {"nuclear": nuclear * load, "biomass": 0.06 * load, "other": 0.01 * load}
        steady = {fuel: value for fuel, value in steady.items() if value}
        return Shape(
            53, load, wind * load, solar * load, steady, hydro * load, 0, 0, 0, imports * load
        )
    return Shape(45, 10, 4, 3, {"nuclear": 1.5}, 1, 0.1, 0.3, 0, 1)


def _load_gw(region: Region, index: pd.DatetimeIndex) -> Floats:
    """Demand: a night trough, a morning shoulder, an evening peak, weekends and seasons."""
    shape, at = _shape(region), hours(index)
    hour = local_hour(index, region.zone)
    local = index.tz_convert(region.zone)
    day = (
        0.86
        + 0.13 * np.exp(-(((hour - 9.5) / 3.0) ** 2))
        + 0.26 * np.exp(-(((hour - 18.2) / 2.6) ** 2))
        + 0.10 * np.exp(-(((hour - 13.0) / 4.0) ** 2))
        - 0.12 * np.exp(-(((hour - 3.8) / 2.8) ** 2))
    )
    weekend = np.where(np.asarray(local.dayofweek) >= 5, 0.92, 1.0)
    year = 2 * np.pi * (np.asarray(local.dayofyear) - 15) / 365.25
    # Cold places peak in winter, hot ones in summer.
    season = 1 + (0.13 if shape.latitude > 42 else -0.12) * np.cos(year)
    wobble = 1 + 0.03 * wander(at, f"{region.id} load")
    return np.asarray(shape.load * day * weekend * season * wobble)


def _sun(region: Region, index: pd.DatetimeIndex) -> Floats:
    """Solar output per capacity: sine of the sun's height, dimmed by clouds that drift by."""
    shape = _shape(region)
    local = index.tz_convert(region.zone)
    # Clocks move in summer, the sun does not: standard time all year.
    winter = datetime(2026, 1, 1, tzinfo=zone_info(region.zone)).utcoffset() or timedelta(0)
    standard = (hours(index) + winter / timedelta(hours=1)) % 24
    declination = np.radians(
        -23.44 * np.cos(2 * np.pi * (np.asarray(local.dayofyear) + 10) / 365.25)
    )
    latitude = np.radians(shape.latitude)
    angle = np.radians(15 * (standard - 12.1))
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(
        declination
    ) * np.cos(angle)
    clear = np.clip(height, 0, None) ** 1.15
    sunny, change = (0.62, 0.33) if shape.latitude > 42 else (0.84, 0.15)
    clouds = sunny + change * wander(hours(index), f"{region.parent or region.id} clouds")
    return np.asarray(clear * clouds)


def _mix_mw(region: Region, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Every fuel's net power; rows add up to the load."""
    shape, at, load = _shape(region), hours(index), _load_gw(region, index)
    name = region.parent or region.id
    wind = shape.wind * np.clip(0.36 + 0.46 * wander(at, f"{name} wind"), 0.03, 0.92)
    solar = shape.solar * _sun(region, index)
    steady = {
        fuel: value * (1 + 0.04 * wander(at, f"{name} {fuel}"))
        for fuel, value in shape.steady.items()
    }
    need = load - wind - solar - sum(steady.values(), np.zeros(len(at)))
    # Water follows what is still needed: little in a gale at night, much on a calm evening.
    hydro = shape.hydro * np.clip(0.45 + 0.6 * (need / load - 0.35), 0.15, 0.9)
    battery, pumped = _storage(shape, local_hour(index, region.zone), at, name)
    imports = shape.imports * (0.55 + 0.35 * wander(at, f"{name} imports"))
    rest = need - hydro - battery - pumped - imports
    floor = 0.04 * load
    gas_coal = np.maximum(rest, floor)
    imports = imports + rest - gas_coal  # what is too much leaves,
    most = 0.28 * load + 2 * max(-shape.imports, 0.0)
    curtailed = np.clip(-imports - most, 0, wind)  # and what no link can carry is not made
    wind, imports = wind - curtailed, imports + curtailed
    coal = shape.coal_share * gas_coal
    columns = {
        **steady,
        "hydro": hydro,
        "wind": wind,
        "solar": solar,
        "gas": gas_coal - coal,
        "coal": coal,
        "battery": battery,
        "pumped_storage": pumped,
        "imports": imports,
    }
    frame = pd.DataFrame({fuel: 1000 * values for fuel, values in columns.items()}, index=index)
    capacity = {
        "coal": shape.coal_share, "battery": shape.battery, "pumped_storage": shape.pumped_storage,
        "hydro": shape.hydro, "wind": shape.wind, "solar": shape.solar,
    }  # fmt: skip
    frame = frame.drop(columns=[fuel for fuel, value in capacity.items() if not value])
    return frame[in_stack_order(frame.columns)]


def _storage(shape: Shape, hour: Floats, at: Floats, name: str) -> tuple[Floats, Floats]:
    """Battery and pumped storage in GW: charging at noon and at night, discharging at the peaks.

    The day's discharge is 0.89 (battery) and 0.75 (pumped storage) of its charge.
    """

    def bump(centre: float, width: float) -> Floats:
        return np.asarray(np.exp(-(((hour - centre) / width) ** 2)))

    mood = 1 + 0.3 * wander(at, f"{name} storage")
    battery = bump(19.5, 2.2) - 0.62 * bump(12.3, 3.0) - 0.25 * bump(3.0, 2.5)
    pumped = bump(18.5, 2.0) + 0.4 * bump(8.5, 1.5) - 0.95 * bump(3.5, 2.6) - 0.5 * bump(13.0, 2.0)
    return 0.65 * shape.battery * mood * battery, 0.7 * shape.pumped_storage * mood * pumped


def _intensity(region: Region, index: pd.DatetimeIndex) -> Floats:
    """The true intensity: the region's own factors on its made-up mix, as whole grams."""
    mix = _mix_mw(region, index)
    return np.round(intensity_of(mix, factor_set(region.factors)).to_numpy(dtype=np.float64))


def _expected(region: Region, index: pd.DatetimeIndex) -> Floats:
    """What a forecast says: the truth with an error of a few per cent that drifts."""
    error = 0.09 * wander(hours(index), f"{region.id} forecast", (37.0, 13.0, 5.0))
    return np.asarray(np.round(_intensity(region, index) * (1 + error)))
