"""Generation mix: what feeds a grid, right now and over any period."""

from __future__ import annotations

import streamlit as st

from energydash.answers import grid
from energydash.views import absence, cache, components, region, time_range
from energydash.views import generation_mix as show
from energydash.views.live import live


def draw_now() -> None:
    """The newest figures in a sentence."""
    now = cache.answer(grid.mix_now, place.id)
    st.header(show.now_words(now), anchor=False)


def is_awaited_now() -> bool:
    """Whether the newest figures are on their way."""
    now = cache.answer(grid.mix_now, place.id)
    return now.at is None and absence.on_its_way(now.main)


def draw_details() -> None:
    """Tables of this moment, beside each other."""
    now = cache.answer(grid.mix_now, place.id)
    if now.at is None:
        return
    left, right = st.columns([3, 2])
    badge = "GW" if now.unit == "MW" else "%"
    with left, components.card("Now, by fuel", *now.inputs, key="fuels", zone=place.zone) as foot:
        foot.say(*now.notes)
        show.fuels_now(place.id, foot)
    with (
        right,
        components.card("Now, by kind", *now.inputs, badge=badge, key="kinds", zone=place.zone),
    ):
        show.groups_now(place.id)


def draw_period() -> None:
    """The stacked area over the chosen period, its records and its links."""
    shown = chosen.moved_on(cache.context().now())
    show.chart(place.id, shown, unit, key="mix")
    draw_details()
    with st.grid(2, min_column_width=320):
        show.records(place.id, shown)
        if "interconnectors" in place.sources:
            show.links(place.id, shown)


def is_awaited() -> bool:
    """Whether the period is being fetched."""
    shown = chosen.moved_on(cache.context().now())
    awaited = show.is_awaited if has_mix else show.is_demand_awaited
    return awaited(place.id, shown)


def draw_demand() -> None:
    """Some operators publish their demand only."""
    show.demand(place.id, chosen.moved_on(cache.context().now()))


with components.header("Generation mix"):
    place = region.choose()
has_mix = place.has_mix_mw or "mix-percent" in place.sources
if has_mix:
    live(draw_now, key="mix_sentence", awaits=is_awaited_now)
with st.container(horizontal=True, horizontal_alignment="distribute"):
    chosen = time_range.choose(place.zone)
    unit = "%"
    if place.has_mix_mw:
        unit = st.segmented_control(
            "Unit", ("GW", "%"), default="GW", key="mix_unit", bind="query-params",
            label_visibility="collapsed", required=True,
        ) or "GW"  # fmt: skip
live(
    draw_period if has_mix else draw_demand, key="mix_period", on=chosen.is_live,
    awaits=is_awaited,
)  # fmt: skip
