"""What the other processes of the tests do. They are forked from a server that has everything
imported already, so that fifty of them can be killed in a few seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np

from energydash.cli import cli
from energydash.core.feeds import Fetched
from energydash.core.settings import Secret, Settings
from energydash.core.time import Period
from energydash.store import Store, open_store
from tests.store.examples import MIX, answer, span

WINDOWS, ROWS = 8, 300  # windows of a writer, half-hours in each
PAUSE_S = 0.003  # between the others' turns, so that two cores are enough for everybody
PARTS = ("gas", "wind", "solar")


def processes() -> ForkServerContext:
    """Where to start processes from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workers"])
    return context


def settings_of(home: object, url: str) -> Settings:
    return Settings(Path(str(home)), Secret(url))


def window(writer: int, number: int) -> Period:
    """One of a writer's windows; writers have their own, side by side."""
    first = (writer * WINDOWS + number) * ROWS
    return span(first, first + ROWS)


def write(store: Store, writer: int, number: int, value: float) -> None:
    first = (writer * WINDOWS + number) * ROWS
    fetched: Fetched = answer(first, ROWS, **dict.fromkeys(PARTS, value))
    store.write(MIX, fetched, fetched_at=fetched.covered.end)


def keep_writing(home: str, url: str, writer: int, value: int, told: Connection) -> None:
    """Write windows in turn for ever, and tell of each before it is begun and when it is done."""
    store = open_store(settings_of(home, url))
    while True:
        number = value % WINDOWS
        told.send((number, value, False))
        write(store, writer, number, float(value))
        told.send((number, value, True))
        value += 1


def write_until(home: str, url: str, writer: int, stop: Event, said: Connection) -> None:
    """Write windows in turn until told to stop; say what each should hold then."""
    store = open_store(settings_of(home, url))
    value, last = 0, {}
    while not stop.is_set():
        number = value % WINDOWS
        write(store, writer, number, float(value))
        last[number] = value
        value += 1
        time.sleep(PAUSE_S)
    said.send(last)


def read_until(home: str, url: str, stop: Event, said: Connection) -> None:
    """Read windows until told to stop; say how many were read, and which were half written."""
    store = open_store(settings_of(home, url))
    reads, torn = 0, []
    while not stop.is_set():
        for writer in (0, 1):
            for number in range(WINDOWS):
                values = store.read(MIX, window(writer, number), PARTS).to_numpy()
                reads += 1
                if len(values) not in (0, ROWS) or len(np.unique(values)) > 1:
                    torn.append((writer, number, len(values)))
                time.sleep(PAUSE_S)
    said.send((reads, torn))


def try_lease(home: str, url: str, holder: str, ready: Event, said: Connection) -> None:
    """Ask for a lease when everybody is ready."""
    store = open_store(settings_of(home, url))
    store.state(MIX)
    said.send("ready")
    ready.wait()
    said.send(store.lease(MIX, holder, 60.0))


def die_at(home: str, step: int, arguments: Sequence[str]) -> None:
    """A command on a home that kills itself, as the kernel would, when it has written or put a
    document so often."""
    os.environ["ENERGYDASH_HOME"] = home
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    left = step

    def dying(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            done = method(*given, **named)
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return call

    Store.write, Store.put = dying(Store.write), dying(Store.put)  # type: ignore[method-assign]
    cli(arguments)
