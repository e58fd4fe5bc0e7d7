"""`battery analyse`, `battery report`, `import telemetry`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from energydash.cli.output import emit, format_option, period_options, say, tell
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.answers.battery import By, Column
    from energydash.core.time import Period
    from energydash.sync.context import Context


def said_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--columns`, `--units`, `--zone`, `--dates`: what is said of files of telemetry."""
    for option in (
        click.option("--dates", type=click.Choice(["day-first", "month-first"]),
                     help="How 07/01/2026 is meant."),
        click.option("--zone", help="Time zone of times without an offset."),
        click.option("--units", default="", help="power=W,current=mA where the file is silent."),
        click.option("--columns", "--column", multiple=True,
                     help="time=…,voltage=…,current=…,power=…,soc=…; =none where there is none."),
    ):  # fmt: skip
        command = option(command)
    return command


def show_columns(name: str, columns: Sequence[Column]) -> None:
    """What each column is taken for, on standard error."""
    for one in columns:
        if one.channel:
            tell(f"{name}: {one}.")
    unused = [one.name for one in columns if not one.channel]
    if unused:
        tell(f"{name}: not used: {', '.join(unused)}.")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--device", default=None, help="A battery in the store instead of a file.")
@period_options(usual="With --device: all there is by default.")
@said_options
@click.option("--discharge-sign", type=click.Choice(["-", "+"]), help="Of the current.")
@click.option("--cutoff-v", type=float, help="Discharges count down to this voltage.")
@click.option(
    "--sensor-errors",
    default="",
    help="current=0.5,offset=0.05,voltage=0.2,soc=1 (%, A, %, points).",
)
@click.option("--max-gap", type=float, help="Longer steps are gaps, in seconds.")
@click.option("--sample", is_flag=True, help="The made-up battery.")
@format_option("json")
def analyse(
    file: Path | None,
    device: str | None,
    first: str | None,
    end: str | None,
    columns: tuple[str, ...],
    units: str,
    zone: str | None,
    dates: str | None,
    discharge_sign: Literal["-", "+"] | None,
    cutoff_v: float | None,
    sensor_errors: str,
    max_gap: float | None,
    sample: bool,
    form: str,
) -> None:
    """Cycle by cycle, with errors."""
    from energydash.answers import battery
    from energydash.battery.energy import parse_errors
    from energydash.cli.files import contents
    from energydash.serialise import battery as documents

    if file is not None:
        if device is not None or sample:
            raise InputError("Give a FILE or --device, not both.")
        said = battery.said_of(columns, units, zone, dates)
        answer = battery.analyse_telemetry(
            battery.read_telemetry(contents(file), file.name, said),
            discharge_sign=discharge_sign,
            cutoff_v=cutoff_v,
            max_gap_s=max_gap,
            errors=parse_errors(sensor_errors),
        )
        show_columns(file.name, answer.columns)
    elif device is None and not sample:
        raise InputError("Give a FILE, or --device ID.")
    else:
        here = opened(sample)
        period = days(here, device or "", first, end)
        answer = battery.analyse(
            here, device or "", period, cutoff_v=cutoff_v, max_gap_s=max_gap,
            errors=parse_errors(sensor_errors),
        )  # fmt: skip
    for one in answer.findings:
        tell(str(one))
    emit(documents.analysis(answer), form)


device_option = click.option("--device", default="", help="Which battery; the only one by default.")
sample_option = click.option("--sample", is_flag=True, help="The made-up battery.")


@click.command()
@sample_option
@format_option("table")
def batteries(sample: bool, form: str) -> None:
    from energydash.answers import battery
    from energydash.serialise import battery as documents

    emit(documents.batteries(battery.devices(opened(sample))), form)


@click.command("days")
@device_option
@period_options(usual="All there is by default.")
@sample_option
@format_option("json")
def by_day(device: str, first: str | None, end: str | None, sample: bool, form: str) -> None:
    from energydash.answers import battery
    from energydash.serialise import battery as documents

    here, chosen, period = asked(device, first, end, sample)
    emit(documents.days(battery.view(here, chosen, period)), form)


@click.command()
@device_option
@period_options(usual="All there is by default.")
@click.option("--by", type=click.Choice(["half-hour", "day", "month", "year"]), default="day")
@sample_option
@format_option("json")
def money(
    device: str, first: str | None, end: str | None, by: By, sample: bool, form: str
) -> None:  # fmt: skip
    from energydash.answers import battery
    from energydash.serialise import battery as documents

    here, chosen, period = asked(device, first, end, sample)
    emit(documents.money(battery.battery_money(here, chosen, period, by)), form)


@click.command()
@device_option
@sample_option
@format_option("json")
def health(device: str, sample: bool, form: str) -> None:
    from energydash.answers import battery
    from energydash.serialise import battery as documents

    emit(documents.health(battery.health(opened(sample), device)), form)


@click.command()
@device_option
@period_options(usual="All there is by default.")
@sample_option
@format_option("csv")
def channels(device: str, first: str | None, end: str | None, sample: bool, form: str) -> None:
    """Raw samples up to eight days, quarter-hours beyond."""
    from energydash.answers import battery
    from energydash.serialise import battery as documents

    here, chosen, period = asked(device, first, end, sample)
    emit(documents.traces(battery.traces(here, chosen, period)), form)


@click.command()
@device_option
@period_options(usual="Thirty days by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("battery.html"),
    show_default=True,
    help="Where to write the page.",
)
@click.option("--sample", is_flag=True, help="The made-up battery.")
def report(device: str, first: str | None, end: str | None, out: Path, sample: bool) -> None:
    """Nothing in it is loaded from elsewhere."""
    from energydash.answers import battery
    from energydash.cli.files import write

    here = opened(sample)
    page = battery.battery_report(here, device, days(here, device, first, end))
    write(out, page.encode())
    say(str(out))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--device", default="", help="Which battery; a new one is made where there is none.")
@said_options
@click.option("--no-create", is_flag=True, help="Do not make a new battery.")
@click.option("--yes", is_flag=True, help="Do not ask whether the columns are right.")
def import_telemetry(
    files: tuple[Path, ...],
    device: str,
    columns: tuple[str, ...],
    units: str,
    zone: str | None,
    dates: str | None,
    no_create: bool,
    yes: bool,
) -> None:
    """Also Home Assistant histories, Victron's VRM and spreadsheets.

    What each column is taken for is shown first. On a terminal it is asked whether that is right; a
    column that may be several things has to be named in any case.
    """
    from energydash.answers import battery
    from energydash.cli.files import contents

    here, said = opened(False), battery.said_of(columns, units, zone, dates)
    asks = not yes and sys.stdin.isatty()
    if asks:
        for path in files:
            (seen,) = battery.look_at(here, [(path.name, contents(path))], device, said)
            show_columns(seen.name, seen.columns)
        click.confirm("Is that right?", abort=True, err=True)
    given = ((path.name, contents(path)) for path in files)
    done = battery.import_telemetry(here, given, device, said=said, create=not no_create)
    for one in done:
        if not asks:
            show_columns(one.name, one.columns)
        for finding in one.findings:
            tell(f"{one.name}: {finding}")
        made = " (new)" if one.created else ""
        say(
            f"{one.name}: {one.kind}, {one.rows:,} values, {one.changed:,} new or changed, "
            f"{one.period} -> {one.device.id}{made}"
        )


def opened(sample: bool) -> Context:
    """This process's context; only sample data where those were asked for."""
    from dataclasses import replace

    from energydash.sync import context

    return replace(context.current(), sample=sample)


def asked(
    device: str, first: str | None, end: str | None, sample: bool
) -> tuple[Context, str, Period]:
    """The context, the battery's id and the period; all that there is where no end is given."""
    from energydash.answers import battery

    here = opened(sample)
    chosen = battery.device_of(here, device).id
    return here, chosen, days(here, chosen, first, end) or battery.history(here, chosen)


def days(here: Context, device: str, first: str | None, end: str | None) -> Period | None:
    """Moments of the battery's zone; None where neither end is given."""
    from energydash.answers import battery
    from energydash.core import bounds

    if not first and not end:
        return None
    chosen = battery.device_of(here, device)
    whole = battery.history(here, chosen.id)
    since = first or max(whole.start, bounds.FLOOR).isoformat()
    return bounds.period_of(since, end, chosen.zone, here.now(), longest=bounds.BATTERY)
