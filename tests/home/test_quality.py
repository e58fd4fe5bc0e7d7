"""Trouble is found where it was put, with its cost, and a clean month has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from energydash.core.time import DAY, LONDON, Period
from energydash.home.meters import Meter
from energydash.home.prices import meter_prices
from energydash.home.profile import Value, day_map, profile
from energydash.home.quality import Kind, backdated, find
from energydash.home.tariffs import Tariff
from tests.home import reference
from tests.home.test_costs import IMPORT, priced

PERIOD = Period.local_days(date(2026, 3, 1), date(2026, 4, 30), LONDON)
TARIFF = Tariff("t", "T", default_rate=Decimal(20), standing_p_per_day=Decimal(50))
CLEAN = [
    (at, Decimal(at.hour % 12 + at.day % 3) / 10 + Decimal("0.1"))
    for at in reference.half_hours(PERIOD.start, PERIOD.end)
]
Readings = list[tuple[datetime, Decimal]]


def without(start: int, end: int) -> Callable[[Readings], Readings]:
    return lambda readings: readings[:start] + readings[end:]


def setting(start: int, end: int, kwh: str) -> Callable[[Readings], Readings]:
    return lambda readings: (
        readings[:start] + [(at, Decimal(kwh)) for at, _ in readings[start:end]] + readings[end:]
    )


def test_a_clean_month_has_no_trouble() -> None:
    assert find([priced(IMPORT, [TARIFF], CLEAN, PERIOD)]) == []


@pytest.mark.parametrize(
    ("change", "kind", "half_hours"),
    [
        (without(100, 103), Kind.GAP, 3),
        (without(-48 * 8, len(CLEAN)), Kind.STOPPED, 48 * 8),
        (setting(480, 480 + 60, "0"), Kind.ZEROS, 60),
        (setting(500, 501, "25"), Kind.SPIKE, 1),
        (setting(48 * 20, 48 * 21, "3"), Kind.ODD_DAY, 48),
    ],
)
def test_trouble_is_found_where_it_is(
    change: Callable[[Readings], Readings], kind: Kind, half_hours: int
) -> None:
    found = find([priced(IMPORT, [TARIFF], change(CLEAN), PERIOD)])
    one = next(trouble for trouble in found if trouble.kind == kind)
    assert one.period is not None
    assert one.subject == IMPORT.id
    assert one.period.duration == half_hours * timedelta(minutes=30)
    assert one.gbp is not None and one.gbp > 0


def test_what_no_tariff_prices_is_said_with_its_kwh() -> None:
    short = Tariff("t", "T", default_rate=Decimal(20), valid_to=date(2026, 4, 29))
    (one,) = find([priced(IMPORT, [short], CLEAN, PERIOD)])
    kwh = sum(kwh for at, kwh in CLEAN[-48:])
    assert one.kind == Kind.UNPRICED
    assert f"{kwh:,.1f} kWh" in one.sentence
    assert one.gbp == pytest.approx(float(kwh) * 0.2)


def test_one_meter_imported_twice_is_seen() -> None:
    usages = [
        priced(meter, [TARIFF], CLEAN, PERIOD) for meter in (IMPORT, Meter("again", point="1"))
    ]
    found = {trouble.kind: trouble.gbp for trouble in find(usages)}
    assert found[Kind.SAME_POINT] == pytest.approx(30.0)
    assert found[Kind.COPY] == pytest.approx(float(sum(kwh for _, kwh in CLEAN)) * 0.2)


def test_a_backdated_agreement_says_what_it_changed() -> None:
    dearer = Tariff("d", "D", default_rate=Decimal(21), standing_p_per_day=Decimal(60))
    usage = priced(IMPORT, [TARIFF], CLEAN, PERIOD)
    before, after = (meter_prices(IMPORT, [one], [], PERIOD) for one in (TARIFF, dearer))
    (one,) = backdated(usage, before, after)
    assert one.gbp == pytest.approx(float(sum(kwh for _, kwh in CLEAN)) * 0.01 + 6.0)
    assert backdated(usage, before, before) == []


def test_the_map_has_a_row_a_day_and_adds_the_repeated_hour() -> None:
    period = Period.local_days(date(2026, 10, 24), date(2026, 10, 26), LONDON)
    readings = [(at, Decimal(1)) for at in reference.half_hours(period.start, period.end)][:-1]
    usage = priced(IMPORT, [TARIFF], readings, period)
    cells = day_map([usage], usage.meter.direction, Value.KWH)
    assert cells.shape == (2, 48)
    assert cells.loc[date(2026, 10, 25), "01:00"] == 2
    assert cells.loc[date(2026, 10, 25)].isna().sum() == 1
    pence = day_map([usage], usage.meter.direction, Value.PENCE)
    assert pence.stack().unique() == pytest.approx([20.0])
    assert day_map([], usage.meter.direction, Value.KWH).empty
    spring = Period.local_days(date(2026, 3, 29), date(2026, 3, 29) + DAY, LONDON)
    readings = [(at, Decimal(1)) for at in reference.half_hours(spring.start, spring.end)]
    cells = day_map([priced(IMPORT, [TARIFF], readings, spring)], usage.meter.direction, Value.GBP)
    assert cells.iloc[0].isna().sum() == 2


def test_baseload_and_peak() -> None:
    readings = [(at, Decimal("0.1")) for at, _ in CLEAN[:96]]
    readings[30] = (readings[30][0], Decimal(2))
    found = profile(priced(IMPORT, [TARIFF], readings, PERIOD))
    assert found is not None
    assert (found.baseload_kw, found.peak_kw, found.peak_at) == (0.2, 4.0, readings[30][0])
    assert profile(priced(IMPORT, [TARIFF], [], PERIOD)) is None
