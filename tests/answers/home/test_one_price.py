"""One half-hour has one price: every caller says the same, and a period costs what its parts do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energydash.answers import home as answers
from energydash.answers.home.pricing import prices_of
from energydash.answers.home.subject import home_of
from energydash.core.feeds import Fetched, empty_frame
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period, grid
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Agreement, Tariff
from energydash.sources import octopus
from energydash.store import Store
from energydash.sync import documents
from energydash.sync.context import Context
from tests.home import reference, strategies

INTELLIGENT = "E-1R-INTELLI-VAR-24-10-29-C"
IMPORT = Meter("in", point="1000000000001", serials=("A1",), account="mine")
EXPORT = Meter("out", direction=Direction.EXPORT, point="1000000000002", serials=("A1",))
Readings = list[tuple[datetime, Decimal]]


@contextmanager
def home_with(
    context: Context, tariffs: list[Tariff], readings: dict[str, Readings], now: datetime
) -> Iterator[Context]:
    """A home with these documents and readings, empty again afterwards."""
    store = context.store
    owner = store.household()
    put: list[tuple[str, str]] = []
    for meter in (IMPORT, EXPORT):
        store.put(owner, "meter", meter.id, meter.to_body())
        rows = readings.get(meter.id, [])
        feed = documents.meter_feed(meter, owner)
        everything = Period(now - 800 * DAY, now)
        store.delete(feed, everything)
        if rows:
            index = pd.DatetimeIndex([at for at, _ in rows], name="time").as_unit("us")
            frame = pd.DataFrame({"energy": [float(kwh) for _, kwh in rows]}, index=index)
            store.write(feed, Fetched(frame, everything), fetched_at=now)
    for tariff in tariffs:
        store.put(owner, "tariff", tariff.id, tariff.to_body())
        put.append(("tariff", tariff.id))
    try:
        yield replace(context, now=lambda: now)
    finally:
        for kind, name in put:
            store.drop(owner, kind, name)


def publish(store: Store, code: str, rows: list[dict[str, object]], period: Period) -> None:
    fetched = Fetched(empty_frame("rate"), period, rates=pd.DataFrame(rows))
    store.write(octopus.unit_rate_feed(code), fetched, fetched_at=period.end)


def row(start: datetime, end: datetime | None, pence: str, method: str = "") -> dict[str, object]:
    return {"kind": "unit", "payment_method": method, "valid_from": start, "valid_to": end,
            "exc_vat": pence, "inc_vat": pence}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_period_costs_what_its_parts_cost(nobody: Context, data: st.DataObject) -> None:
    """Tiers, bands, seasons and both clock changes, cut anywhere on half-hours."""
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    whole = Period.local_days(anchor, anchor + 5 * DAY, LONDON)
    ways = {"in": Direction.IMPORT, "out": Direction.EXPORT}
    tariffs = {name: data.draw(strategies.successions(anchor, way)) for name, way in ways.items()}
    every = Period(whole.start - 2 * DAY, whole.end)
    readings = {name: data.draw(strategies.readings(every)) for name in ways}
    halves = int(whole.duration / HALF_HOUR)
    cuts = sorted(data.draw(st.sets(st.integers(1, halves - 1), max_size=4)))
    edges = [whole.start, *(whole.start + n * HALF_HOUR for n in cuts), whole.end]
    parts = [Period(a, b) for a, b in pairwise(edges)]
    with home_with(nobody, [*tariffs["in"], *tariffs["out"]], readings, whole.end + DAY) as home:
        together = answers.costs(home, whole, "total").costs.totals
        apart = [answers.costs(home, part, "total").costs.totals for part in parts]
        for name in ("import_kwh", "import_cost_gbp", "export_kwh", "export_value_gbp",
                     "standing_charge_gbp", "unpriced_kwh", "missing"):  # fmt: skip
            total = float(np.nansum([one[name] for one in apart]))
            assert total == pytest.approx(np.nan_to_num(together[name]), abs=1e-9)
        # and an independent walk through exact decimals says the same
        for name, money in (("in", "import_cost_gbp"), ("out", "export_value_gbp")):
            lines = reference.lines(tariffs[name], readings[name])
            wanted = sum(
                (
                    kwh * pence / 100
                    for at, kwh, pence in lines
                    if at in whole and pence is not None
                ),
                Decimal(0),
            )
            assert np.nan_to_num(together[money]) == pytest.approx(float(wanted), abs=1e-9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_caller_has_the_same_price(nobody: Context, data: st.DataObject) -> None:
    """Costs, the bill, the price now, the windows, the comparison and a half-hour's own price."""
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    tariff = data.draw(strategies.tariffs("own", anchor))
    period = data.draw(strategies.periods(anchor))
    month = Period.local_days(period.days(LONDON)[0].replace(day=1), period.days(LONDON)[0], LONDON)
    readings = [*data.draw(strategies.readings(month)), *data.draw(strategies.readings(period))]
    with home_with(nobody, [tariff], {"in": readings}, period.end) as home:
        index = grid(period, HALF_HOUR)
        pence = prices_of(home, home_of(home), IMPORT, period).pence(index)
        known = {at: kwh for at, kwh in readings if at in period}
        expected = Decimal(0)
        for at, kwh, price in reference.lines([tariff], readings):
            if at in period and price is not None:
                expected += kwh * price / 100
        by_half_hours = sum(
            float(known[at]) * one / 100
            for at, one in zip(index.to_pydatetime(), pence.tolist(), strict=True)
            if at in known and not np.isnan(one)
        )
        costs = answers.costs(home, period, "half-hour", "in").costs
        statement = answers.bill(home, period, "in").bill.statements[0]
        pair = answers.compare(home, period, ["own"]).comparison.table.iloc[0]
        for money in (by_half_hours, costs.rows["import_cost_gbp"].sum(),
                      float(statement.energy.inc_vat), pair["import_gbp"] or 0.0):  # fmt: skip
            assert np.nan_to_num(money) == pytest.approx(float(expected), abs=1e-9)
        at = data.draw(st.sampled_from(list(index.to_pydatetime())))
        there = replace(home, now=lambda: at + timedelta(minutes=data.draw(st.integers(0, 29))))
        here = prices_of(home, home_of(home), IMPORT, Period(at, at + HALF_HOUR))
        (alone,) = here.pence(grid(Period(at, at + HALF_HOUR), HALF_HOUR)).tolist()
        assert alone == pytest.approx(pence[index.get_loc(at)], abs=1e-9, nan_ok=True)
        (now,) = answers.price_now(there).homes
        assert now.import_p_per_kwh == pytest.approx(None if np.isnan(alone) else alone)
        ahead = answers.cheapest_windows(there, (1,))
        first = ahead.prices.get(at)
        assert first == pytest.approx(None if np.isnan(alone) else alone)


CHARGE = Period(datetime(2026, 7, 2, 13, 10, tzinfo=UTC), datetime(2026, 7, 2, 14, 5, tzinfo=UTC))


@pytest.fixture
def intelligent(nobody: Context) -> Context:
    """7 p from 23:30 to 05:30, 28 p else; the car charged in an afternoon; two payers."""
    store = nobody.store
    owner = store.household()
    days = Period.local_days(date(2026, 6, 28), date(2026, 7, 6), LONDON)
    rows = []
    for day in days.days(LONDON):
        midnight = Period.local_days(day, day, LONDON).start
        night_ends, night_starts = midnight + timedelta(hours=5.5), midnight + timedelta(hours=23.5)
        for method, extra in (("DIRECT_DEBIT", 0), ("NON_DIRECT_DEBIT", 1)):
            rows.append(row(night_ends, night_starts, str(28 + extra), method))
            rows.append(row(night_starts, night_ends + DAY, str(7 + extra), method))
    publish(store, INTELLIGENT, rows, days)
    for meter in (IMPORT, EXPORT):
        store.put(owner, "meter", meter.id, meter.to_body())
    neighbour = replace(IMPORT, id="other", account="theirs", point="1000000000009")
    store.put(owner, "meter", "other", neighbour.to_body())
    for meter, method in ((IMPORT, "DIRECT_DEBIT"), (neighbour, "NON_DIRECT_DEBIT")):
        agreement = Agreement(meter.id, meter.id, INTELLIGENT, payment_method=method)
        store.put(owner, "agreement", meter.id, agreement.to_body())
        index = grid(days, HALF_HOUR)
        frame = pd.DataFrame({"energy": np.full(len(index), 1.0)}, index=index)
        store.write(documents.meter_feed(meter, owner), Fetched(frame, days), fetched_at=days.end)
    slot = {
        "account": "mine",
        "source": "smart-charge",
        "start": CHARGE.start.isoformat(),
        "end": CHARGE.end.isoformat(),
    }
    store.put(owner, documents.DISPATCH, "slot", slot)
    return replace(nobody, now=lambda: days.end)


def test_a_charging_hour_has_one_price_alone_in_its_day_and_now(intelligent: Context) -> None:
    hour = Period(datetime(2026, 7, 2, 13, 30, tzinfo=UTC), datetime(2026, 7, 2, 14, tzinfo=UTC))
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    alone = answers.costs(intelligent, hour, "half-hour", "in").costs.rows
    within = answers.costs(intelligent, day, "half-hour", "in").costs.rows.set_index("key")
    assert alone["import_cost_gbp"].tolist() == pytest.approx([0.07])
    assert within.loc["14:30", "import_cost_gbp"] == pytest.approx(0.07)
    then = replace(intelligent, now=lambda: hour.start + timedelta(minutes=7))
    mine, theirs, _ = sorted(
        answers.price_now(then).homes, key=lambda one: one.import_p_per_kwh or 99
    )
    assert (mine.import_p_per_kwh, theirs.import_p_per_kwh) == (7.0, 29.0)
    assert mine.until == datetime(2026, 7, 2, 14, 30, tzinfo=UTC)
    assert answers.cheapest_windows(then, (0.5,)).prices.iloc[0] == 7.0
    compared = answers.compare(then, hour, [INTELLIGENT], meter="in").comparison.table
    assert compared["import_gbp"].tolist() == pytest.approx([0.07])


def test_a_day_with_charging_costs_the_same_in_quarters(intelligent: Context) -> None:
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    quarters = day.chunks(timedelta(hours=6))
    whole = answers.costs(intelligent, day, "total", "in").costs.totals["import_cost_gbp"]
    parts = [answers.costs(intelligent, one, "total", "in").costs.totals for one in quarters]
    assert whole == pytest.approx(0.07 * 15 + 0.28 * 33)
    assert sum(one["import_cost_gbp"] for one in parts) == pytest.approx(whole, abs=1e-12)


def test_two_accounts_on_one_code_pay_their_own_way(intelligent: Context) -> None:
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    rows = {
        meter: answers.costs(intelligent, day, "rate", meter).costs.rows["key"].tolist()
        for meter in ("in", "other")
    }
    assert rows == {"in": ["0.07000", "0.28000"], "other": ["0.08000", "0.29000"]}
    both = answers.costs(intelligent, day, "rate").costs.rows["key"].tolist()
    assert both == ["0.07000", "0.08000", "0.28000", "0.29000"]
    # the neighbour's car did not charge: its night alone is cheap
    theirs = answers.costs(intelligent, day, "rate", "other").costs.rows
    assert theirs["import_kwh"].tolist() == [12.0, 36.0]


def test_a_code_that_cannot_be_read_leaves_the_rest_alone(intelligent: Context) -> None:
    store = intelligent.store
    agreement = Agreement("x", "other", "BUS-PANELP-12M-FIXED-SEPTEMBER2029")
    store.drop(store.household(), "agreement", "other")
    store.put(store.household(), "agreement", "x", agreement.to_body())
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    found = answers.costs(intelligent, day, "total")
    assert found.costs.totals["import_cost_gbp"] == pytest.approx(0.07 * 15 + 0.28 * 33)
    assert found.costs.totals["unpriced_kwh"] == 48
    assert any("BUS-PANELP" in note for note in found.notes)
    assert answers.home_cards(intelligent).meters
    assert len(answers.compare(intelligent, day).comparison.table)


def test_day_and_night_without_hours_are_those_of_the_product(nobody: Context) -> None:
    """Intelligent Go's night is 23:30 to 05:30 on the clock, Economy 7's keeps UTC."""
    code = "E-1R-IOG-SMB-TOU-25-12-12-E"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [row(since, None, "30") | {"kind": "day"}, row(since, None, "7") | {"kind": "night"}]
    publish(nobody.store, code, rows, Period(since, since + 300 * DAY))
    nobody.store.put(nobody.store.household(), "meter", "in", IMPORT.to_body())
    agreement = Agreement("a", "in", code)
    nobody.store.put(nobody.store.household(), "agreement", "a", agreement.to_body())
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    pence = prices_of(nobody, home_of(nobody), IMPORT, day).pence(grid(day, HALF_HOUR))
    assert pence.tolist() == [7.0] * 11 + [30.0] * 36 + [7.0]


def dispatch(context: Context, name: str, start: str, end: str, source: str) -> None:
    body = {"account": "mine", "start": start, "end": end, "source": source}
    context.store.put(context.store.household(), documents.DISPATCH, name, body)


@pytest.mark.parametrize("source", ["bump-charge", "", "BOOST"])
def test_a_bump_charge_is_not_off_peak(intelligent: Context, source: str) -> None:
    dispatch(intelligent, "slot", "2026-07-02T13:10:00Z", "2026-07-02T14:05:00Z", source)
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    found = answers.costs(intelligent, day, "total", "in")
    assert found.costs.totals["import_cost_gbp"] == pytest.approx(0.07 * 12 + 0.28 * 36)
    assert "charging slots of Intelligent Go are not known for 36 half-hours" in found.notes[0]
    assert "(2 Jul 2026)" in found.notes[0]
    # of 36 half-hours, 12 of the morning's night and 12 of the next may have been cheap
    assert found.costs.totals["unsure_half_hours"] == 36
    assert found.costs.totals["import_cost_low_gbp"] == pytest.approx(0.07 * 36 + 0.28 * 12)
    bill = answers.bill(intelligent, day, "in").bill
    assert float(bill.net_low_gbp or 0) == pytest.approx(0.07 * 36 + 0.28 * 12)


def test_a_comparison_is_a_range_where_slots_are_not_known(intelligent: Context) -> None:
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    costs = answers.costs(intelligent, day, "total", "in").costs.totals
    assert costs["net_cost_low_gbp"] < costs["net_cost_gbp"]
    found = answers.compare(intelligent, day, [INTELLIGENT], meter="in").comparison
    assert found.baseline_gbp == pytest.approx(costs["net_cost_gbp"])
    assert found.baseline_low_gbp == pytest.approx(costs["net_cost_low_gbp"])
    flat = "E-1R-VAR-22-11-01-C"
    publish(intelligent.store, flat, [row(day.start - DAY, None, "20")],
            Period(day.start - DAY, day.end))  # fmt: skip
    table = answers.compare(intelligent, day, [flat], meter="in").comparison.table
    assert (table["net_gbp"] - table["net_low_gbp"]).iloc[0] == 0.0  # it has no slots
    other = Agreement("in", "in", flat)
    intelligent.store.put(intelligent.store.household(), "agreement", "in", other.to_body())
    table = answers.compare(intelligent, day, [INTELLIGENT], meter="in").comparison.table
    tried = table[table["import_id"] == INTELLIGENT].iloc[0]
    low = tried["net_gbp"] - tried["net_low_gbp"]
    assert low == pytest.approx(costs["net_cost_gbp"] - costs["net_cost_low_gbp"])


def test_a_tariff_of_one_region_is_tried_on_the_homes_there(intelligent: Context) -> None:
    store, owner = intelligent.store, intelligent.store.household()
    for id_, account, region, point in (("in", "mine", "C", "1"), ("other", "theirs", "G", "9")):
        meter = Meter(id_, point=f"100000000000{point}", account=account, region=region)
        store.put(owner, "meter", id_, meter.to_body())
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    was = {
        one: answers.costs(intelligent, day, "total", one).costs.totals for one in ("in", "other")
    }
    for letter, net in (
        ("C", 48 * 0.20 + was["other"]["net_cost_gbp"]),
        ("G", 48 * 0.20 + was["in"]["net_cost_gbp"]),
        ("J", 2 * 48 * 0.20),  # of neither: the user asked
    ):
        code = f"E-1R-VAR-22-11-01-{letter}"
        publish(store, code, [row(day.start - DAY, None, "20")], Period(day.start - DAY, day.end))
        found = answers.compare(intelligent, day, [code])
        table = found.comparison.table
        assert table.set_index("import_id").loc[code, "net_gbp"] == pytest.approx(net)
        assert ("stay as they were" in " ".join(found.notes)) is (letter != "J")


def told(context: Context, start: datetime, end: datetime) -> None:
    documents.put_dispatches_told(context.store, "mine", Period(start, end))


def test_what_octopus_told_of_is_sure(intelligent: Context) -> None:
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    told(intelligent, day.start - DAY, day.start + timedelta(hours=18))
    found = answers.costs(intelligent, day, "total", "in").costs
    # 18:00 to 23:30, which are 11, and the slot took 3 of the 12 of that night
    assert found.totals["unsure_half_hours"] == 11
    low = found.totals["import_cost_gbp"] - found.totals["import_cost_low_gbp"]
    assert low == pytest.approx(0.21 * 9)
    (span,) = found.unsure
    assert span == Period(day.start + timedelta(hours=18), day.start + timedelta(hours=23.5))
    told(intelligent, day.start + timedelta(hours=18), day.end)
    whole = answers.costs(intelligent, day, "total", "in")
    assert (whole.costs.totals["unsure_half_hours"], whole.notes) == (0, ())
    assert whole.costs.totals["net_cost_low_gbp"] == whole.costs.totals["net_cost_gbp"]


def test_a_tariff_without_charging_slots_is_sure(intelligent: Context) -> None:
    store = intelligent.store
    agreement = Agreement("in", "in", "E-1R-GO-VAR-22-10-14-C")
    publish(store, agreement.tariff, [row(CHARGE.start - 9 * DAY, None, "28")],
            Period(CHARGE.start - 9 * DAY, CHARGE.end + DAY))  # fmt: skip
    store.put(store.household(), "agreement", "in", agreement.to_body())
    day = Period.local_days(date(2026, 7, 2), date(2026, 7, 3), LONDON)
    found = answers.costs(intelligent, day, "total", "in")
    assert (found.costs.totals["unsure_half_hours"], found.notes) == (0, ())


def test_six_hours_a_night_are_the_most(intelligent: Context) -> None:
    """Eight hours from 20:00: the first six are off-peak, and what the night itself has."""
    dispatch(intelligent, "slot", "2026-07-02T19:00:00Z", "2026-07-03T03:00:00Z", "smart-charge")
    night = Period(datetime(2026, 7, 2, 18, tzinfo=UTC), datetime(2026, 7, 3, 8, tzinfo=UTC))
    totals = answers.costs(intelligent, night, "rate", "in").costs.rows.set_index("key")
    # off-peak from 20:00 to 05:30; full price from 19:00 to 20:00 and from 05:30 to 09:00
    assert totals["import_kwh"].to_dict() == {"0.07000": 19.0, "0.28000": 9.0}
    dispatch(intelligent, "slot", "2026-07-02T12:00:00Z", "2026-07-02T21:00:00Z", "smart-charge")
    afternoon = Period(datetime(2026, 7, 2, 12, tzinfo=UTC), datetime(2026, 7, 2, 21, tzinfo=UTC))
    totals = answers.costs(intelligent, afternoon, "rate", "in").costs.rows.set_index("key")
    assert totals["import_kwh"].to_dict() == {"0.07000": 12.0, "0.28000": 6.0}
