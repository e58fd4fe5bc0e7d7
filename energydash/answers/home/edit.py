"""Changing what is known of a home: meters, tariffs, single readings. Validated, then kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.feeds import Fetched
from energydash.core.time import HALF_HOUR, Period
from energydash.home.bands import Band
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Tariff, check_together
from energydash.sync import documents
from energydash.sync.context import Context


@dataclass(frozen=True, eq=False)
class Removed:
    """What was changed or deleted, so that it can be put back."""

    meter: Meter
    period: Period
    frame: pd.DataFrame


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
    """Forget a meter with its readings; how many there were."""
    owner = context.store.household()
    ever = Period(datetime.fromisoformat("1990-01-01T00:00Z"), context.now() + HALF_HOUR)
    rows = context.store.delete(meter.feed(owner), ever)
    context.store.drop(owner, "meter", meter.id)
    for agreement in documents.agreements(context.store):
        if agreement.meter == meter.id:
            context.store.drop(owner, "agreement", agreement.id)
    return rows


def save_tariff(context: Context, *tariffs: Tariff) -> None:
    """Keep tariffs, all or none. Raises: InputError where two would price the same day."""
    known = {one.id: one for one in documents.tariffs(context.store)}
    for tariff in tariffs:
        known[tariff.id] = tariff
    check_together(list(known.values()))
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
    ended = [
        replace(one, valid_to=flux.valid_from)
        for one in documents.tariffs(context.store)
        if _runs_into(one, added[0])
    ]
    save_tariff(context, *ended, *added)
    return tuple(added)


def delete_readings(context: Context, meter: Meter, period: Period) -> Removed:
    """Delete a meter's readings in a period; the result puts them back."""
    feed = meter.feed(context.store.household())
    removed = Removed(meter, period, context.store.read(feed, period, ("energy",)))
    context.store.delete(feed, period)
    return removed


def correct_reading(context: Context, meter: Meter, at: datetime, value: float) -> Removed:
    """Put another value in the place of one half-hour's, in the meter's unit."""
    if value < 0:
        raise InputError("A reading is not below zero.", remedy="Export has a meter of its own.")
    period = Period(at, at + HALF_HOUR)
    feed = meter.feed(context.store.household())
    removed = Removed(meter, period, context.store.read(feed, period, ("energy",)))
    _write(context, meter, pd.DataFrame({"energy": [value]}, index=_index([at])), period)
    return removed


def undo(context: Context, removed: Removed) -> None:
    """Put back what `delete_readings` or `correct_reading` took away."""
    context.store.delete(removed.meter.feed(context.store.household()), removed.period)
    _write(context, removed.meter, removed.frame, removed.period)


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
