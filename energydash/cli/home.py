"""`meters`, `costs`, `bill`, `compare`…, and what brings readings and tariffs in from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.output import emit, format_option, period_options, say, tell
from energydash.core.errors import InputError

if TYPE_CHECKING:
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
        period_options(needed=True),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--sample", is_flag=True, help="The sample home, on purpose.")
@format_option("table")
def meters(sample: bool, form: str) -> None:
    from energydash.answers import home
    from energydash.serialise import home as documents

    emit(documents.meters(home.home_of(context_of(sample)).meters), form)


@click.command()
@over_days
@click.option("--by", type=click.Choice(KEYS), default="day", show_default=True)
@click.option("--carbon", is_flag=True, help="Also what it emitted, kg CO₂e.")
@format_option("json")
def costs(
    first: str,
    end: str,
    meter: str,
    energy: str | None,
    sample: bool,
    by: str,
    carbon: bool,
    form: str,
) -> None:
    """VAT is in; a net has the standing charge in it, but by hour or price."""
    from energydash.answers import home
    from energydash.serialise import home as documents

    here, period = opened(first, end, sample)
    answer = home.costs(here, period, by, meter, energy or "", carbon=carbon)
    emit(documents.costs(answer), form)


@click.command()
@over_days
@format_option("json")
def bill(first: str, end: str, meter: str, energy: str | None, sample: bool, form: str) -> None:
    """Energy by rate, standing charge, VAT, export credit; raw and as billed."""
    from energydash.answers import home
    from energydash.serialise import home as documents

    here, period = opened(first, end, sample)
    emit(documents.bill(home.bill(here, period, meter, energy or "")), form)


@click.command()
@over_days
@format_option("table")
def findings(first: str, end: str, meter: str, energy: str | None, sample: bool, form: str) -> None:
    """Gaps, zeros, spikes, odd days, doubles, unpriced energy, changed agreements."""
    from energydash.answers import home
    from energydash.serialise import home as documents

    here, period = opened(first, end, sample)
    emit(documents.findings(home.findings(here, period, meter, energy or "")), form)


@click.command("map")
@over_days
@click.option("--value", type=click.Choice(["kWh", "£", "p/kWh", "gCO₂"]), default="kWh")
@click.option("--direction", type=click.Choice(["import", "export"]), default="import")
@format_option("csv")
def day_map(
    first: str,
    end: str,
    meter: str,
    energy: str | None,
    sample: bool,
    value: str,
    direction: str,
    form: str,
) -> None:
    from energydash.answers import home
    from energydash.home.meters import Direction
    from energydash.home.profile import Value
    from energydash.serialise import home as documents

    here, period = opened(first, end, sample)
    answer = home.day_map(here, period, Value(value), Direction(direction), meter, energy or "")
    emit(documents.day_map(answer), form)


@click.command()
@click.option("--sample", is_flag=True, help="The sample home, on purpose.")
@format_option("json")
def price(sample: bool, form: str) -> None:
    from energydash.answers import home
    from energydash.serialise import home as documents

    emit(documents.price(home.price_now(context_of(sample))), form)


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
    """TARIFFS are names, ids or Octopus codes; all known by default."""
    from energydash.answers import home
    from energydash.core import bounds
    from energydash.serialise import home as documents

    here, period = opened(first, end, sample)
    if not sample:
        chosen = tariffs or tuple(one.id for one in home.choices(here, energy or "electricity"))
        for problem in home.bring_prices(here, published(chosen), period):
            tell(str(problem))
    answer = home.compare(
        here, period, tariffs, energy or "electricity", bounds.percent(shift, "--shift"), meter
    )
    emit(documents.comparison(answer), form)


@click.command("readings")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--meter", default="", help="The meter that they belong to: id, label or MPAN.")
@click.option("--direction", type=click.Choice(["import", "export"]), default=None)
@click.option("--energy", type=click.Choice(["electricity", "gas"]), default=None)
@click.option("--unit", type=click.Choice(["kwh", "wh", "m3"]), default=None)
@click.option("--zone", default="Europe/London", show_default=True, help="Of times without offset.")
@click.option("--absent", type=click.Choice(["auto", "zero", "missing"]), default="auto")
@click.option("--stamp", type=click.Choice(["auto", "start", "end"]), default="auto")
@click.option("--columns", default="", help="Of a CSV: time=NAME,value=NAME or import=…,export=….")
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
    columns: str,
    no_create: bool,
    create_missing_meter: bool,
    preview: bool,
    accept_refused: bool,
) -> None:
    """Also Home Assistant, n3rgy and octopus_viz files."""
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
        columns=columns,
    )
    for item in done.items:
        say(("would store " if preview else "") + item.summary)
        refused = item.readings.refused
        for row in refused[:SHOWN_REFUSALS]:
            tell(f"{item.readings.file}: {row}")
        if len(refused) > SHOWN_REFUSALS:
            tell(f"… and {len(refused) - SHOWN_REFUSALS} more rows")
    for note in done.notes:
        tell(note)


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
            say(f"{what}: {tariff.label}")
    for note in done.notes:
        tell(note)


def context_of(sample: bool) -> Context:
    """This process's context, on the sample home where that is asked for."""
    from dataclasses import replace

    from energydash.sync import context

    return replace(context.current(), sample=sample)


def opened(first: str, end: str, sample: bool) -> tuple[Context, Period]:
    """The context, and the period in the home's zone."""
    from energydash.answers import home
    from energydash.core import bounds

    here = context_of(sample)
    return here, bounds.period_of(first, end, home.zone_of(here), here.now())


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
