"""Forms of the household: accounts, and single readings."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from energydash.answers import home as answers
from energydash.core.time import DAY, HALF_HOUR, Period
from energydash.views import cache, components, connecting, formatting
from energydash.views.confirm import attempt, confirm


def accounts() -> None:
    """Which accounts are configured, and connecting them with a year of history."""
    here = cache.context()
    sections = here.settings.named("octopus")
    if not sections:
        components.empty(
            "No Octopus account is configured.",
            "Put api_key and account_number under [octopus] in secrets.toml (several accounts: "
            "[octopus.NAME]), then start energydash again. Files can be imported without a key.",
        )
        return
    for one in answers.account_cards(here):
        st.markdown(f"**{components.escape(one.section)}** · {components.escape(one.state)}")
        for meter in one.meters:
            st.caption(f"· {components.escape(meter)}")
    if answers.being_fetched(here):
        connecting.progress()
    else:
        connecting.button()
    connecting.outcome()
    if answers.own_meters(here):
        connecting.last_year_link()


def readings() -> None:
    """Correct one half-hour, or delete a stretch; both can be undone."""
    here = cache.context()
    known = answers.own_meters(here)
    if not known:
        components.empty("There is no meter yet.", "Import readings or connect an account.")
        return
    meter = st.selectbox("Meter", known, format_func=lambda one: one.name, key="r_meter")
    left, middle, right = st.columns(3)
    day = left.date_input("Day", here.now().date(), key="r_day", format="YYYY-MM-DD")
    starts = dict(answers.local_half_hours(day, meter.zone))
    at = middle.selectbox("Half-hour starting", list(starts), key="r_time")
    start = starts.get(at) or next(iter(starts.values()))
    present = answers.reading_at(here, meter, start)
    if st.session_state.get("r_shown") != (meter.id, start):  # the form shows what there is
        st.session_state["r_shown"] = meter.id, start
        st.session_state["r_value"] = present or 0.0
    value = right.number_input(f"Reading, {meter.unit.symbol}", 0.0, key="r_value", format="%.3f")
    st.caption("No reading yet." if present is None else f"The reading is {present:g} now.")
    with st.container(horizontal=True):
        if st.button("Correct this half-hour", key="r_correct"):
            _keep_undo(lambda: answers.correct_reading(here, meter, start, value))
        if st.button("Delete this half-hour", key="r_delete"):
            _keep_undo(
                lambda: answers.delete_readings(here, meter, Period(start, start + HALF_HOUR))
            )
        if st.button("Delete the whole day", key="r_delete_day"):
            whole = Period.local_days(day, day + DAY, meter.zone)
            confirm(
                f"All readings of {meter.name} on {day} are deleted; this can be undone until the "
                "page is closed.",
                lambda: _keep_undo(lambda: answers.delete_readings(here, meter, whole)),
            )
    removed = st.session_state.get("removed")
    if removed is not None:
        span = formatting.span(
            removed.period.start, removed.period.end, removed.meter.zone, here.now()
        )
        st.caption(
            f"{len(removed.frame)} readings of {components.escape(removed.meter.name)} changed: "
            f"{span}"
        )
        if st.button("Undo", icon=":material/undo:", key="r_undo") and attempt(
            lambda: answers.undo(here, removed), "Put back."
        ):
            del st.session_state["removed"]
            st.rerun()


def _keep_undo(change: Callable[[], answers.Removed]) -> None:
    def keep() -> None:
        st.session_state["removed"] = change()

    attempt(keep, "Changed; it can be undone.")
