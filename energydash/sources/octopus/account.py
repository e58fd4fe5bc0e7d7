"""An account as Octopus describes it: homes, meter points, meters and agreements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from energydash.core.errors import BadCredentials, NotFound
from energydash.core.settings import Section
from energydash.core.time import LONDON, parse_instant
from energydash.home.meters import Direction, Energy
from energydash.sources import http, parser
from energydash.sources.octopus import rest


@dataclass(frozen=True)
class TariffSpan:
    """A tariff that a meter point was on, `[valid_from, valid_to)`; None is without limit."""

    code: str
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True)
class MeterPoint:
    """A point where energy is metered. number (MPAN, MPRN) and serials (oldest first) are private.

    registers: how many the newest meter has; two is Economy 7.
    """

    energy: Energy
    direction: Direction
    number: str = field(repr=False)
    serials: tuple[str, ...] = field(repr=False)
    registers: int
    agreements: tuple[TariffSpan, ...]


@dataclass(frozen=True)
class Home:
    """One property of an account, and when it was lived in."""

    postcode: str = field(repr=False)
    moved_in: datetime | None
    moved_out: datetime | None
    points: tuple[MeterPoint, ...]


@parser("Octopus Energy")
def read_account(body: bytes) -> list[Home]:
    """The properties of an account, those moved out of too."""
    found = http.as_json(rest.NAME, body)
    if not isinstance(found, dict) or not isinstance(found.get("properties"), list):
        raise rest.lacks("properties", "an account")
    try:
        return [_home(one) for one in found["properties"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise rest.lacks(str(error).strip("'"), "an account") from error


def get_account(section: Section) -> bytes:
    """The account of a section; BadCredentials where the number is missing or not this key's."""
    number = section.text("account_number") or section.text("account")
    if not number:
        raise BadCredentials(
            rest.NAME,
            f"No account number for {rest.NAME} is configured beside the API key.",
            remedy="Add account_number to the section; it looks like A-1234ABCD.",
        )
    try:
        with rest.asking_with(section):
            return http.get(rest.NAME, f"{rest.BASE}accounts/{number}/", auth=rest.auth(section))
    except NotFound as error:
        raise NotFound(
            rest.NAME,
            f"{rest.NAME} knows no account of that number for this key (404).",
            remedy="Compare account_number with the one on your bill; it looks like A-1234ABCD.",
        ) from error


def _home(found: dict[str, Any]) -> Home:
    points = [_point(one, Energy.ELECTRICITY) for one in found["electricity_meter_points"]]
    points += [_point(one, Energy.GAS) for one in found.get("gas_meter_points") or ()]
    return Home(
        postcode=found.get("postcode") or "",
        moved_in=_instant(found.get("moved_in_at")),
        moved_out=_instant(found.get("moved_out_at")),
        points=tuple(points),
    )


def _point(found: dict[str, Any], energy: Energy) -> MeterPoint:
    meters = found.get("meters") or []
    registers = meters[-1].get("registers") if meters else None
    spans = [
        TariffSpan(one["tariff_code"], _instant(one["valid_from"]), _instant(one["valid_to"]))
        for one in found.get("agreements") or ()
    ]
    return MeterPoint(
        energy=energy,
        direction=Direction.EXPORT if found.get("is_export") else Direction.IMPORT,
        number=str(found["mpan"] if energy is Energy.ELECTRICITY else found["mprn"]),
        serials=tuple(dict.fromkeys(str(one["serial_number"]) for one in meters)),
        registers=len(registers) if registers else 1,
        agreements=tuple(
            sorted(spans, key=lambda s: s.valid_from.timestamp() if s.valid_from else 0)
        ),
    )


def _instant(text: str | None) -> datetime | None:
    """Octopus mixes Z and +01:00; a time without an offset is London's."""
    return parse_instant(text, LONDON) if text else None
