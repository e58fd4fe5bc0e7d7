"""The region that the grid pages share, in the address: `?region=CAISO` or any alias works.

Where the address names none it is that of the setting `[grid] region`.
"""

from __future__ import annotations

import streamlit as st

from energydash.core.errors import InputError
from energydash.grid.regions import Region, default, find, regions
from energydash.views import cache, components


def choose() -> Region:
    """Draw the picker and return the region."""
    usual = default(cache.context().settings)
    names = [place.name for place in sorted(regions(), key=lambda place: bool(place.parent))]
    asked = st.query_params.get("region", "")
    if asked and asked not in names:
        try:
            st.query_params["region"] = find(asked).name
        except InputError as error:
            st.warning(components.escape(str(error)))
        else:
            st.rerun()  # the picker reads the address as it was when the run began
    name = st.selectbox(
        "Region",
        names,
        index=names.index(usual.name),
        required=True,
        key="region",
        bind="query-params",
        label_visibility="collapsed",
        width=220,
    )
    return find(name) if name else usual
