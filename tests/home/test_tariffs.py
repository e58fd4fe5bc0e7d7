"""Tariffs and meters: documents keep every digit, and what cannot be priced is refused in words."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from energydash.core.errors import InputError
from energydash.home.bands import Band, bands_overlap, clock_minutes
from energydash.home.meters import CalorificValue, Direction, Energy, Meter, Unit
from energydash.home.tariffs import (
    Agreement,
    RateInterval,
    Tariff,
    Tier,
    TierSpan,
    check_together,
    parse_code,
)

FLUX = Tariff(
    id="flux",
    label="Flux",
    default_rate=Decimal("24.4825"),
    bands=(
        Band(Decimal("14.6895"), 120, 300, label="low"),
        Band(Decimal("34.2755"), 960, 1140, season=((11, 1), (2, 29)), label="peak"),
    ),
    standing_p_per_day=Decimal("46.36"),
    valid_from=date(2024, 1, 1),
)


def test_documents_keep_every_digit() -> None:
    tariff = Tariff(
        id="all",
        label="All of it",
        default_rate=Decimal("0.10000000000000000001"),
        bands=FLUX.bands,
        tiers=(Tier(Decimal(200), Decimal("-3.50")),),
        tier_span=TierSpan.DAY,
        intervals=(
            RateInterval(datetime(2026, 3, 29, 1, tzinfo=UTC), None, Decimal("1E-7")),
            RateInterval(None, datetime(2026, 3, 29, 1, tzinfo=UTC), Decimal("2")),
        ),
        vat_percent=Decimal("5.0"),
        meter="m1",
        band_zone="UTC",
    )
    assert Tariff.from_body(json.loads(json.dumps(tariff.to_body()))) == tariff
    agreement = Agreement("a", "m1", "E-1R-AGILE-24-10-01-C", datetime(2024, 1, 1, tzinfo=UTC))
    assert Agreement.from_body(json.loads(json.dumps(agreement.to_body()))) == agreement
    meter = Meter(
        "g",
        Energy.GAS,
        unit=Unit.M3,
        point="1234567890",
        serials=("1", "2"),
        calorific_values=(
            CalorificValue(Decimal("39.4"), date(2024, 4, 1)),
            CalorificValue(Decimal("39.1")),
        ),
    )
    assert Meter.from_body(json.loads(json.dumps(meter.to_body()))) == meter


def test_an_mpan_is_in_no_repr() -> None:
    meter = Meter("m1", point="1000000000000", serials=("21L1234567",), premises="W1 1AA")
    assert not any(word in repr(meter) for word in ("1000000000000", "21L1234567", "W1 1AA"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bands": [*FLUX.to_body()["bands"], {"rate": "1", "start": "04:30", "end": "06:00"}]},
         "low 02:00-05:00 and 04:30-06:00"),
        ({"default_rate": None, "bands": []}, "no price"),
        ({"valid_to": "2024-01-01"}, "ends"),
        ({"default_rate": "cheap"}, "not a number"),
        ({"bands": [{"rate": "1", "start": "25:00", "end": "06:00"}]}, "'25:00'"),
        ({"zone": "Mars/Base"}, "Mars/Base"),
        ({"label": " "}, "needs a name"),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_refused_in_words(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Tariff.from_body({**FLUX.to_body(), **change})


def test_two_tariffs_on_one_day_are_refused_naming_both() -> None:
    other = Tariff("x", "Other", default_rate=Decimal(1), valid_from=date(2025, 1, 1))
    with pytest.raises(InputError, match=r"'Flux' and 'Other' both apply .* from 2025-01-01"):
        check_together([FLUX, other])
    export = Tariff("e", "Out", direction=Direction.EXPORT, default_rate=Decimal(15))
    bound = Tariff("b", "Bound", default_rate=Decimal(1), meter="m1")
    library = Tariff("l", "Library", default_rate=Decimal(1), for_comparison=True)
    check_together([FLUX, export, bound, library])


def test_bands_know_midnight_weekdays_and_seasons() -> None:
    friday_night = Band(Decimal(1), 1380, 120, frozenset({4}))
    saturday = Band(Decimal(2), 60, 180, frozenset({5}))
    assert bands_overlap(friday_night, saturday)
    assert not bands_overlap(friday_night, Band(Decimal(2), 60, 180, frozenset({4})))
    winter = Band(Decimal(1), 0, 1440, season=((11, 1), (2, 29)))
    assert not bands_overlap(winter, Band(Decimal(2), 0, 1440, season=((3, 1), (10, 31))))
    assert bands_overlap(winter, Band(Decimal(2), 0, 1440, season=((2, 29), (3, 1))))


def test_gaps_are_seen() -> None:
    whole = Band(Decimal(1), 0, 1440)
    assert not Tariff("a", "A", bands=(whole,)).has_gaps
    assert Tariff("a", "A", bands=(Band(Decimal(1), 30, 1440),)).has_gaps
    around = (Band(Decimal(1), 1380, 420), Band(Decimal(2), 420, 1380))
    assert not Tariff("a", "A", bands=around).has_gaps
    summer = Band(Decimal(1), 0, 1440, season=((3, 1), (10, 31)))
    winter = Band(Decimal(1), 0, 1440, season=((11, 1), (2, 28)))
    assert Tariff("a", "A", bands=(summer, winter)).has_gaps  # 29 February


def test_the_end_of_the_day_has_two_spellings() -> None:
    assert clock_minutes("24:00", is_end=True) == clock_minutes("00:00", is_end=True) == 1440
    assert clock_minutes("24:00") == clock_minutes("00:00") == 0


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("E-1R-AGILE-24-10-01-C", ("electricity", "1R", "AGILE-24-10-01", "C")),
        ("G-1R-VAR-22-11-01-N", ("gas", "1R", "VAR-22-11-01", "N")),
        ("E-FLAT2R-SILVER-24-12-31-A", ("electricity", "FLAT2R", "SILVER-24-12-31", "A")),
        ("E-2R-VAR-22-11-01-P", ("electricity", "2R", "VAR-22-11-01", "P")),
    ],
)
def test_a_code_has_its_parts(code: str, parts: tuple[str, ...]) -> None:
    found = parse_code(code)
    assert (found.energy.value, found.register, found.product, found.region) == parts


def test_what_is_no_code_is_refused() -> None:
    with pytest.raises(InputError, match="not a tariff code"):
        parse_code("Flux")
