"""The gate before every answer, with the smallest of apps behind it: who gets through?"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from streamlit import runtime

from energydash import gate
from energydash.core.errors import InputError
from energydash.core.settings import Settings

HERE, LAN, PROXY = "127.0.0.1", "192.168.1.20", "127.0.0.2"
OWN = "http://localhost:8501"
UPLOAD = "/_stcore/upload_file/session/file"


async def answer(request: Request) -> JSONResponse:
    viewer = gate.viewer_of(request.scope)
    client = request.client.host if request.client else None
    return JSONResponse([client, request.url.scheme, viewer.is_loopback])


async def accept(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


APP = Starlette(
    routes=[
        WebSocketRoute("/_stcore/stream", accept),
        Route("/{path:path}", answer, methods=["GET", "PUT", "DELETE", "POST"]),
    ],
    middleware=[Middleware(gate.Gate, trusted=frozenset({PROXY}))],
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """Somebody at an address, who keeps the mark that the gate gives."""

    address: str
    host: str = "localhost:8501"
    mark: str = field(default="", init=False)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """What the app says; a websocket's refusal is its close code."""
        is_socket = method == "websocket"
        sent = {"host": self.host, **(headers or {})}
        if self.mark:
            sent["cookie"] = f"{gate.COOKIE}={self.mark}"
        scope = {
            "type": "websocket" if is_socket else "http",
            "scheme": "ws" if is_socket else "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items()],
            "client": (self.address, 5000),
        }
        told: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect" if is_socket else "http.request"}

        async def send(message: Any) -> None:
            told.append(message)

        with ThreadPoolExecutor(1) as elsewhere:  # the browser tests keep a loop in this thread
            elsewhere.submit(asyncio.run, APP(scope, receive, send)).result()
        if is_socket:
            return Answer(
                101 if told[0]["type"] == "websocket.accept" else told[0]["code"], {}, b""
            )
        start = told[0]
        found = {k.decode(): v.decode() for k, v in start["headers"]}
        if "set-cookie" in found:
            self.mark = found["set-cookie"].partition(";")[0].partition("=")[2]
        return Answer(start["status"], found, b"".join(one.get("body", b"") for one in told[1:]))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("GET", path, headers)


@pytest.mark.parametrize("path", ["/", "/battery", "/media/x.csv", "/api/v1/health", UPLOAD])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:8502"},
        {"Origin": "https://localhost:8501"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "http://evil.example", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_what_another_site_asks_for_is_refused(path: str, headers: dict[str, str]) -> None:
    assert Browser(HERE).get(path, headers).status == 403
    assert Browser(HERE).ask("PUT", path, headers).status == 403


def test_rest_refuses_another_site_as_json() -> None:
    told = Browser(HERE).get("/api/v1/health", {"Origin": "null"})
    assert json.loads(told.body) == {"error": "This request comes from another site."}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
        },  # a link, a login's way back
    ],
)
def test_our_own_pages_and_links_to_them_pass(headers: dict[str, str]) -> None:
    assert Browser(HERE).get("/oauth2callback", headers).status == 200


def test_a_link_elsewhere_leads_to_pages_only() -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/api/v1/mix/GB", "/media/x.csv", "/_stcore/metrics"):
        assert Browser(HERE).get(path, followed).status == 403
    assert Browser(HERE).ask("POST", "/battery", followed).status == 403


@pytest.mark.parametrize(
    "origin",
    [None, "http://localhost:8502", "http://localhost", "https://localhost:8501", "null",
     "http://127.0.0.1:8501", "http://evil.example:8501"],
)  # fmt: skip
def test_a_websocket_is_of_this_scheme_host_and_port(origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    assert Browser(HERE).ask("websocket", "/_stcore/stream", headers).status == 1008
    assert Browser(HERE).ask("websocket", "/_stcore/stream", {"Origin": OWN}).status == 101


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_this_machine_uploads(method: str) -> None:
    assert Browser(HERE).ask(method, UPLOAD).status == 200
    assert Browser(LAN).ask(method, UPLOAD).status == 403
    through = {"X-Forwarded-For": HERE}
    assert Browser(HERE).ask(method, UPLOAD, through).status == 403
    assert Browser(PROXY).ask(method, UPLOAD, through).status == 403


def test_the_agents_interface_is_nobodys() -> None:
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json"):
        for address in (HERE, LAN):
            assert Browser(address).ask("POST", path).status == 404
            assert Browser(address).get(path).status == 404


@pytest.mark.parametrize(
    ("address", "headers", "seen"),
    [
        (HERE, {}, [HERE, "http", True]),
        (LAN, {}, [LAN, "http", False]),
        # Nobody is believed who is not named as a proxy; and there is one in between.
        (HERE, {"X-Forwarded-For": LAN, "X-Forwarded-Proto": "https"}, [HERE, "http", False]),
        (LAN, {"X-Forwarded-For": HERE}, [LAN, "http", False]),
        # A trusted proxy: the last hop that it saw itself counts, not what a viewer wrote.
        (PROXY, {"X-Forwarded-For": LAN, "X-Forwarded-Proto": "https"}, [LAN, "https", False]),
        (PROXY, {"X-Forwarded-For": f"{HERE}, {LAN}"}, [LAN, "http", False]),
        (PROXY, {"X-Forwarded-For": f"{LAN}, {PROXY}"}, [LAN, "http", False]),
        # Its own machine is not ours, and one that names nobody speaks for nobody we know.
        (PROXY, {"X-Forwarded-For": HERE}, [HERE, "http", False]),
        (PROXY, {}, ["", "http", False]),
        (PROXY, {"X-Forwarded-For": " , "}, ["", "http", False]),
    ],
)
def test_whose_request_it_is(address: str, headers: dict[str, str], seen: list[Any]) -> None:
    assert Browser(address).get("/", headers).json() == seen


def test_behind_a_proxy_that_speaks_https_its_own_origin_is_https() -> None:
    through = {"X-Forwarded-For": LAN, "X-Forwarded-Proto": "https"}
    site = Browser(PROXY, "dash.example.org")
    own = {**through, "Origin": "https://dash.example.org"}
    assert site.get("/api/v1/health", own).status == 200
    plain = {**through, "Origin": "http://dash.example.org"}
    assert site.get("/api/v1/health", plain).status == 403
    assert "; Secure" in site.get("/", through).headers["set-cookie"]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Streamlit's sessions by their browser's mark; each shows the file that is named like it."""
    marks: dict[str, str] = {}

    class Manager:
        def __init__(self) -> None:
            self._lock = threading.Lock()
            self._deferred_callables = {"button": {"session_id": "ann"}}

        @property
        def _files_by_session_and_coord(self) -> dict[str, dict[str, str]]:
            return {session: {"0": f"file-of-{session}"} for session in marks}

        def execute_deferred(self, file_id: str) -> str:
            return f"/media/made-by-{file_id}.csv"

    def client(session: str) -> Any:
        if session not in marks:
            return None
        cookies = {gate.COOKIE: marks[session]} if marks[session] else {}
        return SimpleNamespace(client_context=SimpleNamespace(cookies=cookies))

    fake = SimpleNamespace(media_file_mgr=Manager(), get_client=client)
    monkeypatch.setattr(runtime, "get_instance", lambda: fake)
    monkeypatch.setattr(gate, "files", gate.Files())
    gate.files.watch(fake.media_file_mgr)
    yield marks


def test_a_file_is_for_the_browser_that_it_was_made_for(sessions: dict[str, str]) -> None:
    ann, bob = Browser(LAN), Browser(LAN)
    for one in (ann, bob):
        one.get("/")
    sessions |= {"ann": ann.mark, "bob": bob.mark, "here": ""}
    assert len({*sessions.values()}) == 3
    assert "set-cookie" not in ann.get("/").headers, "a browser keeps its mark"
    for path in ("/media/file-of-ann.csv", "/media/made-by-button.csv"):
        if "button" in path:
            assert ann.get(path).status == 403, "nobody has asked for it yet"
            assert runtime.get_instance().media_file_mgr.execute_deferred("button") == path
        assert ann.get(path).status == 200
        assert bob.get(path).status == 403
        assert Browser(LAN).get(path).status == 403
        assert Browser(HERE).get(path).status == 200
    for mark in ("", "file-of-here"):
        stranger = Browser(LAN)
        stranger.mark = mark
        assert stranger.get("/media/file-of-here.csv").status == 403


def test_no_mark_on_this_machine() -> None:
    assert "set-cookie" not in Browser(HERE).get("/").headers


def test_each_client_may_ask_rest_so_often() -> None:
    """The bucket of each is its own; loopback's is larger; an IPv6 network is one client."""
    clock = [0.0]
    pace = gate.Pace(2.0, lambda: clock[0])
    burst = int(2 * gate.BURST_S)
    assert [pace.wait_s(LAN, False) for _ in range(burst)] == [0.0] * burst
    assert pace.wait_s(LAN, False) == pytest.approx(0.5)
    assert pace.wait_s("192.168.1.21", False) == pace.wait_s(HERE, True) == 0.0
    clock[0] = 0.5
    assert pace.wait_s(LAN, False) == 0.0
    assert pace.wait_s(LAN, False) > 0.0
    assert all(pace.wait_s(HERE, True) == 0.0 for _ in range(9 * burst))
    for number in range(burst):
        assert pace.wait_s(f"fd00::{number:x}", False) == 0.0
    assert pace.wait_s("fd00::ffff%eth0", False) > 0.0
    assert pace.wait_s("fd00:1::1", False) == 0.0
    assert pace.wait_s(HERE, False) == 0.0, "through a proxy it is somebody else"
    clock[0] = 1e9
    assert sum(not pace.wait_s(LAN, False) for _ in range(3 * burst)) == burst, "no hoarding"


def test_who_asks_rest_too_often_is_told_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Starlette(
        routes=APP.routes,
        middleware=[Middleware(gate.Gate, trusted=frozenset({PROXY}), per_s=0.01)],
    )
    monkeypatch.setattr("tests.test_gate.APP", app)
    assert Browser(LAN).get("/api/v1/mix/GB").status == 200
    refused = Browser(LAN).get("/api/v1/costs")
    assert refused.status == 429
    assert refused.headers["retry-after"] == "100"
    assert refused.json()["error"].endswith("Ask again in 100 s.")
    assert Browser(LAN).get("/battery").status == 200, "pages are not counted"
    # A trusted proxy's viewers are counted apart, and a header never makes anybody another one.
    for address, status in (("192.168.1.30", 200), ("192.168.1.31", 200), ("192.168.1.30", 429)):
        assert Browser(PROXY).get("/api/v1/mix/GB", {"X-Forwarded-For": address}).status == status
    assert Browser(LAN).get("/api/v1/mix/GB", {"X-Forwarded-For": "1.2.3.4"}).status == 429


def test_only_so_many_clients_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "CLIENTS_REMEMBERED", 3)
    pace = gate.Pace(0.01, lambda: 0.0)
    for number in range(10):
        pace.wait_s(f"10.0.0.{number}", False)
    assert len(pace._buckets) == 3


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "many"])
def test_a_pace_is_a_number(text: str) -> None:
    def found(value: str) -> Settings:
        return Settings(Path(), sections={"api": {"per_second": value}})

    with pytest.raises(InputError, match="per_second"):
        gate.per_s_of(found(text))
    assert gate.per_s_of(found("0.5")) == 0.5
    assert gate.per_s_of(Settings(Path())) == gate.PER_S
