"""Times and values that the system operators' stand-ins share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from energydash.core.time import zone_info
from tests.upstreams.world import World

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)


def midnight(day: date, zone: str) -> datetime:
    """A local midnight as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone_info(zone)).astimezone(UTC)


def today(world: World, zone: str) -> date:
    return world.now().astimezone(zone_info(zone)).date()


def ticks(start: datetime, end: datetime, step: timedelta = STEP) -> Iterator[datetime]:
    """Every multiple of `step` in [start, end)."""
    at = start
    while at < end:
        yield at
        at += step


def floor(instant: datetime, step: timedelta = STEP) -> datetime:
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return instant - since % step


def daylight(at: datetime, zone: str) -> float:
    """0 at night, 1 at noon: how high the sun stands, near enough."""
    local = at.astimezone(zone_info(zone))
    hour = local.hour + local.minute / 60
    return max(0.0, 1 - ((hour - 12.5) / 5.5) ** 2)
