"""`export`, `backup`, `restore`, `forget`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from energydash.cli.files import write
from energydash.cli.output import period_options, say, tell
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.core.time import Period
    from energydash.sync.context import Context


@click.command()
@click.argument("what")
@click.option("--as", "kind", type=click.Choice(["csv", "parquet", "octopus-viz"]), default="csv")
@period_options(usual="Everything by default.")
@click.option("--meter", default="", help="Only this meter.")
@click.option("--out", type=click.Path(path_type=Path), help="A folder, or a file of one series.")
def export(
    what: str, kind: str, first: str | None, end: str | None, meter: str, out: Path | None
) -> None:
    """WHAT is `readings`, `tariffs`, or a series as SOURCE/SUBJECT/QUANTITY.

    One file goes to standard output unless --out names where to.
    """
    from energydash.sync import context

    here = context.current()
    period = _period(here, first, end)
    if what in ("readings", "tariffs"):
        _export_home(here, what, kind, meter, period, out)
    else:
        _export_series(here, what, kind, period, out)


def _export_home(
    here: Context, what: str, kind: str, meter: str, period: Period, out: Path | None
) -> None:
    from energydash.answers import home

    if what == "tariffs":
        done = home.export_tariffs(here)
    else:
        done = home.export_readings(here, meter, period, as_octopus_viz=kind == "octopus-viz")
    for note in done.notes:
        tell(f"{note}")
    if not done.files:
        tell(f"There are no {what} in the store yet.")
    if out is None and len(done.files) == 1:
        click.echo(done.files[0].data, nl=False)
        return
    if out is None and done.files:
        raise InputError(f"There are {len(done.files)} files.", remedy="Name a folder with --out.")
    for file in done.files:
        assert out is not None
        out.mkdir(parents=True, exist_ok=True)
        write(out / file.name, file.data)
        say(out / file.name)


def _export_series(here: Context, what: str, kind: str, period: Period, out: Path | None) -> None:
    from energydash.serialise import Document, with_unit

    named = {f"{f.source}/{f.subject}/{f.quantity}": f for f in here.store.feeds()}
    if what not in named:
        raise InputError(
            f"There is no series '{what}' in the store.",
            remedy="Known: " + (", ".join(sorted(named)) or "none yet") + ".",
        )
    feed = named[what]
    frame = with_unit(here.store.read(feed, period), feed.unit)
    if kind == "parquet":
        if out is None:
            raise InputError("Parquet needs a file.", remedy="Name one with --out.")
        write(out, frame.to_parquet())
        say(out)
        return
    text = Document(what, frame, feed.zone).to_csv()
    if out is None:
        say(text, nl=False)
    else:
        write(out, text.encode())
        say(out)


def _period(here: Context, first: str | None, end: str | None) -> Period:
    from datetime import timedelta

    from energydash.answers import home
    from energydash.core import bounds

    zone = home.zone_of(here)
    until = end or (here.now() + timedelta(days=366)).isoformat()
    return bounds.period_of(
        first or f"{bounds.FLOOR:%Y-%m-%d}", until, zone, here.now(), longest=timedelta.max
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Others go on reading and writing meanwhile."""
    from energydash.sync import context

    here = context.current()
    here.store.backup(file)
    say(f"{file}: {file.stat().st_size:,} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path | None, yes: bool) -> None:
    """Without FILE it is the newest daily backup that is good. What was there is kept beside it."""
    from energydash import store
    from energydash.core import settings

    here = settings.current()
    if not yes:
        what = file or "the newest daily backup"
        click.confirm(f"Replace everything in the store by {what}?", abort=True, err=True)
    if file is None:
        file, aside = store.restore_newest(here)
    else:
        aside = store.restore(here, file)
    say(f"restored {file}; what was there is kept in {aside}")


@click.command()
@click.argument("owner", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(owner: str | None, yes: bool) -> None:
    """Meters, readings, tariffs, devices, and the copies of the database that are kept beside it.
    Without OWNER it is this store's own household."""
    from energydash import store
    from energydash.sync import context

    here = context.current()
    who = owner or here.store.household()
    if not yes:
        question = f"Remove everything of household {who}, and every backup kept here?"
        click.confirm(question, abort=True, err=True)
    rows, copies = store.forget(here.settings, who)
    say(f"removed {rows} rows and {copies} copies of the database")
