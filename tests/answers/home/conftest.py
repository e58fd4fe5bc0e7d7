"""A context on a store of its own, at a known time, and a home to fill it with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from energydash.core.feeds import Fetched, empty_frame
from energydash.core.time import DAY, HALF_HOUR, Period, grid
from energydash.home.bands import Band
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Agreement, Tariff
from energydash.sources import octopus
from energydash.sync import documents
from energydash.sync.context import Context, open_context

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
DATA = Period(NOW - 40 * DAY, datetime(2026, 4, 9, 23, tzinfo=UTC))
CODE = "E-1R-AGILE-24-10-01-C"


@pytest.fixture
def nobody() -> Context:
    """Nothing configured, nothing stored, pages' way of falling back."""
    real = open_context()
    return Context(real.settings, real.store, lambda: NOW, sample_if_empty=True)


@pytest.fixture
def home(nobody: Context) -> Context:
    """Two meters with 40 days of 0.5 kWh in and 0.2 kWh out; Flux in, 15 p out."""
    owner = nobody.store.household()
    meters = [
        Meter("in", point="1000000000001", serials=("A1",)),
        Meter("out", direction=Direction.EXPORT, point="1000000000002", serials=("A1",)),
    ]
    tariffs = [
        Tariff(
            "flux",
            "Flux",
            default_rate=Decimal(20),
            bands=(Band(Decimal(30), 960, 1140),),
            standing_p_per_day=Decimal(50),
        ),
        Tariff("fixed", "Fixed", direction=Direction.EXPORT, default_rate=Decimal(15)),
        Tariff("flat", "Flat", default_rate=Decimal(19), for_comparison=True),
    ]
    for meter in meters:
        nobody.store.put(owner, "meter", meter.id, meter.to_body())
    for tariff in tariffs:
        nobody.store.put(owner, "tariff", tariff.id, tariff.to_body())
    for meter, kwh in zip(meters, (0.5, 0.2), strict=True):
        write(nobody, meter, DATA, kwh)
    return nobody


def write(context: Context, meter: Meter, period: Period, kwh: float) -> None:
    index = grid(period, HALF_HOUR)
    frame = pd.DataFrame({"energy": np.full(len(index), kwh)}, index=index)
    feed = documents.meter_feed(meter, context.store.household())
    context.store.write(feed, Fetched(frame, period), fetched_at=NOW)


def publish(context: Context, prices: list[float], start: datetime) -> None:
    """Half-hourly prices of an agreement that the import meter is on from NOW's month on."""
    rows = [
        {
            "kind": "unit",
            "payment_method": "",
            "valid_from": start + n * HALF_HOUR,
            "valid_to": start + (n + 1) * HALF_HOUR,
            "exc_vat": f"{price / 1.05:.4f}",
            "inc_vat": str(price),
        }
        for n, price in enumerate(prices)
    ]
    feed = octopus.unit_rate_feed(CODE)
    covered = Period(start, start + timedelta(minutes=30 * len(prices)))
    context.store.write(
        feed, Fetched(empty_frame("rate"), covered, rates=pd.DataFrame(rows)), fetched_at=NOW
    )
    agreement = Agreement("a", "in", CODE, datetime(2026, 4, 1, tzinfo=UTC))
    context.store.put(context.store.household(), "agreement", "a", agreement.to_body())
