"""`serve` and `crawl`."""

from __future__ import annotations

import os
from datetime import timedelta

import click

from energydash.cli.output import say
from energydash.core.access import Sharing


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8501, show_default=True, help="Port to listen on.")
@click.option(
    "--share",
    type=click.Choice([str(s) for s in Sharing]),
    default=str(Sharing.OFF),
    show_default=True,
    help="Who on the network may see what: nobody, the grid pages, everything.",
)
def serve(host: str, port: int, share: str) -> None:
    """The dashboard and the REST API in one process, the crawler beside it."""
    from energydash.server import serve as serve_until_stopped

    serve_until_stopped(host, port, Sharing(share))


@click.command()
@click.option("--once", is_flag=True, help="One round, then stop.")
@click.option("--every", type=float, help="Ask each feed every so many seconds.")
@click.option("--parent", type=int, hidden=True, help="Stop when this process ends.")
@click.option("--regions", "region_ids", help="Only these regions, comma-separated.")
@click.option("--from", "first", help="Fetch from this day on (UTC, YYYY-MM-DD).")
@click.option("--to", "end", help="Up to this day, exclusive.")
@click.option("--days", type=int, help="Fetch the last N days.")
@click.option("--source", "only", help="Only this source.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched.")
@click.option("--force", is_flag=True, help="Fetch again what is there.")
def crawl(
    once: bool,
    every: float | None,
    parent: int | None,
    region_ids: str | None,
    first: str | None,
    end: str | None,
    days: int | None,
    only: str | None,
    dry_run: bool,
    force: bool,
) -> None:
    """Keep everything configured up to date, or fill in a stretch of history."""
    if parent is not None:
        os.nice(10)  # pages come first, also while this process imports what it needs
    from energydash.answers import home
    from energydash.answers.jobs import WORKS
    from energydash.grid import regions
    from energydash.sync import context, crawler, filling

    here = context.current()
    chosen = [regions.find(part).id for part in (region_ids or "").split(",") if part.strip()]
    if chosen or first or end or days or only or dry_run or force:
        period = filling.stretch(here, first, end, days)
        for line in filling.fill(
            here, period, subjects=chosen, source=only, dry_run=dry_run, force=force
        ):
            say(line)
        return
    if parent is not None:
        crawler.end_with(parent)
    home.read_daily(here)
    pace = every if every is not None else crawler.pace_s(here)
    crawler.run(
        here,
        once=once,
        every=timedelta(seconds=pace) if pace is not None else None,
        parent=parent,
        report=(lambda done: say(filling.in_words(done))) if once else None,
        works=WORKS,
    )
