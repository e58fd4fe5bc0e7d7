"""What every parser of saved answers is made of: text, tables, numbers, local times, mixes.

Every error names the file, and the line and column (or the record and field) where it can.
A blank value is NaN, never zero; a fuel that a provider does not list at an instant is NaN too.
"""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd

from energydash.core.errors import InputError
from energydash.core.feeds import empty_frame, tidy
from energydash.core.time import zone_info
from energydash.grid import regions
from energydash.grid.fuels import FUELS

BLANK = frozenset({"", "-", "--", "nan", "null", "none", "n/a"})
YEARS = range(1990, 2101)  # electronic records of grids; other years are damage
LARGEST_ZIP_BYTES = 500_000_000  # unpacked; a monthly archive has about 3 MB


class SavedFile(NamedTuple):
    """One file: the name that errors use, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True)
class SavedAnswer:
    """What the files say: a tidy frame and what its numbers mean.

    quantity: mix, load, storage, interchange or load-forecast. unit: of every column.
    unknown: provider names that became `other`. notes: what the reader should know besides.
    """

    frame: pd.DataFrame
    quantity: str
    region: str
    unit: str = "MW"
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def trouble(
    file: SavedFile, what: str, *, line: int | None = None, column: str | int | None = None
) -> InputError:
    """An InputError that names the file and the place in it."""
    place = file.name
    if line is not None:
        place += f", line {line}"
    if column is not None:
        place += f", column {column}"
    return InputError(f"{place}: {what}.")


def expand(files: Sequence[tuple[str, bytes]]) -> list[SavedFile]:
    """The files with every zip replaced by its members, in the order of their names."""
    out: list[SavedFile] = []
    for name, data in files:
        if data[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
            out.append(SavedFile(name, data))
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [info for info in archive.infolist() if not info.is_dir()]
                if sum(info.file_size for info in members) > LARGEST_ZIP_BYTES:
                    raise InputError(f"{name} unpacks to more than 500 MB, so it is not read.")
                out += [
                    SavedFile(f"{name}/{info.filename}", archive.read(info))
                    for info in sorted(members, key=lambda info: info.filename)
                ]
        except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError) as error:
            raise InputError(
                f"{name} is a damaged or locked zip file ({error}).", remedy="Save it again."
            ) from error
    if not out:
        raise InputError("There is no file to read.", remedy="Name at least one.")
    return out


def only_region(region: str | None, own: str) -> str:
    """`own`, where `region` is empty or one of its names; these files have no other region."""
    if region and region.upper() != own and regions.find(region).id != own:
        raise InputError(
            f"These files are of {own}, not of '{region}'.", remedy="Leave --region away."
        )
    return own


def same_quantity(found: Iterable[str]) -> str:
    """The quantity that all files share; InputError where they differ."""
    kinds = sorted(set(found))
    if len(kinds) != 1:
        raise InputError(
            f"The files are of different kinds ({', '.join(kinds)}).",
            remedy="Read one kind at a time.",
        )
    return kinds[0]


def text_of(file: SavedFile) -> str:
    """The file as text; InputError where it is empty, a web page, or not text."""
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        column = error.start - file.data.rfind(b"\n", 0, error.start)
        raise trouble(file, "this is not UTF-8 text", line=line, column=column) from error
    if not text.strip():
        raise trouble(file, "the file is empty")
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        raise trouble(file, "this is a web page instead of data")
    return text


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


@dataclass(frozen=True)
class Table:
    """A delimited text: its header (stripped names) and the rows with their line numbers."""

    file: SavedFile
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]

    def find(self, *names: str) -> int | None:
        """The position of the first of these column names that is there, in any case."""
        lower = [name.lower() for name in self.header]
        return next((lower.index(name.lower()) for name in names if name.lower() in lower), None)

    def position(self, *names: str) -> int:
        """As `find`; InputError where none of the names is there."""
        found = self.find(*names)
        if found is None:
            raise trouble(
                self.file, f"there is no column '{names[0]}', only {', '.join(self.header)}"
            )
        return found

    def number(self, line: int, cells: list[str], position: int) -> float:
        """A cell as a number, NaN for a blank; InputError for anything else."""
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


def table_of(file: SavedFile, *, delimiter: str = ",", skip: int = 0) -> Table:
    """The file as a table whose header is on line `skip` + 1; blank lines are left out.

    A row with more or fewer cells than the header is an InputError, unless only its first cell
    has text: some feeds announce times that way before there are readings.
    """
    lines = text_of(file).splitlines()[skip:]
    header: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            line = reader.line_num + skip
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = tuple(cell.strip() for cell in cells)
            elif len(cells) == len(header):
                rows.append((line, cells))
            elif len(cells) == 1 and line == len(lines) + skip and delimiter == "\t":
                rows.append((line, cells + [""] * (len(header) - 1)))
            else:
                what = f"{len(cells)} values where the header has {len(header)} (cut short?)"
                raise trouble(file, what, line=line, column=len(cells))
    except csv.Error as error:
        raise trouble(file, str(error), line=reader.line_num + skip) from error
    if not rows:
        raise trouble(file, "there are no rows below the header")
    return Table(file, header, tuple(rows))


def json_of(file: SavedFile) -> Any:
    """The file as JSON; InputError with the line and column where it stops making sense."""
    text = text_of(file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        what = "the file is cut short" if cut else f"this is not JSON ({error.msg})"
        raise trouble(file, what, line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise trouble(file, "this JSON is nested too deeply") from error


def within(file: SavedFile, document: Any, *path: str) -> Any:
    """What is at `path` in a JSON document; InputError naming the first part that is missing."""
    found = document
    for depth, key in enumerate(path):
        if not isinstance(found, dict) or key not in found:
            raise trouble(file, f"there is no '{'.'.join(path[: depth + 1])}' in this JSON")
        found = found[key]
    return found


def records_of(file: SavedFile, document: Any, *path: str) -> list[dict[str, Any]]:
    """The list of objects at `path`; a single object counts as a list of one."""
    found = within(file, document, *path)
    records = [found] if isinstance(found, dict) else found
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise trouble(file, f"'{'.'.join(path)}' is not a list of records")
    return records


def field_of(file: SavedFile, number: int, record: Mapping[str, Any], field: str) -> str:
    """A field as text; InputError with the record's number (from 1) where it is missing."""
    value = record.get(field)
    if value is None or isinstance(value, (dict, list)):
        raise trouble(file, f"record {number} has no '{field}'")
    return str(value)


def value_of(file: SavedFile, number: int, record: Mapping[str, Any], field: str) -> float:
    """A field as a number, null is NaN; InputError where it is missing or something else."""
    if field not in record:
        raise trouble(file, f"record {number} has no '{field}'")
    raw = record[field]
    value = (
        None if isinstance(raw, (dict, list, bool)) else number_of("" if raw is None else str(raw))
    )
    if value is None:
        raise trouble(file, f"record {number}, field '{field}': '{raw}' is not a number")
    return value


def likely(at: datetime) -> datetime:
    """The same time; ValueError where no grid was recorded then, so that it must be damage."""
    if at.year not in YEARS:
        raise ValueError(f"the year {at.year}")
    return at


def stamp_of(file: SavedFile, number: int, record: Mapping[str, Any], field: str) -> datetime:
    """A field as an ISO time, naive where it has no offset."""
    text = field_of(file, number, record, field)
    try:
        return likely(datetime.fromisoformat(text))
    except ValueError as error:
        raise trouble(file, f"record {number}, field '{field}': '{text}' is not a time") from error


def local_to_utc(local: Sequence[datetime], zone: str) -> list[datetime | None]:
    """Wall times in file order as UTC; None for those that a clock change skipped.

    An hour that the clock repeats is told apart by order: it is daylight time until the clock
    goes back, or a wall time comes up again.
    """
    info = zone_info(zone)
    seen: set[datetime] = set()
    out: list[datetime | None] = []
    is_later = False
    previous: datetime | None = None
    for wall in local:
        first = wall.replace(tzinfo=info, fold=0)
        second = wall.replace(tzinfo=info, fold=1)
        if first.utcoffset() == second.utcoffset():
            is_later = False
            out.append(first.astimezone(UTC))
        elif first.astimezone(UTC).astimezone(info).replace(tzinfo=None, fold=0) != wall:
            out.append(None)
        else:
            is_later = is_later or wall in seen or (previous is not None and wall < previous)
            out.append((second if is_later else first).astimezone(UTC))
            seen.add(wall)
        previous = wall
    return out


def _utc_index(times: Sequence[datetime]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(times), utc=True), name="time")


def frame_of(times: Sequence[datetime], columns: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """A tidy frame; rows without any value are left out, of repeated times the last one stays."""
    index = _utc_index(times)
    return tidy(pd.DataFrame(dict(columns), index=index, dtype="float64").dropna(how="all"))


def stacked(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames below each other as one tidy frame; of repeated times the last one stays."""
    return tidy(pd.concat(list(frames)).dropna(how="all"))


def fuel_names(
    names: Iterable[str], fuels: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(provider name -> canonical fuel, names that are unknown and became `other`).

    Names are matched without regard to case and outer spaces.
    """
    known = {name.lower(): fuel for name, fuel in fuels.items()}
    chosen = {name: known.get(name.strip().lower(), "other") for name in names}
    unknown = sorted({name.strip() for name in chosen if name.strip().lower() not in known})
    return chosen, tuple(unknown)


def mix_of_columns(
    wide: pd.DataFrame, fuels: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A frame with a column per provider name as (frame per canonical fuel, unknown names).

    Where several columns make one fuel (biomass and biogas), a blank in one leaves the fuel
    unknown: a part would pass for the whole.
    """
    chosen, unknown = fuel_names([str(name) for name in wide.columns], fuels)
    parts = {
        fuel: wide[[name for name, own in chosen.items() if own == fuel]].sum(axis=1, skipna=False)
        for fuel in FUELS
        if fuel in chosen.values()
    }
    return tidy(pd.DataFrame(parts, index=wide.index).dropna(how="all")), unknown


def mix_of_rows(
    rows: Sequence[tuple[datetime, str, float]], fuels: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of (instant, provider name, MW) as (frame per canonical fuel, unknown names).

    A name that comes twice at an instant is one reading sent twice: the last one counts. An
    explicit blank leaves its fuel unknown; a name that is not listed adds nothing.
    """
    if not rows:
        return empty_frame(), ()
    chosen, unknown = fuel_names({name for _, name, _ in rows}, fuels)
    long = pd.DataFrame(rows, columns=["time", "name", "value"])
    long["time"] = _utc_index([at for at, _, _ in rows])
    long = long.drop_duplicates(["time", "name"], keep="last")
    long["fuel"] = long["name"].map(chosen)
    groups = long.groupby(["time", "fuel"])["value"]
    total = groups.sum().where(groups.count() == groups.size())
    wide = total.unstack("fuel")
    columns = [fuel for fuel in FUELS if fuel in wide.columns]
    return tidy(wide[columns].rename_axis(columns=None).dropna(how="all")), unknown
