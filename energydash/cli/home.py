"""`costs`, `bill`, `compare`, and what brings readings and tariffs in from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.output import emit, format_option
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.answers.home.costs import Answer
    from energydash.core.time import Period
    from energydash.sync.context import Context

KEYS = ("half-hour", "hour", "day", "weekday", "week", "month", "rate", "total")
SHOWN_REFUSALS = 20


def over_days(command: Callable[..., None]) -> Callable[..., None]:
    """`--from`, `--to`, `--meter`, `--energy`, `--sample`."""
    for option in (
        click.option("--sample", is_flag=True, help="The sample home, on purpose."),
        click.option("--energy", type=click.Choice(["electricity", "gas"]), default=None),
        click.option("--meter", default="", help="Only this meter."),
        click.option("--to", "end", required=True, help="Up to this local day, exclusive."),
        click.option("--from", "first", required=True, help="First local day (YYYY-MM-DD)."),
    ):
        command = option(command)
    return command


@click.command()
@over_days
@click.option("--by", type=click.Choice(KEYS), default="day", show_default=True)
@format_option("json")
def costs(
    first: str, end: str, meter: str, energy: str | None, sample: bool, by: str, form: str
) -> None:
    """Electricity costs by any key; VAT is in, the standing charge is apart."""
    from energydash.answers import home

    here, period = opened(first, end, sample)
    answer = home.costs(here, period, by, meter, energy or "")
    tell(answer)
    emit(answer.to_json(), form)


@click.command()
@over_days
@format_option("json")
def bill(first: str, end: str, meter: str, energy: str | None, sample: bool, form: str) -> None:
    """A statement: energy by rate, standing charge, VAT, export credit; raw and as billed."""
    from energydash.answers import home

    here, period = opened(first, end, sample)
    answer = home.bill(here, period, meter, energy or "")
    tell(answer)
    emit(answer.to_json(), form, rows="statements")


@click.command()
@over_days
@click.option(
    "--shift", type=float, default=0.0, help="Also with % of the evening moved (estimate)."
)
@click.argument("tariffs", nargs=-1)
@format_option("json")
def compare(
    tariffs: tuple[str, ...],
    first: str,
    end: str,
    meter: str,
    energy: str | None,
    sample: bool,
    shift: float,
    form: str,
) -> None:
    """The same readings under other TARIFFS (names, ids or Octopus codes); all known by default."""
    from energydash.answers import home

    here, period = opened(first, end, sample)
    if not sample:
        chosen = tariffs or tuple(one.id for one in home.choices(here, energy or "electricity"))
        for problem in home.bring_prices(here, published(chosen), period):
            click.echo(f"energydash: {problem.sentence} {problem.remedy}".rstrip(), err=True)
    answer = home.compare(here, period, tariffs, energy or "electricity", shift)
    tell(answer)
    emit(answer.to_json(), form, rows="pairs")


@click.command("readings")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--meter", default="", help="The meter that they belong to: id, label or MPAN.")
@click.option("--direction", type=click.Choice(["import", "export"]), default=None)
@click.option("--energy", type=click.Choice(["electricity", "gas"]), default=None)
@click.option("--unit", type=click.Choice(["kwh", "wh", "m3"]), default=None)
@click.option("--zone", default="Europe/London", show_default=True, help="Of times without offset.")
@click.option("--absent", type=click.Choice(["auto", "zero", "missing"]), default="auto")
@click.option("--stamp", type=click.Choice(["auto", "start", "end"]), default="auto")
@click.option("--no-create", is_flag=True, help="Refuse files of meters that are not known.")
@click.option("--create-missing-meter", is_flag=True, help="The default; accepted for scripts.")
@click.option("--preview", is_flag=True, help="Say what would be stored.")
@click.option("--accept-refused", is_flag=True, help="Store the good rows of files with bad ones.")
def import_readings(
    files: tuple[Path, ...],
    meter: str,
    direction: str | None,
    energy: str | None,
    unit: str | None,
    zone: str,
    absent: str,
    stamp: str,
    no_create: bool,
    create_missing_meter: bool,
    preview: bool,
    accept_refused: bool,
) -> None:
    """Octopus website CSVs, API JSON, octopus_viz JSONL, Home Assistant, n3rgy, plain CSV."""
    from energydash.answers import home
    from energydash.sync import context

    done = home.import_readings(
        context.current(),
        files,
        meter,
        direction or "",
        unit or "",
        energy=energy or "",
        create=not no_create,
        preview=preview,
        accept_refused=accept_refused,
        zone=zone,
        absent=absent,
        stamp=stamp,
    )
    for item in done.items:
        click.echo(("would store " if preview else "") + item.summary)
        refused = item.readings.refused
        for row in refused[:SHOWN_REFUSALS]:
            click.echo(f"energydash: {item.readings.file}: {row}", err=True)
        if len(refused) > SHOWN_REFUSALS:
            click.echo(f"energydash: … and {len(refused) - SHOWN_REFUSALS} more rows", err=True)
    _notes(done.notes)


@click.command("tariffs")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--meter", default="", help="Bind them to this meter.")
def import_tariffs(files: tuple[Path, ...], meter: str) -> None:
    """Tariffs of an octopus_viz config JSON, or of our own TOML."""
    from energydash.answers import home
    from energydash.sync import context

    done = home.import_tariffs(context.current(), files, meter)
    for what, tariffs in (
        ("added", done.added),
        ("changed", done.changed),
        ("as it was", done.unchanged),
    ):
        for tariff in tariffs:
            click.echo(f"{what}: {tariff.label}")
    _notes(done.notes)


def opened(first: str, end: str, sample: bool) -> tuple[Context, Period]:
    """The context, and the local days that are asked for."""
    from dataclasses import replace

    from energydash.answers import home
    from energydash.core.time import LONDON, Period, parse_day
    from energydash.sync import context

    here = replace(context.current(), sample=sample)
    meters = home.home_of(here).meters
    zone = meters[0].zone if meters else LONDON
    return here, Period.local_days(parse_day(first), parse_day(end), zone)


def published(tariffs: tuple[str, ...]) -> list[str]:
    """Those of the names that are codes of published tariffs."""
    from energydash.home.tariffs import parse_code

    found = []
    for name in tariffs:
        try:
            parse_code(name)
        except InputError:
            continue  # a tariff of the user's own
        found.append(name)
    return found


def tell(answer: Answer) -> None:
    """Notes and trouble on standard error, beside the result."""
    for reading in answer.inputs:
        if reading.problem:
            click.echo(f"energydash: {reading.problem.sentence}", err=True)
    _notes(answer.notes)


def _notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        click.echo(f"energydash: {note}", err=True)
