"""Regions: a balancing area or a part of one, found by id or by any name others have for it.

The list is `data/regions.toml`. A region says which zone its days are cut in, which sources have
each of its quantities (in order of preference), and its usual emission factors.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from energydash.core.errors import InputError
from energydash.core.settings import Settings

GREAT_BRITAIN = "GB"  # where nothing else is set


@dataclass(frozen=True)
class Region:
    """A place with a grid of its own, or a part of one (`parent`).

    gsp: the letter of the grid supply point group that it is, '' where it is none.
    """

    id: str
    name: str
    country: str
    zone: str
    sources: Mapping[str, tuple[str, ...]]
    aliases: tuple[str, ...] = ()
    factors: str = "ipcc-ar5-2014"
    parent: str = ""
    gsp: str = ""

    @property
    def has_mix_mw(self) -> bool:
        """True where the mix is known in megawatts, not only in per cent."""
        return "mix" in self.sources


@cache
def regions() -> tuple[Region, ...]:
    """Every region, in the order of the list."""
    text = (resources.files("energydash") / "data" / "regions.toml").read_text(encoding="utf-8")
    return tuple(
        Region(
            id=row["id"],
            name=row["name"],
            country=row["country"],
            zone=row["zone"],
            sources={quantity: tuple(names) for quantity, names in row["sources"].items()},
            aliases=tuple(row["aliases"]),
            factors=row["factors"],
            parent=row.get("parent", ""),
            gsp=row.get("gsp", ""),
        )
        for row in tomllib.loads(text)["region"]
    )


@cache
def _by_name() -> dict[str, Region]:
    found: dict[str, Region] = {}
    for region in regions():
        for name in (region.id, region.name, *region.aliases):
            found.setdefault(_plain(name), region)
    return found


def find(name: str) -> Region:
    """The region with this id, name or alias; case, spaces and dashes do not matter.

    Raises: InputError that names the nearest matches.
    """
    known = _by_name()
    region = known.get(_plain(name))
    if region is not None:
        return region
    near = difflib.get_close_matches(_plain(name), known, n=3, cutoff=0.6)
    ids = list(dict.fromkeys(f"{known[match].id} ({known[match].name})" for match in near))
    if not ids:
        ids = [region.id for region in regions() if not region.parent]
    raise InputError(f"'{name}' is not a region.", remedy=f"Did you mean {' or '.join(ids)}?")


def default(settings: Settings) -> Region:
    """The region of `[grid] region`: whose figures are shown where nobody names another.

    Raises: InputError that names the setting, where it is no region.
    """
    section = settings.section("grid")
    name = section.text("region", GREAT_BRITAIN) if section else GREAT_BRITAIN
    try:
        return find(name)
    except InputError as error:
        raise InputError(f"[grid] region: {error.message}", remedy=error.remedy) from error


def of_supply_point(letter: str) -> Region | None:
    """The part of Great Britain that a grid supply point group is; None where unknown."""
    return next((one for one in regions() if letter and one.gsp == letter), None)


def outward_code(postcode: str) -> str:
    """The outward half of a GB postcode, upper case: `ec1v 9aa` → `EC1V`.

    Raises: InputError where the text has not the form of a postcode.
    """
    text = re.sub(r"\s+", "", postcode).upper()
    match = _POSTCODE.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{postcode}' is not a GB postcode.", remedy="Write it as EC1V 9AA, or only EC1V."
        )
    return match["outward"]


# Area letters, district, and optionally sector and unit (Royal Mail, Programmer's Guide).
_POSTCODE = re.compile(r"(?P<outward>[A-Z]{1,2}[0-9][0-9A-Z]?)(?:[0-9][A-Z]{2})?")


def _plain(name: str) -> str:
    return re.sub(r"[\s_&,()-]+", "", name).casefold()
