"""Overview: what matters now, in words first, then figures, then charts."""

from __future__ import annotations

from energydash.views import components, grid_cards, overview, time_range, viewer
from energydash.views.live import live

REGION, ZONE = "GB", "Europe/London"


def draw_now() -> None:
    """The best time in the next 24 hours, and the cards of this moment."""
    overview.best_time(REGION, personal)
    components.metrics(overview.now_cards(REGION, personal), key="now", width=140)
    overview.now_notes(REGION, personal)


def draw_charts() -> None:
    """The mix and the intensity over the chosen period, beside each other."""
    overview.charts(REGION, chosen)


def awaits() -> bool:
    """Whether the grid's first readings are still on their way."""
    return grid_cards.is_awaited(REGION, chosen.period, "mix", "intensity")


personal = viewer.may_see_personal()
with components.header("Now"):
    chosen = time_range.choose(ZONE)
live(draw_now, key="overview_now", awaits=awaits)
live(draw_charts, key="overview_charts", on=chosen.is_live, awaits=awaits)
live(lambda: overview.below(personal), key="overview_below")
