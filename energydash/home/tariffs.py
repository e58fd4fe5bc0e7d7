"""Tariffs: what a kWh and a day cost, when, and which meter an agreement binds them to.

Two kinds of tariff share one pricing (`home/rate_cards.py`): those that Octopus publishes, known by
their code and kept as UTC intervals in the store's `rates`, and a `Tariff`, made by the user or
read from a file: time-of-day bands in local time, tiers, or an own half-hourly series. Prices are
exact decimals in pence.

A tariff applies to every meter of its energy and direction while it is valid. Where several would,
the first of these wins: a tariff bound to the meter, an account agreement, an unbound tariff.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations, count, pairwise
from typing import Any

from energydash.core.errors import InputError
from energydash.core.time import LONDON, iso_z, parse_day, parse_instant, zone_info
from energydash.home.bands import (
    EVERY_DAY,
    MINUTES_A_DAY,
    Band,
    band_body,
    band_from,
    bands_leave_gaps,
    bands_overlap,
    decimal,
    exact,
)
from energydash.home.meters import Direction, Energy

MOST_PENCE = 10_000  # that are believed, of a kWh and of a day; Agile's cap is 100 p/kWh
DOMESTIC_VAT_PERCENT = Decimal(5)  # VAT Notice 701/19: fuel and power for a home, reduced rate


class TierSpan(StrEnum):
    """What the energy of a tier is counted over, in local time."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Tier:
    """Above `above_kwh` within the tier's span, energy outside bands costs `rate` p/kWh."""

    above_kwh: Decimal
    rate: Decimal


@dataclass(frozen=True)
class RateInterval:
    """A price from one UTC instant to another; None is without end."""

    start: datetime | None
    end: datetime | None
    rate: Decimal


@dataclass(frozen=True)
class Tariff:
    """A tariff made by the user or read from a file.

    default_rate: p/kWh where neither an interval nor a band has a price; None leaves that energy
    unpriced. valid_from, valid_to: local days, the second excluded; None is without limit.
    prices_include_vat: what the rates and the standing charge are. intervals win over bands.
    band_zone: the zone of the bands' clock where it is not `zone` (Economy 7 keeps UTC).
    meter: the id of the one meter it is bound to, '' for every meter of its energy and direction.
    for_comparison: True where it prices nothing and is only compared with.
    """

    id: str
    label: str
    energy: Energy = Energy.ELECTRICITY
    direction: Direction = Direction.IMPORT
    default_rate: Decimal | None = None
    bands: tuple[Band, ...] = ()
    tiers: tuple[Tier, ...] = ()
    tier_span: TierSpan = TierSpan.MONTH
    intervals: tuple[RateInterval, ...] = field(default=(), repr=False)
    standing_p_per_day: Decimal = Decimal(0)
    valid_from: date | None = None
    valid_to: date | None = None
    prices_include_vat: bool = True
    vat_percent: Decimal = DOMESTIC_VAT_PERCENT
    meter: str = ""
    zone: str = LONDON
    band_zone: str = ""
    for_comparison: bool = False
    source: str = "user"

    def __post_init__(self) -> None:
        ordered = sorted(self.tiers, key=lambda tier: tier.above_kwh)
        object.__setattr__(self, "tiers", tuple(ordered))
        self._check()

    def _check(self) -> None:
        if not self.id or not self.label.strip():
            raise InputError("A tariff needs a name.", remedy="Give it one, such as 'Flux 2026'.")
        priced: tuple[Band | Tier | RateInterval, ...] = self.bands + self.tiers + self.intervals
        for price in (self.default_rate, self.standing_p_per_day, *(one.rate for one in priced)):
            if price is not None and abs(price) > MOST_PENCE:
                raise InputError(
                    f"Tariff '{self.label}' has a price of {price:g} p.",
                    remedy=f"More than {MOST_PENCE:,} p is not believed.",
                )
        zone_info(self.zone)
        zone_info(self.band_zone or self.zone)
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise InputError(
                f"Tariff '{self.label}' ends ({self.valid_to}) before it starts "
                f"({self.valid_from}).",
                remedy="The last day is not included: end it a day later.",
            )
        if self.tiers and self.default_rate is None:
            raise InputError(
                f"Tariff '{self.label}' has tiers and no default rate.",
                remedy="The default rate is the price below the first tier.",
            )
        if not (self.bands or self.intervals) and self.default_rate is None:
            raise InputError(
                f"Tariff '{self.label}' has no price.",
                remedy="Give it a default rate, or a rate for each part of the day.",
            )
        if not 0 <= self.vat_percent <= 100:
            raise InputError(f"Tariff '{self.label}' has a VAT of {self.vat_percent} %.")
        for band in self.bands:
            if not (
                0 <= band.start_minute < MINUTES_A_DAY and 0 < band.end_minute <= MINUTES_A_DAY
            ):
                raise InputError(
                    f"Tariff '{self.label}' has a band outside the day: {band}.",
                    remedy="Write times from 00:00 to 24:00.",
                )
            if not band.weekdays or not band.weekdays <= EVERY_DAY:
                raise InputError(f"Band {band} of tariff '{self.label}' is on no day of the week.")
        for first, second in combinations(self.bands, 2):
            if bands_overlap(first, second):
                raise InputError(
                    f"Two bands of tariff '{self.label}' overlap: {first} and {second}.",
                    remedy="Let one end where the other starts.",
                )
        if self.tiers and self.tiers[0].above_kwh < 0:
            raise InputError(f"A tier of tariff '{self.label}' starts below zero kWh.")
        intervals = sorted(self.intervals, key=lambda one: iso_z(one.start) if one.start else "")
        for before, after in pairwise(intervals):
            if before.end is None or after.start is None or before.end > after.start:
                at = iso_z(after.start) if after.start else "the beginning"
                raise InputError(
                    f"Two prices of tariff '{self.label}' overlap at {at}.",
                    remedy="Keep one price for each half-hour.",
                )
        object.__setattr__(self, "intervals", tuple(intervals))

    @property
    def has_gaps(self) -> bool:
        """True where some half-hour of some valid day has no price."""
        if self.default_rate is not None:
            return False
        return not self.bands or bands_leave_gaps(self.bands)

    def to_body(self) -> dict[str, Any]:
        """As a JSON document, prices as exact text."""
        return {
            "id": self.id,
            "label": self.label,
            "energy": self.energy.value,
            "direction": self.direction.value,
            "default_rate": None if self.default_rate is None else exact(self.default_rate),
            "bands": [band_body(band) for band in self.bands],
            "tiers": [
                {"above_kwh": exact(tier.above_kwh), "rate": exact(tier.rate)}
                for tier in self.tiers
            ],
            "tier_span": self.tier_span.value,
            "intervals": [
                {
                    "start": iso_z(one.start) if one.start else None,
                    "end": iso_z(one.end) if one.end else None,
                    "rate": exact(one.rate),
                }
                for one in self.intervals
            ],
            "standing_p_per_day": exact(self.standing_p_per_day),
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "prices_include_vat": self.prices_include_vat,
            "vat_percent": exact(self.vat_percent),
            "meter": self.meter,
            "zone": self.zone,
            "band_zone": self.band_zone,
            "for_comparison": self.for_comparison,
            "source": self.source,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Tariff:
        """From a JSON document; InputError says what cannot be used."""
        try:
            default = body.get("default_rate")
            return cls(
                id=str(body["id"]),
                label=str(body["label"]),
                energy=Energy(body.get("energy", Energy.ELECTRICITY)),
                direction=Direction(body.get("direction", Direction.IMPORT)),
                default_rate=None if default is None else decimal(default),
                bands=tuple(band_from(band) for band in body.get("bands", ())),
                tiers=tuple(
                    Tier(decimal(tier["above_kwh"]), decimal(tier["rate"]))
                    for tier in body.get("tiers", ())
                ),
                tier_span=TierSpan(body.get("tier_span", TierSpan.MONTH)),
                intervals=tuple(
                    RateInterval(
                        parse_instant(one["start"]) if one.get("start") else None,
                        parse_instant(one["end"]) if one.get("end") else None,
                        decimal(one["rate"]),
                    )
                    for one in body.get("intervals", ())
                ),
                standing_p_per_day=decimal(body.get("standing_p_per_day", "0")),
                valid_from=_day(body.get("valid_from")),
                valid_to=_day(body.get("valid_to")),
                prices_include_vat=bool(body.get("prices_include_vat", True)),
                vat_percent=decimal(body.get("vat_percent", DOMESTIC_VAT_PERCENT)),
                meter=str(body.get("meter", "")),
                zone=str(body.get("zone", LONDON)),
                band_zone=str(body.get("band_zone", "")),
                for_comparison=bool(body.get("for_comparison", False)),
                source=str(body.get("source", "user")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"A tariff cannot be read: {error}.") from error


@dataclass(frozen=True)
class Agreement:
    """What an account says: this meter is on this tariff from one instant to another.

    tariff: a published code such as E-1R-AGILE-24-10-01-C. payment_method: which of two prices
    applies where a tariff has both, such as DIRECT_DEBIT.
    """

    id: str
    meter: str
    tariff: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    payment_method: str = "DIRECT_DEBIT"

    def to_body(self) -> dict[str, Any]:
        """As a JSON document."""
        return {
            "id": self.id,
            "meter": self.meter,
            "tariff": self.tariff,
            "valid_from": iso_z(self.valid_from) if self.valid_from else None,
            "valid_to": iso_z(self.valid_to) if self.valid_to else None,
            "payment_method": self.payment_method,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Agreement:
        """From a JSON document."""
        try:
            return cls(
                id=str(body["id"]),
                meter=str(body["meter"]),
                tariff=str(body["tariff"]),
                valid_from=parse_instant(body["valid_from"]) if body.get("valid_from") else None,
                valid_to=parse_instant(body["valid_to"]) if body.get("valid_to") else None,
                payment_method=str(body.get("payment_method", "DIRECT_DEBIT")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"A tariff agreement cannot be read: {error}.") from error


@dataclass(frozen=True)
class TariffCode:
    """The parts of a published code: E-1R-AGILE-24-10-01-C."""

    energy: Energy
    register: str
    product: str
    region: str


# The energy letter and the register part may be absent; regions are A to P without I and O.
_CODE = re.compile(
    r"^(?:(?P<energy>[EG])-)?(?:(?P<register>1R|2R|FLAT2R|[34]R)-)?"
    r"(?P<product>[A-Z0-9][A-Z0-9-]*?)-(?P<region>[A-HJ-NP])$"
)


def parse_code(code: str) -> TariffCode:
    """The parts of a published tariff's code, or InputError."""
    found = _CODE.match(code.strip())
    if not found:
        raise InputError(
            f"'{code}' is not a tariff code.", remedy="It looks like E-1R-AGILE-24-10-01-C."
        )
    return TariffCode(
        Energy.GAS if found["energy"] == "G" else Energy.ELECTRICITY,
        found["register"] or "1R",
        found["product"],
        found["region"],
    )


def energy_of(code: str) -> Energy:
    """What a published code is for; electricity where it cannot be read."""
    try:
        return parse_code(code).energy
    except InputError:
        return Energy.ELECTRICITY


def region_letter(code: str) -> str:
    """The region of a published code; '' where it cannot be read."""
    try:
        return parse_code(code).region
    except InputError:
        return ""


def has_dispatches(code: str) -> bool:
    """True for Intelligent Octopus Go in all its names: it charges the car off-peak at any hour."""
    words = code.upper().split("-")
    return "IOG" in words or any(word.startswith("INTELLI") for word in words)


def sold_together(import_code: str, export_code: str) -> bool:
    """False for a pair of published codes that nobody can be on: Flux is sold both ways or not."""
    return _flux_family(import_code) == _flux_family(export_code)


def _flux_family(code: str) -> str:
    words = code.upper().split("-")
    if "FLUX" not in words:
        return ""
    return "intelligent flux" if any(word.startswith("INTELLI") for word in words) else "flux"


def take_in(
    known: Sequence[Tariff], incoming: Sequence[Tariff]
) -> tuple[dict[str, Tariff], set[str]]:
    """All tariffs by id after `incoming` came to the known ones, and the ids that those have.

    The same name, energy, direction, meter and first day is the same tariff: it takes the other's
    place. With another first day it is a tariff of its own, and of all that have one name each
    ends where the next starts. Raises: InputError where two that come are the same, but differ.
    """
    kept = {one.id: one for one in known}
    came: dict[str, Tariff] = {}
    for one in incoming:
        same = next((old for old in kept.values() if _identity(old) == _identity(one)), None)
        new = replace(one, id=same.id if same else _free_id(one, kept))
        if came.setdefault(new.id, new) != new:
            raise InputError(
                f"There are two tariffs '{one.label}' from the same day on.",
                remedy="Give one of them another name or another first day.",
            )
        kept[new.id] = new
        alike = [old for old in kept.values() if _identity(old)[1:] == _identity(new)[1:]]
        for earlier, later in pairwise(sorted(alike, key=lambda old: _identity(old)[0])):
            start = _identity(later)[0]
            if _identity(earlier)[0] < start < (earlier.valid_to or date.max):
                kept[earlier.id] = replace(earlier, valid_to=start)
    return kept, set(came)


def _identity(one: Tariff) -> tuple[date, str, Energy, Direction, str, bool]:
    since = one.valid_from or date.min
    return since, one.label, one.energy, one.direction, one.meter, one.for_comparison


def _free_id(tariff: Tariff, taken: Mapping[str, Tariff]) -> str:
    """Its own id, or where another has that, one with the direction and first day, or a number."""
    since = tariff.valid_from or "always"
    ids = chain(
        (tariff.id, f"{tariff.id}-{tariff.direction.value}-{since}"),
        (f"{tariff.id}-{number}" for number in count(2)),
    )
    return next(one for one in ids if one not in taken)


def check_together(tariffs: Sequence[Tariff]) -> None:
    """Refuse two applied tariffs that would price the same meter on the same day, naming both."""
    applied = [tariff for tariff in tariffs if not tariff.for_comparison]
    for first, second in combinations(applied, 2):
        if (first.energy, first.direction, first.meter) != (
            second.energy,
            second.direction,
            second.meter,
        ):
            continue
        start = max(first.valid_from or date.min, second.valid_from or date.min)
        end = min(first.valid_to or date.max, second.valid_to or date.max)
        if start < end:
            since = "" if start == date.min else f" from {start}"
            until = "" if end == date.max else f" to {end}"
            raise InputError(
                f"Tariffs '{first.label}' and '{second.label}' both apply to "
                f"{first.energy.value} {first.direction.value}{since}{until}.",
                remedy="End one where the other starts, bind one to a meter, or mark it as for "
                "comparison only.",
            )


def _day(value: object) -> date | None:
    return parse_day(str(value)) if value else None
