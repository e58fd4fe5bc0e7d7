"""Data sources: how each one is doing, what is stored, and under which licence."""

from __future__ import annotations

import streamlit as st

from energydash.answers.sources import health as answers
from energydash.views import cache, components, formatting, viewer
from energydash.views.data_sources import source_card, waiting_line
from energydash.views.live import live


def draw() -> None:
    found = cache.answer(answers.health, viewer.may_see_personal())
    st.header(answers.in_words(found), anchor=False)
    if found.crawler.at:
        ago = formatting.ago(cache.context().now() - found.crawler.at)
        st.caption(f"The crawler, which asks them all, was last at work {ago}.")
    in_use = [one for one in found.sources if one.state != "waiting" or one.feeds]
    waiting = [one for one in found.sources if one not in in_use]
    with st.grid(2, min_column_width=340, key="sources"):
        for source in in_use:
            source_card(source)
    if waiting:
        with components.card("Waiting until a page asks for them", key="waiting"):
            st.markdown("  \n".join(waiting_line(source) for source in waiting))
    with components.card("Stored on this computer", key="stored"):
        place = f", in `{found.home}`" if viewer.may_edit() else ""
        st.markdown(
            f"{found.store_bytes / 1e6:,.1f} MB of readings and "
            f"{found.cache_bytes / 1e6:,.1f} MB of raw answers{place}. "
            "`energydash backup FILE` makes a consistent copy."
        )
        st.markdown(
            "Configured: "
            + (", ".join(f"`[{name}]`" for name in found.configured) or "nothing yet")
            + ". Keys are read from `secrets.toml` or the environment and never shown."
        )


st.title("Data sources", anchor=False)
live(draw, key="health")
