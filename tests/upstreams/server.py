"""One threaded loopback HTTP server in front of every stand-in.

A request for `/{host}/{path}?{query}` goes to the handler of that host, as ENERGYDASH_REPLAY_URL
sends it. Trouble is switched on per host (`*` is every host), in this process or by request:

    /_control/fault?host=H&kind=K[&retry_after=S][&count=N]   K as in `KINDS`; `off` ends it
    /_control/publish?name=N&value=V[&since=ISO]              a value for `World.published`
    /_control/log                                             counts per host, the last requests
"""

from __future__ import annotations

import gzip
import importlib
import json
import pkgutil
import socket
import struct
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import tests.upstreams
from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import EPOCH, World

STATUSES = ("401", "403", "404", "429", "500", "503")
KINDS = (*STATUSES, "refused", "timeout", "slow", "html", "truncated", "broken", "empty", "change")
HTML = "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"
LONGEST_HOLD_S = 60.0
SLOW_S = 1.0


@dataclass
class Fault:
    """Trouble of one host. `change` rewrites good answers; `left` ends it after so many.

    holds: who asks waits in vain.
    """

    kind: str
    retry_after: str = ""
    left: int = -1
    change: Callable[[Request, Response], Response] | None = None
    over: threading.Event = field(default_factory=threading.Event)
    holds: bool = False


class Upstreams:
    """The running stand-ins: `url` for ENERGYDASH_REPLAY_URL, `world`, faults and a log."""

    def __init__(
        self,
        world: World | None = None,
        *,
        port: int = 0,
        routes: dict[str, Handler] | None = None,
    ) -> None:
        self.world = world or World()
        self.routes = discover(self.world) if routes is None else routes
        self.counts: Counter[str] = Counter()
        self.requests: deque[tuple[Request, int]] = deque(maxlen=2000)
        self.errors: list[BaseException] = []
        self.stopped = threading.Event()
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Upstreams:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on; a new `Upstreams(port=…)` may take the port over."""
        for host in list(self._faults):
            self.fault(host, "off")
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, host: str, kind: str, *, retry_after: str = "", count: int = -1) -> None:
        """Switch trouble on for a host (`*` for all), for `count` requests or until `off`."""
        if kind not in (*KINDS, "off"):
            raise ValueError(f"{kind} is not one of {', '.join(KINDS)}, off")
        self._set(host, None if kind == "off" else Fault(kind, retry_after, count))

    def change(
        self, host: str, change: Callable[[Request, Response], Response], *, holds: bool = False
    ) -> None:
        """Rewrite every good answer of a host until `fault(host, "off")`."""
        self._set(host, Fault("change", change=change, holds=holds))

    def _set(self, host: str, fault: Fault | None) -> None:
        with self._lock:
            before = self._faults.pop(host, None)
            if fault:
                self._faults[host] = fault
        if before:
            before.over.set()

    def _fault_of(self, host: str) -> Fault | None:
        with self._lock:
            found = self._faults.get(host) or self._faults.get("*")
            if found is None or found.left == 0:
                return None
            if found.left > 0:
                found.left -= 1
            return found

    def holds(self) -> bool:
        """Whether some host leaves who asks it without an answer."""
        with self._lock:
            return any(one.holds or one.kind == "timeout" for one in self._faults.values())

    def answer(self, request: Request) -> Response | None:
        """What the host says; None where the connection must break without an answer."""
        self.counts[request.host] += 1
        fault = self._fault_of(request.host)
        kind = fault.kind if fault else ""
        response: Response | None
        if fault and kind in STATUSES:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            response = Response(int(kind), {"error": f"stand-in fault {kind}"}, headers)
        elif kind == "refused":
            response = None
        elif fault and kind == "timeout":
            fault.over.wait(LONGEST_HOLD_S)
            response = None
        elif kind == "html":
            response = Response(200, HTML, {"Content-Type": "text/html"})
        elif kind == "empty":
            response = Response(200, b"")
        else:
            if fault and kind == "slow":
                fault.over.wait(SLOW_S)
            response = self._good(request)
            if fault and fault.change and response.status == 200:
                response = fault.change(request, response)
            if kind == "truncated":
                whole = response.content()
                response = replace(response, body=whole[: len(whole) // 2])
        self.requests.append((request, response.status if response else 0))
        return response

    def breaks_off(self, host: str) -> bool:
        """True where the answer must stop half-way through its announced length."""
        with self._lock:
            found = self._faults.get(host) or self._faults.get("*")
        return found is not None and found.kind == "broken"

    def _good(self, request: Request) -> Response:
        handler = self.routes.get(request.host)
        if handler is None:
            return Response(501, f"no stand-in speaks for {request.host}")
        return handler(request)

    def control(self, action: str, query: dict[str, str]) -> Response:
        """Answer `/_control/{action}`."""
        if action == "fault" and query.get("kind") in (*KINDS, "off"):
            self.fault(
                query.get("host", "*"),
                query["kind"],
                retry_after=query.get("retry_after", ""),
                count=int(query.get("count", "-1")),
            )
            return Response(200, {"ok": True})
        if action == "publish" and "name" in query and "value" in query:
            since = datetime.fromisoformat(query["since"]) if "since" in query else EPOCH
            self.world.publish(query["name"], _json_or_text(query["value"]), since)
            return Response(200, {"ok": True})
        if action == "log":
            recent = [
                {"host": r.host, "path": r.path, "query": r.query, "status": status}
                for r, status in list(self.requests)
            ]
            return Response(200, {"counts": dict(self.counts), "requests": recent})
        return Response(404, {"error": "fault?host=&kind= · publish?name=&value= · log"})


def discover(world: World) -> dict[str, Handler]:
    """The handlers of every stand-in module beside this one; a host has one handler."""
    found: dict[str, Handler] = {}
    for info in pkgutil.iter_modules(tests.upstreams.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"tests.upstreams.{info.name}")
        for host, handler in getattr(module, "routes", lambda _: {})(world).items():
            if host in found:
                raise ValueError(f"{host} is served by two stand-in modules")
            found[host] = handler
    return found


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, upstreams: Upstreams, port: int) -> None:
        self.upstreams = upstreams
        super().__init__(("127.0.0.1", port), _HttpHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what a handler raised, for the test to see; a client that left is no error."""
        error = sys.exc_info()[1]
        if error and not isinstance(error, ConnectionError):
            self.upstreams.errors.append(error)
            super().handle_error(request, client_address)


class _HttpHandler(BaseHTTPRequestHandler):
    """HTTP/1.0: a connection per request, so that a stopped server is really gone."""

    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815  # names that http.server looks for

    def _serve(self) -> None:
        upstreams = self.server.upstreams
        parts = urlsplit(self.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        query = parse_qsl(parts.query, keep_blank_values=True)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if host == "_control":
            self._send(upstreams.control(path, dict(query)))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, host, "/" + unquote(path), query, headers, body)
        response = upstreams.answer(request)
        if response is None:
            self._reset()
        elif response.raw:
            response.raw(self)
        else:
            self._send(response, break_off=upstreams.breaks_off(host))

    def _send(self, response: Response, *, break_off: bool = False) -> None:
        content = response.content()
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type())
        for name, value in response.headers.items():
            if name.lower() != "content-type":
                self.send_header(name, value)
        may_pack = "gzip" in self.headers.get("Accept-Encoding", "")
        if len(content) > 500 and may_pack and "Content-Encoding" not in response.headers:
            content = gzip.compress(content, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if break_off else content)

    def _reset(self) -> None:
        """Break the connection as a host does that refuses it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *args: Any) -> None:
        """The log is `/_control/log`; standard error stays quiet."""
