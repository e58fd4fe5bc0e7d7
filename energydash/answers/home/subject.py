"""Whose meters and tariffs an answer is about: the household's own, or the sample's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from energydash.core.errors import InputError
from energydash.core.time import LONDON, Period
from energydash.home.corrections import Correction
from energydash.home.meters import Energy, Meter
from energydash.home.tariffs import Agreement, Tariff
from energydash.sources import octopus
from energydash.sources.sample import household as sample
from energydash.sync import documents
from energydash.sync.context import Context

NOT_CONNECTED = "no Octopus account connected, nothing imported"
ASKED_FOR = "asked for"


@dataclass(frozen=True)
class Home:
    """The household's own documents, or the sample's: `sample_reason` says why."""

    meters: tuple[Meter, ...]
    tariffs: tuple[Tariff, ...]
    agreements: tuple[Agreement, ...]
    sample_reason: str = ""
    corrections: tuple[Correction, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # of published tariffs, by code

    @property
    def is_sample(self) -> bool:
        return bool(self.sample_reason)

    def ended(self, meter: Meter, now: datetime) -> datetime | None:
        """When a meter's last agreement ended (a home moved out of); None where one runs, or none
        is known."""
        ends = [one.valid_to for one in self.agreements if one.meter == meter.id]
        known = [end for end in ends if end]
        return max(known) if known and len(known) == len(ends) and max(known) <= now else None

    def meters_now(self, now: datetime) -> tuple[Meter, ...]:
        """The meters of the homes that are lived in."""
        return tuple(one for one in self.meters if self.ended(one, now) is None)

    def payment_method(self, meter: Meter) -> str:
        """How the meter's newest agreement is paid for; by direct debit where none is known."""
        agreed = [one for one in self.agreements if one.meter == meter.id]
        return agreed[-1].payment_method if agreed else "DIRECT_DEBIT"

    def corrected(self, meter: Meter, period: Period) -> tuple[Correction, ...]:
        """What the user put right of a meter's readings in a period."""
        mine = (one for one in self.corrections if one.meter == meter.id)
        return tuple(one for one in mine if one.period.intersect(period))


def home_of(context: Context) -> Home:
    """The household; the sample where that was asked for, or where nothing is configured."""
    if context.sample:
        return Home(sample.METERS, sample.TARIFFS, (), ASKED_FOR)
    meters, tariffs, agreements, corrections, names = documents.home(context.store)
    if not meters and context.sample_if_empty and not is_configured(context):
        return Home(sample.METERS, sample.TARIFFS, (), NOT_CONNECTED)
    return Home(tuple(meters), tuple(tariffs), tuple(agreements), "", tuple(corrections), names)


def tariff_name(context: Context, home: Home, tariff: str) -> str:
    """What the user reads for a tariff's id or code: its own name, or its product's where that is
    known."""
    own = next((one.label for one in home.tariffs if one.id == tariff), "")
    kept = own or home.names.get(tariff, "")
    return kept or octopus.product_name(context.settings, tariff) or tariff


def zone_of(context: Context) -> str:
    """The time zone of the home's days."""
    return next((one.zone for one in home_of(context).meters), LONDON)


def is_configured(context: Context) -> bool:
    """True where an Octopus key is in the settings."""
    return any(section.secret("api_key") for section in context.settings.named("octopus"))


def needs_connecting(context: Context) -> bool:
    """True where a key is configured and nothing is known yet of what its account has."""
    return not context.sample and is_configured(context) and not documents.meters(context.store)


def choose(home: Home, meter: str = "", energy: str = "") -> tuple[Meter, ...]:
    """The meters that are meant; electricity where nothing is said and there is any.

    meter: an id, label, MPAN or serial number. Raises: InputError for one that is none.
    """
    if meter:
        found = [
            one for one in home.meters if meter in (one.id, one.label, one.point, *one.serials)
        ]
        if not found:
            known = ", ".join(one.id for one in home.meters) or "none yet"
            raise InputError(f"There is no meter '{meter}'.", remedy=f"Known: {known}.")
        return tuple(found)
    if energy and energy not in list(Energy):
        raise InputError(f"'{energy}' is not an energy.", remedy="Choose electricity or gas.")
    kinds = {one.energy for one in home.meters}
    usual = Energy.ELECTRICITY if Energy.ELECTRICITY in kinds or not kinds else Energy.GAS
    wanted = Energy(energy) if energy else usual
    return tuple(one for one in home.meters if one.energy is wanted)
