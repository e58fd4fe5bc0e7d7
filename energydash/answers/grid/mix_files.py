"""The average intensity of a mix in a file, for who has one of their own."""

from __future__ import annotations

import io

import pandas as pd

from energydash.core.errors import InputError
from energydash.grid.factors import factor_sets
from energydash.grid.fuels import FUELS
from energydash.grid.intensity import FactorSet, intensity_of
from energydash.grid.mix import normalise

BESIDE = ("time", "local_time")


def intensity_of_file(
    body: bytes, name: str, factors: FactorSet | None = None
) -> tuple[pd.Series[float], FactorSet]:
    """g/kWh of each row of a CSV with the columns of `read` and `mix`, and the factors used."""
    used = factors or next(iter(factor_sets().values()))
    return intensity_of(normalise(_mix_of(body, name)), used), used


def _mix_of(body: bytes, name: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.BytesIO(body))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is not a CSV: {error}.") from error
    if "time" not in table.columns:
        raise InputError(
            f"{name} has no column 'time'.",
            remedy="A mix file has the columns that `energydash read` prints.",
        )
    times = pd.to_datetime(table["time"], utc=True, errors="coerce", format="ISO8601")
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        raise InputError(f"{name}, line {row + 2}: '{table['time'][row]}' is not a time.")
    named = {f"{fuel}_mw": fuel for fuel in FUELS}
    strange = [column for column in table.columns if column not in BESIDE and column not in named]
    if strange:
        raise InputError(
            f"{name} has columns that are no fuel: {', '.join(map(str, strange))}.",
            remedy=f"Name them {', '.join(named)}.",
        )
    columns = table.drop(columns=list(BESIDE), errors="ignore").rename(columns=named)
    power: pd.DataFrame = columns.apply(pd.to_numeric, errors="coerce")
    bad = power.isna() & columns.notna()
    if bad.to_numpy().any():
        row, column = (int(where[0]) for where in bad.to_numpy().nonzero())
        raise InputError(
            f"{name}, line {row + 2}, column {columns.columns[column]}_mw: "
            f"'{columns.iat[row, column]}' is not a number."
        )
    power.index = pd.DatetimeIndex(times, name="time")
    return power
