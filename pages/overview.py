"""Overview: what matters now, in words first, then figures, then charts."""

from __future__ import annotations

from energydash.views import grid_parts, overview_parts, parts, state, viewer
from energydash.views.live import live

REGION, ZONE = "GB", "Europe/London"


def draw_now() -> None:
    """The best time in the next 24 hours, and the cards of this moment."""
    overview_parts.best_time(REGION, personal)
    parts.metrics(overview_parts.now_cards(REGION, personal), key="now", width=140)
    overview_parts.now_notes(REGION, personal)


def draw_charts() -> None:
    """The mix and the intensity over the chosen period, beside each other."""
    overview_parts.charts(REGION, chosen)


def awaits() -> bool:
    """Whether the grid's first readings are still on their way."""
    return grid_parts.is_awaited(REGION, chosen.period, "mix", "intensity")


personal = viewer.may_see_personal()
with parts.header("Now"):
    chosen = state.choose(ZONE)
live(draw_now, key="overview_now", awaits=awaits)
live(draw_charts, key="overview_charts", on=chosen.is_live, awaits=awaits)
live(lambda: overview_parts.below(personal), key="overview_below")
