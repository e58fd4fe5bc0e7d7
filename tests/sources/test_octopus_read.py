"""Saved answers of Octopus Energy: readings, prices, products and costs as tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from energydash import sources
from energydash.core.errors import InputError
from energydash.sources import Answer


@pytest.fixture
def samples(recordings: Path) -> dict[str, bytes]:
    found = json.loads((recordings / "octopus" / "octometer_wire_samples.json").read_text())
    return {name: json.dumps(body).encode() for name, body in found.items()}


def test_recorded_answers(samples: dict[str, bytes]) -> None:
    def read(name: str) -> Answer:
        return sources.read("octopus", [("x.json", samples[name])])

    readings = read("GetConsumptionSampleData.json").frame
    assert readings["consumption_kwh"].tolist() == [0.512, 0.451, 0.201, 0.58, 0.113]
    prices = read("GetStandingChargesSampleData.var221101Json").frame
    assert prices["inc_vat_p"].tolist()[3] == "47.8485"
    assert (prices["valid_to"] == "").sum() == 2
    assert len(read("products_list").frame) == 43
    costs = read("GetConsumptionSampleData.getMeasurementsQueryResponse").frame
    assert list(costs) == ["kwh", "cost_p", "standing_p"]


def test_website_csv(recordings: Path) -> None:
    file = recordings / "octopus" / "octopus_download_2023-01_sample.csv"
    found = sources.read("octopus", [(file.name, file.read_bytes())])
    assert len(found.frame["consumption_kwh"]) == 1999


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([b'{"results": [{"consump'], "f0.json, line 1, column"),
        ([b'{"results": [{"value_inc_vat": 1}]}'], "f0.json: .*valid_from"),
        ([b'{"results": []}', b'{"data": {}}'], "different kinds"),
        ([b"start,kwh\n2026-01-01T00:00Z,x\n"], "f0.json, line 2, column kwh"),
    ],
)
def test_what_cannot_be_read_is_named(files: list[bytes], words: str) -> None:
    with pytest.raises(InputError, match=words):
        sources.read("octopus", [(f"f{n}.json", data) for n, data in enumerate(files)])
