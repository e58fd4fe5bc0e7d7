"""How a result is printed: a table for people, CSV and JSON for scripts. Nothing is rounded in
CSV and JSON; times are `YYYY-MM-DDTHH:MM:SSZ`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import click
import pandas as pd

from energydash.core.time import iso_z

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(default: str) -> Callable[[Command], Command]:
    """`--format`, with what this command prints when it is not given."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json"]),
        default=default,
        show_default=True,
        help="How to print the result.",
    )


def emit(result: Any, form: str, rows: str = "rows") -> None:
    """Print a frame, or a JSON-like result whose table is under `rows`."""
    if form == "json":
        click.echo(json.dumps(jsonable(result), indent=2, ensure_ascii=False))
        return
    frame = _as_frame(result, rows)
    if form == "csv":
        click.echo(csv_of(frame), nl=False)
    else:
        click.echo(frame.to_string(index=False) if len(frame) else "nothing")


def csv_of(frame: pd.DataFrame) -> str:
    """A frame as CSV, its times in a first column."""
    return with_time_column(frame).to_csv(index=False, lineterminator="\n")


def jsonable(value: Any) -> Any:
    """`value` as JSON types: frames become rows, times texts, NaN null."""
    match value:
        case pd.DataFrame():
            return [
                {str(k): jsonable(v) for k, v in row.items()}
                for row in with_time_column(value).to_dict("records")
            ]
        case dict():
            return {str(k): jsonable(v) for k, v in value.items()}
        case list() | tuple():
            return [jsonable(v) for v in value]
        case datetime():
            return iso_z(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case float():
            return None if math.isnan(value) else value
        case None | bool() | int() | str():
            return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if value is pd.NaT:
        return None
    if hasattr(value, "item"):  # a numpy scalar
        return jsonable(value.item())
    return str(value)


def with_time_column(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its `time` index as a first column of texts."""
    if frame.index.name != "time":
        return frame
    index = pd.DatetimeIndex(frame.index)
    out = frame.reset_index(drop=True)
    out.insert(0, "time", index.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return out


def _as_frame(result: Any, rows: str) -> pd.DataFrame:
    if isinstance(result, pd.DataFrame):
        return with_time_column(result)
    plain = jsonable(result)
    if isinstance(plain, dict) and isinstance(plain.get(rows), list):
        return pd.DataFrame(plain[rows])
    if isinstance(plain, list):
        return pd.DataFrame(plain)
    return pd.DataFrame({"what": list(plain), "value": [str(v) for v in plain.values()]})
