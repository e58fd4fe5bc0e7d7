"""What a grid is fed by: the stacked area, the tables of this moment, records and links."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import grid
from energydash.charts import bars, colours, lines, mix
from energydash.charts.base import step_words
from energydash.charts.sparkline import sparkline
from energydash.grid.fuels import in_stack_order, title
from energydash.serialise import grid as documents
from energydash.views import absence, cache, components, formatting
from energydash.views.time_range import TimeRange

GROUP_COLOURS = {
    "renewable": colours.FUELS["wind"],
    "nuclear": colours.FUELS["nuclear"],
    "fossil": colours.FUELS["gas"],
    "storage": colours.FUELS["battery"],
    "imports": colours.FUELS["imports"],
    "other": colours.FUELS["other"],
}


def chart(
    region: str, shown: TimeRange, unit: Literal["GW", "%"], *, key: str, height: int = 420
) -> None:
    """A card with generation by fuel over a period."""
    asked = period_mix(region, shown)
    found = asked.result
    name, zone = f"Generation, {found.region.name}", found.region.zone
    unit = unit if found.unit == "MW" else "%"
    with components.card(
        name, *found.inputs, badge=unit, key=key, zone=zone, coverage=found.coverage
    ) as foot:
        if found.mix.empty:
            components.nothing(found.main, shown.period, zone)
            return
        figure, note = cache.draw(asked, _stack, unit, height, str(shown.preset), shown.at)
        alt = f"Generation by fuel in {found.region.name}, stacked, {shown}"
        components.chart(
            figure,
            key=f"{key}_chart",
            title=name,
            alt=alt,
            period=shown.period,
            inputs=found.inputs,
            zone=zone,
        )
        means = f"{step_words(shown.chart_step)} means" if shown.chart_step else ""
        foot.say(means, note, *found.notes)
        foot.csv(cache.draw(asked, documents.mix))


def period_mix(region: str, shown: TimeRange) -> cache.Asked[grid.MixAnswer]:
    """The mix of a period, in the means that its chart draws: asked once for chart and records."""
    return cache.ask(grid.mix, region, shown.period, step=shown.chart_step)


def _stack(
    found: grid.MixAnswer, unit: Literal["GW", "%"], height: int, preset: str, at: object
) -> tuple[go.Figure, str]:
    zoom = f"{found.region.id}{unit}{preset}{at}"
    return mix.stacked_mix(found.mix, found.region.zone, unit=unit, height=height, keep_zoom=zoom)


def is_awaited(region: str, shown: TimeRange) -> bool:
    """Whether the mix of a period is being fetched: look again soon."""
    return absence.on_its_way(period_mix(region, shown).result.main)


def now_words(now: grid.MixNow) -> str:
    """What feeds the grid in a sentence, or why that is not known."""
    if now.at is not None:
        return in_a_sentence(now)
    wait = "is being fetched" if absence.on_its_way(now.main) else "is not known"
    return f"What feeds {now.region.name} now {wait}."


def in_a_sentence(now: grid.MixNow) -> str:
    """`Wind gives 41 % and gas 22 % of Great Britain's power; 52 % is renewable.`

    Where solar is not known, the shares are of what is metered, and the sentence says so.
    """
    ranked = now.shares.sort_values(ascending=False)
    first, second = str(ranked.index[0]), str(ranked.index[min(1, len(ranked) - 1)])
    verb = "give" if first in ("imports",) else "gives"
    is_whole = bool(pd.notna(now.renewable_share))
    power = "power" if is_whole else "metered power"
    rest = f"{100 * now.renewable_share:.0f} % is renewable" if is_whole else "solar is not known"
    return (
        f"{title(first)} {verb} {100 * ranked[first]:.0f} % and {title(second).lower()} "
        f"{100 * ranked[second]:.0f} % of {now.region.name}'s {power}; {rest}."
    )


def fuels_now(region: str, foot: components.Foot) -> None:
    """Each fuel's power and share at this moment, as a table with its CSV."""
    rows = cache.draw(cache.ask(grid.mix_now, region), _fuels_table)
    config = {
        "share, %": st.column_config.ProgressColumn(
            format="%.1f", min_value=0, max_value=float(max(rows.frame["share, %"].max(), 1.0))
        ),
        "GW": st.column_config.NumberColumn(format="%.2f"),
    }
    components.table(
        rows, key="fuels_now", name=f"Mix now {region}", column_config=config, foot=foot,
        height="content",
    )  # fmt: skip


def _fuels_table(now: grid.MixNow) -> components.Rows:
    fuels = in_stack_order(str(fuel) for fuel in now.power.index)
    columns: dict[str, list[str] | list[float]] = {
        "fuel": [mix.label(f, negative=now.power[f] < 0) for f in fuels]
    }
    if now.unit == "MW":
        columns["GW"] = [now.power[f] / 1000 for f in fuels]
    columns["share, %"] = [100 * now.shares.get(f, 0.0) for f in fuels]
    return components.Rows(pd.DataFrame(columns), digits=3)


def groups_now(region: str) -> None:
    """Renewable, nuclear, fossil and the rest: one bar, and figures."""
    asked = cache.ask(grid.mix_now, region)
    now, scale = asked.result, 1000 if asked.result.unit == "MW" else 1
    figure = cache.draw(asked, _groups_bar)
    components.chart(figure, key="kinds_chart", title="Kinds of power", alt=in_a_sentence(now))
    components.metrics(
        [
            components.Metric(title(str(group)), formatting.number(power / scale, 1))
            for group, power in now.groups.items()
        ],
        key="kinds_now",
        width=105,
    )
    st.caption("Nuclear is low-carbon but not renewable, so it stands by itself.")


def _groups_bar(now: grid.MixNow) -> go.Figure:
    supplied = now.groups.clip(lower=0)
    share = 100 * supplied / supplied.sum()
    return bars.shares(share[share > 0.05], unit="%", colour=GROUP_COLOURS)


def records(region: str, shown: TimeRange) -> None:
    """A card with the period's extremes at the feed's own step, and when they were."""
    asked = period_mix(region, shown)
    found = asked.result
    with components.card(
        "Records of this period", *found.inputs, key="records", zone=found.region.zone,
        coverage=found.coverage,
    ) as foot:  # fmt: skip
        rows = cache.draw(asked, _records_table)
        if rows.frame.empty:
            components.empty("Nothing is known of this period, so there are no records.")
            return
        st.dataframe(rows.arrow, hide_index=True, key="records_table", alt="Records")
        if found.resolution:
            foot.say(f"{step_words(found.resolution)} values")


def _records_table(found: grid.MixAnswer) -> components.Rows:
    now, rows = cache.context().now(), []
    for record in found.records:
        big = record.unit == "MW"
        value = formatting.number(record.value / 1000 if big else record.value, 1)
        rows.append(
            {
                "record": record.name,
                "value": f"{value} {'GW' if big else record.unit}",
                "when": formatting.clock(record.at, found.region.zone, now),
            }
        )
    return components.Rows(pd.DataFrame(rows))


def links(region: str, shown: TimeRange) -> None:
    """A card with each interconnector's newest power, its capacity and its day."""
    asked = cache.ask(grid.interconnectors, region, shown.period)
    found = asked.result
    zone = found.region.zone
    with components.card(
        "Interconnectors", *found.inputs, badge="MW", key="links", zone=zone,
        coverage=found.coverage,
    ) as foot:  # fmt: skip
        rows = cache.draw(asked, _links_table)
        if rows.frame.empty:
            components.nothing(found.main, shown.period, zone)
            return
        config = {"period": st.column_config.LineChartColumn(width="small")}
        st.dataframe(
            rows.arrow, hide_index=True, column_config=config, key="links_table",
            alt="Power of each interconnector",
        )  # fmt: skip
        foot.say("Negative is export")
        foot.csv(documents.series("interconnectors", found), has_chart=False)


def _links_table(found: grid.SeriesAnswer) -> components.Rows:
    rows = found.data.dropna(how="all")
    if rows.empty:
        return components.Rows(pd.DataFrame())
    last, known = rows.iloc[-1], grid.links(found)
    table = pd.DataFrame(
        {
            "link": [link.name for link in known],
            "with": [link.country for link in known],
            "import, MW": [float(last[name]) for name in found.data.columns],
            "capacity, MW": [link.capacity_mw for link in known],
            "period": [sparkline(rows[name], points=24, digits=0) for name in found.data.columns],
        }
    )
    return components.Rows(table, digits=0)


def demand(region: str, shown: TimeRange) -> None:
    """A card with demand over a period, for a region whose mix nobody publishes."""
    asked = cache.ask(grid.load, region, shown.period)
    found = asked.result
    name, zone = f"Demand, {found.region.name}", found.region.zone
    with components.card(
        name, *found.inputs, badge="GW", key="demand", zone=zone, coverage=found.coverage
    ) as foot:
        if found.data.empty:
            components.nothing(found.main, shown.period, zone)
            return
        figure, note = cache.draw(asked, _demand_line)
        components.chart(
            figure,
            key="demand_chart",
            title=name,
            alt=name,
            period=shown.period,
            inputs=found.inputs,
            zone=zone,
        )
        foot.say("Its generation by fuel is not published here", note, *found.notes)
        foot.csv(documents.series("load", found))


def is_demand_awaited(region: str, shown: TimeRange) -> bool:
    """Whether the demand of a period is being fetched: look again soon."""
    return absence.on_its_way(cache.answer(grid.load, region, shown.period).main)


def _demand_line(found: grid.SeriesAnswer) -> tuple[go.Figure, str]:
    return lines.lines(found.data / 1000, found.region.zone, unit="GW", from_zero=True)
