"""octopus_viz's files, read and written: readings as JSON lines, tariffs and meters as a config.

What is imported again is what was exported. The tool has two kinds of lines: those of its cache
(`unit` in each, the meter in the file's name) and those of `data_ingestion --debug-filename`
(`mpan`, `serial` and `direction` in each, several meters in one file, and no unit).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.time import parse_day
from energydash.home.bands import MINUTES_A_DAY, Band, clock_minutes, clock_text, decimal
from energydash.home.meters import Direction, Energy, Meter, Unit
from energydash.home.tariffs import Tariff
from energydash.sources.imports.contents import (
    NO_SERIAL,
    UNITS,
    Choices,
    FileMeter,
    MeterReadings,
    TariffFile,
    slug,
)
from energydash.sources.imports.half_hours import half_hours
from energydash.sources.imports.octopus import rows_of
from energydash.sources.tables import File, read_json, trouble

CACHE, CONFIG = "octopus_viz cache", "octopus_viz config"

# octopus_viz's unit -> what is metered, which way, and the unit.
VIZ_UNITS = {
    "electricity_importing_kwh": (Energy.ELECTRICITY, Direction.IMPORT, "kwh"),
    "electricity_exporting_kwh": (Energy.ELECTRICITY, Direction.EXPORT, "kwh"),
    "gas_importing_kwh": (Energy.GAS, Direction.IMPORT, "kwh"),
    "gas_importing_m3": (Energy.GAS, Direction.IMPORT, "m3"),
}
_DIRECTIONS = {"i": Direction.IMPORT, "e": Direction.EXPORT}

# --- readings ---------------------------------------------------------------------------------


def is_lines(text: str) -> bool:
    """True for JSON lines: a reading on the first line, complete in itself."""
    head = text.lstrip()[:2000].split("\n", 1)[0]
    return head.startswith("{") and '"consumption"' in head and '"results"' not in head


def read_lines(file: File, text: str, choices: Choices) -> list[MeterReadings]:
    """A reading per line: of one meter where a line has a unit, else of each that lines name."""
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    records = _records(file, numbered)
    lines = [number for number, _ in numbered]
    keys = [(one.get("mpan"), one.get("serial"), one.get("direction")) for one in records]
    by_meter: dict[tuple[Any, ...], list[int]] = {key: [] for key in dict.fromkeys(keys)}
    for n, key in enumerate(keys):
        by_meter[key].append(n)
    return [
        _read_meter(file, key, [records[n] for n in mine], [lines[n] for n in mine], choices)
        for key, mine in by_meter.items()
    ]


def _read_meter(
    file: File,
    key: tuple[Any, ...],
    records: list[dict[str, Any]],
    lines: list[int],
    choices: Choices,
) -> MeterReadings:
    point, serial, way = (str(part or "") for part in key)
    unit = records[0].get("unit")
    others = [n for n, one in enumerate(records) if one.get("unit") != unit]
    if others:
        what = f"'{records[others[0]].get('unit')}' is another unit than '{unit}'"
        raise trouble(file.name, what, line=lines[others[0]], column="unit")
    if unit is not None and unit not in VIZ_UNITS:
        what = f"'{unit}' is not a unit of octopus_viz"
        raise trouble(file.name, what, line=lines[0], column="unit")
    if unit:
        energy, direction, unit = VIZ_UNITS[unit]
    else:
        is_gas = bool(point) and len(point) < 13  # an MPRN has 6 to 10 digits
        if is_gas and not choices.unit:
            said = "Say kwh or m3 (--unit)."
            what = f"meter {serial or point} is of gas, and its unit is not said"
            raise trouble(file.name, what, line=lines[0], remedy=said)
        unit = choices.unit or "kwh"
        energy, direction = choices.kind(f"gas {file.name}" if is_gas else file.name, unit)
        direction = choices.direction or _DIRECTIONS.get(way[:1].lower(), direction)
    found = half_hours(rows_of(file.name, CACHE, records, lines), choices, unit, energy, direction)
    return replace(found, point=point, serial=serial)


def _records(file: File, numbered: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """All lines at once; one at a time only to find the one that cannot be read."""
    try:
        found = json.loads("[" + ",".join(line for _, line in numbered) + "]")
        if len(found) == len(numbered) and all(isinstance(one, dict) for one in found):
            return list(found)
    except (ValueError, RecursionError):
        pass  # found below, with its line
    for number, line in numbered:
        if not isinstance(read_json(file, line, line=number), dict):
            raise trouble(file.name, "it is not a reading", line=number)
    raise trouble(file.name, "its lines are not readings")


def write_readings(meter: Meter, frame: pd.DataFrame) -> File:
    """A meter's readings as a cache file: `SERIAL_POINT_START_END.json`, a reading per line.

    That is the order in which the tool reads a name. Times are on the meter's clock with their
    offset. Numbers are written so that they read back the same.
    """
    energy = frame["energy"].dropna()
    unit = viz_unit(meter.energy, meter.direction, meter.unit)
    starts = pd.DatetimeIndex(energy.index).tz_convert(meter.zone)
    ends = starts + pd.Timedelta(minutes=30)
    lines = [
        f'{{"consumption": {value!r}, "unit": "{unit}", '
        f'"interval_start": "{start}", "interval_end": "{end}"}}'
        for value, start, end in zip(energy.tolist(), _iso(starts), _iso(ends), strict=True)
    ]
    serial = meter.serials[-1] if meter.point and meter.serials else NO_SERIAL
    days = [f"{at:%Y-%m-%d}" for at in (starts[0], ends[-1])] if len(starts) else ["empty"] * 2
    name = "_".join((serial.replace("_", "-"), meter.point or meter.id, *days))
    return File(f"{name}.json", "".join(f"{line}\n" for line in lines).encode())


def viz_unit(energy: Energy, direction: Direction, unit: Unit) -> str:
    """octopus_viz's name for what is metered, which way, in which unit."""
    wanted = (energy, direction, unit.value.lower())
    return next(name for name, parts in VIZ_UNITS.items() if parts == wanted)


# --- tariffs and meters -----------------------------------------------------------------------


def is_config(data: Any) -> bool:
    """True for a JSON object with `tariffs`, `meters`, or both."""
    return isinstance(data, dict) and bool({"tariffs", "meters"} & set(data))


def read_config(file: str, data: Mapping[str, Any]) -> TariffFile:
    """`tariffs` by name with unit, currency, dates and rates in pounds as paid; and `meters`, a
    list, or an object with a list whose common fields stand once beside it. Either may be absent
    or empty."""
    listed = data.get("tariffs") or {}
    if isinstance(listed, list):  # a flat list names each in itself
        listed = {_name_of(file, n, one): one for n, one in enumerate(listed, 1)}
    if not isinstance(listed, dict):
        raise trouble(file, "they are not tariffs by name", part="tariffs")
    tariffs = tuple(_tariff(file, str(name), one) for name, one in listed.items())
    meters, notes = _meters(file, data.get("meters") or {})
    if not tariffs and not meters:
        raise trouble(file, "it holds neither tariffs nor meters")
    return TariffFile(file, CONFIG, tariffs, meters, notes)


def as_config(data: Any) -> Any:
    """A flat list of tariffs and meters as the object that `read_config` reads."""
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        return data
    tariffs = [one for one in data if "rates" in one]
    meters = [one for one in data if "rates" not in one and _point(one)]
    return {"tariffs": tariffs, "meters": meters} if tariffs or meters else data


def _name_of(file: str, number: int, found: Any) -> str:
    name = found.get("name") if isinstance(found, dict) else None
    if not name:
        raise trouble(file, "it has no name", part=f"tariff {number}")
    return str(name)


def _point(fields: Mapping[str, Any]) -> str:
    return str(fields.get("meter_id") or fields.get("mpan") or fields.get("mprn") or "")


def _tariff(file: str, name: str, found: Any) -> Tariff:
    part = f"tariff '{name}'"
    try:
        unit = found["unit"]
        rates = found["rates"]
    except (KeyError, TypeError) as error:
        raise trouble(file, f"it has no {error}", part=part) from error
    if unit not in VIZ_UNITS:
        raise trouble(file, f"'{unit}' is not a unit of octopus_viz", part=part)
    if found.get("currency", "GBP") != "GBP":
        what = f"its currency is {found['currency']}, only GBP is read"
        raise trouble(file, what, part=part)
    energy, direction, _ = VIZ_UNITS[unit]
    name = str(found.get("name") or name)
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
            source=CONFIG,
        )
    except (KeyError, TypeError) as error:
        raise trouble(file, f"a rate has no {error}", part=part) from error
    except InputError as error:
        what = error.message.rstrip(".")
        raise trouble(file, what, part=part, remedy=error.remedy) from error


def _meters(file: str, block: Any) -> tuple[tuple[FileMeter, ...], tuple[str, ...]]:
    common = {k: v for k, v in block.items() if k != "meters"} if isinstance(block, dict) else {}
    listed = (block.get("meters") or []) if isinstance(block, dict) else block
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise trouble(file, "it has no list of meters", part="meters")
    found, has_key = [], False
    for number, one in enumerate(listed, 1):
        fields, part = {**common, **one}, f"meter {number}"
        unit = fields.get("unit")
        if unit not in VIZ_UNITS:
            raise trouble(file, f"'{unit}' is not a unit of octopus_viz", part=part)
        if not _point(fields):
            raise trouble(file, "it has no mpan or mprn", part=part)
        energy, direction, written = VIZ_UNITS[unit]
        has_key = has_key or bool(fields.get("api_key"))
        serial, label = (str(fields.get(name) or "") for name in ("serial", "alias"))
        kept = UNITS[written][0]
        found.append(FileMeter(energy, direction, kept, _point(fields), serial, label))
    said = "its API key is not kept: put it in [octopus] of secrets.toml as api_key"
    return tuple(found), (said,) if has_key else ()


def _day(value: object) -> date | None:
    """The day of `2023-07-01` or of a time on that day."""
    return parse_day(str(value)[:10]) if value else None


def write_tariffs(tariffs: Sequence[Tariff], meters: Sequence[Meter]) -> tuple[File, list[str]]:
    """Tariffs and meters as a config file, and a sentence for each that it cannot say."""
    found: dict[str, Any] = {}
    left_out: list[str] = []
    for tariff in tariffs:
        why = _beyond(tariff)
        if why:
            left_out.append(f"'{tariff.label}' is left out: octopus_viz has no {why}.")
            continue
        if tariff.standing_p_per_day:
            left_out.append(f"'{tariff.label}' is written without its standing charge.")
        body: dict[str, Any] = {
            "unit": viz_unit(tariff.energy, tariff.direction, Unit.KWH),
            "currency": "GBP",
            "rates": [
                {
                    "interval_start": clock_text(band.start_minute),
                    "interval_end": clock_text(band.end_minute),
                    "rate": float(band.rate / 100),
                }
                for band in _whole_day(tariff)
            ],
        }
        if tariff.valid_from:
            body["valid_from"] = tariff.valid_from.isoformat()
        if tariff.valid_to:
            body["valid_until"] = tariff.valid_to.isoformat()
        name = tariff.label
        if name in found:  # the tool knows a tariff by its name alone
            name = f"{name} from {tariff.valid_from or 'always'} ({tariff.direction.value})"
            body["name"] = tariff.label
        found[name] = body
    listed = [
        {
            "mpan" if meter.energy is Energy.ELECTRICITY else "mprn": meter.point,
            "serial": meter.serials[-1] if meter.serials else "",
            "unit": viz_unit(meter.energy, meter.direction, meter.unit),
            **({"alias": meter.label} if meter.label else {}),
        }
        for meter in meters
        if meter.point
    ]
    text = json.dumps({"meters": {"meters": listed}, "tariffs": found}, indent=2)
    return File("octopus_viz.json", f"{text}\n".encode()), left_out


def _iso(times: pd.DatetimeIndex) -> list[str]:
    """Local times with their offset, `2024-05-07T00:30:00+01:00`."""
    texts = times.strftime("%Y-%m-%dT%H:%M:%S%z")
    return [f"{text[:-2]}:{text[-2:]}" for text in texts]


def _beyond(tariff: Tariff) -> str:
    """What this tariff has that the format cannot say."""
    if tariff.intervals:
        return "half-hourly prices"
    if tariff.tiers:
        return "tiers"
    if any(len(band.weekdays) < 7 for band in tariff.bands):
        return "weekdays"
    if any(band.season for band in tariff.bands):
        return "seasons"
    if tariff.band_zone not in ("", tariff.zone):
        return "bands on another clock"
    if not tariff.prices_include_vat:
        return "prices without VAT"
    return ""


def _whole_day(tariff: Tariff) -> list[Band]:
    """The bands as they are, and the default rate in the gaps that they leave."""
    if tariff.default_rate is None:
        return list(tariff.bands)
    taken = sorted(part[:2] for band in tariff.bands for part in band.segments())
    gaps: list[Band] = []
    at = 0
    for start, end in [*taken, (MINUTES_A_DAY, MINUTES_A_DAY)]:
        if start > at:
            gaps.append(Band(tariff.default_rate, at, start))
        at = max(at, end)
    return sorted([*tariff.bands, *gaps], key=lambda band: band.start_minute)
