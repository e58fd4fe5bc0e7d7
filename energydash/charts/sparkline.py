"""The small line under a metric: few, evenly spaced values."""

from __future__ import annotations

import pandas as pd

POINTS = 48


def sparkline(values: pd.Series[float], points: int = POINTS, digits: int = 3) -> list[float]:
    """At most `points` means of a series, gaps left out; too few values give none."""
    kept = values.dropna()
    if len(kept) < 3:
        return []
    if len(kept) > points:
        width = (kept.index[-1] - kept.index[0]) / points
        kept = kept.groupby(((kept.index - kept.index[0]) // width).astype("int64")).mean()
    return [float(value) for value in kept.round(digits)]
