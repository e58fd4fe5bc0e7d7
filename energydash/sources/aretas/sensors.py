"""Which sensor type is which channel, and rows as a frame of channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from energydash.battery.mapping import full_name
from energydash.battery.naming import FACTOR, part_of
from energydash.battery.telemetry import PARTS
from energydash.core.errors import InputError
from energydash.core.feeds import empty_frame
from energydash.core.settings import Section, Settings
from energydash.sources import cache, parser
from energydash.sources.aretas.client import address, as_list, call, latest_body
from energydash.sources.aretas.rows import SOURCE, Rows

# Sensor types of the provider's firmware that are surely a pack's channel; others by their label
# in sensortype/list, by [aretas] types, or by what the numbers do (answers.battery).
KNOWN_TYPES: Final[Mapping[int, str]] = {
    514: "soc_percent", 518: "voltage_v", 520: "temperature_c", 532: "voltage_v",
}  # fmt: skip
TYPES_OF_INTEREST: Final = range(512, 560)  # the firmware's battery types


@dataclass(frozen=True)
class SensorType:
    """A row of `sensortype/list`: its number, what it measures, in which unit."""

    number: int
    label: str
    unit: str


def sensor_types(settings: Settings, account: Section) -> dict[int, SensorType]:
    """The provider's list of sensor types, kept for a day."""

    def ask() -> bytes:
        body = call("GET", account, "sensortype/list")
        read_sensor_types(body)  # only what can be read is kept
        return body

    answer = cache.cached(
        settings, f"GET {address(account, 'sensortype/list')}", timedelta(days=1), ask
    )
    return read_sensor_types(answer.body)


@parser(SOURCE)
def read_sensor_types(body: bytes) -> dict[int, SensorType]:
    """`sensortype/list`, whose number is called `typeByte` by some and `type` by others."""
    found = {}
    for row in as_list(body):
        number = row.get("typeByte", row.get("type"))
        if isinstance(number, int):
            label, unit = str(row.get("label") or ""), str(row.get("units") or "")
            found[number] = SensorType(number, label, unit)
    return found


def channel_names(
    numbers: tuple[int, ...], listed: Mapping[int, SensorType], overrides: Mapping[int, str]
) -> dict[int, str]:
    """Type number to channel: the user's word, the provider's label, the firmware's numbers;
    `type_N` where none tells, or where two would be the same channel."""
    found = {number: part for number, part in overrides.items() if number in numbers}
    for number in numbers:
        if number in found:
            continue
        kind = listed.get(number)
        part = part_of(kind.label, kind.unit) if kind else None
        part = part or KNOWN_TYPES.get(number)
        taken = part in found.values()
        found[number] = part if part and not taken else f"type_{number}"
    return found


def overrides_of(account: Section) -> dict[int, str]:
    """`[aretas] types = "voltage=532, current=531"`."""
    found = {}
    for piece in account.items("types"):
        name, _, number = (word.strip() for word in piece.partition("="))
        if not number.isdigit():
            raise InputError(
                f"[aretas] types has '{piece}'.", remedy="Write voltage=532, current=531."
            )
        found[int(number)] = full_name(name)
    return found


def types_of(
    settings: Settings,
    account: Section,
    mac: str,
    listed: Mapping[int, SensorType],
    overrides: Mapping[int, str],
) -> tuple[int, ...]:
    """The numbers of the monitor's sensors that can belong to a battery, kept for an hour."""
    request = f"POST {address(account, 'sensorreport/latest')} {mac}"
    answer = cache.cached(
        settings, request, timedelta(hours=1), lambda: latest_body(account, (mac,))
    )
    found = {int(row["type"]) for row in as_list(answer.body) if isinstance(row.get("type"), int)}
    wanted = {
        number
        for number in found
        if number in overrides
        or number in KNOWN_TYPES
        or (number not in listed and number in TYPES_OF_INTEREST)
        or (number in listed and part_of(listed[number].label, listed[number].unit))
    }
    return tuple(sorted(wanted | set(overrides)))


def to_frame(
    rows: Rows, names: Mapping[int, str], listed: Mapping[int, SensorType]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A column per channel on the union of their clocks, in the channels' units; and the sensors
    whose channel is not known. Unlisted types are left out."""
    by_type = {number: data for number, data in rows.by_type().items() if number in names}
    if not by_type:
        return empty_frame(*PARTS), ()
    clock = np.unique(np.concatenate([time_us for time_us, _ in by_type.values()]))
    columns = {}
    for number, (time_us, value) in by_type.items():
        unit = listed[number].unit.lower() if number in listed else ""
        column = np.full(len(clock), np.nan)
        column[np.searchsorted(clock, time_us)] = value * FACTOR.get(unit, 1.0)
        columns[names[number]] = column
    index = pd.DatetimeIndex(clock.astype("datetime64[us]"), name="time").tz_localize("UTC")
    unknown = tuple(
        f"sensor type {n} ({listed[n].label})" if n in listed else f"sensor type {n}"
        for n in by_type
        if names[n].startswith("type_")
    )
    return pd.DataFrame(columns, index=index), unknown
