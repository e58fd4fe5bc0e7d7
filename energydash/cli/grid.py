"""`regions`, `factors`, `now`, `mix`, `records`, `load`…, `intensity`, `windows`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.output import emit, format_option, period_options, tell
from energydash.core.errors import InputError, StoreError

if TYPE_CHECKING:
    from energydash.core.time import Period
    from energydash.grid.intensity import FactorSet
    from energydash.grid.regions import Region
    from energydash.sync.context import Context

USUAL = "The last 24 hours by default."
LOCK_WAIT_S = 2.0  # somebody waits for the answer, which can be read without fetching
sample_option = click.option("--sample", is_flag=True, help="Sample data, on purpose.")


@click.command()
@format_option("table")
def regions(form: str) -> None:
    from energydash.grid import regions
    from energydash.serialise import grid as documents

    emit(documents.regions(regions.regions()), form)


@click.command()
@format_option("table")
def factors(form: str) -> None:
    from energydash.grid.factors import factor_sets
    from energydash.serialise import grid as documents

    emit(documents.factors(list(factor_sets().values())), form)


@click.command()
@click.argument("region", default="")
@sample_option
@format_option("json")
def now(region: str, sample: bool, form: str) -> None:
    from datetime import timedelta

    from energydash.answers import grid
    from energydash.core.time import Period
    from energydash.serialise import grid as documents

    here = opened(sample)
    place = of_region(here, region)
    recent = Period(here.now() - timedelta(hours=3), here.now() + timedelta(hours=1))
    bring(here, place, ["mix", "mix-percent"], recent)
    bring(here, place, ["intensity"], recent)
    emit(documents.now(grid.mix_now(here, place.id), grid.intensity_now(here, place.id)), form)


@click.command()
@click.argument("region", default="")
@period_options(usual=USUAL)
@click.option("--step", "step_minutes", type=float, help="Means over so many minutes.")
@sample_option
@format_option("csv")
def mix(
    region: str,
    first: str | None,
    end: str | None,
    step_minutes: float | None,
    sample: bool,
    form: str,
) -> None:
    """In MW, or per cent where nobody publishes MW."""
    from energydash.answers import grid
    from energydash.core import bounds
    from energydash.serialise import grid as documents

    here, place, period = asked(region, first, end, sample)
    bring(here, place, ["mix", "mix-percent"], period)
    step = bounds.step_of(step_minutes, "--step")
    emit(documents.mix(grid.mix(here, place.id, period, step=step)), form)


@click.command()
@click.argument("region", default="")
@period_options(usual=USUAL)
@sample_option
@format_option("table")
def records(region: str, first: str | None, end: str | None, sample: bool, form: str) -> None:
    from energydash.answers import grid
    from energydash.serialise import grid as documents

    here, place, period = asked(region, first, end, sample)
    bring(here, place, ["mix", "mix-percent"], period)
    emit(documents.records(grid.mix(here, place.id, period)), form)


def _series(name: str) -> click.Command:
    @click.command(name)
    @click.argument("region", default="")
    @period_options(usual=USUAL)
    @sample_option
    @format_option("csv")
    def command(region: str, first: str | None, end: str | None, sample: bool, form: str) -> None:
        from energydash.answers import grid
        from energydash.serialise import grid as documents

        here, place, period = asked(region, first, end, sample)
        bring(here, place, [name, "mix"] if name != "interconnectors" else [name], period)
        emit(documents.series(name, getattr(grid, name)(here, place.id, period)), form)

    return command


load, storage, interconnectors = (_series(n) for n in ("load", "storage", "interconnectors"))


@click.command()
@click.argument("region", default="")
@click.option("--postcode", help="A place in Great Britain.")
@click.option("--mix", "mix_file", type=click.Path(path_type=Path), help="A CSV as `mix` prints.")
@period_options(usual=USUAL)
@click.option("--factors", "factor_text", help="A factor set's id, or a TOML file of your own.")
@sample_option
@format_option("csv")
def intensity(
    region: str,
    postcode: str | None,
    mix_file: Path | None,
    first: str | None,
    end: str | None,
    factor_text: str | None,
    sample: bool,
    form: str,
) -> None:
    """g/kWh with basis, scope and factor set."""
    from energydash.answers import grid
    from energydash.serialise import grid as documents

    chosen = chosen_factors(factor_text)
    if mix_file is not None:
        from energydash.answers.grid.mix_files import intensity_of_file
        from energydash.cli.files import contents

        emit(
            documents.intensity_of_file(
                mix_file.name, *intensity_of_file(contents(mix_file), mix_file.name, chosen)
            ),
            form,
        )
        return
    here = opened(sample)
    if postcode:
        region = grid.region_of_postcode(here, postcode).id
    here, place, period = asked(region, first, end, sample)
    bring(here, place, ["mix"] if chosen else ["intensity", "mix"], period)
    emit(documents.intensity(grid.intensity(here, place.id, period, factors=chosen)), form)


@click.command()
@click.argument("region", default="")
@click.option("--hours", type=float, required=True, help="How long the job runs.")
@click.option("--within", "deadline", help="Be done by this instant, or by this local time.")
@click.option("--by", type=click.Choice(["carbon", "price"]), default="carbon", show_default=True)
@click.option("--tariff", default="", help="With --by price: an id or code; yours by default.")
@click.option("--signal", type=click.Path(path_type=Path), help="A CSV: time, value with its unit.")
@sample_option
@format_option("json")
def windows(
    region: str,
    hours: float,
    deadline: str | None,
    by: str,
    tariff: str,
    signal: Path | None,
    sample: bool,
    form: str,
) -> None:
    """The best, three alternatives, and the saving against starting now."""
    from datetime import timedelta

    from energydash.answers import flexibility, home
    from energydash.cli.files import contents
    from energydash.core import bounds
    from energydash.core.time import Period
    from energydash.serialise.flexibility import best_hours

    bounds.hours(hours)
    if signal is not None:
        found = flexibility.best_hours_of_file(contents(signal), signal.name, hours)
        emit(best_hours(found), form)
        return
    here = opened(sample)
    place = of_region(here, region)
    now = here.now()
    zone = place.zone if by == "carbon" else home.zone_of(here)
    if by == "carbon":
        ahead = Period(now - timedelta(hours=1), now + timedelta(days=2))
        bring(here, place, ["intensity"], ahead)
    found = flexibility.best_hours(
        here, hours, by, region=place.id, tariff=tariff,
        deadline=bounds.deadline(deadline, zone, now),
    )  # fmt: skip
    if found.best is None:
        raise InputError(found.reason or "No window fits.")
    emit(best_hours(found), form)


def opened(sample: bool) -> Context:
    """This process's context, on sample data where they are asked for."""
    from dataclasses import replace

    from energydash.sync import context

    return replace(context.current(), sample=sample)


def of_region(here: Context, name: str) -> Region:
    """A region by any of its names; that of `[grid] region` without a name."""
    from energydash.grid import regions

    return regions.find(name) if name else regions.default(here.settings)


def asked(
    region: str, first: str | None, end: str | None, sample: bool
) -> tuple[Context, Region, Period]:
    """The context, the region and the period of its zone."""
    from energydash.core import bounds

    here = opened(sample)
    place = of_region(here, region)
    return here, place, bounds.period_of(first, end, place.zone, here.now(), longest=bounds.GRID)


def bring(here: Context, place: Region, quantities: list[str], period: Period) -> None:
    """Fetch what the store lacks of the first of these quantities that the region has, where it can
    be kept."""
    from energydash.answers import grid
    from energydash.sync import fetch

    if here.sample:
        return
    first = next((quantity for quantity in quantities if quantity in place.sources), "")
    try:
        for feed in grid.feeds_behind(here, place, first):
            fetch.refresh(here, feed, period, wait_s=LOCK_WAIT_S)
    except StoreError as error:  # nothing can be kept now: what is stored is shown
        tell(str(error))


def chosen_factors(text: str | None) -> FactorSet | None:
    """The factor set of an id or a TOML file; None where nothing is asked for."""
    if not text:
        return None
    from energydash.cli.files import contents
    from energydash.grid import factors as sets

    if not text.endswith(".toml"):
        return sets.factor_set(text)
    path = Path(text)
    found = sets.parse(contents(path).decode("utf-8", "replace"), path.name)
    if len(found) != 1:
        raise InputError(f"{path.name} has {len(found)} factor sets.", remedy="Give a file of one.")
    return found[0]
