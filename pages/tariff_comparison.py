"""Tariff comparison: the same readings under other tariffs and pairs, and the cheapest hours."""

from __future__ import annotations

import streamlit as st

from energydash.answers import home as answers
from energydash.errors import EnergydashError
from energydash.time import LONDON
from energydash.views import cached, comparison, connecting, home_costs, parts, state, viewer, words

HOURS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)

with parts.header("Tariff comparison"):
    chosen = state.choose(LONDON, default="30d")
if connecting.offer():
    st.stop()
connecting.outcome()
period = home_costs.period_of(chosen)
home = answers.home_of(cached.context())
known = cached.answer(answers.choices)
labels = {one.id: one.label for one in known}
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    wanted = st.multiselect(
        "Tariffs", list(labels), format_func=lambda one: labels.get(one, one), key="compared",
        width="stretch", placeholder="Every tariff with prices in this period",
    )  # fmt: skip
    shift = st.slider(
        "What if this much of each evening moved to the cheapest hours, %", 0, 60, 0, 5,
        key="shift", bind="query-params", width=320,
    )  # fmt: skip
try:
    found = cached.answer(answers.compare, period, tuple(wanted), shift_percent=float(shift))
except EnergydashError as error:
    parts.empty(error.message, error.remedy)
    st.stop()
if comparison.empty_of(found.readings):
    parts.empty("There are no readings in this period.", "Choose another period, or fetch some.")
    st.stop()
best = found.comparison.table.iloc[0]
is_fair = bool(best["net_gbp"] == best["net_gbp"])
saved = None if found.comparison.baseline_gbp is None else -best["difference_gbp"]
parts.metrics(
    [
        parts.Metric("Now", words.money(found.comparison.baseline_gbp), help="As it was."),
        parts.Metric("Cheapest", words.money(best["net_gbp"]), help=str(best["pair"])),
        parts.Metric("Saved", words.money(saved), help="In this period."),
        parts.Metric("Now, p/kWh", words.number(found.now_p_per_kwh, 2),
                     help="Import, weighted by use."),
        parts.Metric(
            "Cheapest, p/kWh", words.number(best["import_p_per_kwh"] if is_fair else None, 2)
        ),
    ],
    key="comparison",
)  # fmt: skip
for note in found.notes:
    st.warning(parts.escape(note), icon=":material/warning:")
comparison.ranking(found, found.comparison, "The same readings under each tariff", "ranking")
comparison.lacking(found)
if found.shifted is not None:
    title = f"If {shift} % of each evening moved"
    comparison.ranking(found, found.shifted, title, "shifted")
comparison.months(found)
comparison.windows(
    cached.answer(answers.cheapest_windows, HOURS),
    cached.answer(answers.cheapest_windows, HOURS, dearest=True),
)
may_add = viewer.may_edit() and not home.is_sample
if may_add and st.toggle("Add a published tariff", key="adding"):
    regions = [meter.region for meter in home.meters if meter.region]
    comparison.add_published(period, regions[-1] if regions else "")
