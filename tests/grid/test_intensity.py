"""Mix × factors → average intensity: an oracle, a slow reference, and the edges."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.grid import fuels
from energydash.grid.factors import factor_set, factor_sets
from energydash.grid.intensity import (
    BANDS,
    Factor,
    FactorSet,
    band_of,
    intensity_of,
)

TIME = pd.date_range("2026-11-01", periods=4, freq="30min", tz="UTC", name="time")


def frame(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=TIME[: len(next(iter(columns.values())))], dtype=float)


def test_a_published_trace_is_reproduced(recordings: Path) -> None:
    trace = pd.read_csv(recordings / "carbonscaler" / "data-sample.csv", index_col="datetime")
    prefix, suffix = "power_production_", "_avg"
    names = [
        name
        for name in trace
        if name.startswith(prefix) and name.endswith(suffix) and "percent" not in name
    ]
    mix = trace[names].rename(
        columns=lambda name: (
            name.removeprefix(prefix).removesuffix(suffix).replace("unknown", "other")
        )
    )
    assert set(mix.columns) <= set(fuels.FUELS)
    computed = intensity_of(mix, factor_set("ipcc-ar5-2014"))
    assert len(computed) == 60
    error = (computed - trace["carbon_intensity_production_avg"]).abs()
    assert error.max() < 0.005


def test_charging_and_exports_are_left_out_of_both_sums() -> None:
    factors = factor_set("ipcc-ar5-2014")
    clean = frame(gas=[50.0], wind=[50.0])
    charging = frame(gas=[50.0], wind=[50.0], battery=[-40.0], imports=[-40.0], solar=[-1.0])
    assert intensity_of(clean, factors).iloc[0] == pytest.approx(250.5)
    assert intensity_of(charging, factors).iloc[0] == pytest.approx(250.5)


def test_storage_counts_where_it_discharges_and_imports_by_their_own_factor() -> None:
    factors = factor_set("ipcc-ar5-2014")
    assert intensity_of(frame(battery=[10.0]), factors).iloc[0] == 358
    assert intensity_of(frame(imports=[10.0]), factors).iloc[0] == 460


def test_no_supply_no_intensity() -> None:
    factors = factor_set("neso-2024")
    values = intensity_of(frame(gas=[0.0, np.nan], battery=[-5.0, np.nan]), factors)
    assert values.isna().all()


def test_a_fuel_without_a_factor_takes_that_of_other_and_is_named() -> None:
    factors = factor_set("neso-2024")
    assert factors.assumed(["gas", "geothermal"]) == ["geothermal"]
    assert intensity_of(frame(geothermal=[1.0]), factors).iloc[0] == 300


@given(
    st.lists(
        st.one_of(st.floats(-1e3, 5e4), st.just(math.nan)),
        min_size=len(fuels.FUELS),
        max_size=len(fuels.FUELS),
    ),
    st.sampled_from(sorted(factor_sets())),
)
def test_equal_to_one_row_at_a_time(row: list[float], set_id: str) -> None:
    factors = factor_set(set_id)
    grams = power = 0.0
    for fuel, value in zip(fuels.FUELS, row, strict=True):
        if value > 0:
            grams += value * factors.g_per_kwh(fuel)
            power += value
    data = pd.DataFrame([row], index=TIME[:1], columns=list(fuels.FUELS))
    computed = intensity_of(data, factors).iloc[0]
    if power == 0:
        assert math.isnan(computed)
        return
    assert computed == pytest.approx(grams / power, rel=1e-9, abs=1e-9)
    lowest = min(factors.g_per_kwh(fuel) for fuel in fuels.FUELS)
    highest = max(factors.g_per_kwh(fuel) for fuel in fuels.FUELS)
    assert lowest - 1e-6 <= computed <= highest + 1e-6


@given(st.floats(0.001, 1000))
def test_the_unit_of_power_does_not_matter(scale: float) -> None:
    factors = FactorSet(
        "f", "F", "1", "direct", {"other": Factor(100, "x"), "gas": Factor(400, "y")}
    )
    data = frame(gas=[3.0], other=[1.0])
    assert intensity_of(data * scale, factors).iloc[0] == pytest.approx(325)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (-1, "very low"),
        (0, "very low"),
        (34.9, "very low"),
        (35, "low"),
        (109.99, "low"),
        (110, "moderate"),
        (190, "high"),
        (270, "very high"),
        (900, "very high"),
        (math.nan, ""),
    ],
)
def test_bands_are_half_open(value: float, word: str) -> None:
    assert band_of(value) == word


def test_band_words_agree_with_recorded_answers(recordings: Path) -> None:
    import json

    name = "regional_intensity_fw48h_postcode_BS16_head.json"
    answer = json.loads((recordings / "carbonintensity" / name).read_text())
    rows = [row["intensity"] for row in answer["data"]["data"]]
    assert len(rows) == 9
    assert [band_of(row["forecast"]) for row in rows] == [row["index"] for row in rows]


def test_bands_are_in_order_and_nothing_has_none() -> None:
    assert [band_of(value) for value in (10.0, np.nan)] == ["very low", ""]
    assert [band.lower for band in BANDS] == sorted(band.lower for band in BANDS)
