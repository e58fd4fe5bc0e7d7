"""The pieces that pages are made of: cards, badges, freshness, tables, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import streamlit as st

from energydash.answers.sources import health
from energydash.charts import base
from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData
from energydash.core.findings import Finding
from energydash.core.time import LONDON, Period
from energydash.serialise import Document
from energydash.views import absence, cache, formatting, viewer

MOST_ROWS = 5000  # of a chart's table; its CSV has all
MOST_CARDS = 40  # of a table's rows on a phone
DeltaColor = Literal["normal", "inverse", "off"]


@dataclass(frozen=True)
class Metric:
    """One figure of a row. The unit belongs in the label: a value is cut where it is too long.

    delta starts with an ASCII `-` where it falls; it and help may have names from elsewhere.
    delta_color: `inverse` where less is better, `off` where neither is.
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


def said_by(key: str, default: object) -> str:
    """What a control will say in this run, before it is drawn."""
    said = st.session_state.get(key) or st.query_params.get(key) or default
    return str(getattr(said, "value", said))


@contextmanager
def controls(words: str, *, key: str) -> Iterator[None]:
    """A page's controls beside each other; on a phone behind one button that says them."""
    if viewer.is_phone():
        drawer_button(words, key=key, icon="tune")
        with drawer(key):
            yield
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            yield


def drawer_button(words: str, *, key: str, icon: str = "unfold_more") -> None:
    """Opens and closes the drawer of this key."""
    st.button(
        escape(words), key=f"{key}_opens", icon=f":material/{icon}:",
        on_click=_turn, args=(key,),
    )  # fmt: skip


@contextmanager
def drawer(key: str, *, opened: bool = False) -> Iterator[None]:
    """Controls that a button opens. Closed they are out of sight, but drawn (look.css).

    In a popover the browser would keep what they said when it was last open, and send it after
    the arrows or an address have changed it.
    """
    state = "open" if opened or st.session_state.get(f"{key}_drawer") else "closed"
    with st.container(key=f"{key}_drawer_{state}", border=True, width="stretch"):
        yield


def close(key: str) -> None:
    """Close the drawer: something was chosen in it."""
    st.session_state[f"{key}_drawer"] = False


def _turn(key: str) -> None:
    st.session_state[f"{key}_drawer"] = not st.session_state.get(f"{key}_drawer")


def metrics(items: Sequence[Metric], *, key: str, width: int = 150) -> None:
    """Figures side by side, at least two to a row on a phone."""
    with st.grid(min(len(items), 6), min_column_width=width, gap="small", key=key):
        for item in items:
            st.metric(
                item.label,
                item.value,
                escape(item.delta) or None,
                delta_color=item.delta_color,
                delta_arrow="off" if item.delta_color == "off" else item.arrow,
                chart_data=list(item.chart) if len(item.chart) > 2 else None,
                chart_type=item.chart_type,
                help=escape(item.help or "") or None,
                border=True,
                height="stretch",
            )


class Foot:
    """What stands under a card: what is to be known about its chart, its table and its CSV."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.document: Document | None = None
        self.has_chart = True

    def say(self, *notes: str) -> None:
        self.notes += [note for note in notes if note]

    def csv(self, document: Document, *, has_chart: bool = True) -> None:
        """has_chart: it is drawn as a chart, so that it can be shown as a table too."""
        self.document, self.has_chart = document, has_chart


@contextmanager
def card(
    title: str,
    *inputs: FeedData,
    badge: str = "",
    key: str,
    zone: str = LONDON,
    hint: str | None = None,
    coverage: Coverage | None = None,
) -> Iterator[Foot]:
    """A bordered part: title, badges, whatever is drawn inside, then how fresh it is.

    Says by itself where its data are sample, stale, incomplete or in trouble. coverage: of the
    answer, where it is made of more than the first of its feeds.
    """
    foot = Foot()
    with st.container(border=True, key=f"card_{key}", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.header(escape(title), anchor=False, width="content", help=hint)
            if badge:
                st.badge(escape(badge), color="gray")
            sample_badge(*inputs)
            stale_badge(*inputs)
        yield foot
        notes(*inputs, key=key, zone=zone, foot=foot, coverage=coverage)


def sample_badge(*inputs: FeedData, what: str = "") -> None:
    """`SAMPLE: no Octopus account connected`, where any of the data are made up."""
    reasons = dict.fromkeys(one.sample_reason for one in inputs if one.origin == "sample")
    if reasons:
        whole = "; ".join(reason.rstrip(".") for reason in reasons if reason)
        sample_words(whole or "made up", what=what)


def sample_words(reason: str, *, what: str = "") -> None:
    """The same badge for a reason; nothing where there is none."""
    if reason:
        name = f"SAMPLE {what}".rstrip()
        st.badge(escape(f"{name}: {reason}"), color="orange")


def stale_badge(*inputs: FeedData) -> None:
    """`stale, 3 h old` in amber, for the oldest of the feeds that ought to be newer.

    The first is what the card is about. Another of which nothing is drawn is not missed here, and
    where a period has all its steps nothing newer is wanted.
    """
    now = cache.context().now()
    old = [
        one.age(now) for number, one in enumerate(inputs)
        if one.origin != "sample" and one.is_stale(now)
        and not (number and one.is_empty)
        and not (one.coverage.step and one.coverage.present >= one.coverage.asked)
    ]  # fmt: skip
    ages = [length for length in old if length is not None]
    if ages:
        st.badge(
            f"stale, {formatting.age(max(ages))} old", color="orange", icon=":material/schedule:"
        )


def notes(
    *inputs: FeedData,
    key: str,
    zone: str = LONDON,
    foot: Foot | None = None,
    coverage: Coverage | None = None,
) -> None:
    """Under a card: who published it, when, how complete it is; then any trouble."""
    foot = foot or Foot()
    real = [one for one in inputs if one.origin != "sample"]
    lines = [*dict.fromkeys(freshness(one, zone) for one in real), *foot.notes]
    for one in real[:1]:
        counted = one.coverage if coverage is None else coverage
        if counted.present:  # where there is nothing at all, that stands in the chart's place
            lines += absence.sentences(one, zone, counted)
    if lines or foot.document is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(escape(" — ".join(lines)), width="stretch")
            if foot.document is not None:
                as_table = foot.has_chart and st.toggle("Table", key=f"table_{key}")
                download(foot.document, key=key)
        if foot.document is not None and as_table:
            rows = foot.document.rows.tail(MOST_ROWS)
            st.dataframe(
                local_index(rows, foot.document.zone).round(2), hide_index=True,
                key=f"rows_{key}", height=300, alt=foot.document.name,
            )  # fmt: skip
    shown: set[str] = set()
    for number, one in enumerate(inputs):
        if one.problem and one.problem.sentence not in shown:
            if health.is_refusal(one.problem, one.feed) and viewer.may_see_personal():
                continue  # it stands above the page
            shown.add(one.problem.sentence)
            trouble(one.problem, one, key=f"{key}_{number}", zone=zone)


def freshness(found: FeedData, zone: str = LONDON) -> str:
    """`Elexon · 14:30 · 4 min ago`; a household's feed by its meter's name too."""
    now = cache.context().now()
    title = health.publisher(found.feed)
    if found.feed.name:
        title = f"{found.feed.name}, {title if found.feed.address else 'from files'}"
    if found.newest is None:
        return f"{title} · nothing fetched yet"
    at = formatting.clock(found.newest, zone, now)
    return f"{title} · {at} · {formatting.ago(now - found.newest)}"


def trouble(
    problem: Finding, found: FeedData | None = None, *, key: str, zone: str = LONDON
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
        if found is not None and viewer.may_edit():
            st.button(
                escape(f"Retry {health.publisher(found.feed)}"), key=f"retry_{key}",
                icon=":material/refresh:", type="tertiary", on_click=retry, args=(found.feed,),
            )  # fmt: skip


def short_button(word: str, subject: str, *, key: str) -> bool:
    """A button that shows its word and is heard with its subject (look.css, by the key)."""
    return st.button(escape(f"{word} {subject}"), key=key, type="tertiary")


def state_sign(state: health.State) -> str:
    """A source's state as a word with a sign of its own: colour is never alone."""
    colour, sign = {
        "live": ("green", "●"),
        "stale": ("orange", "◐"),
        "trouble": ("orange", "▲"),
        "waiting": ("gray", "◌"),
        "ended": ("gray", "◌"),
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
        st.toast(escape(f"{health.publisher(feed)} is asked again at once."))


def nothing(found: FeedData, period: Period, zone: str = LONDON) -> None:
    """In a chart's place: why a period has no figure, and how far the fetching has come."""
    empty(*absence.whole(found, period, zone))
    if absence.on_its_way(found):
        st.progress(
            absence.part_fetched(found.coverage),
            text=escape(absence.fetching(found.coverage, found)),
        )


def empty(sentence: str, remedy: str = "") -> None:
    """Why there is nothing to see, and what to do about it. Not an error."""
    with st.container(height=180, border=False, vertical_alignment="center"):
        st.markdown(
            f":material/hourglass_empty: {escape(sentence)}  \n:gray[{escape(remedy)}]",
            text_alignment="center",
        )


def chart(
    figure: go.Figure,
    *,
    key: str,
    title: str,
    alt: str,
    period: Period | None = None,
    inputs: Sequence[FeedData] = (),
    zone: str = LONDON,
    **selection: Any,
) -> None:
    """A Plotly figure, and words for who cannot see it.

    Its PNG is named by title and date, and says in itself what, when and from whom it is.
    selection: what `st.plotly_chart` does with what is dragged over.
    """
    names = dict.fromkeys(
        "sample data" if one.origin == "sample" else health.publisher(one.feed) for one in inputs
    )
    parts = (title, formatting.days(period, zone) if period else "", ", ".join(names))
    words = " · ".join(part for part in parts if part)
    st.plotly_chart(
        base.titled(figure, words, is_phone=viewer.is_phone()), key=key,
        config=base.config(title, period), alt=alt, **selection,
    )  # fmt: skip


def said(*notes: str) -> None:
    """What is to be known about a chart, in one small line."""
    text = " · ".join(note for note in notes if note)
    if text:
        st.caption(escape(text))


@dataclass(frozen=True, eq=False)
class Rows:
    """A table that is made ready for the browser once: for what `cache.draw` remembers.

    Columns carry their units in their names. A UTC index becomes a column of local times.
    """

    frame: pd.DataFrame
    zone: str = LONDON
    digits: int = 2

    @cached_property
    def arrow(self) -> pa.Table:
        return pa.Table.from_pandas(local_index(self.frame, self.zone).round(self.digits))


def table(
    rows: Rows,
    *,
    key: str,
    name: str,
    height: int | Literal["auto", "content"] = "auto",
    column_config: dict[str, Any] | None = None,
    foot: Foot | None = None,
    document: Document | None = None,
    money: str = "",
) -> None:
    """What a chart shows, as a table with a CSV (in the card's foot, where one is given).

    document: the answer whose rows are downloaded, as REST and the command line give them; the
    table itself without one. money: the column that comes first where a phone has no room for all.
    """
    document = document or Document(name, rows.frame, rows.zone)
    if money and viewer.is_phone():
        row_cards(rows, money, key=key)
    else:
        st.dataframe(
            rows.arrow, hide_index=True, height=height, key=key, column_config=column_config,
            alt=name,
        )  # fmt: skip
    if foot is None:
        download(document, key=key)
    else:
        foot.csv(document, has_chart=False)


def row_cards(rows: Rows, money: str, *, key: str) -> None:
    """A card for each row: the money, what it is for, then the rest in small print."""
    shown = local_index(rows.frame, rows.zone)
    title = next(str(name) for name in shown.columns if name != money)
    for number, row in enumerate(shown.head(MOST_CARDS).to_dict("records")):
        words = {str(name): cell_words(value, rows.digits) for name, value in row.items()}
        amount, what = words.pop(money), words.pop(title)
        if amount and "£" in money:
            amount = f"-£{amount[1:]}" if amount.startswith("-") else f"£{amount}"
        elif amount:
            amount = f"{amount} {money}"
        rest = " · ".join(f"{name} {word}" for name, word in words.items() if word)
        with st.container(border=True, key=f"row_{key}_{number}"):
            st.markdown(f"**{escape(amount or '–')}** {escape(what)}  \n:gray[{escape(rest)}]")
    if len(shown) > MOST_CARDS:
        st.caption(f"The first {MOST_CARDS} of {len(shown):,}; the CSV has all.")


def cell_words(value: object, digits: int) -> str:
    """A table's cell in words: `1,234.50`, `24 Nov 2026 15:30`; '' where there is nothing."""
    if value is None or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float):
        return formatting.number(value, digits)
    return f"{value:%-d %b %Y %H:%M}" if isinstance(value, datetime) else str(value)


@contextmanager
def fold(label: str, *, key: str, icon: str | None = None) -> Iterator[bool]:
    """A part that opens with a click; whether it is open, so that only then it is filled."""
    with st.expander(label, icon=icon, key=key, on_change="rerun") as part:
        yield bool(part.open)


def local_index(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """The same with a UTC index as a column of local times."""
    if not isinstance(frame.index, pd.DatetimeIndex) or frame.index.tz is None:
        return frame
    local = frame.index.tz_convert(zone).tz_localize(None)
    return frame.set_axis(local.rename(f"time ({zone})"), axis="index").reset_index()


def download(document: Document, *, key: str) -> None:
    """A button for a document's rows as CSV, made when it is clicked."""
    st.download_button(
        escape(f"CSV of {document.name}"),
        data=lambda: document.to_csv().encode(),
        file_name=document.file_name(),
        mime="text/csv",
        key=f"csv_{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def escape(text: str) -> str:
    """Text from elsewhere, so that none of it is taken for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|$~<>:])", r"\\\1", text)
