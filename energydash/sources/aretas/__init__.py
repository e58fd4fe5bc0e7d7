"""Aretas: battery monitors that report voltage, current, power, state of charge and temperature.

Documentation: https://github.com/AretasSensorNetworks (clients and samples; the API has no
published reference). Base `https://iot.aretas.ca/rest/`, times are epoch milliseconds UTC, a row
every 20 seconds or so per sensor. Needs an account: `[aretas] username, password`, and `mac` of
the battery's monitor. The password is sent in the body of a POST only, never in an address.

Raw readings only: the hourly means that the API also has cannot tell energy in from energy out.
`byrange` silently stops at its row limit, so a piece that reaches it is asked again in halves.
Latest values are polled; the event stream (`stream.py`) is off unless `[aretas] stream = "on"`. A
token's lifetime is stated nowhere, so on 401 and 403 there is one new login and one more try.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Section, Settings
from energydash.core.time import Period
from energydash.sources import Info
from energydash.sources.aretas.client import account_of, authorised, forget_logins
from energydash.sources.aretas.rows import NO_ROWS, SOURCE, Rows, read_rows
from energydash.sources.aretas.sensors import (
    channel_names,
    overrides_of,
    sensor_types,
    to_frame,
    types_of,
)
from energydash.sources.aretas.sites import Monitor, latest, monitors, site_zone

__all__ = [
    "INFO", "Monitor", "account_of", "feeds", "fetch", "forget_logins", "latest", "monitors",
    "received", "site_zone",
]  # fmt: skip

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
ROW_LIMIT: Final = 1_000_000
FEWEST_LIMIT: Final = 1000  # no server allows fewer rows, and its limit is a round number
SILENT_MS: Final = 60_000  # an end of a piece without rows for longer is asked again
SHORTEST_PIECE: Final = timedelta(minutes=1)
CLOCKS_DIFFER: Final = timedelta(minutes=1)  # a streamed row later than this is no measurement


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
    account = account_of(settings, Address.of(feed).account)
    frame, unknown = _channels(
        feed, settings, lambda mac, numbers: get_rows(account, mac, period, numbers)
    )
    return Fetched(frame, period, unknown=unknown)


def received(feed: Feed, batch: Mapping[str, Rows], settings: Settings, now: datetime) -> Fetched:
    """What the event stream brought for a feed, by mac, in the same channels as `fetch`.

    It covers nothing: a stream may leave out rows and never says so, so that polling still asks
    for all of it.
    """
    frame, unknown = _channels(feed, settings, lambda mac, _: batch.get(mac, NO_ROWS))
    return Fetched(frame[frame.index <= now + CLOCKS_DIFFER], Period(now, now), unknown=unknown)


def _channels(
    feed: Feed, settings: Settings, rows_of: Callable[[str, tuple[int, ...]], Rows]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A column per channel from `rows_of(mac, type numbers)`, and the sensors not known."""
    address = Address.of(feed)
    account = account_of(settings, address.account)
    overrides = address.own_types() or overrides_of(account)
    listed = sensor_types(settings, account)
    numbers = types_of(settings, account, address.mac, listed, overrides)
    rows = rows_of(address.mac, numbers)
    frame, unknown = to_frame(rows, channel_names(numbers, listed, overrides), listed)
    for part, (mac, number) in address.others().items():
        more, _ = to_frame(rows_of(mac, (number,)), {number: part}, listed)
        frame = frame.drop(columns=part, errors="ignore").join(more[[part]], how="outer")
    return frame, unknown


def get_rows(account: Section, mac: str, period: Period, numbers: tuple[int, ...]) -> Rows:
    """The raw rows of `[start, end)`; a piece that comes back at a limit is halved. A limit of the
    server's own shows as a round number of rows, or as an end of the piece without any."""
    start_ms, end_ms = (int(at.timestamp() * 1000) for at in (period.start, period.end))
    rows = read_rows(get_byrange(account, mac, start_ms, end_ms, numbers))
    count = len(rows)
    is_cut = count >= ROW_LIMIT or (count > 0 and count % FEWEST_LIMIT == 0)
    if is_cut and period.duration > SHORTEST_PIECE:
        middle = period.start + period.duration / 2
        halves = (Period(period.start, middle), Period(middle, period.end))
        return joined([get_rows(account, mac, half, numbers) for half in halves])
    inside = (rows.time_ms >= start_ms) & (rows.time_ms < end_ms)
    rows = Rows(rows.type[inside], rows.time_ms[inside], rows.value[inside])
    if not len(rows):  # whatever came is of another time: there is no end to go on from
        return rows
    last_ms = int(rows.time_ms.max())
    if count < FEWEST_LIMIT or end_ms - last_ms <= SILENT_MS:
        return rows
    rest = Period(datetime.fromtimestamp((last_ms + 1) / 1000, UTC), period.end)
    return joined([rows, get_rows(account, mac, rest, numbers)])


def joined(pieces: Sequence[Rows]) -> Rows:
    """The rows of several pieces, in their order."""
    return Rows(
        np.concatenate([piece.type for piece in pieces]),
        np.concatenate([piece.time_ms for piece in pieces]),
        np.concatenate([piece.value for piece in pieces]),
    )


def get_byrange(
    account: Section, mac: str, start_ms: int, end_ms: int, numbers: tuple[int, ...]
) -> bytes:
    """`sensordata/byrange`: raw rows of one monitor."""
    parameters: list[tuple[str, Any]] = [
        ("mac", mac), ("begin", start_ms), ("end", end_ms), ("limit", ROW_LIMIT),
        *(("type", number) for number in numbers),
    ]  # fmt: skip
    return authorised("GET", account, "sensordata/byrange", mac=mac, params=parameters)
