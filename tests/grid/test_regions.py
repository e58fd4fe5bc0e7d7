"""Regions by id, by anybody's name for them, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from energydash import sources
from energydash.core.errors import InputError
from energydash.core.settings import load
from energydash.core.time import zone_info
from energydash.grid.factors import factor_sets
from energydash.grid.regions import default, find, of_supply_point, outward_code, regions


@pytest.mark.parametrize(
    ("name", "region_id"),
    [
        ("GB", "GB"),
        ("uk", "GB"),
        ("gb-13", "GB-13"),
        ("London", "GB-13"),
        ("US-CAISO", "CAISO"),
        ("CISO", "CAISO"),
        ("US-CAL-CISO", "CAISO"),
        ("caiso north", "CAISO"),
        ("US-NEISO", "ISONE"),
        ("BPAT", "BPA"),
        ("swpp", "SPP"),
    ],
)
def test_names_and_aliases(name: str, region_id: str) -> None:
    assert find(name).id == region_id


def test_a_near_miss_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="ERCOT"):
        find("ERCOTT")
    with pytest.raises(InputError, match="GB or CAISO"):
        find("qqqqqqq")


def test_every_region_is_sound() -> None:
    seen: dict[str, str] = {}
    for region in regions():
        zone_info(region.zone)
        assert region.factors in factor_sets()
        assert region.sources
        assert not region.parent or find(region.parent).id == region.parent
        for name in {region.id, region.name, *region.aliases}:
            key = name.casefold()
            assert seen.setdefault(key, region.id) == region.id, name
        for names in region.sources.values():
            assert set(names) <= set(sources.MODULES)


@pytest.mark.parametrize(
    ("text", "outward"),
    [("ec1v 9aa", "EC1V"), ("N1", "N1"), ("n19gu", "N1"), ("BS16", "BS16"), ("W1A 1AA", "W1A")],
)
def test_outward_codes(text: str, outward: str) -> None:
    assert outward_code(text) == outward


@pytest.mark.parametrize("text", ["", "12345", "ABC 1", "EC1V 9A/../x", "SW1A1AAA"])
def test_what_is_no_postcode_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="postcode"):
        outward_code(text)


@pytest.mark.parametrize(
    ("letter", "name"),
    [("C", "London"), ("P", "North Scotland"), ("J", "South East England")],
)
def test_each_supply_point_group_has_its_region(letter: str, name: str) -> None:
    found = of_supply_point(letter)
    assert found is not None and found.name == name


@pytest.mark.parametrize("letter", ["", "Q", "I"])
def test_no_letter_and_an_unknown_one_name_no_region(letter: str) -> None:
    assert of_supply_point(letter) is None


def test_the_region_is_a_setting_and_great_britain_without_one(tmp_path: Path) -> None:
    def chosen(**environment: str) -> str:
        return default(load({"ENERGYDASH_HOME": str(tmp_path), **environment}, tmp_path)).id

    assert chosen() == "GB"
    assert chosen(ENERGYDASH_GRID_REGION="CAISO") == "CAISO"
    assert chosen(ENERGYDASH_GRID_REGION="california iso") == "CAISO"
    with pytest.raises(InputError, match=r"\[grid\] region: 'Atlantis' is not a region"):
        chosen(ENERGYDASH_GRID_REGION="Atlantis")


def test_there_are_fourteen_supply_point_groups() -> None:
    assert sorted(one.gsp for one in regions() if one.gsp) == list("ABCDEFGHJKLMNP")
