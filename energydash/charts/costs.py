"""Bars of what a home imported and exported, the net as a line, and another period beside it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours

NAMES = {"import": "Import", "export": "Export", "net": "Net", "before": "Net before"}
COLOURS = {
    "import": colours.IMPORT,
    "export": colours.EXPORT,
    "net": colours.NET,
    "before": colours.QUIET,
}


def cost_bars(
    table: pd.DataFrame, *, unit: str, before: str = "", digits: int = 2, keep_zoom: str = ""
) -> go.Figure:
    """`table`: some of `import, export, net, before`; export is drawn below zero.

    The index is what x shows: local dates, or words. before: what the legend calls that column.
    """
    prefix = "£" if unit.startswith("£") else ""
    suffix = "" if prefix else f" {unit}"
    dates = isinstance(table.index, pd.DatetimeIndex)
    x = table.index.to_numpy().astype("datetime64[ms]") if dates else [str(v) for v in table.index]
    traces: list[go.Bar | go.Scatter] = []
    for column in table.columns:
        sign = -1 if column == "export" else 1
        values = table[column].to_numpy(dtype="float64")
        common = {
            "x": x,
            "y": sign * values,
            "customdata": values,
            "name": before if column == "before" else NAMES[column],
            "hovertemplate": f"{prefix}%{{customdata:,.{digits}f}}{suffix}",
        }
        if column in ("net", "before"):
            style = {"color": COLOURS[column], "width": 2 if column == "net" else 1.5}
            if column == "before":
                style["dash"] = "dot"
            mode = "lines+markers" if len(table) <= 60 else "lines"
            traces.append(go.Scatter(**common, mode=mode, line=style, marker={"size": 5}))
        else:
            shade, is_first = COLOURS[column], column == "import"
            marker: dict[str, object] = {"color": shade, "line": colours.bar_edge(shade, is_first)}
            if column == "export":  # a pattern besides the colour
                marker["pattern"] = colours.hatched("/")
            traces.append(go.Bar(**common, marker=marker))
    return base.figure(
        traces,
        unit=unit.removeprefix("£").strip() if prefix else unit,
        legend=len(table.columns) > 1,
        keep_zoom=keep_zoom,
        x=None if dates else _words_axis(len(table)),
        y={"tickprefix": prefix, "zeroline": True},
        barmode="relative",
        bargap=0.2,
    )


def _words_axis(count: int) -> dict[str, object]:
    """Words on the axis, not so many that they have to stand on end."""
    return {**base.category_axis(), "dtick": 6 if count > 24 else 3 if count > 12 else 1}
