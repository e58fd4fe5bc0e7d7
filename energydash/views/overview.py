"""What only the overview draws: the cards of this moment, and the sources at a glance."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import battery, grid, home
from energydash.answers.sources import health
from energydash.charts import bars, colours
from energydash.charts.sparkline import sparkline
from energydash.core.time import LONDON, Period, zone_info
from energydash.grid.regions import Region
from energydash.serialise import home as home_documents
from energydash.views import (
    cache,
    carbon_intensity,
    components,
    electricity_costs,
    formatting,
    generation_mix,
    viewer,
)
from energydash.views.components import Metric
from energydash.views.time_range import TimeRange, resolve

DAY = timedelta(hours=24)
TREND = timedelta(hours=3)
IDLE_KW = 0.05
HOURS = 3.0  # the length of the best time: a washing machine, a dishwasher, half a car


def last_day() -> Period:
    """The 24 hours up to now, on a boundary that several cards and reruns share."""
    return resolve("24h", None, (), LONDON, cache.context().now()).period


def shows_home(place: Region) -> bool:
    """Whether the household's cards belong here: its own do, a British sample home's only there."""
    if not viewer.may_see_personal():
        return False
    return place.country == "GB" or not home.home_of(cache.context()).is_sample


def cleanest(place: Region) -> grid.WindowAnswer:
    """The greenest hours of the next 24: the same in the sentence and in the chart."""
    now = cache.context().now()
    deadline = now.replace(minute=0, second=0, microsecond=0) + DAY
    return cache.answer(grid.greenest_window, place.id, HOURS, deadline=deadline)


def best_time(place: Region, with_home: bool) -> None:
    """The most useful sentence of the page: when it is cleanest, and when cheapest."""
    now = cache.context().now()
    said = [_cleanest_words(place).removesuffix(".")]
    ahead = cache.answer(home.cheapest_windows, (HOURS,)) if with_home else None
    cheap = ahead.windows if ahead else ()
    if cheap:
        span = formatting.span(cheap[0].best.start, cheap[0].best.end, LONDON, now)
        said.append(f"cheapest {HOURS:g} h {span} at {cheap[0].best.mean:.1f} p/kWh")
    st.header(components.escape(" · ".join(said)), anchor=False)
    if ahead and ahead.published_until:
        until = formatting.clock(ahead.published_until, LONDON, now)
        components.said(f"Prices are known until {until}.")


def _cleanest_words(place: Region) -> str:
    """`Cleanest 3 h 12:00 to 15:00, about 79 g/kWh …`; elsewhere what feeds the grid now."""
    found, now = cleanest(place), cache.context().now()
    if found.best is None:
        mix_now = cache.answer(grid.mix_now, place.id) if _has_mix(place) else None
        if mix_now is None:
            return found.reason
        return generation_mix.now_words(mix_now)
    if found.best.start <= now:
        return f"Cleanest {HOURS:g} h: from now on, about {found.best.mean:.0f} g/kWh"
    span = formatting.span(found.best.start, found.best.end, place.zone, now)
    said = f"Cleanest {HOURS:g} h {span}, about {found.best.mean:.0f} g/kWh"
    if not found.saving_percent > 0:
        return said
    return (
        f"{said}, {found.saving_percent:.0f} % less than the "
        f"{found.at_once_g_per_kwh:.0f} g/kWh of the next {HOURS:g} h"
    )


def now_cards(place: Region, with_home: bool) -> list[Metric]:
    """Intensity, wind and solar, demand; then price, cost and battery where they belong."""
    cards = [_demand(place)]
    if _has_mix(place):
        cards = [_intensity(place), _wind_and_solar(place), *cards]
    if not with_home:
        return cards
    own = [*_prices(), _cost(), *_battery()]
    return [*own, *cards] if viewer.is_phone() else [*cards, *own]


def _has_mix(place: Region) -> bool:
    return place.has_mix_mw or "mix-percent" in place.sources


def _intensity(place: Region) -> Metric:
    now = cache.answer(grid.intensity_now, place.id)
    day = cache.ask(grid.intensity, place.id, last_day())
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


def _wind_and_solar(place: Region) -> Metric:
    now = cache.answer(grid.mix_now, place.id)
    known = now.shares.reindex(["wind", "solar"]).dropna()
    is_whole = bool(pd.notna(now.renewable_share)) and len(known) > 0
    day = cache.ask(grid.mix, place.id, last_day(), step=timedelta(minutes=30))
    share = 100 * float(known.sum()) if is_whole else float("nan")
    return cache.draw(day, _wind_and_solar_metric, share, " ".join(now.notes))


def _wind_and_solar_metric(day: grid.MixAnswer, now_percent: float, notes: str) -> Metric:
    shares = day.shares.reindex(columns=["wind", "solar"])
    both = day.where_whole(100 * shares.sum(axis="columns", min_count=1)).dropna()
    is_known = now_percent == now_percent
    return Metric(
        "Wind + solar",
        f"{now_percent:.0f} %" if is_known else "–",
        _since(both, "points", digits=0) if is_known else "solar not known",
        "normal" if is_known else "off",
        sparkline(both),
        "area",
        help=f"Share of all supply, and its change in 3 hours. {notes}".rstrip(),
    )


def _demand(place: Region) -> Metric:
    return cache.draw(cache.ask(grid.load, place.id, last_day()), _demand_metric)


def _demand_metric(found: grid.SeriesAnswer) -> Metric:
    load = found.data["load"].dropna() / 1000
    value = formatting.number(float(load.iloc[-1]), 1) if len(load) else "–"
    peak = _peak(load, found.region.zone)
    return Metric("Demand, GW", value, peak, "off", sparkline(load))


def _prices() -> list[Metric]:
    """The import price of each home; the bars are of the first one's meter."""
    found = cache.answer(home.price_now)
    ahead = cache.draw(cache.ask(home.cheapest_windows), _prices_line)
    several = len(found.homes) > 1
    return [
        _price(one, found.at, one.home if several else "", [] if number else ahead)
        for number, one in enumerate(found.homes)
    ]


def _price(now: home.HomePrice, at: datetime, where: str, ahead: list[float]) -> Metric:
    note = now.import_tariff
    if now.until is not None and now.next_p_per_kwh is not None:
        then = formatting.clock(now.until, LONDON, at)
        note = f"{formatting.number(now.next_p_per_kwh, 1)} from {then}"
    return Metric(
        f"Price {where}, p/kWh" if where else "Price, p/kWh",
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
        formatting.net_range(found.totals),
        f"{formatting.money(exported)} exported" if exported > 0 else "",
        "off",
        [float(cost) for cost in found.rows["net_cost_gbp"].cumsum()],
        "area",
        help="Energy and standing charge with VAT, less what was exported.",
    )


def _battery() -> list[Metric]:
    """State of charge and power of the first battery; nothing where there is none."""
    if not cache.answer(battery.devices):
        return []
    now = cache.answer(battery.view, "", last_day()).now
    line = cache.draw(cache.ask(battery.traces, "", last_day()), _charge_line)
    _, charge = now.get("soc_percent", (None, None))
    _, power_kw = now.get("power_kw", (None, 0.0))
    way = "in" if power_kw > 0 else "out"
    note = "idle" if abs(power_kw) < IDLE_KW else f"{abs(power_kw):.1f} kW {way}"
    value = f"{charge:.0f} %" if charge is not None else "–"
    return [Metric("Battery", value, note if now else "no readings", "off", line)]


def _charge_line(found: battery.Traces) -> list[float]:
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


def _peak(values: pd.Series[float], zone: str) -> str:
    if values.empty:
        return ""
    at = pd.Timestamp(values.idxmax()).to_pydatetime()
    now = cache.context().now()
    return f"peak {values.max():.1f} at {formatting.clock(at, zone, now)}"


def now_notes(place: Region, with_home: bool) -> None:
    """Where the cards' figures are from, and whether any is made up or old."""
    inputs = list(cache.answer(grid.load, place.id, last_day()).inputs)
    if _has_mix(place):
        inputs = [
            *cache.answer(grid.intensity_now, place.id).answer.inputs,
            *cache.answer(grid.mix_now, place.id).inputs, *inputs,
        ]  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        components.sample_badge(*inputs, what="grid")
        if with_home:
            components.sample_words(cache.answer(home.price_now).sample_reason, what="home")
            if cache.answer(battery.devices):
                found = cache.answer(battery.view, "", last_day()).reading
                components.sample_badge(found, what="battery")
                components.stale_badge(found)
        components.stale_badge(*inputs)
        lines = [components.freshness(one, place.zone) for one in inputs if one.origin != "sample"]
        components.said(*dict.fromkeys(lines))


def charts(place: Region, chosen: TimeRange) -> None:
    """The mix and the intensity beside each other; demand where nobody publishes a mix."""
    shown = chosen.moved_on(cache.context().now())
    if not _has_mix(place):
        generation_mix.demand(place.id, shown)
        return
    left, right = st.columns([3, 2])
    with left:
        generation_mix.chart(place.id, shown, "GW", key="mini_mix", height=340)
    with right:
        best = cleanest(place).best if is_near(shown) else None
        carbon_intensity.chart(
            place.id, ahead(shown), key="mini_intensity", best=best.period if best else None,
            height=340, zoom=f"{place.id}{shown.preset}{shown.at}",
        )  # fmt: skip


def is_near(shown: TimeRange) -> bool:
    """Whether the next hours are of interest beside this period."""
    return shown.is_live and shown.period.duration <= timedelta(days=7)


def ahead(shown: TimeRange) -> Period:
    """The period with the next day, where it is near."""
    return Period(shown.period.start, shown.period.end + (DAY if is_near(shown) else 0 * DAY))


def is_awaited(place: Region, chosen: TimeRange) -> bool:
    """Whether the grid's first figures are still on their way."""
    shown = chosen.moved_on(cache.context().now())
    if not _has_mix(place):
        return generation_mix.is_demand_awaited(place.id, shown)
    return generation_mix.is_awaited(place.id, shown) or carbon_intensity.is_awaited(
        place.id, ahead(shown)
    )


def below(with_home: bool) -> None:
    """The last week's costs, and a sign per source with its age."""
    if not with_home:
        sources()
        return
    left, right = st.columns([3, 2])
    with left:
        week_costs()
    with right:
        sources()


def week_costs() -> None:
    """What each of the last seven days cost, exports below zero."""
    today = cache.context().now().astimezone(zone_info(LONDON)).date()
    week = Period.local_days(today - timedelta(days=6), today + timedelta(days=1), LONDON)
    asked = cache.ask(home.costs, week, "day")
    found = asked.result
    with components.card("Electricity cost, last 7 days", *found.inputs, key="week") as foot:
        if not found.costs.totals["days"]:
            electricity_costs.nothing(found)
            return
        figure = cache.draw(asked, _cost_bars)
        total = formatting.net_range(found.costs.totals)
        alt = f"Cost per day, {total} in all"
        components.chart(
            figure, key="week_chart", title="Electricity cost", alt=alt, period=week,
            inputs=found.inputs,
        )  # fmt: skip
        foot.say(f"{total} net with standing charge and VAT", *found.notes)
        foot.csv(cache.draw(asked, home_documents.costs))


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
    colour = {"import": colours.IMPORT, "export": colours.EXPORT}
    return bars.bars(
        table, unit="£", prefix="£", colour=colour, patterns={"export": "/"}, height=250
    )


def sources() -> None:
    """A sign per source that is in use, and how old the newest that it has is."""
    found = cache.answer(health.health, viewer.may_see_personal())
    now = cache.context().now()
    lines = []
    for source in found.sources:
        if source.state == "waiting":
            continue
        age = f" :gray[{formatting.ago(now - source.newest)}]" if source.newest else ""
        sign = components.state_sign(source.state)
        lines.append(f"{sign} &nbsp; {components.escape(source.info.title)}{age}")
    waiting = sum(source.state == "waiting" for source in found.sources)
    if waiting:
        sign = components.state_sign("waiting")
        lines.append(f"{sign} &nbsp; {waiting} more :gray[until a page asks for them]")
    with components.card("Sources", key="sources"):
        st.markdown("  \n".join(lines))
        st.page_link("pages/data_sources.py", label="Errors, licences, retry")
