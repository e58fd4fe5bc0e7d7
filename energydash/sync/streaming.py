"""Event streams into the store, for accounts that switch them on; beside the crawler's polling.

Runs in the crawler's process alone, so once per machine. What a stream brings is kept under the
same feeds and channels as what is polled, but covers no time: polling asks for all of it still.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Final

from energydash.battery.devices import Device
from energydash.core.errors import EnergydashError, InputError
from energydash.core.settings import Section
from energydash.core.time import EPOCH, Period
from energydash.sources import aretas
from energydash.sources.aretas import stream
from energydash.sources.aretas.rows import Rows
from energydash.sync import documents, gate
from energydash.sync.context import Context

log = logging.getLogger(__name__)

LOOK_S: Final = 30.0  # how soon a battery connected later is noticed, while there is none


def start(context: Context) -> threading.Event:
    """A thread per account whose stream is on; set the event to end them."""
    stop = threading.Event()
    for account in context.settings.named("aretas"):
        if stream.is_on(account):
            threading.Thread(target=keep, args=(context, account, stop), daemon=True).start()
    return stop


def keep(context: Context, account: Section, stop: threading.Event) -> None:
    """Write what the account's stream brings until `stop`; trouble is logged and waited out."""
    while not stop.is_set():
        try:
            _keep(context, account, stop)
        except InputError as error:
            log.warning("%s", error)
            return  # settings are read once per process
        except EnergydashError as error:
            log.warning("%s", error)
        stop.wait(LOOK_S)


def _keep(context: Context, account: Section, stop: threading.Event) -> None:
    """As `keep`, until the account's batteries are others than at the start."""
    macs = _macs(batteries(context, account))
    if not macs:
        return
    for batch in stream.events(context.settings, account, macs, stop):
        devices = batteries(context, account)
        if _macs(devices) != macs:
            return
        for device in devices:
            _write(context, device, batch)


def batteries(context: Context, account: Section) -> list[Device]:
    """The household's batteries that this account reads."""
    known = documents.batteries(context.store)
    return [one for one in known if one.source == "aretas" and one.account == account.name]


def _macs(devices: list[Device]) -> tuple[str, ...]:
    """The monitors of these batteries, those of single channels too."""
    others = {s.rpartition(":")[0] for one in devices for s in one.sensors.values() if ":" in s}
    return tuple(sorted({one.mac for one in devices if one.mac} | others))


def _write(context: Context, device: Device, batch: Mapping[str, Rows]) -> None:
    store, now = context.store, context.now()
    feed = device.feed(store.household())
    known = store.state(feed)
    if not known.version:
        return  # its first answer, with its history, is polling's
    try:
        fetched = aretas.received(feed, batch, context.settings, now)
        ever = Period(EPOCH, now)
        fetched, refused = gate.admit(feed, fetched, ever, now, "its event stream")
    except EnergydashError as error:
        log.warning("%s: %s", feed, error)
        return
    for found in refused:
        log.warning("%s: %s", feed, found)
    if fetched.frame.empty:
        return
    written = store.write(feed, fetched, fetched_at=now)
    if known.problem:
        store.set_problem(feed, known.problem)  # polling's trouble is not over by this
    log.info("%s: %d rows streamed, %d changed", feed, written.rows, written.changed)
