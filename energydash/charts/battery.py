"""Battery charts: one channel each, gaps shaded; bars of energy; cycles; stress; the band ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energydash.battery.ageing import CHEMISTRIES, Forecast
from energydash.battery.cycles import Histogram
from energydash.battery.ica import IncrementalCapacity
from energydash.battery.telemetry import LABELS, UNITS
from energydash.battery.trend import Point
from energydash.charts import base, colours
from energydash.charts.bars import bars
from energydash.charts.lines import lines
from energydash.core.time import Period

COLOURS: Final = {
    "power_kw": colours.ACCENT,
    "soc_percent": colours.SECOND,
    "voltage_v": colours.THIRD,
    "current_a": colours.FOURTH,
    "temperature_c": colours.QUIET,
}
MONEY: Final = {  # import, export and net as on the bill; what is lost is hatched
    "import avoided": colours.IMPORT,
    "charging": colours.IMPORT,
    "export earned": colours.EXPORT,
    "export forgone": colours.EXPORT,
    "wear": colours.QUIET,
    "net": colours.NET,
}
GAP: Final = "rgba(128, 136, 138, 1)"
POINTS: Final = 900  # per channel: five of them, and the page stays below 150 kB
FEW_BARS, USUAL_GAP = 14, 0.2
MOST_GAPS: Final = 25  # shaded; more would be drawn as one grey field anyway


def channel(
    frame: pd.DataFrame,
    part: str,
    zone: str,
    period: Period,
    gaps: Sequence[Period],
    *,
    height: int = 180,
    keep_zoom: str = "",
) -> tuple[go.Figure, str]:
    """(figure, note) of one channel over the whole period, time without data shaded."""
    step = base.typical_step(pd.DatetimeIndex(frame.index))
    figure, note = lines(
        frame,
        zone,
        unit=UNITS[part],
        names={part: LABELS[part]},
        colour={part: COLOURS[part]},
        step=max(step, timedelta(seconds=30)) if step else None,
        height=height,
        points=POINTS,
        keep_zoom=keep_zoom,
    )
    index = pd.DatetimeIndex(frame.index)
    shapes = list(figure.layout.shapes)
    for gap in sorted(gaps, key=lambda gap: gap.duration, reverse=True)[:MOST_GAPS]:
        start, end = (base.local_time(at, index, zone) for at in (gap.start, gap.end))
        shapes.append(base.band(start, end, GAP)[0])
    if part == "power_kw":
        shapes.append(_zero())
    figure.update_layout(
        shapes=shapes, showlegend=False, dragmode="select", selectdirection="h",
        hovermode="x",
    )  # fmt: skip
    figure.update_xaxes(
        range=[base.local_time(at, index, zone) for at in (period.start, period.end)]
    )
    return figure, note


def _zero() -> dict[str, Any]:
    return {
        "type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
        "line": {"color": colours.RULE, "width": 1},
    }  # fmt: skip


def energy_bars(days: pd.DataFrame) -> go.Figure:
    """kWh in (up) and out (down) per local day or month; the index has naive local dates."""
    table = pd.DataFrame({"charged": days["kwh_in"], "discharged": -days["kwh_out"]})
    figure = bars(
        table,
        unit="kWh",
        colour={"charged": colours.ACCENT, "discharged": colours.SECOND},
        patterns={"discharged": "/"},
        height=260,
    )
    return _slim(figure, len(table))


def _slim(figure: go.Figure, count: int) -> go.Figure:
    """A few bars are no wider than those of a fortnight."""
    if count < FEW_BARS:
        figure.update_layout(bargap=1 - count / FEW_BARS * (1 - USUAL_GAP))
    return figure


def money_bars(table: pd.DataFrame) -> go.Figure:
    """Pounds gained (up) and spent (down) per local day or month, with the net as a line."""
    shown = pd.DataFrame(
        {
            "import avoided": table["avoided_import_gbp"],
            "export earned": table["export_earned_gbp"],
            "charging": -table["charge_cost_gbp"],
            "export forgone": -table["export_forgone_gbp"],
            "wear": -table["wear_gbp"],
            "net": table["net_gbp"],
        }
    )
    shown = shown.loc[:, (shown != 0).any()]
    figure = bars(
        shown,
        unit="£",
        prefix="£",
        line="net",
        colour=MONEY,
        patterns={"charging": "/", "wear": "x", "export forgone": "."},
        height=260,
    )
    return _slim(figure, len(shown))


def per_cycle(
    table: pd.DataFrame, column: str, sigma: str, unit: str, zone: str, name: str
) -> go.Figure:
    """One point per cycle with two standard deviations as error bars."""
    seen = table[table[column].notna()]
    index = pd.DatetimeIndex(seen.index)
    most = base.MAX_POINTS // 4
    if len(seen) > most:  # error bars of a thousand cycles are a grey block
        seen = seen.iloc[np.linspace(0, len(seen) - 1, most).astype(int)]
        index = pd.DatetimeIndex(seen.index)
    times = base.local_times(index, zone).values
    points = go.Scatter(
        **base.x_of(times),
        y=base.y_of(seen[column]),
        name=name,
        mode="markers",
        marker={"size": 6, "color": colours.ACCENT},
        error_y={
            "type": "data", "array": 2 * seen[sigma].to_numpy(dtype="float32"), "thickness": 1,
            "width": 2, "color": colours.RULE,
        },
        hovertemplate=f"%{{y:,.1f}} {unit}",
    )  # fmt: skip
    return base.figure(
        [points], unit=unit, height=240, legend=False, hover="closest", y={"rangemode": "normal"}
    )


def histogram(found: Histogram, unit: str, name: str) -> go.Figure:
    """Bars between the bin edges."""
    digits = 1 if found.edges[1] - found.edges[0] < 1 else 0
    edges = np.round(found.edges, digits) + 0.0  # + 0.0: no "-0.0"
    between = " to " if edges[0] < 0 else "–"
    labels = [f"{low:.{digits}f}{between}{high:.{digits}f}" for low, high in pairwise(edges)]
    table = pd.DataFrame({name: found.values}, index=pd.Index(labels))
    kept = np.flatnonzero(found.values > 0)
    if len(kept):
        table = table.iloc[kept[0] : kept[-1] + 1]
    return bars(table, unit=unit, colour={name: colours.THIRD}, height=200, digits=1)


def incremental(found: IncrementalCapacity) -> go.Figure:
    """dQ/dV over voltage."""
    line = go.Scatter(
        x=found.volts, y=found.ah_per_v, mode="lines", line={"color": colours.ACCENT},
        hovertemplate="%{y:.1f} Ah/V at %{x:.2f} V",
    )  # fmt: skip
    axis = {"type": "linear", "tickformatstops": [], "hoverformat": ".2f", "title": {"text": "V"}}
    return base.figure([line], unit="Ah/V", height=200, legend=False, hover="closest", x=axis)


def ahead(
    forecast: Forecast, measured: Sequence[Point], new_ah: float, born_us: float, promised: float
) -> go.Figure:
    """The band over chemistries by age, measured capacity with two standard deviations, and the
    level that the warranty promises."""
    years = forecast.years
    traces: list[Any] = [
        go.Scatter(x=years, y=100 * forecast.high, mode="lines", line={"width": 0},
                   hoverinfo="skip", showlegend=False),
        go.Scatter(x=years, y=100 * forecast.low, mode="lines", line={"width": 0},
                   fill="tonexty", fillcolor="rgba(128, 136, 138, 0.22)", name="band",
                   hoverinfo="skip"),
    ]  # fmt: skip
    dashes = {"lfp": "solid", "nmc": "dash", "lmo": "dot"}
    traces += [
        go.Scatter(
            x=years,
            y=100 * forecast.lines[kind.id],
            mode="lines",
            name=f"{kind.label} model",
            line={"width": 1.6, "dash": dashes[kind.id], "color": colours.SECOND},
            hovertemplate="%{y:.1f} %",
        )
        for kind in CHEMISTRIES
    ]
    year_us = 365.25 * 86_400e6
    traces.append(
        go.Scatter(
            x=[(point.time_us - born_us) / year_us for point in measured],
            y=[100 * point.ah / new_ah for point in measured],
            error_y={"type": "data", "array": [200 * p.sigma_ah / new_ah for p in measured],
                     "thickness": 1, "width": 2},
            mode="markers", marker={"size": 6, "color": colours.ACCENT}, name="measured",
            hovertemplate="%{y:.1f} %",
        )
    )  # fmt: skip
    level = {
        "type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1,
        "y0": 100 * promised, "y1": 100 * promised,
        "line": {"color": colours.RULE, "width": 1, "dash": "dash"},
    }  # fmt: skip
    return base.figure(
        traces,
        unit="% of new capacity",
        height=300,
        shapes=[level],
        x={
            "type": "linear", "tickformatstops": [], "hoverformat": ".1f",
            "title": {"text": "age, years"},
        },
        y={"rangemode": "normal"},
    )  # fmt: skip
