"""What may be asked at all: years 1 and 9999, spans, lengths; each refusal names its field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core import bounds
from energydash.core.errors import InputError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZONES = ("UTC", "Europe/London", "Pacific/Auckland", "America/Los_Angeles")


@pytest.mark.parametrize(
    ("first", "end", "field"),
    [
        ("0001-01-01", "0001-01-20", "'from'"),
        ("0001-01-01", None, "'from'"),
        (None, "0001-01-01", "'to'"),
        ("1970-01-01", None, "'from'"),
        ("2026-01-01", "9999-12-31", "'to'"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "'to'"),
        ("2005-01-01", None, "'from'"),
        ("2026-03-02", "2026-03-01", "'to'"),
        ("yesterday", None, "'from'"),
        ("2026-02-30", None, "'from'"),
        ("2026-11-01", "tomorrow", "'to'"),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_what_may_not_be_asked_names_its_field(
    first: str | None, end: str | None, field: str, zone: str
) -> None:
    with pytest.raises(InputError) as caught:
        bounds.period_of(first, end, zone, NOW, longest=bounds.GRID)
    assert field in str(caught.value)


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(ZONES))
def test_any_text_is_a_period_or_refused(first: str, end: str, zone: str) -> None:
    try:
        found = bounds.period_of(first or None, end or None, zone, NOW)
    except InputError:
        return
    assert bounds.FLOOR <= found.start <= found.end <= NOW + bounds.AHEAD
    assert found.duration <= bounds.HOME


@given(st.integers(1, 9999), st.integers(1, 12), st.integers(1, 28), st.sampled_from(ZONES))
def test_any_day_is_a_period_or_refused(year: int, month: int, day: int, zone: str) -> None:
    text = f"{year:04}-{month:02}-{day:02}"
    for ends in ((text, None), (None, text), (text, text)):
        try:
            bounds.period_of(*ends, zone, NOW)
        except InputError as error:
            assert "'from'" in str(error) or "'to'" in str(error)


def test_local_days_and_instants() -> None:
    day = bounds.period_of("2026-03-29", "2026-03-30", "Europe/London", NOW)
    assert day.duration == timedelta(hours=23)
    assert bounds.period_of("2026-03-29T01:00+01:00", "2026-03-29T12:00", "Europe/London", NOW) == (
        bounds.period_of("2026-03-29T00:00Z", "2026-03-29T11:00Z", "UTC", NOW)
    )


@pytest.mark.parametrize("value", [0.0, -1.0, 1e308, float("inf"), float("nan")])
def test_numbers_are_finite_and_in_range(value: float) -> None:
    for check in (bounds.hours, bounds.step_of):
        with pytest.raises(InputError, match="'"):
            check(value)
    if value != 0.0:
        with pytest.raises(InputError, match="'--shift'"):
            bounds.percent(value, "--shift")
    assert bounds.hours(2.5) == 2.5
    assert bounds.step_of(30.0) == timedelta(minutes=30)
