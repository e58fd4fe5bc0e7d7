"""Feeds and answers for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from energydash.core.feeds import Feed, Fetched
from energydash.core.time import Period

START = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
MIX = Feed(
    source="elexon",
    subject="GB",
    quantity="mix",
    unit="MW",
    step=STEP,
    zone="Europe/London",
    cadence=timedelta(minutes=5),
)


def home_feed(owner: str, subject: str = "meter-1") -> Feed:
    return Feed(
        source="octopus",
        subject=subject,
        quantity="consumption",
        unit="kWh",
        step=STEP,
        zone="Europe/London",
        cadence=timedelta(days=1),
        owner=owner,
        history=timedelta(days=730),
        horizon=timedelta(hours=48),
    )


def at(step: int) -> datetime:
    """The instant that many half-hours after START."""
    return START + step * STEP


def span(first: int, end: int) -> Period:
    return Period(at(first), at(end))


def frame(first: int, rows: int, **parts: list[float] | float) -> pd.DataFrame:
    """A frame of half-hours; a single number fills its column."""
    index = pd.date_range(at(first), periods=rows, freq=STEP, unit="us", name="time")
    data = {
        name: np.broadcast_to(np.asarray(values, float), rows) for name, values in parts.items()
    }
    return pd.DataFrame(data, index=index.copy(deep=True))


def answer(first: int, rows: int, **parts: list[float] | float) -> Fetched:
    """An answer that covers exactly its rows."""
    return Fetched(frame(first, rows, **parts), span(first, first + rows))
