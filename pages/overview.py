"""Overview: what matters now, in words first, then figures, then charts."""

from __future__ import annotations

import streamlit as st

from energydash.views import components, overview, region, time_range
from energydash.views.live import live


def draw_now() -> None:
    """The best time in the next 24 hours, and the cards of this moment."""
    overview.best_time(place, with_home)
    components.metrics(overview.now_cards(place, with_home), key="now", width=140)
    overview.now_notes(place, with_home)


def awaits() -> bool:
    """Whether the grid's first figures are still on their way."""
    return overview.is_awaited(place, chosen)


with components.header("Now"):
    place = region.choose()
with_home = overview.shows_home(place)
now = st.container()  # the next hours first; the range is of the charts
chosen = time_range.choose(place.zone)
with now:
    live(draw_now, key="overview_now", awaits=awaits)
live(
    lambda: overview.charts(place, chosen), key="overview_charts", on=chosen.is_live,
    awaits=awaits,
)  # fmt: skip
live(lambda: overview.below(with_home), key="overview_below")
