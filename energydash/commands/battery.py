"""`battery analyse`, `battery report`, `import telemetry`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from energydash.commands.output import emit, format_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--columns", default="", help="time=…,voltage=…,current=…,cycle=…")
@click.option("--discharge-sign", type=click.Choice(["-", "+"]), help="Of the current.")
@click.option("--cutoff-v", type=float, help="Discharges count down to this voltage.")
@click.option("--max-gap", type=float, help="Longer steps are gaps, in seconds.")
@click.option("--zone", help="Time zone of times without an offset.")
@format_option("json")
def analyse(
    file: Path,
    columns: str,
    discharge_sign: Literal["-", "+"] | None,
    cutoff_v: float | None,
    max_gap: float | None,
    zone: str | None,
    form: str,
) -> None:
    """Ah and kWh in and out, cycle by cycle, capacity with its error, efficiency."""
    from energydash.answers.battery_files import analyse_file
    from energydash.commands.sources import contents

    answer = analyse_file(
        contents(file),
        file.name,
        columns=columns,
        discharge_sign=discharge_sign,
        cutoff_v=cutoff_v,
        max_gap_s=max_gap,
        zone=zone,
    )
    for fault in answer.faults:
        click.echo(f"energydash: {fault.sentence} {fault.remedy}".rstrip(), err=True)
    emit(answer.to_json(), form, rows="cycles")
