"""Generation by fuel as a stacked area: GW or percent, storage and exports below zero."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energydash.charts import base, colours
from energydash.grid.fuels import in_stack_order
from energydash.grid.mix import total

MAX_PIECES = 12  # a stack is drawn in one piece per stretch without a gap

# What a fuel is called when its power is negative.
BELOW_ZERO = {
    "imports": "exports",
    "battery": "battery charging",
    "pumped_storage": "pumped storage, pumping",
}


def label(fuel: str, *, negative: bool = False) -> str:
    """A fuel as a reader sees it."""
    if negative:
        return BELOW_ZERO.get(fuel, f"{label(fuel)}, own use")
    return fuel.replace("_", " ")


def stacked_mix(
    mix_mw: pd.DataFrame,
    zone: str,
    *,
    unit: Literal["GW", "MW", "%"] = "GW",
    height: int = 420,
    now: datetime | None = None,
    legend: bool = True,
    keep_zoom: str = "",
) -> tuple[go.Figure, str]:
    """(figure, note) of a frame with a MW column per fuel. The note says what was averaged."""
    frame, step = base.bucket_means(mix_mw)
    notes = [f"{base.step_words(step)} means"] if step else []
    if unit == "%":
        whole = total(frame)
        frame = frame.div(whole.where(whole > 0), axis="index") * 100
    elif unit == "GW":
        frame = frame / 1000
    frame = base.with_gaps(frame, step)
    local = base.local_times(pd.DatetimeIndex(frame.index), zone)
    if local.note:
        notes.append(local.note)
    shapes: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    if now is not None and len(frame) and frame.index[0] <= now <= frame.index[-1]:
        shape, word = base.rule(base.local_time(now, pd.DatetimeIndex(frame.index), zone), "now")
        shapes.append(shape)
        annotations.append(word)
    figure = base.figure(
        _traces(frame, local.values, unit),
        unit="% of supply" if unit == "%" else unit,
        height=height,
        legend=legend,
        shapes=shapes,
        annotations=annotations,
        keep_zoom=keep_zoom,
        y={"rangemode": "normal", "zeroline": True},
    )
    return figure, " · ".join(notes)


def _traces(
    frame: pd.DataFrame, times: np.ndarray[Any, np.dtype[np.datetime64]], unit: str
) -> list[go.Scatter]:
    """A trace per fuel, sign and stretch without a gap: Plotly would draw a stack over gaps."""
    pieces = _pieces(frame)
    fuels = [name for name in in_stack_order(frame.columns) if frame[name].abs().max() > 0]
    digits = ".1f" if unit == "%" else ".2f" if unit == "GW" else ".0f"
    traces = []
    for fuel in fuels:
        for negative in (False, True):
            part = frame[fuel].clip(upper=0) if negative else frame[fuel].clip(lower=0)
            if part.abs().max() == 0:
                continue
            shown = part.where(part != 0) if negative or (frame[fuel] < 0).any() else part
            name = label(fuel, negative=negative)
            for number, (first, end) in enumerate(pieces):
                traces.append(
                    go.Scatter(
                        **base.x_of(times[first:end]),
                        y=base.y_of(shown.iloc[first:end]),
                        name=name,
                        legendgroup=name,
                        showlegend=number == 0,
                        stackgroup=f"{'below' if negative else 'above'}{number}",
                        mode="lines",
                        line={"width": 0.8, "color": colours.edge(colours.fuel(fuel))},
                        fillcolor=colours.faint(colours.fuel(fuel), 0.55 if negative else 0.92),
                        hovertemplate=f"%{{y:{digits}}} {unit}",
                    )
                )
    return traces


def _pieces(frame: pd.DataFrame) -> list[tuple[int, int]]:
    """The longest stretches of rows that have any value, in order."""
    present = frame.notna().any(axis="columns").to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], present.astype("int8"), [0]))))
    found = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    longest = sorted(found, key=lambda piece: piece[0] - piece[1])[:MAX_PIECES]
    return sorted(longest)
