"""What of a period is there, and why the rest is not. It travels with every figure.

A step (a half-hour, five minutes) is present, or it has one reason not to be: `Gap`. A sum says
what it is a sum of, a difference is taken over what both sides have, what is unknown is blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.time import (
    DAY,
    HALF_HOUR,
    MICROSECOND,
    Period,
    grid,
    index_us,
    merge,
    micros,
    subtract,
)


class Gap(StrEnum):
    """Why a step has no figure."""

    MISSING = "missing"  # it ought to be there by now
    PENDING = "not published yet"
    FETCHING = "not fetched yet"  # never asked for so far, whether or not somebody is at it
    UNPRICED = "unpriced"  # the energy is known, its price is not
    UNCONNECTED = "not connected"


@dataclass(frozen=True)
class Coverage:
    """How many of the steps asked for have a figure, and the periods that have none.

    present, asked: steps; what lies in the future is not asked for. A feed without a fixed step
    counts what came (`step` is None). The gaps are disjoint periods, sorted.
    """

    present: int = 0
    asked: int = 0
    missing: tuple[Period, ...] = ()
    pending: tuple[Period, ...] = ()
    fetching: tuple[Period, ...] = ()
    unpriced: tuple[Period, ...] = ()
    unconnected: tuple[Period, ...] = ()
    step: timedelta | None = field(default=None)

    @property
    def fraction(self) -> float:
        """Share of the steps asked for that is there; 1 where nothing was asked."""
        return self.present / self.asked if self.asked else 1.0

    @property
    def expected(self) -> int:
        """Steps that ought to be there by now: asked for and published."""
        return self.asked - self.count(Gap.PENDING)

    @property
    def is_complete(self) -> bool:
        """True where every step asked for has its figure, and its price."""
        return self.present >= self.asked and not self.unpriced

    @property
    def gaps(self) -> dict[Gap, tuple[Period, ...]]:
        """The periods without a figure by reason, those that there are."""
        every = {
            Gap.MISSING: self.missing,
            Gap.PENDING: self.pending,
            Gap.FETCHING: self.fetching,
            Gap.UNPRICED: self.unpriced,
            Gap.UNCONNECTED: self.unconnected,
        }
        return {gap: periods for gap, periods in every.items() if periods}

    def count(self, gap: Gap) -> int:
        """Steps that are not there for this reason."""
        step = self.step or HALF_HOUR
        return sum(-(-period.duration // step) for period in self.gaps.get(gap, ()))

    @property
    def counts(self) -> dict[str, int]:
        """Steps asked for and present, and by reason those that are not: as JSON has it."""
        return {"asked": self.asked, "present": self.present} | {
            gap.name.lower(): self.count(gap) for gap in Gap
        }

    @property
    def sentence(self) -> str:
        """`5 of 7 days; 96 half-hours not published yet.`; '' where nothing is missing."""
        if self.is_complete or self.step is None:
            return ""
        said = [f"{self.present:,} of {self.asked:,} {steps_word(self.step, self.asked)}"]
        a_day = DAY // self.step
        lacking = [period for periods in self.gaps.values() for period in periods]
        are_days = all((period.duration % DAY) == timedelta(0) for period in lacking)
        if self.asked >= a_day > 1 and self.asked % a_day == self.present % a_day == 0 and are_days:
            said = [f"{self.present // a_day:,} of {plural(self.asked // a_day, 'day')}"]
        said += [
            f"{plural(self.count(gap), steps_word(self.step, 1))} {gap.value}" for gap in self.gaps
        ]
        return "; ".join(said) + "."

    def __add__(self, other: Coverage) -> Coverage:
        """Of two feeds side by side, or of one feed in two periods: counts add up."""
        return Coverage(
            self.present + other.present,
            self.asked + other.asked,
            tuple(merge([*self.missing, *other.missing])),
            tuple(merge([*self.pending, *other.pending])),
            tuple(merge([*self.fetching, *other.fetching])),
            tuple(merge([*self.unpriced, *other.unpriced])),
            tuple(merge([*self.unconnected, *other.unconnected])),
            self.step if self.step == other.step or not other.asked else
            other.step if not self.asked else None,
        )  # fmt: skip

    def unpriced_in(self, periods: Sequence[Period]) -> Coverage:
        """The same, with what of it has no price."""
        return replace(self, unpriced=tuple(merge(list(periods))))


def cover(
    index: pd.DatetimeIndex,
    period: Period,
    step: timedelta | None,
    *,
    now: datetime,
    due: datetime | None = None,
    fetching: Sequence[Period] = (),
) -> Coverage:
    """Count the steps of `period` up to `now` that have a row in `index`.

    due: what starts from here on need not be published yet (`now` by default). fetching: the
    periods that were never asked for. Without a step nothing can be counted but the rows.
    """
    on_their_way = tuple(merge(list(fetching)))
    if step is None:
        return Coverage(len(index), len(index), fetching=on_their_way)
    asked = grid(Period(period.start, max(min(period.end, now), period.start)), step)
    starts, width = index_us(asked), step // MICROSECOND
    absent = ~np.isin(starts, index_us(index) // width * width)
    pending = absent & (starts >= micros(due)) if due is not None else np.zeros(len(asked), bool)
    awaited = np.zeros(len(asked), bool)
    for one in on_their_way:
        awaited |= absent & (starts >= micros(one.start)) & (starts < micros(one.end))
    pending &= ~awaited
    lost = absent & ~pending & ~awaited
    return Coverage(
        len(asked) - int(absent.sum()),
        len(asked),
        runs(asked, lost, step),
        runs(asked, pending, step),
        runs(asked, awaited, step),
        step=step,
    )


def runs(
    steps: pd.DatetimeIndex, chosen: npt.NDArray[np.bool_], step: timedelta
) -> tuple[Period, ...]:
    """The stretches of consecutive `steps` that are `chosen`, as periods."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False])).astype("int8")))
    return tuple(
        Period(steps[first].to_pydatetime(), steps[last - 1].to_pydatetime() + step)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def common(period: Period, *coverages: Coverage) -> list[Period]:
    """The stretches of a period in which none of these lacks anything: what may be compared."""
    lacking = [gap for one in coverages for periods in one.gaps.values() for gap in periods]
    return subtract(period, lacking)


def together(coverages: Sequence[Coverage]) -> Coverage:
    """Of several feeds needed at once (import and export): a step is there where all have it.

    Where one lacks it for one reason and another for another, the first of `Gap` is said.
    """
    asked = max((one.asked for one in coverages), default=0)
    gaps: dict[Gap, tuple[Period, ...]] = {}
    said: list[Period] = []
    for gap in (Gap.MISSING, Gap.PENDING, Gap.FETCHING, Gap.UNCONNECTED):
        lacking = merge([period for one in coverages for period in one.gaps.get(gap, ())])
        gaps[gap] = tuple(part for period in lacking for part in subtract(period, said))
        said += gaps[gap]
    unpriced = merge([period for one in coverages for period in one.unpriced])
    steps = {one.step for one in coverages if one.asked}
    whole = Coverage(
        0,
        asked,
        gaps[Gap.MISSING],
        gaps[Gap.PENDING],
        gaps[Gap.FETCHING],
        tuple(unpriced),
        gaps[Gap.UNCONNECTED],
        step=steps.pop() if len(steps) == 1 else None,
    )
    return replace(whole, present=max(asked - sum(whole.count(gap) for gap in gaps), 0))


def steps_word(step: timedelta, count: int) -> str:
    """What a number of steps is called: half-hours, days, or so many minutes each."""
    names = {HALF_HOUR: "half-hour", timedelta(hours=1): "hour", DAY: "day"}
    name = names.get(step, f"step of {step.total_seconds() / 60:g} min")
    if count == 1:
        return name
    return name.replace("step of", "steps of") if name.startswith("step") else f"{name}s"


def plural(count: int, name: str) -> str:
    """`1 day`, `7 days`."""
    if count == 1:
        return f"1 {name}"
    head = name.replace("step of", "steps of", 1) if name.startswith("step") else f"{name}s"
    return f"{count:,} {head}"
