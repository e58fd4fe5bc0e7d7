"""What every source must do when its upstream misbehaves: the cases and how to spoil an answer.

A module in `tests/sources/cases/` has `CASES: list[ContractCase]`; `test_contract.py` runs each
against its stand-in in `tests/upstreams/` under every fault of `OUTCOMES` and every data fault.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

import tests.sources.cases
from energydash import sources
from energydash.core.errors import (
    BadCredentials,
    BadData,
    NotFound,
    RateLimited,
    SourceError,
    Unavailable,
)
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import DAY, LONDON, Period, half_hours
from tests.upstreams import Request, Response

Change = Callable[[Request, Response], Response]

# A fault of the stand-in -> the error it becomes.
OUTCOMES: dict[str, type[SourceError]] = {
    "refused": Unavailable,
    "timeout": Unavailable,
    "broken": Unavailable,
    "500": Unavailable,
    "401": BadCredentials,
    "403": BadCredentials,
    "404": NotFound,
    "429": RateLimited,
    "html": BadData,
    "truncated": BadData,
    "empty": BadData,
}
DATA_FAULTS = ("renamed", "nulls", "duplicates", "out of order", "unknown fuel", "clock change")


@dataclass(frozen=True)
class ContractCase:
    """One feed of a source, the host it asks, and what its answers look like.

    feed: from the settings, for feeds of an account. host: the one whose faults it suffers.
    environment: ENERGYDASH_… variables with made-up keys; none of the keys may show in an error.
    hours, lag: the period asked is `hours` long and ends `lag` before now, on the hour.
    needed: the text of a field name without which no row can be read; it is renamed.
    values: JSON keys whose values become null in every other row; CSV: a column's name.
    fuel: the text of a fuel's name that becomes an unknown one; '' where the feed has no fuels.
    names: what an error calls the source; default its INFO.title and INFO.name.
    outcomes: a fault whose outcome differs for a good reason; None means: answered without error.
    not_applicable: a fault -> the reason why this feed cannot meet it.
    changes: a data fault -> how to spoil the answer, where the helpers here do not fit.
    prepare: called before the first question (log in, forget what the module remembers).
    """

    name: str
    feed: Callable[[Settings], Feed]
    host: str
    environment: Mapping[str, str] = field(default_factory=dict)
    hours: float = 6
    lag: timedelta = timedelta(0)
    needed: str = ""
    values: tuple[str, ...] = ()
    fuel: str = ""
    names: tuple[str, ...] = ()
    outcomes: Mapping[str, type[SourceError] | None] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    prepare: Callable[[Settings], None] = lambda _: None

    def outcome(self, fault: str) -> type[SourceError] | None:
        return self.outcomes.get(fault, OUTCOMES[fault])

    def change(self, fault: str) -> Change | None:
        """How this feed's answers are spoilt by a data fault; None where it does not apply."""
        if fault in self.not_applicable:
            return None
        if fault in self.changes:
            return self.changes[fault]
        if fault == "renamed" and self.needed:
            return replace_text(self.needed, f"{self.needed}X")
        if fault == "nulls" and self.values:
            return null_values(*self.values)
        if fault == "duplicates":
            return repeat_rows()
        if fault == "out of order":
            return reverse_rows()
        if fault == "unknown fuel" and self.fuel:
            return replace_text(self.fuel, "Fusion")
        return None

    def period(self, now: datetime) -> Period:
        end = (now - self.lag).replace(minute=0, second=0, microsecond=0)
        return Period(end - timedelta(hours=self.hours), end)


def operator(source: str, quantity: str, host: str, **options: Any) -> ContractCase:
    """A case of a system operator's feed, which needs no key and has no account."""

    def feed(settings: Settings) -> Feed:
        found = sources.source(source).feeds(settings)
        return next(feed for feed in found if feed.quantity == quantity)

    return ContractCase(name=f"{source}-{quantity}", feed=feed, host=host, **options)


def all_cases() -> list[ContractCase]:
    """The cases of every module in `tests/sources/cases/`."""
    found: list[ContractCase] = []
    for info in pkgutil.iter_modules(tests.sources.cases.__path__):
        module = importlib.import_module(f"tests.sources.cases.{info.name}")
        found.extend(module.CASES)
    return found


def clock_changes(zone: str, now: datetime) -> list[Period]:
    """The local days of the last 400 days that do not have 48 half-hours (London's for UTC)."""
    for candidate in (zone, LONDON):
        days = [now.date() - n * DAY for n in range(2, 400)]
        changed = [day for day in days if half_hours(day, candidate) != 48]
        if changed:
            return [Period.local_days(day, day + DAY, candidate) for day in sorted(changed)[-2:]]
    return []


def size(fetched: Fetched) -> int:
    """Everything that an answer brought: values, prices, forecast values."""
    rates = 0 if fetched.rates is None else len(fetched.rates)
    forecasts = sum(int(frame.count().sum()) for _, frame in fetched.forecasts)
    return int(fetched.frame.count().sum()) + rates + forecasts


def same(left: Fetched, right: Fetched) -> bool:
    """True where two answers brought the same."""
    if not left.frame.equals(right.frame[left.frame.columns]):
        return False
    if (left.rates is None) != (right.rates is None):
        return False
    if left.rates is None or right.rates is None:
        return size(left) == size(right)
    order = list(left.rates.columns)
    first = left.rates.sort_values(order).reset_index(drop=True)
    second = right.rates[order].sort_values(order).reset_index(drop=True)
    return bool(first.equals(second))


def replace_text(old: str, new: str) -> Change:
    """Every occurrence of a text in the answer becomes another."""

    def change(_: Request, response: Response) -> Response:
        body = response.content().replace(old.encode(), new.encode())
        return Response(response.status, body, response.headers)

    return change


def null_values(*names: str) -> Change:
    """Every other value under these JSON keys becomes null; of these CSV columns, empty."""

    def change(_: Request, response: Response) -> Response:
        content = response.content()
        data = _json(content)
        if data is None:
            lines = [line.split(",") for line in content.decode().splitlines()]
            header = next((n for n, one in enumerate(lines) if set(names) & set(one)), None)
            if header is None:  # a login, a page on the way
                return response
            columns = [lines[header].index(name) for name in names if name in lines[header]]
            for cells in lines[header + 1 :: 2]:
                for column in columns:
                    if column < len(cells):
                        cells[column] = ""
            text = "\n".join(",".join(cells) for cells in lines) + "\n"
            return Response(response.status, text, response.headers)
        seen = 0

        def walk(value: Any) -> None:
            nonlocal seen
            if isinstance(value, dict):
                for key, inner in value.items():
                    if key in names and not isinstance(inner, dict | list):
                        seen += 1
                        if seen % 2:
                            value[key] = None
                    else:
                        walk(inner)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner)

        walk(data)
        return Response(response.status, json.dumps(data), {"Content-Type": "application/json"})

    return change


def repeat_rows() -> Change:
    """Every row comes twice."""
    return change_rows(lambda rows: rows + rows)


def reverse_rows() -> Change:
    """The last row comes first."""
    return change_rows(lambda rows: rows[::-1])


def change_rows(changed: Callable[[list[Any]], list[Any]]) -> Change:
    """Change every JSON list of records, or the lines of a CSV under its header."""

    def change(_: Request, response: Response) -> Response:
        content = response.content()
        data = _json(content)
        if data is None:
            head, *lines = content.decode().splitlines()
            text = "\n".join([head, *changed(lines)]) + "\n"
            return Response(response.status, text, response.headers)

        def walk(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: walk(inner) for key, inner in value.items()}
            if isinstance(value, list):
                inner = [walk(item) for item in value]
                records = bool(inner) and all(isinstance(item, dict | list) for item in inner)
                return changed(inner) if records else inner
            return value

        body = json.dumps(walk(data))
        return Response(response.status, body, {"Content-Type": "application/json"})

    return change


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def finite(frame: pd.DataFrame) -> pd.Series[float]:
    """The values that are there, by time and part."""
    return frame.stack().dropna()
