"""One answer as every face shows it: rows whose columns carry their units, and what they are of.

Times are interval starts: `time` in UTC (`2026-03-29T01:00:00Z`) and beside it, where the
place has a zone of its own, `local_time` (`2026-03-29T02:00:00+01:00[Europe/London]`, RFC 9557).
Nothing is rounded; what is unknown is null in JSON and empty in CSV, never 0.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import orjson
import pandas as pd

from energydash.core.coverage import Coverage
from energydash.core.feeds import FeedData
from energydash.core.findings import Finding
from energydash.core.text import printable
from energydash.core.time import Period, iso_z, zone_info

# A spreadsheet takes a cell that begins so for a formula.
FORMULA = re.compile(r"^[=+\-@\t\r]")
SUFFIX = {"MW": "mw", "g/kWh": "g_per_kwh", "%": "percent", "kWh": "kwh", "m3": "m3", "": ""}
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True)
class Document:
    """What a question is answered with.

    name: what a file of it is called, such as `mix GB`. rows: the table; a UTC `time` index
    becomes the columns `time` and `local_time` in `zone`. about: what stands beside the rows in
    JSON (totals, basis…). inputs: the feeds that it is made of. rows_name: the key of the rows.
    is_list: the rows are all there is, in JSON too (regions, meters…).
    """

    name: str
    rows: pd.DataFrame
    zone: str = "UTC"
    period: Period | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[FeedData] = ()
    notes: Sequence[str] = ()
    rows_name: str = "rows"
    is_list: bool = False

    @property
    def table(self) -> pd.DataFrame:
        """The rows with their times as texts."""
        return with_times(self.rows, self.zone)

    def to_csv(self) -> str:
        """The rows as CSV."""
        return csv_text(self.rows, self.zone)

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Everything, as JSON types."""
        if self.is_list:
            return frame_json(self.table)
        body: dict[str, Any] = {}
        if self.period is not None:
            body |= {"from": iso_z(self.period.start), "to": iso_z(self.period.end)}
        body |= {"zone": self.zone}
        body |= {name: jsonable(value) for name, value in self.about.items()}
        body |= {"notes": list(self.notes), "inputs": [input_json(one) for one in self.inputs]}
        return body | {self.rows_name: jsonable(self.table)}

    def file_name(self, ending: str = "csv") -> str:
        """`mix_gb_2026-03-01_2026-03-02.csv`: the first and the last local day."""
        days = self.period.days(self.zone) if self.period else []
        dates = [days[0].isoformat(), days[-1].isoformat()] if days else []
        return "_".join([slug(self.name), *dict.fromkeys(dates)]) + f".{ending}"


def slug(text: str) -> str:
    """A text as a part of a file name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def with_times(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """The frame with its UTC index as the columns `time` and `local_time`; others as they are."""
    index = frame.index
    if not (isinstance(index, pd.DatetimeIndex) and index.tz is not None):
        return frame
    out = frame.reset_index(drop=True)
    utc = index.tz_convert("UTC")
    out.insert(0, "time", utc.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if zone != "UTC":
        out.insert(1, "local_time", local_texts(utc, zone))
    return out


def with_unit(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Columns with their unit in the name: gas -> gas_mw. Telemetry has them already."""
    suffix = SUFFIX.get(unit, slug(unit))
    return frame.rename(columns=lambda name: f"{name}_{suffix}" if suffix else str(name))


def local_texts(index: pd.DatetimeIndex, zone: str) -> list[str]:
    """Each instant as `2026-03-29T02:00:00+01:00[Europe/London]`."""
    if not len(index):
        return []
    zone_info(zone)
    wall = index.tz_convert(zone).tz_localize(None)
    offsets = wall - index.tz_localize(None)
    names = {one: f"{_offset(one)}[{zone}]" for one in offsets.unique()}
    walls = np.datetime_as_string(wall.to_numpy(), unit="s").tolist()
    return [f"{text}{names[one]}" for text, one in zip(walls, offsets, strict=True)]


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def csv_text(frame: pd.DataFrame, zone: str = "UTC") -> str:
    """A frame as CSV. A text that a spreadsheet would run as a formula gets an apostrophe."""
    table = with_times(frame, zone)
    texts = [
        name for name, kind in zip(table.columns, table.dtypes, strict=True)
        if not pd.api.types.is_numeric_dtype(kind)
    ]  # fmt: skip
    if texts:
        table = table.assign(**{str(name): table[name].map(_cell) for name in texts})
    return str(table.to_csv(index=False, lineterminator="\n"))


def _cell(value: Any) -> Any:
    """A cell of a CSV: never a formula or what a terminal obeys, never a list as Python has it."""
    if isinstance(value, list | tuple | dict):
        value = orjson.dumps(jsonable(value)).decode()
    elif isinstance(value, datetime | date | Enum | Period):
        value = jsonable(value)
    if isinstance(value, str) and not value.isprintable():
        value = printable(value)
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.match(value):
        return f"'{value}"
    return value


def to_json(value: Any) -> bytes:
    """`jsonable(value)` as UTF-8."""
    return orjson.dumps(jsonable(value))


def jsonable(value: Any) -> Any:
    """`value` as JSON types: frames become rows, times texts, NaN null, decimals exact texts."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case float():
            return float(value) if math.isfinite(value) else None  # orjson takes no np.float64
        case Enum():
            return value.value
        case pd.DataFrame():
            return frame_json(value)
        case Coverage():
            return coverage_json(value)
        case Finding():
            return finding_json(value)
        case Period():
            return {"start": iso_z(value.start), "end": iso_z(value.end)}
        case Mapping():
            return {str(key): jsonable(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [jsonable(inner) for inner in value]
        case datetime() if value is not pd.NaT:
            return iso_z(value)
        case date() if value is not pd.NaT:
            return value.isoformat()
        case Decimal():
            return f"{value:f}"  # never 0E-7
        case timedelta() if value is not pd.NaT:
            return value.total_seconds()
    if value is pd.NaT:
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: jsonable(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


def frame_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame as a list of rows; a time index without a zone of its own is written in UTC."""
    table = with_times(frame, "UTC") if frame.index.name == "time" else frame
    columns = [_column(table.iloc[:, number]) for number in range(table.shape[1])]
    names = [str(name) for name in table.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _column(values: pd.Series[Any]) -> list[Any]:
    """A column as JSON values; numbers all at once."""
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(dtype="float64")
        plain: list[Any] = numbers.tolist()
        for place in np.flatnonzero(~np.isfinite(numbers)).tolist():
            plain[place] = None
        return plain
    if pd.api.types.is_integer_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        whole: list[Any] = values.tolist()
        return whole
    return [jsonable(value) for value in values.tolist()]


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """How much of a period is there, and the stretches that are not, by reason."""
    return {
        "present": coverage.present,
        "asked": coverage.asked,
        "fraction": coverage.fraction,
        "step_minutes": coverage.step.total_seconds() / 60 if coverage.step else None,
        "sentence": coverage.sentence,
        **{
            gap: [str(period) for period in periods]
            for gap, periods in (
                ("missing", coverage.missing),
                ("not_published_yet", coverage.pending),
                ("being_fetched", coverage.fetching),
                ("unpriced", coverage.unpriced),
                ("not_connected", coverage.unconnected),
            )
        },
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """Something odd or wrong: what is known of it."""
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "subject": finding.subject or None,
        "sentence": finding.sentence,
        "remedy": finding.remedy or None,
        "period": jsonable(finding.period),
        "gbp": jsonable(finding.gbp),
        "count": finding.count or None,
        "line": finding.line or None,
        "since": jsonable(finding.since),
        "retry_at": jsonable(finding.retry_at),
    }


def input_json(one: FeedData) -> dict[str, Any]:
    """Where figures are from. Never the feed itself: it knows a meter's real number."""
    return {
        "source": one.feed.source,
        "subject": one.feed.subject,
        "quantity": one.feed.quantity,
        "unit": one.feed.unit,
        "fetched_at": jsonable(one.fetched_at),
        "newest": jsonable(one.newest),
        "origin": one.origin,
        "sample_reason": one.sample_reason or None,
        "problem": finding_json(one.problem) if one.problem else None,
        "coverage": coverage_json(one.coverage),
    }
