"""Connecting the configured Octopus accounts: a button with progress, wherever it is missed."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from energydash.answers import home
from energydash.answers import home as answers
from energydash.core.errors import EnergydashError
from energydash.core.time import DAY, LONDON, Period, zone_info
from energydash.views import cache, components, confirm, viewer

YEAR = timedelta(days=366)
OUTCOME = "connected"  # in the session: what the page says after it has run again


def offer() -> bool:
    """Where a key is configured and no account is connected: say so, and how to. True if so."""
    if not answers.needs_connecting(cache.context()):
        return False
    components.empty(
        "An Octopus key is configured, and its account is not connected yet.",
        "Connecting asks it for its meters, then fetches a year of readings and prices."
        if viewer.may_edit()
        else "Connect it on the computer that runs energydash, under Meters and tariffs.",
    )
    if viewer.may_edit():
        with st.container(horizontal=True, horizontal_alignment="center"):
            button()
    return True


def button() -> None:
    """Connect and fetch a year, then run the page again: everything on it has changed."""
    if not st.button("Connect and fetch the last year", icon=":material/link:", type="primary"):
        return
    here = cache.context()
    now = here.now()
    try:
        with confirm.progress("Asking Octopus what the account has…") as tell:
            connected = home.connect(here)
            found = [
                f"{name or 'Octopus'}: {p.sentence} {p.remedy}" for name, p in connected.problems
            ]
            rows = 0
            if connected.meters:
                done = home.ingest(here, Period(now - YEAR, now), progress=tell)
                found += [f"{one.sentence} {one.remedy}" for one in done.problems]
                rows = sum(one.rows for one in done.refreshed)
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")
        return
    said = f"{len(connected.meters)} meters connected, {rows:,} rows fetched."
    st.session_state[OUTCOME] = (said, connected.notes, tuple(found))
    st.rerun()


def outcome() -> None:
    """What connecting brought, once; and the way to the bill."""
    said, notes, troubles = st.session_state.pop(OUTCOME, ("", (), ()))
    if said:
        st.success(components.escape(said), icon=":material/check:")
    for note in notes:
        st.info(components.escape(note))
    for trouble in troubles:
        st.warning(components.escape(trouble), icon=":material/warning:")


def last_year_link() -> None:
    """To the last twelve months by month on the costs page."""
    today = cache.context().now().astimezone(zone_info(LONDON)).date()
    first = today.replace(year=today.year - 1, day=1) + 31 * DAY  # twelve months with this one
    dates = [first.replace(day=1).isoformat(), today.isoformat()]
    st.page_link(
        "pages/electricity_costs.py", label="The last year by month",
        icon=":material/receipt_long:",
        query_params={"range": "Custom", "dates": dates, "by": "month", "view": "Chart"},
    )  # fmt: skip
