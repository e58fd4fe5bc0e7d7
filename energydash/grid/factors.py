"""Emission-factor sets: those that come with energydash, and the user's own files.

The format is that of `data/emission_factors.toml`:

    [[set]]
    id = "my-factors"
    title = "My factors"
    version = "2026"
    scope = "direct"            # or "lifecycle"
    [set.factors]
    gas = { value = 400, source = "where it is from" }
    other = { value = 500, source = "…" }    # also used for fuels that have none of their own

A file of one set may leave out `[[set]]` and write these keys at its top.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from energydash.core.errors import InputError
from energydash.grid.fuels import FUELS
from energydash.grid.intensity import Factor, FactorSet, Scope

# No kWh from any plant comes near it: a larger figure is in another unit (kg/MWh is the same
# number, lb/MWh is 2.2 times it, g/MWh a thousand times).
LARGEST_G_PER_KWH = 3000.0


@cache
def factor_sets() -> dict[str, FactorSet]:
    """The sets that come with energydash, by id, in the order of their file."""
    file = resources.files("energydash") / "data" / "emission_factors.toml"
    return {found.id: found for found in parse(file.read_text(encoding="utf-8"), file.name)}


def factor_set(set_id: str) -> FactorSet:
    """The set with this id; InputError that lists the ids where there is none."""
    known = factor_sets()
    if set_id not in known:
        raise InputError(
            f"'{set_id}' is not a set of emission factors.",
            remedy=f"Choose from {', '.join(known)}, or give a TOML file.",
        )
    return known[set_id]


def parse(text: str, name: str) -> list[FactorSet]:
    """The sets of a file's text. `name` is what the user calls the file.

    Raises: InputError that says which set and which key is wrong, and why.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} cannot be read: {error}.") from error
    rows = document.get("set", [document])
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{name} has no set of emission factors.", remedy="Start it with [[set]].")
    sets = [_parse_set(row, f"{name}, set {number}") for number, row in enumerate(rows, 1)]
    ids = [found.id for found in sets]
    if len(set(ids)) < len(ids):
        raise InputError(f"{name} has two sets with the same id.")
    return sets


def _parse_set(row: Any, where: str) -> FactorSet:
    if not isinstance(row, dict):
        raise InputError(f"{where} is not a table.")
    texts = {}
    for key in ("id", "title", "version", "scope"):
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{where} needs a text '{key}'.")
        texts[key] = value.strip()
    scopes: dict[str, Scope] = {"lifecycle": "lifecycle", "direct": "direct"}
    if texts["scope"] not in scopes:
        raise InputError(
            f"{where} has the scope '{texts['scope']}'.", remedy="Use lifecycle or direct."
        )
    factors = row.get("factors")
    if not isinstance(factors, dict) or not factors:
        raise InputError(f"{where} has no [set.factors].")
    parsed = {fuel: _parse_factor(fuel, value, where) for fuel, value in factors.items()}
    if "other" not in parsed:
        raise InputError(
            f"{where} has no factor for 'other'.",
            remedy="It is needed: fuels without a factor of their own take it.",
        )
    return FactorSet(
        texts["id"],
        texts["title"],
        texts["version"],
        scopes[texts["scope"]],
        parsed,
        str(row.get("about", "")).strip(),
    )


def _parse_factor(fuel: str, value: Any, where: str) -> Factor:
    if fuel not in FUELS:
        raise InputError(
            f"{where} has the unknown fuel '{fuel}'.", remedy=f"Use {', '.join(FUELS)}."
        )
    if not isinstance(value, dict):
        raise InputError(
            f"{where}, {fuel}: the factor has no source.",
            remedy=f'Write {fuel} = {{ value = 400, source = "where it is from" }}.',
        )
    number, source = value.get("value"), value.get("source")
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise InputError(f"{where}, {fuel}: the value must be a number of g/kWh.")
    if not 0 <= number <= LARGEST_G_PER_KWH:
        raise InputError(
            f"{where}, {fuel}: {number:g} g/kWh cannot be right.",
            remedy=f"Factors are in g CO2e/kWh, from 0 to {LARGEST_G_PER_KWH:g}.",
        )
    if not isinstance(source, str) or not source.strip():
        raise InputError(f'{where}, {fuel}: say where {number:g} g/kWh is from, as source = "…".')
    return Factor(float(number), source.strip())
