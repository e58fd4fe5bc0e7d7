"""Random tariffs, periods and readings, around the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from energydash.core.time import LONDON, Period
from energydash.home.bands import Band, bands_overlap
from energydash.home.meters import Direction
from energydash.home.tariffs import RateInterval, Tariff, Tier, TierSpan

# Two days before each: a spring change, an autumn change, a leap day, a new year, plain summer.
ANCHORS = [
    date(2026, 3, 27), date(2025, 10, 24), date(2024, 2, 27), date(2025, 12, 30), date(2026, 7, 1),
]  # fmt: skip

prices = st.decimals(min_value=-30, max_value=100, places=4)
minutes = st.integers(0, 47).map(lambda n: n * 30)


@st.composite
def bands(draw: st.DrawFn) -> tuple[Band, ...]:
    kept: list[Band] = []
    for _ in range(draw(st.integers(0, 4))):
        season = draw(
            st.none()
            | st.sampled_from([((3, 1), (10, 31)), ((11, 1), (2, 29)), ((12, 31), (1, 1))])
        )
        weekdays = draw(st.sets(st.integers(0, 6), min_size=1))
        band = Band(draw(prices), draw(minutes), draw(minutes) + 30, frozenset(weekdays), season)
        if not any(bands_overlap(band, other) for other in kept):
            kept.append(band)
    return tuple(kept)


@st.composite
def tariffs(
    draw: st.DrawFn, name: str, anchor: date, direction: Direction = Direction.IMPORT
) -> Tariff:
    chosen = draw(bands())
    intervals: list[RateInterval] = []
    at = datetime(anchor.year, anchor.month, anchor.day, tzinfo=UTC)
    for _ in range(draw(st.integers(0, 3))):
        at += timedelta(minutes=30 * draw(st.integers(0, 60)))
        end = at + timedelta(minutes=30 * draw(st.integers(1, 40)))
        intervals.append(RateInterval(at, end, draw(prices)))
        at = end
    default = draw(st.none() | prices)
    if default is None and not chosen and not intervals:
        default = Decimal("12.3456")
    tiers = ()
    if default is not None:
        edges = draw(st.lists(st.integers(1, 60), max_size=2, unique=True))
        tiers = tuple(Tier(Decimal(edge), draw(prices)) for edge in edges)
    return Tariff(
        name,
        name,
        direction=direction,
        default_rate=default,
        bands=chosen,
        tiers=tiers,
        tier_span=draw(st.sampled_from(list(TierSpan))),
        intervals=tuple(intervals),
        standing_p_per_day=draw(st.decimals(min_value=0, max_value=80, places=3)),
        prices_include_vat=draw(st.booleans()),
        band_zone=draw(st.sampled_from(["", "UTC"])),
    )


@st.composite
def successions(
    draw: st.DrawFn, anchor: date, direction: Direction = Direction.IMPORT
) -> list[Tariff]:
    """One to three tariffs after one another, sometimes with days between that have none."""
    from dataclasses import replace

    found: list[Tariff] = []
    day = anchor - timedelta(days=draw(st.integers(0, 2)))
    for number in range(draw(st.integers(1, 3))):
        day += timedelta(days=draw(st.integers(0, 1)))
        end = day + timedelta(days=draw(st.integers(1, 5)))
        one = draw(tariffs(f"{direction.value} {number}", anchor, direction))
        found.append(replace(one, valid_from=day, valid_to=end))
        day = end
    return found


@st.composite
def readings(draw: st.DrawFn, period: Period) -> list[tuple[datetime, Decimal]]:
    """Half-hourly kWh with gaps, exact to three decimals."""
    count = int(period.duration / timedelta(minutes=30))
    seed = draw(st.integers(0, 2**32 - 1))
    gaps = draw(st.floats(0, 0.5))
    import random

    chance = random.Random(seed)
    return [
        (period.start + n * timedelta(minutes=30), Decimal(chance.randrange(0, 3000)) / 1000)
        for n in range(count)
        if chance.random() >= gaps
    ]


@st.composite
def periods(draw: st.DrawFn, anchor: date) -> Period:
    first = anchor + timedelta(days=draw(st.integers(0, 3)))
    return Period.local_days(first, first + timedelta(days=draw(st.integers(1, 4))), LONDON)
