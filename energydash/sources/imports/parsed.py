"""What a file of readings says, and what of it cannot be used: the words of every parser here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.time import LONDON, Period
from energydash.home.meters import Direction, Energy, Unit

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


@dataclass(frozen=True)
class Upload:
    """A file as it was given: its name and what is in it."""

    name: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> Upload:
        """A file on disk, or InputError."""
        try:
            return cls(path.name, path.read_bytes())
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror or error}.", remedy="Check its name."
            ) from error


@dataclass(frozen=True)
class Choices:
    """What the user states where a file does not say, or says it wrong.

    unit: kwh, wh or m3. zone: of clock times without an offset. absent: what a half-hour means
    that a file leaves out. stamp: whether a time is an interval's start or end. columns: `time`
    and `value` -> the names of a plain CSV's columns.
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


@dataclass(frozen=True)
class Refused:
    """A row that cannot be used: where it is (lines from 1), and why."""

    line: int
    column: str
    why: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.why}"


@dataclass(frozen=True)
class MeterReadings:
    """The readings of one meter in one file, and everything odd about them.

    frame: column `energy` in `unit`. rows: readings in the file. repeated: time stamps that come
    again, `repeated_by_clock` of them the hour that the clocks repeat in autumn, which are kept.
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
    refused: tuple[Refused, ...] = ()
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


def unreadable(file: str, where: str, why: str, remedy: str = "") -> InputError:
    """The error that refuses a whole file: which line, which column, why."""
    place = f"{file}, {where}" if where else file
    return InputError(f"{place}: {why}.", remedy=remedy or "Nothing of it was imported.")
