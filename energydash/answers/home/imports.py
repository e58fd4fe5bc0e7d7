"""Importing files of readings: a preview first, then all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from energydash.answers.home.accounts import M3_NOTE, find_meters, new_id
from energydash.answers.home.edit import overrule_corrections
from energydash.core.errors import InputError
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.time import HALF_HOUR, LONDON, Period
from energydash.home.meters import Direction, Energy, Meter, Unit, same_meter
from energydash.sources.imports import Choices, MeterReadings, half_hours, header_of, read_readings
from energydash.sources.imports.contents import COLUMNS
from energydash.sources.tables import File, Unreadable
from energydash.sync import documents, gate
from energydash.sync.context import Context

T = TypeVar("T")

NOTHING = "Nothing was imported."

# A file without a meter's name is taken for another home's where more than this share of the
# half-hours that both have, and more than a day of them, differ by more than a Wh.
OTHER_HOME, OTHER_HOME_LEAST, SAME_WITHIN = 0.2, 48, 0.001


@dataclass(frozen=True)
class ImportedReadings:
    """One meter's readings of one file, and the meter that they go to."""

    readings: MeterReadings
    meter: Meter
    is_new: bool
    changed: int = 0

    @property
    def summary(self) -> str:
        """What the user reads about it, in one line."""
        found = self.readings
        parts = [f"{found.file}: {found.format}, {len(found.frame):,} half-hours"]
        if period := found.period:
            parts.append(f"{period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M} UTC")
        new = "new meter " if self.is_new else "meter "
        parts.append(f"{new}{self.meter.id} ({self.meter.name})")
        for count, what in (
            (_count(found.refused), "refused"),
            (found.repeated, "repeated"),
            (found.missing, "missing"),
            (found.zero_filled, "read as zero"),
        ):
            if count:
                parts.append(f"{count:,} {what}")
        return "; ".join(parts)


@dataclass(frozen=True)
class ReadingsImport:
    """What an import stored, or (stored is False) would store."""

    items: tuple[ImportedReadings, ...]
    stored: bool
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        return sum(_count(one.readings.refused) for one in self.items)


def _count(refused: Sequence[Finding]) -> int:
    """How many rows are refused: by the gate many at once."""
    return sum(max(1, one.count) for one in refused)


def import_readings(
    context: Context,
    files: Sequence[Path | File],
    meter: str = "",
    direction: str = "",
    unit: str = "",
    *,
    energy: str = "",
    create: bool = True,
    preview: bool = False,
    accept_refused: bool = False,
    zone: str = LONDON,
    absent: str = "auto",
    stamp: str = "auto",
    columns: str | Mapping[str, str] = "",
) -> ReadingsImport:
    """Import files of readings: all of them, or none where one cannot be read.

    meter: an id, label, MPAN or serial number; else the file's name or kind tells. create: make
    meters that are not known. preview: only say what would be done. accept_refused: import the
    good rows of files that have bad ones. zone, absent, stamp, columns: see `Choices`;
    columns as text are `time=NAME,value=NAME`.
    Raises: InputError, which says which file, line and column, and what to do.
    """
    choices = _choices(direction, unit, energy, zone, absent, stamp, columns)
    read = partial(read_readings, choices=choices)
    parsed = [_admitted(context, one) for file in files for one in whole(read, file)]
    if not parsed:
        raise InputError("There is no file to import.", remedy="Name at least one.")
    known = documents.meters(context.store)
    fixed = find_meters(context, meter) if meter and _is_known(context, meter) else []
    items: list[ImportedReadings] = []
    made: list[Meter] = []
    for one in parsed:
        alike = [] if fixed else [
            m for m in known if _fits(m, one) and _agrees(context, m, one, _given(items, m))
        ]  # fmt: skip
        chosen = fixed or [m for m in made if meter and _fits(m, one)]
        target, is_new = _target(one, known, alike, chosen, meter, create=create)
        if is_new:
            known.append(target)
            made.append(target)
        elif target not in known:  # a serial number was learned
            known = [target if old.id == target.id else old for old in known]
        items.append(ImportedReadings(one, target, is_new))
    if preview:
        return ReadingsImport(tuple(items), stored=False, notes=_notes(items))
    for item in items:
        _check_refused(item.readings, accept=accept_refused)
    return _store(context, items)


def whole(read: Callable[[File], T], file: Path | File) -> T:
    """What a reader finds in a file; its error says that nothing is kept."""
    try:
        return read(file if isinstance(file, File) else File.of(file))
    except Unreadable as error:
        raise InputError(error.message, remedy=f"{error.remedy} {NOTHING}".strip()) from error


def _admitted(context: Context, found: MeterReadings) -> MeterReadings:
    """Without the readings that cannot be; they are refused as rows that cannot be read are."""
    if found.period is None:
        return found
    feed = Meter("file", found.energy, found.direction, found.unit).feed("")
    answer, wrong = gate.admit(
        feed, Fetched(found.frame, found.period), found.period, context.now(), "this file"
    )
    if not wrong:
        return found
    said = tuple(replace(one, remedy="") for one in wrong)
    frame = answer.frame.dropna()
    return replace(
        found, frame=frame, refused=(*found.refused, *said), gaps=half_hours.gaps_of(frame)
    )


def _choices(
    direction: str,
    unit: str,
    energy: str,
    zone: str,
    absent: str,
    stamp: str,
    columns: str | Mapping[str, str],
) -> Choices:
    for value, known, what in (
        (direction, ("", *Direction), "direction"),
        (energy, ("", *Energy), "kind of energy"),
        (absent, ("auto", "zero", "missing"), "meaning of absent half-hours"),
        (stamp, ("auto", "start", "end"), "meaning of a time"),
    ):
        if value not in known:
            choices = ", ".join(str(one) for one in known if one)
            raise InputError(f"'{value}' is not a {what}.", remedy=f"Choose from {choices}.")
    return Choices(
        unit=unit,
        energy=Energy(energy) if energy else None,
        direction=Direction(direction) if direction else None,
        zone=zone,
        absent=absent,  # type: ignore[arg-type]  # checked above
        stamp=stamp,  # type: ignore[arg-type]
        columns=_named_columns(columns) if isinstance(columns, str) else columns,
    )


def _named_columns(text: str) -> dict[str, str]:
    """`time=When,value=Usage, kWh` as what each column is; a name may have commas."""
    pieces = re.split(rf",(?=\s*(?:{'|'.join(COLUMNS)})\s*=)", text) if text.strip() else []
    pairs = [piece.partition("=") for piece in pieces]
    if not all(equals and name.strip() for _, equals, name in pairs):
        raise InputError(f"'{text}' names no columns.", remedy="Write time=NAME,value=NAME.")
    return {word.strip(): name.strip() for word, _, name in pairs}


def columns_of(files: Sequence[Path | File]) -> tuple[str, ...]:
    """The names of the columns of every CSV among the files."""
    read = [file if isinstance(file, File) else File.of(file) for file in files]
    return tuple(dict.fromkeys(name for file in read for name in header_of(file) if name))


def _is_known(context: Context, meter: str) -> bool:
    return any(
        meter in (one.id, one.label, one.point, *one.serials)
        for one in documents.meters(context.store)
    )


def _target(
    found: MeterReadings,
    known: Sequence[Meter],
    alike: Sequence[Meter],
    fixed: Sequence[Meter],
    named: str,
    *,
    create: bool,
) -> tuple[Meter, bool]:
    """The meter that readings go to, and whether it is made for them.

    By the user's choice; by the point or id in the file's name; else the one meter of that kind
    whose readings do not contradict the file's (`alike`).
    """
    if fixed:
        fitting = [one for one in fixed if _fits(one, found)]
        if len(fitting) == 1:
            return fitting[0], False
        raise _misfit(found, fixed[0])
    if not named:
        if found.meter_id:
            same = next((one for one in known if one.id == found.meter_id), None)
            if same is not None:
                return _checked(same, found), False
        elif found.point:
            same = same_meter(known, found.point, found.direction)
            if same is not None:
                return _with_serial(_checked(same, found), found.serial), False
            other = next((one for one in known if one.point == found.point), None)
            if other is not None:
                raise _misfit(found, other)
        else:
            if len(alike) == 1:
                return alike[0], False
            if len(alike) > 1:
                names = ", ".join(f"{one.id} ({one.name})" for one in alike)
                raise InputError(
                    f"{found.file} may belong to any of {len(alike)} meters.",
                    remedy=f"Choose the meter (--meter), or name a new one: {names}. "
                    "Nothing was imported.",
                )
    if not create:
        raise InputError(
            f"The meter of {found.file} is not known.",
            remedy="Connect its account, name a known meter, or let it be created. Nothing was "
            "imported.",
        )
    made = _made(found, named)
    if made.name in {one.name for one in known}:  # of another home
        made = replace(made, label=f"{made.name}, {Path(found.file).stem}")
    return made, True


def _made(found: MeterReadings, named: str) -> Meter:
    """A new meter for a file's readings; a name of 13 digits is its MPAN, another its label."""
    is_point = named.isdigit() and len(named) >= 6
    label = found.label or f"{found.energy.value} {found.direction.value}".capitalize()
    return Meter(
        id=found.meter_id or new_id(),
        energy=found.energy,
        direction=found.direction,
        unit=found.unit,
        label=named if named and not is_point else label,
        point=named if is_point else found.point,
        serials=(found.serial,) if found.serial else (),
    )


def _fits(meter: Meter, found: MeterReadings) -> bool:
    return (meter.energy, meter.direction, meter.unit) == (
        found.energy,
        found.direction,
        found.unit,
    )


def _given(items: Sequence[ImportedReadings], meter: Meter) -> list[pd.DataFrame]:
    """What earlier files of this import have of a meter, the last one first."""
    return [one.readings.frame for one in reversed(items) if one.meter.id == meter.id]


def _agrees(
    context: Context, meter: Meter, found: MeterReadings, given: Sequence[pd.DataFrame]
) -> bool:
    """False where a meter has other readings in the file's time: then it is another home's.

    Revised readings differ too, but few of them; of files that come together, hardly any.
    """
    if found.period is None:
        return True
    feed = meter.feed(context.store.household())
    stored = context.store.read(feed, found.period, ("energy",))
    return _few_differ(stored, found.frame, OTHER_HOME_LEAST) and all(
        _few_differ(frame, found.frame, 0) for frame in given
    )


def _few_differ(one: pd.DataFrame, other: pd.DataFrame, least: int) -> bool:
    both = one.join(other, how="inner", rsuffix="_file").dropna()
    differ = int(((both["energy"] - both["energy_file"]).abs() > SAME_WITHIN).sum())
    return differ <= max(OTHER_HOME * len(both), least)


def _checked(meter: Meter, found: MeterReadings) -> Meter:
    if not _fits(meter, found):
        raise _misfit(found, meter)
    return meter


def _with_serial(meter: Meter, serial: str) -> Meter:
    if not serial or serial in meter.serials:
        return meter
    return replace(meter, serials=(serial, *meter.serials))


def _misfit(found: MeterReadings, meter: Meter) -> InputError:
    """The file is not this meter's: which of energy, direction and unit differs."""
    for ours, theirs, flag in (
        (meter.energy.value, found.energy.value, "energy"),
        (meter.direction.value, found.direction.value, "direction"),
        (meter.unit.value, found.unit.value, "unit"),
    ):
        if ours != theirs:
            return InputError(
                f"{found.file} is read as {theirs}, but meter '{meter.name}' is {ours}.",
                remedy=f"Choose another meter, or say the file's {flag}. Nothing was imported.",
            )
    return InputError(
        f"{found.file} may belong to several meters of that name.", remedy="Name one by its id."
    )


def _check_refused(found: MeterReadings, *, accept: bool) -> None:
    if found.refused and not accept:
        first = found.refused[0]
        others = _count(found.refused) - max(1, first.count)
        more = f" {others} more rows are like it." if others else ""
        raise InputError(
            f"{found.file}, {first}{more}",
            remedy="Mend the file, or import it without these rows. Nothing was imported.",
        )


def _store(context: Context, items: Sequence[ImportedReadings]) -> ReadingsImport:
    """Write meters and readings, all or nothing; the last file wins where two have the same
    half-hour."""
    done: dict[int, ImportedReadings] = {}
    with context.store.together():
        for meter in {item.meter.id: item.meter for item in items}.values():
            mine = {n: item for n, item in enumerate(items) if item.meter.id == meter.id}
            changed = _store_meter(context, meter, [one.readings.frame for one in mine.values()])
            for n, item in mine.items():
                done[n] = replace(item, meter=meter, changed=changed)
                changed = 0
    ordered = tuple(done[n] for n in range(len(items)))
    return ReadingsImport(ordered, stored=True, notes=_notes(ordered))


def _store_meter(context: Context, meter: Meter, frames: Sequence[pd.DataFrame]) -> int:
    """Write one meter and its readings; how many are new or other than before."""
    store, owner = context.store, context.store.household()
    joined = pd.concat(list(frames))
    joined = joined[~joined.index.duplicated(keep="last")].sort_index()
    store.put(owner, "meter", meter.id, meter.to_body())
    if joined.empty:
        return 0
    end = joined.index[-1].to_pydatetime() + HALF_HOUR
    covered = Period(joined.index[0].to_pydatetime(), end)
    # What a file says is not final: an account that is connected later is still asked.
    fetched = Fetched(joined, covered)
    changed = store.write(meter.feed(owner), fetched, fetched_at=context.now()).changed
    overrule_corrections(context, meter, joined)
    return changed


def _notes(items: Sequence[ImportedReadings]) -> tuple[str, ...]:
    said = [f"{item.readings.file}: {note}." for item in items for note in item.readings.notes]
    for item in items:
        meter = item.meter
        if meter.unit is Unit.M3 and not meter.calorific_values:
            said.append(M3_NOTE.format(name=meter.name))
    return tuple(dict.fromkeys(said))
