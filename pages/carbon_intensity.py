"""Carbon intensity: how clean the power is, was and will be, and when to use it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from energydash.answers import grid
from energydash.core.errors import EnergydashError
from energydash.core.time import Period
from energydash.views import cache, components, region, time_range
from energydash.views import carbon_intensity as show
from energydash.views.live import live

AHEAD = timedelta(hours=48)


def window() -> grid.WindowAnswer:
    """The greenest time for a job of so many hours: the same in the figures and in the chart."""
    now = cache.context().now()
    deadline = now.replace(second=0, microsecond=0) + timedelta(hours=within)
    return cache.answer(grid.greenest_window, place.id, float(hours), deadline=deadline)


def draw_sentence() -> None:
    """The greenest time in words."""
    st.header(grid.in_words(window(), cache.context().now()), anchor=False)


def draw_window() -> None:
    """The greenest time in figures, and what waiting for it saves."""
    show.window_figures(window(), cache.context().now())


def period() -> Period:
    """What is drawn: the chosen period, and what is forecast where it is near."""
    shown = chosen.moved_on(cache.context().now())
    return Period(shown.period.start, shown.period.end + (AHEAD if is_near else timedelta(0)))


def draw_period() -> None:
    """Actual and forecast over the period and ahead, and how good the forecast was."""
    best = window().best if is_near else None
    found = show.chart(
        place.id, period(), key="intensity", factors=factors, best=best.period if best else None,
        zoom=f"{place.id}{chosen.preset}{chosen.at}",
    )  # fmt: skip
    show.forecast_error(found)
    if found.assumed:
        components.said(f"No factor of its own: {', '.join(found.assumed)}; taken as other.")
    st.caption(show.NOT_MARGINAL)


with components.header("Carbon intensity"):
    place = region.choose()
picture = st.container()  # before the controls that shape it: the first thing to see
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
        st.warning(components.escape(str(error)))
if not place.has_mix_mw and "intensity" not in place.sources:
    components.empty(
        f"Nobody publishes what {place.name}'s power is made of.", "Choose another region."
    )
    st.stop()
with picture:
    live(draw_sentence, key="greenest")
    chosen = time_range.choose(place.zone)
    is_near = chosen.is_live and chosen.period.duration <= timedelta(days=7)
    live(
        draw_period, key="intensity_period", on=chosen.is_live,
        awaits=lambda: show.is_awaited(place.id, period(), factors),
    )  # fmt: skip
live(draw_window, key="greenest_figures")
