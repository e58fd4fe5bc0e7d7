"""Readings and tariffs as files that can be imported again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd

from energydash.answers.home.accounts import find_meters
from energydash.answers.home.pricing import read_meter
from energydash.answers.home.subject import home_of
from energydash.core.time import Period
from energydash.home.meters import Meter, Unit
from energydash.sources.imports import octopus_viz
from energydash.sources.tables import File
from energydash.sync import documents
from energydash.sync.context import Context

EVER = Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Exported:
    """Files to hand out, and a sentence for each thing that they cannot say."""

    files: tuple[File, ...]
    notes: tuple[str, ...] = ()


def export_readings(
    context: Context,
    meter: str = "",
    period: Period | None = None,
    *,
    as_octopus_viz: bool = False,
) -> Exported:
    """A file per meter: octopus_viz's cache format, or a CSV `start,end,kWh` in UTC."""
    home = replace(home_of(context), sample_reason="")
    files: list[File] = []
    notes: list[str] = []
    for one in find_meters(context, meter):
        frame = read_meter(context, home, one, period or EVER).data
        if frame.empty:
            notes.append(f"{one.name} has no readings in this period.")
            continue
        files.append(octopus_viz.write_readings(one, frame) if as_octopus_viz else _csv(one, frame))
    return Exported(tuple(files), tuple(notes))


def export_tariffs(context: Context) -> Exported:
    """The household's own tariffs and its meters, as octopus_viz's config file."""
    tariffs, meters = documents.tariffs(context.store), documents.meters(context.store)
    file, left_out = octopus_viz.write_tariffs(tariffs, meters)
    return Exported((file,), tuple(left_out))


def _csv(meter: Meter, frame: pd.DataFrame) -> File:
    starts = pd.DatetimeIndex(frame.index)
    written = "%Y-%m-%dT%H:%M:%SZ"
    unit = "kWh" if meter.unit is Unit.KWH else "m3"
    out = pd.DataFrame(
        {
            "start": starts.strftime(written),
            "end": (starts + pd.Timedelta(minutes=30)).strftime(written),
            f"{meter.energy.value} {meter.direction.value} ({unit})": frame["energy"].to_numpy(),
        }
    )
    return File(f"{meter.id}.csv", out.to_csv(index=False, lineterminator="\n").encode())
