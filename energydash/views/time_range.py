"""The time range that every page shares, kept in the address: `?range=7d&at=2026-11-10`.

`range` names a preset. `at` is a local day: the month or year that has it is shown, rolling
presets end with it. Without `at` a range ends now; Today always does. The first and last day of
Custom are in `dates`. All are widgets bound to the address, so links, reload and the back button
work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from energydash.core import bounds
from energydash.core.time import DAY, EPOCH, Period, zone_info
from energydash.views import cache, components, viewer
from energydash.views.live import live

PRESETS = ("Today", "24h", "7d", "30d", "Month", "Year", "Custom")
DEFAULT = "24h"
ROLLING_DAYS = {"24h": 1, "7d": 7, "30d": 30}
ROUND = timedelta(minutes=5)  # a rolling range moves on this often, and is the same in between


@dataclass(frozen=True)
class TimeRange:
    """What the viewer chose. `period` may end now; `is_live` where it does.

    by_days: several days up to now are whole days, for half a day of costs is no bar.
    """

    preset: str
    period: Period
    zone: str
    is_live: bool
    at: date | None = None
    dates: tuple[date, ...] = ()
    by_days: bool = False

    def moved_on(self, now: datetime) -> TimeRange:
        """The same choice at a later time: what a part that redraws itself asks for."""
        return resolve(self.preset, self.at, self.dates, self.zone, now, by_days=self.by_days)

    @property
    def chart_step(self) -> timedelta | None:
        """The means that a chart of this many days needs; None for every reading."""
        days = self.period.duration / timedelta(days=1)
        for most, step in ((1.5, None), (3, 10), (10, 30), (40, 120), (100, 360)):
            if days <= most:
                return timedelta(minutes=step) if step else None
        return timedelta(days=1)

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
    preset: str,
    at: date | None,
    dates: Sequence[date],
    zone: str,
    now: datetime,
    *,
    by_days: bool = False,
) -> TimeRange:
    """The period that a preset means, in the zone of the page's subject."""
    today = now.astimezone(zone_info(zone)).date()
    end_now = _round_up(now)
    period, is_live = _resolve(preset, at, dates, zone, today, end_now)
    days = ROLLING_DAYS.get(preset, 0)
    if by_days and is_live and days > 1:
        period = Period.local_days(today + DAY - days * DAY, today + DAY, zone)
    bounds.bounded(period, now, bounds.HOME)
    return TimeRange(preset, period, zone, is_live, at, tuple(dates), by_days)


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
    anchor = today if at is None or preset == "Today" else min(at, today)
    first, end = _calendar(preset, anchor)
    whole = Period.local_days(first, end, zone)
    if whole.end > end_now:  # the day, month or year so far
        return Period(whole.start, end_now), True
    return whole, False


@dataclass(frozen=True)
class Choice:
    """What the address says of a range."""

    preset: str
    at: date | None = None
    dates: tuple[date, ...] = ()


def moved(choice: Choice, today: date, by: int) -> Choice:
    """One range earlier (-1) or later (+1), as wide as it was; never beyond today."""
    if choice.preset in ("Today", "Custom"):
        return _custom_moved(choice, today, by)
    anchor = choice.at or today
    if choice.preset in ROLLING_DAYS:
        at = anchor + by * timedelta(days=ROLLING_DAYS[choice.preset])
    else:
        at = _months_on(anchor, by if choice.preset == "Month" else 12 * by)
    return replace(choice, at=None if at >= today else at)


def _custom_moved(choice: Choice, today: date, by: int) -> Choice:
    """Days moved by their own number. The day before Today is a day of its own choosing."""
    days = choice.dates or (today - 6 * DAY, today)
    if choice.preset == "Today":
        days = (today,)
    width = max(days) - min(days)
    last = min(max(days) + by * (width + DAY), today)
    if last == today and width < DAY:
        return Choice("Today")
    return Choice("Custom", None, (last - width, last))


def now_of(choice: Choice, today: date) -> Choice:
    """The same width, ending now."""
    if choice.preset == "Custom" and choice.dates:
        return _custom_moved(choice, today, (today - max(choice.dates)).days + 1)
    return replace(choice, at=None)


def choose(zone: str, *, default: str = DEFAULT, by_days: bool = False) -> TimeRange:
    """Draw the range's widgets and return what they say; on a phone most are behind one button.

    `default` holds where neither the address nor an earlier page has chosen. by_days: see
    `TimeRange`.
    """
    now = cache.context().now()
    today = now.astimezone(zone_info(zone)).date()
    with st.container(key="range_bar", gap="xxsmall", width="content"):
        is_phone, preset = viewer.is_phone(), components.said_by("range", default)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if not is_phone:
                preset = _presets(default)
            _arrow(today, -1)
            if is_phone:
                components.drawer_button(f"Period: {preset}", key="range")
            _arrow(today, 1)
            st.button("Now", key="range_now", help="Back to now", on_click=_to_now, args=(today,))
            if not is_phone:
                components.drawer_button(
                    "Go to a date, copy a link", key="range", icon="calendar_month"
                )
        with components.drawer("range", opened=preset == "Custom" and not is_phone):
            if is_phone:
                preset = _presets(default)
            with st.container(horizontal=True, gap="small"):
                at, dates = _go_to(today), _dates(today)
            _link()
        chosen = resolve(preset, at, dates, zone, now.astimezone(UTC), by_days=by_days)
        live(lambda: _words(chosen), key="range_words", on=chosen.is_live)
    return chosen


def _words(chosen: TimeRange) -> None:
    """What the range means by now: it moves with the data below."""
    st.caption(str(chosen.moved_on(cache.context().now())))


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
        on_change=_preset_chosen,
    )
    return chosen or default


def _arrow(today: date, by: int) -> None:
    name, icon = ("Earlier", "chevron_left") if by < 0 else ("Later", "chevron_right")
    st.button(
        f"{name} period", key=f"range_{name.lower()}", icon=f":material/{icon}:", help=name,
        on_click=_move, args=(today, by),
    )  # fmt: skip


def _link() -> None:
    asked = [(key, one) for key in st.query_params for one in st.query_params.get_all(key)]
    st.caption("Link to this view")
    st.code(f"{st.context.url}?{urlencode(asked)}".rstrip("?"), language=None, wrap_lines=True)


def _go_to(today: date) -> date | None:
    at: date | None = st.date_input(
        "Go to", value=None, max_value=today, key="at", bind="query-params",
        format="YYYY-MM-DD", on_change=_day_chosen,
    )  # fmt: skip
    return at


def _dates(today: date) -> tuple[date, ...]:
    nothing: Any = ()  # a range without days yet
    dates: Sequence[date] = st.date_input(
        "First and last day", value=nothing, max_value=today, key="dates", bind="query-params",
        format="YYYY-MM-DD", on_change=_days_chosen,
    )  # fmt: skip
    return tuple(dates)


def _chosen() -> Choice:
    state = st.session_state
    return Choice(state.get("range") or DEFAULT, state.get("at"), tuple(state.get("dates") or ()))


def _use(choice: Choice) -> None:
    """Write a choice into the widgets; only what changes, so that it is one step in the browser."""
    if choice.preset != st.session_state.get("range"):
        st.session_state["range"] = choice.preset
    if choice.at != st.session_state.get("at"):
        st.session_state["at"] = choice.at
    if choice.dates != tuple(st.session_state.get("dates") or ()):
        st.session_state["dates"] = choice.dates


def _move(today: date, by: int) -> None:
    _use(moved(_chosen(), today, by))


def _to_now(today: date) -> None:
    _use(now_of(_chosen(), today))


def _preset_chosen() -> None:
    if st.session_state.get("range") != "Custom":  # its days are yet to be chosen
        components.close("range")
    if st.session_state.get("range") == "Today":
        st.session_state["at"] = None


def _days_chosen() -> None:
    if len(st.session_state.get("dates") or ()) == 2:
        st.session_state["range"] = "Custom"


def _day_chosen() -> None:
    """A day is gone to while Today is shown: that day takes its place."""
    day = st.session_state.get("at")
    if day and st.session_state.get("range") == "Today":
        _use(Choice("Custom", None, (day, day)))


def _round_up(now: datetime) -> datetime:
    return EPOCH - ((EPOCH - now) // ROUND) * ROUND


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
