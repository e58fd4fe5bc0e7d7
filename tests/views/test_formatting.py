"""Ages, clocks and money as a reader says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energydash.core.time import LONDON
from energydash.views import formatting

NOW = datetime(2026, 7, 15, 13, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2, hours=2), "2 days ago"),
        (timedelta(days=40), "6 weeks ago"),
        (timedelta(minutes=-30), "in 30 min"),
    ],
)
def test_ago(length: timedelta, text: str) -> None:
    assert formatting.ago(length) == text


def test_clock_says_the_day_where_it_is_another() -> None:
    assert formatting.clock(NOW, LONDON, NOW) == "14:32"
    assert formatting.clock(NOW - timedelta(days=1), LONDON, NOW) == "Tue 14:32"
    assert formatting.clock(datetime(2025, 3, 3, 9, tzinfo=UTC), LONDON, NOW) == "3 Mar 2025 09:00"


def test_span_says_tomorrow() -> None:
    start = datetime(2026, 7, 16, 11, tzinfo=UTC)
    end = start + timedelta(hours=3)
    assert formatting.span(start, end, LONDON, NOW) == "tomorrow 12:00 to 15:00"


def test_money_and_numbers() -> None:
    assert formatting.money(1.125) == "£1.12"
    assert formatting.money(-0.55) == "-£0.55"
    assert formatting.money(None) == "–"
    assert formatting.number(-0.001, 1) == "0.0"
    assert formatting.number(float("nan")) == "–"
    assert formatting.number(12345.6) == "12,346"


@pytest.mark.parametrize("pounds", [32.325, 32.32499999999999, 32.32500000000001])
def test_half_a_penny_is_the_same_penny_by_every_way_of_adding(pounds: float) -> None:
    assert formatting.money(pounds) == "£32.32"
    assert formatting.money(-pounds) == "-£32.32"
    assert formatting.money(np.float64(pounds)) == "£32.32"
