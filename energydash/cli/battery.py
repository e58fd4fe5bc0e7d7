"""`battery analyse`, `battery report`, `import telemetry`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from energydash.cli.output import emit, format_option
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.core.time import Period
    from energydash.sync.context import Context


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--device", default=None, help="A battery in the store instead of a file.")
@click.option("--from", "first", help="With --device: first day (YYYY-MM-DD).")
@click.option("--to", "end", help="With --device: up to this day, exclusive.")
@click.option("--columns", default="", help="time=…,voltage=…,current=…,cycle=…")
@click.option("--discharge-sign", type=click.Choice(["-", "+"]), help="Of the current.")
@click.option("--cutoff-v", type=float, help="Discharges count down to this voltage.")
@click.option("--max-gap", type=float, help="Longer steps are gaps, in seconds.")
@click.option("--zone", help="Time zone of times without an offset.")
@click.option("--sample", is_flag=True, help="The made-up battery.")
@format_option("json")
def analyse(
    file: Path | None,
    device: str | None,
    first: str | None,
    end: str | None,
    columns: str,
    discharge_sign: Literal["-", "+"] | None,
    cutoff_v: float | None,
    max_gap: float | None,
    zone: str | None,
    sample: bool,
    form: str,
) -> None:
    """Ah and kWh in and out, cycle by cycle, capacity with its error, efficiency."""
    from energydash.answers import battery
    from energydash.cli.sources import contents

    if file is not None:
        if device is not None or sample:
            raise InputError("Give a FILE or --device, not both.")
        answer = battery.analyse_file(
            contents(file),
            file.name,
            columns=columns,
            discharge_sign=discharge_sign,
            cutoff_v=cutoff_v,
            max_gap_s=max_gap,
            zone=zone,
        )
    elif device is None and not sample:
        raise InputError("Give a FILE, or --device ID.")
    else:
        here = opened(sample)
        period = days(here, device or "", first, end)
        answer = battery.analyse(here, device or "", period, cutoff_v=cutoff_v, max_gap_s=max_gap)
    for one in answer.findings:
        click.echo(f"energydash: {one}", err=True)
    if answer.coverage and answer.coverage.sentence:
        click.echo(f"energydash: {answer.coverage.sentence}", err=True)
    emit(answer.to_json(), form, rows="cycles")


@click.command()
@click.option("--device", default="", help="Which battery; the only one by default.")
@click.option("--from", "first", help="First day (YYYY-MM-DD); thirty days by default.")
@click.option("--to", "end", help="Up to this day, exclusive.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("battery.html"),
    show_default=True,
    help="Where to write the page.",
)
@click.option("--sample", is_flag=True, help="The made-up battery.")
def report(device: str, first: str | None, end: str | None, out: Path, sample: bool) -> None:
    """One HTML page about a battery, with nothing in it that is loaded from elsewhere."""
    from energydash.answers import battery

    here = opened(sample)
    page = battery.battery_report(here, device, days(here, device, first, end))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(str(out))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--device", default="", help="Which battery; a new one is made where there is none.")
@click.option("--columns", default="", help="time=…,voltage=…,current=…")
@click.option("--no-create", is_flag=True, help="Do not make a new battery.")
def import_telemetry(files: tuple[Path, ...], device: str, columns: str, no_create: bool) -> None:
    """Battery telemetry: Aretas byrange JSON, Home Assistant history, CSV or Parquet."""
    from energydash.answers import battery
    from energydash.battery.mapping import parse_overrides
    from energydash.cli.sources import contents

    done = battery.import_telemetry(
        opened(False),
        [(path.name, contents(path)) for path in files],
        device,
        columns=parse_overrides(columns),
        create=not no_create,
    )
    for one in done:
        for found in one.findings:
            click.echo(f"energydash: {one.name}: {found}", err=True)
        made = " (new)" if one.created else ""
        click.echo(
            f"{one.name}: {one.kind}, {one.rows:,} values, {one.changed:,} new or changed, "
            f"{one.period} -> {one.device.id}{made}"
        )


def opened(sample: bool) -> Context:
    """This process's context; only sample data where those were asked for."""
    from dataclasses import replace

    from energydash.sync import context

    return replace(context.current(), sample=sample)


def days(here: Context, device: str, first: str | None, end: str | None) -> Period | None:
    """Local days of the battery's zone; None where neither end is given."""
    from energydash.answers import battery
    from energydash.core.time import Period, local_midnight, parse_day

    if not first and not end:
        return None
    chosen = battery.device_of(here, device)
    whole = battery.history(here, chosen.id)
    return Period(
        local_midnight(parse_day(first), chosen.zone) if first else whole.start,
        local_midnight(parse_day(end), chosen.zone) if end else here.now(),
    )
