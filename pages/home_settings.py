"""Meters and tariffs: connect an account, edit meters and tariffs, mend readings, bring files."""

from __future__ import annotations

import streamlit as st

from energydash.answers import home as answers
from energydash.views import account_forms, cache, components, file_forms, meter_forms, viewer

VIEWS = {
    "Account": account_forms.accounts,
    "Meters": meter_forms.meters,
    "Tariffs": meter_forms.tariffs,
    "Readings": account_forms.readings,
    "Files": file_forms.files,
}

st.title("Meters and tariffs", anchor=False)
if not viewer.may_edit():
    components.empty(
        "Settings can only be changed on the computer that runs energydash.",
        "Open the dashboard there, at its own address.",
    )
    st.stop()
view = st.segmented_control(
    "View", list(VIEWS), default="Account", key="settings_view", label_visibility="collapsed",
    required=True, bind="query-params",
)  # fmt: skip
is_sample = answers.home_of(cache.context()).is_sample
if not is_sample and view != "Account":
    for warning in cache.answer(answers.home_cards).warnings:
        st.warning(components.escape(warning), icon=":material/warning:")
if is_sample and view in ("Meters", "Tariffs"):
    st.caption("Nothing of your own is known yet: the other pages show a sample home.")
VIEWS[view or "Account"]()
