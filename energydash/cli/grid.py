"""`regions`, `factors`, `mix`, `intensity`, `windows`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.output import emit, format_option
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import pandas as pd

    from energydash.core.feeds import FeedData
    from energydash.core.time import Period
    from energydash.grid.intensity import FactorSet
    from energydash.sync.context import Context


@click.command()
@format_option("table")
def regions(form: str) -> None:
    """Regions: ids, names, aliases, zones and where their figures come from."""
    from energydash.grid import regions

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
            for region in regions.regions()
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


@click.command()
@click.argument("region")
@period_options
@click.option("--sample", is_flag=True, help="Sample data, on purpose.")
@format_option("csv")
def mix(region: str, first: str | None, end: str | None, sample: bool, form: str) -> None:
    """Generation by fuel in MW; the last 24 hours by default."""
    from energydash.answers import grid
    from energydash.cli.sources import with_units
    from energydash.grid import regions

    here = opened(sample)
    place = regions.find(region)
    period = chosen_period(here, first, end, place.zone)
    bring(here, place.id, ["mix", "mix-percent"], period)
    answer = grid.mix(here, place.id, period)
    tell(answer.inputs, answer.notes)
    emit(with_units(answer.mix, answer.unit), form)


@click.command()
@click.argument("region", required=False)
@click.option("--postcode", help="A place in Great Britain.")
@click.option("--mix", "mix_file", type=click.Path(path_type=Path), help="A CSV as `read` prints.")
@period_options
@click.option("--factors", "factor_text", help="A factor set's id, or a TOML file of your own.")
@click.option("--sample", is_flag=True, help="Sample data, on purpose.")
@format_option("csv")
def intensity(
    region: str | None,
    postcode: str | None,
    mix_file: Path | None,
    first: str | None,
    end: str | None,
    factor_text: str | None,
    sample: bool,
    form: str,
) -> None:
    """Carbon intensity: time, g_per_kwh, basis, scope, factor_set."""
    chosen = chosen_factors(factor_text)
    if mix_file is not None:
        emit(intensity_of_file(mix_file, chosen), form)
        return
    from energydash.answers import grid
    from energydash.grid import regions

    here = opened(sample)
    if postcode:
        region = grid.region_of_postcode(here, postcode).id
    if not region:
        raise InputError("Say of which place.", remedy="Give a REGION, --postcode or --mix.")
    place = regions.find(region)
    period = chosen_period(here, first, end, place.zone)
    bring(here, place.id, ["mix"] if chosen else ["intensity", "mix"], period)
    answer = grid.intensity(here, place.id, period, factors=chosen)
    tell(answer.inputs, answer.notes)
    # Not measured yet, or (for the parts of Great Britain) never: the forecast stands in, and the
    # basis says so.
    data = answer.data.reindex(columns=["actual", "forecast"])
    values = data["actual"].fillna(data["forecast"])
    rows = intensity_rows(values.dropna(), answer.basis, answer.scope, answer.factor_set)
    guessed = data["actual"].reindex(rows.index).isna()
    rows.loc[guessed, "basis"] = f"{answer.basis} (forecast)"
    emit(rows, form)


@click.command()
@click.argument("region", required=False)
@click.option("--hours", type=float, required=True, help="How long the job runs.")
@click.option("--within", "deadline", help="Be done by this instant, or by this local time.")
@click.option("--signal", type=click.Path(path_type=Path), help="A CSV: time, value with its unit.")
@click.option("--sample", is_flag=True, help="Sample data, on purpose.")
@format_option("json")
def windows(
    region: str | None,
    hours: float,
    deadline: str | None,
    signal: Path | None,
    sample: bool,
    form: str,
) -> None:
    """The greenest hours ahead: best, three alternatives, and the saving against starting now.

    REGION is that of `[grid] region` (Great Britain) where none is given.
    """
    from datetime import timedelta

    from energydash.answers import grid
    from energydash.core.time import Period, parse_instant
    from energydash.grid import regions

    if signal is not None:
        emit(windows_of_file(signal, hours), form, rows="alternatives")
        return
    here = opened(sample)
    place = regions.find(region) if region else regions.default(here.settings)
    now = here.now()
    bring(here, place.id, ["intensity"], Period(now - timedelta(hours=1), now + timedelta(days=2)))
    found = grid.greenest_window(
        here, place.id, hours, deadline=parse_instant(deadline, place.zone) if deadline else None
    )
    if found.best is None:
        raise InputError(found.reason or "No window fits.")
    emit(
        {
            "unit": "g/kWh",
            "best": found.best,
            "alternatives": list(found.alternatives),
            "now": found.at_once_g_per_kwh,
            "saving": found.saving_g_per_kwh,
        },
        form,
        rows="alternatives",
    )


def opened(sample: bool) -> Context:
    """This process's context, on sample data where they are asked for."""
    from dataclasses import replace

    from energydash.sync import context

    return replace(context.current(), sample=sample)


def bring(here: Context, region: str, quantities: list[str], period: Period) -> None:
    """Fetch what the store lacks of the first of these quantities that the region has."""
    from energydash.answers import grid
    from energydash.grid import regions
    from energydash.sync import fetch

    if here.sample:
        return
    known = regions.find(region).sources
    for quantity in quantities:
        if quantity in known:
            fetch.refresh(here, grid.feed_of(here, region, quantity), period)
            if quantity == "mix" and "embedded" in known:
                fetch.refresh(here, grid.feed_of(here, region, "embedded"), period)
            return


def chosen_period(here: Context, first: str | None, end: str | None, zone: str) -> Period:
    """What `--from` and `--to` mean: local days or instants; the last 24 hours without them."""
    from datetime import timedelta

    from energydash.core.time import Period, local_midnight, parse_day, parse_instant

    def instant(text: str) -> datetime:
        return (
            local_midnight(parse_day(text), zone) if len(text) == 10 else parse_instant(text, zone)
        )

    now = here.now()
    until = instant(end) if end else now
    since = instant(first) if first else until - timedelta(days=1)
    return Period(since, until)


def chosen_factors(text: str | None) -> FactorSet | None:
    """The factor set of an id or a TOML file; None where nothing is asked for."""
    if not text:
        return None
    from energydash.cli.sources import contents
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

    from energydash.cli.sources import contents
    from energydash.grid import factors as sets
    from energydash.grid.fuels import FUELS
    from energydash.grid.intensity import intensity_of
    from energydash.grid.mix import normalise

    try:
        table = pd.read_csv(io.BytesIO(contents(path)))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not a CSV: {error}.") from error
    if "time" not in table.columns:
        raise InputError(
            f"{path.name} has no column 'time'.",
            remedy="A mix file has the columns that `energydash read` prints.",
        )
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


def windows_of_file(path: Path, hours: float) -> dict[str, object]:
    """The lowest stretch of a signal file (`time,value`, the unit in the second column's name)."""
    import io
    from datetime import timedelta

    import pandas as pd

    from energydash.cli.sources import contents
    from energydash.core.time import Period
    from energydash.flexibility.windows import mean_over
    from energydash.flexibility.windows import windows as best_windows

    try:
        table = pd.read_csv(io.BytesIO(contents(path)))
        times = pd.to_datetime(table["time"], utc=True, format="ISO8601")
        values = pd.to_numeric(table.iloc[:, 1])
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(
            f"{path.name} is not a signal: {error}.",
            remedy="Its columns are time and a value, such as time,g_per_kwh.",
        ) from error
    if len(times) < 2:
        raise InputError(f"{path.name} has fewer than two rows.")
    signal = pd.Series(values.to_numpy(float), index=pd.DatetimeIndex(times)).sort_index()
    step = (signal.index[1] - signal.index[0]).to_pytimedelta()
    start = signal.index[0].to_pydatetime()
    length = timedelta(hours=hours)
    whole = Period(start, signal.index[-1].to_pydatetime() + step)
    found = best_windows(signal, step, length, whole, count=4)
    if not found:
        raise InputError(f"{hours:g} hours do not fit in the {path.name}'s {whole.duration}.")
    at_once = mean_over(signal, step, Period(start, start + length))
    return {
        "unit": str(table.columns[1]),
        "best": found[0],
        "alternatives": list(found[1:]),
        "now": at_once,
        "saving": at_once - found[0].mean,
    }


def tell(readings: Sequence[FeedData], notes: Sequence[str]) -> None:
    """Trouble, gaps and notes on standard error, beside the result."""
    for reading in readings:
        name, coverage = reading.feed.source, reading.coverage
        if reading.problem:
            text = f"{reading.problem.sentence} {reading.problem.remedy}".rstrip()
            click.echo(f"energydash: {text}", err=True)
        if coverage.present < coverage.expected:
            absent = coverage.expected - coverage.present
            click.echo(
                f"energydash: {name}: {absent} of {coverage.expected} rows missing", err=True
            )
    for note in notes:
        click.echo(f"energydash: {note}", err=True)
