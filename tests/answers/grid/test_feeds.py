"""One answer comes from one feed per local day; the next in line fills whole days only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energydash import sources
from energydash.answers import grid
from energydash.answers.grid.feeds import feeds_of, joined, read_days
from energydash.core import settings
from energydash.core.feeds import Feed, Fetched, tidy
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.core.time import grid as steps
from energydash.grid.regions import Region
from energydash.sources import Info
from energydash.sources.sample.grid import mix_reading
from energydash.store import open_store, reads
from energydash.sync.context import Context
from tests.upstreams.server import Upstreams

ZONE = "America/New_York"
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
# Three local days; the second has 25 hours.
DAYS = Period.local_days(date(2026, 10, 31), date(2026, 11, 3), ZONE)
PLACE = Region("X", "Somewhere", "US", ZONE, {"mix": ("first", "second")})


@dataclass
class Named:
    """A source with one feed of hourly megawatts."""

    name: str
    INFO: Info = field(init=False)

    def __post_init__(self) -> None:
        self.INFO = Info(self.name, self.name.title(), "", "", "")

    def feeds(self, settings: Settings) -> tuple[Feed, ...]:
        return (Feed(self.name, "X", "mix", "MW", HOUR, ZONE, HOUR),)


@pytest.fixture
def here(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    named = {name: Named(name) for name in ("first", "second")}
    monkeypatch.setattr(sources, "source", named.__getitem__)
    store = open_store(settings.current())
    yield Context(settings.current(), store, lambda: NOW)
    store.close()


def put(here: Context, source: str, period: Period, mw: float) -> None:
    index = steps(period, HOUR)
    frame = tidy(pd.DataFrame({"gas": [mw] * len(index)}, index))
    (feed,) = (feed for feed in feeds_of(here, PLACE, "mix") if feed.source == source)
    here.store.write(feed, Fetched(frame, period), fetched_at=NOW)


def by_day(frame: pd.DataFrame) -> list[tuple[float, int]]:
    """(MW, rows) of each local day."""
    days = pd.DatetimeIndex(frame.index).tz_convert(ZONE).date
    return [(float(part["gas"].iloc[0]), len(part)) for _, part in frame.groupby(days)]


def test_the_next_source_fills_whole_local_days_only(here: Context) -> None:
    second_day = Period.local_days(date(2026, 11, 1), date(2026, 11, 2), ZONE)
    put(here, "first", Period(DAYS.start, DAYS.start + 5 * HOUR), 1)
    put(here, "first", Period(second_day.end, DAYS.end), 1)
    put(here, "second", DAYS, 2)
    readings = read_days(here, PLACE, "mix", DAYS, mix_reading)
    assert [reading.feed.source for reading in readings] == ["first", "second"]
    assert by_day(joined(readings)) == [(1, 5), (2, 25), (1, 24)]


def test_the_first_source_alone_where_it_has_every_day(here: Context) -> None:
    put(here, "first", DAYS, 1)
    put(here, "second", DAYS, 2)
    with reads.watched() as seen:
        (reading,) = read_days(here, PLACE, "mix", DAYS, mix_reading)
    assert reading.feed.source == "first"
    # The second is only looked at where the first lacks a day.
    assert {feed.source: period for feed, period in seen.asked.items()} == {"first": DAYS}


def test_a_source_that_has_nothing_is_not_named_where_another_has(here: Context) -> None:
    put(here, "second", DAYS, 2)
    (reading,) = read_days(here, PLACE, "mix", DAYS, mix_reading)
    assert reading.feed.source == "second"


def test_bring_fetches_what_belongs_together(private_home: Path, upstreams: Upstreams) -> None:
    here = Context(settings.current(), open_store(settings.current()))
    now = here.now()
    done = grid.bring(here, "GB", "mix", Period(now - 2 * HOUR, now))
    assert [refreshed.feed.source for refreshed in done] == ["elexon", "neso"]
    assert all(refreshed.problem is None for refreshed in done)
    assert grid.mix_now(here, "GB").power["wind"] > 0
    assert grid.bring(here, "ISONE", "mix", Period(now - HOUR, now)) == []
    assert ("isone", "ISONE", "mix") in {w.key[1:] for w in here.store.wanted(now - HOUR)}
    here.store.close()
