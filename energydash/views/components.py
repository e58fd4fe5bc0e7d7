"""The pieces that pages are made of: cards, badges, freshness, tables, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers.sources import health
from energydash.charts import base
from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData
from energydash.core.findings import Finding
from energydash.core.time import LONDON, Period
from energydash.views import cache, formatting, viewer

DeltaColor = Literal["normal", "inverse", "off"]


@dataclass(frozen=True)
class Metric:
    """One figure of a row. The unit belongs in the label: a value is cut where it is too long.

    delta starts with an ASCII `-` where it falls. delta_color: `inverse` where less is better,
    `off` where neither is.
    """

    label: str
    value: str
    delta: str = ""
    delta_color: DeltaColor = "off"
    chart: Sequence[float] = ()
    chart_type: Literal["line", "bar", "area"] = "line"
    help: str | None = None
    arrow: Literal["auto", "up", "down", "off"] = "auto"


@contextmanager
def header(title: str) -> Iterator[None]:
    """The page's title, with whatever is drawn inside (the time range) at its right."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(title, width="content", anchor=False)
        yield


def metrics(items: Sequence[Metric], *, key: str, width: int = 150) -> None:
    """Figures side by side, at least two to a row on a phone."""
    with st.grid(min(len(items), 6), min_column_width=width, gap="small", key=key):
        for item in items:
            st.metric(
                item.label,
                item.value,
                item.delta or None,
                delta_color=item.delta_color,
                delta_arrow="off" if item.delta_color == "off" else item.arrow,
                chart_data=list(item.chart) if len(item.chart) > 2 else None,
                chart_type=item.chart_type,
                help=item.help,
                border=True,
                height="stretch",
            )


class Foot:
    """What stands under a card: what is to be known about its chart, and its CSV."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.frame: pd.DataFrame | None = None
        self.name = ""

    def say(self, *notes: str) -> None:
        self.notes += [note for note in notes if note]

    def csv(self, frame: pd.DataFrame, name: str) -> None:
        self.frame, self.name = frame, name


@contextmanager
def card(
    title: str,
    *readings: FeedData,
    badge: str = "",
    key: str,
    zone: str = LONDON,
    hint: str | None = None,
) -> Iterator[Foot]:
    """A bordered part: title, badges, whatever is drawn inside, then how fresh it is.

    Says by itself where a reading is sample data, stale, incomplete or in trouble.
    """
    foot = Foot()
    with st.container(border=True, key=f"card_{key}", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{escape(title)}**", width="content", help=hint)
            if badge:
                st.badge(escape(badge), color="gray")
            sample_badge(*readings)
            stale_badge(*readings)
        yield foot
        notes(*readings, key=key, zone=zone, foot=foot)


def sample_badge(*readings: FeedData, what: str = "") -> None:
    """`SAMPLE: no Octopus account connected`, where any of the readings is made up."""
    reasons = dict.fromkeys(r.sample_reason for r in readings if r.origin == "sample")
    if reasons:
        whole = "; ".join(reason.rstrip(".") for reason in reasons if reason)
        sample_words(whole or "made up", what=what)


def sample_words(reason: str, *, what: str = "") -> None:
    """The same badge for a reason; nothing where there is none."""
    if reason:
        name = f"SAMPLE {what}".rstrip()
        st.badge(escape(f"{name}: {reason}"), color="orange")


def stale_badge(*readings: FeedData) -> None:
    """`stale, 3 h old` in amber, for the oldest of the readings that ought to be newer."""
    now = cache.context().now()
    old = [r.age(now) for r in readings if r.origin != "sample" and r.is_stale(now)]
    ages = [length for length in old if length is not None]
    if ages:
        st.badge(
            f"stale, {formatting.age(max(ages))} old", color="orange", icon=":material/schedule:"
        )


def notes(*readings: FeedData, key: str, zone: str = LONDON, foot: Foot | None = None) -> None:
    """Under a card: who published it, when, how complete it is; then any trouble."""
    foot = foot or Foot()
    now = cache.context().now()
    real = [reading for reading in readings if reading.origin != "sample"]
    lines = [*dict.fromkeys(freshness(reading, zone) for reading in real), *foot.notes]
    lines += [
        missing_words(r.coverage, r, zone, now)
        for r in real[:1]
        if r.coverage.present and r.coverage.missing
    ]
    if lines or foot.frame is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(escape(" — ".join(lines)), width="stretch")
            if foot.frame is not None:
                download(foot.frame, key=key, name=foot.name, zone=zone)
    shown: set[str] = set()
    for number, reading in enumerate(readings):
        if reading.problem and reading.problem.sentence not in shown:
            shown.add(reading.problem.sentence)
            trouble(reading.problem, reading, key=f"{key}_{number}", zone=zone)


def freshness(reading: FeedData, zone: str = LONDON) -> str:
    """`Elexon · 14:30 · 4 min ago`; a household's feed by its meter's name too."""
    now = cache.context().now()
    title = health.publisher(reading.feed)
    if reading.feed.name:
        title = f"{reading.feed.name}, {title if reading.feed.address else 'from files'}"
    if reading.newest is None:
        return f"{title} · nothing fetched yet"
    at = formatting.clock(reading.newest, zone, now)
    return f"{title} · {at} · {formatting.ago(now - reading.newest)}"


def missing_words(coverage: Coverage, reading: FeedData, zone: str, now: datetime) -> str:
    """`12 of 48 half-hours missing: Thu 03:00 to 09:00`; the first few gaps are named."""
    step = reading.feed.step
    unit = "half-hours" if step and step.total_seconds() == 1800 else "readings"
    named = ", ".join(
        f"{formatting.clock(gap.start, zone, now)} to {formatting.clock(gap.end, zone, now)}"
        for gap in coverage.missing[:3]
    )
    more = f" and {len(coverage.missing) - 3} more gaps" if len(coverage.missing) > 3 else ""
    lost = coverage.expected - coverage.present
    return f"{lost:,} of {coverage.expected:,} {unit} missing: {named}{more}."


def trouble(
    problem: Finding, reading: FeedData | None = None, *, key: str, zone: str = LONDON
) -> None:
    """One sentence with its cause and remedy, and a button to try again."""
    now = cache.context().now()
    again = (
        f" Next try at {formatting.clock(problem.retry_at, zone, now)}."
        if problem.retry_at and problem.retry_at > now
        else ""
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            f":orange[:material/warning:] {escape(problem.sentence)} "
            f"{escape(problem.remedy)}{again}",
            width="stretch",
        )
        if reading is not None and viewer.may_edit():
            st.button(
                "Retry", key=f"retry_{key}", icon=":material/refresh:", type="tertiary",
                on_click=retry, args=(reading.feed,),
            )  # fmt: skip


def state_sign(state: health.State) -> str:
    """A source's state as a word with a sign of its own: colour is never alone."""
    colour, sign = {
        "live": ("green", "●"),
        "stale": ("orange", "◐"),
        "trouble": ("orange", "▲"),
        "waiting": ("gray", "◌"),
        "not configured": ("gray", "○"),
    }[state]
    return f":{colour}[{sign} {state}]"


def retry(feed: Feed) -> None:
    """Ask a feed's source again, now, and forget what was remembered."""
    here = cache.context()
    now = here.now()
    done = health.retry(here, feed, Period(now - feed.revises, now + feed.horizon))
    cache.forget()
    if done is None:
        st.toast(f"{health.publisher(feed)} is asked again within half a minute.")


def nothing(reading: FeedData, period: Period, zone: str = LONDON) -> None:
    """Why a period has no readings: being fetched, beyond what is published, or none at all."""
    feed, now = reading.feed, cache.context().now()
    who = health.publisher(feed)
    if reading.problem:
        empty("There are no readings in this period.", "Why, is said below.")
    elif fetching_words(reading, period):
        empty(f"Being fetched from {who}.", "It appears here by itself.")
        st.progress(_fetched_part(reading, period), text=fetching_words(reading, period))
    elif feed.history and period.end <= now - feed.history:
        empty(
            f"{who} publishes its last {formatting.age(feed.history)} only.",
            "What has been fetched since energydash first asked is kept: choose a later period.",
        )
    else:
        newest = _newest(reading, zone)
        empty("There are no readings in this period.", f"The newest of {who} is {newest}.")


def fetching_words(reading: FeedData, period: Period) -> str:
    """`Being fetched: 12 of 31 days so far`; nothing where nothing is awaited, or in trouble."""
    if not is_on_its_way(reading):
        return ""
    done, days = _fetched_part(reading, period), period.duration / timedelta(days=1)
    if days <= 2:
        return f"Being fetched: {100 * done:.0f} % so far"
    return f"Being fetched: {done * days:.0f} of {days:.0f} days so far"


def _fetched_part(reading: FeedData, period: Period) -> float:
    """How much of a period needs no more asking, 0 to 1."""
    left = sum((part.duration for part in reading.awaited), timedelta(0))
    return min(1.0, max(0.0, 1 - left / period.duration))


def is_on_its_way(*readings: FeedData) -> bool:
    """Whether any of the readings is still being fetched: worth looking again soon."""
    if not cache.context().crawled:
        return False
    return any(reading.awaited and not reading.problem for reading in readings)


def _newest(reading: FeedData, zone: str) -> str:
    now = cache.context().now()
    return (
        f"of {formatting.clock(reading.newest, zone, now)}" if reading.newest else "still to come"
    )


def empty(sentence: str, remedy: str = "") -> None:
    """Why there is nothing to see, and what to do about it. Not an error."""
    with st.container(height=180, border=False, vertical_alignment="center"):
        st.markdown(
            f":material/hourglass_empty: {escape(sentence)}  \n:gray[{escape(remedy)}]",
            text_alignment="center",
        )


def chart(
    figure: go.Figure, *, key: str, title: str, alt: str, period: Period | None = None
) -> None:
    """A Plotly figure with its PNG named by title and date, and words for who cannot see it."""
    st.plotly_chart(figure, key=key, config=base.config(title, period), alt=alt)


def said(*notes: str) -> None:
    """What is to be known about a chart, in one small line."""
    text = " · ".join(note for note in notes if note)
    if text:
        st.caption(escape(text))


def table(
    frame: pd.DataFrame,
    *,
    key: str,
    name: str,
    zone: str = LONDON,
    height: int | Literal["auto", "content"] = "auto",
    digits: int = 2,
    column_config: dict[str, Any] | None = None,
    foot: Foot | None = None,
) -> None:
    """What a chart shows, as a table with a CSV (in the card's foot, where one is given).

    Columns carry their units in their names. A UTC index becomes a local column in the table, and
    a UTC and a local one in the CSV.
    """
    shown = frame
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is not None:
        local = frame.index.tz_convert(zone).tz_localize(None)
        shown = frame.set_axis(local.rename(f"time ({zone})"), axis="index").reset_index()
    st.dataframe(
        shown.round(digits), hide_index=True, height=height, key=key, column_config=column_config,
        alt=name,
    )  # fmt: skip
    if foot is None:
        download(frame, key=key, name=name, zone=zone)
    else:
        foot.csv(frame, name)


def download(frame: pd.DataFrame, *, key: str, name: str, zone: str = LONDON) -> None:
    """A button for exactly what is shown, made when it is clicked."""
    st.download_button(
        "CSV",
        data=lambda: csv(frame, zone),
        file_name=f"{slug(name)}.csv",
        mime="text/csv",
        key=f"csv_{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def csv(frame: pd.DataFrame, zone: str = LONDON) -> bytes:
    """UTF-8 CSV; a UTC index becomes `time_utc` and `time_local (zone)` with its offset."""
    out = frame
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is not None:
        utc = frame.index.tz_convert("UTC")
        out = frame.reset_index(drop=True)
        out.insert(0, "time_utc", utc.strftime("%Y-%m-%dT%H:%M:%SZ"))
        out.insert(1, f"time_local ({zone})", utc.tz_convert(zone).map(lambda t: t.isoformat()))
    return str(out.to_csv(index=False, lineterminator="\n")).encode()


def slug(text: str) -> str:
    """A file name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def escape(text: str) -> str:
    """Text from elsewhere, so that none of it is taken for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|$~<>:])", r"\\\1", text)
