"""What a page offers as CSV is what REST answers to the same question."""

from __future__ import annotations

import pytest

from energydash.core.time import iso_z
from energydash.serialise import Document
from energydash.views import components
from tests.faces.serving import create, running
from tests.pages.conftest import OpenPage

FOLDS = {"electricity_costs": ["by_key_table"], "battery": ["table_sample_open"]}
# page -> the documents that it offers, and REST's path for each.
OFFERED = {
    "generation_mix": {"mix GB": "/mix/GB?", "interconnectors GB": "/interconnectors/GB?"},
    "carbon_intensity": {"intensity GB": "/intensity/GB?"},
    "electricity_costs": {"costs by day": "/costs?by=day&"},
    "tariff_comparison": {"comparison": "/comparison?"},
    "battery": {"Sample home battery money": "/batteries/sample/money?by=day&"},
}


@pytest.mark.parametrize("page", OFFERED)
def test_a_page_and_rest_give_the_same_file(
    page: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, Document] = {}
    monkeypatch.setattr(
        components, "download", lambda document, *, key: offered.update({document.name: document})
    )
    open_page(page, *FOLDS.get(page, ()))
    with running(create()) as client:
        for name, path in OFFERED[page].items():
            document = offered[name]
            period = document.period
            assert period is not None
            asked = f"from={iso_z(period.start)}&to={iso_z(period.end)}&sample=true&format=csv"
            answer = client.get(f"{path}{asked}")
            assert answer.status_code == 200, answer.text
            assert document.to_csv() == answer.text
            assert document.file_name() in answer.headers["content-disposition"]
