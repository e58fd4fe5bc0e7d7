"""`regions`, `factors`, `mix`, `intensity`, `windows`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.commands.output import emit, format_option
from energydash.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from energydash.grid.intensity import FactorSet


@click.command()
@format_option("table")
def regions(form: str) -> None:
    """Regions: ids, names, aliases, zones and where their figures come from."""
    from energydash.grid import places

    emit(
        [
            {
                "id": region.id,
                "name": region.name,
                "zone": region.zone,
                "aliases": ", ".join(region.aliases),
                "feeds": "; ".join(
                    f"{quantity}: {' then '.join(names)}"
                    for quantity, names in region.sources.items()
                ),
            }
            for region in places.regions()
        ],
        form,
    )


@click.command()
@format_option("table")
def factors(form: str) -> None:
    """Emission-factor sets: each fuel's g/kWh and where it is from."""
    from energydash.grid.factors import factor_sets

    emit(
        [
            {
                "factor_set": found.id,
                "version": found.version,
                "scope": found.scope,
                "fuel": fuel,
                "g_per_kwh": factor.g_per_kwh,
                "source": factor.source,
            }
            for found in factor_sets().values()
            for fuel, factor in found.factors.items()
        ],
        form,
    )


def period_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--from` and `--to`: instants, or local days of the region."""
    command = click.option("--to", "end", help="End, exclusive: a local day or an instant.")(
        command
    )
    return click.option("--from", "first", help="Start: a local day or an instant.")(command)


def chosen_factors(text: str | None) -> FactorSet | None:
    """The factor set of an id or a TOML file; None where nothing is asked for."""
    if not text:
        return None
    from energydash.commands.sources import contents
    from energydash.grid import factors as sets

    if not text.endswith(".toml"):
        return sets.factor_set(text)
    path = Path(text)
    found = sets.parse(contents(path).decode("utf-8", "replace"), path.name)
    if len(found) != 1:
        raise InputError(f"{path.name} has {len(found)} factor sets.", remedy="Give a file of one.")
    return found[0]


def intensity_of_file(path: Path, chosen: FactorSet | None) -> pd.DataFrame:
    """The average intensity of a mix file with the columns that `read` prints."""
    import io

    import pandas as pd

    from energydash.commands.sources import contents
    from energydash.grid import factors as sets
    from energydash.grid.fuels import FUELS
    from energydash.grid.intensity import intensity_of
    from energydash.grid.mix import normalise

    try:
        table = pd.read_csv(io.BytesIO(contents(path)))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not a CSV: {error}.") from error
    if "time" not in table.columns:
        raise InputError(f"{path.name} has no column 'time'.", remedy="Its first column is time.")
    times = pd.to_datetime(table["time"], utc=True, errors="coerce", format="ISO8601")
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        raise InputError(f"{path.name}, line {row + 2}: '{table['time'][row]}' is not a time.")
    named = {f"{fuel}_mw": fuel for fuel in FUELS}
    strange = [name for name in table.columns if name != "time" and name not in named]
    if strange:
        raise InputError(
            f"{path.name} has columns that are no fuel: {', '.join(map(str, strange))}.",
            remedy=f"Name them {', '.join(named)}.",
        )
    columns = table.drop(columns="time").rename(columns=named)
    power = columns.apply(pd.to_numeric, errors="coerce")
    bad = power.isna() & columns.notna()
    if bad.to_numpy().any():
        row, column = (int(where[0]) for where in bad.to_numpy().nonzero())
        raise InputError(
            f"{path.name}, line {row + 2}, column {columns.columns[column]}_mw: "
            f"'{columns.iat[row, column]}' is not a number."
        )
    power.index = pd.DatetimeIndex(times, name="time")
    default = next(iter(sets.factor_sets().values()))
    used = chosen or default
    return intensity_rows(intensity_of(normalise(power), used), "average", str(used.scope), used.id)


def intensity_rows(
    values: pd.Series[float], basis: str, scope: str, factor_set: str
) -> pd.DataFrame:
    """The columns that `intensity` prints."""
    return (
        values.rename("g_per_kwh")
        .to_frame()
        .assign(basis=basis, scope=scope, factor_set=factor_set)
    )
