"""Emission-factor files: what comes with energydash is sound, what is wrong is said."""

from __future__ import annotations

import pytest

from energydash.core.errors import InputError
from energydash.grid import factors
from energydash.grid.fuels import FUELS

GOOD = """
id = "mine"
title = "Mine"
version = "1"
scope = "direct"
[factors]
gas = { value = 400, source = "my gas works" }
other = { value = 500, source = "a guess" }
"""


def test_every_factor_has_a_source_and_every_set_knows_other() -> None:
    sets = factors.factor_sets()
    assert {"ipcc-ar5-2014", "neso-2024", "eia-us-2023"} <= set(sets)
    for found in sets.values():
        assert found.version
        assert "other" in found.factors
        assert all(factor.source for factor in found.factors.values())


def test_neso_values_are_those_of_its_own_answer(recordings: object) -> None:
    import json
    from pathlib import Path

    assert isinstance(recordings, Path)
    answer = json.loads((recordings / "carbonintensity" / "intensity_factors.json").read_text())
    theirs = answer["data"][0]
    ours = factors.factor_set("neso-2024")
    names = {"Gas (Combined Cycle)": "gas", "Pumped Storage": "pumped_storage"}
    compared = 0
    for name, value in theirs.items():
        fuel = names.get(name, name.lower())
        if fuel in FUELS:
            assert ours.g_per_kwh(fuel) == value, fuel
            compared += 1
    assert compared == 10


def test_a_file_of_one_set_needs_no_header() -> None:
    (found,) = factors.parse(GOOD, "mine.toml")
    assert found.g_per_kwh("gas") == 400
    assert found.assumed(["gas", "wind"]) == ["wind"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('id = "mine"', ""), "needs a text 'id'"),
        (('scope = "direct"', 'scope = "well-to-wheel"'), "well-to-wheel"),
        (("gas =", "steam ="), "unknown fuel 'steam'"),
        (("value = 400", "value = 400000"), "cannot be right"),
        (("value = 400", "value = -4"), "cannot be right"),
        (("value = 400", "value = nan"), "must be a number"),
        (("value = 400", "value = true"), "must be a number"),
        (("value = 400", 'value = "400"'), "must be a number"),
        (('source = "my gas works"', 'source = ""'), "say where"),
        (("other =", "coal ="), "no factor for 'other'"),
        (('gas = { value = 400, source = "my gas works" }', "gas = 400"), "has no source"),
        (("[factors]", "[stuff]"), "has no"),
        (('title = "Mine"', "title ="), "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError, match=r"mine\.toml") as caught:
        factors.parse(GOOD.replace(*change), "mine.toml")
    assert said in str(caught.value)


def test_two_sets_of_one_id_are_refused() -> None:
    one = GOOD.replace("[factors]", "[set.factors]")
    with pytest.raises(InputError, match="same id"):
        factors.parse(f"[[set]]{one}[[set]]{one}", "mine.toml")


def test_an_unknown_id_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="neso-2024"):
        factors.factor_set("nope")
