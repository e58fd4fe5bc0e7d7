"""The part of the Battery page about ageing: the band ahead, what would help, the warranty."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from energydash.answers import battery
from energydash.answers.battery import HealthAnswer
from energydash.charts import battery as charts
from energydash.serialise import Document
from energydash.views import cache, components


def ahead_card(device: str, zone: str) -> None:
    """The forecast band, the trend, the warranty, and what would help."""
    drawn = cache.ask(battery.health, device)
    found = drawn.result
    with components.card(
        "Ageing and what would help", found.reading, key=f"ahead_{device}", zone=zone,
        hint="A calendar and cycle model (Xu et al. 2016; constants from public code, paper not "
        "checked) for three cell kinds, drawn through what was measured. A band, never a date.",
    ) as foot:  # fmt: skip
        figure = cache.draw(drawn, _ahead_figure)
        if figure is not None:
            components.chart(
                figure, key=f"band_{device}", title=f"Ageing of {found.device.name}",
                alt="Capacity ahead, a band", inputs=[found.reading], zone=zone,
            )  # fmt: skip
            foot.csv(cache.draw(drawn, _band_document))
        if found.incremental:
            st.caption("Incremental capacity of the last slow discharge, Ah/V")
            components.chart(cache.draw(drawn, _incremental_figure), key=f"ica_{device}",
                        title="Incremental capacity, Ah/V", alt="dQ/dV over voltage",
                        inputs=[found.reading], zone=zone)  # fmt: skip
        components.said(_trend_words(found), _end_words(found))
        if found.what_ifs:
            components.table(
                cache.draw(drawn, _what_if_table), key=f"what_if_{device}", name="what if"
            )
        components.said(*_warranty_words(found), *found.reasons)


def _band_document(found: HealthAnswer) -> Document:
    """The band and its lines by year of age, in percent of new."""
    ahead = found.forecast
    if ahead is None:
        return Document("battery ageing", pd.DataFrame())
    lines = {"lowest": ahead.low, "highest": ahead.high, **ahead.lines}
    percent = {f"{name}, %": 100 * values for name, values in lines.items()}
    return Document("battery ageing", pd.DataFrame({"age, years": ahead.years, **percent}))


def _trend_words(found: HealthAnswer) -> str:
    if found.trend is None:
        return ""
    line = found.trend
    knee = "; it falls faster than before (a knee?)" if line.has_knee else ""
    return (
        f"Health {100 * line.health:.1f} ± {200 * line.sigma_health:.1f} %, "
        f"{100 * line.change_a_year:+.1f} ± {200 * line.sigma_change:.1f} points a year{knee}"
    )


def _end_words(found: HealthAnswer) -> str:
    promised = found.device.end_percent
    early, late = found.end_of_life
    if found.forecast is None:
        return ""
    if early is None:
        return f"no model reaches {promised:.0f} % within 20 years"
    return f"{promised:.0f} % between year {early:.0f} and {f'{late:.0f}' if late else 'beyond 20'}"


def _warranty_words(found: HealthAnswer) -> list[str]:
    state = found.warranty
    if state is None:
        return []
    used = "" if state.years_share is None else f" ({100 * state.years_share:.0f} % used)"
    told = [f"Warranty: year {state.age_years:.1f}{used}"]
    if state.throughput_share is not None:
        told.append(
            f"{state.throughput_kwh:,.0f} kWh discharged ({100 * state.throughput_share:.0f} %)"
        )
    if state.ends_in_years is not None:
        told.append(f"ends in about {state.ends_in_years:.1f} years at this pace")
    outside = state.hours_too_cold + state.hours_too_hot
    told.append(f"{outside:,.0f} h outside its temperatures")
    if found.resistance:
        ohm = found.resistance
        told.append(
            f"internal resistance {1e3 * ohm.ohm:.1f} ± {2e3 * ohm.sigma_ohm:.1f} mΩ "
            f"from {ohm.steps} steps"
        )
    return told


def _what_if_table(found: HealthAnswer) -> components.Rows:
    table = pd.DataFrame(
        {
            "use": [one.label for one in found.what_ifs],
            "loss, % a year": [one.loss_percent_a_year for one in found.what_ifs],
            "saved, % a year": [one.saved_percent_a_year for one in found.what_ifs],
            "saved, £ a year": [one.saved_gbp_a_year for one in found.what_ifs],
        }
    )
    return components.Rows(table.dropna(axis="columns", how="all"))


def _incremental_figure(found: HealthAnswer) -> Any:
    return charts.incremental(found.incremental) if found.incremental else None


def _ahead_figure(found: HealthAnswer) -> Any:
    if found.forecast is None or not found.new_ah:
        return None
    return charts.ahead(
        found.forecast,
        found.points,
        found.new_ah,
        found.born.timestamp() * 1e6,
        found.device.end_percent / 100,
    )
