"""Carbon intensity over time: actual solid, forecast dashed, bands, the greenest window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours
from energydash.core.time import Period

UNIT = "gCO₂/kWh"
DAYS_FROM = timedelta(days=40)
BAND_OPACITY = 0.10
WORDS_PX = 56  # at the right, for the bands' words: on the lines nobody could read them


def intensity(
    lines: pd.DataFrame,
    zone: str,
    *,
    now: datetime | None = None,
    bands: Sequence[tuple[str, float, float]] = (),
    best: Period | None = None,
    best_text: str = "greenest",
    height: int = 380,
    keep_zoom: str = "",
) -> tuple[go.Figure, str]:
    """(figure, note) of a frame with columns `actual` and `forecast` in g/kWh, either missing.

    More than `DAYS_FROM` are drawn as the mean of each day, with a band from its least to its most.
    bands: (word, from, up to) in g/kWh, shaded behind. best: the window to shade.
    """
    traces: list[go.Scatter] = []
    is_long = len(lines) > 1 and lines.index[-1] - lines.index[0] > DAYS_FROM
    if is_long:
        lines, traces = _by_day(lines, zone)
    frame = base.with_gaps(lines)
    index = pd.DatetimeIndex(frame.index)
    local = base.local_times(index, zone)
    for name, dash, width in (("forecast", "dot", 2.0), ("actual", "solid", 2.4)):
        if name not in frame or frame[name].notna().sum() == 0:
            continue
        values = pd.Series(frame[name].to_numpy(), index=pd.DatetimeIndex(local.values))
        thinned = base.thin(values)
        traces.append(
            go.Scatter(
                **base.x_of(thinned.index.to_numpy()),
                y=base.y_of(thinned),
                name=name,
                mode="lines",
                line={
                    "color": colours.ACCENT if name == "actual" else colours.SECOND,
                    "width": width,
                    "dash": dash,
                },
                connectgaps=False,
                hovertemplate="%{y:.0f} g/kWh",
            )
        )
    drawn = [np.asarray(trace.y, dtype=float) for trace in traces]
    top = float(np.nanmax(np.concatenate(drawn))) if traces else 100.0
    ceiling = max(top * 1.12, 60.0)
    shapes, annotations = _bands(bands, ceiling)
    for extra in _marks(now, best, best_text, index, zone):
        shapes.append(extra[0])
        annotations.append(extra[1])
    figure = base.figure(
        traces,
        unit=UNIT,
        height=height,
        shapes=shapes,
        annotations=annotations,
        keep_zoom=keep_zoom,
        y={"range": [0, ceiling]},
        margin={**base.MARGIN, "r": WORDS_PX if bands else base.MARGIN["r"]},
    )
    notes = ["means by day, and from the least to the most of each"] if is_long else []
    return figure, " · ".join([*notes, *filter(None, [local.note])])


def _by_day(lines: pd.DataFrame, zone: str) -> tuple[pd.DataFrame, list[go.Scatter]]:
    """The mean of each local day, stamped at its noon, and the band between its extremes."""
    index = pd.DatetimeIndex(lines.index)
    noon = index.tz_convert(zone).normalize() + pd.Timedelta(hours=12)
    days = lines.groupby(noon.tz_convert("UTC").rename("time"))
    name = "actual" if "actual" in lines and lines["actual"].notna().any() else "forecast"
    least, most = days[name].min().dropna(), days[name].max().dropna()
    times = base.local_times(pd.DatetimeIndex(least.index), zone).values
    edge: dict[str, Any] = {
        "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": "range",
    }  # fmt: skip
    band = [
        go.Scatter(**base.x_of(times), y=base.y_of(most), showlegend=False, **edge),
        go.Scatter(
            **base.x_of(times), y=base.y_of(least), name="least to most", fill="tonexty",
            fillcolor=colours.GRID, **edge,
        ),
    ]  # fmt: skip
    return days.mean(), band


def _marks(
    now: datetime | None, best: Period | None, text: str, index: pd.DatetimeIndex, zone: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    if now is not None and len(index) and index[0] <= now <= index[-1]:
        found.append(base.rule(base.local_time(now, index, zone), "now"))
    if best is not None and len(index) and best.start >= index[0]:
        start = base.local_time(best.start, index, zone)
        end = base.local_time(best.end, index, zone)
        found.append(base.band(start, end, colours.ACCENT, text))
    return found


def _bands(
    bands: Sequence[tuple[str, float, float]], ceiling: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Faint shades behind, each with its word beside it: colour is never alone."""
    shapes: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for word, low, high in bands:
        if low >= ceiling:
            continue
        top = min(high, ceiling)
        colour = colours.BANDS.get(word, "#888888")
        shapes.append(
            {
                "type": "rect",
                "xref": "paper",
                "yref": "y",
                "x0": 0,
                "x1": 1,
                "y0": low,
                "y1": top,
                "fillcolor": colour,
                "opacity": BAND_OPACITY,
                "line": {"width": 0},
                "layer": "below",
            }
        )
        if top - low > ceiling * 0.07:
            annotations.append(
                {
                    "xref": "paper",
                    "yref": "y",
                    "x": 1,
                    "y": (low + top) / 2,
                    "text": word,
                    "showarrow": False,
                    "xanchor": "left",
                    "yanchor": "middle",
                    "xshift": 4,
                    "font": {"size": 11},
                }
            )
    return shapes, annotations
