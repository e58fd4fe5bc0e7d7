"""Who is looking: the one place where Streamlit's connection becomes an `access.Viewer`."""

from __future__ import annotations

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from energydash.core import access
from energydash.core.access import Viewer
from energydash.sync.context import Context
from energydash.views import cache


def viewer() -> Viewer:
    """The viewer of this script run."""
    logged_in = _is_logged_in(cache.context())
    return access.viewer_of(_address(), st.context.headers, is_logged_in=logged_in)


def _address() -> str:
    """The connection's; '' where it is unknown. `st.context` says None for that and localhost."""
    run = get_script_run_ctx()
    client = runtime.get_instance().get_client(run.session_id) if run else None
    context = client.client_context if client else None
    return (context.remote_ip or "") if context else ""


def may_see_personal() -> bool:
    """True where meters, costs and batteries may be shown."""
    return access.may_see_personal(access.sharing(cache.context().settings), viewer())


def may_edit() -> bool:
    """True where this viewer may change settings, or ask an upstream."""
    return access.may_edit(access.sharing(cache.context().settings), viewer())


def is_phone() -> bool:
    """True for a browser that calls itself mobile."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


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
        verified=user.get("email_verified") is True,
    )
