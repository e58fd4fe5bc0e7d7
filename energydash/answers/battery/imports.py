"""Telemetry files into the store, as a battery's readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from energydash.answers.battery.devices import new_id, save
from energydash.battery.devices import Device
from energydash.battery.telemetry import Telemetry, from_arrays, to_frame
from energydash.core.errors import InputError
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.time import DAY, Period, instant_of, micros
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sources.imports.telemetry import TelemetryFile
from energydash.sources.imports.telemetry_columns import NOTHING, Column, Said
from energydash.sync import batteries, documents, gate
from energydash.sync.batteries import EARLIEST
from energydash.sync.context import Context

PIECE_US: Final = 14 * 86_400_000_000


@dataclass(frozen=True)
class Imported:
    """What an import of one file did. findings: what was odd. columns: what each was taken for."""

    name: str
    kind: str
    device: Device
    created: bool
    rows: int
    changed: int
    period: Period
    channels: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    columns: tuple[Column, ...] = ()


def look_at(
    context: Context, files: Sequence[tuple[str, bytes]], device: str = "", said: Said = NOTHING
) -> tuple[TelemetryFile, ...]:
    """What the columns of files would be taken for by an import, and what must be said first.

    Raises InputError where a file cannot be read.
    """
    known = [one for one in documents.batteries(context.store) if device in (one.id, one.label)]
    said = _with_zone(said, known[0] if known else None)
    return tuple(telemetry_files.look(body, name, said) for name, body in files)


def import_telemetry(
    context: Context,
    files: Iterable[tuple[str, bytes]],
    device: str = "",
    *,
    said: Said = NOTHING,
    create: bool = True,
) -> tuple[Imported, ...]:
    """Keep the telemetry of files as readings of a battery; all of them or, on an error, none.

    device: an id or label; a new one is made where there is none (`create`), in the zone that is
    said of the files' times, or that a file says itself. Channels are kept
    as the file has them: the sign of charging is told by the state of charge, or set in the
    battery's description. Raises InputError.
    """
    target, is_new = _target(context, device, create)
    is_changed = False
    said = _with_zone(said, None if is_new else target)
    parsed = []
    for name, body in files:
        parsed.append(telemetry_files.read(body, name, said))
        del body  # a year of samples twice is much
    zone = said.zone or next((file.zone for file in parsed if file.zone), None)
    if is_new and zone:
        target = replace(target, zone=zone)
    for file in parsed:
        if file.relative:
            raise InputError(
                f"{file.name} has times from the start of each cycle, not instants.",
                remedy="Such a file can be analysed (battery analyse FILE), not stored.",
            )
    if target.method == "auto" and any(file.method == "hold" for file in parsed):
        target, is_changed = replace(target, method="hold"), True
    with context.store.together():
        if is_new or is_changed:
            save(context, target)
        done = tuple(_store(context, target, is_new, file) for file in parsed)
    batteries.derive(context, target, settle_anew=True)
    return done


def _store(context: Context, device: Device, is_new: bool, file: TelemetryFile) -> Imported:
    """Write one file's samples, a few weeks at a time: a year of channels, each on its own clock,
    has many rows."""
    cleaned = from_arrays(file.arrays)
    feed, now = device.feed(context.store.household()), context.now()
    first_us, last_us = _ends(cleaned, file.name)
    hours = (last_us - micros(now)) / 3.6e9
    if hours > gate.AHEAD / timedelta(hours=1):
        raise InputError(
            f"{file.name} reaches {hours:,.0f} h into the future: wrong times, or another zone.",
            remedy="Give times with an offset, or the battery's zone. Nothing was imported.",
        )
    believed = Period(EARLIEST, now + DAY)
    since = max(first_us, micros(EARLIEST))
    ends = [min(first_us, since), since, *range(since + PIECE_US, last_us, PIECE_US), last_us + 1]
    rows = changed = 0
    refused: dict[tuple[str, str], Finding] = {}
    kept: list[Period] = []
    for start_us, end_us in pairwise(ends):
        frame = to_frame(cleaned.between(start_us, end_us))
        answer, wrong = gate.admit(feed, Fetched(frame, believed), believed, now, file.name)
        for one in wrong:
            known = refused.get((one.kind, one.remedy))
            refused[one.kind, one.remedy] = (
                replace(known, count=known.count + one.count) if known else one
            )
        frame = answer.frame.dropna(how="all")
        if frame.empty:
            continue
        period = Period(instant_of(start_us), instant_of(end_us))
        written = context.store.write(
            feed,
            Fetched(frame, period),
            fetched_at=now,
            final_before=datetime.max.replace(tzinfo=UTC),
        )
        rows, changed = rows + written.rows, changed + written.changed
        kept.append(period)
    if not kept:
        why = next(iter(refused.values())).sentence if refused else ""
        raise InputError(f"{file.name} has no usable sample. {why}".strip())
    return Imported(
        file.name, file.kind, device, is_new, rows, changed, Period(kept[0].start, kept[-1].end),
        tuple(part for part, channel in cleaned.channels().items() if len(channel)),
        (*file.notes, *cleaned.faults, *refused.values()), file.columns,
    )  # fmt: skip


def _ends(found: Telemetry, name: str) -> tuple[int, int]:
    """The first and the last sample, or end of one. Raises InputError where there is none."""
    times = [channel.time_us for channel in found.channels().values() if len(channel)]
    if not times:
        raise InputError(f"{name} has no usable sample.")
    times += [ended for ended in found.ended.values() if len(ended)]
    return min(int(at[0]) for at in times), max(int(at[-1]) for at in times)


def _with_zone(said: Said, device: Device | None) -> Said:
    """Times without an offset are in the battery's zone where nobody says another one and it is
    not the one that a battery has by default."""
    if said.zone or device is None or device.zone == "UTC":
        return said
    return replace(said, zone=device.zone)


def _target(context: Context, device: str, create: bool) -> tuple[Device, bool]:
    """The battery that an import is for, and whether it is new."""
    known = documents.batteries(context.store)
    for one in known:
        if device in (one.id, one.label):
            return one, False
    if device == "" and len(known) == 1:
        return known[0], False
    if device == "" and known:
        raise InputError(
            "There are several batteries.",
            remedy=f"Say which: --device {' or '.join(one.id for one in known)}.",
        )
    if not create:
        raise InputError(f"There is no battery '{device}'.", remedy="Leave out --no-create.")
    return Device(id=new_id(), label=device or "Battery"), True
