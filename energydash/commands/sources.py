"""`check`, `read` and `ingest`: what is closest to the upstreams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.commands.output import emit, format_option
from energydash.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

SUFFIX = {"MW": "mw", "g/kWh": "g_per_kwh", "%": "percent", "kWh": "kwh", "m3": "m3", "": ""}


@click.command()
@format_option("table")
def check(form: str) -> None:
    """Every configured source: reachable? key good? newest reading; what to do.

    Exits with 1 where a source is in trouble.
    """
    from energydash import context
    from energydash.answers.health import health

    found = health(context.current()).sources
    emit(
        [
            {
                "source": source.info.name,
                "state": source.state,
                "newest": source.newest,
                "rows": source.rows,
                "trouble": source.problem.sentence if source.problem else "",
                "remedy": source.problem.remedy if source.problem else source.info.needs,
            }
            for source in found
        ],
        form,
    )
    if any(source.problem for source in found):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("source")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--region", help="Which respondent or area, where the files have several.")
@click.option("--day", help="The local day of files that have only times (YYYY-MM-DD).")
@format_option("csv")
def read(
    source: str, files: tuple[Path, ...], region: str | None, day: str | None, form: str
) -> None:
    """Parse saved upstream answers; several FILES are the pages of one answer."""
    from energydash.sources import saved
    from energydash.time import parse_day

    answer = saved.read(
        source,
        [(path.name, contents(path)) for path in files],
        region,
        day=parse_day(day) if day else None,
    )
    for name in answer.unknown:
        click.echo(f"energydash: '{name}' is not a fuel we know; it is counted as other.", err=True)
    for note in answer.notes:
        click.echo(f"energydash: {note}", err=True)
    emit(with_units(answer.frame, answer.unit), form)


def contents(path: Path) -> bytes:
    """The bytes of a file the user named; InputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {(error.strerror or 'unknown trouble').lower()}.",
            remedy="Check the name.",
        ) from error


def with_units(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The columns with their unit in the name: gas -> gas_mw. Telemetry has them already."""
    suffix = SUFFIX.get(unit, unit)
    return frame.rename(columns=lambda name: f"{name}_{suffix}" if suffix else str(name))
