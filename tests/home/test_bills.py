"""Statements are exact: lines add up to totals, and the supplier's rounding stands beside them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.time import DAY, LONDON, Period
from energydash.home.bills import bill
from energydash.home.costs import By, costs
from energydash.home.meters import Direction, Energy, Meter, Unit
from energydash.home.tariffs import Tariff
from tests.home import reference, strategies
from tests.home.test_costs import EXPORT, IMPORT, priced

PRINTED = Decimal("0.0001")


@given(data=st.data())
def test_a_statement_equals_the_reference_exactly(data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    period = data.draw(strategies.periods(anchor))
    tariffs = data.draw(strategies.successions(anchor))
    tariffs = [Tariff.from_body({**one.to_body(), "tiers": []}) for one in tariffs]
    readings = data.draw(strategies.readings(period))
    raw: dict[str, Decimal] = defaultdict(Decimal)
    rounded = Decimal(0)
    for _, kwh, pence in reference.lines(tariffs, readings):
        if pence is None:
            raw["unpriced"] += kwh
        else:
            raw["gbp"] += kwh * pence / 100
            rounded += (kwh * pence / 100).quantize(PRINTED, ROUND_HALF_UP)
    usage = priced(IMPORT, tariffs, readings, period)
    statement = bill([usage], period).statements[0]
    assert abs(statement.energy.inc_vat - raw["gbp"]) < Decimal("1e-15")
    assert statement.unpriced_kwh == raw["unpriced"]
    assert statement.kwh == sum((kwh for _, kwh in readings), Decimal(0))
    billed = sum((line.billed.inc_vat for line in statement.lines), Decimal(0))
    assert billed == rounded
    totals = costs([usage], By.TOTAL).totals
    net = bill([usage], period).net_gbp
    wanted = totals["net_cost_gbp"]
    assert float("nan" if net is None else net) == pytest.approx(wanted, abs=1e-9, nan_ok=True)


def test_vat_is_apart_and_money_is_rounded_once() -> None:
    tariff = Tariff(
        "t",
        "T",
        default_rate=Decimal("24.5"),
        standing_p_per_day=Decimal("50"),
        prices_include_vat=False,
    )
    out = Tariff("o", "Out", direction=Direction.EXPORT, default_rate=Decimal(15))
    period = Period.local_days(date(2026, 7, 1), date(2026, 7, 3), LONDON)
    at = reference.half_hours(period.start, period.end)
    usages = [
        priced(IMPORT, [tariff], [(at[0], Decimal("0.125")), (at[1], Decimal("0.135"))], period),
        priced(EXPORT, [out], [(at[2], Decimal("1.005"))], period),
    ]
    found = bill(usages, period)
    first, second = found.statements
    assert first.energy.exc_vat == Decimal("0.26") * Decimal("24.5") / 100
    # £0.0306 and £0.0331 without VAT, £0.0322 and £0.0347 with it
    assert first.lines[0].billed.exc_vat == Decimal("0.0637")
    assert first.lines[0].billed.inc_vat == Decimal("0.0669")
    assert first.standing_charge.exc_vat == 1
    assert first.standing_charge.vat == Decimal("0.05")
    assert first.billed_total.exc_vat == Decimal("1.06")
    assert first.billed_total.inc_vat == Decimal("1.12")
    assert second.energy.vat == 0
    assert found.credit_gbp == Decimal("0.15075")
    assert found.billed_net_gbp == Decimal("1.12") - Decimal("0.15")
    assert first.missing_half_hours == 94
    assert [len(p.days(LONDON)) for p in first.missing] == [2]
    assert "94 of 96 half-hours have no reading" in first.notes[0]


def test_one_point_pays_one_standing_charge_and_gas_says_what_it_assumes() -> None:
    gas = Tariff("g", "Gas", Energy.GAS, default_rate=Decimal(6), standing_p_per_day=Decimal(30))
    meters = [Meter(name, Energy.GAS, unit=Unit.M3, point="9") for name in ("old", "new")]
    period = Period.local_days(date(2026, 1, 1), date(2026, 1, 2), LONDON)
    usages = [priced(meter, [gas], [(period.start, Decimal(1))], period) for meter in meters]
    old, new = bill(usages, period).statements
    assert old.standing_charge.inc_vat == Decimal("0.30")
    assert new.standing_charge.inc_vat == 0
    assert old.m3 == 1
    assert "40 MJ/m³" in old.notes[-1]
    assert (bill(usages, Period(period.start, period.start + DAY)).net_gbp or 0) > 0


def test_a_printed_day_adds_up_to_its_printed_total() -> None:
    """48 half-hours that are worth £1.7664: kWh are not rounded first."""
    tariff = Tariff("t", "T", default_rate=Decimal("23.0000"))
    period = Period.local_days(date(2026, 5, 9), date(2026, 5, 10), LONDON)
    readings = [(at, Decimal("0.160")) for at in reference.half_hours(period.start, period.end)]
    (whole,) = bill([priced(IMPORT, [tariff], readings, period)], period).statements
    assert whole.billed_total.inc_vat == Decimal("1.77")
    uneven = [(at, Decimal("0.1649")) for at, _ in readings]
    (whole,) = bill([priced(IMPORT, [tariff], uneven, period)], period).statements
    assert whole.billed_total.inc_vat == Decimal("1.82")
