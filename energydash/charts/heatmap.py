"""A day × half-hour heatmap: when energy is used, when it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours


def day_slots(
    table: pd.DataFrame, *, unit: str, digits: int = 2, height: int | None = None
) -> go.Figure:
    """Rows are local days (dates), columns `HH:MM`.

    NaN stays blank: no value is as pale as the paper, and what is below zero has a hue of its own.
    """
    days = [f"{pd.Timestamp(day):%a %-d %b %Y}" for day in table.index]
    values = table.to_numpy(dtype="float32")
    least, most = (float(f(values)) for f in (np.nanmin, np.nanmax))
    heat = go.Heatmap(
        x=list(table.columns),
        y=days,
        z=values,
        colorscale=_scale(least, most),
        zmin=least,
        zmax=max(most, 0.0) if least < 0 else most,
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


def _scale(least: float, most: float) -> list[list[object]]:
    """From pale to strong above zero; where anything is below, a flat hue of its own there."""
    zero = -least / (max(most, 0.0) - least) if least < 0 else 0.0
    above = colours.SEQUENTIAL[2:]
    shades: list[list[object]] = [
        [zero + (1 - zero) * n / (len(above) - 1), colour] for n, colour in enumerate(above)
    ]
    return [[0.0, colours.SECOND], [zero, colours.SECOND], *shades] if zero else shades
