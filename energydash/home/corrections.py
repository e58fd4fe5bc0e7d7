"""Readings that the user has put right: they stay so when the upstream repeats the old value.

A correction knows what it took the place of. Where the upstream later says something else, that is
a revision of its own, and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from energydash.core.time import HALF_HOUR, Period, iso_z, parse_instant


@dataclass(frozen=True)
class Correction:
    """New values of a meter's half-hours, in its unit: (start, old, new); None is no reading."""

    meter: str
    values: tuple[tuple[datetime, float | None, float | None], ...]

    @property
    def id(self) -> str:
        """The key of its document."""
        return f"{self.meter} {iso_z(self.values[0][0])} {len(self.values)}"

    @property
    def period(self) -> Period:
        """From the first half-hour to the last."""
        return Period(self.values[0][0], self.values[-1][0] + HALF_HOUR)

    def applied(self, frame: pd.DataFrame, period: Period) -> pd.DataFrame:
        """The readings of `period`, with the new values in the place of the old ones."""
        if self.period.intersect(period) is None:
            return frame
        values = frame["energy"].to_dict()
        for start, old, new in self.values:
            now = values.get(pd.Timestamp(start))
            if start in period and (now is None or np.isnan(now) or now == old):
                values[pd.Timestamp(start)] = np.nan if new is None else new
        index = pd.DatetimeIndex(list(values), name="time").as_unit("us")
        changed = pd.DataFrame({"energy": list(values.values())}, index=index, dtype="float64")
        return changed.dropna().sort_index()

    def to_body(self) -> dict[str, Any]:
        """As a JSON document."""
        values = [[iso_z(start), old, new] for start, old, new in self.values]
        return {"meter": self.meter, "values": values}

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Correction:
        """From a JSON document."""
        values = ((parse_instant(start), old, new) for start, old, new in body["values"])
        return cls(str(body["meter"]), tuple(values))
