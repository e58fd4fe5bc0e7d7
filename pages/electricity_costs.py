"""Electricity costs: every half-hour priced, over any period, by any key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from energydash.answers import home as answers
from energydash.core.time import LONDON, Period
from energydash.home.costs import By
from energydash.home.profile import Value
from energydash.views import bills, cache, components, connecting, electricity_costs, time_range
from energydash.views.live import live

DRAWN = {
    "Chart": electricity_costs.by_key,
    "Map": electricity_costs.day_map,
    "Bill": bills.bill,
    "Trouble": electricity_costs.trouble,
}
VIEWS = (*DRAWN, "Meters")
EVERY = "everything"
BEFORE = ("nothing", "previous period", "last year")


def before(chosen: time_range.TimeRange, wanted: str) -> Period | None:
    """The period to compare with: as many local days before, or the same weekdays a year ago."""
    if wanted == "nothing":
        return None
    period = chosen.period
    days = period.days(LONDON)
    back = timedelta(days=len(days) if wanted == "previous period" else 364)
    if chosen.preset == "24h":
        back = min(back, timedelta(days=1)) if wanted == "previous period" else back
        return Period(period.start - back, period.end - back)
    return Period.local_days(days[0] - back, days[-1] - back + timedelta(days=1), LONDON)


def controls(chosen: time_range.TimeRange) -> electricity_costs.Choice:
    """The meters, the key, the unit and the comparison; all in the address."""
    home = answers.home_of(cache.context())
    words = f"by {components.said_by('by', By.DAY)} · {components.said_by('show', Value.GBP)}"
    with components.controls(words, key="costs"):
        energies = list(dict.fromkeys(meter.energy.value for meter in home.meters))
        energy = ""
        if len(energies) > 1:  # a bill has all of them, unless it is asked not to
            is_bill = view == "Bill"
            energy = st.segmented_control(
                "Energy", [EVERY, *energies] if is_bill else energies, required=True,
                default=EVERY if is_bill else energies[0], bind="query-params",
                key="bill_energy" if is_bill else "energy",
            ) or ""  # fmt: skip
        by = st.selectbox(
            "Group by", list(By), index=2, format_func=lambda one: one.value, width=130, key="by",
            bind="query-params",
        )  # fmt: skip
        value = st.segmented_control(
            "Show", list(Value), default=Value.GBP, format_func=lambda one: one.value, key="show",
            required=True, bind="query-params",
        )  # fmt: skip
        wanted = st.selectbox("Compare with", BEFORE, width=170, key="before", bind="query-params")
        per_day = by in electricity_costs.AVERAGED and st.toggle(
            "Average day", value=True, key="per_day", bind="query-params"
        )
    return electricity_costs.Choice(
        chosen, By(by), Value(value or Value.GBP), "", "" if energy == EVERY else energy,
        before(chosen, wanted),
        "a year before" if wanted == "last year" else "the previous period", bool(per_day),
    )  # fmt: skip


def draw() -> None:
    """What keeps itself up to date: the figures, and the view."""
    shown = replace(choice, chosen=chosen.moved_on(cache.context().now()))
    found = shown.ask(shown.period, shown.by).result
    if view != "Bill":  # it has figures of its own
        electricity_costs.figures(found, shown)
    for note in found.notes:
        st.warning(components.escape(note), icon=":material/warning:")
    if view == "Meters":
        electricity_costs.cards(cache.answer(answers.home_cards))
    else:
        DRAWN[view or VIEWS[0]](shown)


with components.header("Electricity costs"):
    chosen = time_range.choose(LONDON, default="30d", by_days=True)
if connecting.offer():
    st.stop()
connecting.outcome()
view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], key="view", label_visibility="collapsed", required=True,
    bind="query-params",
)  # fmt: skip
choice = controls(chosen)
electricity_costs.bring_carbon(choice)
connecting.fill(choice.ask(choice.period, choice.by).result.costs.coverage.fetching)
live(draw, key="costs", on=chosen.is_live)
if view == "Bill":
    bills.check_button(bills.asked(choice))
elif view == "Meters":
    electricity_costs.fetch_button(choice.period)
