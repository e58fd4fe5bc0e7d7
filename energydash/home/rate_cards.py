"""Prices as explicit UTC intervals, and readings priced by them.

`home/prices.py` turns tariffs into these intervals. A reading is priced with the rate at its start,
by binary search on UTC instants. What no interval covers is unpriced: code -1, NaN pence, never
zero.

Times inside are int64 microseconds since the epoch; prices are exact `Rate`s, and floats (pence)
only in arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import LONDON, Period, local_midnight
from energydash.home.meters import Direction, Energy
from energydash.home.tariffs import TierSpan

Micros = npt.NDArray[np.int64]
Codes = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

ALWAYS_US, FOREVER_US = np.iinfo(np.int64).min, np.iinfo(np.int64).max
UNPRICED = -1
MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US
HALF_HOUR_US = 30 * MINUTE_US


@dataclass(frozen=True)
class Rate:
    """An exact price, in pence, with and without VAT, and the tariff that it is from."""

    inc_vat: Decimal
    exc_vat: Decimal
    tariff: str = ""


@dataclass(frozen=True, eq=False)
class Prices:
    """Sorted, disjoint UTC intervals, each with a code into `rates`."""

    starts_us: Micros
    ends_us: Micros
    codes: Codes
    rates: tuple[Rate, ...]

    def at(self, times_us: Micros) -> Codes:
        """The code of the price at each instant, UNPRICED where there is none."""
        if not len(self.starts_us):
            return np.full(len(times_us), UNPRICED, dtype=np.intp)
        place = np.searchsorted(self.starts_us, times_us, side="right") - 1
        inside = (place >= 0) & (times_us < self.ends_us[place])
        return np.where(inside, self.codes[place], UNPRICED)

    def pence(self, times_us: Micros) -> Floats:
        """The price with VAT at each instant; NaN where there is none."""
        return pence_of(self.rates)[self.at(times_us)]

    def clip(self, start_us: int, end_us: int) -> Prices:
        """The same prices within `[start_us, end_us)`."""
        keep = (self.ends_us > start_us) & (self.starts_us < end_us)
        return Prices(
            np.maximum(self.starts_us[keep], start_us),
            np.minimum(self.ends_us[keep], end_us),
            self.codes[keep],
            self.rates,
        )

    def frame(self) -> pd.DataFrame:
        """The intervals as `start, end, inc_vat, exc_vat, tariff`, for tables and charts."""
        return pd.DataFrame(
            {
                "start": _instants(self.starts_us),
                "end": _instants(self.ends_us),
                "inc_vat": [float(self.rates[code].inc_vat) for code in self.codes],
                "exc_vat": [float(self.rates[code].exc_vat) for code in self.codes],
                "tariff": [self.rates[code].tariff for code in self.codes],
            }
        )


NO_PRICES = Prices(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.intp), ()
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class RateCard:
    """One tariff, ready to price: energy in p/kWh, standing charge in p/day.

    tiers: (kWh within the span, rate above it), ascending; they replace code 0 of `unit`.
    """

    id: str
    label: str
    energy: Energy
    direction: Direction
    unit: Prices
    standing: Prices
    tiers: tuple[tuple[float, Rate], ...] = ()
    tier_span: TierSpan = TierSpan.MONTH
    zone: str = LONDON


@dataclass(frozen=True, eq=False)
class Lines:
    """Priced energy: a line for each reading, and one more where a tier ends inside it.

    reading: index of the reading. code: into `rates`, UNPRICED where nothing has a price.
    """

    reading: Codes
    kwh: Floats
    code: Codes
    rates: tuple[Rate, ...]

    @property
    def pence_per_kwh(self) -> Floats:
        """The price of each line with VAT; NaN where there is none."""
        return pence_of(self.rates)[self.code]


def pence_of(rates: Sequence[Rate]) -> Floats:
    """Prices with VAT as floats, and a NaN at the end so that UNPRICED (-1) finds it."""
    return np.array([*(float(rate.inc_vat) for rate in rates), np.nan])


def micros(instant: datetime | None, default: int = ALWAYS_US) -> int:
    """An instant in microseconds since the epoch, or `default` for None."""
    if instant is None:
        return default
    return (instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def index_us(index: pd.DatetimeIndex) -> Micros:
    """A UTC index as microseconds."""
    return index.as_unit("us").to_numpy(dtype="datetime64[us]").astype(np.int64)


def local_us(times_us: Micros, zone: str) -> Micros:
    """The local clock of each UTC instant, as microseconds of an epoch without a zone."""
    if zone == "UTC":
        return times_us
    utc = pd.DatetimeIndex(times_us.astype("datetime64[us]")).tz_localize("UTC")
    return index_us(utc.tz_convert(zone).tz_localize(None))


def price(times_us: Micros, kwh: Floats, card: RateCard) -> Lines:
    """Each reading's energy with its rate; tiers count from the first reading given."""
    code = card.unit.at(times_us)
    reading = np.arange(len(times_us))
    if not card.tiers:
        return Lines(reading, kwh, code, card.unit.rates)
    tiered = code == 0
    used = np.where(tiered, np.nan_to_num(kwh), 0.0)
    span = span_number(times_us, card.zone, card.tier_span)
    after = _running_total(used, span)
    edges = [0.0, *(above for above, _ in card.tiers), np.inf]
    rates = (*card.unit.rates, *(rate for _, rate in card.tiers))
    parts: list[tuple[Codes, Floats, Codes]] = [(reading[~tiered], kwh[~tiered], code[~tiered])]
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = np.clip(after, low, high) - np.clip(after - used, low, high)
        # a reading of zero is a line of the tier it falls in
        here = tiered & ((inside > 0) | ((used == 0) & (after >= low) & (after < high)))
        number_code = 0 if number == 0 else len(card.unit.rates) + number - 1
        energy = np.where(used[here] == kwh[here], inside[here], kwh[here])
        parts.append((reading[here], energy, np.full(int(here.sum()), number_code, np.intp)))
    readings, energies, codes = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(readings, kind="stable")
    return Lines(readings[order], energies[order], codes[order], rates)


def join_lines(lines: Iterable[Lines]) -> Lines:
    """Several sets of lines as one, their rates behind one another."""
    all_lines = list(lines)
    rates: list[Rate] = []
    codes: list[Codes] = []
    for one in all_lines:
        codes.append(np.where(one.code >= 0, one.code + len(rates), UNPRICED))
        rates.extend(one.rates)
    if not all_lines:
        empty = np.empty(0, np.intp)
        return Lines(empty, np.empty(0), empty, ())
    return Lines(
        np.concatenate([one.reading for one in all_lines]),
        np.concatenate([one.kwh for one in all_lines]),
        np.concatenate(codes),
        tuple(rates),
    )


def span_number(times_us: Micros, zone: str, span: TierSpan) -> Micros:
    """A number that is the same for instants of the same local day, month or year."""
    local = local_us(times_us, zone)
    unit = {TierSpan.DAY: "D", TierSpan.MONTH: "M", TierSpan.YEAR: "Y"}[span]
    return local.astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)


def _running_total(used: Floats, span: Micros) -> Floats:
    """The sum up to and including each value, starting again where `span` changes."""
    total = np.cumsum(used)
    first = np.flatnonzero(np.concatenate(([True], span[1:] != span[:-1])))[: len(span)]
    offset = np.repeat(total[first] - used[first], np.diff([*first, len(span)]))
    return total - offset


def _instants(values: Micros) -> pd.DatetimeIndex:
    """Microseconds as instants, NaT for without limit."""
    index = pd.DatetimeIndex(
        np.where(
            (values == ALWAYS_US) | (values == FOREVER_US), np.iinfo(np.int64).min, values
        ).astype("datetime64[us]")
    )
    return index.tz_localize("UTC")


def standing_days(standing: Prices, days: Sequence[date], zone: str) -> Codes:
    """The code of the standing charge of each local day, at its first instant."""
    return standing.at(midnights_us(tuple(days), zone))


@lru_cache(maxsize=32)
def midnights_us(days: tuple[date, ...], zone: str) -> Micros:
    """The first instant of each local day."""
    return np.array([micros(local_midnight(day, zone)) for day in days], np.int64)


def charged_days(period: Period, zone: str) -> list[date]:
    """The local days whose first instant is in `period`: each day is charged once, wherever the
    periods of two questions meet."""
    return [day for day in period.days(zone) if local_midnight(day, zone) >= period.start]
