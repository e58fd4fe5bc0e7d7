"""Forms of the household: accounts, single readings, files in and out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

import streamlit as st

from energydash.answers import home as answers
from energydash.answers import household
from energydash.errors import EnergydashError
from energydash.time import DAY, HALF_HOUR, Period, zone_info
from energydash.views import cached, parts, words
from energydash.views.changes import attempt, confirm


def accounts() -> None:
    """Which accounts are configured, and connecting them with a year of history."""
    here = cached.context()
    sections = here.settings.named("octopus")
    if not sections:
        parts.empty(
            "No Octopus account is configured.",
            "Put api_key and account_number under [octopus] in secrets.toml (several accounts: "
            "[octopus.NAME]), then start energydash again. Files can be imported without a key.",
        )
        return
    for section in sections:
        key = "key configured" if section.secret("api_key") else "no key"
        st.markdown(
            f"**[octopus{'.' if section.name else ''}{parts.escape(section.name)}]** · {key}"
        )
    if st.button("Connect and fetch the last year", icon=":material/link:", type="primary"):
        bar = st.progress(0.0, "Asking Octopus what the account has…")
        try:
            connected = household.connect(here)
            for note in connected.notes:
                st.info(parts.escape(note))
            for name, problem in connected.problems:
                st.warning(
                    parts.escape(f"{name or 'Octopus'}: {problem.sentence} {problem.remedy}")
                )
            if connected.meters:
                now = here.now()

                def progress(part: float, text: str) -> None:
                    bar.progress(min(part, 1.0), text)

                done = household.ingest(here, Period(now - 366 * DAY, now), progress=progress)
                for trouble in done.problems:
                    st.warning(parts.escape(f"{trouble.sentence} {trouble.remedy}"))
                rows = sum(one.rows for one in done.refreshed)
                st.success(f"{len(connected.meters)} meters connected, {rows:,} rows fetched.")
        except EnergydashError as error:
            st.error(parts.escape(str(error)), icon=":material/error:")
        finally:
            bar.empty()
            cached.forget()


def readings() -> None:
    """Correct one half-hour, or delete a stretch; both can be undone."""
    here = cached.context()
    known = answers.own_meters(here)
    if not known:
        parts.empty("There is no meter yet.", "Import readings or connect an account.")
        return
    meter = st.selectbox("Meter", known, format_func=lambda one: one.name, key="r_meter")
    left, middle, right = st.columns(3)
    day = left.date_input("Day", here.now().date(), key="r_day", format="YYYY-MM-DD")
    at = middle.time_input("Half-hour starting", time(), step=HALF_HOUR, key="r_time")
    value = right.number_input(f"Reading, {meter.unit.value}", 0.0, key="r_value", format="%.3f")
    start = datetime.combine(day, at, zone_info(meter.zone))
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
        span = words.span(removed.period.start, removed.period.end, removed.meter.zone, here.now())
        st.caption(
            f"{len(removed.frame)} readings of {parts.escape(removed.meter.name)} changed: {span}"
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


def files() -> None:
    """Import readings and tariffs with a preview; export them as files."""
    here = cached.context()
    uploads = st.file_uploader(
        "Readings: Octopus CSV or JSON, octopus_viz, Home Assistant, n3rgy, plain CSV",
        accept_multiple_files=True, key="f_readings",
    )  # fmt: skip
    if uploads:
        given = [household.Upload(one.name, one.getvalue()) for one in uploads]
        options = {"auto": "as the file tells", "zero": "zero", "missing": "missing"}
        absent = st.radio(
            "Half-hours that the file leaves out are", list(options), format_func=options.get,
            horizontal=True, key="f_absent",
        )  # fmt: skip
        accept = st.toggle("Import the good rows of files with bad ones", key="f_accept")
        try:
            preview = household.import_readings(here, given, preview=True, absent=absent)
        except EnergydashError as error:
            st.error(parts.escape(str(error)), icon=":material/error:")
        else:
            for item in preview.items:
                st.markdown(parts.escape(item.summary))
                for refused in item.readings.refused[:5]:
                    st.caption(f":orange[:material/warning:] {parts.escape(str(refused))}")
            for note in preview.notes:
                st.caption(parts.escape(note))
            if st.button("Import", type="primary", key="f_import"):
                attempt(
                    lambda: household.import_readings(
                        here, given, absent=absent, accept_refused=accept
                    ),
                    f"{len(given)} files imported.",
                )
    prices = st.file_uploader(
        "Tariffs: octopus_viz config JSON or energydash TOML", accept_multiple_files=True,
        key="f_tariffs",
    )  # fmt: skip
    if prices and st.button("Import tariffs", type="primary", key="f_import_tariffs"):
        given = [household.Upload(one.name, one.getvalue()) for one in prices]
        attempt(lambda: household.import_tariffs(here, given), f"{len(given)} files imported.")
    _exports()


def _exports() -> None:
    here = cached.context()
    if not answers.own_meters(here):
        return
    st.markdown("**Export**")
    with st.container(horizontal=True):
        for viz, words_ in ((False, "CSV"), (True, "octopus_viz")):
            if st.button(f"Readings as {words_}", key=f"x_{words_}"):
                for one in household.export_readings(here, as_octopus_viz=viz).files:
                    st.download_button(one.name, one.data, one.name, key=f"dl_{one.name}")
        if st.button("Tariffs as octopus_viz", key="x_tariffs"):
            for one in household.export_tariffs(here).files:
                st.download_button(one.name, one.data, one.name, key=f"dl_{one.name}")
