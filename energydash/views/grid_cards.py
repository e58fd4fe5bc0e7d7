"""What the grid pages and the overview draw from the grid's answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import grid
from energydash.charts import bars, colours, intensity, lines, mix
from energydash.charts.base import step_words
from energydash.charts.sparkline import sparkline
from energydash.core.feeds import FromFeeds
from energydash.core.time import Period
from energydash.grid.fuels import in_stack_order, title
from energydash.grid.intensity import BANDS
from energydash.views import cache, components, formatting
from energydash.views.time_range import TimeRange

GROUP_COLOURS = {
    "renewable": colours.FUELS["wind"],
    "nuclear": colours.FUELS["nuclear"],
    "fossil": colours.FUELS["gas"],
    "storage": colours.FUELS["battery"],
    "imports": colours.FUELS["imports"],
    "other": colours.FUELS["other"],
}
BAND_EDGES = tuple(
    (band.name, band.lower, upper)
    for band, upper in zip(BANDS, [*(b.lower for b in BANDS[1:]), 10_000.0], strict=True)
)
NOT_MARGINAL = (
    "This is the *average* intensity of all power supplied. What one more kilowatt-hour causes "
    "(the *marginal* intensity) can be quite different; no free source publishes it for this grid."
)


def mix_chart(
    region: str,
    shown: TimeRange,
    unit: Literal["GW", "%"],
    *,
    key: str,
    height: int = 420,
) -> grid.MixAnswer:
    """A card with generation by fuel over a period; the answer, for whatever goes beside it."""
    asked = cache.ask(grid.mix, region, shown.period, step=shown.chart_step)
    found = asked.result
    name, zone = f"Generation, {found.region.name}", found.region.zone
    unit = unit if found.unit == "MW" else "%"
    with components.card(name, *found.inputs, badge=unit, key=key, zone=zone) as foot:
        if found.mix.empty:
            components.nothing(found.main, shown.period, zone)
            return found
        figure, note = cache.draw(asked, _stack, unit, height, str(shown.preset), shown.at)
        alt = f"Generation by fuel in {found.region.name}, stacked, {shown}"
        components.chart(figure, key=f"{key}_chart", title=name, alt=alt, period=shown.period)
        means = f"{step_words(shown.chart_step)} means" if shown.chart_step else ""
        on_its_way = components.fetching_words(found.main, shown.period)
        foot.say(on_its_way, means, note, *found.notes)
        foot.csv(with_unit(found), name)
    return found


def _stack(
    found: grid.MixAnswer, unit: Literal["GW", "%"], height: int, preset: str, at: object
) -> tuple[go.Figure, str]:
    zoom = f"{found.region.id}{unit}{preset}{at}"
    return mix.stacked_mix(found.mix, found.region.zone, unit=unit, height=height, keep_zoom=zoom)


def is_awaited(region: str, period: Period, *quantities: str) -> bool:
    """Whether a region's mix, intensity or load of a period is being fetched: look again soon."""
    found: dict[str, Callable[[], FromFeeds]] = {
        "mix": lambda: cache.answer(grid.mix, region, period),
        "intensity": lambda: cache.answer(grid.intensity, region, period),
        "load": lambda: cache.answer(grid.load, region, period),
    }
    return components.is_on_its_way(*(found[name]().main for name in quantities))


def with_unit(found: grid.MixAnswer) -> pd.DataFrame:
    """The mix with its unit in every column's name."""
    suffix = "mw" if found.unit == "MW" else "percent"
    return found.mix.add_suffix(f"_{suffix}")


def in_a_sentence(now: grid.MixNow) -> str:
    """`Wind gives 41 % and gas 22 % of Great Britain's power; 52 % is renewable.`"""
    ranked = now.shares.sort_values(ascending=False)
    first, second = str(ranked.index[0]), str(ranked.index[min(1, len(ranked) - 1)])
    verb = "give" if first in ("imports",) else "gives"
    return (
        f"{title(first)} {verb} {100 * ranked[first]:.0f} % and {title(second).lower()} "
        f"{100 * ranked[second]:.0f} % of {now.region.name}'s power; "
        f"{100 * now.renewable_share:.0f} % is renewable."
    )


def fuels_now(region: str, foot: components.Foot) -> None:
    """Each fuel's power and share at this moment, as a table with its CSV."""
    table = cache.draw(cache.ask(grid.mix_now, region), _fuels_table)
    config = {
        "share, %": st.column_config.ProgressColumn(
            format="%.1f", min_value=0, max_value=float(max(table["share, %"].max(), 1.0))
        ),
        "GW": st.column_config.NumberColumn(format="%.2f"),
    }
    components.table(
        table, key="fuels_now", name=f"Mix now {region}", digits=3, column_config=config,
        foot=foot, height="content",
    )  # fmt: skip


def _fuels_table(now: grid.MixNow) -> pd.DataFrame:
    fuels = in_stack_order(str(fuel) for fuel in now.power.index)
    columns: dict[str, list[str] | list[float]] = {
        "fuel": [mix.label(f, negative=now.power[f] < 0) for f in fuels]
    }
    if now.unit == "MW":
        columns["GW"] = [now.power[f] / 1000 for f in fuels]
    columns["share, %"] = [100 * now.shares.get(f, 0.0) for f in fuels]
    return pd.DataFrame(columns)


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
    """A card with the period's extremes, and when they were."""
    asked = cache.ask(grid.mix, region, shown.period, step=shown.chart_step)
    zone = asked.result.region.zone
    with components.card("Records of this period", *asked.result.inputs, key="records", zone=zone):
        table = cache.draw(asked, _records_table)
        if table.empty:
            components.empty("No readings, no records.")
        else:
            st.dataframe(table, hide_index=True, key="records_table", alt="Records")


def _records_table(found: grid.MixAnswer) -> pd.DataFrame:
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
    return pd.DataFrame(rows)


def links(region: str, shown: TimeRange) -> None:
    """A card with each interconnector's newest power, its capacity and its day."""
    asked = cache.ask(grid.interconnectors, region, shown.period)
    found = asked.result
    with components.card("Interconnectors", *found.inputs, badge="MW", key="links") as foot:
        table = cache.draw(asked, _links_table)
        if table.empty:
            components.empty("No readings of the links in this period.")
            return
        config = {"period": st.column_config.LineChartColumn(width="small")}
        st.dataframe(
            table, hide_index=True, column_config=config, key="links_table",
            alt="Power of each interconnector",
        )  # fmt: skip
        foot.say("Negative is export")
        foot.csv(found.data.add_suffix("_mw"), f"Interconnectors {region}")


def _links_table(found: grid.SeriesAnswer) -> pd.DataFrame:
    rows = found.data.dropna(how="all")
    if rows.empty:
        return pd.DataFrame()
    last, known = rows.iloc[-1], grid.links(found)
    return pd.DataFrame(
        {
            "link": [link.name for link in known],
            "with": [link.country for link in known],
            "import, MW": [float(last[name]) for name in found.data.columns],
            "capacity, MW": [link.capacity_mw for link in known],
            "period": [sparkline(rows[name], points=24, digits=0) for name in found.data.columns],
        }
    ).round(0)


def demand(region: str, shown: TimeRange) -> None:
    """A card with demand over a period, for a region whose mix nobody publishes."""
    asked = cache.ask(grid.load, region, shown.period)
    found = asked.result
    name, zone = f"Demand, {found.region.name}", found.region.zone
    with components.card(name, *found.inputs, badge="GW", key="demand", zone=zone) as foot:
        if found.data.empty:
            components.nothing(found.main, shown.period, zone)
            return
        figure, note = cache.draw(asked, _demand_line)
        components.chart(figure, key="demand_chart", title=name, alt=name, period=shown.period)
        on_its_way = components.fetching_words(found.main, shown.period)
        foot.say(on_its_way, "Its generation by fuel is not published here", note, *found.notes)
        foot.csv(found.data.add_suffix("_mw"), name)


def _demand_line(found: grid.SeriesAnswer) -> tuple[go.Figure, str]:
    return lines.lines(found.data / 1000, found.region.zone, unit="GW", from_zero=True)


def intensity_chart(
    region: str,
    period: Period,
    *,
    key: str,
    factors: str | None = None,
    best: Period | None = None,
    height: int = 380,
    zoom: str = "",
) -> grid.IntensityAnswer:
    """A card with intensity over a period and ahead, the greenest window shaded."""
    asked = cache.ask(grid.intensity, region, period, factors=factors)
    found = asked.result
    zone, name = found.region.zone, f"Carbon intensity, {found.region.name}"
    kind = "worked out from the mix" if found.computed else "as published"
    badge = f"{found.basis}, {found.scope}, {kind}"
    with components.card(name, *found.inputs, badge=badge, key=key, zone=zone) as foot:
        if found.data.empty:
            components.nothing(found.main, period, zone)
            return found
        now = _minute(cache.context().now())
        figure, note = cache.draw(asked, _lines, best, now, height, zoom)
        alt = f"Carbon intensity in {found.region.name}, mean {found.mean:.0f} g/kWh"
        components.chart(figure, key=f"{key}_chart", title=name, alt=alt, period=period)
        issued = f"forecast of {formatting.clock(found.issued, zone, now)}" if found.issued else ""
        on_its_way = components.fetching_words(found.main, period)
        foot.say(on_its_way, issued, f"factors {found.factor_set}", note, *found.notes)
        foot.csv(found.data.add_suffix("_g_per_kwh"), name)
    return found


def _lines(
    found: grid.IntensityAnswer, best: Period | None, now: datetime, height: int, zoom: str
) -> tuple[go.Figure, str]:
    return intensity.intensity(
        found.data, found.region.zone, now=now, bands=BAND_EDGES, best=best, height=height,
        keep_zoom=zoom,
    )  # fmt: skip


def _minute(now: datetime) -> datetime:
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)


def forecast_error(found: grid.IntensityAnswer) -> None:
    """How far the forecast was from what came, where both are known."""
    error = found.error
    if len(error) < 2:
        return
    size, lean = float(error.abs().mean()), float(error.mean())
    side = "high" if lean > 0 else "low"
    components.said(
        f"The forecast was {size:.0f} g/kWh off on average over {len(error):,} readings, "
        f"{abs(lean):.0f} g/kWh too {side} overall."
    )
