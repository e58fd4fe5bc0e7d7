"""What a generation mix says: totals, shares, groups, the renewable share.

A mix is a frame with a column per canonical fuel, in MW (or per cent of the total). Positive is
supply: generation, discharge, import. Negative is demand: a battery or a pumped-storage plant
that charges, an export, a solar farm's own use at night. Totals and shares count supply only, so
shares add up to one; what is negative is shown below zero and never subtracted from anything.
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from energydash.errors import InputError
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


def averaged(mix: pd.DataFrame, step: timedelta) -> pd.DataFrame:
    """Mean power of each whole `step` (by epoch, interval start); steps without a row are absent.

    Charts of long periods use this: means keep energy right, samples do not.
    """
    if mix.empty:
        return mix
    means = mix.groupby(
        pd.DatetimeIndex(mix.index).floor(f"{step // timedelta(seconds=1)}s")
    ).mean()
    return means.rename_axis("time")
