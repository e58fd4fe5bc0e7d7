"""`export`, `backup`, `restore`, `forget`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """A consistent copy of the store, while others go on reading and writing."""
    from energydash import context

    here = context.current()
    here.store.backup(file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """Put a backup in the store's place; what was there is kept beside it."""
    from energydash import settings
    from energydash.store import restore as restore_store

    if not yes:
        click.confirm(f"Replace everything in the store by {file}?", abort=True, err=True)
    aside = restore_store(settings.current(), file)
    click.echo(f"restored {file}; what was there is kept in {aside}")


@click.command()
@click.argument("owner", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(owner: str | None, yes: bool) -> None:
    """Remove everything of a household: meters, readings, tariffs, devices.

    Without OWNER it is this store's own household.
    """
    from energydash import context

    here = context.current()
    who = owner or here.store.household()
    if not yes:
        click.confirm(f"Remove everything of household {who}?", abort=True, err=True)
    click.echo(f"removed {here.store.forget(who)} rows")
