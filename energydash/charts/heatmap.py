"""A day × half-hour heatmap: when energy is used, when it costs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours


def day_slots(
    table: pd.DataFrame, *, unit: str, digits: int = 2, height: int | None = None
) -> go.Figure:
    """Rows are local days (dates), columns `HH:MM`; NaN stays blank, so a gap is seen as one."""
    days = [f"{pd.Timestamp(day):%a %-d %b %Y}" for day in table.index]
    scale = [[n / 9, colour] for n, colour in enumerate(colours.SEQUENTIAL)]
    heat = go.Heatmap(
        x=list(table.columns),
        y=days,
        z=table.to_numpy(dtype="float32"),
        colorscale=scale,
        hoverongaps=False,
        xgap=0.5,
        ygap=0.5,
        colorbar={"title": {"text": unit, "side": "top"}, "thickness": 10, "len": 0.9},
        hovertemplate=f"%{{y}} %{{x}}<br>%{{z:.{digits}f}} {unit}<extra></extra>",
    )
    return base.figure(
        [heat],
        unit="",
        height=height or min(640, 140 + 14 * len(table)),
        legend=False,
        hover="closest",
        x={**base.category_axis(), "dtick": 12, "tickangle": 0},  # four fit a phone
        y={"type": "category", "autorange": "reversed", "nticks": 12, "showgrid": False},
    )
