"""The Tariff comparison page ranks tariffs on the readings there are."""

from __future__ import annotations

import pytest

from tests.pages.conftest import OpenPage, words

PAGE = "tariff_comparison"


@pytest.mark.parametrize("query", [{}, {"range": "Month"}, {"shift": "20"}])
def test_the_page_ranks_sample_tariffs(open_page: OpenPage, query: dict[str, str]) -> None:
    app = open_page(PAGE, **query)
    said = words(app)
    assert "Cheapest £" in said
    assert "nobody would have behaved differently" in said
    assert "Estimate: 20 %" in said if query.get("shift") else "Estimate" not in said
    assert not app.error


def test_a_home_without_readings_says_what_to_do(open_page: OpenPage, here: object) -> None:
    from energydash.home.meters import Meter
    from energydash.views import cache

    store = cache.context().store
    store.put(store.household(), "meter", "in", Meter("in").to_body())
    assert "no readings in this period" in words(open_page(PAGE))
