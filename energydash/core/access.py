"""Who may see and change what. One function guards pages, REST, CSV and settings alike.

Alone on this machine everything is allowed. A server that is shared on the LAN (`make share`,
`serve --share`) is read-only and shows the grid only, unless the owner logs in or opts in with
PERSONAL=1. REST knows no login: the owner's programs elsewhere send the token of `[api]`. Settings
stay editable from loopback alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from energydash.core.errors import InputError
from energydash.core.settings import Secret

if TYPE_CHECKING:
    from energydash.core.settings import Settings


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


# Anybody can write these headers, so they never make a viewer local; but who sends one came
# through a proxy, so the connection's own address is not the viewer's.
PROXY_HEADERS = frozenset(
    {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}
)


def viewer_of(address: str, headers: Iterable[str], *, is_logged_in: bool = False) -> Viewer:
    """The viewer at the other end of a connection, from its address and its headers' names."""
    proxied = any(name.lower() in PROXY_HEADERS for name in headers)
    try:
        is_loopback = ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        is_loopback = False
    return Viewer(is_loopback and not proxied, is_logged_in)


def is_owner(settings: Settings, email: str, *, verified: bool) -> bool:
    """True where a login is that of an owner: one of the addresses in `[auth] owners`.

    A login alone proves little: at a public provider anybody can have one, and some let anybody
    claim any address, so the provider must say that it is `verified`.
    """
    section = settings.section("auth")
    owners = section.items("owners") if section else ()
    return verified and email.casefold() in {owner.casefold() for owner in owners}


SHORTEST_TOKEN = 20
SCHEME = "bearer "  # of the header Authorization: any case


def token(settings: Settings) -> Secret:
    """`[api] token`, by which REST knows the owner; empty where there is none."""
    section = settings.section("api")
    found = section.secret("token") if section else Secret()
    if 0 < len(found) < SHORTEST_TOKEN:
        raise InputError(
            "[api] token can be guessed.", remedy=f"Give {SHORTEST_TOKEN} characters at least."
        )
    return found


def holds_token(settings: Settings, authorization: str) -> bool:
    """True where a request's header `Authorization: Bearer …` has the token of `[api]`."""
    ours = token(settings).reveal().encode()
    is_bearer = authorization[: len(SCHEME)].lower() == SCHEME
    theirs = authorization[len(SCHEME) :].strip().encode(errors="replace") if is_bearer else b""
    return hmac.compare_digest(ours, theirs) and bool(ours)


def may_see_personal(sharing: Sharing, viewer: Viewer) -> bool:
    """True where this viewer may see meters, costs and batteries."""
    if sharing is Sharing.OFF:
        return viewer.is_loopback or viewer.is_logged_in
    return sharing is Sharing.PERSONAL or viewer.is_loopback or viewer.is_logged_in


def may_edit(sharing: Sharing, viewer: Viewer) -> bool:
    """True where this viewer may change settings, meters and tariffs, or fetch."""
    del sharing  # sharing opens reading only, never writing
    return viewer.is_loopback
