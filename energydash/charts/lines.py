"""Lines over time with a shared unit: battery channels, prices, states of charge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours


def lines(
    frame: pd.DataFrame,
    zone: str,
    *,
    unit: str,
    names: Mapping[str, str] | None = None,
    colour: Mapping[str, str] | None = None,
    dashed: tuple[str, ...] = (),
    steps: bool = False,
    step: timedelta | None = None,
    now: datetime | None = None,
    digits: int = 2,
    from_zero: bool = False,
    height: int = base.HEIGHT,
    keep_zoom: str = "",
    points: int = base.MAX_POINTS,
) -> tuple[go.Figure, str]:
    """(figure, note) with a line per column, each thinned on its own clock; gaps stay gaps.

    steps: values hold until the next (prices). step: the distance beyond which a gap begins.
    points: drawn per line at most.
    """
    names, colour = names or {}, colour or {}
    index = pd.DatetimeIndex(frame.index)
    local = base.local_times(index, zone)
    traces: list[Any] = []
    thinned_any = False
    for number, column in enumerate(frame.columns):
        own = frame[[column]].dropna()
        if own.empty:
            continue
        broken = base.with_gaps(own, step)[column]
        thinned = base.thin(broken, points)
        thinned_any |= len(thinned) < len(own)
        offset = local.values[0] - index[0].tz_convert("UTC").tz_localize(None).to_numpy()
        times = pd.DatetimeIndex(thinned.index).tz_convert("UTC").tz_localize(None).to_numpy()
        traces.append(
            go.Scatter(
                **base.x_of(times + offset),
                y=base.y_of(thinned),
                name=base.letters(names.get(str(column), str(column).replace("_", " "))),
                mode="lines",
                line={
                    "color": colour.get(str(column), colours.CYCLE[number % len(colours.CYCLE)]),
                    "width": 1.8,
                    "dash": "dot" if column in dashed else "solid",
                    "shape": "hv" if steps else "linear",
                },
                connectgaps=False,
                hovertemplate=f"%{{y:,.{digits}f}} {unit}",
            )
        )
    marks = []
    if now is not None and len(index) and index[0] <= now <= index[-1]:
        marks.append(base.rule(base.local_time(now, index, zone), "now"))
    notes = [f"at most {points:,} points drawn per line"] if thinned_any else []
    figure = base.figure(
        traces,
        unit=unit,
        height=height,
        legend=len(traces) > 1,
        shapes=[shape for shape, _ in marks],
        annotations=[word for _, word in marks],
        keep_zoom=keep_zoom,
        y={"rangemode": "tozero" if from_zero else "normal"},
    )
    return figure, " · ".join([*notes, *([local.note] if local.note else [])])
