"""Canonical fuels: their names, the order they are stacked in, and the group each belongs to.

Provider names are mapped to these in each source module; what has no mapping is `other` and is
reported. Colours live in `energydash.charts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# Stack order, bottom to top: what runs all the time first, what balances last.
FUELS: Final = (
    "nuclear",
    "geothermal",
    "biomass",
    "hydro",
    "wind",
    "solar",
    "gas",
    "oil",
    "coal",
    "battery",
    "pumped_storage",
    "imports",
    "other",
)  # fmt: skip

# Nuclear is a group of its own: it is low-carbon, but not renewable.
GROUPS: Final = {
    "renewable": ("geothermal", "biomass", "hydro", "wind", "solar"),
    "nuclear": ("nuclear",),
    "fossil": ("gas", "oil", "coal"),
    "storage": ("battery", "pumped_storage"),
    "imports": ("imports",),
    "other": ("other",),
}

GROUP_OF: Final = {fuel: group for group, members in GROUPS.items() for fuel in members}

# Generation: everything that is neither stored, nor bought from a neighbour.
GENERATION: Final = tuple(
    fuel for fuel in FUELS if GROUP_OF[fuel] not in ("storage", "imports")
)  # fmt: skip

STORAGE: Final = GROUPS["storage"]


def title(fuel: str) -> str:
    """A fuel or group as people read it: `pumped_storage` → `Pumped storage`."""
    return fuel.replace("_", " ").capitalize()


def in_stack_order(names: Iterable[str]) -> list[str]:
    """`names` in stack order; names that are no canonical fuel keep their order, at the end."""
    given = list(dict.fromkeys(names))
    known = set(given)
    return [fuel for fuel in FUELS if fuel in known] + [n for n in given if n not in GROUP_OF]
