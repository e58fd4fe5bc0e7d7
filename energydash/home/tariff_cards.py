"""Tariffs turned into `RateCard`s: explicit UTC intervals, whatever form the tariff came in.

Local bands become UTC intervals here, so that a clock change is met in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pandas as pd

from energydash.core.time import LONDON, Period, half_hours, index_us, local_midnight, micros
from energydash.home.instants import (
    ALWAYS_US,
    DAY_US,
    FOREVER_US,
    HALF_HOUR_US,
    MINUTE_US,
    NO_TIMES,
    Codes,
    Micros,
    local_us,
)
from energydash.home.meters import Direction, Energy
from energydash.home.rate_cards import NO_PRICES, UNPRICED, Prices, Rate, RateCard, pence_of
from energydash.home.tariffs import Tariff, has_dispatches

# The `kind`s of the store's rates.
UNIT_RATE, DAY_RATE, NIGHT_RATE = "unit", "day", "night"
STANDING_CHARGE = "standing"

# Octopus gives Economy 7 prices, not hours; smart meters keep UTC all year (facts of the API).
ECONOMY_7_NIGHT = (30, 450, "UTC")
# Intelligent Go's night as Octopus describes it, 23:30 to 05:30 on the clock.
INTELLIGENT_NIGHT = (1410, 330, LONDON)

# Octopus gives six hours of smart charging a night since 2026.
MOST_CHARGING_HALF_HOURS = 12

# Economy 7's two prices are laid out day by day, so they need a first and a last day.
FIRST_SMART_METER_US = micros(datetime(2010, 1, 1, tzinfo=UTC))
LAST_DAY_US = micros(datetime(2050, 1, 1, tzinfo=UTC))


def tariff_card(tariff: Tariff, period: Period) -> RateCard:
    """A user's tariff over `period` as UTC intervals, within its validity."""
    start_us = micros(period.start)
    end_us = micros(period.end)
    if tariff.valid_from:
        start_us = max(start_us, micros(local_midnight(tariff.valid_from, tariff.zone)))
    if tariff.valid_to:
        end_us = min(end_us, micros(local_midnight(tariff.valid_to, tariff.zone)))
    standing_rate = _rate(tariff, tariff.standing_p_per_day)
    if end_us <= start_us:
        unit, standing = NO_PRICES, NO_PRICES
    else:
        unit = _unit_prices(tariff, start_us, end_us)
        standing = _constant(standing_rate, start_us, end_us)
    return RateCard(
        tariff.id,
        tariff.label,
        tariff.energy,
        tariff.direction,
        unit,
        standing,
        tuple((float(tier.above_kwh), _rate(tariff, tier.rate)) for tier in tariff.tiers),
        tariff.tier_span,
        tariff.zone,
    )


def published_card(
    code: str,
    rates: pd.DataFrame,
    direction: Direction,
    *,
    energy: Energy = Energy.ELECTRICITY,
    payment_method: str = "DIRECT_DEBIT",
    label: str = "",
) -> RateCard:
    """A published tariff from the store's `rates` rows.

    Rows of another payment method are left out where the wanted one has a price; a missing
    `valid_from` is since always, a missing `valid_to` still runs.
    """
    unit = _published(rates, (UNIT_RATE,), payment_method, code)
    if not len(unit.codes):
        unit = _day_and_night(
            _published(rates, (DAY_RATE,), payment_method, code),
            _published(rates, (NIGHT_RATE,), payment_method, code),
            *(INTELLIGENT_NIGHT if has_dispatches(code) else ECONOMY_7_NIGHT),
        )
    standing = _published(rates, (STANDING_CHARGE,), payment_method, code)
    return RateCard(code, label or code, energy, direction, unit, standing)


def with_dispatches(
    card: RateCard, slots: Sequence[Period], most: int = MOST_CHARGING_HALF_HOURS
) -> RateCard:
    """The card with every half-hour that a charging slot touches at the day's lowest rate.

    Intelligent Go prices the whole home off-peak while it charges the car, whole half-hours, and
    six hours from one noon to the next at most; the first of them count. most: that limit.
    """
    unit = card.unit
    if not slots or not len(unit.codes):
        return card
    cheap = touched_us(slots)
    night = night_of(cheap, card.zone)
    place_in_night = np.arange(len(cheap)) - np.searchsorted(night, night)
    cheap = cheap[place_in_night < most]
    starts = np.unique(np.concatenate((unit.starts_us, unit.ends_us, cheap, cheap + HALF_HOUR_US)))
    starts = starts[(starts >= unit.starts_us[0]) & (starts < unit.ends_us[-1])]
    codes = unit.at(starts)
    pence = pence_of(unit.rates)
    day = local_us(starts, card.zone) // DAY_US
    place = np.unique(day, return_inverse=True)[1]
    lowest = np.full(int(place.max()) + 1, UNPRICED, np.intp)
    order = np.lexsort((-pence[codes], place))  # the cheapest of each day comes last; NaN first
    priced = order[codes[order] != UNPRICED]
    lowest[place[priced]] = codes[priced]
    here = np.isin(starts // HALF_HOUR_US * HALF_HOUR_US, cheap) & (codes != UNPRICED)
    codes = np.where(here, lowest[place], codes)
    ends = np.append(starts[1:], unit.ends_us[-1])
    return replace(card, unit=_joined(starts, ends, codes, unit.rates))


def touched_us(slots: Sequence[Period]) -> Micros:
    """The half-hours that periods touch."""
    edges = [
        np.arange(
            micros(slot.start) // HALF_HOUR_US * HALF_HOUR_US,
            micros(slot.end),
            HALF_HOUR_US,
            dtype=np.int64,
        )
        for slot in slots
    ]
    return np.unique(np.concatenate([NO_TIMES, *edges]))


def night_of(times_us: Micros, zone: str) -> Micros:
    """The number of the night, from one noon to the next, that each instant is in."""
    return (local_us(times_us, zone) - DAY_US // 2) // DAY_US


def _rate(tariff: Tariff, pence: Decimal) -> Rate:
    percent = Decimal(0) if tariff.direction is Direction.EXPORT else tariff.vat_percent
    factor = 1 + percent / 100
    if tariff.prices_include_vat:
        return Rate(pence, pence / factor, tariff.label)
    return Rate(pence * factor, pence, tariff.label)


def _constant(rate: Rate, start_us: int, end_us: int) -> Prices:
    return Prices(
        np.array([start_us], np.int64), np.array([end_us], np.int64), np.zeros(1, np.intp), (rate,)
    )


def _unit_prices(tariff: Tariff, start_us: int, end_us: int) -> Prices:
    """The tariff's energy prices; code 0 is the default rate where there is one."""
    rates: list[Rate] = []
    if tariff.default_rate is not None:
        rates.append(_rate(tariff, tariff.default_rate))
    zone = tariff.band_zone or tariff.zone
    own = _own_series(tariff)
    minutes = {edge for band in tariff.bands for part in band.segments() for edge in part[:2]}
    bands = _local_edges(start_us, end_us, tuple(sorted(minutes)), zone) if minutes else NO_TIMES
    starts = np.unique(np.concatenate(([start_us], bands, own.starts_us, own.ends_us)))
    starts = starts[(starts >= start_us) & (starts < end_us)]
    codes = np.full(len(starts), 0 if rates else UNPRICED, np.intp)
    local = local_us(starts, zone)
    day, minute = local // DAY_US, (local % DAY_US) // MINUTE_US
    days = np.unique(np.concatenate((day, day - 1))) if tariff.bands else NO_TIMES
    dates = [date(1970, 1, 1) + timedelta(int(number)) for number in days]
    for band in tariff.bands:
        covered = np.array([band.covers(one) for one in dates])
        for start, end, shift in band.segments():
            here = covered[np.searchsorted(days, day - shift)]
            codes[(minute >= start) & (minute < end) & here] = len(rates)
        rates.append(_rate(tariff, band.rate))
    own_codes = own.at(starts)
    codes = np.where(own_codes >= 0, own_codes + len(rates), codes)
    rates.extend(own.rates)
    return _joined(starts, np.append(starts[1:], end_us), codes, tuple(rates))


def _own_series(tariff: Tariff) -> Prices:
    """The tariff's explicit intervals, one rate for each distinct price."""
    own = tariff.intervals
    distinct = {one.rate: None for one in own}
    number = {pence: place for place, pence in enumerate(distinct)}
    return Prices(
        np.array([micros(one.start) if one.start else ALWAYS_US for one in own], np.int64),
        np.array([micros(one.end) if one.end else FOREVER_US for one in own], np.int64),
        np.array([number[one.rate] for one in own], np.intp),
        tuple(_rate(tariff, pence) for pence in distinct),
    )


@lru_cache(maxsize=64)
def _local_edges(start_us: int, end_us: int, minutes: tuple[int, ...], zone: str) -> Micros:
    """UTC instants at which the local clock shows `minutes`, and every half-hour of a changed day.

    What is in force may change at a clock change itself; the half-hours of that day hold it.
    """
    first, last = start_us // DAY_US, end_us // DAY_US
    days = np.arange(first - 1, last + 2, dtype=np.int64)
    local = (days[:, None] * DAY_US + np.array(minutes, np.int64)[None, :] * MINUTE_US).ravel()
    wall = pd.DatetimeIndex(np.unique(local).astype("datetime64[us]"))
    # An edge inside the repeated hour comes twice; one inside the skipped hour at its end.
    edges = [
        index_us(
            wall.tz_localize(
                zone, ambiguous=np.full(len(wall), is_summer), nonexistent="shift_forward"
            )
        )
        for is_summer in (True, False)
    ]
    edges.append(_changed_half_hours(first, last, zone))
    return np.unique(np.concatenate(edges))


@lru_cache(maxsize=64)
def _changed_half_hours(first: int, last: int, zone: str) -> Micros:
    """Every half-hour of the local days, by number since 1970, whose clock changes."""
    found = [NO_TIMES]
    for day in (date(1970, 1, 1) + timedelta(number) for number in range(first - 1, last + 2)):
        if (count := half_hours(day, zone)) != 48:
            midnight = micros(local_midnight(day, zone))
            found.append(midnight + np.arange(count, dtype=np.int64) * HALF_HOUR_US)
    return np.concatenate(found)


def _joined(starts: Micros, ends: Micros, codes: Codes, rates: tuple[Rate, ...]) -> Prices:
    """Intervals without the unpriced ones, neighbours of one price as one."""
    priced = codes != UNPRICED
    starts, ends, codes = starts[priced], ends[priced], codes[priced]
    if not len(starts):
        return Prices(starts, ends, codes, rates)
    new = np.concatenate(([True], (codes[1:] != codes[:-1]) | (starts[1:] != ends[:-1])))
    first = np.flatnonzero(new)
    last = np.append(first[1:] - 1, len(starts) - 1)
    return Prices(starts[first], ends[last], codes[first], rates)


def _published(
    rates: pd.DataFrame, kinds: Sequence[str], payment_method: str, tariff: str
) -> Prices:
    """The intervals of some kinds of published prices, one payment method, overlaps cut off."""
    rows = rates[rates["kind"].isin(kinds)]
    if rows.empty:
        return NO_PRICES
    starts = _column_us(rows["valid_from"], ALWAYS_US)
    ends = _column_us(rows["valid_to"], FOREVER_US)
    method = rows["payment_method"].fillna("").astype(str).to_numpy()
    # the wanted method and the price for all; another method only where there is neither
    wanted = (method == payment_method) | (method == "")
    if not wanted.any():
        wanted = method == min(method)
    # of one instant, the wanted method's price wins over the price for all
    order = np.lexsort((method == "", starts))
    order = order[wanted[order]]
    chosen = order[np.concatenate(([True], starts[order][1:] != starts[order][:-1]))]
    starts, ends = starts[chosen], ends[chosen]
    # a later price supersedes an earlier one that was left open
    ends[:-1] = np.minimum(ends[:-1], starts[1:])
    texts = list(
        zip(
            rows["inc_vat"].astype(str).to_numpy()[chosen],
            rows["exc_vat"].astype(str).to_numpy()[chosen],
            strict=True,
        )
    )
    distinct = {pair: number for number, pair in enumerate(dict.fromkeys(texts))}
    codes = np.array([distinct[pair] for pair in texts], np.intp)
    exact = tuple(Rate(Decimal(inc), Decimal(exc), tariff) for inc, exc in distinct)
    return Prices(starts, ends, codes, exact)


def _column_us(column: pd.Series[pd.Timestamp], default: int) -> Micros:
    index = pd.DatetimeIndex(pd.to_datetime(column, utc=True))
    return np.where(index.isna(), default, index_us(index))


def _day_and_night(
    day: Prices, night: Prices, first_minute: int, end_minute: int, zone: str
) -> Prices:
    """Two prices without hours: the night's in its hours of the clock, the day's in the others."""
    if not len(day.codes) or not len(night.codes):
        return NO_PRICES
    start = max(int(day.starts_us[0]), int(night.starts_us[0]), FIRST_SMART_METER_US)
    end = min(max(int(day.ends_us[-1]), int(night.ends_us[-1])), LAST_DAY_US)
    edges = _local_edges(start, end, (min(first_minute, end_minute), max(first_minute, end_minute)),
                         zone)  # fmt: skip
    starts = np.unique(
        np.concatenate((edges, day.starts_us, night.starts_us, day.ends_us, [start]))
    )
    starts = starts[(starts >= start) & (starts < end)]
    minute = local_us(starts, zone) % DAY_US // MINUTE_US
    is_night = (minute >= first_minute) & (minute < end_minute)
    if end_minute < first_minute:
        is_night = (minute >= first_minute) | (minute < end_minute)
    night_codes = night.at(starts)
    night_codes = np.where(night_codes >= 0, night_codes + len(day.rates), UNPRICED)
    codes = np.where(is_night, night_codes, day.at(starts))
    return _joined(starts, np.append(starts[1:], end), codes, (*day.rates, *night.rates))
