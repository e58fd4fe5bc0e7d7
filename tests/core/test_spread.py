"""The robust standard deviation is SciPy's, and outliers do not move it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from energydash.core.spread import robust_sigma


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_it_is_the_median_absolute_deviation_of_a_normal_spread(values: list[float]) -> None:
    wanted = float(median_abs_deviation(values, scale="normal"))
    assert robust_sigma(np.array(values)) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_an_outlier_does_not_move_it() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 5001)
    values[:50] = 1e9
    assert robust_sigma(values) == pytest.approx(2.0, rel=0.06)
