"""The made-up battery: the same instant, the same value; plausible; never in the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energydash.battery.energy import integrate
from energydash.battery.quality import cross_check
from energydash.battery.telemetry import from_arrays
from energydash.core.time import Period
from energydash.sources.sample.battery import sample_arrays

NOW = datetime(2026, 11, 20, 17, 7, tzinfo=UTC)


def test_any_period_agrees_with_every_other() -> None:
    long = sample_arrays(Period(NOW - timedelta(days=4), NOW))
    short = sample_arrays(Period(NOW - timedelta(days=2), NOW - timedelta(days=1)))
    for part, (time_us, value) in short.items():
        wide_us, wide = long[part]
        inside = np.isin(wide_us, time_us)
        assert np.array_equal(wide_us[inside], time_us)
        assert np.array_equal(wide[inside], value)


@pytest.mark.parametrize("month", [1, 3, 6, 10])
def test_it_is_a_battery(month: int) -> None:
    start = datetime(2026, month, 20, tzinfo=UTC)
    found = from_arrays(sample_arrays(Period(start, start + timedelta(days=12))))
    assert cross_check(found, integrate(found)) == ()
    assert found.soc.value.min() >= 0
    assert found.soc.value.max() <= 100
    total = integrate(found).total()
    assert 0.95 < total.kwh_out / total.kwh_in < 1.05
    assert 4 < total.kwh_in / 12 < 16
