"""Victron's VRM portal: the advanced CSV export of an installation.

Three lines stand above the rows: devices (`Battery Monitor [512]`), quantities with the time zone
in the first cell (`Europe/London (+01:00)`), and units. Times are on the clock of that zone.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Final

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.time import zone_info
from energydash.sources.tables import File, encoding_of, trouble

_ZONE: Final = re.compile(r"([A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*) \([+-]\d\d:\d\d\)")
_HEAD_BYTES: Final = 200_000  # of three lines of at most a few hundred columns
# The battery's own monitor before what the system says of it, before what others measure there.
_DEVICES: Final = ("battery monitor", "battery", "system overview")


def is_export(file: File) -> bool:
    """True where the second line begins with a zone, as only this portal writes it."""
    head = file.data[:_HEAD_BYTES].decode("utf-8-sig", errors="replace").splitlines()[:2]
    return len(head) == 2 and bool(_ZONE.match(head[1].lstrip("\"' ")))


def read(file: File) -> tuple[pd.DataFrame, str]:
    """The rows with one name per column (`Voltage / V`), of the device that knows best; and the
    zone of its times. Raises InputError."""
    encoding = encoding_of(file)
    head = file.data[:_HEAD_BYTES].decode(encoding, errors="replace").splitlines()[:3]
    rows = list(csv.reader(head))
    if len(rows) < 3 or len({len(row) for row in rows}) > 1:
        raise trouble(file.name, "its three header lines are not of one width", line=1)
    devices, quantities, units = rows
    match = _ZONE.match(quantities[0].strip())
    zone = match.group(1) if match else "UTC"
    try:
        zone_info(zone)
    except InputError as error:
        raise trouble(file.name, f"the time zone '{zone}' is not known", line=2) from error
    names: list[str] = ["time"]
    for device, quantity, unit in list(zip(devices, quantities, units, strict=True))[1:]:
        name = " / ".join(filter(None, (quantity.strip(), unit.strip())))
        names.append(f"{device.strip()} {name}")
    try:
        table = pd.read_csv(
            io.BytesIO(file.data), encoding=encoding, skiprows=3, header=None,
            names=list(range(len(names))), low_memory=False,
        )  # fmt: skip
    except (ValueError, UnicodeError) as error:
        raise trouble(file.name, f"it is not a table that can be read ({error})") from error
    table.columns = pd.Index(names)
    table.index = pd.RangeIndex(4, 4 + len(table))
    return table.loc[:, [True, *_best(devices[1:], quantities[1:])]], zone


def _best(devices: list[str], quantities: list[str]) -> list[bool]:
    """Of columns of one quantity, those of the first device in `_DEVICES` that has it."""

    def rank(device: str) -> int:
        plain = re.sub(r"\s*\[.*", "", device).strip().lower()
        return _DEVICES.index(plain) if plain in _DEVICES else len(_DEVICES)

    ranks = [rank(device) for device in devices]
    first: dict[str, int] = {}
    for quantity, here in zip(map(_plain, quantities), ranks, strict=True):
        first[quantity] = min(first.get(quantity, here), here)
    return [
        here == first[_plain(quantity)] and here < len(_DEVICES)
        for quantity, here in zip(quantities, ranks, strict=True)
    ]


def _plain(quantity: str) -> str:
    return quantity.lower().replace("battery", "").strip()
