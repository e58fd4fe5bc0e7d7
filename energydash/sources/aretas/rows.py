"""Rows of Aretas sensor data: JSON of a million rows parsed in a fraction of a second.

`sensordata/byrange` answers `[{"type":532,"timestamp":1688137326776,"data":55.2},…]`. Deleting
every byte that is not part of a number turns that into CSV, which pyarrow reads several times
faster than any JSON parser. That is only right while every object has the same keys in the same
order and plain numbers, so the first object, the count of a tell-tale letter and the ranges are
checked, and anything unusual goes to an ordinary parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.csv

from energydash.core.errors import BadData, InputError
from energydash.sources import parser

SOURCE: Final = "Aretas"
LARGEST_TYPE: Final = 100_000  # they are three digits
FIELDS: Final = ("type", "timestamp", "data")
_KEPT: Final = b"0123456789,.-+E}"
_TABLE: Final = bytes.maketrans(b"}", b"\n")
_DROPPED: Final = bytes(byte for byte in range(256) if byte not in _KEPT)
BLOCK_BYTES: Final = 32 << 20
_EARLIEST_MS: Final = 1e11  # 1973: smaller numbers are seconds, or another field
_HIGHEST_TYPE: Final = 1e5


@dataclass(frozen=True)
class Rows:
    """Sensor rows in the order they came: type number, epoch milliseconds UTC, value."""

    type: npt.NDArray[np.integer[Any]]
    time_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.type)

    def by_type(self) -> dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """UTC microseconds and values of each type."""
        if len(self) and not (self.type.min() >= 0 and self.type.max() <= LARGEST_TYPE):
            raise _bad("a sensor type that there cannot be")
        found = {}
        for number in np.flatnonzero(np.bincount(self.type)) if len(self) else ():
            mine = self.type == number
            found[int(number)] = (self.time_ms[mine] * 1000, self.value[mine])
        return found


NO_ROWS: Final = Rows(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


@parser(SOURCE)
def read_rows(body: bytes) -> Rows:
    """The rows of a `byrange` answer; raises BadData for anything else."""
    text = body.strip()
    if text in (b"[]", b"null"):
        return NO_ROWS
    return _fast(text) or _slow(text)


def _fast(text: bytes) -> Rows | None:
    """The rows by deleting all but numbers, a block at a time, for a year of them is hundreds of
    megabytes; None where that is not surely right."""
    if not (text.startswith(b"[") and text.endswith(b"]")):
        return None
    try:
        first = orjson.loads(text[1 : text.index(b"}") + 1])
    except (ValueError, orjson.JSONDecodeError):
        return None
    if not isinstance(first, dict) or set(first) != set(FIELDS):
        return None
    blocks: list[Rows] = []
    begin = 0
    while begin < len(text):
        end = text.find(b"}", begin + BLOCK_BYTES) + 1 or len(text)
        if end >= len(text) - 1:
            end = len(text)
        block = _fast_block(text[begin:end], [*first])
        if block is None:
            return None
        blocks.append(block)
        begin = end
    return _joined(blocks)


def _joined(blocks: list[Rows]) -> Rows:
    """One after the other, each field's pieces let go of before the next one is joined."""
    if len(blocks) == 1:
        return blocks[0]
    pieces = [[getattr(block, name) for block in blocks] for name in ("type", "time_ms", "value")]
    blocks.clear()
    whole = []
    while pieces:
        whole.append(np.concatenate(pieces.pop(0)))
    return Rows(*whole)


def _fast_block(text: bytes, fields: list[str]) -> Rows | None:
    # Each row but the file's first begins with the comma between objects.
    numbers = (b"," if text[:1] == b"[" else b"") + text.translate(_TABLE, _DROPPED)
    names = ["", *fields]
    kinds = {"type": pa.int64(), "timestamp": pa.int64(), "data": pa.float64()}
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(numbers),
            read_options=pa.csv.ReadOptions(column_names=names, block_size=8 << 20),
            convert_options=pa.csv.ConvertOptions(column_types=kinds, include_columns=FIELDS),
        )
    except pa.ArrowInvalid:
        return None
    # Every "e" must belong to a key: one more is an exponent or a word that would be lost.
    per_row = sum(name.count("e") for name in FIELDS)
    if text.count(b"e") != per_row * table.num_rows or text.count(b"{") != table.num_rows:
        return None
    if table["type"].null_count or table["timestamp"].null_count:
        return None
    rows = Rows(*(table[name].to_numpy(zero_copy_only=False) for name in FIELDS))
    if rows.type.max() > _HIGHEST_TYPE or rows.type.min() < 0:
        return None
    if rows.time_ms.min() <= _EARLIEST_MS:
        return None
    return Rows(rows.type.astype(np.int32), rows.time_ms, rows.value)


def _slow(text: bytes) -> Rows:
    """The rows by an ordinary parser, with a reason for what cannot be read."""
    try:
        parsed: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        start = text[:20].lower()
        what = "an empty answer" if not text else "an answer that is cut short or garbled"
        if start.startswith(b"<"):
            what = "a web page instead of data"
        raise _bad(what) from error
    if not isinstance(parsed, list):
        raise _bad("an answer that is not a list of readings")
    types, times, values = [], [], []
    for number, row in enumerate(parsed, 1):
        if not isinstance(row, dict) or not all(name in row for name in FIELDS):
            raise _bad(f"a reading without {', '.join(FIELDS)} (number {number:,})")
        kind, time, value = (row[name] for name in FIELDS)
        if not isinstance(kind, int) or not isinstance(time, int) or time < _EARLIEST_MS:
            raise _bad(f"a reading whose type or timestamp is not a number (number {number:,})")
        types.append(kind)
        times.append(time)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        values.append(float(value) if is_number else np.nan)
    return Rows(np.array(types, np.int64), np.array(times, np.int64), np.array(values, np.float64))


def _bad(what: str) -> BadData:
    return BadData(
        SOURCE,
        f"{SOURCE} sent {what}.",
        remedy="It is asked again by itself; the last good data stay on screen.",
    )


def read_file(body: bytes, name: str) -> Rows:
    """The rows of a saved answer; InputError names the file."""
    try:
        return read_rows(body)
    except BadData as error:
        raise InputError(
            f"{name} is not Aretas sensor data: {error.message}",
            remedy="Save the answer of sensordata/byrange as it is.",
        ) from error
