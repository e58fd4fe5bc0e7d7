"""What every chart has in common: the quiet layout, local time, few points, a named PNG.

Plotly is given naive local times: a time zone makes figures four times slower to build, and the
browser would show its own zone. `local_times` is the one place where UTC becomes local.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energydash.charts import colours
from energydash.core.time import Period, index_us, zone_info

MAX_POINTS = 2000  # per trace: more cannot be seen on a screen, and every one is sent
MEAN_POINTS = 500  # per trace of a stack, where nine or more traces add up
HEIGHT = 320
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2}
TITLE_PX = 28  # the strip on top of a PNG that look.css cuts off on the page

_STEPS_MIN = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10080)


R = TypeVar("R")


@dataclass(frozen=True)
class LocalTimes:
    """Naive local times for an axis, and the sentence to show where a clock change falls in."""

    values: np.ndarray[Any, np.dtype[np.datetime64]]
    note: str = ""


def local_times(index: pd.DatetimeIndex, zone: str) -> LocalTimes:
    """UTC instants as naive local times.

    Where the clocks change inside, everything is drawn at the offset of its start: real local
    labels would repeat an hour in autumn and skip one in spring.
    """
    if not len(index):
        return LocalTimes(np.array([], dtype="datetime64[us]"))
    info = zone_info(zone)
    first, last = index[0].astimezone(info), index[-1].astimezone(info)
    offset = first.utcoffset() or timedelta(0)
    values = (index.tz_convert("UTC").tz_localize(None) + offset).to_numpy()
    if last.utcoffset() == first.utcoffset():
        return LocalTimes(values)
    return LocalTimes(
        values, f"The clocks change in this period; all times are drawn in {first:%Z}."
    )


def local_time(instant: datetime, index: pd.DatetimeIndex, zone: str) -> datetime:
    """One instant on the axis that `local_times(index, zone)` makes."""
    start = index[0] if len(index) else pd.Timestamp(instant)
    offset = start.astimezone(zone_info(zone)).utcoffset() or timedelta(0)
    return pd.Timestamp(instant).tz_convert("UTC").tz_localize(None).to_pydatetime() + offset


def x_of(times: np.ndarray[Any, np.dtype[np.datetime64]]) -> dict[str, Any]:
    """The x of a trace: start and step where the times are regular (a fifth of the bytes)."""
    if len(times) > 2:
        steps = np.diff(times)
        if (steps == steps[0]).all():
            return {
                "x0": str(times[0].astype("datetime64[ms]")),
                "dx": steps[0] / np.timedelta64(1, "ms"),
            }
    # Numbers go to the browser as bytes, dates as text three times their size.
    return {"x": times.astype("datetime64[ms]").astype("float64")}


def y_of(values: pd.Series[float]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The y of a trace: single precision, half the bytes, and still seven digits."""
    return values.to_numpy(dtype="float32")


def typical_step(index: pd.DatetimeIndex) -> timedelta | None:
    """The commonest distance between neighbours; None for fewer than two rows."""
    if len(index) < 2:
        return None
    steps, counts = np.unique(np.diff(index_us(index)), return_counts=True)
    return timedelta(microseconds=int(steps[counts.argmax()]))


def with_gaps(frame: pd.DataFrame, step: timedelta | None = None) -> pd.DataFrame:
    """The same rows with a NaN row wherever some are missing, so that a line breaks there."""
    step = step or typical_step(pd.DatetimeIndex(frame.index))
    if step is None or not step or len(frame) < 2:
        return frame
    index = pd.DatetimeIndex(frame.index)
    width = pd.Timedelta(step)
    if ((index - index[0]) % width == pd.Timedelta(0)).all():
        full = pd.date_range(index[0], index[-1], freq=width, name="time", unit="us")
        return frame if len(full) == len(frame) else frame.reindex(full)
    limit_us = 2.5 * step / timedelta(microseconds=1)
    breaks = index[:-1][np.diff(index_us(index)) > limit_us]
    if not len(breaks):
        return frame
    holes = pd.DataFrame(np.nan, index=breaks + width, columns=frame.columns)
    return pd.concat([frame, holes]).sort_index()


def bucket_means(
    frame: pd.DataFrame, limit: int = MEAN_POINTS
) -> tuple[pd.DataFrame, timedelta | None]:
    """Means over equal steps so that at most about `limit` rows are left; (rows, step).

    The step is None where nothing had to be averaged. A mean power keeps its energy; picking
    points would not.
    """
    if len(frame) <= limit:
        return frame, None
    span_min = (frame.index[-1] - frame.index[0]) / pd.Timedelta(minutes=1)
    step_min = next((m for m in _STEPS_MIN if span_min / m <= limit), _STEPS_MIN[-1])
    means = frame.resample(f"{step_min}min").mean()
    means.index = pd.DatetimeIndex(means.index).as_unit("us").rename("time")
    return means, timedelta(minutes=step_min)


def thin(values: pd.Series[float], limit: int = MAX_POINTS) -> pd.Series[float]:
    """At most `limit` points of a line, chosen so that it looks the same (MinMaxLTTB).

    NaN rows, which break the line, stay: a gap must not be bridged because points were left out.
    """
    if len(values) <= limit:
        return values
    from tsdownsample import MinMaxLTTBDownsampler

    empty = values.isna().to_numpy()
    holes = values[empty & ~np.append(False, empty[:-1])][:limit]  # one per gap breaks the line
    kept = values.dropna()
    if len(kept) <= limit:
        return values
    downsampler: Any = MinMaxLTTBDownsampler
    chosen = downsampler().downsample(
        index_us(pd.DatetimeIndex(kept.index)), kept.to_numpy(dtype="float64"), n_out=limit
    )
    picked: pd.Series[float] = kept.iloc[np.asarray(chosen, dtype="int64")]
    return pd.concat([picked, holes]).sort_index() if len(holes) else picked


def step_words(step: timedelta) -> str:
    """`30-minute`, `2-hour`, `1-day`."""
    minutes = round(step / timedelta(minutes=1))
    for size, name in ((10080, "week"), (1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            return f"{minutes // size}-{name}"
    return f"{step.total_seconds():g}-second"


def figure(
    traces: Sequence[Any] = (),
    *,
    unit: str,
    height: int = HEIGHT,
    legend: bool = True,
    hover: str = "x unified",
    shapes: Sequence[Mapping[str, Any]] = (),
    annotations: Sequence[Mapping[str, Any]] = (),
    keep_zoom: str = "",
    y: Mapping[str, Any] | None = None,
    x: Mapping[str, Any] | None = None,
    **layout: Any,
) -> go.Figure:
    """Traces on the quiet layout. `unit` is the y axis's title.

    keep_zoom: what the viewer's zoom belongs to; while it stays the same, so does the zoom.
    """
    return go.Figure(
        data=list(traces),
        layout={
            "template": {"layout": {"colorway": list(colours.CYCLE)}},
            "height": height,
            "margin": MARGIN,
            "font": {"color": colours.TEXT},
            "hovermode": hover,
            "hoverlabel": {"namelength": -1},
            "showlegend": legend,
            "legend": {
                "orientation": "h",
                "yref": "container",
                "yanchor": "bottom",
                "y": 0,
                "xanchor": "left",
                "x": 0,
                "font": {"size": 12},
                "itemsizing": "trace",
            },
            "xaxis": {**_time_axis(), **(x or {})},
            "yaxis": {
                "title": {"text": unit, "standoff": 6, "font": {"size": 12, "color": colours.TEXT}},
                "gridcolor": colours.GRID,
                "zerolinecolor": colours.RULE,
                "zeroline": False,
                "rangemode": "tozero",
                "automargin": True,
                "tickfont": {"size": 12, "color": colours.TEXT},
                "fixedrange": True,  # a finger on a phone scrolls the page
                **(y or {}),
            },
            "shapes": list(shapes),
            "annotations": list(annotations),
            "dragmode": "zoom",
            **({"uirevision": keep_zoom} if keep_zoom else {}),
            **layout,
        },
    )


def _time_axis() -> dict[str, Any]:
    return {
        "type": "date",
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 12, "color": colours.TEXT},
        "hoverformat": "%a %-d %b %Y %H:%M",
        "ticklabelmode": "instant",
        "tickformatstops": [
            {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%a %-d %b"},
            {"dtickrange": [86_400_000, 604_799_999], "value": "%a %-d\n%b %Y"},
            {"dtickrange": [604_800_000, "M1"], "value": "%-d %b\n%Y"},
            {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
        "nticks": 7,
        "automargin": True,
    }


def category_axis() -> dict[str, Any]:
    """Replaces the time axis where x has words (fuels, months, rates)."""
    return {"type": "category", "tickformatstops": [], "hoverformat": "", "nticks": 0}


class Drawn(go.Figure):  # type: ignore[misc]
    """A finished figure as Streamlit shows it: nothing of it is copied or checked again."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self._plain = plain

    def to_dict(self) -> dict[str, Any]:
        return self._plain


def settled(drawn: R) -> R:
    """The same; figures, also those of a tuple, are made plain once, not again for each viewer.

    Plotly copies and encodes all of a figure whenever it is shown, an eighth of a page's CPU.
    Nobody changes it now.
    """
    plain: Any = drawn
    if isinstance(drawn, tuple) and type(drawn) is tuple:
        plain = tuple(map(settled, drawn))
    elif isinstance(drawn, go.Figure):
        plain = Drawn(drawn.to_dict())
    same: R = plain
    return same


def letters(text: str) -> str:
    """A name from elsewhere, for a trace, a label or a title: Plotly takes `<` for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def titled(drawn: go.Figure, title: str, *, is_phone: bool = False) -> Drawn:
    """The same with a title for its PNG. The page has its own, and cuts the strip of this one off.

    is_phone: a finger that passes over the chart scrolls the page, and zooms nothing.
    """
    plain = drawn.to_dict()
    words = {
        "text": letters(title), "font": {"size": 13}, "x": 0.01, "xanchor": "left",
        "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 8},
    }  # fmt: skip
    layout = {**plain["layout"], "title": words}
    layout["height"] += TITLE_PX
    layout["margin"] = {**layout["margin"], "t": layout["margin"]["t"] + TITLE_PX}
    if is_phone:
        layout["dragmode"] = False
        layout["xaxis"] = {**layout.get("xaxis", {}), "fixedrange": True}
    return Drawn({**plain, "layout": layout})


def rule(at: datetime, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A thin vertical line with a word on top: (shape, annotation). `at` is on the axis."""
    line = {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": colours.RULE, "width": 1.5},
    }  # fmt: skip
    word = {
        "xref": "x", "yref": "paper", "x": at, "y": 1, "text": text, "showarrow": False,
        "xanchor": "left", "yanchor": "top", "xshift": 3, "font": {"size": 11},
    }  # fmt: skip
    return line, word


def band(
    start: datetime, end: datetime, colour: str, text: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A shaded stretch of time with a word below: (shape, annotation). Times are on the axis."""
    shade = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1,
        "fillcolor": colour, "opacity": 0.18, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    word = {
        "xref": "x", "yref": "paper", "x": start + (end - start) / 2, "y": 0, "text": text,
        "showarrow": False, "yanchor": "bottom", "font": {"size": 11},
    }  # fmt: skip
    return shade, word


def config(name: str, period: Period | None = None) -> dict[str, Any]:
    """Plotly's settings: a button for the PNG, named by title and date, and one to zoom out."""
    stamp = f"_{period.start:%Y-%m-%d}_{period.end:%Y-%m-%d}" if period else ""
    slug = "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_")
    return {
        "displaylogo": False,
        "displayModeBar": "hover",
        "modeBarButtons": [["toImage", "resetScale2d"]],
        "doubleClick": "reset",
        "showTips": False,
        "toImageButtonOptions": {
            "format": "png", "filename": f"{slug}{stamp}", "width": 1200, "height": 600, "scale": 2,
        },
    }  # fmt: skip
