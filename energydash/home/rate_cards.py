"""Prices as explicit UTC intervals, whatever tariff they are from.

`home/tariff_cards.py` turns tariffs into these, `home/prices.py` prices readings with them. What no
interval covers is unpriced: code -1, NaN pence, never zero. Prices are exact `Rate`s; floats are in
arrays of pence alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from energydash.core.time import LONDON
from energydash.home.instants import ALWAYS_US, FOREVER_US, Codes, Floats, Micros
from energydash.home.meters import Direction, Energy
from energydash.home.tariffs import TierSpan

UNPRICED = -1


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


def pence_of(rates: Sequence[Rate]) -> Floats:
    """Prices with VAT as floats, and a NaN at the end so that UNPRICED (-1) finds it."""
    return np.array([*(float(rate.inc_vat) for rate in rates), np.nan])


def _instants(values: Micros) -> pd.DatetimeIndex:
    """Microseconds as instants, NaT for without limit."""
    index = pd.DatetimeIndex(
        np.where(
            (values == ALWAYS_US) | (values == FOREVER_US), np.iinfo(np.int64).min, values
        ).astype("datetime64[us]")
    )
    return index.tz_localize("UTC")
