"""What a file of readings or tariffs holds, and what the user states about it: the words that
every parser here uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from energydash.core.errors import EnergydashError, InputError
from energydash.core.findings import Finding
from energydash.core.time import LONDON, Period
from energydash.home.meters import Direction, Energy, Unit
from energydash.home.tariffs import Tariff
from energydash.sources.tables import trouble

Absent = Literal["auto", "zero", "missing"]
StampChoice = Literal["auto", "start", "end"]

# How a unit may be written -> the unit that is kept, and how many of it one of these is, as a
# multiplier and a divisor: 104 Wh are 104 / 1000 kWh, which 104 × 0.001 is not quite.
UNITS: dict[str, tuple[Unit, float, float]] = {
    "kwh": (Unit.KWH, 1.0, 1.0),
    "wh": (Unit.KWH, 1.0, 1000.0),
    "mwh": (Unit.KWH, 1000.0, 1.0),
    "m3": (Unit.M3, 1.0, 1.0),
    "m³": (Unit.M3, 1.0, 1.0),
}
COLUMNS = ("time", "end", "value", "import", "export")  # what the user can say a column is
NO_SERIAL = "serial"  # stands in an exported file's name where there is none
_LOCAL_ID = re.compile(r"(?<![a-z0-9])m[0-9a-f]{8}(?![a-z0-9])")  # what this program calls a meter

_GAS = re.compile(r"(?<![a-z])gas(?![a-z])")
_EXPORT = re.compile(r"(?<![a-z])(export|outgoing|return|production)")


@dataclass(frozen=True)
class Choices:
    """What the user states where a file does not say, or says it wrong.

    unit: kwh, wh or m3. zone: of clock times without an offset. absent: what a half-hour means
    that a file leaves out. stamp: whether a time is an interval's start or end. columns: `time`,
    `end`, and `value` or `import` and `export` -> the names of a plain CSV's columns.
    """

    unit: str = ""
    energy: Energy | None = None
    direction: Direction | None = None
    zone: str = LONDON
    absent: Absent = "auto"
    stamp: StampChoice = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.unit and self.unit.lower() not in UNITS:
            raise InputError(
                f"'{self.unit}' is not a unit of readings.", remedy="Choose kwh, wh or m3."
            )
        for word in self.columns:
            if word not in COLUMNS:
                raise InputError(
                    f"'{word}' is not something that a column can be.",
                    remedy=f"Choose from {', '.join(COLUMNS)}.",
                )

    def kind(self, text: str, unit: str) -> tuple[Energy, Direction]:
        """What is metered and which way: as the user says, else as a name and the unit tell."""
        is_gas = UNITS[unit.lower()][0] is Unit.M3 or _GAS.search(text.lower())
        energy = self.energy or (Energy.GAS if is_gas else Energy.ELECTRICITY)
        is_export = _EXPORT.search(text.lower())
        return energy, self.direction or (Direction.EXPORT if is_export else Direction.IMPORT)


@dataclass(frozen=True)
class MeterReadings:
    """The readings of one meter in one file, and everything odd about them.

    refused: the rows that cannot be used. frame: column `energy` in `unit`. rows: readings in the
    file. repeated: time stamps that come again, `repeated_by_clock` of them the hour that the
    clocks repeat in autumn, which are kept.
    conflicting: repeated ones with another value; the last is taken. missing: half-hours without
    a stamp between the first and the last on the file's own clock, `skipped_by_clock` of them
    the hour that the clocks skip in spring, which never was. gaps: what is really missing.
    zero_filled: absent half-hours read as zero. file, point, serial: private.
    meter_id: a local id that an export of ours put there.
    """

    file: str = field(repr=False)
    format: str
    frame: pd.DataFrame = field(repr=False)
    unit: Unit
    energy: Energy
    direction: Direction
    rows: int
    refused: tuple[Finding, ...] = ()
    repeated: int = 0
    repeated_by_clock: int = 0
    conflicting: int = 0
    missing: int = 0
    skipped_by_clock: int = 0
    gaps: tuple[Period, ...] = ()
    zero_filled: int = 0
    notes: tuple[str, ...] = ()
    point: str = field(default="", repr=False)
    serial: str = field(default="", repr=False)
    meter_id: str = ""
    label: str = ""

    @property
    def period(self) -> Period | None:
        """From the first reading to the end of the last one."""
        if self.frame.empty:
            return None
        first, last = self.frame.index[0], self.frame.index[-1]
        return Period(first.to_pydatetime(), (last + pd.Timedelta(minutes=30)).to_pydatetime())


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


def refused(line: int, column: str, why: str) -> Finding:
    """A row that cannot be used: where it is (lines from 1), and why."""
    return Finding("row", f"{why}.", subject=column, line=int(line))


@contextmanager
def reading(file: str) -> Iterator[None]:
    """The one boundary around what reads people's files: whatever a parser did not foresee
    names the file."""
    try:
        yield
    except EnergydashError:
        raise
    except Exception as error:
        from energydash.sources import unknown_form

        raise trouble(file, f"this is {unknown_form(error)}") from error


def numbers_of(raw: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Texts and numbers as numbers, NaN for anything else: `true` is no 1."""
    is_bool = raw.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool)
    found = pd.to_numeric(raw.astype("object").mask(is_bool), errors="coerce")
    return found.to_numpy(dtype="float64")


def slug(name: str) -> str:
    """A tariff's id from its name."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


def own_id_in(name: str) -> str:
    """The local id of a meter in the name of a file that was exported here, else ''."""
    found = _LOCAL_ID.search(name.replace("_", " "))
    return found[0] if found else ""


def point_in(name: str, *, is_cache: bool = False) -> tuple[str, str]:
    """The meter point and serial number that stand first in a file's name.

    octopus_viz wrote both orders: `SERIAL_MPAN_…` the tool, `MPAN_SERIAL_…` its documentation. An
    MPAN has 13 digits. Of a cache file the rest is told too: an MPRN has 6 to 10 digits; where
    that does not tell either, the tool's order is taken.
    """
    parts = re.sub(r"\.[A-Za-z]+$", "", name).split("_")
    if len(parts) < 2 or not all(re.fullmatch(r"[A-Za-z0-9-]{2,}", part) for part in parts[:2]):
        return "", ""
    if own_id_in(name):
        return "", ""
    orders = ((parts[1], parts[0]), (parts[0], parts[1]))
    is_mprn = re.compile(r"\d{6,10}" if is_cache and len(parts) >= 3 else r"$^")
    point, serial = next((one for one in orders if re.fullmatch(r"\d{13}", one[0])), ("", ""))
    if not point:
        point, serial = next((one for one in orders if is_mprn.fullmatch(one[0])), ("", ""))
    if not point and is_cache and len(parts) >= 3:
        point, serial = orders[0]
    return point, "" if serial == NO_SERIAL else serial
