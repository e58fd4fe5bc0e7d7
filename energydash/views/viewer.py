"""Who is looking: the one place where Streamlit's connection becomes an `access.Viewer`."""

from __future__ import annotations

from ipaddress import ip_address

import streamlit as st

from energydash import access
from energydash.access import Viewer
from energydash.context import Context
from energydash.views import cached


def viewer() -> Viewer:
    """The viewer of this script run.

    A request that came through a proxy names its client in a header that anybody can write, so
    it never counts as coming from this machine.
    """
    forwarded = any(name.lower() == "x-forwarded-for" for name in st.context.headers)
    return Viewer(
        is_loopback=not forwarded and _is_loopback(st.context.ip_address),
        is_logged_in=_is_logged_in(cached.context()),
    )


def may_see_personal() -> bool:
    """True where meters, costs and batteries may be shown."""
    return access.may_see_personal(access.sharing(cached.context().settings), viewer())


def may_edit() -> bool:
    """True where this viewer may change settings, or ask an upstream."""
    return access.may_edit(access.sharing(cached.context().settings), viewer())


def _is_loopback(address: str | None) -> bool:
    return address is None or ip_address(address.partition("%")[0]).is_loopback


def _is_logged_in(context: Context) -> bool:
    if not context.settings.section("auth"):
        return False
    return bool(getattr(st.user, "is_logged_in", False))
