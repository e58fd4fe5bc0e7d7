"""Text to tables: encodings, separators, headers, and where a row stands in its file."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from energydash.sources.imports.parsed import Upload, unreadable

csv.field_size_limit(10_000_000)

LOCAL_ID = re.compile(r"m[0-9a-f]{8}")  # what this program calls a meter


@dataclass(frozen=True)
class Table:
    """A CSV's header and rows; `lines` are the rows' line numbers, from 1."""

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: npt.NDArray[np.intp]
    ends_cleanly: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The header in lower case without odd spaces and signs."""
        return tuple(plain(name) for name in self.header)

    def column(self, number: int) -> list[str]:
        """One column as text."""
        return [row[number].strip() for row in self.rows]


def plain(name: str) -> str:
    """A column's name to compare by: lower case, ³ as 3, single spaces."""
    return " ".join(name.replace("³", "3").lower().split())


def text_of(upload: Upload) -> str:
    """A file as text: UTF-8, UTF-16 with a mark, else Windows-1252."""
    data = upload.data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:4096]:
        raise unreadable(upload.name, "", "it is not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_table(upload: Upload) -> Table:
    """A CSV whose header is the first line that looks like one; lines before it are skipped."""
    text = text_of(upload)
    if not text.strip():
        raise unreadable(upload.name, "", "it is empty")
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    found: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise unreadable(
            upload.name, f"line {reader.line_num}", f"it is garbled ({error})"
        ) from error
    at = _header_at(found)
    if at is None:
        raise unreadable(
            upload.name,
            "line 1",
            "it has no header with a time and an energy column",
            "Give the columns names, such as 'start,kwh'. Nothing of it was imported.",
        )
    header = [name.strip() for name in found[at]]
    while header and not header[-1]:
        header.pop()
    body, numbers = found[at + 1 :], lines[at + 1 :]
    width = len(header)
    for row, line in zip(body, numbers, strict=True):
        if len(row) < width:
            row += [""] * (width - len(row))
        elif len(row) > width and any(cell.strip() for cell in row[width:]):
            raise unreadable(
                upload.name, f"line {line}", f"it has {len(row)} fields, the header has {width}"
            )
    ends_cleanly = text.endswith(("\n", "\r"))
    return Table(upload.name, tuple(header), body, np.array(numbers, dtype=np.intp), ends_cleanly)


def read_json(upload: Upload, *, exact: bool = False) -> Any:
    """A JSON file, or the line and column at which it cannot be read. exact: decimals as text."""
    text = text_of(upload)
    try:
        return json.loads(text, parse_float=str) if exact else json.loads(text)
    except ValueError as error:
        raise json_trouble(upload.name, error) from error


def json_trouble(file: str, error: ValueError, line: int | None = None) -> Exception:
    """What is wrong with a JSON text, and where."""
    if not isinstance(error, json.JSONDecodeError):
        return unreadable(file, "", f"it is not JSON ({error})")
    at_end = error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated")
    why = "it ends too early: it was cut short" if at_end else f"it is not JSON ({error.msg})"
    return unreadable(file, f"line {line or error.lineno}, column {error.colno}", why)


def file_point(name: str, *, is_cache: bool = False) -> tuple[str, str]:
    """The meter point and serial number that stand first in a file's name.

    octopus_viz wrote both orders: `SERIAL_MPAN_…` the tool, `MPAN_SERIAL_…` its documentation. An
    MPAN has 13 digits. Of a cache file the rest is told too: an MPRN has 6 to 10 digits; where
    that does not tell either, the tool's order is taken.
    """
    parts = re.sub(r"\.[A-Za-z]+$", "", name).split("_")
    if len(parts) < 2 or not all(re.fullmatch(r"[A-Za-z0-9-]{2,}", part) for part in parts[:2]):
        return "", ""
    orders = ((parts[1], parts[0]), (parts[0], parts[1]))
    for point, serial in orders:
        if re.fullmatch(r"\d{13}", point):
            return point, serial
    if not is_cache or len(parts) < 3 or LOCAL_ID.fullmatch(parts[0]):
        return "", ""
    for point, serial in orders:
        if re.fullmatch(r"\d{6,10}", point):
            return point, serial
    return orders[0]


def _separator(text: str) -> str:
    head = "\n".join(text.splitlines()[:5])
    return max(",;\t", key=head.count)


def _header_at(rows: list[list[str]]) -> int | None:
    """The first of the first lines whose cells are names and no numbers."""
    for n, row in enumerate(rows[:20]):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) >= 2 and not any(_is_number(cell) for cell in cells):
            return n
    return None


def _is_number(cell: str) -> bool:
    return bool(re.match(r"^[-+]?\d", cell)) and not re.match(r"^\d{4}-\d\d-\d\dT", cell)
