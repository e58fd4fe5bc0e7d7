"""Who is looking: the one place where Streamlit's connection becomes an `access.Viewer`."""

from __future__ import annotations

import streamlit as st

from energydash.core import access
from energydash.core.access import Viewer
from energydash.sync.context import Context
from energydash.views import cache


def viewer() -> Viewer:
    """The viewer of this script run."""
    address = st.context.ip_address or "127.0.0.1"  # Streamlit says None for localhost
    logged_in = _is_logged_in(cache.context())
    return access.viewer_of(address, st.context.headers, is_logged_in=logged_in)


def may_see_personal() -> bool:
    """True where meters, costs and batteries may be shown."""
    return access.may_see_personal(access.sharing(cache.context().settings), viewer())


def may_edit() -> bool:
    """True where this viewer may change settings, or ask an upstream."""
    return access.may_edit(access.sharing(cache.context().settings), viewer())


def login_control() -> None:
    """A way in and out in the sidebar, for viewers elsewhere, where `[auth]` is configured."""
    auth = cache.context().settings.named("auth")
    if not auth or viewer().is_loopback:
        return
    if st.user.to_dict().get("is_logged_in"):
        st.sidebar.button("Log out", on_click=st.logout)
    else:
        provider = next((section for section in auth if section.text("client_id")), auth[0])
        st.sidebar.button("Log in", on_click=st.login, args=(provider.name or None,))


def _is_logged_in(context: Context) -> bool:
    if not context.settings.section("auth"):
        return False
    user = st.user.to_dict()
    return bool(user.get("is_logged_in")) and access.is_owner(
        context.settings,
        str(user.get("email") or ""),
        verified=user.get("email_verified") is not False,
    )
