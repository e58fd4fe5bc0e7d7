"""What a figure is a figure of: late readings are no gaps, and what is unknown is blank."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from energydash.answers import home as answers
from energydash.core.coverage import Gap
from energydash.core.time import DAY, LONDON, Period
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Agreement, Tariff
from energydash.serialise import home as documents
from energydash.serialise import home as serialise
from energydash.serialise.document import Document
from energydash.sync.context import Context
from tests.answers.home.conftest import NOW, write

TODAY = Period.local_days(date(2026, 4, 10), date(2026, 4, 11), LONDON)
MARCH = Period.local_days(date(2026, 3, 1), date(2026, 3, 8), LONDON)
IMPORT = Meter("in", point="1000000000001", serials=("A1",), account="", connected=True)
EXPORT = replace(IMPORT, id="out", direction=Direction.EXPORT, point="1000000000002")


@pytest.fixture
def connected(nobody: Context) -> Context:
    """A connected customer whose readings reach to the end of yesterday."""
    owner = nobody.store.household()
    for meter, kwh in ((IMPORT, 0.5), (EXPORT, 0.2)):
        nobody.store.put(owner, "meter", meter.id, meter.to_body())
        write(nobody, meter, Period(NOW - 60 * DAY, TODAY.start), kwh)
    for tariff in (
        Tariff("t", "Flat", default_rate=Decimal(20), standing_p_per_day=Decimal(50)),
        Tariff("o", "Out", direction=Direction.EXPORT, default_rate=Decimal(15)),
    ):
        nobody.store.put(owner, "tariff", tariff.id, tariff.to_body())
    return nobody


def plain(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document.to_json()))
    return found


def test_today_is_not_published_yet_and_has_no_figure(connected: Context) -> None:
    found = answers.costs(connected, TODAY, "day")
    assert [meter.id for meter in found.meters] == ["in", "out"]
    coverage = found.costs.coverage
    assert (coverage.asked, coverage.present, coverage.count(Gap.PENDING)) == (26, 0, 26)
    assert not coverage.missing
    assert "26 half-hours not published yet" in coverage.sentence
    totals = plain(serialise.costs(found))["totals"]
    assert totals["import_kwh"] is totals["import_cost_gbp"] is totals["net_cost_gbp"] is None
    assert totals["standing_charge_gbp"] == 0.5
    assert totals["missing"] == 0
    assert plain(serialise.costs(found))["rows"][0]["import_cost_gbp"] is None
    bill = answers.bill(connected, TODAY)
    assert bill.bill.net_gbp is bill.bill.charges_gbp is None
    assert plain(serialise.bill(bill))["net_gbp"] is None


def test_a_week_with_today_says_what_it_is_a_sum_of(connected: Context) -> None:
    week = Period(TODAY.start - 6 * DAY, TODAY.end)
    costs = answers.costs(connected, week, "day").costs
    assert costs.totals["import_cost_gbp"] == pytest.approx(6 * 48 * 0.5 * 0.2)
    assert costs.coverage.sentence == ("288 of 314 half-hours; 26 half-hours not published yet.")
    last = costs.rows.iloc[-1]
    assert np.isnan(last["import_kwh"]) and np.isnan(last["net_cost_gbp"])
    assert (last["missing"], last["pending"]) == (0, 52)


@pytest.mark.parametrize("lacking", [IMPORT, EXPORT])
def test_a_weeks_net_is_of_the_days_that_have_both(connected: Context, lacking: Meter) -> None:
    """And page, bill and every grouping say the same one."""
    day = Period(MARCH.start + 2 * DAY, MARCH.start + 3 * DAY)
    answers.delete_readings(connected, lacking, day)
    costs = answers.costs(connected, MARCH, "day").costs
    assert costs.rows["net_cost_gbp"].isna().tolist() == [n == 2 for n in range(7)]
    net = 6 * 48 * (0.5 * 0.20 - 0.2 * 0.15) + 7 * 0.5
    assert costs.totals["net_cost_gbp"] == pytest.approx(net)
    assert (costs.totals["days"], costs.totals["net_days"]) == (7, 6)
    assert costs.rows["net_cost_gbp"].sum() + 0.5 == pytest.approx(net)  # that of the blank day
    for by in ("week", "month", "total"):  # of the days with both, and every standing charge
        rows = answers.costs(connected, MARCH, by).costs.rows
        assert rows["net_cost_gbp"].sum() == pytest.approx(net), by
    for by in ("half-hour", "hour", "rate"):  # to which no day belongs
        rows = answers.costs(connected, MARCH, by).costs.rows
        assert rows["standing_charge_gbp"].isna().all(), by
        assert rows["net_cost_gbp"].sum() + 7 * 0.5 == pytest.approx(net), by
    bill = answers.bill(connected, MARCH).bill
    assert float(bill.net_gbp or 0) == pytest.approx(net)
    assert float(bill.billed_net_gbp or 0) == pytest.approx(round(net, 2))
    assert bill.one_sided_days == 1
    assert answers.compare(connected, MARCH).comparison.baseline_gbp == pytest.approx(net)
    charged = {IMPORT: 6, EXPORT: 7}[lacking]
    assert float(bill.charges_gbp or 0) == pytest.approx(charged * 48 * 0.1 + 7 * 0.5)


def test_another_homes_import_is_not_the_other_side(connected: Context) -> None:
    owner = connected.store.household()
    flat = replace(IMPORT, id="flat", point="1000000000003", premises="E1 6AN", account="b")
    connected.store.put(owner, "meter", "flat", flat.to_body())
    write(connected, flat, Period(NOW - 60 * DAY, TODAY.start), 1.0)
    day = Period(MARCH.start + 2 * DAY, MARCH.start + 3 * DAY)
    answers.delete_readings(connected, IMPORT, day)
    totals = answers.costs(connected, MARCH, "day").costs.totals
    house, other = 6 * 48 * (0.5 * 0.20 - 0.2 * 0.15), 7 * 48 * 0.2
    net = house + other + totals["standing_charge_gbp"]
    assert totals["net_cost_gbp"] == pytest.approx(net)
    assert (totals["days"], totals["net_days"]) == (7, 6)
    assert float(answers.bill(connected, MARCH).bill.net_gbp or 0) == pytest.approx(net)
    assert answers.compare(connected, MARCH).comparison.baseline_gbp == pytest.approx(net)


def test_a_net_of_days_that_all_lack_one_side_is_blank(connected: Context) -> None:
    two = Period(MARCH.start, MARCH.start + 2 * DAY)
    answers.delete_readings(connected, IMPORT, Period(two.start, two.start + DAY))
    answers.delete_readings(connected, EXPORT, Period(two.start + DAY, two.end))
    assert np.isnan(answers.costs(connected, two, "total").costs.totals["net_cost_gbp"])
    bill = answers.bill(connected, two).bill
    assert bill.net_gbp is bill.billed_net_gbp is None
    assert bill.charges_gbp is not None


def test_import_alone_has_no_other_side(connected: Context) -> None:
    connected.store.drop(connected.store.household(), "meter", "out")
    answers.delete_readings(connected, IMPORT, Period(MARCH.start, MARCH.start + DAY))
    totals = answers.costs(connected, MARCH, "day").costs.totals
    assert totals["net_cost_gbp"] == pytest.approx(6 * 4.8 + 3.5)
    assert totals["days"] == totals["net_days"] == 6


def test_a_net_without_its_import_is_blank(connected: Context) -> None:
    day = Period.local_days(date(2026, 3, 20), date(2026, 3, 21), LONDON)
    answers.delete_readings(connected, IMPORT, day)
    rows = answers.costs(connected, Period(day.start - DAY, day.end), "day").costs.rows
    assert rows["export_value_gbp"].tolist() == pytest.approx([1.44, 1.44])
    assert np.isnan(rows["net_cost_gbp"].iloc[1]) and not np.isnan(rows["net_cost_gbp"].iloc[0])
    totals = answers.costs(connected, day, "hour").costs.totals
    assert np.isnan(totals["net_cost_gbp"])
    assert totals["export_value_gbp"] == pytest.approx(1.44)
    assert answers.bill(connected, day).bill.net_gbp is None


def test_a_connected_meter_never_asked_for_is_being_fetched(nobody: Context) -> None:
    nobody.store.put(nobody.store.household(), "meter", "in", IMPORT.to_body())
    coverage = answers.costs(nobody, MARCH, "day").costs.coverage
    assert coverage.counts == {
        "asked": 336, "present": 0, "missing": 0, "pending": 0, "fetching": 336, "unpriced": 0,
        "unconnected": 0,
    }  # fmt: skip
    said = documents.costs(answers.costs(nobody, MARCH, "day")).notes
    assert documents.NEVER_ASKED in said  # nobody at REST or a command line has it fetched


def test_what_is_all_there_tells_nobody_to_fetch(connected: Context) -> None:
    week = Period(TODAY.start - 6 * DAY, TODAY.start - 5 * DAY)
    assert documents.NEVER_ASKED not in documents.costs(answers.costs(connected, week, "day")).notes


def test_periods_are_compared_over_the_days_that_both_have(connected: Context) -> None:
    now = Period(TODAY.start - 6 * DAY, TODAY.end)
    before = Period.local_days(date(2026, 3, 28), date(2026, 4, 4), LONDON)
    gap = Period.local_days(date(2026, 4, 1), date(2026, 4, 2), LONDON)
    answers.delete_readings(connected, IMPORT, Period(gap.start, gap.start + timedelta(hours=1)))
    change = answers.costs_against(connected, now, before)
    assert (change.days, change.asked) == (5, 7)  # neither today nor the day with the gap
    day = 48 * (0.5 * 0.2 - 0.2 * 0.15) + 0.5
    assert change.now["net_cost_gbp"] == pytest.approx(5 * day)
    spring = day - 2 * (0.5 * 0.2 - 0.2 * 0.15)
    assert change.before["net_cost_gbp"] == pytest.approx(4 * day + spring)
    long_ago = Period(now.start - 364 * DAY, now.end - 364 * DAY)
    assert answers.costs_against(connected, now, long_ago).days == 0


def test_before_moving_in_nothing_is_asked_for(connected: Context) -> None:
    owner = connected.store.household()
    moved_in = datetime(2026, 3, 4, 0, tzinfo=UTC)
    for meter in ("in", "out"):
        agreement = Agreement(meter, meter, "E-1R-AGILE-24-10-01-C", moved_in)
        connected.store.put(owner, "agreement", meter, agreement.to_body())
    coverage = answers.costs(connected, MARCH, "day").costs.coverage
    assert (coverage.asked, coverage.present) == (4 * 48, 4 * 48)
    february = Period.local_days(date(2026, 2, 1), date(2026, 2, 5), LONDON)
    assert answers.costs(connected, february, "day").meters == ()


def test_standing_charges_are_due_only_while_the_meter_is_supplied(connected: Context) -> None:
    """Tariffs tried on a home moved into half-way are charged for the days lived in alone."""
    owner = connected.store.household()
    agreement = Agreement("in", "in", "E-1R-AGILE-24-10-01-C", datetime(2026, 3, 4, tzinfo=UTC))
    connected.store.put(owner, "agreement", "in", agreement.to_body())
    other = Tariff(
        "x", "Other", default_rate=Decimal(10), standing_p_per_day=Decimal(30),
        for_comparison=True,
    )  # fmt: skip
    connected.store.put(owner, "tariff", "x", other.to_body())
    table = answers.compare(connected, MARCH, ["x"]).comparison.table.set_index("import_tariff")
    assert table.loc["Other", "standing_gbp"] == pytest.approx(4 * 0.30)
