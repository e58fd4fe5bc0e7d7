"""Times, ages and figures as a reader says them. No Streamlit here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from energydash.core.coverage import plural
from energydash.core.time import Period, zone_info


def age(length: timedelta) -> str:
    """`now`, `4 min`, `3 h`, `2 days`, `5 weeks`."""
    minutes = length / timedelta(minutes=1)
    if minutes < 1:
        return "now"
    if minutes < 90:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.0f} h"
    days = minutes / 1440
    return f"{days:.0f} days" if days < 21 else f"{days / 7:.0f} weeks"


def ago(length: timedelta) -> str:
    """`just now`, `4 min ago`, and `in 30 min` for what is still to come."""
    if length < timedelta(0):
        return f"in {age(-length)}" if length < timedelta(minutes=-1) else "just now"
    text = age(length)
    return "just now" if text == "now" else f"{text} ago"


def clock(instant: datetime, zone: str, now: datetime) -> str:
    """`14:30` today, `Thu 14:30` within a week, `3 Mar 14:30`, `3 Mar 2025 14:30`."""
    info = zone_info(zone)
    local, today = instant.astimezone(info), now.astimezone(info).date()
    days = abs((today - local.date()).days)
    if days == 0:
        return f"{local:%H:%M}"
    if days < 7:
        return f"{local:%a %H:%M}"
    return f"{local:%-d %b %H:%M}" if local.year == today.year else f"{local:%-d %b %Y %H:%M}"


def span(start: datetime, end: datetime, zone: str, now: datetime) -> str:
    """`12:00 to 15:00`, with the day where it is not today."""
    info = zone_info(zone)
    first, last = start.astimezone(info), end.astimezone(info)
    today = now.astimezone(info).date()
    days = (first.date() - today).days
    day = "" if days == 0 else "tomorrow " if days == 1 else f"{first:%a %-d %b} "
    return f"{day}{first:%H:%M} to {last:%H:%M}"


def days(period: Period, zone: str) -> str:
    """`Mon 23 Nov 2026`, `23 Nov 2026 to 24 Nov 2026`: the local days of a period."""
    touched = period.days(zone)
    if len(touched) < 2:
        return f"{touched[0]:%a %-d %b %Y}" if touched else ""
    return f"{touched[0]:%-d %b %Y} to {touched[-1]:%-d %b %Y}"


def number(value: float | None, digits: int = 0) -> str:
    """Thousands with commas; a dash where there is nothing to say."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def money(pounds: float | None) -> str:
    """`£1.12`, `-£0.55`; a dash where there is nothing to say.

    Half a penny goes to the even one, and a sum of floats is as good as the exact one: two ways to
    one amount never differ by a penny.
    """
    if pounds is not None and math.isfinite(pounds):
        exact = Decimal(repr(round(float(pounds), 8)))
        pounds = float(exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN))
    text = number(pounds, 2)
    return f"-£{text[1:]}" if text.startswith("-") else text if text == "–" else f"£{text}"


def money_range(low: float | None, high: float | None) -> str:
    """`£57.20 to £60.91`; the one amount where both are it."""
    least, most = money(low), money(high)
    return most if least == most else f"{least} to {most}"


def net_range(totals: Mapping[str, float]) -> str:
    """The net of the totals of costs, as `money_range`."""
    return money_range(totals["net_cost_low_gbp"], totals["net_cost_gbp"])


def apart_words(days: int) -> str:
    """What a net leaves out for want of one of its sides."""
    return (
        f"The net leaves out {plural(days, 'day')} on which import or export has no reading yet; "
        "standing charges are of every day."
    )
