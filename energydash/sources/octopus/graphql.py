"""Octopus Energy's GraphQL interface: its own cost figures, and Intelligent Go's dispatches.

It answers 200 whatever happens; errors are in the body. A key buys a token for an hour.
https://developer.octopus.energy/graphql/
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from energydash.core.errors import BadCredentials, BadData, RateLimited, SourceError
from energydash.core.feeds import empty_frame, tidy
from energydash.core.settings import Section
from energydash.core.time import Period, iso_z, parse_instant, utc_now
from energydash.sources import http, parser
from energydash.sources.octopus import rest

URL = f"{rest.BASE}graphql/"
PAGE_SIZE = 100  # an answer may have at most 10,000 nodes; one reading is about ten
TOKEN_LASTS = timedelta(minutes=50)  # Octopus says 60

TOKEN_QUERY = """mutation token($key: String!) {
  obtainKrakenToken(input: {APIKey: $key}) { token }
}"""
MEASUREMENTS_QUERY = """query measurements($account: String!, $start: DateTime!, $end: DateTime!,
    $first: Int!, $after: String, $filters: [UtilityFiltersInput]) {
  account(accountNumber: $account) { properties { id measurements(first: $first, after: $after,
      startAt: $start, endAt: $end, timezone: "Europe/London", utilityFilters: $filters) {
    pageInfo { hasNextPage endCursor }
    edges { node { value unit ... on IntervalMeasurementType { startAt endAt }
      metaData { statistics { type costInclTax { estimatedAmount costCurrency } } } } }
  } } }
}"""
DISPATCHES_QUERY = """query dispatches($account: String!) {
  completedDispatches(accountNumber: $account) { start end delta meta { source location } }
}"""

# https://developer.octopus.energy/graphql/guides/errors
RATE_CODES = {"KT-CT-1199"}
KEY_CODES = {"KT-CT-1111", "KT-CT-1112", "KT-CT-1134", "KT-CT-1135", "KT-CT-1139", "KT-CT-1143"}
SIZE_CODES = {"KT-CT-1188", "KT-CT-1189"}

_lock = threading.Lock()
_tokens: dict[str, tuple[str, datetime]] = {}


@dataclass(frozen=True)
class Dispatch:
    """A charging slot that Intelligent Go gave a car; energy_kwh is what went in."""

    start: datetime
    end: datetime
    energy_kwh: float | None
    source: str
    location: str


@parser("Octopus Energy")
def read_answer(body: bytes) -> dict[str, Any]:
    """The `data` of an answer; its errors become ours by their code."""
    found = http.as_json(rest.NAME, body)
    if not isinstance(found, dict):
        raise rest.lacks("data", "an answer")
    if found.get("errors"):
        raise _error(found["errors"])
    data = found.get("data")
    if not isinstance(data, dict):
        raise rest.lacks("data", "an answer")
    return data


@parser("Octopus Energy")
def read_measurements(body: bytes) -> pd.DataFrame:
    """Octopus's own figures per half-hour: `kwh`, `cost_p` and `standing_p`, VAT included."""
    return _costs(_nodes(read_answer(body)))


@parser("Octopus Energy")
def read_dispatches(body: bytes) -> list[Dispatch]:
    """Completed dispatches, oldest first."""
    try:
        found = [
            Dispatch(
                start=parse_instant(one["start"]),
                end=parse_instant(one["end"]),
                energy_kwh=abs(float(one["delta"])) if one.get("delta") else None,
                source=(one.get("meta") or {}).get("source") or "",
                location=(one.get("meta") or {}).get("location") or "",
            )
            for one in read_answer(body).get("completedDispatches") or ()
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise rest.lacks(str(error).strip("'"), "dispatches") from error
    return sorted(found, key=lambda one: one.start)


def get_dispatches(section: Section) -> bytes:
    """The completed dispatches of an account; Octopus keeps about the last month."""
    return _ask(section, DISPATCHES_QUERY, {"account": _account(section)})


def get_measurements(
    section: Section, energy: str, point: str, direction: str, period: Period
) -> pd.DataFrame:
    """Octopus's own energy and cost per half-hour of one meter point, all pages."""
    filters: dict[str, str] = {
        "readingFrequencyType": "RAW_INTERVAL",
        "marketSupplyPointId": point,
        "readingDirection": "GENERATION" if direction == "export" else "CONSUMPTION",
    }
    nodes: list[dict[str, Any]] = []
    after: str | None = None
    for _ in range(rest.MOST_PAGES):
        variables = {
            "account": _account(section),
            "start": iso_z(period.start),
            "end": iso_z(period.end),
            "first": PAGE_SIZE,
            "after": after,
            "filters": [{f"{energy}Filters": filters}],
        }
        data = read_answer(_ask(section, MEASUREMENTS_QUERY, variables))
        nodes += _nodes(data)
        after = next((cursor for cursor in _cursors(data) if cursor), None)
        if after is None:
            break
    return _costs(nodes)


def _ask(section: Section, query: str, variables: dict[str, Any]) -> bytes:
    """One question with a token; once more with a fresh one where the old one is refused."""
    with rest.asking_with(section):
        return _asked(section, query, variables)


def _asked(section: Section, query: str, variables: dict[str, Any]) -> bytes:
    for is_last in (False, True):
        headers = {"Authorization": _token(section, fresh=is_last)}
        body = http.post(
            rest.NAME, URL, body={"query": query, "variables": variables}, headers=headers
        )
        try:
            read_answer(body)
        except BadCredentials:
            if is_last:
                raise
            continue
        break
    return body


def _token(section: Section, *, fresh: bool) -> str:
    key = section.secret("api_key").reveal()
    name = hashlib.sha256(key.encode()).hexdigest()
    with _lock:
        kept = _tokens.get(name)
        if kept and not fresh and utc_now() < kept[1]:
            return kept[0]
    body = http.post(rest.NAME, URL, body={"query": TOKEN_QUERY, "variables": {"key": key}})
    granted = (read_answer(body).get("obtainKrakenToken") or {}).get("token")
    if not granted:
        raise rest.lacks("token", "an answer")
    with _lock:
        _tokens[name] = (granted, utc_now() + TOKEN_LASTS)
    return str(granted)


def forget_tokens() -> None:
    """Log in anew at the next question."""
    with _lock:
        _tokens.clear()


def _account(section: Section) -> str:
    return section.text("account_number") or section.text("account")


def _error(errors: list[dict[str, Any]]) -> SourceError:
    first = errors[0] if isinstance(errors[0], dict) else {}
    extensions = first.get("extensions") or {}
    code = str(extensions.get("errorCode", ""))
    said = http.redact(str(extensions.get("errorDescription") or first.get("message") or "nothing"))
    if code in KEY_CODES:
        return BadCredentials(
            rest.NAME,
            f"{rest.NAME} refused the key ({code}).",
            remedy="Check api_key and account_number under Data sources.",
        )
    if code in RATE_CODES:
        retry_at = utc_now() + timedelta(minutes=15)
        return RateLimited(
            rest.NAME,
            f"{rest.NAME} asks for fewer requests ({code}).",
            remedy=f"It is asked again after {retry_at:%H:%M} UTC.",
            retry_at=retry_at,
        )
    if code in SIZE_CODES:
        return BadData(
            rest.NAME,
            f"{rest.NAME} refused a question as too large ({code}).",
            remedy="Ask for less.",
        )
    return BadData(rest.NAME, f"{rest.NAME} answered with an error: {said[:150].rstrip('.')}.")


def _measurements(data: dict[str, Any]) -> list[dict[str, Any]]:
    homes = (data.get("account") or {}).get("properties") or []
    return [home["measurements"] for home in homes if home.get("measurements")]


def _nodes(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for one in _measurements(data) for edge in one.get("edges") or ()]


def _cursors(data: dict[str, Any]) -> list[str | None]:
    infos = [one.get("pageInfo") or {} for one in _measurements(data)]
    return [info.get("endCursor") for info in infos if info.get("hasNextPage")]


def _costs(nodes: list[dict[str, Any]]) -> pd.DataFrame:
    if not nodes:
        return empty_frame("kwh", "cost_p", "standing_p")
    try:
        records = [
            {
                "time": node["startAt"],
                "kwh": float(node["value"]),
                "cost_p": _amount(node, "CONSUMPTION_COST"),
                "standing_p": _amount(node, "STANDING_CHARGE_COST"),
            }
            for node in nodes
        ]
        frame = pd.DataFrame(records)
        index = pd.DatetimeIndex(pd.to_datetime(frame.pop("time"), utc=True, format="ISO8601"))
    except (KeyError, TypeError, ValueError) as error:
        raise rest.lacks(str(error).strip("'"), "cost figures") from error
    return tidy(frame.set_axis(index, axis="index"))


def _amount(node: dict[str, Any], kind: str) -> float | None:
    for one in (node.get("metaData") or {}).get("statistics") or ():
        if one["type"] == kind and one.get("costInclTax"):
            return float(one["costInclTax"]["estimatedAmount"])
    return None
