"""What cannot be never comes into the store, and never takes the place of what can."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.feeds import Fetched, tidy
from energydash.core.time import DAY, HALF_HOUR, Period
from energydash.sync import gate
from tests.fakes import HALF_HOURLY, START

ASKED = Period(START, START + DAY)
NOW = ASKED.end


def rows(values: list[float], start: datetime = START) -> Fetched:
    index = pd.date_range(start, periods=len(values), freq=HALF_HOUR)
    return Fetched(tidy(pd.DataFrame({"load": values}, index=index)), ASKED)


def test_a_good_answer_goes_through_untouched() -> None:
    answer = rows([1.0, np.nan, -3.0, 0.0])
    admitted, refused = gate.admit(HALF_HOURLY, answer, ASKED, NOW)
    assert admitted.frame is answer.frame and refused == ()


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, 1e26, -1e308])
def test_an_impossible_value_is_left_out_named_and_counted(wrong: float) -> None:
    admitted, (found,) = gate.admit(HALF_HOURLY, rows([1.0, wrong, 3.0, wrong]), ASKED, NOW)
    assert admitted.frame["load"].dropna().tolist() == [1.0, 3.0]
    assert found.sentence.startswith("2 values are not possible in what fake X load answered")
    assert f"load {wrong:g}" in found.sentence


def test_rows_of_the_future_or_of_another_time_are_left_out() -> None:
    early = gate.admit(HALF_HOURLY, rows([1.0] * 3, START - 3 * DAY), ASKED, NOW)
    assert early[0].frame.empty and "outside the period" in early[1][0].sentence
    late = gate.admit(HALF_HOURLY, rows([1.0] * 4, NOW + HALF_HOUR), ASKED, NOW)
    assert len(late[0].frame) == 2 and "in the future" in late[1][0].sentence
    ahead = replace(HALF_HOURLY, horizon=timedelta(days=2))
    assert gate.admit(ahead, rows([1.0] * 4, NOW + HALF_HOUR), ASKED, NOW)[1] == ()


def test_telemetry_is_judged_by_its_parts() -> None:
    feed = replace(HALF_HOURLY, unit="")
    index = pd.date_range(START, periods=2, freq=HALF_HOUR)
    frame = tidy(
        pd.DataFrame({"soc_percent": [50.0, 5000.0], "voltage_v": [52.0, 5000.0]}, index=index)
    )
    admitted, (found,) = gate.admit(feed, Fetched(frame, ASKED), ASKED, NOW)
    assert admitted.frame["soc_percent"].tolist()[0] == 50.0
    assert np.isnan(admitted.frame["soc_percent"].iloc[1])
    assert admitted.frame["voltage_v"].tolist() == [52.0, 5000.0]
    assert found.sentence.startswith("One value is not possible")


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1e30", "cheap"])
def test_a_price_that_is_none_is_left_out(price: str) -> None:
    kept = {"kind": "unit-rate", "payment_method": "", "valid_from": START, "valid_to": None}
    rates = pd.DataFrame(
        [{**kept, "exc_vat": None, "inc_vat": "7.35"}, {**kept, "exc_vat": None, "inc_vat": price}]
    )
    answer = replace(rows([]), rates=rates)
    admitted, (found,) = gate.admit(HALF_HOURLY, answer, ASKED, NOW)
    assert admitted.rates is not None and admitted.rates["inc_vat"].tolist() == ["7.35"]
    assert price in found.sentence


@given(st.lists(st.floats(), max_size=40))
def test_whatever_is_let_in_is_finite_and_plausible(values: list[float]) -> None:
    admitted, _ = gate.admit(HALF_HOURLY, rows(values), ASKED, NOW)
    inside = admitted.frame["load"].dropna()
    low, high = gate.LIMITS["MW"]
    assert inside.between(low, high).all()
    good = [value for value in values if low <= value <= high]
    assert inside.tolist() == good


def mix(columns: dict[str, list[float]], unknown: tuple[str, ...] = ()) -> Fetched:
    index = pd.date_range(START, periods=len(next(iter(columns.values()))), freq=HALF_HOUR)
    return Fetched(tidy(pd.DataFrame(columns, index=index)), ASKED, unknown=unknown)


def kept(known: pd.DataFrame, answer: Fetched) -> pd.DataFrame:
    """What the store has after both: what is blank in an answer replaces nothing."""
    return answer.frame.combine_first(known)


def test_a_renamed_fuel_is_told_and_not_counted_under_both_names() -> None:
    known = mix({"gas": [10.0, 10.0], "wind": [5.0, 5.0]}).frame
    renamed = mix({"gas": [10.0, 11.0, 12.0], "other": [5.0, 6.0, 7.0]}, ("Wnd",))
    admitted, (found,) = gate.admit(HALF_HOURLY, renamed, ASKED, NOW)
    assert "fuels unknown here: Wnd." in found.sentence
    after = kept(known, gate.counted_once(admitted, known))
    assert after.sum(axis=1).tolist() == [15.0, 16.0, 19.0]
    healed = mix({"gas": [10.0, 11.0, 12.0], "wind": [5.0, 6.0, 7.0]})
    again = kept(after, gate.counted_once(healed, after))
    assert again.sum(axis=1).tolist() == [15.0, 17.0, 19.0] and again["wind"].iloc[2] == 7.0


def test_an_unknown_fuel_beside_all_the_known_ones_is_added() -> None:
    known = mix({"gas": [10.0], "wind": [5.0], "other": [1.0]}).frame
    answer = mix({"gas": [10.0], "wind": [5.0], "other": [4.0]}, ("Fusion",))
    assert gate.counted_once(answer, known).frame["other"].tolist() == [4.0]
    plain = mix({"gas": [10.0], "wind": [5.0], "other": [4.0]})
    assert gate.counted_once(plain, known).frame["other"].tolist() == [4.0]
