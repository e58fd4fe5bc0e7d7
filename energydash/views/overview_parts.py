"""What only the overview draws: the cards of this moment, and the sources at a glance."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from energydash.answers import grid, health
from energydash.charts.sparkline import sparkline
from energydash.time import LONDON, Period
from energydash.views import cached, grid_parts, parts, words
from energydash.views.parts import Metric
from energydash.views.state import TimeRange, resolve

DAY = timedelta(hours=24)
TREND = timedelta(hours=1)


def last_day() -> Period:
    """The 24 hours up to now, on a boundary that several cards and reruns share."""
    return resolve("24h", None, (), LONDON, cached.context().now()).period


def best_time(region: str, personal: bool) -> None:
    """The most useful sentence of the page."""
    now = cached.context().now()
    deadline = now.replace(minute=0, second=0, microsecond=0) + DAY
    found = cached.answer(grid.greenest_window, region, 3.0, deadline=deadline)
    said = grid.in_words(found, now)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.subheader(said, anchor=False, width="content")
        if found.forecast.reading is not None:
            parts.sample_badge(found.forecast.reading)


def now_cards(region: str, personal: bool) -> list[Metric]:
    """Intensity, wind and solar, demand; then price, cost and battery where they may be seen."""
    return [_intensity(region), _wind_and_solar(region), _demand(region)]


def _intensity(region: str) -> Metric:
    now = cached.answer(grid.intensity_now, region)
    day = cached.answer(grid.intensity, region, last_day()).values
    return Metric(
        "Carbon, g/kWh",
        words.number(now.g_per_kwh),
        _since(day, now.band, digits=0),
        "inverse",
        sparkline(day),
        help="Average intensity; the word is the band of the national index.",
    )


def _wind_and_solar(region: str) -> Metric:
    day = cached.answer(grid.mix, region, last_day(), step=timedelta(minutes=30))
    shares = day.shares.reindex(columns=["wind", "solar"])
    both = 100 * shares.sum(axis="columns", min_count=1).dropna()
    value = f"{both.iloc[-1]:.0f} %" if len(both) else "–"
    return Metric(
        "Wind + solar", value, _since(both, "points", digits=0), "normal", sparkline(both), "area"
    )


def _demand(region: str) -> Metric:
    found = cached.answer(grid.load, region, last_day())
    load = found.data["load"].dropna() / 1000
    value = words.number(float(load.iloc[-1]), 1) if len(load) else "–"
    return Metric("Demand, GW", value, _peak(load), "off", sparkline(load))


def _since(values: pd.Series[float], word: str, digits: int) -> str:
    """`-21 in 3 h, low`: the change over the last three hours, signed so that it is read."""
    known = values.dropna()
    if len(known) < 2:
        return word
    last = known.index[-1]
    before = known[known.index <= last - 3 * TREND]
    if before.empty:
        return word
    return f"{known.iloc[-1] - before.iloc[-1]:+.{digits}f} in 3 h · {word}"


def _peak(values: pd.Series[float]) -> str:
    if values.empty:
        return ""
    at = pd.Timestamp(values.idxmax()).to_pydatetime()
    now = cached.context().now()
    return f"peak {values.max():.1f} at {words.clock(at, LONDON, now)}"


def now_notes(region: str, personal: bool) -> None:
    """Where the cards' figures are from, and whether any is made up or old."""
    readings = [
        *cached.answer(grid.intensity_now, region).answer.readings,
        *cached.answer(grid.mix_now, region).readings,
    ]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        parts.sample_badge(*readings)
        parts.stale_badge(*readings)
        lines = [parts.freshness(reading) for reading in readings if reading.origin != "sample"]
        parts.said(*dict.fromkeys(lines))


def charts(region: str, chosen: TimeRange) -> None:
    """The mini mix, and intensity with its forecast."""
    now = cached.context().now()
    shown = chosen.moved_on(now)
    is_near = shown.is_live and shown.period.duration <= timedelta(days=7)
    ahead = shown.period.end + DAY if is_near else shown.period.end
    best = None
    if is_near:
        deadline = now.replace(minute=0, second=0, microsecond=0) + DAY
        window = cached.answer(grid.greenest_window, region, 3.0, deadline=deadline)
        best = window.best.period if window.best else None
    left, right = st.columns([3, 2])
    with left:
        grid_parts.mix_chart(region, shown, "GW", key="mini_mix", height=340)
    with right:
        period = Period(shown.period.start, ahead)
        zoom = f"{shown.preset}{shown.at}"
        grid_parts.intensity_chart(
            region, period, key="mini_intensity", best=best, height=340, zoom=zoom
        )


def sources() -> None:
    """A dot per source, with its age."""
    found = cached.answer(health.health)
    now = cached.context().now()
    said = []
    for source in found.sources:
        age = f" {words.age(now - source.newest)}" if source.newest else ""
        said.append(f"{parts.state_sign(source.state)} {parts.escape(source.info.title)}{age}")
    with st.container(border=True, key="card_sources"):
        st.markdown(" &nbsp;·&nbsp; ".join(said))
        st.page_link("pages/data_sources.py", label="Data sources")
