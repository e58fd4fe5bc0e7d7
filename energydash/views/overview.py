"""What only the overview draws: the cards of this moment, and the sources at a glance."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import grid, home
from energydash.answers.battery import traces, view
from energydash.answers.sources import health
from energydash.charts import bars, colours
from energydash.charts.sparkline import sparkline
from energydash.core.time import LONDON, Period, zone_info
from energydash.views import cache, components, formatting, grid_cards
from energydash.views.components import Metric
from energydash.views.time_range import TimeRange, resolve

DAY = timedelta(hours=24)
TREND = timedelta(hours=3)
IDLE_KW = 0.05
HOURS = 3.0  # the length of the best time: a washing machine, a dishwasher, half a car


def last_day() -> Period:
    """The 24 hours up to now, on a boundary that several cards and reruns share."""
    return resolve("24h", None, (), LONDON, cache.context().now()).period


def best_time(region: str, personal: bool) -> None:
    """The most useful sentence of the page: when it is cleanest, and when cheapest."""
    now = cache.context().now()
    deadline = now.replace(minute=0, second=0, microsecond=0) + DAY
    found = cache.answer(grid.greenest_window, region, HOURS, deadline=deadline)
    said = grid.in_words(found, now)
    if found.best is not None:
        saving = f", {found.saving_percent:.0f} % less than now" if found.saving_percent > 0 else ""
        span = formatting.span(found.best.start, found.best.end, LONDON, now)
        said = f"Cleanest {span} (about {found.best.mean:.0f} g/kWh{saving})"
    cheap = cache.answer(home.cheapest_windows, (HOURS,)).windows if personal else ()
    if cheap:
        span = formatting.span(cheap[0].best.start, cheap[0].best.end, LONDON, now)
        said = f"{said} · cheapest {span} at {cheap[0].best.mean:.1f} p"
    st.subheader(components.escape(said), anchor=False)


def now_cards(region: str, personal: bool) -> list[Metric]:
    """Intensity, wind and solar, demand; then price, cost and battery where they may be seen."""
    cards = [_intensity(region), _wind_and_solar(region), _demand(region)]
    return [*cards, _price(), _cost(), *_battery()] if personal else cards


def _intensity(region: str) -> Metric:
    now = cache.answer(grid.intensity_now, region)
    day = cache.ask(grid.intensity, region, last_day())
    return cache.draw(day, _intensity_metric, now.g_per_kwh, now.band)


def _intensity_metric(day: grid.IntensityAnswer, g_per_kwh: float, band: str) -> Metric:
    return Metric(
        "Carbon, g/kWh",
        formatting.number(g_per_kwh),
        _since(day.values, band, digits=0),
        "inverse",
        sparkline(day.values),
        help="Average intensity, its change in 3 hours, and its band in the national index.",
    )


def _wind_and_solar(region: str) -> Metric:
    day = cache.ask(grid.mix, region, last_day(), step=timedelta(minutes=30))
    return cache.draw(day, _wind_and_solar_metric)


def _wind_and_solar_metric(day: grid.MixAnswer) -> Metric:
    shares = day.shares.reindex(columns=["wind", "solar"])
    both = 100 * shares.sum(axis="columns", min_count=1).dropna()
    return Metric(
        "Wind + solar",
        f"{both.iloc[-1]:.0f} %" if len(both) else "–",
        _since(both, "points", digits=0),
        "normal",
        sparkline(both),
        "area",
        help="Share of all supply, and its change in 3 hours.",
    )


def _demand(region: str) -> Metric:
    return cache.draw(cache.ask(grid.load, region, last_day()), _demand_metric)


def _demand_metric(found: grid.SeriesAnswer) -> Metric:
    load = found.data["load"].dropna() / 1000
    value = formatting.number(float(load.iloc[-1]), 1) if len(load) else "–"
    return Metric("Demand, GW", value, _peak(load), "off", sparkline(load))


def _price() -> Metric:
    now = cache.answer(home.price_now)
    ahead = cache.draw(cache.ask(home.cheapest_windows), _prices_line)
    note = now.import_tariff
    if now.until is not None and now.next_p_per_kwh is not None:
        at = formatting.clock(now.until, LONDON, now.at)
        note = f"{formatting.number(now.next_p_per_kwh, 1)} from {at}"
    return Metric(
        "Price, p/kWh",
        formatting.number(now.import_p_per_kwh, 1),
        note,
        "off",
        ahead,
        "bar",
        help="Your import unit rate with VAT; the bars are the half-hours ahead.",
    )


def _prices_line(found: home.WindowsAnswer) -> list[float]:
    return sparkline(found.prices)


def _cost() -> Metric:
    """The newest local day that has readings: meters report hours or a day late."""
    today = cache.context().now().astimezone(zone_info(LONDON)).date()
    for days_ago in range(3):
        day = today - timedelta(days=days_ago)
        period = Period.local_days(day, day + timedelta(days=1), LONDON)
        found = cache.answer(home.costs, period, "hour").costs
        if found.totals["days"]:
            break
    else:
        return Metric("Today, net", "–", "no readings yet")
    label = ("Today, net", "Yesterday, net", f"{day:%A}, net")[days_ago]
    exported = float(found.totals["export_value_gbp"])
    return Metric(
        label,
        formatting.money(float(found.totals["net_cost_gbp"])),
        f"{formatting.money(exported)} exported" if exported else "",
        "off",
        [float(cost) for cost in found.rows["net_cost_gbp"].cumsum()],
        "area",
        help="Energy and standing charge with VAT, less what was exported.",
    )


def _battery() -> list[Metric]:
    """State of charge and power of the first battery; nothing where there is none."""
    if not cache.answer(view.devices):
        return []
    now = cache.answer(view.view, "", last_day()).now
    line = cache.draw(cache.ask(traces.traces, "", last_day()), _charge_line)
    _, charge = now.get("soc_percent", (None, None))
    _, power_kw = now.get("power_kw", (None, 0.0))
    way = "in" if power_kw > 0 else "out"
    note = "idle" if abs(power_kw) < IDLE_KW else f"{abs(power_kw):.1f} kW {way}"
    value = f"{charge:.0f} %" if charge is not None else "–"
    return [Metric("Battery", value, note if now else "no readings", "off", line)]


def _charge_line(found: traces.Traces) -> list[float]:
    day = found.frames.get("soc_percent")
    return sparkline(day.iloc[:, 0]) if day is not None else []


def _since(values: pd.Series[float], word: str, digits: int) -> str:
    """`-21 · low`: the change over the last three hours, with a sign that Streamlit reads."""
    known = values.dropna()
    if len(known) < 2:
        return word if len(known) else ""
    last = known.index[-1]
    before = known[known.index <= last - TREND]
    if before.empty:
        return word
    return f"{known.iloc[-1] - before.iloc[-1]:+.{digits}f} · {word}"


def _peak(values: pd.Series[float]) -> str:
    if values.empty:
        return ""
    at = pd.Timestamp(values.idxmax()).to_pydatetime()
    now = cache.context().now()
    return f"peak {values.max():.1f} at {formatting.clock(at, LONDON, now)}"


def now_notes(region: str, personal: bool) -> None:
    """Where the cards' figures are from, and whether any is made up or old."""
    readings = (
        *cache.answer(grid.intensity_now, region).answer.inputs,
        *cache.answer(grid.mix_now, region).inputs,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        components.sample_badge(*readings, what="grid")
        if personal:
            components.sample_words(cache.answer(home.price_now).sample_reason, what="home")
            if cache.answer(view.devices):
                found = cache.answer(view.view, "", last_day()).reading
                components.sample_badge(found, what="battery")
                components.stale_badge(found)
        components.stale_badge(*readings)
        lines = [
            components.freshness(reading) for reading in readings if reading.origin != "sample"
        ]
        components.said(*dict.fromkeys(lines))


def charts(region: str, chosen: TimeRange) -> None:
    """The mini mix, and intensity with its forecast."""
    now = cache.context().now()
    shown = chosen.moved_on(now)
    is_near = shown.is_live and shown.period.duration <= timedelta(days=7)
    ahead = shown.period.end + DAY if is_near else shown.period.end
    best = None
    if is_near:
        deadline = now.replace(minute=0, second=0, microsecond=0) + DAY
        window = cache.answer(grid.greenest_window, region, HOURS, deadline=deadline)
        best = window.best.period if window.best else None
    left, right = st.columns([3, 2])
    with left:
        grid_cards.mix_chart(region, shown, "GW", key="mini_mix", height=340)
    with right:
        period = Period(shown.period.start, ahead)
        zoom = f"{shown.preset}{shown.at}"
        grid_cards.intensity_chart(
            region, period, key="mini_intensity", best=best, height=340, zoom=zoom
        )


def below(personal: bool) -> None:
    """The last week's costs, and a sign per source with its age."""
    if not personal:
        sources(personal)
        return
    left, right = st.columns([3, 2])
    with left:
        week_costs()
    with right:
        sources(personal)


def week_costs() -> None:
    """What each of the last seven days cost, exports below zero."""
    today = cache.context().now().astimezone(zone_info(LONDON)).date()
    week = Period.local_days(today - timedelta(days=6), today + timedelta(days=1), LONDON)
    asked = cache.ask(home.costs, week, "day")
    found = asked.result
    with components.card("Electricity cost, last 7 days", *found.inputs, key="week") as foot:
        if not found.costs.totals["days"]:
            components.empty("No meter readings in the last 7 days.", "They come a day late.")
            return
        figure = cache.draw(asked, _cost_bars)
        alt = f"Cost per day, {formatting.money(found.costs.totals['net_cost_gbp'])} in all"
        components.chart(figure, key="week_chart", title="Electricity cost", alt=alt, period=week)
        total = formatting.money(float(found.costs.totals["net_cost_gbp"]))
        foot.say(f"{total} net with standing charge and VAT", *found.notes)


def _cost_bars(found: home.CostsAnswer) -> go.Figure:
    rows = found.costs.rows
    days = pd.DatetimeIndex(pd.to_datetime(rows["key"]))
    table = pd.DataFrame(
        {
            "import": rows["import_cost_gbp"].to_numpy(),
            "export": -rows["export_value_gbp"].to_numpy(),
        },
        index=days,
    )
    colour = {"import": colours.ACCENT, "export": colours.FUELS["solar"]}
    return bars.bars(table, unit="£", prefix="£", colour=colour, height=250)


def sources(personal: bool) -> None:
    """A sign per source, and how old its newest reading is."""
    found = cache.answer(health.health, personal)
    now = cache.context().now()
    lines = []
    for source in found.sources:
        age = f" :gray[{formatting.ago(now - source.newest)}]" if source.newest else ""
        sign = components.state_sign(source.state)
        lines.append(f"{sign} &nbsp; {components.escape(source.info.title)}{age}")
    with components.card("Sources", key="sources"):
        st.markdown("  \n".join(lines))
        st.page_link("pages/data_sources.py", label="Errors, licences, retry")
