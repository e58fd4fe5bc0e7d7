"""Importing files of tariffs, and the meters that stand beside them: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from energydash.answers.home.accounts import find_meters, new_id
from energydash.answers.home.imports import NOTHING, whole
from energydash.core.errors import InputError
from energydash.home.meters import Meter, same_meter
from energydash.home.tariffs import Tariff, check_together, take_in
from energydash.sources.imports.contents import FileMeter, TariffFile
from energydash.sources.imports.tariffs import read_tariffs
from energydash.sources.tables import File
from energydash.sync import documents
from energydash.sync.context import Context


@dataclass(frozen=True)
class TariffImport:
    """What an import of tariffs stored: tariffs that are new, changed, or as they were."""

    added: tuple[Tariff, ...]
    changed: tuple[Tariff, ...]
    unchanged: tuple[Tariff, ...]
    meters: tuple[Meter, ...] = ()
    notes: tuple[str, ...] = ()
    stored: bool = True


def import_tariffs(
    context: Context, files: Sequence[Path | File], meter: str = "", *, preview: bool = False
) -> TariffImport:
    """Import tariffs, and the meters that stand beside them; all of it or nothing.

    A tariff of a known name and first day takes the other's place; with another first day it
    comes beside it, and the earlier one ends where the later starts. meter: bind the tariffs to
    that meter alone.
    Raises: InputError where a file cannot be read, or where two tariffs would price the same
    meter on the same day.
    """
    read = [whole(read_tariffs, file) for file in files]
    if not read:
        raise InputError("There is no file to import.", remedy="Name at least one.")
    bound = find_meters(context, meter)[0] if meter else None
    known = {one.id: one for one in documents.tariffs(context.store)}
    incoming = [_bound(tariff, bound, file.file) for file in read for tariff in file.tariffs]
    kept, came = take_in(list(known.values()), incoming)
    check_together(list(kept.values()))
    meters = _listed_meters(context, read)
    added = tuple(one for key, one in kept.items() if key not in known)
    changed = tuple(one for key, one in kept.items() if key in known and known[key] != one)
    said = [f"{file.file}: {note}." for file in read for note in file.notes]
    said += [
        f"'{one.label}' of before ends on {one.valid_to}, where the next of its name starts."
        for one in changed
        if one.id not in came
    ]
    if not preview:
        store, owner = context.store, context.store.household()
        with store.together():
            for listed in meters:
                store.put(owner, "meter", listed.id, listed.to_body())
            for tariff in (*added, *changed):
                store.put(owner, "tariff", tariff.id, tariff.to_body())
    unchanged = tuple(kept[key] for key in kept if key in came and known.get(key) == kept[key])
    return TariffImport(added, changed, unchanged, tuple(meters), tuple(said), stored=not preview)


def _bound(tariff: Tariff, meter: Meter | None, file: str) -> Tariff:
    """The tariff, for that meter alone where one is given."""
    if meter is None:
        return tariff
    if (tariff.energy, tariff.direction) != (meter.energy, meter.direction):
        raise InputError(
            f"{file}: '{tariff.label}' is for {tariff.energy.value} {tariff.direction.value}, "
            f"but meter '{meter.name}' is {meter.energy.value} {meter.direction.value}.",
            remedy=f"Choose another meter. {NOTHING}",
        )
    return replace(tariff, meter=meter.id)


def _listed_meters(context: Context, files: Sequence[TariffFile]) -> list[Meter]:
    """The meters of config files that are not known yet."""
    known = documents.meters(context.store)
    added: list[Meter] = []
    listed: list[FileMeter] = [one for file in files for one in file.meters]
    for one in listed:
        if same_meter([*known, *added], one.point, one.direction) is not None:
            continue
        added.append(
            Meter(
                id=new_id(),
                energy=one.energy,
                direction=one.direction,
                unit=one.unit,
                label=one.label or f"{one.energy.value} {one.direction.value}".capitalize(),
                point=one.point,
                serials=(one.serial,) if one.serial else (),
            )
        )
    return added
