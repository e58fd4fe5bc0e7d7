"""Costs equal an independent decimal reference to 1e-9 £, whatever the tariff, day or gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.time import DAY, LONDON, Period, local_midnight, micros
from energydash.home.bands import Band
from energydash.home.costs import By, costs, distinct_of
from energydash.home.meters import CalorificValue, Direction, Energy, Meter, Unit
from energydash.home.prices import meter_prices
from energydash.home.tariff_cards import published_card
from energydash.home.tariffs import Agreement, Tariff, Tier
from energydash.home.terms import terms
from energydash.home.usage import Usage, use
from tests.home import reference, strategies

IMPORT = Meter("in", point="1")
EXPORT = Meter("out", direction=Direction.EXPORT, point="2")


def frame(readings: Sequence[tuple[datetime, Decimal]]) -> pd.DataFrame:
    index = pd.DatetimeIndex([at for at, _ in readings], name="time", tz="UTC").as_unit("us")
    return pd.DataFrame({"energy": [float(kwh) for _, kwh in readings]}, index=index)


def priced(
    meter: Meter,
    tariffs: Sequence[Tariff],
    readings: Sequence[tuple[datetime, Decimal]],
    period: Period,
) -> Usage:
    wide = Period(period.start - 800 * DAY, period.end)
    return use(meter, frame(readings), period, meter_prices(meter, tariffs, [], wide))


@given(data=st.data())
@pytest.mark.parametrize("by", list(By))
def test_costs_equal_the_slow_reference(by: By, data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    period = data.draw(strategies.periods(anchor))
    ways = {}
    usages = []
    for meter, way in ((IMPORT, Direction.IMPORT), (EXPORT, Direction.EXPORT)):
        tariffs = data.draw(strategies.successions(anchor, way))
        readings = data.draw(strategies.readings(period))
        ways[way.value] = reference.lines(tariffs, readings)
        usages.append(priced(meter, tariffs, readings, period))
    made = costs(usages, by)
    found = {"rows": made.rows.to_dict("records"), "totals": made.totals}
    expected = reference.table(
        ways, reference.half_hours(period.start, period.end), by.value, LONDON
    )
    assert {row["key"] for row in found["rows"]} == set(expected)
    for row in found["rows"]:
        wanted = expected[row["key"]]
        assert row["missing"] == wanted["missing"]
        if by is not By.RATE:  # a tier can end exactly at a reading: either side may claim the day
            assert row["days"] == wanted["days"]
        for name in ("import_kwh", "import_cost_gbp", "export_kwh", "export_value_gbp",
                     "unpriced_kwh"):  # fmt: skip
            value = wanted.get(name)
            if value is None:  # nothing is known of it
                assert np.isnan(row[name])
            else:
                assert row[name] == pytest.approx(float(value), abs=1e-9)  # type: ignore[arg-type]
        if "import_kwh" in wanted and "export_kwh" in wanted:
            net = np.nan_to_num(row["import_cost_gbp"]) - np.nan_to_num(row["export_value_gbp"])
            net += np.nan_to_num(row["standing_charge_gbp"])
            assert row["net_cost_gbp"] == pytest.approx(net, abs=1e-12)
        else:
            assert np.isnan(row["net_cost_gbp"])


@given(data=st.data())
def test_standing_charges_are_once_a_local_day(data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    period = data.draw(strategies.periods(anchor))
    tariffs = data.draw(strategies.successions(anchor))
    wanted = Decimal(0)
    for day in period.days(LONDON):
        tariff = next((t for t in tariffs if t.valid_from <= day < t.valid_to), None)  # type: ignore[operator]
        if tariff:
            wanted += reference.with_vat(tariff, tariff.standing_p_per_day) / 100
    usage = priced(IMPORT, tariffs, [], period)
    other_serial = Meter("in-2", point=IMPORT.point)
    twice = [usage, priced(other_serial, tariffs, [], period)]
    for usages in ([usage], twice):
        assert costs(usages, By.MONTH).totals["standing_charge_gbp"] == pytest.approx(
            float(wanted), abs=1e-9
        )


def test_two_periods_that_meet_charge_each_day_once() -> None:
    tariff = Tariff("t", "T", default_rate=Decimal(1), standing_p_per_day=Decimal(50))
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    parts = [Period(noon - 2 * DAY, noon), Period(noon, noon + 2 * DAY)]
    charges = [
        costs([priced(IMPORT, [tariff], [], part)], By.TOTAL).totals["standing_charge_gbp"]
        for part in (*parts, Period(parts[0].start, parts[1].end))
    ]
    assert charges == [1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("day", "slots", "peak_kwh"), [(date(2026, 3, 29), 46, 6), (date(2026, 10, 25), 50, 6)]
)
def test_a_local_band_keeps_its_hours_when_the_clocks_change(
    day: date, slots: int, peak_kwh: int
) -> None:
    flux = Tariff(
        "flux",
        "Flux",
        default_rate=Decimal(20),
        bands=(Band(Decimal(10), 60, 120), Band(Decimal(30), 960, 1140)),
    )
    period = Period.local_days(day, day + DAY, LONDON)
    readings = [(at, Decimal(1)) for at in reference.half_hours(period.start, period.end)]
    usage = priced(IMPORT, [flux], readings, period)
    assert len(usage.expected_us) == slots
    table = costs([usage], By.HALF_HOUR)
    rows = table.rows.set_index("key")
    assert len(rows) == min(slots, 48)
    by_rate = costs([usage], By.RATE).rows.set_index("key")
    assert by_rate.loc["0.30000", "import_kwh"] == peak_kwh
    if slots == 46:
        assert "01:00" not in rows.index  # the hour that does not exist
        assert "0.10000" not in by_rate.index
    else:
        assert rows.loc["01:00", "import_kwh"] == 2  # the repeated hour is added
        assert rows.loc["01:00", "days"] == 1
        assert by_rate.loc["0.10000", "import_kwh"] == 4
    assert table.totals["missing"] == 0


def test_the_last_half_hour_has_the_rate_of_its_band() -> None:
    tariff = Tariff("t", "T", bands=(Band(Decimal(10), 0, 420), Band(Decimal(30), 420, 1440)))
    period = Period.local_days(date(2026, 7, 1), date(2026, 7, 2), LONDON)
    usage = priced(IMPORT, [tariff], [(period.end - timedelta(minutes=30), Decimal(1))], period)
    assert costs([usage], By.TOTAL).totals["import_cost_gbp"] == pytest.approx(0.30)


def published(*rows: tuple[object, ...]) -> pd.DataFrame:
    names = ["kind", "payment_method", "valid_from", "valid_to", "exc_vat", "inc_vat"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("valid_from", "valid_to"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def test_one_price_is_chosen_where_payment_methods_differ() -> None:
    rates = published(
        ("unit", "NON_DIRECT_DEBIT", "2024-03-31T23:00Z", None, "50.79", "53.3295"),
        ("unit", "DIRECT_DEBIT", "2024-03-31T23:00Z", None, "45.57", "47.8485"),
        ("unit", "NON_DIRECT_DEBIT", "2024-06-30T23:00Z", None, "60", "63"),
        ("standing", None, None, None, "40", "42"),
    )
    at = [micros(datetime(2024, month, 1, 12, tzinfo=UTC)) for month in (3, 4, 8)]
    times = pd.Series(at).to_numpy()
    for method, wanted in (
        ("DIRECT_DEBIT", (47.8485, 47.8485)),
        ("NON_DIRECT_DEBIT", (53.3295, 63)),
    ):
        card = published_card("E-1R-VAR-22-11-01-C", rates, Direction.IMPORT, payment_method=method)
        assert pd.isna(card.unit.pence(times)[0])
        assert tuple(card.unit.pence(times)[1:]) == wanted
        assert list(card.standing.pence(times)) == [42.0, 42.0, 42.0]


def test_economy_7_keeps_utc_hours_in_summer() -> None:
    rates = published(
        ("day", None, "2024-01-01T00:00Z", None, "57.01", "59.86"),
        ("night", None, "2024-01-01T00:00Z", None, "32.55", "34.18"),
    )
    card = published_card("E-2R-VAR-22-11-01-B", rates, Direction.IMPORT)
    clock = {"00:00": 59.86, "00:30": 34.18, "07:00": 34.18, "07:30": 59.86}
    times = pd.Series(
        [micros(datetime.fromisoformat(f"2024-07-01T{at}+00:00")) for at in clock]
    ).to_numpy()
    assert list(card.unit.pence(times)) == list(clock.values())


def test_the_order_in_which_tariffs_win() -> None:
    period = Period.local_days(date(2026, 1, 1), date(2026, 1, 11), LONDON)
    everyone = Tariff("all", "All", default_rate=Decimal(1))
    bound = Tariff("mine", "Mine", default_rate=Decimal(2), meter="in", valid_to=date(2026, 1, 3))
    library = Tariff("lib", "Library", default_rate=Decimal(3), for_comparison=True, meter="in")
    first = Agreement("a", "in", "E-1R-A-C", None, local_midnight(date(2026, 1, 8), LONDON))
    second = Agreement("b", "in", "E-1R-B-C", local_midnight(date(2026, 1, 6), LONDON),
                       local_midnight(date(2026, 1, 9), LONDON))  # fmt: skip
    found = terms(IMPORT, [everyone, library, bound], [first, second], period)
    days = [(term.tariff, term.period.start.day, term.period.end.day) for term in found]
    assert days == [("mine", 1, 3), ("E-1R-A-C", 3, 6), ("E-1R-B-C", 6, 9), ("all", 9, 11)]


def test_gas_in_cubic_metres_is_priced_by_the_calorific_value_of_its_day() -> None:
    meter = Meter(
        "gas",
        Energy.GAS,
        unit=Unit.M3,
        calorific_values=(
            CalorificValue(Decimal("39.5")),
            CalorificValue(Decimal("41"), date(2026, 1, 2)),
        ),
    )
    tariff = Tariff("g", "Gas", Energy.GAS, default_rate=Decimal("6.5"))
    period = Period.local_days(date(2026, 1, 1), date(2026, 1, 3), LONDON)
    readings = [(period.start, Decimal(2)), (period.start + DAY, Decimal(3))]
    usage = priced(meter, [tariff], readings, period)
    rows = costs([usage], By.DAY).rows
    wanted = [2 * 1.02264 * 39.5 / 3.6, 3 * 1.02264 * 41 / 3.6]
    assert rows["import_kwh"].tolist() == pytest.approx(wanted, abs=1e-12)
    assert rows["import_m3"].tolist() == [2.0, 3.0]
    assert costs([usage], By.TOTAL).totals["import_cost_gbp"] == pytest.approx(
        sum(wanted) * 0.065, abs=1e-12
    )


def test_a_tier_counts_from_the_start_of_its_month() -> None:
    tariff = Tariff("t", "T", default_rate=Decimal(10), tiers=(Tier(Decimal(10), Decimal(20)),))
    whole = Period.local_days(date(2026, 1, 1), date(2026, 2, 1), LONDON)
    half = Period.local_days(date(2026, 1, 16), date(2026, 2, 1), LONDON)
    readings = [(whole.start + n * DAY, Decimal(1)) for n in range(31)]
    assert costs([priced(IMPORT, [tariff], readings, whole)], By.TOTAL).totals[
        "import_cost_gbp"
    ] == pytest.approx(1.0 + 4.2)
    assert costs([priced(IMPORT, [tariff], readings, half)], By.TOTAL).totals[
        "import_cost_gbp"
    ] == pytest.approx(3.2)


def test_nothing_stored_is_a_table_without_rows_of_energy() -> None:
    period = Period.local_days(date(2026, 1, 1), date(2026, 1, 2), LONDON)
    usage = priced(IMPORT, [], [], period)
    for by in By:
        found = costs([usage], by)
        assert found.totals["missing"] == 48
        assert np.isnan(found.totals["import_kwh"])
        assert np.isnan(found.totals["net_cost_gbp"])
        assert found.coverage.counts["missing"] == 48
    assert costs([], By.DAY).rows.empty


@given(st.lists(st.lists(st.integers(0, 50), max_size=30), max_size=4))
def test_distinct_numbers_are_numpys(parts: list[list[int]]) -> None:
    arrays = [np.array(part, np.int64) for part in parts]
    together = np.concatenate([np.empty(0, np.int64), *arrays])
    assert distinct_of(arrays).tolist() == np.unique(together).tolist()
