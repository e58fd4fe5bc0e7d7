"""Connecting the configured Octopus accounts: a button, and a bar that survives the page.

The work is a job in the store: the page may be reloaded or closed, and energydash started again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from energydash.answers import home
from energydash.core.errors import EnergydashError
from energydash.core.time import DAY, LONDON, Period, zone_info
from energydash.views import cache, components, confirm, formatting, refused, viewer
from energydash.views.live import live

WATCHED = "watched_job"  # in the session: the job whose outcome is still to be told


def offer() -> bool:
    """Where a key is configured and no account is connected: say so, and how to. True if so.

    While history is being fetched, how far it has come; also where there are figures already.
    """
    here = cache.context()
    fetching = home.being_fetched(here) is not None
    if fetching:
        progress()
    if not home.needs_connecting(here):
        return False
    if not fetching:
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
    """Have a year fetched by the crawler; here and now where there is none."""
    if not st.button("Connect and fetch the last year", icon=":material/link:", type="primary"):
        return
    here = cache.context()
    try:
        job = home.start_connecting(here)
        st.session_state[WATCHED] = job.id
        if not here.crawled:
            with confirm.progress("Asking Octopus what the account has…") as tell:
                home.go_on(here, job, tell)
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")
        return
    st.rerun()


def progress() -> None:
    """A bar for the household's history, until it is done; then the page runs again."""
    bar(lambda: home.being_fetched(cache.context()), key="history")


def bar(find: Callable[[], home.Job | None], *, key: str) -> None:
    """How far a job has come, by the store; the page runs again when there is none any more."""

    def draw() -> None:
        job = find()
        if job is None:
            return
        st.session_state[WATCHED] = job.id
        st.progress(min(job.done, 1.0), components.escape(job.said) or "Waiting to begin…")
        if job.problem and not refused.is_said(job.problem.sentence):
            now = cache.context().now()
            again = formatting.clock(job.retry_at, LONDON, now) if job.retry_at else ""
            st.caption(
                components.escape(f"{job.problem} " + (f"It goes on at {again}." if again else ""))
            )

    live(draw, key=key, awaits=lambda: find() is not None)


def fill(lacking: Sequence[Period]) -> None:
    """Have fetched what was never asked for, where a crawler is at work; once in a session."""
    here = cache.context()
    if not (lacking and here.crawled and viewer.may_edit()) or home.being_fetched(here):
        return
    whole = Period(min(one.start for one in lacking), max(one.end for one in lacking))
    asked: set[Period] = st.session_state.setdefault("history_asked", set())
    if whole not in asked:
        asked.add(whole)
        home.start_fetching(here, whole)
        progress()


def outcome() -> None:
    """What a job brought that was watched in this session, once."""
    watched = st.session_state.get(WATCHED)
    job = home.fetched(cache.context(), watched) if watched else None
    if job is None or not job.is_finished:
        return
    del st.session_state[WATCHED]
    cache.forget()
    result = job.result
    if job.problem and not refused.is_said(job.problem.sentence):
        st.error(components.escape(str(job.problem)), icon=":material/error:")
    if "rows" in result:
        said = f"{result['rows']:,} rows fetched."
        if result["meters"]:
            said = f"{result['meters']} meters connected, {said}"
        st.success(components.escape(said), icon=":material/check:")
    for note in result.get("notes", ()):
        st.info(components.escape(note))
    for trouble in result.get("problems", ()):
        if refused.is_said(trouble):
            continue
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
