"""Meters: what is measured, in which direction and unit, and how a gas volume becomes energy.

A `Meter` is one meter point (MPAN or MPRN) in one direction. A replaced meter keeps its point and
so its id: its serial numbers follow one another, and a standing charge is counted once. The id is
local and random; the MPAN, serial numbers and account stay in the document and out of every repr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from energydash.core.errors import InputError
from energydash.core.feeds import Feed
from energydash.core.time import HALF_HOUR, LONDON, parse_day, zone_info

# Octopus publishes the day before at best, and sends late or revised readings days afterwards.
PUBLISHED_EVERY = timedelta(days=1)
REVISED_FOR = timedelta(days=14)

DEFAULT_CALORIFIC_VALUE = Decimal(40)  # MJ/m³; Great Britain's gas has about 37.5 to 43


class Energy(StrEnum):
    """What a meter measures."""

    ELECTRICITY = "electricity"
    GAS = "gas"


class Direction(StrEnum):
    """Which way the energy goes, seen from the home."""

    IMPORT = "import"
    EXPORT = "export"


class Unit(StrEnum):
    """What the readings are in."""

    KWH = "kWh"
    M3 = "m3"

    @property
    def symbol(self) -> str:
        """As it is printed: kWh, m³."""
        return "m³" if self is Unit.M3 else self.value


@dataclass(frozen=True)
class CalorificValue:
    """The energy of a cubic metre of gas, in MJ/m³, from the local day `valid_from` on."""

    mj_per_m3: Decimal
    valid_from: date | None = None


@dataclass(frozen=True)
class Meter:
    """One meter point in one direction.

    point: the MPAN or MPRN, '' where it is not known (a file import); private.
    serials: serial numbers, oldest first; private.
    account: the NAME of `[octopus.NAME]` in the settings, '' for the plain section or none.
    connected: True where that account is known to have it, so that its source can be asked.
    premises: which home of the account, in words such as "W1 1AA".
    region: letter of the grid supply point group, A to P; '' where unknown.
    calorific_values: sorted by `valid_from`; only for meters in m³.
    """

    id: str
    energy: Energy = Energy.ELECTRICITY
    direction: Direction = Direction.IMPORT
    unit: Unit = Unit.KWH
    label: str = ""
    point: str = field(default="", repr=False)
    serials: tuple[str, ...] = field(default=(), repr=False)
    zone: str = LONDON
    account: str = ""
    connected: bool = False
    premises: str = field(default="", repr=False)
    region: str = ""
    calorific_values: tuple[CalorificValue, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise InputError("A meter needs an id.")
        zone_info(self.zone)
        if self.energy is Energy.GAS and self.direction is Direction.EXPORT:
            raise InputError(f"Meter '{self.name}' cannot export gas.", remedy="Choose import.")
        if self.energy is Energy.ELECTRICITY and self.unit is Unit.M3:
            raise InputError(
                f"Meter '{self.name}' measures electricity, which has no m³.",
                remedy="Choose kWh, or gas.",
            )
        if any(value.mj_per_m3 <= 0 for value in self.calorific_values):
            raise InputError(
                f"A calorific value of meter '{self.name}' is not above zero.",
                remedy="Take it from the gas bill: about 37.5 to 43 MJ/m³.",
            )
        ordered = sorted(self.calorific_values, key=lambda v: v.valid_from or date.min)
        object.__setattr__(self, "calorific_values", tuple(ordered))

    @property
    def name(self) -> str:
        """What the user reads: the label, or what it measures."""
        return self.label or f"{self.energy.value} {self.direction.value}"

    @property
    def charge_point(self) -> str:
        """What a standing charge is counted once for: the point, else the meter itself."""
        return self.point or self.id

    def feed(self, owner: str) -> Feed:
        """The feed of this meter's half-hourly readings, in its own unit."""
        return Feed(
            source="octopus",
            subject=self.id,
            quantity="consumption",
            unit=self.unit.value,
            step=HALF_HOUR,
            zone=self.zone,
            cadence=PUBLISHED_EVERY,
            owner=owner,
            revises=REVISED_FOR,
            name=self.name,
        )

    def to_body(self) -> dict[str, Any]:
        """As a JSON document."""
        return {
            "id": self.id,
            "energy": self.energy.value,
            "direction": self.direction.value,
            "unit": self.unit.value,
            "label": self.label,
            "point": self.point,
            "serials": list(self.serials),
            "zone": self.zone,
            "account": self.account,
            "connected": self.connected,
            "premises": self.premises,
            "region": self.region,
            "calorific_values": [
                {
                    "mj_per_m3": str(value.mj_per_m3),
                    "valid_from": value.valid_from.isoformat() if value.valid_from else None,
                }
                for value in self.calorific_values
            ],
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Meter:
        """From a JSON document; InputError says which field cannot be used."""
        try:
            return cls(
                id=str(body["id"]),
                energy=Energy(body.get("energy", Energy.ELECTRICITY)),
                direction=Direction(body.get("direction", Direction.IMPORT)),
                unit=Unit(body.get("unit", Unit.KWH)),
                label=str(body.get("label", "")),
                point=str(body.get("point", "")),
                serials=tuple(str(serial) for serial in body.get("serials", ())),
                zone=str(body.get("zone", LONDON)),
                account=str(body.get("account", "")),
                connected=bool(body.get("connected", False)),
                premises=str(body.get("premises", "")),
                region=str(body.get("region", "")),
                calorific_values=tuple(
                    CalorificValue(
                        Decimal(str(value["mj_per_m3"])),
                        parse_day(value["valid_from"]) if value.get("valid_from") else None,
                    )
                    for value in body.get("calorific_values", ())
                ),
            )
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise InputError(f"A meter cannot be read: {error}.") from error


def places(meters: Sequence[Meter]) -> dict[str, str]:
    """Which home each meter is in, by the meter's id; meters of one home have the same text.

    A meter of files belongs to no account: it is in the one home that there is, where there is one.
    """
    texts = {one.id: f"{one.account} {one.premises}" for one in meters}
    loose = {one.id for one in meters if not (one.connected or one.account or one.premises)}
    homes = {text for key, text in texts.items() if key not in loose}
    only = dict.fromkeys(loose, homes.pop()) if len(homes) == 1 else {}
    return texts | only


def same_meter(meters: Sequence[Meter], point: str, direction: Direction) -> Meter | None:
    """The known meter of a point and direction; None where there is none."""
    return next((m for m in meters if m.point == point and m.direction is direction), None)
