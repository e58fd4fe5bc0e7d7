"""Totals, shares and groups of a mix: what feeds the grid counts, what takes from it does not."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import InputError
from energydash.grid import fuels, mix

TIME = pd.date_range("2026-11-01", periods=3, freq="30min", tz="UTC", name="time")


def frame(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=TIME[: len(next(iter(columns.values())))], dtype=float)


def test_every_fuel_has_exactly_one_group() -> None:
    assert sorted(fuels.GROUP_OF) == sorted(fuels.FUELS)
    assert sum(len(members) for members in fuels.GROUPS.values()) == len(fuels.FUELS)


def test_stack_order_puts_known_fuels_first_and_keeps_the_rest() -> None:
    assert fuels.in_stack_order(["x", "solar", "nuclear", "solar", "a"]) == [
        "nuclear",
        "solar",
        "x",
        "a",
    ]


def test_charging_and_exports_are_neither_supply_nor_subtracted() -> None:
    data = frame(gas=[60.0], wind=[40.0], battery=[-30.0], imports=[-5.0])
    assert mix.total(data).iloc[0] == 100
    assert mix.shares(data).iloc[0].to_dict() == {
        "gas": 0.6,
        "wind": 0.4,
        "battery": 0.0,
        "imports": 0.0,
    }
    assert mix.demand(data).iloc[0].to_dict() == {"battery": -30.0, "imports": -5.0}
    assert mix.renewable_share(data).iloc[0] == 0.4


def test_a_row_without_supply_has_no_shares_and_an_empty_row_no_total() -> None:
    data = frame(gas=[0.0, np.nan], battery=[-3.0, np.nan])
    assert mix.shares(data).isna().all(axis=None)
    assert mix.total(data).iloc[0] == 0
    assert math.isnan(mix.total(data).iloc[1])


def test_nuclear_is_not_renewable() -> None:
    data = frame(nuclear=[50.0], wind=[50.0])
    assert mix.renewable_share(data).iloc[0] == 0.5
    assert mix.by_group(data).iloc[0].to_dict() == {"renewable": 50.0, "nuclear": 50.0}


def test_strange_columns_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="antimatter"):
        mix.normalise(frame(gas=[1.0], antimatter=[2.0]))
    assert list(mix.normalise(frame(other=[1.0], nuclear=[2.0])).columns) == ["nuclear", "other"]


def test_averages_keep_energy_and_leave_gaps_absent() -> None:
    index = pd.DatetimeIndex(
        ["2026-11-01T00:00Z", "2026-11-01T00:05Z", "2026-11-01T01:00Z"], name="time"
    )
    data = pd.DataFrame({"gas": [10.0, 20.0, 6.0]}, index=index)
    means = mix.averaged(data, timedelta(minutes=30))
    assert means["gas"].to_list() == [15.0, 6.0]
    assert list(means.index) == [index[0], index[2]]


@given(
    st.lists(
        st.lists(st.floats(-1e4, 1e5), min_size=len(fuels.FUELS), max_size=len(fuels.FUELS)),
        min_size=1,
        max_size=3,
    )
)
def test_shares_add_up_to_one_wherever_there_is_supply(rows: list[list[float]]) -> None:
    data = pd.DataFrame(rows, index=TIME[: len(rows)], columns=list(fuels.FUELS))
    whole = mix.total(data)
    summed = mix.shares(data).sum(axis="columns", min_count=1)
    assert np.allclose(summed[whole > 0], 1.0)
    assert summed[whole == 0].isna().all()
    groups = mix.by_group(data)
    assert np.allclose(groups.sum(axis="columns"), data.sum(axis="columns"), atol=1e-6)
