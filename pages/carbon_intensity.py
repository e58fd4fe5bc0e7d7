"""Carbon intensity: how clean the power is, was and will be, and when to use it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from energydash.answers import grid
from energydash.core.errors import EnergydashError
from energydash.core.time import Period
from energydash.views import cache, components, formatting, grid_cards, region, time_range
from energydash.views.live import live

AHEAD = timedelta(hours=48)


def draw_window() -> None:
    """The greenest time for a job of so many hours, and what waiting for it saves."""
    now = cache.context().now()
    deadline = now.replace(second=0, microsecond=0) + timedelta(hours=within)
    found = cache.answer(grid.greenest_window, place.id, float(hours), deadline=deadline)
    st.subheader(grid.in_words(found, now), anchor=False)
    if found.best is None:
        return
    save = found.saving_g_per_kwh
    components.metrics(
        [
            components.Metric("Start", formatting.clock(found.best.start, place.zone, now)),
            components.Metric("Then, g/kWh", formatting.number(found.best.mean)),
            components.Metric("Now, g/kWh", formatting.number(found.now_g_per_kwh)),
            components.Metric("Saved, g/kWh", formatting.number(save)),
            components.Metric("Saved, %", formatting.number(found.saving_percent)),
        ],
        key="window",
        width=130,
    )
    others = [formatting.span(w.start, w.end, place.zone, now) for w in found.alternatives]
    components.said("Next best: " + "; ".join(others) if others else "")


def draw_period() -> None:
    """Actual and forecast over the period and ahead, and how good the forecast was."""
    now = cache.context().now()
    shown = chosen.moved_on(now)
    period = Period(shown.period.start, shown.period.end + AHEAD) if is_near else shown.period
    best = None
    if is_near:
        deadline = now.replace(second=0, microsecond=0) + timedelta(hours=within)
        window = cache.answer(grid.greenest_window, place.id, float(hours), deadline=deadline)
        best = window.best.period if window.best else None
    zoom = f"{place.id}{shown.preset}{shown.at}"
    found = grid_cards.intensity_chart(
        place.id, period, key="intensity", factors=factors, best=best, zoom=zoom
    )
    grid_cards.forecast_error(found)
    if found.assumed:
        components.said(f"No factor of its own: {', '.join(found.assumed)}; taken as other.")
    st.caption(grid_cards.NOT_MARGINAL)


with components.header("Carbon intensity"):
    place = region.choose()
sentence = st.container()
hours, within = 3.0, 24
with st.grid(4, min_column_width=150):
    if "intensity" in place.sources:  # elsewhere nobody forecasts it
        hours = st.slider("Hours needed", 0.5, 12.0, 3.0, 0.5, key="hours", bind="query-params")
        within = st.slider("Done within, hours", 2, 48, 24, 1, key="within", bind="query-params")
    postcode = st.text_input("Your postcode", key="postcode", placeholder="EC1V")
    sets = ["usual", *grid.factor_sets()]
    named = st.selectbox("Emission factors", sets, key="factors", bind="query-params")
factors = None if named in (None, "usual") else named
if postcode:
    try:
        place = cache.answer(grid.region_of_postcode, postcode)
    except EnergydashError as error:
        st.warning(str(error))
if not place.has_mix_mw and "intensity" not in place.sources:
    components.empty(
        f"Nobody publishes what {place.name}'s power is made of.", "Choose another region."
    )
    st.stop()
with sentence:
    live(draw_window, key="greenest")
chosen = time_range.choose(place.zone)
is_near = chosen.is_live and chosen.period.duration <= timedelta(days=7)
live(
    draw_period,
    key="intensity_period",
    on=chosen.is_live,
    awaits=lambda: grid_cards.is_awaited(place.id, chosen.period, "intensity"),
)
