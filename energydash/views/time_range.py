"""The time range that every page shares, kept in the address: `?range=7d&at=2026-11-10`.

`range` names a preset. `at` is a local day: calendar presets show the day, month or year that
has it, rolling ones end with it. Without `at` a range ends now. `from`/`to` of Custom are in
`dates`. All three are widgets bound to the address, so links, reload and the back button work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from energydash.core import bounds
from energydash.core.time import DAY, Period, zone_info
from energydash.views import cache

PRESETS = ("Today", "24h", "7d", "30d", "Month", "Year", "Custom")
DEFAULT = "24h"
ROLLING_DAYS = {"24h": 1, "7d": 7, "30d": 30}
ROUND = timedelta(minutes=5)  # a rolling range moves on this often, and is the same in between


@dataclass(frozen=True)
class TimeRange:
    """What the viewer chose. `period` may end now; `is_live` where it does."""

    preset: str
    period: Period
    zone: str
    is_live: bool
    at: date | None = None
    dates: tuple[date, ...] = ()

    def moved_on(self, now: datetime) -> TimeRange:
        """The same choice at a later time: what a part that redraws itself asks for."""
        return resolve(self.preset, self.at, self.dates, self.zone, now)

    @property
    def chart_step(self) -> timedelta | None:
        """The means that a chart of this many days needs; None for every reading."""
        days = self.period.duration / timedelta(days=1)
        for most, step in ((1.5, None), (3, 10), (10, 30), (40, 120), (100, 360)):
            if days <= most:
                return timedelta(minutes=step) if step else None
        return timedelta(days=1)

    @property
    def first_day(self) -> date:
        return self.period.start.astimezone(zone_info(self.zone)).date()

    @property
    def end_day(self) -> date:
        """The local day after the last one touched."""
        return self.period.days(self.zone)[-1] + DAY

    @property
    def whole_days(self) -> Period:
        """From the first local midnight to the last: what costs and tables by day want."""
        return Period.local_days(self.first_day, self.end_day, self.zone)

    def __str__(self) -> str:
        info = zone_info(self.zone)
        start, end = self.period.start.astimezone(info), self.period.end.astimezone(info)
        if start.time() == end.time() == datetime.min.time():
            last = end - timedelta(days=1)
            span = (
                f"{start:%a %-d %b %Y}"
                if start.date() == last.date()
                else f"{_day(start, last)} – {last:%a %-d %b %Y}"
            )
        elif start.date() == end.date():
            span = f"{start:%a %-d %b %Y, %H:%M}–{end:%H:%M}"
        else:
            span = f"{_day(start, end)} {start:%H:%M} – {end:%a %-d %b %Y %H:%M}"
        return f"{span} · {zone_words(self.zone, self.period.end)}"


def _day(start: datetime, end: datetime) -> str:
    """`Mon 1 Dec`, and its year where that is not the end's."""
    return f"{start:%a %-d %b}" if start.year == end.year else f"{start:%a %-d %b %Y}"


def zone_words(zone: str, at: datetime) -> str:
    """`London time (GMT)`."""
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{city} time ({at.astimezone(zone_info(zone)):%Z})"


def resolve(
    preset: str, at: date | None, dates: Sequence[date], zone: str, now: datetime
) -> TimeRange:
    """The period that a preset means, in the zone of the page's subject."""
    today = now.astimezone(zone_info(zone)).date()
    end_now = _round_up(now)
    period, is_live = _resolve(preset, at, dates, zone, today, end_now)
    bounds.bounded(period, now, bounds.HOME)
    return TimeRange(preset, period, zone, is_live, at, tuple(dates))


def _resolve(
    preset: str, at: date | None, dates: Sequence[date], zone: str, today: date, end_now: datetime
) -> tuple[Period, bool]:
    if preset == "Custom" and dates:
        first, last = min(dates), max(dates)
        return Period.local_days(first, last + DAY, zone), last >= today
    if preset in ROLLING_DAYS or preset == "Custom":
        length = timedelta(days=ROLLING_DAYS.get(preset, 7))
        if at is None or at >= today:
            return Period(end_now - length, end_now), True
        return Period.local_days(at + DAY - length, at + DAY, zone), False
    anchor = min(at or today, today)
    first, end = _calendar(preset, anchor)
    whole = Period.local_days(first, end, zone)
    if whole.end > end_now:  # the day, month or year so far
        return Period(whole.start, end_now), True
    return whole, False


def step(preset: str, at: date | None, dates: Sequence[date], today: date, by: int) -> date | None:
    """The `at` one range earlier (-1) or later (+1); None where that ends now."""
    anchor = at or today
    if preset in ROLLING_DAYS:
        moved = anchor + by * timedelta(days=ROLLING_DAYS[preset])
    elif preset == "Month":
        moved = _months_on(anchor, by)
    elif preset == "Year":
        moved = _months_on(anchor, 12 * by)
    else:
        moved = anchor + by * DAY
    return None if moved >= today else moved


def choose(zone: str, *, default: str = DEFAULT) -> TimeRange:
    """Draw the range's widgets and return what they say.

    `default` holds where neither the address nor an earlier page has chosen.
    """
    now = cache.context().now()
    today = now.astimezone(zone_info(zone)).date()
    with st.container(key="range_bar", gap="xxsmall", width="content"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            preset = _presets(default)
            with st.container(horizontal=True, gap="xsmall", width="content"):
                for label, name, by in (("‹", "Earlier", -1), ("›", "Later", 1)):
                    st.button(
                        label, key=f"range_{name.lower()}", help=name, on_click=_move,
                        args=(today, by),
                    )  # fmt: skip
                with st.popover(
                    "", icon=":material/calendar_month:", help="Go to a date, copy a link"
                ):
                    at, dates = _dates(today)
        chosen = resolve(preset, at, dates, zone, now.astimezone(UTC))
        st.caption(str(chosen))
    return chosen


def _presets(default: str) -> str:
    if "range" not in st.session_state and "range" not in st.query_params and default != DEFAULT:
        st.session_state["range"] = default
    chosen = st.segmented_control(
        "Time range",
        PRESETS,
        default=None if "range" in st.session_state else DEFAULT,
        key="range",
        bind="query-params",
        label_visibility="collapsed",
        required=True,
        wrap=True,
    )
    return chosen or default


def _dates(today: date) -> tuple[date | None, Sequence[date]]:
    nothing: Any = ()  # a range without days yet
    at = st.date_input(
        "Go to", value=None, max_value=today, key="at", bind="query-params", format="YYYY-MM-DD"
    )
    dates: Sequence[date] = st.date_input(
        "Custom: first and last day",
        value=nothing,
        max_value=today,
        key="dates",
        bind="query-params",
        format="YYYY-MM-DD",
        on_change=_use_custom,
    )
    st.caption("Link to this view")
    st.code(st.context.url or "", language=None, wrap_lines=True)
    return at, dates


def time_range(zone: str) -> Period:
    """Draw the range's widgets and return the period."""
    return choose(zone).period


def _move(today: date, by: int) -> None:
    preset: str = st.session_state.get("range", DEFAULT)
    dates: Sequence[date] = st.session_state.get("dates") or ()
    if preset == "Custom" and len(dates) == 2:
        width = dates[1] - dates[0] + DAY
        if dates[1] + by * width <= today:
            st.session_state["dates"] = (dates[0] + by * width, dates[1] + by * width)
        return
    st.session_state["at"] = step(preset, st.session_state.get("at"), dates, today, by)


def _use_custom() -> None:
    if len(st.session_state.get("dates") or ()) == 2:
        st.session_state["range"] = "Custom"


def _round_up(now: datetime) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch - ((epoch - now) // ROUND) * ROUND


def _calendar(preset: str, anchor: date) -> tuple[date, date]:
    if preset == "Month":
        first = anchor.replace(day=1)
        return first, _months_on(first, 1)
    if preset == "Year":
        return date(anchor.year, 1, 1), date(anchor.year + 1, 1, 1)
    return anchor, anchor + DAY


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))
