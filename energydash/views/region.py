"""The region that the grid pages share, in the address: `?region=CAISO` or any alias works.

Where the address names none it is that of the setting `[grid] region`.
"""

from __future__ import annotations

import streamlit as st

from energydash.core.errors import InputError
from energydash.grid.regions import Region, default, find, regions
from energydash.views import cache


def choose() -> Region:
    """Draw the picker and return the region."""
    names = [place.name for place in sorted(regions(), key=lambda place: bool(place.parent))]
    asked = st.query_params.get("region", "")
    if asked and asked not in names and "region" not in st.session_state:
        st.session_state["region"] = of_address().name
    name = st.selectbox(
        "Region",
        names,
        index=None if "region" in st.session_state else names.index(_default().name),
        required=True,
        key="region",
        bind="query-params",
        label_visibility="collapsed",
        width=260,
    )
    return find(name) if name else _default()


def of_address() -> Region:
    """The region that the address names, or the one that is set; says where it names none."""
    asked = st.query_params.get("region", "")
    try:
        return find(asked) if asked else _default()
    except InputError as error:
        st.warning(str(error))
        return _default()


def _default() -> Region:
    return default(cache.context().settings)
