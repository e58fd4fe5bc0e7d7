"""Bars of sums (energy, money): aggregated by whoever asks, never thinned out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours


def bars(
    table: pd.DataFrame,
    *,
    unit: str,
    names: Mapping[str, str] | None = None,
    colour: Mapping[str, str] | None = None,
    patterns: Mapping[str, str] | None = None,
    mode: Literal["relative", "group"] = "relative",
    digits: int = 2,
    height: int = base.HEIGHT,
    prefix: str = "",
    line: str | None = None,
    keep_zoom: str = "",
) -> go.Figure:
    """A bar per row and column. The index is what x shows: local dates, or words.

    names, colour, patterns: per column, the legend's word, its colour, its hatching (`/`, `x`…).
    line: a column drawn as a line over the bars (a total).
    """
    names, colour, patterns = names or {}, colour or {}, patterns or {}
    traces: list[Any] = []
    for number, column in enumerate(table.columns):
        hover = f"{prefix}%{{y:,.{digits}f}} {'' if prefix else unit}".rstrip()
        shade = colour.get(column, colours.CYCLE[number % len(colours.CYCLE)])
        common = {
            "x": _keys(table.index),
            "y": table[column].to_numpy(dtype="float64"),
            "name": names.get(column, column.replace("_", " ")),
            "hovertemplate": hover,
        }
        if column == line:
            traces.append(
                go.Scatter(**common, mode="lines+markers", line={"color": shade, "width": 2})
            )
        else:
            marker: dict[str, Any] = {"color": shade, "line": colours.bar_edge(shade, not number)}
            if column in patterns:
                marker["pattern"] = colours.hatched(patterns[column])
            traces.append(go.Bar(**common, marker=marker))
    dates = isinstance(table.index, pd.DatetimeIndex)
    return base.figure(
        traces,
        unit=unit,
        height=height,
        legend=len(table.columns) > 1,
        keep_zoom=keep_zoom,
        x=None if dates else base.category_axis(),
        y={"tickprefix": prefix, "zeroline": True},
        barmode=mode,
        bargap=0.25,
    )


def _keys(index: pd.Index[Any]) -> Any:
    if isinstance(index, pd.DatetimeIndex):
        if index.tz is not None:
            raise ValueError("bars() takes local dates without a time zone as its index")
        return index.to_numpy().astype("datetime64[ms]")
    return [str(value) for value in index]


def shares(
    values: pd.Series[float],
    *,
    unit: str,
    colour: Mapping[str, str],
    names: Mapping[str, str] | None = None,
    height: int = 104,
) -> go.Figure:
    """One horizontal bar split into parts, each labelled where its word fits, and a legend."""
    names = names or {}
    total = float(values.abs().sum()) or 1.0
    traces = [
        go.Bar(
            x=[float(value)],
            y=[""],
            orientation="h",
            name=base.letters(names.get(str(key), str(key).replace("_", " "))),
            marker=_piece(colour.get(str(key), colours.FUELS["other"])),
            text=f"{names.get(str(key), str(key))} {value:.0f}{unit}"
            if abs(value) / total > 0.2
            else "",
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": colours.ink_on(colour.get(str(key), colours.FUELS["other"]))},
            textangle=0,
            constraintext="none",
            hovertemplate=f"%{{x:.1f}} {unit}",
        )
        for key, value in values.items()
    ]
    return base.figure(
        traces,
        unit="",
        height=height,
        hover="closest",
        legend_traceorder="normal",
        x={"type": "linear", "visible": False, "tickformatstops": [], "hoverformat": ""},
        y={"type": "category", "visible": False},
        barmode="stack",
        bargap=0.1,
    )


def _piece(colour: str) -> dict[str, Any]:
    return {"color": colour, "line": {"width": 1, "color": colours.edge(colour)}}
