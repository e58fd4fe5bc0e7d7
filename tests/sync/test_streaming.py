"""The event stream of Aretas: a WebSocket on loopback, its rows in the store, its troubles."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from energydash.answers import battery
from energydash.battery.devices import Device
from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Fetched, empty_frame
from energydash.core.findings import Finding
from energydash.core.settings import Section
from energydash.core.time import Period
from energydash.sources import aretas
from energydash.sources.aretas import stream
from energydash.sources.aretas.rows import Rows
from energydash.store import open_store
from energydash.sync import crawler, streaming
from energydash.sync.context import Context
from tests import clock
from tests.upstreams.aretas import GARAGE_MAC, MAC, PASSWORD, USERNAME
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
ACCOUNT = Section("", {"username": USERNAME, "password": PASSWORD, "stream": "on"})
DEVICE = Device("home", source="aretas", mac=str(MAC))
DAY = Period(NOW - timedelta(days=1), NOW + timedelta(days=1))


def datum(kind: int, seconds: float, value: float, mac: int = MAC) -> dict[str, object]:
    time_ms = NOW_MS + int(seconds * 1000)
    return {"id": "x", "mac": mac, "type": kind, "timestamp": time_ms, "data": value}


class Stream:
    """A WebSocket server that sends each connection the next of `plays`, and keeps what it hears.

    A play is the frames to send; None at its end drops the connection. Without plays left it says
    nothing more.
    """

    def __init__(self) -> None:
        self.plays: list[list[object]] = []
        self.heard: queue.Queue[str | bytes] = queue.Queue()
        self.paths: list[str] = []
        self.refusals = 0
        self.server: Server = serve(
            self._talk, "127.0.0.1", 0, process_request=self._answer, close_timeout=1
        )
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        if self.refusals:
            self.refusals -= 1
            return connection.respond(401, "no")
        return None

    def _talk(self, connection: ServerConnection) -> None:
        self.heard.put(connection.recv())
        for frame in self.plays.pop(0) if self.plays else []:
            if frame is None:
                return
            connection.send(frame if isinstance(frame, str) else json.dumps(frame))
        for message in connection:
            self.heard.put(message)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stream]:
    for name in ("PING_S", "BATCH_S", "TURN_S", "SHORTEST_WAIT_S", "LONGEST_WAIT_S"):
        monkeypatch.setattr(stream, name, 0.05)
    monkeypatch.setattr(streaming, "LOOK_S", 0.05)
    running = Stream()
    yield running
    running.close()


@pytest.fixture
def here(upstreams: Upstreams, wire: Stream) -> Iterator[Context]:
    """A household with a battery; logins go to the stand-in, the stream to `wire`."""
    clock.set_now(NOW)
    aretas.forget_logins()
    chosen = replace(
        settings.current(), replay_url=wire.url, sections={"aretas": dict(ACCOUNT.values)}
    )
    store = open_store(chosen)
    context = Context(chosen, store, lambda: NOW)
    battery.save(context, DEVICE)
    yield context
    aretas.forget_logins()


def feed_of(here: Context) -> Feed:
    return DEVICE.feed(here.store.household())


def polled(here: Context) -> None:
    """The feed was asked for before."""
    covered = Period(NOW - timedelta(hours=1), NOW - timedelta(minutes=30))
    here.store.write(feed_of(here), Fetched(empty_frame(), covered), fetched_at=NOW)


def first(here: Context, stop: threading.Event) -> dict[str, Rows]:
    return next(stream.events(here.settings, ACCOUNT, (str(MAC),), stop))


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread does; the test's own time limit ends it."""
    pause = threading.Event()
    while not is_so():
        pause.wait(0.02)


@pytest.fixture
def kept(here: Context, wire: Stream) -> Iterator[Context]:
    """The stream is being kept in the store, in a thread of its own."""
    polled(here)
    stop = threading.Event()
    thread = threading.Thread(target=streaming.keep, args=(here, ACCOUNT, stop))
    thread.start()
    yield here
    stop.set()
    thread.join()


def test_it_says_what_it_wants_and_pings(here: Context, wire: Stream) -> None:
    wire.plays = [[[datum(532, -20, 55.2), datum(246, -20, 61.0, GARAGE_MAC)]]]
    stop = threading.Event()
    events = stream.events(here.settings, ACCOUNT, (str(MAC),), stop)
    batch = next(events)
    assert list(batch) == [str(MAC)]
    assert batch[str(MAC)].value.tolist() == [55.2]
    assert wire.heard.get() == f"71,{MAC}"
    stop.set()
    assert list(events) == []
    assert wire.paths[0].startswith("/iot.aretas.ca/sensordataevents/eyJ")


def test_it_stays_alive_by_pings(kept: Context, wire: Stream) -> None:
    assert [wire.heard.get() for _ in range(3)] == [f"71,{MAC}", "PING", "PING"]


def one_row() -> dict[str, Rows]:
    return stream.read_frames([json.dumps([datum(532, 0, 55.2)])], (str(MAC),))


@pytest.fixture
def plays(wire: Stream) -> None:
    wire.plays = [
        [
            "PONG",
            "[{]",
            '{"no": "list"}',
            '[{"mac": 2193480}]',
            [datum(532, -20, 55.2), datum(514, -19, 41.0), datum(532, 3600, 99.0)],
            None,
        ],
        [[datum(532, 0, 55.3)]],
    ]


@pytest.mark.usefixtures("plays")
def test_rows_land_as_if_they_were_polled(kept: Context, caplog: pytest.LogCaptureFixture) -> None:
    """Bad frames, a row from the future and a dropped connection cost nothing else."""
    feed = feed_of(kept)
    until(lambda: len(kept.store.read(feed, DAY)) == 3)
    frame = kept.store.read(feed, DAY)
    assert frame["voltage_v"].dropna().tolist() == [55.2, 55.3]
    assert frame["soc_percent"].dropna().tolist() == [41.0]
    assert kept.store.state(feed).newest == NOW
    assert caplog.text.count("cannot be read") == 2
    assert "ended its event stream" in caplog.text


def test_nothing_is_covered_and_no_trouble_hidden(here: Context) -> None:
    polled(here)
    feed = feed_of(here)
    before = here.store.coverage(feed, DAY)
    problem = Finding("RateLimited", "Slow down.", retry_at=NOW + timedelta(hours=1))
    here.store.set_problem(feed, problem)
    streaming._write(here, DEVICE, one_row())
    assert len(here.store.read(feed, DAY)) == 1
    assert here.store.coverage(feed, DAY) == before
    assert here.store.state(feed).problem == problem


def test_what_cannot_be_is_left_out_and_named(
    here: Context, caplog: pytest.LogCaptureFixture
) -> None:
    polled(here)
    wrong = [datum(532, -60, 1e30), datum(532, -40, True), datum(532, -20, 55.2)]
    streaming._write(here, DEVICE, stream.read_frames([json.dumps(wrong)], (str(MAC),)))
    kept = here.store.read(feed_of(here), DAY)["voltage_v"]
    assert kept.dropna().tolist() == [55.2]
    assert "One value is not possible in its event stream, first voltage_v 1e+30" in caplog.text


def test_a_feed_never_polled_is_left_to_polling(here: Context) -> None:
    streaming._write(here, DEVICE, one_row())
    assert here.store.state(feed_of(here)).version == 0


def test_a_refused_token_costs_one_login(here: Context, wire: Stream, upstreams: Upstreams) -> None:
    wire.plays, wire.refusals = [[[datum(532, 0, 55.2)]]], 1
    assert first(here, threading.Event())
    old, new = wire.paths
    assert old != new
    logins = [r for r, _ in upstreams.requests if r.path.endswith("authentication/j")]
    assert len(logins) == 2


def test_the_token_shows_nowhere(
    here: Context, wire: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "websockets.server")  # the stand-in's own
    caplog.set_level(logging.DEBUG)
    wire.plays = [[None], [[datum(532, 0, 55.2)]]]
    wire.refusals = 1
    assert first(here, threading.Event())
    assert len(wire.paths) == 3
    for path in wire.paths:
        assert path.rpartition("/")[2] not in caplog.text
    assert "ended its event stream" in caplog.text


def test_only_over_tls() -> None:
    usual = stream.stream_address(ACCOUNT, "token")
    assert usual == "wss://iot.aretas.ca/sensordataevents/token"
    plain = Section("", {"url": "http://iot.example.org/rest/"})
    with pytest.raises(InputError, match="https"):
        stream.stream_address(plain, "token")
    with pytest.raises(InputError, match="TLS alone") as caught:
        stream.stream_address(ACCOUNT, "sesame", "http://iot.example.org")
    assert "sesame" not in str(caught.value)
    own = Section("", {"url": "http://127.0.0.1:8/rest/"})
    assert stream.stream_address(own, "token") == "ws://127.0.0.1:8/sensordataevents/token"


def test_off_unless_switched_on(here: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Section] = []
    monkeypatch.setattr(streaming, "keep", lambda _, account, stop: started.append(account))
    off = {"username": USERNAME, "password": PASSWORD}
    both = {**off, "garage": {**off, "stream": "on"}}
    streaming.start(replace(here, settings=replace(here.settings, sections={"aretas": off})))
    assert started == []
    streaming.start(replace(here, settings=replace(here.settings, sections={"aretas": both})))
    until(lambda: [one.name for one in started] == ["garage"])


def test_the_crawler_runs_it(here: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr(streaming, "start", lambda _: stop)
    crawler.run(here, parent=-1)
    assert stop.is_set()
