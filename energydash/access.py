"""Who may see and change what. One function guards pages, REST, CSV and settings alike.

Alone on this machine everything is allowed. A server that is shared on the LAN (`make share`,
`serve --share`) is read-only and shows the grid only, unless the owner logs in or opts in with
PERSONAL=1. Settings stay editable from loopback alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from energydash.errors import InputError

if TYPE_CHECKING:
    from energydash.settings import Settings


class Sharing(StrEnum):
    """How far the server is shared."""

    OFF = "off"
    GRID = "grid"
    PERSONAL = "personal"


# `[share] level` in the environment: `serve --share` sets it for its own process.
VARIABLE = "ENERGYDASH_SHARE_LEVEL"


@dataclass(frozen=True)
class Viewer:
    """Where a request comes from and whether it carries the owner's login."""

    is_loopback: bool
    is_logged_in: bool = False


def sharing(settings: Settings) -> Sharing:
    """`[share] level`, which `serve --share` sets for its own process."""
    section = settings.section("share")
    level = section.text("level", Sharing.OFF) if section else Sharing.OFF
    try:
        return Sharing(level)
    except ValueError as error:
        raise InputError(
            f"[share] level is '{level}'.", remedy=f"Choose {', '.join(Sharing)}."
        ) from error


def may_see_personal(sharing: Sharing, viewer: Viewer) -> bool:
    """True where this viewer may see meters, costs and batteries."""
    if sharing is Sharing.OFF:
        return viewer.is_loopback or viewer.is_logged_in
    return sharing is Sharing.PERSONAL or viewer.is_loopback or viewer.is_logged_in


def may_edit(sharing: Sharing, viewer: Viewer) -> bool:
    """True where this viewer may change settings, meters and tariffs, or fetch."""
    del sharing  # sharing opens reading only, never writing
    return viewer.is_loopback
