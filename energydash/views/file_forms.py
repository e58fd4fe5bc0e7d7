"""Files in and out: what is in them is shown first, and stored only when that is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from energydash.answers import home
from energydash.answers import home as answers
from energydash.answers.home import File, ImportedReadings
from energydash.core.errors import EnergydashError
from energydash.core.time import LONDON
from energydash.home.meters import Direction
from energydash.views import cache, components
from energydash.views.confirm import attempt

AS_TOLD = "as the file tells"
UNITS = {"": AS_TOLD, "kwh": "kWh", "wh": "Wh", "m3": "m³"}
ABSENT = {"auto": AS_TOLD, "zero": "zero", "missing": "missing"}
COLUMNS = {"time": "Time", "value": "Energy", "import": "Import", "export": "Export"}
STAMPS = {"auto": AS_TOLD, "start": "start", "end": "end"}
REFUSED_SHOWN = 50


def files() -> None:
    """Import readings and tariffs with a preview; export them."""
    _readings()
    _tariffs()
    _exports()


def _readings() -> None:
    uploads = st.file_uploader(
        "Readings: Octopus CSV or JSON, octopus_viz, Home Assistant, n3rgy, plain CSV",
        accept_multiple_files=True, key="f_readings",
    )  # fmt: skip
    if not uploads:
        return
    here = cache.context()
    given = [File(one.name, one.getvalue()) for one in uploads]
    meter, direction, unit, zone, absent, stamp = _choices()
    columns = _columns(given)
    try:
        preview = home.import_readings(
            here, given, meter, direction, unit, zone=zone, absent=absent, stamp=stamp,
            columns=columns, preview=True,
        )  # fmt: skip
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")
        return
    for number, item in enumerate(preview.items):
        _preview(item, f"f_preview_{number}")
    for note in preview.notes:
        st.caption(components.escape(note))
    accept = bool(preview.refused) and st.toggle(
        f"Import without the {preview.refused:,} refused rows", key="f_accept"
    )
    refused = bool(preview.refused) and not accept
    if st.button("Import", type="primary", key="f_import", disabled=refused):
        attempt(
            lambda: home.import_readings(
                here, given, meter, direction, unit, zone=zone, absent=absent, stamp=stamp,
                columns=columns, accept_refused=accept,
            ),
            f"{len(given)} files imported.",
        )  # fmt: skip


def _choices() -> tuple[str, str, str, str, str, str]:
    """What the user knows better than the file: meter, direction, unit, zone, absent, stamp."""
    known = {one.id: one.name for one in answers.own_meters(cache.context())}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        meter = st.selectbox(
            "Meter (type a name for a new one)", ["", *known], key="f_meter", width=260,
            format_func=lambda one: known.get(one, one or AS_TOLD), accept_new_options=True,
        )  # fmt: skip
        direction = st.selectbox(
            "Direction", ["", *(way.value for way in Direction)], key="f_direction", width=170,
            format_func=lambda one: one or AS_TOLD,
        )  # fmt: skip
        unit = _one_of(UNITS, "Unit", "f_unit")
        zone = st.text_input("Zone of times without offset", LONDON, key="f_zone", width=210)
        stamp = _one_of(STAMPS, "A time is the", "f_stamp")
        absent = _one_of(ABSENT, "Half-hours left out are", "f_absent")
    return meter or "", direction or "", unit, zone.strip() or LONDON, absent, stamp


def _columns(given: Sequence[File]) -> dict[str, str]:
    """What the user says the columns of the CSVs are, where their names do not tell."""
    names = home.columns_of(given)
    if not names:
        return {}
    with (
        st.expander("Columns that are not recognised"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        chosen = {
            word: st.selectbox(
                label, ["", *names], key=f"f_column_{word}", width=190,
                format_func=lambda one: one or AS_TOLD,
            )
            for word, label in COLUMNS.items()
        }  # fmt: skip
    return {word: name for word, name in chosen.items() if name}


def _one_of(words: Mapping[str, str], label: str, key: str) -> str:
    """A choice of one of the words' keys."""
    keys = list(words)
    chosen = st.selectbox(label, keys, format_func=lambda one: words[one], key=key, width=190)
    return chosen or keys[0]


def _preview(item: ImportedReadings, key: str) -> None:
    """What would be read of one file: in words, its first and last rows, and what is refused."""
    found = item.readings
    with st.container(border=True):
        st.markdown(components.escape(item.summary))
        frame = found.frame.rename(columns={"energy": f"energy ({found.unit.symbol})"})
        if len(frame):
            ends = pd.concat([frame.head(3), frame.tail(3)])
            ends = ends[~ends.index.duplicated()]
            zone = item.meter.zone
            local = pd.DatetimeIndex(ends.index).tz_convert(zone)
            shown = ends.reset_index(drop=True)
            shown.insert(0, f"from ({zone})", local.strftime("%a %-d %b %Y %H:%M %Z"))
            st.dataframe(shown, hide_index=True, key=key, alt="first and last rows")
        if found.refused:
            title = f"{len(found.refused):,} rows are refused"
            with st.expander(title, expanded=True, icon=":material/warning:"):
                for refused in found.refused[:REFUSED_SHOWN]:
                    st.caption(components.escape(str(refused)))
                if len(found.refused) > REFUSED_SHOWN:
                    st.caption(f"… and {len(found.refused) - REFUSED_SHOWN:,} more.")


def _tariffs() -> None:
    uploads = st.file_uploader(
        "Tariffs: octopus_viz config JSON or energydash TOML", accept_multiple_files=True,
        key="f_tariffs",
    )  # fmt: skip
    if not uploads:
        return
    here = cache.context()
    given = [File(one.name, one.getvalue()) for one in uploads]
    known = {one.id: one.name for one in answers.own_meters(here)}
    meter = st.selectbox(
        "For", ["", *known], key="f_tariff_meter",
        format_func=lambda one: known.get(one, "every meter of their energy and direction"),
    )  # fmt: skip
    try:
        preview = home.import_tariffs(here, given, meter or "", preview=True)
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")
        return
    for what, tariffs in (
        ("new", preview.added), ("changed", preview.changed), ("as it was", preview.unchanged),
    ):  # fmt: skip
        for one in tariffs:
            span = f"{one.valid_from or 'always'} to {one.valid_to or 'open end'}"
            st.markdown(
                components.escape(f"{what}: {one.label}, {one.energy} {one.direction}, {span}")
            )
    for note in preview.notes:
        st.caption(components.escape(note))
    if st.button("Import tariffs", type="primary", key="f_import_tariffs"):
        attempt(
            lambda: home.import_tariffs(here, given, meter or ""),
            f"{len(preview.added) + len(preview.changed)} tariffs imported.",
        )


def _exports() -> None:
    here = cache.context()
    known = answers.own_meters(here)
    if not known:
        return
    st.markdown("**Export**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        meter = st.selectbox(
            "Readings of", known, format_func=lambda one: one.name, key="x_meter", width=260
        )
        for viz, name in ((False, "CSV"), (True, "octopus_viz")):
            found = cache.answer(home.export_readings, meter.id, as_octopus_viz=viz)
            _download(found.files, f"Readings as {name}", f"x_{name}")
        tariffs = home.export_tariffs(here)
        _download(tariffs.files, "Tariffs as octopus_viz", "x_tariffs")
    for note in (*found.notes, *tariffs.notes):
        st.caption(components.escape(note))


def _download(files: Sequence[File], label: str, key: str) -> None:
    for one in files:
        st.download_button(
            label, one.data, one.name, key=key, icon=":material/download:", on_click="ignore"
        )
