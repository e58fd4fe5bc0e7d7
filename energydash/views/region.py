"""The region that the grid pages share, in the address: `?region=CAISO` or any alias works."""

from __future__ import annotations

import streamlit as st

from energydash.core.errors import InputError
from energydash.grid.regions import Region, find, regions

HOME = "GB"


def choose() -> Region:
    """Draw the picker and return the region; an address that names none gives Great Britain."""
    names = [place.name for place in sorted(regions(), key=lambda place: bool(place.parent))]
    asked = st.query_params.get("region", "")
    if asked and asked not in names and "region" not in st.session_state:
        try:
            st.session_state["region"] = find(asked).name
        except InputError as error:
            st.warning(str(error))
    name = st.selectbox(
        "Region",
        names,
        index=None if "region" in st.session_state else names.index(find(HOME).name),
        required=True,
        key="region",
        bind="query-params",
        label_visibility="collapsed",
        width=260,
    )
    return find(name or HOME)
