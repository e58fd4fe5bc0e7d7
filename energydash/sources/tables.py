"""Text to tables, records and numbers, for everything that reads files: saved or live answers of
upstreams, and what users hand in. One reader of tables (as text, or as pandas types them where
there may be a million rows), one of JSON, one of numbers.

Every error names the file, and the line and column (or the record and field) where it can.
A blank value is NaN, never zero.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from energydash.core.errors import InputError

BLANK = frozenset({"", "-", "--", "nan", "null", "none", "n/a"})
YEARS = range(1990, 2101)  # electronic records; other years are damage
LARGEST_ZIP_BYTES = 500_000_000  # unpacked; a monthly archive has about 3 MB
ROWS_AT_ONCE = 500_000  # of a table; a year of samples in one piece would need gigabytes
LARGE_BYTES = 50_000_000
SMALL_NUMBER = 1e4
SMALL_WHOLE = 1_000_000
CELL_BYTES = 10_000_000
LONGEST_TOLD = 200  # of an error that quotes what it found

csv.field_size_limit(CELL_BYTES)


class Unreadable(InputError):
    """A file, or a live answer, that its parser cannot use; says where."""


@dataclass(frozen=True)
class File:
    """One file or answer: the name that errors use, and its bytes."""

    name: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> File:
        """A file on disk, or InputError."""
        try:
            return cls(path.name, path.read_bytes())
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror or error}.", remedy="Check its name."
            ) from error


def trouble(
    name: str,
    what: str,
    *,
    part: str = "",
    line: int | None = None,
    column: str | int | None = None,
    remedy: str = "",
) -> Unreadable:
    """The error that names a file and the place in it. part: a tariff or meter of it, in words."""
    place = f"{name}, {part}" if part else name
    if line is not None:
        place += f", line {line}"
    if column is not None:
        place += f", column {column}"
    told = what if len(what) <= LONGEST_TOLD else f"{what[:LONGEST_TOLD]}…"
    return Unreadable(f"{place}: {told}.", remedy=remedy)


def expand(files: Sequence[File]) -> list[File]:
    """The files with every zip replaced by its members, in the order of their names."""
    out: list[File] = []
    for file in files:
        if file.data[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
            out.append(file)
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
                members = [info for info in archive.infolist() if not info.is_dir()]
                if sum(info.file_size for info in members) > LARGEST_ZIP_BYTES:
                    raise trouble(file.name, "it unpacks to more than 500 MB, so it is not read")
                out += [
                    File(f"{file.name}/{info.filename}", archive.read(info))
                    for info in sorted(members, key=lambda info: info.filename)
                ]
        except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError) as error:
            raise trouble(file.name, f"this is a damaged or locked zip file ({error})") from error
    return out


# --- text -------------------------------------------------------------------------------------


def text_of(file: File, *, strict: bool = False) -> str:
    """A file as text: UTF-8, UTF-16 with a mark, else Windows-1252.

    strict: what a machine wrote for machines: UTF-8 only, not empty, and no web page.
    """
    encoding = "utf-8-sig" if strict else encoding_of(file)
    try:
        text = file.data.decode(encoding, errors="strict" if strict else "replace")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        column = error.start - file.data.rfind(b"\n", 0, error.start)
        raise trouble(file.name, "this is not UTF-8 text", line=line, column=column) from error
    if strict and not text.strip():
        raise trouble(file.name, "the file is empty")
    if strict and text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        raise trouble(file.name, "this is a web page instead of data")
    return text


def encoding_of(file: File) -> str:
    """How the text of somebody's file is written; Unreadable where it is no text."""
    if file.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in file.data[:4096]:
        raise trouble(file.name, "this is not a text file")
    try:
        file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def plain(name: str) -> str:
    """A column's name to compare by: lower case, ³ as 3, single spaces."""
    return " ".join(name.replace("³", "3").lower().split())


# --- numbers and times ------------------------------------------------------------------------


def number_of(text: str) -> float | None:
    """A finite number, NaN for a blank, None for anything else."""
    stripped = text.strip()
    if stripped.lower() in BLANK:
        return math.nan
    try:
        value = float(stripped.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def numbers_of(values: Any) -> pd.Series[float]:
    """Values of JSON as numbers, null as NaN: not `true` as 1. Raises: ValueError, TypeError."""
    series = pd.Series(values)
    if any(isinstance(value, bool) for value in series):
        raise TypeError("a truth value is no number")
    return pd.to_numeric(series)


def likely(at: datetime) -> datetime:
    """The same time; ValueError where no grid was recorded then, so that it must be damage."""
    if at.year not in YEARS:
        raise ValueError(f"the year {at.year}")
    return at


# --- tables -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A delimited text: its header (stripped names), its rows, and their line numbers from 1."""

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    ends_cleanly: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The header in lower case without odd spaces and signs."""
        return tuple(plain(name) for name in self.header)

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, cells) of every row."""
        return zip(self.lines, self.rows, strict=True)

    def column(self, number: int) -> list[str]:
        """One column as text."""
        return [row[number].strip() for row in self.rows]

    def find(self, *names: str) -> int | None:
        """The position of the first of these column names that is there, in any case."""
        keys = self.keys
        return next((keys.index(plain(name)) for name in names if plain(name) in keys), None)

    def position(self, *names: str) -> int:
        """As `find`; Unreadable where none of the names is there."""
        found = self.find(*names)
        if found is None:
            raise trouble(
                self.file, f"there is no column '{names[0]}', only {', '.join(self.header)}"
            )
        return found

    def number(self, line: int, cells: list[str], position: int) -> float:
        """A cell as a number, NaN for a blank; Unreadable for anything else."""
        value = number_of(cells[position])
        if value is None:
            what = f"'{cells[position]}' is not a number"
            raise trouble(self.file, what, line=line, column=f"'{self.header[position]}'")
        return value

    def time(self, line: int, cells: list[str], position: int, *formats: str) -> datetime:
        """A cell as a time in one of the formats; naive unless the format has an offset."""
        for form in formats:
            try:
                # The caller gives it the zone that its provider documents.
                at = datetime.strptime(cells[position].strip(), form)  # noqa: DTZ007
                return at if "%d" not in form else likely(at)
            except ValueError:
                continue
        what = f"'{cells[position]}' is not a time"
        raise trouble(self.file, what, line=line, column=f"'{self.header[position]}'")


def table_of(file: File, *, delimiter: str = ",", skip: int = 0) -> Table:
    """What a machine wrote for machines: every row as wide as its header, on line `skip` + 1.

    Only the last row of a table with tabs may be a time alone: some feeds announce times that way
    before there are readings. Raises: Unreadable, where there are no rows too.
    """
    text = text_of(file, strict=True)
    announces = delimiter == "\t"
    table = read_table(file, text, delimiter=delimiter, skip=skip, pad=False, announces=announces)
    if not table.rows:
        raise trouble(file.name, "there are no rows below the header")
    return table


def read_table(
    file: File,
    text: str,
    *,
    delimiter: str = "",
    skip: int | None = None,
    pad: bool = True,
    announces: bool = False,
) -> Table:
    """`text`, which is the file's, as a table; blank lines are left out.

    delimiter: guessed from the first lines where it is not given. skip: how many lines stand
    above the header; where it is None, the header is the first line that looks like one.
    pad: a row that is too short gets blank cells, and blank ones too many are ignored; without it
    such a row is refused as cut short. announces: the last row may be a time alone, all the same.
    Raises: Unreadable.
    """
    above = skip or 0
    lines = text.splitlines(keepends=True)[above:]
    reader = csv.reader(
        lines, delimiter=delimiter or _delimiter(lines), skipinitialspace=skip is None
    )
    found: list[list[str]] = []
    numbers: list[int] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append(row)
                numbers.append(reader.line_num + above)
    except csv.Error as error:
        line = reader.line_num + above
        raise trouble(file.name, f"it is garbled ({error})", line=line) from error
    if not found:
        raise trouble(file.name, "the file is empty")
    at = _header_at(found) if skip is None else 0
    if at is None:
        raise trouble(file.name, "it has no header: give the columns names", line=1)
    header = [name.strip() for name in found[at]]
    while pad and header and not header[-1]:
        header.pop()
    table = Table(
        file.name, tuple(header), found[at + 1 :], numbers[at + 1 :], text.endswith(("\n", "\r"))
    )
    _fit(table, pad, announces)
    return table


def _fit(table: Table, pad: bool, announces: bool) -> None:
    """Every row as wide as the header; Unreadable where it has been cut or has too much."""
    width = len(table.header)
    for line, row in table.numbered():
        is_announced = announces and len(row) == 1 and line == table.lines[-1]
        if len(row) < width and (pad or is_announced):
            row += [""] * (width - len(row))
        elif len(row) != width and not (pad and not any(cell.strip() for cell in row[width:])):
            what = f"{len(row)} values where the header has {width} (cut short?)"
            raise trouble(table.file, what, line=line, column=len(row))


def _delimiter(lines: list[str]) -> str:
    head = "".join(lines[:5])
    return max(",;\t|", key=head.count)


def _header_at(rows: list[list[str]]) -> int | None:
    """The first of the first lines whose cells are names and no numbers."""
    for n, row in enumerate(rows[:20]):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) >= 2 and not any(_is_number(cell) for cell in cells):
            return n
    return None


def _is_number(cell: str) -> bool:
    return bool(re.match(r"^[-+]?\d", cell)) and not re.match(r"^\d{4}-\d\d-\d\dT", cell)


def _compact(piece: pd.DataFrame, *, is_large: bool) -> pd.DataFrame:
    """A part of a table; of a large one numbers of up to seven digits take half the room."""
    if not is_large:
        return piece
    small = [
        name
        for name, column in piece.items()
        if column.dtype == "float64" and not column.abs().max() > SMALL_NUMBER
    ]
    whole = [
        name
        for name, column in piece.items()
        if column.dtype == "int64" and column.abs().max() < SMALL_WHOLE  # no time
    ]
    return piece.astype(dict.fromkeys(small, "float32") | dict.fromkeys(whole, "int32"))


def read_frame(file: File) -> pd.DataFrame:
    """A table that may have a million rows: columns as pandas types them, indexed by line number.

    Its header is found as `read_table` finds it, else it is the first line. Raises: Unreadable.
    """
    encoding = encoding_of(file)
    head = file.data[:20_000].decode(encoding, errors="replace").splitlines()
    delimiter = _delimiter(head)
    rows = list(csv.reader(head[:20], delimiter=delimiter, skipinitialspace=True))
    above = _header_at(rows) or 0
    is_large = len(file.data) > LARGE_BYTES
    has_commas = delimiter == ";" and re.search(r"\d,\d", "\n".join(head))
    try:
        pieces = pd.read_csv(
            io.BytesIO(file.data), sep=delimiter, decimal="," if has_commas else ".",
            encoding=encoding, encoding_errors="replace", skiprows=above, skipinitialspace=True,
            skip_blank_lines=False, index_col=False, low_memory=False, chunksize=ROWS_AT_ONCE,
        )  # fmt: skip
        table = pd.concat([_compact(piece, is_large=is_large) for piece in pieces])
    except (ValueError, UnicodeError) as error:
        raise trouble(file.name, f"it is not a table that can be read ({error})") from error
    table.index = pd.RangeIndex(above + 2, above + 2 + len(table))
    is_blank = table.isna().all(axis="columns")
    table = table[~is_blank] if is_blank.any() else table
    if table.empty:
        raise trouble(file.name, "there are no rows below the header")
    return table.rename(columns=lambda column: str(column).strip())


# --- JSON -------------------------------------------------------------------------------------


def read_json(file: File, text: str, *, exact: bool = False, line: int | None = None) -> Any:
    """A JSON text, or the line and column where it stops making sense.

    exact: numbers with a fraction stay decimal text. line: where the text is one line of a file.
    """
    try:
        return json.loads(text, parse_float=str) if exact else json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        what = "the file is cut short" if cut else "this is not JSON"
        at = line or error.lineno
        raise trouble(file.name, what, line=at, column=error.colno) from error
    except (RecursionError, ValueError) as error:  # deep nesting; an integer of 5,000 digits
        what = "this JSON is nested too deeply"
        if isinstance(error, ValueError):
            what = "this JSON has a number with too many digits"
        raise trouble(file.name, what, line=line) from error


def json_of(file: File) -> Any:
    """What a machine wrote for machines; Unreadable where it is none."""
    return read_json(file, text_of(file, strict=True))


def within(file: File, document: Any, *path: str) -> Any:
    """What is at `path` in a JSON document; Unreadable naming the first part that is missing."""
    found = document
    for depth, key in enumerate(path):
        if not isinstance(found, dict) or key not in found:
            raise trouble(file.name, f"there is no '{'.'.join(path[: depth + 1])}' in this JSON")
        found = found[key]
    return found


def records_of(file: File, document: Any, *path: str) -> list[dict[str, Any]]:
    """The list of objects at `path`; a single object counts as a list of one."""
    found = within(file, document, *path)
    records = [found] if isinstance(found, dict) else found
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise trouble(file.name, f"'{'.'.join(path)}' is not a list of records")
    return records


def field_of(file: File, number: int, record: Mapping[str, Any], field: str) -> str:
    """A field as text; Unreadable with the record's number (from 1) where it is missing."""
    value = record.get(field)
    if value is None or isinstance(value, (dict, list)):
        raise trouble(file.name, f"record {number} has no '{field}'")
    return str(value)


def value_of(file: File, number: int, record: Mapping[str, Any], field: str) -> float:
    """A field as a number, null is NaN; Unreadable where it is missing or something else."""
    if field not in record:
        raise trouble(file.name, f"record {number} has no '{field}'")
    raw = record[field]
    value = (
        None if isinstance(raw, (dict, list, bool)) else number_of("" if raw is None else str(raw))
    )
    if value is None:
        shown = f"'{raw}'" if isinstance(raw, str) else json.dumps(raw)
        raise trouble(file.name, f"record {number}, field '{field}': {shown} is not a number")
    return value


def stamp_of(file: File, number: int, record: Mapping[str, Any], field: str) -> datetime:
    """A field as an ISO time, naive where it has no offset."""
    text = field_of(file, number, record, field)
    try:
        return likely(datetime.fromisoformat(text))
    except ValueError as error:
        what = f"record {number}, field '{field}': '{text}' is not a time"
        raise trouble(file.name, what) from error
