"""Whatever an upstream sends: a frame, or one of our errors. `make fuzz` tries many more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import EnergydashError
from energydash.sources import READERS, octopus, read
from energydash.sources.aretas import rows, sensors, sites
from energydash.sources.grid import carbon_intensity, elexon, neso
from energydash.sources.imports import File, read_readings, telemetry
from energydash.sources.imports.tariffs import read_tariffs
from energydash.sources.octopus import graphql
from tests.sources.grid.samples import GOOD

SPOILT = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.just([]), st.just({}), st.just([[]]), st.just(10**400), st.just("9999-99-99T99:99:99Z"),
    st.just("0001-01-01T00:00:00+14:00"), st.just(1e308), st.just("1e400"),
)  # fmt: skip

# Parsers that answers call by themselves, each with an answer of the right shape.
SLOT = {"from": "2026-07-01T00:00Z", "to": "2026-07-01T00:30Z", "intensity": {"forecast": 1}}
RATE = {
    "value_exc_vat": 1.0, "value_inc_vat": 1.05, "valid_from": "2026-07-01T00:00:00Z",
    "valid_to": None, "payment_method": None,
}  # fmt: skip
DISPATCH = {"start": "2026-07-01T00:00:00Z", "end": "2026-07-01T01:00:00Z", "delta": "-1"}
HISTORY = [
    [
        {"entity_id": "sensor.battery_voltage", "state": "52.1", "last_changed": SLOT["from"],
         "attributes": {"unit_of_measurement": "V"}},
        {"state": "52.2", "last_changed": SLOT["to"]},
    ]
]  # fmt: skip
TARIFFS = {
    "tariffs": [{"name": "A", "rates": [{"start": "00:00", "end": "05:00", "rate": 0.07}]}],
    "meters": [{"mpan": "1111111111111", "serial_number": "21L1"}],
}
PARSERS: list[tuple[Callable[[bytes], object], Any]] = [
    (elexon.read_rows, json.loads(GOOD["elexon"][1])),
    (neso.read_embedded, {"result": {"records": [{"DATETIME": "2026-07-01T00:00", "SOLAR": 1}]}}),
    (neso.read_mix, {"result": {"records": [{"DATETIME": "2026-07-01T00:00", "SOLAR": 1}]}}),
    (carbon_intensity.read_intensity, {"data": [SLOT]}),
    (
        carbon_intensity.read_mix,
        {"data": [{**SLOT, "generationmix": [{"fuel": "gas", "perc": 1}]}]},
    ),
    (carbon_intensity.read_factors, {"data": [{"Coal": 937, "Wind": 0}]}),
    (carbon_intensity.read_region, {"data": [{"regionid": 13, "shortname": "London"}]}),
    (lambda body: octopus.read_consumption([body]), json.loads(GOOD["octopus"][1])),
    (lambda body: octopus.read_rates([body], "unit"), {"results": [RATE]}),
    (
        lambda body: octopus.read_products([body]),
        {"results": [{"code": "A", "display_name": "A", "direction": "IMPORT", "links": []}]},
    ),
    (octopus.read_account, {"number": "A-1", "properties": [{"id": 1, "postcode": "AB1"}]}),
    (graphql.read_answer, {"data": {}}),
    (lambda body: rows.read_rows(body).by_type(), json.loads(GOOD["aretas"][1])),
    (
        sites.read_monitors,
        {"locationSensorViews": [{"location": {"lat": 1}, "sensorList": [{"mac": 1}]}]},
    ),
    (sensors.read_sensor_types, [{"typeByte": 531, "label": "Current", "units": "A"}]),
    (graphql.read_measurements, {"data": {"account": {"properties": [{"measurements": {}}]}}}),
    (lambda body: telemetry.read(body, "a.json"), HISTORY),
    (lambda body: telemetry.read(body, "a.json"), json.loads(GOOD["aretas"][1])),
    (lambda body: read_tariffs(File("a.json", body)), TARIFFS),
    (lambda body: read_readings(File("a.json", body)), json.loads(GOOD["octopus"][1])),
    (lambda body: read_readings(File("a.json", body)), HISTORY),
    (graphql.read_dispatches, {"data": {"completedDispatches": [DISPATCH]}}),
]


def _spoilt(data: st.DataObject, document: Any) -> Any:
    """The document with one of its values, wherever it is, replaced or taken away."""
    if isinstance(document, dict) and document and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(document)))
        if not data.draw(st.integers(0, 5)):
            return {name: value for name, value in document.items() if name != key}
        return {**document, key: _spoilt(data, document[key])}
    if isinstance(document, list) and document and data.draw(st.integers(0, 5)):
        place = data.draw(st.integers(0, len(document) - 1))
        return [*document[:place], _spoilt(data, document[place]), *document[place + 1 :]]
    return data.draw(SPOILT)


def _survives(question: Callable[[], object]) -> None:
    try:
        question()
    except EnergydashError as error:
        assert error.message.endswith(".")
        assert "\n" not in error.message


@pytest.mark.parametrize("source", READERS)
@given(data=st.data())
def test_fuzz_bytes(source: str, data: st.DataObject) -> None:
    name, content = GOOD[source]
    body = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(start + 40, len(body))))
        body[start:end] = data.draw(st.binary(max_size=12))
    _survives(lambda: read(source, [(name, bytes(body))]))


@pytest.mark.parametrize("source", [name for name, (_, body) in GOOD.items() if body[:1] in b"[{"])
@given(data=st.data())
def test_fuzz_json_of_saved_answers(source: str, data: st.DataObject) -> None:
    name, content = GOOD[source]
    body = json.dumps(_spoilt(data, json.loads(content))).encode()
    _survives(lambda: read(source, [(name, body)]))


@pytest.mark.parametrize(("parse", "good"), PARSERS)
@given(data=st.data())
def test_fuzz_parsers_that_are_called_by_themselves(
    parse: Callable[[bytes], object], good: Any, data: st.DataObject
) -> None:
    body = json.dumps(_spoilt(data, good)).encode()
    _survives(lambda: parse(body))
