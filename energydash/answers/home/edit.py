"""Changing what is known of a home: meters, tariffs, single readings. Validated, then kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import pandas as pd

from energydash.answers.home.pricing import read_meter
from energydash.answers.home.subject import home_of
from energydash.core.errors import InputError
from energydash.core.feeds import Fetched
from energydash.core.time import DAY, HALF_HOUR, Period, grid
from energydash.home.bands import Band
from energydash.home.corrections import Correction
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Tariff, check_together, take_in
from energydash.sync import documents
from energydash.sync.context import Context


@dataclass(frozen=True, eq=False)
class Removed:
    """What was changed or deleted, so that it can be put back. corrections: those before."""

    meter: Meter
    period: Period
    frame: pd.DataFrame
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True)
class Flux:
    """Octopus Flux as its form asks for it: pence with VAT, low 02-05, peak 16-19 local."""

    name: str
    valid_from: date
    import_rates: tuple[Decimal, Decimal, Decimal]
    export_rates: tuple[Decimal, Decimal, Decimal]
    standing_p_per_day: Decimal


def own_meters(context: Context) -> list[Meter]:
    """The household's meters, never the sample's."""
    return documents.meters(context.store)


def own_tariffs(context: Context) -> list[Tariff]:
    """The tariffs that the household made or imported, never the sample's."""
    return documents.tariffs(context.store)


def save_meter(context: Context, meter: Meter) -> None:
    """Keep a meter's document. Raises: InputError where its point is another meter's."""
    for other in documents.meters(context.store):
        same = other.point and other.point == meter.point and other.direction is meter.direction
        if same and other.id != meter.id:
            raise InputError(
                f"'{other.name}' already has this meter point.",
                remedy="Change that one, or delete it first.",
            )
    context.store.put(context.store.household(), "meter", meter.id, meter.to_body())


def delete_meter(context: Context, meter: Meter) -> int:
    """Forget a meter with all that is known of it; how many readings there were."""
    store, owner = context.store, context.store.household()
    rows = store.drop_feed(meter.feed(owner))
    store.drop(owner, "meter", meter.id)
    store.drop(owner, documents.EARLIER, meter.id)
    for agreement in documents.agreements(store):
        if agreement.meter == meter.id:
            store.drop(owner, "agreement", agreement.id)
    for tariff in documents.tariffs(store):
        if tariff.meter == meter.id:
            store.drop(owner, "tariff", tariff.id)
    for correction in documents.corrections(store):
        if correction.meter == meter.id:
            store.drop(owner, documents.CORRECTION, correction.id)
    return rows


def save_tariff(context: Context, *tariffs: Tariff) -> None:
    """Keep tariffs, all or none. Raises: InputError where two would price the same day."""
    known = {one.id: one for one in documents.tariffs(context.store)}
    for tariff in tariffs:
        known[tariff.id] = tariff
    check_together(list(known.values()))
    with context.store.together():
        for tariff in tariffs:
            context.store.put(context.store.household(), "tariff", tariff.id, tariff.to_body())


def delete_tariff(context: Context, tariff: str) -> None:
    """Forget a tariff; what it priced is unpriced from then on."""
    context.store.drop(context.store.household(), "tariff", tariff)


def add_flux(context: Context, flux: Flux) -> tuple[Tariff, ...]:
    """Both Flux tariffs from a day on; those that ran on to that day end there.

    Raises: InputError where another tariff starts later, or the name is empty.
    """
    added = [
        Tariff(
            id=f"{flux.name.strip().lower().replace(' ', '-')}-{way.value}",
            label=f"{flux.name} {way.value}".strip(),
            direction=way,
            default_rate=day,
            bands=(Band(low, 120, 300, label="low"), Band(peak, 960, 1140, label="peak")),
            standing_p_per_day=flux.standing_p_per_day if way is Direction.IMPORT else Decimal(0),
            valid_from=flux.valid_from,
        )
        for way, (low, day, peak) in (
            (Direction.IMPORT, flux.import_rates),
            (Direction.EXPORT, flux.export_rates),
        )
    ]
    if not flux.name.strip():
        raise InputError("The tariff needs a name.", remedy="Such as 'Flux April 2026'.")
    known = documents.tariffs(context.store)
    ended = [replace(one, valid_to=flux.valid_from) for one in known if _runs_into(one, added[0])]
    kept, ids = take_in(list({one.id: one for one in (*known, *ended)}.values()), added)
    new = tuple(one for key, one in kept.items() if key in ids)
    save_tariff(context, *(kept[one.id] for one in ended), *new)
    return new


def local_half_hours(day: date, zone: str) -> list[tuple[str, datetime]]:
    """The half-hours of a local day by what the clock shows: 46, 48 or 50 of them.

    What comes twice when clocks go back is told apart by its offset.
    """
    starts = grid(Period.local_days(day, day + DAY, zone), HALF_HOUR).tz_convert(zone)
    shown = starts.strftime("%H:%M")
    twice = set(shown[shown.duplicated()])
    return [
        (f"{text} ({at.tzname()})" if text in twice else text, at.tz_convert("UTC").to_pydatetime())
        for text, at in zip(shown, starts, strict=True)
    ]


def reading_at(context: Context, meter: Meter, at: datetime) -> float | None:
    """A half-hour's reading as it counts now, in the meter's unit; None where there is none."""
    found = read_meter(context, home_of(context), meter, Period(at, at + HALF_HOUR)).data["energy"]
    return float(found.iloc[0]) if len(found) else None


def delete_readings(context: Context, meter: Meter, period: Period) -> Removed:
    """Delete a meter's readings in a period; the result puts them back.

    They stay deleted where the upstream sends the same again.
    """
    frame = read_meter(context, home_of(context), meter, period).data
    context.store.delete(meter.feed(context.store.household()), period)
    return _corrected(context, meter, period, frame, dict.fromkeys(_instants(frame)))


def correct_reading(context: Context, meter: Meter, at: datetime, value: float) -> Removed:
    """Put another value in the place of one half-hour's, in the meter's unit.

    It stays where the upstream repeats the old one.
    """
    if value < 0:
        raise InputError("A reading is not below zero.", remedy="Export has a meter of its own.")
    period = Period(at, at + HALF_HOUR)
    frame = read_meter(context, home_of(context), meter, period).data
    _write(context, meter, pd.DataFrame({"energy": [value]}, index=_index([at])), period)
    return _corrected(context, meter, period, frame, {period.start: value})


def _corrected(
    context: Context,
    meter: Meter,
    period: Period,
    frame: pd.DataFrame,
    new: Mapping[datetime, float | None],
) -> Removed:
    """Keep what was put in the place of `frame`, unless that was nothing at all.

    What was put right before in these half-hours gives way, and says what it took the place of.
    """
    old = dict(zip(_instants(frame), frame["energy"].tolist(), strict=True))
    before = home_of(context).corrected(meter, period)
    old |= {at: was for one in before for at, was, _ in one.values}
    forget_corrections(context, meter, period)
    kept = [
        Correction(meter.id, values)
        for one in before
        if (values := tuple(value for value in one.values if value[0] not in new))
    ]
    values = tuple((at, old.get(at), value) for at, value in sorted(new.items()))
    _keep(context, *kept, *([Correction(meter.id, values)] if values else []))
    return Removed(meter, period, frame, before)


def _keep(context: Context, *corrections: Correction) -> None:
    owner = context.store.household()
    for one in corrections:
        context.store.put(owner, documents.CORRECTION, one.id, one.to_body())


def undo(context: Context, removed: Removed) -> None:
    """Put back what `delete_readings` or `correct_reading` took away."""
    forget_corrections(context, removed.meter, removed.period)
    _keep(context, *removed.corrections)
    context.store.delete(removed.meter.feed(context.store.household()), removed.period)
    _write(context, removed.meter, removed.frame, removed.period)


def overrule_corrections(context: Context, meter: Meter, frame: pd.DataFrame) -> None:
    """Drop what was put right where a file says something else: it has the last word there.

    What it does not say (a reading that was deleted), or says too, stays put right.
    """
    said = dict(zip(_instants(frame), frame["energy"].tolist(), strict=True))
    for one in documents.corrections(context.store):
        kept = tuple(value for value in one.values if said.get(value[0], value[2]) == value[2])
        if one.meter == meter.id and kept != one.values:
            context.store.drop(context.store.household(), documents.CORRECTION, one.id)
            _keep(context, *([Correction(meter.id, kept)] if kept else []))


def forget_corrections(context: Context, meter: Meter, period: Period) -> None:
    """Drop what was put right in a period."""
    for one in documents.corrections(context.store):
        if one.meter == meter.id and one.period.intersect(period):
            context.store.drop(context.store.household(), documents.CORRECTION, one.id)


def _instants(frame: pd.DataFrame) -> list[datetime]:
    return [at.to_pydatetime() for at in pd.DatetimeIndex(frame.index)]


def _write(context: Context, meter: Meter, frame: pd.DataFrame, period: Period) -> None:
    feed = meter.feed(context.store.household())
    context.store.write(feed, Fetched(frame, period), fetched_at=context.now())


def _index(instants: list[datetime]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(instants, name="time").tz_convert("UTC").as_unit("us")


def _runs_into(old: Tariff, new: Tariff) -> bool:
    """True where an old tariff would still price a day that the new ones price."""
    return (
        not old.for_comparison
        and not old.meter
        and old.energy is new.energy
        and new.valid_from is not None
        and (old.valid_from is None or old.valid_from < new.valid_from)
        and (old.valid_to is None or old.valid_to > new.valid_from)
    )
