"""Files of tariffs: octopus_viz's config JSON, our TOML, and SolarDashboard's timeline.

Prices become exact decimals in pence; octopus_viz's are pounds as paid, VAT in.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from energydash.core.errors import InputError
from energydash.core.time import parse_day, parse_instant
from energydash.home.bands import Band, clock_minutes, decimal
from energydash.home.meters import Direction, Energy, Unit
from energydash.home.tariffs import RateInterval, Tariff, parse_code
from energydash.sources.imports.parsed import UNITS, Upload, unreadable
from energydash.sources.imports.records import VIZ_UNITS
from energydash.sources.imports.tables import json_trouble, text_of

VIZ, TOML, TIMELINE = "octopus_viz config", "energydash TOML", "tariff timeline"

# Economy 7's night on a smart meter, by UTC all year; the rest is day.
NIGHT = (30, 450)

_TARIFF_KEYS = frozenset(Tariff(id="x", label="x", default_rate=Decimal(0)).to_body())


@dataclass(frozen=True)
class FileMeter:
    """A meter that a config file lists; point and serial are private."""

    energy: Energy
    direction: Direction
    unit: Unit
    point: str = field(repr=False)
    serial: str = field(repr=False)
    label: str = ""


@dataclass(frozen=True)
class TariffFile:
    """The tariffs and meters of a file, and what the user should know about it."""

    file: str
    format: str
    tariffs: tuple[Tariff, ...]
    meters: tuple[FileMeter, ...] = ()
    notes: tuple[str, ...] = ()


def read_tariffs(upload: Upload) -> TariffFile:
    """The tariffs of a file; InputError says where it cannot be read."""
    text = text_of(upload)
    if not re.match(r"\s*(\{|\[\s*[{\]])", text):
        return _read_toml(upload, text)
    try:
        data = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise json_trouble(upload.name, error) from error
    if isinstance(data, dict) and isinstance(data.get("tariffs"), dict):
        return _read_viz(upload.name, data)
    if isinstance(data, dict) and isinstance(data.get("import_timeline"), dict):
        return _read_timeline(upload.name, data)
    raise unreadable(upload.name, "", "it holds no tariffs", "Readings are imported as readings.")


def slug(name: str) -> str:
    """A tariff's id from its name."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


def _read_viz(file: str, data: dict[str, Any]) -> TariffFile:
    """octopus_viz: `tariffs` by name with unit, currency, dates and rates in pounds as paid; and
    `meters`, whose common fields stand once beside the list."""
    tariffs = tuple(_viz_tariff(file, name, one) for name, one in data["tariffs"].items())
    meters, notes = _viz_meters(file, data.get("meters"))
    return TariffFile(file, VIZ, tariffs, meters, notes)


def _viz_tariff(file: str, name: str, found: Any) -> Tariff:
    place = f"tariff '{name}'"
    try:
        unit = found["unit"]
        rates = found["rates"]
    except (KeyError, TypeError) as error:
        raise unreadable(file, place, f"it has no {error}") from error
    if unit not in VIZ_UNITS:
        raise unreadable(file, place, f"'{unit}' is not a unit of octopus_viz")
    if found.get("currency", "GBP") != "GBP":
        raise unreadable(file, place, f"its currency is {found['currency']}, only GBP is read")
    energy, direction, _ = VIZ_UNITS[unit]
    try:
        default = found.get("default_rate")
        return Tariff(
            id=slug(name),
            label=name,
            energy=energy,
            direction=direction,
            default_rate=None if default is None else decimal(default) * 100,
            bands=tuple(
                Band(
                    rate=decimal(rate["rate"]) * 100,
                    start_minute=clock_minutes(str(rate["interval_start"])),
                    end_minute=clock_minutes(str(rate["interval_end"]), is_end=True),
                )
                for rate in rates
            ),
            valid_from=_day(found.get("valid_from")),
            valid_to=_day(found.get("valid_until")),
            source=VIZ,
        )
    except (KeyError, TypeError) as error:
        raise unreadable(file, place, f"a rate has no {error}") from error
    except InputError as error:
        raise unreadable(file, place, error.message.rstrip("."), error.remedy) from error


def _viz_meters(file: str, block: Any) -> tuple[tuple[FileMeter, ...], tuple[str, ...]]:
    if block is None:
        return (), ()
    listed = block.get("meters") if isinstance(block, dict) else block
    if not isinstance(listed, list):
        raise unreadable(file, "meters", "it has no list of meters")
    common = {k: v for k, v in block.items() if k != "meters"} if isinstance(block, dict) else {}
    found, has_key = [], False
    for number, one in enumerate(listed, 1):
        fields = {**common, **one}
        unit = fields.get("unit")
        if unit not in VIZ_UNITS:
            raise unreadable(file, f"meter {number}", f"'{unit}' is not a unit of octopus_viz")
        energy, direction, written = VIZ_UNITS[unit]
        point = fields.get("meter_id") or fields.get("mpan") or fields.get("mprn")
        if not point:
            raise unreadable(file, f"meter {number}", "it has no mpan or mprn")
        has_key = has_key or bool(fields.get("api_key"))
        found.append(
            FileMeter(
                energy,
                direction,
                UNITS[written][0],
                str(point),
                str(fields.get("serial") or ""),
                str(fields.get("alias") or ""),
            )
        )
    said = "its API key is not kept: put it in [octopus] of secrets.toml as api_key"
    return tuple(found), (said,) if has_key else ()


def _read_toml(upload: Upload, text: str) -> TariffFile:
    """`[[tariff]]` tables with the fields of a tariff; prices in pence."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise unreadable(upload.name, "", f"it is neither JSON nor TOML ({error})") from error
    listed = data.get("tariff")
    if not isinstance(listed, list) or not listed:
        raise unreadable(upload.name, "", "it has no [[tariff]]")
    found = []
    for number, body in enumerate(listed, 1):
        place = f"tariff {number}" + (f" '{body['label']}'" if "label" in body else "")
        odd = sorted(set(body) - _TARIFF_KEYS)
        if odd:
            known = ", ".join(sorted(_TARIFF_KEYS))
            raise unreadable(
                upload.name, place, f"'{odd[0]}' is not a field", f"Fields are {known}."
            )
        if "label" not in body:
            raise unreadable(upload.name, place, "it has no label")
        whole = {"id": slug(str(body["label"])), "source": TOML, **_as_text(body)}
        try:
            found.append(Tariff.from_body(whole))
        except InputError as error:
            raise unreadable(upload.name, place, error.message.rstrip("."), error.remedy) from error
    return TariffFile(upload.name, TOML, tuple(found))


def _read_timeline(file: str, data: dict[str, Any]) -> TariffFile:
    """SolarDashboard's `import_timeline` and `export_timeline`: periods with dated prices.

    Prices are pence, VAT in. Some that were typed in by hand are pounds: below 1 p for a day's
    standing charge of less than a penny they cannot be pence, and are said, not corrected.
    """
    found: list[Tariff] = []
    notes: list[str] = []
    for name in ("import_timeline", "export_timeline"):
        timeline = data.get(name) or {}
        direction = Direction.EXPORT if name.startswith("export") else Direction.IMPORT
        for number, period in enumerate(timeline.get("periods") or (), 1):
            place = f"{name} period {number}"
            try:
                tariff = _timeline_tariff(period, direction)
            except (KeyError, TypeError, IndexError, ValueError) as error:
                raise unreadable(file, place, f"it lacks {error}") from error
            except InputError as error:
                raise unreadable(file, place, error.message.rstrip("."), error.remedy) from error
            found.append(tariff)
            if 0 < tariff.standing_p_per_day < 1:
                notes.append(f"{place} ({tariff.label}): its prices look like pounds, not pence")
    return TariffFile(file, TIMELINE, tuple(found), notes=tuple(notes))


def _timeline_tariff(period: Mapping[str, Any], direction: Direction) -> Tariff:
    code = str(period["tariff_code"])
    first = parse_day(period["start_date"])
    until = parse_day(period["end_date"]) + timedelta(days=1) if period.get("end_date") else None
    rates = period["rates"]
    by_type = {str(rate.get("rate_type", "standard")): rate for rate in rates}
    standing = period.get("standing_charges") or ()
    bands: tuple[Band, ...] = ()
    default: Decimal | None = None
    intervals: tuple[RateInterval, ...] = ()
    if {"day", "night"} <= set(by_type):
        night = decimal(by_type["night"]["value_inc_vat"])
        bands = (Band(night, *NIGHT, label="night"),)
        default = decimal(by_type["day"]["value_inc_vat"])
    elif len(rates) == 1:
        default = decimal(rates[0]["value_inc_vat"])
    else:
        intervals = tuple(
            RateInterval(
                parse_instant(rate["valid_from"]),
                parse_instant(rate["valid_to"]) if rate.get("valid_to") else None,
                decimal(rate["value_inc_vat"]),
            )
            for rate in rates
        )
    return Tariff(
        id=slug(code),
        label=f"{period.get('display_name') or code} from {first}",
        energy=_energy(code),
        direction=direction,
        default_rate=default,
        bands=bands,
        intervals=intervals,
        standing_p_per_day=decimal(standing[0]["value_inc_vat"]) if standing else Decimal(0),
        valid_from=first,
        valid_to=until,
        band_zone="UTC" if bands else "",
        source=TIMELINE,
    )


def _energy(code: str) -> Energy:
    try:
        return parse_code(code).energy
    except InputError:  # a code that somebody made up: those of gas begin with G too
        return Energy.GAS if code.startswith("G-") else Energy.ELECTRICITY


def _day(value: object) -> date | None:
    """The day of `2023-07-01` or of a time on that day."""
    return parse_day(str(value)[:10]) if value else None


def _as_text(value: Any) -> Any:
    """TOML's own dates and times as the texts of a tariff's document."""
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
