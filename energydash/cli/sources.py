"""`check`, `read` and `ingest`: what is closest to the upstreams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.output import emit, format_option, period_options, say, tell
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.core.time import Period
    from energydash.sync.context import Context


@click.command()
@format_option("table")
def check(form: str) -> None:
    """Each is asked now for something small. Exits with 1 where a source is in trouble."""
    from energydash.answers.sources.check import check as ask_all
    from energydash.serialise import sources as documents
    from energydash.sync import context

    here = context.current()
    tell(f"the data and secrets.toml are in {here.settings.home}")
    found = ask_all(here)
    emit(documents.check(found), form)
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)


@click.command()
@format_option("table")
def health(form: str) -> None:
    """As stored: nothing is asked. `check` asks."""
    from energydash.answers.sources.health import health as health_of
    from energydash.serialise import sources as documents
    from energydash.sync import context

    emit(documents.health(health_of(context.current())), form)


@click.command()
@click.argument("source")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--region", help="Which respondent or area, where the files have several.")
@click.option("--day", help="The local day of files that have only times (YYYY-MM-DD).")
@format_option("csv")
def read(
    source: str, files: tuple[Path, ...], region: str | None, day: str | None, form: str
) -> None:
    """Several FILES are the pages of one answer."""
    from energydash import sources
    from energydash.cli.files import contents
    from energydash.core.time import parse_day
    from energydash.serialise import Document, with_unit

    answer = sources.read(
        source,
        [(path.name, contents(path)) for path in files],
        region,
        day=parse_day(day) if day else None,
    )
    for name in answer.unknown:
        tell(f"'{name}' is not a fuel we know; it is counted as other.")
    for note in answer.notes:
        tell(f"{note}")
    emit(Document(f"{source} file", with_unit(answer.frame, answer.unit)), form)


@click.command()
@click.argument("source", type=click.Choice(["octopus", "aretas", "grid"]))
@period_options()
@click.option("--meter", default="", help="Only this meter, or this battery.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched.")
@click.option("--save", type=click.Path(path_type=Path), help="Also write the readings there.")
@click.option("--force", is_flag=True, help="Fetch again what is there.")
def ingest(
    source: str,
    first: str | None,
    end: str | None,
    meter: str,
    dry_run: bool,
    save: Path | None,
    force: bool,
) -> None:
    from energydash.sync import context, filling

    here = context.current()
    period = filling.stretch(here, first, end, None) if first or end else None
    if source == "octopus":
        _ingest_octopus(here, period, meter, dry_run, save, force)
        return
    if save:
        raise InputError("--save is for octopus.", remedy="Use `energydash export`.")
    from energydash.answers import battery

    if source == "aretas":
        for device in battery.connect_defaults(here):
            say(f"connected {device.name} as {device.id}")
    whole = period or filling.stretch(here, None, None, None if source == "grid" else 30)
    lines = filling.fill(
        here,
        whole,
        source=None if source == "grid" else source,
        subjects=[meter] if meter else (),
        personal=source != "grid",
        dry_run=dry_run,
        force=force,
    )
    for line in lines:
        say(line)
    if source == "aretas" and battery.troubles(here):
        raise click.exceptions.Exit(1)


def _ingest_octopus(
    here: Context, period: Period | None, meter: str, dry_run: bool, save: Path | None, force: bool
) -> None:
    from energydash.answers import home
    from energydash.sync import filling

    def progress(done: float, text: str) -> None:
        say(f"{done:4.0%} {text}", err=True)

    result = home.ingest(
        here, period, meter, dry_run=dry_run, save=save, force=force, progress=progress
    )
    for feed, periods in result.planned:
        say(f"{feed}: " + (", ".join(str(one) for one in periods) or "nothing to fetch"))
    for one in result.refreshed:
        if not one.problem:
            say(filling.in_words(one))
    for path in result.saved:
        say(f"saved {path}")
    for note in result.notes:
        tell(f"{note}")
    for problem in result.problems:
        say(f"energydash: {problem.sentence} {problem.remedy}".rstrip(), err=True)
    if result.problems:
        raise click.exceptions.Exit(1)
