"""Files of tariffs: our TOML and SolarDashboard's timeline; octopus_viz's config is beside it.

Prices become exact decimals in pence; octopus_viz's are pounds as paid, VAT in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from energydash.core.errors import InputError
from energydash.core.time import parse_day, parse_instant
from energydash.home.bands import Band, decimal
from energydash.home.meters import Direction, Energy
from energydash.home.tariffs import RateInterval, Tariff, parse_code
from energydash.sources.imports import octopus_viz
from energydash.sources.imports.contents import TariffFile, reading, slug
from energydash.sources.tables import File, read_json, text_of, trouble

TOML, TIMELINE = "energydash TOML", "tariff timeline"

# Economy 7's night on a smart meter, by UTC all year; the rest is day.
NIGHT = (30, 450)

_TARIFF_KEYS = frozenset(Tariff(id="x", label="x", default_rate=Decimal(0)).to_body())


def read_tariffs(file: File) -> TariffFile:
    """The tariffs and meters of a file; InputError says where it cannot be read."""
    with reading(file.name):
        return _read(file)


def _read(file: File) -> TariffFile:
    text = text_of(file)
    if not re.match(r"\s*(\{|\[\s*[{\]])", text):
        return _read_toml(file.name, text)
    data = octopus_viz.as_config(read_json(file, text, exact=True))
    if octopus_viz.is_config(data):
        return octopus_viz.read_config(file.name, data)
    if isinstance(data, dict) and isinstance(data.get("import_timeline"), dict):
        return _read_timeline(file.name, data)
    raise trouble(file.name, "it holds no tariffs", remedy="Readings are imported as readings.")


def _read_toml(file: str, text: str) -> TariffFile:
    """`[[tariff]]` tables with the fields of a tariff; prices in pence."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise trouble(file, f"it is neither JSON nor TOML ({error})") from error
    listed = data.get("tariff")
    if not isinstance(listed, list) or not listed:
        raise trouble(file, "it has no [[tariff]]")
    found = []
    for number, body in enumerate(listed, 1):
        place = f"tariff {number}" + (f" '{body['label']}'" if "label" in body else "")
        odd = sorted(set(body) - _TARIFF_KEYS)
        if odd:
            known = ", ".join(sorted(_TARIFF_KEYS))
            what = f"'{odd[0]}' is not a field"
            raise trouble(file, what, part=place, remedy=f"Fields are {known}.")
        if "label" not in body:
            raise trouble(file, "it has no label", part=place)
        whole = {"id": slug(str(body["label"])), "source": TOML, **_as_text(body)}
        try:
            found.append(Tariff.from_body(whole))
        except InputError as error:
            what = error.message.rstrip(".")
            raise trouble(file, what, part=place, remedy=error.remedy) from error
    return TariffFile(file, TOML, tuple(found))


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
                raise trouble(file, f"it lacks {error}", part=place) from error
            except InputError as error:
                what = error.message.rstrip(".")
                raise trouble(file, what, part=place, remedy=error.remedy) from error
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


def _as_text(value: Any) -> Any:
    """TOML's own dates and times as the texts of a tariff's document."""
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
