"""Generation mix: what feeds a grid, right now and over any period."""

from __future__ import annotations

import streamlit as st

from energydash.answers import grid
from energydash.views import cached, grid_parts, parts, region, state
from energydash.views.live import live


def draw_now() -> None:
    """The newest reading: a sentence, each fuel, each kind."""
    now = cached.answer(grid.mix_now, place.id)
    if now.at is None:
        wait = "is being fetched" if is_awaited_now() else "is not known"
        st.subheader(f"What feeds {place.name} now {wait}.", anchor=False)
        return
    st.subheader(grid_parts.in_a_sentence(now), anchor=False)


def is_awaited_now() -> bool:
    """Whether the newest reading is on its way."""
    now = cached.answer(grid.mix_now, place.id)
    return now.at is None and parts.is_on_its_way(now.reading)


def draw_details() -> None:
    """Tables of this moment, beside each other."""
    now = cached.answer(grid.mix_now, place.id)
    if now.at is None:
        return
    left, right = st.columns([3, 2])
    badge = "GW" if now.unit == "MW" else "%"
    with left, parts.card("Now, by fuel", *now.readings, key="fuels", zone=place.zone) as foot:
        grid_parts.fuels_now(place.id, foot)
    with (
        right,
        parts.card("Now, by kind", *now.readings, badge=badge, key="kinds", zone=place.zone),
    ):
        grid_parts.groups_now(place.id)


def draw_period() -> None:
    """The stacked area over the chosen period, its records and its links."""
    shown = chosen.moved_on(cached.context().now())
    grid_parts.mix_chart(place.id, shown, unit, key="mix")
    draw_details()
    with st.grid(2, min_column_width=320):
        grid_parts.records(place.id, shown)
        if "interconnectors" in place.sources:
            grid_parts.links(place.id, shown)


def draw_demand() -> None:
    """Some operators publish their demand only."""
    grid_parts.demand(place.id, chosen.moved_on(cached.context().now()))


with parts.header("Generation mix"):
    place = region.choose()
has_mix = place.has_mix_mw or "mix-percent" in place.sources
if has_mix:
    live(draw_now, key="mix_sentence", awaits=is_awaited_now)
with st.container(horizontal=True, horizontal_alignment="distribute"):
    chosen = state.choose(place.zone)
    unit = "%"
    if place.has_mix_mw:
        unit = st.segmented_control(
            "Unit", ("GW", "%"), default="GW", key="mix_unit", bind="query-params",
            label_visibility="collapsed", required=True,
        ) or "GW"  # fmt: skip
live(
    draw_period if has_mix else draw_demand,
    key="mix_period",
    on=chosen.is_live,
    awaits=lambda: grid_parts.is_awaited(place.id, chosen.period, "mix" if has_mix else "load"),
)
