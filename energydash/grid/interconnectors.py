"""Great Britain's links to its neighbours: ids used as parts of the `interconnectors` feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Link:
    """A link, the country at its other end, and the power it can carry each way."""

    id: str
    name: str
    country: str
    capacity_mw: float


# Capacities: Ofgem's list of electricity interconnectors.
LINKS: Final = (
    Link("ifa", "IFA", "France", 2000),
    Link("ifa2", "IFA2", "France", 1000),
    Link("eleclink", "ElecLink", "France", 1000),
    Link("nemo", "Nemo Link", "Belgium", 1000),
    Link("britned", "BritNed", "Netherlands", 1000),
    Link("nsl", "North Sea Link", "Norway", 1400),
    Link("viking", "Viking Link", "Denmark", 1400),
    Link("moyle", "Moyle", "Northern Ireland", 500),
    Link("east_west", "East West", "Ireland", 500),
    Link("greenlink", "Greenlink", "Ireland", 500),
)

LINK: Final = {link.id: link for link in LINKS}
