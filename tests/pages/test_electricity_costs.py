"""The Electricity costs page: sample data at first, real data as soon as there are any."""

from __future__ import annotations

import pytest

from tests.pages.conftest import OpenPage, words

PAGE = "electricity_costs"


@pytest.mark.parametrize("view", ["Chart", "Map", "Bill", "Trouble", "Meters"])
def test_every_view_opens_on_sample_data_that_says_so(open_page: OpenPage, view: str) -> None:
    app = open_page(PAGE, view=view)
    said = words(app)
    assert "Net cost £" in said
    assert not app.error
