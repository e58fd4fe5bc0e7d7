"""Tariff comparison: the same readings under other tariffs and pairs, and the cheapest hours."""

from __future__ import annotations

import streamlit as st

from energydash.answers import home as answers
from energydash.core.errors import EnergydashError
from energydash.core.time import LONDON
from energydash.views import (
    cache,
    components,
    connecting,
    tariff_comparison,
    time_range,
    viewer,
)
from energydash.views.live import live

HOURS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def draw() -> None:
    """What keeps itself up to date: the figures, the ranking, the months, the hours ahead."""
    period = chosen.moved_on(cache.context().now()).period
    try:
        asked = cache.ask(
            answers.compare, period, tuple(wanted), energy, shift_percent=float(shift)
        )
    except EnergydashError as error:
        components.empty(error.message, error.remedy)
        return
    found = asked.result
    if tariff_comparison.empty_of(found.inputs):
        components.empty(
            "There are no readings in this period.", "Choose another period, or fetch some."
        )
        return
    tariff_comparison.figures(found)
    for note in found.notes:
        st.warning(components.escape(note), icon=":material/warning:")
    title = "The same readings under each tariff"
    tariff_comparison.ranking(asked, title, "ranking", shifted=False)
    tariff_comparison.lacking(found)
    if found.shifted is not None:
        title = f"If {shift} % of each evening moved"
        tariff_comparison.ranking(asked, title, "shifted", shifted=True)
    tariff_comparison.months(asked)
    if energy == "electricity":
        tariff_comparison.windows(
            cache.ask(answers.cheapest_windows, HOURS),
            cache.ask(answers.cheapest_windows, HOURS, dearest=True),
        )


with components.header("Tariff comparison"):
    chosen = time_range.choose(LONDON, default="30d", by_days=True)
if connecting.offer():
    st.stop()
connecting.outcome()
tariff_comparison.brought()
home = answers.home_of(cache.context())
energies = list(dict.fromkeys(meter.energy.value for meter in home.meters))
energy = energies[0] if energies else "electricity"
with components.controls(f"{components.said_by('energy', energy)} · tariffs", key="compare"):
    if len(energies) > 1:
        energy = st.segmented_control(
            "Energy", energies, default=energy, key="energy", bind="query-params", required=True
        ) or energy  # fmt: skip
    labels = {one.id: one.label for one in cache.answer(answers.choices, energy)}
    wanted = st.multiselect(
        "Tariffs", list(labels), format_func=lambda one: labels.get(one, one),
        key=f"compared_{energy}",
        width="stretch", placeholder="Every tariff with prices in this period",
    )  # fmt: skip
    shift = st.slider(
        "What if this much of each evening moved to the cheapest hours, %", 0, 60, 0, 5,
        key="shift", bind="query-params", width=320,
    )  # fmt: skip
live(draw, key="comparison_live", on=chosen.is_live)
may_add = viewer.may_edit() and not home.is_sample
if may_add and st.toggle("Add a published tariff", key="adding"):
    regions = [meter.region for meter in home.meters if meter.region]
    tariff_comparison.add_published(chosen.period, regions[-1] if regions else "", energy)
