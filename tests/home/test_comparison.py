"""Tariffs compared on the same readings cost what each would have cost alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.time import DAY, LONDON, Period
from energydash.home.bands import Band
from energydash.home.comparison import Months, OneWay, pairs, shift_evening, total
from energydash.home.costs import By, costs
from energydash.home.meters import Direction
from energydash.home.prices import MeterPrices, under
from energydash.home.tariff_cards import tariff_card
from energydash.home.tariffs import Tariff
from energydash.home.terms import PriceKey
from energydash.home.usage import Usage
from tests.home import reference, strategies
from tests.home.test_costs import EXPORT, IMPORT, priced


def only(tariff: Tariff, period: Period) -> MeterPrices:
    return under(PriceKey(tariff.id), tariff_card(tariff, period), period, LONDON)


def tried(usage: Usage, tariff: Tariff, period: Period) -> OneWay:
    months = Months.of([usage], period.days(LONDON))
    return total(tariff.id, tariff.label, [usage.under(only(tariff, period))], months)


@given(data=st.data())
def test_each_tariff_costs_what_it_costs_alone(data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(strategies.ANCHORS))
    period = data.draw(strategies.periods(anchor))
    kwh_in, kwh_out = (data.draw(strategies.readings(period)) for _ in range(2))
    tariffs = [data.draw(strategies.tariffs(f"in {n}", anchor)) for n in range(2)]
    exports = [data.draw(strategies.tariffs("out", anchor, Direction.EXPORT))]
    usage = priced(IMPORT, tariffs[:1], kwh_in, period)
    outs = priced(EXPORT, exports, kwh_out, period)
    months = Months.of([usage], period.days(LONDON))
    found = pairs(
        [tried(usage, one, period) for one in tariffs],
        [tried(outs, one, period) for one in exports],
        months.labels,
        0.0,
    )
    for one in tariffs:
        row = found.table.set_index("import_tariff").loc[one.label]
        alone = costs([priced(IMPORT, [one], kwh_in, period), outs], By.TOTAL).totals
        money = [alone["import_cost_gbp"], alone["standing_charge_gbp"], -alone["export_value_gbp"]]
        known = row[["import_gbp", "standing_gbp", "export_gbp"]].astype("float64").fillna(0)
        net = known["import_gbp"] + known["standing_gbp"] - known["export_gbp"]
        assert net == pytest.approx(float(np.nansum(money)), abs=1e-9)
        if alone["unpriced_kwh"] > 1e-6:  # no fair net, so none
            assert row[["net_gbp", "difference_gbp", "difference_percent"]].isna().all()
        elif not alone["unpriced_kwh"]:
            assert row["net_gbp"] == pytest.approx(net, abs=1e-9)
        assert row["unpriced_kwh"] == pytest.approx(alone["unpriced_kwh"], abs=1e-9)
    assert found.monthly.sum().sum() == pytest.approx(found.table["net_gbp"].sum(), abs=1e-9)
    same = total("actual", "now", [usage], months)
    assert same.total_gbp == pytest.approx(tried(usage, tariffs[0], period).total_gbp)


def test_what_has_no_price_for_everything_comes_last() -> None:
    period = Period.local_days(date(2026, 1, 1), date(2026, 1, 3), LONDON)
    readings = [(at, Decimal(1)) for at in reference.half_hours(period.start, period.end)]
    usage = priced(IMPORT, [], readings, period)
    months = Months.of([usage], period.days(LONDON))
    dear = Tariff("d", "Dear", default_rate=Decimal(90))
    half = Tariff("h", "Half", default_rate=Decimal(1), valid_to=date(2026, 1, 2))
    found = pairs([tried(usage, one, period) for one in (half, dear)], [], months.labels, 90.0)
    assert found.table["import_tariff"].tolist() == ["Dear", "Half"]
    assert found.table["unpriced_kwh"].tolist() == [0.0, 48.0]
    assert found.table["difference_percent"].iloc[0] == pytest.approx(100 * (86.4 - 90) / 90)
    assert found.table["import_p_per_kwh"].tolist() == pytest.approx([90.0, 1.0])


def test_shifting_moves_energy_within_its_day_to_the_cheapest_half_hours() -> None:
    flux = Tariff("f", "F", default_rate=Decimal(20), bands=(Band(Decimal(5), 120, 360),))
    period = Period.local_days(date(2026, 3, 28), date(2026, 3, 31), LONDON)
    readings = [(at, Decimal(1)) for at in reference.half_hours(period.start, period.end)]
    usage = priced(IMPORT, [flux], readings, period)
    prices = only(flux, period)
    load = shift_evening(usage, prices, 0.25)
    assert load.sum() == pytest.approx(usage.kwh.sum())
    cheap = prices.pence(usage.times_us) == 5
    assert load[cheap].sum() == pytest.approx(cheap.sum() + 3 * 8 * 0.25)
    assert np.count_nonzero(load == 0.75) == 24
    shifted, as_it_was = (usage.under(prices, kwh).line_gbp.sum() for kwh in (load, None))
    assert shifted == pytest.approx(as_it_was - 6 * 0.15)
    nothing = Tariff("n", "N", default_rate=Decimal(1), valid_from=period.days(LONDON)[-1] + DAY)
    assert shift_evening(usage, only(nothing, period), 0.5) == pytest.approx(usage.kwh)
