"""A source whose answers a test decides, put in the place of a real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd

from energydash.core.feeds import Feed, Fetched, Stamp, tidy
from energydash.core.settings import Settings
from energydash.core.time import Period, grid
from energydash.sources import Info

START = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOURLY = Feed(
    source="fake",
    subject="X",
    quantity="load",
    unit="MW",
    step=timedelta(minutes=30),
    zone="Europe/London",
    cadence=timedelta(minutes=30),
    stamp=Stamp.START,
    revises=timedelta(hours=6),
)


@dataclass
class FakeSource:
    """Answers every half-hour up to `now` with its number since START; counts what it is asked."""

    now: datetime
    error: Exception | None = None
    asked: list[Period] = field(default_factory=list)
    offset: float = 0.0
    delay_s: float = 0.0
    covers: float = 1.0  # which share of a question it answers for, the end of it
    silent: list[Period] = field(default_factory=list)  # it has nothing for these
    INFO: Info = field(
        default_factory=lambda: Info("fake", "Fake", "A test's source.", "", "", longest_days=2)
    )

    def feeds(self, settings: Settings) -> tuple[Feed, ...]:
        return (HALF_HOURLY,)

    def fetch(self, feed: Feed, period: Period, settings: Settings) -> Fetched:
        import time

        time.sleep(self.delay_s)
        self.asked.append(period)
        if self.error:
            raise self.error
        period = Period(period.end - period.duration * self.covers, period.end)
        index = grid(Period(period.start, max(min(period.end, self.now), period.start)), feed.step)
        for hole in self.silent:
            index = index[(index < hole.start) | (index >= hole.end)]
        number = (index - pd.Timestamp(START)) / pd.Timedelta(minutes=30)
        return Fetched(tidy(pd.DataFrame({"load": number + self.offset}, index=index)), period)
