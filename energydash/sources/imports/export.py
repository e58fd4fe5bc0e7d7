"""Readings and tariffs as octopus_viz's files: what is imported again is what was exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from energydash.home.bands import MINUTES_A_DAY, Band, clock_text
from energydash.home.meters import Direction, Energy, Meter, Unit
from energydash.home.tariffs import Tariff
from energydash.sources.imports.parsed import Upload
from energydash.sources.imports.records import VIZ_UNITS


def viz_unit(energy: Energy, direction: Direction, unit: Unit) -> str:
    """octopus_viz's name for what is metered, which way, in which unit."""
    wanted = (energy, direction, unit.value.lower())
    return next(name for name, parts in VIZ_UNITS.items() if parts == wanted)


def write_readings(meter: Meter, frame: pd.DataFrame) -> Upload:
    """A meter's readings as a cache file: `POINT_SERIAL_START_END.json`, a reading per line.

    Times are on the meter's clock with their offset. Numbers are written so that they read back
    the same.
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
    first, last = (starts[0], ends[-1]) if len(starts) else (None, None)
    serial = meter.serials[-1] if meter.point and meter.serials else "serial"
    name = "_".join(
        (
            meter.point or meter.id,
            serial,
            f"{first:%Y-%m-%d}" if first else "empty",
            f"{last:%Y-%m-%d}" if last else "empty",
        )
    )
    return Upload(f"{name}.json", "".join(f"{line}\n" for line in lines).encode())


def write_tariffs(tariffs: Sequence[Tariff], meters: Sequence[Meter]) -> tuple[Upload, list[str]]:
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
        found[tariff.label] = body
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
    return Upload("octopus_viz.json", f"{text}\n".encode()), left_out


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
