"""What a generation mix says: totals, shares, groups, the renewable share.

A mix is a frame with a column per canonical fuel, in MW (or per cent of the total). Positive is
supply: generation, discharge, import. Negative is demand: a battery or a pumped-storage plant
that charges, an export, a solar farm's own use at night. Totals and shares count supply only, so
shares add up to one; what is negative is shown below zero and never subtracted from anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.errors import InputError
from energydash.grid.fuels import FUELS, GROUPS, in_stack_order


def normalise(mix: pd.DataFrame) -> pd.DataFrame:
    """The same mix with canonical columns only, in stack order.

    Raises: InputError for a column that is no canonical fuel.
    """
    strange = [str(name) for name in mix.columns if name not in FUELS]
    if strange:
        raise InputError(
            f"The mix has columns that are no fuel: {', '.join(strange)}.",
            remedy=f"Use {', '.join(FUELS)}.",
        )
    return mix[in_stack_order(mix.columns)]


def supply(mix: pd.DataFrame) -> pd.DataFrame:
    """Only what feeds the grid: negative values are zero, absent ones stay absent."""
    return mix.clip(lower=0.0)


def demand(mix: pd.DataFrame) -> pd.DataFrame:
    """Only what takes from the grid (charging, exports), as negative values; columns with any."""
    below = mix.clip(upper=0.0)
    return below.loc[:, (below < 0).any(axis="index")]


def total(mix: pd.DataFrame) -> pd.Series[float]:
    """Supply of all fuels together, in the mix's unit; NaN where a row has no value at all."""
    return supply(mix).sum(axis="columns", min_count=1).rename("total")


def shares(mix: pd.DataFrame) -> pd.DataFrame:
    """Each fuel's share of supply, 0 to 1. Rows without supply are NaN.

    A fuel that is absent in a row is absent in its shares: it is unknown, not zero.
    """
    whole = total(mix)
    return supply(mix).div(whole.where(whole > 0), axis="index")


def by_group(mix: pd.DataFrame) -> pd.DataFrame:
    """The mix summed to renewable, nuclear, fossil, storage, imports and other, in its unit.

    Net, so a group may be negative. Only groups with a column in the mix.
    """
    columns = {
        group: mix[present].sum(axis="columns", min_count=1)
        for group, members in GROUPS.items()
        if (present := [fuel for fuel in members if fuel in mix.columns])
    }
    return pd.DataFrame(columns, index=mix.index)


def renewable_share(mix: pd.DataFrame) -> pd.Series[float]:
    """Renewable generation over all supply (imports and discharge in the denominator), 0 to 1."""
    present = [fuel for fuel in GROUPS["renewable"] if fuel in mix.columns]
    return shares(mix)[present].sum(axis="columns", min_count=1).rename("renewable_share")


def averaged(
    mix: pd.DataFrame, step: timedelta, without: pd.Index[Any] | None = None
) -> pd.DataFrame:
    """Mean power of each whole `step` (by epoch, interval start); steps without a row are absent.

    Charts of long periods use this: means keep energy right, samples do not.
    without: rows that lack a fuel. They count only in steps that have no other, so that all fuels
    of a step are means over the same rows.
    """
    if mix.empty:
        return mix
    starts = pd.DatetimeIndex(mix.index).floor(f"{step // timedelta(seconds=1)}s")
    if without is not None and len(without):
        lacking = mix.index.isin(without)
        kept = ~lacking | ~starts.isin(starts[~lacking])
        mix, starts = mix[kept], starts[kept]
    return mix.groupby(starts).mean().rename_axis("time")


@dataclass(frozen=True)
class Embedded:
    """What became of generation that a mix's own feed does not see.

    held_from: the interval whose values stand in for the newest rows, None where none had to.
    absent: the rows that have none, so that their solar and part of their wind are unknown.
    """

    held_from: datetime | None
    absent: pd.DatetimeIndex


def with_embedded(
    mix: pd.DataFrame, embedded: pd.DataFrame, step: timedelta, hold: timedelta
) -> tuple[pd.DataFrame, Embedded]:
    """The mix with embedded generation added to the fuels of the same name.

    embedded: means over `step`, MW; each row of the mix takes those of the interval it lies in.
    Rows after its last interval, by at most `hold`, take that interval's; that is reported. Gaps
    before it stay gaps: there the mix keeps what its own feed saw.
    """
    index = pd.DatetimeIndex(mix.index)
    known = embedded.dropna(how="all")
    if mix.empty or known.empty:
        return mix, Embedded(None, index)
    starts = index.floor(f"{step // timedelta(seconds=1)}s")
    last = pd.Timestamp(known.index[-1])
    trailing = (starts > last) & (starts <= last + hold)
    taken = known.reindex(starts.where(~trailing, last)).set_axis(index, axis="index")
    out = mix.copy()
    for fuel in known.columns:
        # Unknown stays unknown for a fuel that is embedded only (solar); wind keeps the rest.
        own = out[fuel] if fuel in out else pd.Series(float("nan"), index=index)
        out[fuel] = (own.fillna(0.0) + taken[fuel]).fillna(own)
    held = known.index[-1].to_pydatetime() if trailing.any() else None
    absent = index[taken.isna().all(axis="columns").to_numpy()]
    return out[in_stack_order(out.columns)], Embedded(held, absent)


@dataclass(frozen=True)
class Record:
    """An extreme of a period: what, its value and unit, and the start of its interval."""

    name: str
    value: float
    unit: str
    at: datetime


def records(mix: pd.DataFrame, unit: str) -> tuple[Record, ...]:
    """The most wind, solar and supply, the highest renewable and fossil share; ties: the first."""
    share = shares(mix)
    fossil = [fuel for fuel in GROUPS["fossil"] if fuel in share]
    series = {
        "Most wind": (mix.get("wind"), unit),
        "Most solar": (mix.get("solar"), unit),
        "Most supply": (total(mix) if unit != "%" else None, unit),
        "Highest renewable share": (100 * renewable_share(mix), "%"),
        "Highest fossil share": (100 * share[fossil].sum(axis="columns", min_count=1), "%"),
    }
    found = []
    for name, (values, of) in series.items():
        known = values.dropna() if values is not None else None
        if known is not None and len(known):
            at = known.idxmax()
            found.append(Record(name, float(known[at]), of, pd.Timestamp(at).to_pydatetime()))
    return tuple(found)
