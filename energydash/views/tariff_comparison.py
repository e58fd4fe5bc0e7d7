"""What the Tariff comparison page draws: the ranking, the months, the cheapest hours ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import grid
from energydash.answers import home as answers
from energydash.answers.home import ComparisonAnswer, WindowsAnswer
from energydash.charts import base, colours
from energydash.core.coverage import plural
from energydash.core.errors import EnergydashError
from energydash.core.feeds import FeedData
from energydash.core.time import HALF_HOUR, LONDON, Period, local_midnight, merge, zone_info
from energydash.grid.regions import default
from energydash.home.comparison import Comparison, is_own
from energydash.serialise import Document
from energydash.serialise import home as documents
from energydash.views import cache, components, confirm, formatting, viewer

COLUMNS = {
    "pair": "Tariffs",
    "net_gbp": "Net £",
    "net_low_gbp": "Net £ at least",
    "difference_gbp": "Against now £",
    "difference_percent": "Against now %",
    "import_gbp": "Import £",
    "standing_gbp": "Standing £",
    "export_gbp": "Export £",
    "import_p_per_kwh": "Import p/kWh",
    "export_p_per_kwh": "Export p/kWh",
    "unpriced_kwh": "Unpriced kWh",
}
BEST_SHOWN = 12
PHONE_LETTERS = 40  # of a bar's text in a line: a longer one is cut by the edge of a phone
BROUGHT = "prices_brought"  # in the session: what the page says after it has run again


def figures(found: ComparisonAnswer) -> None:
    """What it cost, what the cheapest would have, and both per kWh."""
    best = found.comparison.table.iloc[0]
    is_fair = bool(best["net_gbp"] == best["net_gbp"])
    saved = None if found.comparison.baseline_gbp is None else -best["difference_gbp"]
    cheapest_p = formatting.number(best["import_p_per_kwh"] if is_fair else None, 2)
    components.metrics(
        [
            components.Metric("Now", formatting.money_range(found.comparison.baseline_low_gbp,
                              found.comparison.baseline_gbp),
                              help="As it was."),
            components.Metric("Cheapest",
                              formatting.money_range(best["net_low_gbp"], best["net_gbp"]),
                              help=str(best["pair"])),
            components.Metric("Saved", formatting.money(saved), help="In this period."),
            components.Metric("Now, p/kWh", formatting.number(found.now_p_per_kwh, 2),
                              help="Import, weighted by use."),
            components.Metric("Cheapest, p/kWh", cheapest_p),
        ],
        key="comparison",
    )  # fmt: skip


def ranking(asked: cache.Asked[ComparisonAnswer], title: str, key: str, *, shifted: bool) -> None:
    """Pairs as bars and a table, cheapest first, with what was assumed."""
    found = asked.result
    chosen = _chosen(found, shifted)
    table = chosen.table
    with components.card(
        title, *found.inputs, badge="estimate" if chosen.is_estimate else "", key=key
    ):
        if table.empty:
            components.empty("No tariff is chosen.", "Choose at least one above.")
            return
        figure, shown, lost = cache.draw(asked, _ranked, shifted, viewer.is_phone())
        if figure is None:
            components.empty(
                "None of these tariffs has prices for all of the energy.", "Fetch them."
            )
        else:
            components.chart(
                figure, key=key, title=title, period=found.period, inputs=found.inputs,
                alt="Net cost of each pair of tariffs, cheapest first",
            )  # fmt: skip
        components.table(
            shown, key=key, name=title, document=documents.comparison(found), money="Net £"
        )
        if lost:
            st.caption(
                f":orange[:material/warning:] {lost} of {len(table)} lack prices for part of the "
                "energy, so they have no net cost and come last."
            )
        for sentence in chosen.assumptions:
            st.caption(f"· {components.escape(sentence)}")


def _chosen(found: ComparisonAnswer, shifted: bool) -> Comparison:
    return found.shifted if shifted and found.shifted else found.comparison


def _ranked(
    found: ComparisonAnswer, shifted: bool, is_phone: bool
) -> tuple[go.Figure | None, components.Rows, int]:
    """The bars, the table, and how many pairs have no net cost."""
    table = _chosen(found, shifted).table
    fair = table[table["net_gbp"].notna()]
    shown = table[list(COLUMNS)].rename(columns=COLUMNS)
    if fair.shape == table.shape:
        shown = shown.drop(columns=COLUMNS["unpriced_kwh"])
    if not (table["net_gbp"] - table["net_low_gbp"] > 0).any():
        shown = shown.drop(columns=COLUMNS["net_low_gbp"])
    if not (table["export_gbp"].fillna(1) != 0).any():
        shown = shown.drop(columns=[COLUMNS["export_gbp"], COLUMNS["export_p_per_kwh"]])
    figure = None if fair.empty else _bars(_shown(fair, BEST_SHOWN), is_phone)
    return figure, components.Rows(shown), len(table) - len(fair)


def _shown(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """The cheapest pairs, and the customer's own wherever it stands."""
    return table[(np.arange(len(table)) < most) | is_own(table)]


def months(asked: cache.Asked[ComparisonAnswer]) -> None:
    """Each pair month by month, as lines and a table."""
    found = asked.result
    figure = cache.draw(asked, _months_lines)
    if figure is None:
        return
    with components.card("Month by month, £", *found.inputs, key="months") as foot:
        components.chart(
            figure, key="months", title="Tariffs month by month", period=found.period,
            inputs=found.inputs,
            alt="Net cost of the six cheapest pairs in each month",
        )  # fmt: skip
        months = found.comparison.monthly.reset_index()
        foot.csv(Document("tariffs by month", months, period=found.period))


def _months_lines(found: ComparisonAnswer) -> go.Figure | None:
    ranked = found.comparison.table
    best = list(_shown(ranked[ranked["net_gbp"].notna()], 6)["pair"])
    table = found.comparison.monthly[best]
    if len(table) < 2 or not best:
        return None
    traces = [
        go.Scatter(
            x=[_month_words(month) for month in table.index], y=table[name].to_numpy(),
            name=base.letters(name),
            mode="lines+markers",
            line={"color": colours.CYCLE[n % len(colours.CYCLE)], "width": 2},
            hovertemplate="£%{y:,.2f}",
        )
        for n, name in enumerate(table.columns)
    ]  # fmt: skip
    return base.figure(
        traces, unit="", x=base.category_axis(), y={"tickprefix": "£", "zeroline": True}
    )


def _month_words(key: str) -> str:
    """`Oct 2026` of `2026-10`."""
    return f"{date.fromisoformat(key + '-01'):%b %Y}"


def _bars(table: pd.DataFrame, is_phone: bool) -> go.Figure:
    """Net £ of each pair, the cheapest on top."""
    rows = table.iloc[::-1]
    width = PHONE_LETTERS if is_phone else 200
    texts = [
        wrap(f"{formatting.money_range(low, value)}  {name}", width)
        for low, value, name in zip(rows["net_low_gbp"], rows["net_gbp"], rows["pair"], strict=True)
    ]
    tallest = max(len(text) for text in texts)
    own = is_own(rows)
    bar = go.Bar(
        x=rows["net_gbp"],
        y=[str(place) for place in range(len(rows), 0, -1)],
        orientation="h",
        marker={"color": [colours.FOURTH if one else colours.ACCENT for one in own]},
        # names beside the bars would leave a phone no room for the bars
        text=["<br>".join(map(base.letters, text)) for text in texts],
        textposition="inside",
        insidetextanchor="start",
        constraintext="none",
        hovertemplate="%{text}<extra></extra>",
    )
    return base.figure(
        [bar],
        unit="",
        height=60 + (16 + 16 * tallest) * len(rows),
        legend=False,
        hover="closest",
        x={"type": "linear", "tickprefix": "£", "tickformatstops": [], "hoverformat": ""},
        y={"type": "category", "automargin": True, "title": {"text": ""}},
        bargap=0.25,
    )


def windows(asked: cache.Asked[WindowsAnswer], dear: cache.Asked[WindowsAnswer]) -> None:
    """The cheapest and dearest stretches among the prices that are published."""
    found, now = asked.result, cache.context().now()
    with components.card(f"Cheapest hours ahead: {found.tariff or 'no tariff'}", key="windows"):
        if found.sample_reason:
            st.badge(components.escape(f"SAMPLE: {found.sample_reason}"), color="orange")
        if not len(found.prices) or found.published_until is None:
            components.empty("No prices are known ahead.", "Fetch them under Electricity costs.")
            return
        until = formatting.clock(found.published_until, LONDON, now)
        st.caption(f"Prices known until {until}; p/kWh, VAT included.")
        greenest = [_greenest(one.hours, found.published_until) for one in found.windows]
        today = local_midnight(now.astimezone(zone_info(LONDON)).date(), LONDON)
        rows = cache.draw(asked, _hours, dear, greenest, today)
        components.table(rows, key="windows", name="cheapest hours", money="p/kWh")


def _hours(
    found: WindowsAnswer, dear: WindowsAnswer, greenest: Sequence[str], now: datetime
) -> components.Rows:
    """A row for each length: when it is cheapest, in one piece and in several, and dearest."""
    dearest = {one.hours: one.best for one in dear.windows}
    rows = [
        {
            "hours": one.hours,
            "cheapest": formatting.span(one.best.start, one.best.end, LONDON, now),
            "p/kWh": one.best.mean,
            "as cheap": "; ".join(formatting.clock(t.start, LONDON, now) for t in one.ties),
            "in pieces": "; ".join(
                formatting.span(p.start, p.end, LONDON, now) for p in _runs(one.split)
            ),
            "pieces p/kWh": one.split_mean,
            "greenest": green,
            "dearest": formatting.span(
                dearest[one.hours].start, dearest[one.hours].end, LONDON, now
            ),
            "dearest p/kWh": dearest[one.hours].mean,
        }
        for one, green in zip(found.windows, greenest, strict=True)
    ]
    return components.Rows(pd.DataFrame(rows))


def _greenest(hours: float, until: datetime) -> str:
    """When the grid is cleanest for so long, before the known prices end."""
    here = cache.context()
    place, now = default(here.settings), here.now()
    best = cache.answer(grid.greenest_window, place.id, hours, deadline=until).best
    return "" if best is None else formatting.span(best.start, best.end, LONDON, now)


def _runs(starts: tuple[datetime, ...]) -> list[Period]:
    return merge([Period(start, start + HALF_HOUR) for start in starts])


def add_published(period: Period, region: str, energy: str) -> None:
    """Choose a public Octopus tariff and fetch its prices of the period."""
    here = cache.context()
    try:
        sold = answers.products(here)
    except EnergydashError as error:
        st.warning(components.escape(str(error)), icon=":material/warning:")
        sold = ()
    left, middle, right = st.columns([3, 1, 2], vertical_alignment="bottom")
    names = {one.code: f"{one.name} ({one.direction.lower()}, {one.code})" for one in sold}
    product = left.selectbox(
        "Product", list(names), None, format_func=lambda one: names.get(one, one), key="product"
    )
    letters = "ABCDEFGHJKLMNP"
    place = letters.index(region) if region in letters else letters.index("C")
    letter = middle.selectbox("Region", list(letters), place, key="region_letter")
    code = right.text_input(
        "or a tariff's code", key="published", placeholder=f"E-1R-AGILE-24-10-01-{letter}"
    )
    if not st.button("Fetch its prices", key="fetch_prices", disabled=not (code or product)):
        return
    try:
        codes = [code.strip()]
        if not code:
            codes = list(answers.tariff_codes(here, product or "", letter or "", energy))
        if not codes:
            st.info("This product is not sold there.")
        _bring(codes, period)
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")


def brought() -> None:
    """What fetching prices brought, once."""
    for sentence in st.session_state.pop(BROUGHT, ()):
        st.info(components.escape(sentence))


def lacking(found: ComparisonAnswer) -> None:
    """Tariffs whose prices are not all kept, with the energy that has none, and a way to them."""
    if not found.lacking:
        return
    with components.card("Prices that are not kept", key="lacking"):
        rows = [(found.names.get(code, code), kwh) for code, kwh in found.lacking]
        table = pd.DataFrame(rows, columns=["tariff", "kWh without a price"])
        components.table(components.Rows(table), key="lacking", name="tariffs without prices")
        if viewer.may_edit() and st.button(
            "Fetch their prices", icon=":material/sync:", key="fetch_lacking"
        ):
            _bring([code for code, _ in found.lacking], found.period)


def _bring(codes: Sequence[str], period: Period) -> None:
    """Fetch prices, then run the page again with what came of it."""
    with confirm.progress("Asking Octopus…") as tell:
        met = answers.bring_prices(cache.context(), codes, period, tell)
    if not codes:
        return
    said = [f"{one.sentence} {one.remedy}".strip() for one in met]
    kept = [] if met else [f"Fetched what Octopus has of {plural(len(codes), 'tariff')}."]
    st.session_state[BROUGHT] = tuple(dict.fromkeys(said or kept))
    st.rerun()


def empty_of(readings: tuple[FeedData, ...]) -> bool:
    """True where no meter has any reading in the period."""
    return not any(len(reading.data) for reading in readings)
