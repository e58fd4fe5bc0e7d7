"""Files of tariffs: octopus_viz's config, our TOML, a timeline; exact, or refused by name."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import InputError
from energydash.home.bands import Band
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.tariffs import Tariff
from energydash.sources.imports import File
from energydash.sources.imports.octopus_viz import write_tariffs
from energydash.sources.imports.tariffs import TariffFile, read_tariffs

RATES = [
    {"interval_start": "00:00", "interval_end": "02:00", "rate": 0.1972},
    {"interval_start": "02:00", "interval_end": "05:00", "rate": 0.07432},
    {"interval_start": "05:00", "interval_end": "24:00", "rate": 0.32008},
]
VIZ = {
    "meters": {
        "api_key": "sk_live_private",
        "serial": "21L1",
        "meters": [
            {"mpan": "1111111111111", "unit": "electricity_exporting_kwh"},
            {"mpan": "2222222222222", "unit": "electricity_importing_kwh", "alias": "Home"},
        ],
    },
    "tariffs": {
        "flux_export_2023-07": {
            "unit": "electricity_exporting_kwh", "currency": "GBP", "rates": RATES,
        },
        "flux_import_2023-02": {
            "unit": "electricity_importing_kwh", "currency": "GBP", "rates": RATES,
            "valid_from": "2023-02-01", "valid_until": "2023-07-01",
        },
    },
}  # fmt: skip


def read(data: object, name: str = "config.json") -> TariffFile:
    text = data if isinstance(data, str) else json.dumps(data)
    return read_tariffs(File(name, text.encode()))


def test_octopus_viz_config() -> None:
    found = read(VIZ)
    out, into = found.tariffs
    assert (out.direction, out.valid_from, out.valid_to) == (Direction.EXPORT, None, None)
    assert [(b.start_minute, b.end_minute, b.rate) for b in out.bands] == [
        (0, 120, Decimal("19.72")),
        (120, 300, Decimal("7.432")),
        (300, 1440, Decimal("32.008")),
    ]
    assert out.prices_include_vat
    assert (into.valid_from, into.valid_to) == (date(2023, 2, 1), date(2023, 7, 1))
    # The serial number stands once beside the list, and holds for both.
    assert [(one.point, one.serial, one.label) for one in found.meters] == [
        ("1111111111111", "21L1", ""),
        ("2222222222222", "21L1", "Home"),
    ]
    assert "API key is not kept" in found.notes[0]
    assert "sk_live_private" not in repr(found)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "steam"}, "tariff 'x': 'steam' is not a unit"),
        ({"currency": "EUR"}, "its currency is EUR"),
        ({"rates": [{"interval_start": "00:00", "interval_end": "25:00", "rate": 1}]}, "'25:00'"),
        ({"rates": [{"interval_start": "00:00", "rate": 1}]}, "a rate has no 'interval_end'"),
        ({"rates": [{**RATES[0], "rate": "dear"}]}, "'dear' is not a number"),
        ({"rates": [RATES[0], {**RATES[0], "rate": 1}]}, "overlap"),
        ({"rates": []}, "has no price"),
    ],
)
def test_a_config_that_cannot_be_used_names_the_tariff(
    change: dict[str, object], words: str
) -> None:
    body = {"unit": "electricity_importing_kwh", "rates": RATES, **change}
    with pytest.raises(InputError, match=words):
        read({"tariffs": {"x": body}})


def test_files_without_tariffs() -> None:
    with pytest.raises(InputError, match=r"line 1, column \d+: the file is cut short"):
        read('{"tariffs": {"x": ')
    with pytest.raises(InputError, match="it holds no tariffs"):
        read({"results": []})
    with pytest.raises(InputError, match="neither JSON nor TOML"):
        read("start,kwh\n")


TOML = """
[[tariff]]
label = "Winter peak"
default_rate = 24.4825
standing_p_per_day = "47.1"
valid_from = 2026-01-01
[[tariff.bands]]
rate = 34.27550
start = "16:00"
end = "19:00"
weekdays = [0, 1, 2, 3, 4]
season = ["11-01", "02-28"]
"""


def test_own_toml_is_exact() -> None:
    [found] = read(TOML, "own.toml").tariffs
    assert (found.id, found.label) == ("winter-peak", "Winter peak")
    assert (found.default_rate, found.bands[0].rate) == (Decimal("24.4825"), Decimal("34.27550"))
    assert found.standing_p_per_day == Decimal("47.1")
    assert found.valid_from == date(2026, 1, 1)
    assert found.bands[0].weekdays == frozenset(range(5))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[tariff]]\nlabel='x'\nprice=1\n", "'price' is not a field"),
        ("[[tariff]]\ndefault_rate=1\n", "tariff 1: it has no label"),
        ("[[tariff]]\nlabel='x'\n", "tariff 1 'x': .*has no price"),
        ("title='x'\n", r"it has no \[\[tariff\]\]"),
    ],
)
def test_toml_that_cannot_be_used(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(text, "own.toml")


def test_a_real_tariff_history(recordings: Path) -> None:
    file = recordings / "octopus" / "solardashboard_tariff_history_regionB.json"
    found = read_tariffs(File.of(file))
    *economy, agile, out = found.tariffs
    assert all(one.bands[0].label == "night" and one.band_zone == "UTC" for one in economy)
    assert len(economy) == 12
    assert len(agile.intervals) == 288
    assert agile.standing_p_per_day == Decimal("54.84696")
    assert (out.direction, out.default_rate) == (Direction.EXPORT, Decimal("15.0"))
    assert len(found.notes) == 1
    assert "period 12 (Flexible Octopus May2025-Jun2025" in found.notes[0]
    assert "look like pounds, not pence" in found.notes[0]


def test_export_is_read_back_the_same() -> None:
    found = read(VIZ)
    meters = [
        Meter(f"m{n}", one.energy, one.direction, one.unit, one.label, one.point, (one.serial,))
        for n, one in enumerate(found.meters)
    ]
    file, left_out = write_tariffs(found.tariffs, meters)
    again = read_tariffs(file)
    assert (again.tariffs, again.meters, left_out) == (found.tariffs, found.meters, [])


def test_what_octopus_viz_cannot_say_is_said() -> None:
    weekdays = Tariff("a", "Weekdays", bands=(Band(Decimal(9), 0, 1440, weekdays=frozenset({0})),))
    standing = Tariff("b", "Flat", Energy.GAS, default_rate=Decimal("6.1"),
                      standing_p_per_day=Decimal(30))  # fmt: skip
    file, left_out = write_tariffs([weekdays, standing], [])
    assert left_out == [
        "'Weekdays' is left out: octopus_viz has no weekdays.",
        "'Flat' is written without its standing charge.",
    ]
    [flat] = read_tariffs(file).tariffs
    assert [(b.start_minute, b.end_minute, b.rate) for b in flat.bands] == [
        (0, 1440, Decimal("6.1"))
    ]


@pytest.mark.parametrize("text", [json.dumps(VIZ), TOML])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_by_name(text: str, data: st.DataObject) -> None:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    for whole in (bytes(content), bytes(content[: data.draw(st.integers(0, len(content)))])):
        try:
            read_tariffs(File("damaged", whole))
        except InputError as error:
            assert "damaged" in str(error)
