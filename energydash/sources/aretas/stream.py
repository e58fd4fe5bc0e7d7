"""Aretas's event stream: new rows as they are measured, for those who switch it on.

The address has the login's token in its path, so it is dialled over TLS alone, and neither it
nor anything that quotes it is logged or raised. After connecting, one message says what is
wanted (`locationId,mac1,mac2`), `PING` keeps the connection alive, and every frame is a JSON
array of rows with their `mac`. What is missed while it is down is brought by polling.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import orjson
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from energydash.core.errors import BadCredentials, BadData, InputError, SourceError, Unavailable
from energydash.core.settings import Section, Settings
from energydash.sources.aretas.client import address, forget_token, token_of
from energydash.sources.aretas.rows import SOURCE, Rows, read_rows
from energydash.sources.aretas.sites import monitors
from energydash.sources.replay import is_loopback

log = logging.getLogger(__name__)

PING_S: Final = 10.0
BATCH_S: Final = 5.0
TURN_S: Final = 1.0  # how soon a stop is noticed
SHORTEST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 300.0
REFUSED_WAIT_S: Final = 900.0  # a bad password does not mend itself
# The library logs the request line, and with it the token, at DEBUG: it is given a deaf logger.
_DEAF: Final = logging.Logger("aretas stream", logging.CRITICAL + 1)


def is_on(account: Section) -> bool:
    """`[aretas] stream = "on"`; off without it."""
    return account.text("stream").lower() in ("on", "true")


def stream_address(account: Section, token: str, replay_url: str = "") -> str:
    """Where the account's events are; InputError where the token would not be encrypted."""
    base = urlsplit(address(account, ""))
    secure, place = base.scheme == "https", base.netloc
    if replay_url and not is_loopback(base.hostname or ""):
        replay = urlsplit(replay_url)
        secure, place = replay.scheme == "https", f"{replay.netloc}{replay.path}/{place}"
    if not secure and not is_loopback(urlsplit(f"//{place}").hostname or ""):
        raise InputError(
            "The event stream of Aretas is read over TLS alone.",
            remedy="Give [aretas] url as https://, or leave out stream.",
        )
    return f"{'wss' if secure else 'ws'}://{place}/sensordataevents/{token}"


def events(
    settings: Settings, account: Section, macs: tuple[str, ...], stop: threading.Event
) -> Iterator[dict[str, Rows]]:
    """What arrived of these monitors, by mac, every few seconds until `stop` is set.

    A connection that fails is dialled again, ever more slowly. Raises InputError alone.
    """
    wait_s = SHORTEST_WAIT_S
    while not stop.is_set():
        has_brought = False
        try:
            site = _site(account, macs)
            with _dial(settings, account) as socket:
                socket.send(",".join((site, *macs)))
                for batch in _batches(socket, macs, stop):
                    has_brought = True
                    yield batch
        except BadCredentials as error:
            log.warning("%s", error)
            wait_s = REFUSED_WAIT_S
        except SourceError as error:
            log.warning("%s", error)
        except (OSError, WebSocketException):
            log.warning("The event stream of %s broke off.", SOURCE)
        if has_brought:
            wait_s = SHORTEST_WAIT_S
        else:
            forget_token(account)  # a server may also refuse a token by hanging up
        stop.wait(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _site(account: Section, macs: tuple[str, ...]) -> str:
    """The id of the site that these monitors are at."""
    for monitor in monitors(account):
        if monitor.mac in macs and monitor.site_id:
            return monitor.site_id
    raise BadData(
        SOURCE, f"{SOURCE} lists none of the batteries' monitors.", remedy="Check [aretas] mac."
    )


def _dial(settings: Settings, account: Section) -> ClientConnection:
    """A connection; where the token is refused, one new login and one more try."""
    for attempt in (1, 2):
        url = stream_address(account, token_of(account), settings.replay_url)
        try:
            return connect(url, logger=_DEAF)
        except InvalidStatus as error:
            status = error.response.status_code
        except (OSError, WebSocketException):
            raise Unavailable(
                SOURCE, f"The event stream of {SOURCE} cannot be reached."
            ) from None  # the library's errors quote the address
        if status not in (401, 403):
            raise Unavailable(SOURCE, f"The event stream of {SOURCE} answered {status}.")
        forget_token(account)
        if attempt == 2:
            break
    raise BadCredentials(
        SOURCE,
        f"{SOURCE} accepts the login but refuses the event stream.",
        remedy="Leave out [aretas] stream: values are polled all the same.",
    )


def _batches(
    socket: ClientConnection, macs: tuple[str, ...], stop: threading.Event
) -> Iterator[dict[str, Rows]]:
    """The rows of every few seconds, until `stop` or the connection's end."""
    frames: list[str | bytes] = []
    ping_at, batch_at = time.monotonic() + PING_S, time.monotonic() + BATCH_S
    is_open = True
    while is_open and not stop.is_set():
        try:
            if time.monotonic() >= ping_at:
                socket.send("PING")
                ping_at = time.monotonic() + PING_S
            frames.append(socket.recv(timeout=min(TURN_S, PING_S, BATCH_S)))
        except TimeoutError:
            pass
        except ConnectionClosed:
            is_open = False
        if frames and (time.monotonic() >= batch_at or not is_open):
            rows = read_frames(frames, macs)
            frames, batch_at = [], time.monotonic() + BATCH_S
            if rows:
                yield rows
    if not is_open:
        raise Unavailable(SOURCE, f"{SOURCE} ended its event stream.")


def read_frames(frames: list[str | bytes], macs: tuple[str, ...]) -> dict[str, Rows]:
    """The rows of these monitors, by mac; a frame that cannot be read is passed over."""
    found: dict[str, list[object]] = {}
    for frame in frames:
        if frame.strip()[:1] not in ("[", b"["):
            continue  # an answer to PING
        try:
            datums = orjson.loads(frame)
            read_rows(orjson.dumps(datums))
        except (orjson.JSONDecodeError, BadData):
            log.warning("The event stream of %s sent a frame that cannot be read.", SOURCE)
            continue
        for datum in datums:
            if str(datum.get("mac", "")) in macs:
                found.setdefault(str(datum["mac"]), []).append(datum)
    return {mac: read_rows(orjson.dumps(datums)) for mac, datums in found.items()}
