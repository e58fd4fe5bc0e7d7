"""Aretas: battery monitors that report voltage, current, power, state of charge and temperature.

Documentation: https://github.com/AretasSensorNetworks (clients and samples; the API has no
published reference). Base `https://iot.aretas.ca/rest/`, times are epoch milliseconds UTC, a row
every 20 seconds or so per sensor. Needs an account: `[aretas] username, password`, and `mac` of
the battery's monitor. The password is sent in the body of a POST only, never in an address.

Raw readings only: the hourly means that the API also has cannot tell energy in from energy out.
`byrange` silently stops at its row limit, so a piece that reaches it is asked again in halves.
The event stream is not used: latest values are polled. A token's lifetime is stated nowhere, so
on 401 and 403 there is one new login and one more try.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from energydash.battery.mapping import FACTOR, full_name, part_of
from energydash.battery.telemetry import PARTS
from energydash.errors import BadCredentials, BadData, InputError, NotFound
from energydash.feeds import Feed, Fetched, empty_frame
from energydash.settings import Section, Settings
from energydash.sources import Info, http, raw_cache
from energydash.sources.aretas_rows import SOURCE, Rows, read_rows
from energydash.time import Period, zone_info

INFO: Final = Info(
    name="aretas",
    title=SOURCE,
    about="Battery monitors: voltage, current, power, state of charge, temperature.",
    documentation="https://github.com/AretasSensorNetworks",
    licence="Your own data, under your agreement with Aretas Sensor Networks.",
    needs="[aretas] username, password, mac",
    longest_days=14.0,
    personal=True,
)
BASE_URL: Final = "https://iot.aretas.ca/rest/"
ROW_LIMIT: Final = 1_000_000
SHORTEST_PIECE: Final = timedelta(minutes=1)
ACTIVE_WITHIN: Final = timedelta(hours=24)
READ_TIMEOUT_S: Final = (5.0, 120.0)  # a piece of 14 days is some 30 MB

# Sensor types of the provider's firmware that are surely a pack's channel; others by their label
# in sensortype/list, by [aretas] types, or by what the numbers do (answers.battery).
KNOWN_TYPES: Final[Mapping[int, str]] = {514: "soc_percent", 518: "voltage_v", 532: "voltage_v"}
TYPES_OF_INTEREST: Final = range(512, 560)  # the firmware's battery types


@dataclass(frozen=True)
class SensorType:
    """A row of `sensortype/list`: its number, what it measures, in which unit."""

    number: int
    label: str
    unit: str


@dataclass(frozen=True)
class Monitor:
    """A device at a site, as `client/locationview` lists it."""

    mac: str
    description: str
    last_report: datetime | None
    site: str
    country: str = ""
    state: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None

    def is_active(self, now: datetime) -> bool:
        """Reported within a day."""
        return self.last_report is not None and now - self.last_report < ACTIVE_WITHIN


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """None by settings alone: a battery belongs to a household, so its feed starts with the
    device that `answers.battery` makes, and lives in the store."""
    del settings
    return ()


@dataclass(frozen=True)
class Address:
    """What a feed of ours is called at Aretas, and what its owner says of the sensors.

    sensors: channel to sensor type, or to `mac:type` where another monitor has it.
    """

    mac: str
    account: str = ""
    sensors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, feed: Feed) -> Address:
        """From the feed's private address; its subject is the mac where it has none."""
        if not feed.address:
            return cls(feed.subject)
        body = json.loads(feed.address)
        return cls(body["mac"], body.get("account", ""), body.get("sensors", {}))

    def own_types(self) -> dict[int, str]:
        """Type number to channel, of this monitor."""
        return {int(s): part for part, s in self.sensors.items() if s.isdigit()}

    def others(self) -> dict[str, tuple[str, int]]:
        """Channel to (mac, type number), of other monitors."""
        found = {}
        for part, sensor in self.sensors.items():
            mac, colon, number = sensor.rpartition(":")
            if colon and number.isdigit():
                found[part] = (mac, int(number))
        return found


def fetch(feed: Feed, period: Period, settings: Settings) -> Fetched:
    """Every raw reading of the feed's monitor in `period`; a column per channel, `type_N` where
    a sensor's name does not tell which channel it is."""
    address = Address.of(feed)
    account = account_of(settings, address.account)
    overrides = address.own_types() or _overrides(account)
    listed = sensor_types(settings, account)
    numbers = _types_of(settings, account, address.mac, listed, overrides)
    rows = get_rows(account, address.mac, period, numbers)
    frame, unknown = to_frame(rows, channel_names(numbers, listed, overrides), listed)
    for part, (mac, number) in address.others().items():
        more, _ = to_frame(get_rows(account, mac, period, (number,)), {number: part}, listed)
        frame = frame.drop(columns=part, errors="ignore").join(more[[part]], how="outer")
    return Fetched(frame, period, unknown=unknown)


def account_of(settings: Settings, name: str = "") -> Section:
    """A configured account; raises BadCredentials where there is none with a login."""
    accounts = settings.named("aretas")
    mine = [account for account in accounts if account.name == name]
    for account in (*mine, *accounts):
        if account.text("username") and account.text("password"):
            return account
    raise BadCredentials(
        SOURCE, f"{SOURCE} has no account.", remedy="Give [aretas] username and password."
    )


# Which number is which channel


def sensor_types(settings: Settings, account: Section) -> dict[int, SensorType]:
    """The provider's list of sensor types, kept for a day."""
    address = _address(account, "sensortype/list")

    def ask() -> bytes:
        body = _call("GET", account, "sensortype/list")
        read_sensor_types(body)  # only what can be read is kept
        return body

    answer = raw_cache.cached(settings, f"GET {address}", timedelta(days=1), ask)
    return read_sensor_types(answer.body)


def read_sensor_types(body: bytes) -> dict[int, SensorType]:
    """`sensortype/list`, whose number is called `typeByte` by some and `type` by others."""
    found = {}
    for row in _list(body):
        number = row.get("typeByte", row.get("type"))
        if isinstance(number, int):
            label, unit = str(row.get("label") or ""), str(row.get("units") or "")
            found[number] = SensorType(number, label, unit)
    return found


def channel_names(
    numbers: tuple[int, ...], listed: Mapping[int, SensorType], overrides: Mapping[int, str]
) -> dict[int, str]:
    """Type number to channel: the user's word, the provider's label, the firmware's numbers;
    `type_N` where none tells, or where two would be the same channel."""
    found = {number: part for number, part in overrides.items() if number in numbers}
    for number in numbers:
        if number in found:
            continue
        kind = listed.get(number)
        part = part_of(kind.label, kind.unit) if kind else None
        part = part or KNOWN_TYPES.get(number)
        taken = part in found.values()
        found[number] = part if part and not taken else f"type_{number}"
    return found


def _overrides(account: Section) -> dict[int, str]:
    """`[aretas] types = "voltage=532, current=531"`."""
    found = {}
    for piece in account.items("types"):
        name, _, number = (word.strip() for word in piece.partition("="))
        if not number.isdigit():
            raise InputError(
                f"[aretas] types has '{piece}'.", remedy="Write voltage=532, current=531."
            )
        found[int(number)] = full_name(name)
    return found


def _types_of(
    settings: Settings,
    account: Section,
    mac: str,
    listed: Mapping[int, SensorType],
    overrides: Mapping[int, str],
) -> tuple[int, ...]:
    """The numbers of the monitor's sensors that can belong to a battery, kept for an hour."""
    request = f"POST {_address(account, 'sensorreport/latest')} {mac}"
    answer = raw_cache.cached(
        settings, request, timedelta(hours=1), lambda: _latest_body(account, (mac,))
    )
    found = {int(row["type"]) for row in _list(answer.body) if isinstance(row.get("type"), int)}
    wanted = {
        number
        for number in found
        if number in overrides
        or number in KNOWN_TYPES
        or (number not in listed and number in TYPES_OF_INTEREST)
        or (number in listed and part_of(listed[number].label, listed[number].unit))
    }
    return tuple(sorted(wanted | set(overrides)))


def to_frame(
    rows: Rows, names: Mapping[int, str], listed: Mapping[int, SensorType]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A column per channel on the union of their clocks, in the channels' units; and the sensors
    whose channel is not known. Unlisted types are left out."""
    by_type = {number: data for number, data in rows.by_type().items() if number in names}
    if not by_type:
        return empty_frame(*PARTS), ()
    clock = np.unique(np.concatenate([time_us for time_us, _ in by_type.values()]))
    columns = {}
    for number, (time_us, value) in by_type.items():
        unit = listed[number].unit.lower() if number in listed else ""
        column = np.full(len(clock), np.nan)
        column[np.searchsorted(clock, time_us)] = value * FACTOR.get(unit, 1.0)
        columns[names[number]] = column
    index = pd.DatetimeIndex(clock.astype("datetime64[us]"), name="time").tz_localize("UTC")
    unknown = tuple(
        f"sensor type {n} ({listed[n].label})" if n in listed else f"sensor type {n}"
        for n in by_type
        if names[n].startswith("type_")
    )
    return pd.DataFrame(columns, index=index), unknown


# The API


def get_rows(account: Section, mac: str, period: Period, numbers: tuple[int, ...]) -> Rows:
    """The raw rows of `[start, end)`; a piece that comes back at the limit is halved."""
    start_ms, end_ms = (int(at.timestamp() * 1000) for at in (period.start, period.end))
    rows = read_rows(get_byrange(account, mac, start_ms, end_ms, numbers))
    if len(rows) >= ROW_LIMIT and period.duration > SHORTEST_PIECE:
        middle = period.start + period.duration / 2
        halves = (
            get_rows(account, mac, half, numbers)
            for half in (Period(period.start, middle), Period(middle, period.end))
        )
        first, second = halves
        return Rows(
            np.concatenate([first.type, second.type]),
            np.concatenate([first.time_ms, second.time_ms]),
            np.concatenate([first.value, second.value]),
        )
    inside = (rows.time_ms >= start_ms) & (rows.time_ms < end_ms)
    return Rows(rows.type[inside], rows.time_ms[inside], rows.value[inside])


def get_byrange(
    account: Section, mac: str, start_ms: int, end_ms: int, numbers: tuple[int, ...]
) -> bytes:
    """`sensordata/byrange`: raw rows of one monitor."""
    parameters: list[tuple[str, Any]] = [
        ("mac", mac), ("begin", start_ms), ("end", end_ms), ("limit", ROW_LIMIT),
        *(("type", number) for number in numbers),
    ]  # fmt: skip
    return _authorised("GET", account, "sensordata/byrange", mac=mac, params=parameters)


def monitors(account: Section) -> tuple[Monitor, ...]:
    """Every device of every site of the account."""
    return read_monitors(
        _authorised("GET", account, "client/locationview", params=[("invalidateCache", "false")])
    )


def read_monitors(body: bytes) -> tuple[Monitor, ...]:
    """The devices in a `client/locationview` answer."""
    view = http.as_json(SOURCE, body)
    if not isinstance(view, dict) or not isinstance(view.get("locationSensorViews"), list):
        raise BadData(SOURCE, f"{SOURCE} sent a list of sites in another shape.")
    found = []
    for site in view["locationSensorViews"]:
        place = site.get("location") or {}
        for sensor in site.get("sensorList") or ():
            reported = sensor.get("lastReportTime") or -1
            found.append(
                Monitor(
                    mac=str(sensor.get("mac", "")),
                    description=str(sensor.get("description") or ""),
                    last_report=_instant(reported) if reported > 0 else None,
                    site=str(place.get("description") or ""),
                    country=str(place.get("country") or ""),
                    state=str(place.get("state") or ""),
                    city=str(place.get("city") or ""),
                    latitude=place.get("lat"),
                    longitude=place.get("lon"),
                )
            )
    return tuple(found)


def latest(
    account: Section, macs: tuple[str, ...]
) -> dict[tuple[str, int], tuple[datetime, float]]:
    """The newest value of every sensor of these monitors, from the server's own cache."""
    found = {}
    for row in _list(_latest_body(account, macs)):
        if isinstance(row.get("data"), int | float) and isinstance(row.get("timestamp"), int):
            key = (str(row.get("mac", "")), int(row["type"]))
            found[key] = (_instant(row["timestamp"]), float(row["data"]))
    return found


def _latest_body(account: Section, macs: tuple[str, ...]) -> bytes:
    numbers = [int(mac) if mac.isdigit() else mac for mac in macs]
    body = _authorised("POST", account, "sensorreport/latest", body=numbers)
    _list(body)
    return body


def site_zone(account: Section, latitude: float, longitude: float) -> str:
    """The IANA time zone at a site, never the host's own."""
    body = _authorised(
        "GET", account, "timezone/query", params=[("lat", latitude), ("lon", longitude)]
    )
    answer = http.as_json(SOURCE, body)
    zone = str(answer.get("message", "")) if isinstance(answer, dict) else ""
    try:
        zone_info(zone)
    except InputError as error:
        raise BadData(SOURCE, f"{SOURCE} does not know the time zone of this site.") from error
    return zone


_tokens: dict[tuple[str, str, str], str] = {}
_login = threading.Lock()


def _authorised(
    method: str,
    account: Section,
    path: str,
    *,
    mac: str = "",
    params: list[tuple[str, Any]] | None = None,
    body: object = None,
) -> bytes:
    """A request with the token; on 401 and 403 one new login and one more try."""
    for attempt in (1, 2):
        token = _token(account)
        headers = {"Authorization": f"Bearer {token}"}
        if mac:
            headers["X-AIR-Token"] = mac
        try:
            return _call(method, account, path, params=params, headers=headers, body=body)
        except BadCredentials as error:
            _tokens.pop(_key(account), None)
            if attempt == 2:
                raise BadCredentials(
                    SOURCE,
                    f"{SOURCE} accepts the login but refuses these data.",
                    remedy="Check that the account may read this device.",
                ) from error
    raise AssertionError("both attempts either return or raise")


def _call(
    method: str,
    account: Section,
    path: str,
    *,
    params: list[tuple[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> bytes:
    """One request to an address under the account's base."""
    try:
        return http.call(
            method,
            SOURCE,
            _address(account, path),
            params=params,
            headers=headers,
            body=body,
            timeout_s=READ_TIMEOUT_S,
        )
    except NotFound as error:
        raise NotFound(
            SOURCE,
            f"{SOURCE} has nothing at {path} (404).",
            remedy="Check [aretas] url and the device's mac.",
        ) from error


def _token(account: Section) -> str:
    """The token of this account: kept in memory, else by a login (POST, never in an address)."""
    key = _key(account)
    with _login:
        if key not in _tokens:
            body = _call(
                "POST",
                account,
                "authentication/j",
                body={
                    "username": account.secret("username").reveal(),
                    "password": account.secret("password").reveal(),
                },
            )
            _tokens[key] = read_token(body)
        return _tokens[key]


def read_token(body: bytes) -> str:
    """The token that a login answers as plain text (or as a JSON string)."""
    text = body.decode("utf-8", "replace").strip().strip('"')
    if len(text) < 8 or any(sign in text for sign in " <>{}\n\"'"):
        raise BadData(
            SOURCE,
            f"{SOURCE} answered the login with something that is not a token.",
            remedy="Check [aretas] url, username and password.",
        )
    return text


def forget_logins() -> None:
    """Log in anew at the next request (after settings were edited)."""
    _tokens.clear()


def _key(account: Section) -> tuple[str, str, str]:
    return (_address(account, ""), account.secret("username").reveal(),
            account.secret("password").reveal())  # fmt: skip


def _address(account: Section, path: str) -> str:
    base = account.text("url", BASE_URL) or BASE_URL
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InputError(
            "[aretas] url must start with https://.", remedy="A password is sent to it."
        )
    return base.rstrip("/") + "/" + path


def _list(body: bytes) -> list[dict[str, Any]]:
    """A JSON list of objects, or BadData."""
    parsed = http.as_json(SOURCE, body)
    if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
        raise BadData(SOURCE, f"{SOURCE} sent something else than a list.")
    return parsed


def _instant(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
