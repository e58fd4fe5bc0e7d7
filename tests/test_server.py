"""The server over real HTTP: who may reach it by which name, and who may see what."""

from __future__ import annotations

import asyncio
import http.client
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from filelock import FileLock

from energydash import server
from energydash.core.errors import InputError
from energydash.server import own_names
from tests import clock
from tests.e2e.site import ROOT, Site, free_port, serve, wait_until_served
from tests.upstreams.server import Upstreams

pytestmark = pytest.mark.running_clock
PATHS = (
    "/",
    "/electricity_costs",
    "/nowhere",
    "/static/js/index.js",
    "/media/0123.csv",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/upload_file/x/y",
    "/component/x/index.html",
    "/oauth2callback",
    "/auth/login",
    "/api/v1/health",
    "/api/v1/mix/GB",
    "/api/v1/costs?from=2026-03-01&to=2026-03-02",
    "/api/v1/openapi.json",
)
FOREIGN = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.1.1", "")
DAY = "from=2026-03-01&to=2026-03-02&sample=true"
PERSONAL = ("/meters", f"/costs?{DAY}", f"/bill?{DAY}", "/batteries")


@pytest.fixture(scope="module")
def upstreams_url() -> Iterator[str]:
    with Upstreams() as running:
        yield running.url


def site(tmp_path_factory: pytest.TempPathFactory, url: str, *arguments: str) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("server")
    with serve(home, {"ENERGYDASH_REPLAY_URL": url}, *arguments, crawled=False) as running:
        yield running


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, upstreams_url: str) -> Iterator[Site]:
    """As `make run` starts it."""
    yield from site(tmp_path_factory, upstreams_url)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, upstreams_url: str) -> Iterator[Site]:
    """As `make share` starts it."""
    yield from site(tmp_path_factory, upstreams_url, "--host", "0.0.0.0", "--share", "grid")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, upstreams_url: str) -> Iterator[Site]:
    """As `make share PERSONAL=1` starts it."""
    yield from site(tmp_path_factory, upstreams_url, "--host", "0.0.0.0", "--share", "personal")


@pytest.fixture(scope="module")
def lan_address() -> str:
    """An address of this machine that is not loopback: who comes from it is a LAN viewer."""
    for name in own_names():
        if re.fullmatch(r"[\d.]+", name):
            return name
    pytest.skip("this machine has no address but loopback")


def port_of(running: Site) -> int:
    return urlsplit(running.url).port or 0


def ask(
    running: Site, path: str, host: str | None = None, headers: Mapping[str, str] | None = None,
    address: str = "127.0.0.1",
) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
    """One request with any Host header, from any address of this machine."""
    connection = http.client.HTTPConnection(address, port_of(running), timeout=20)
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", f"{address}:{port_of(running)}" if host is None else host)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    upgraded = response.status == 101
    body = b"" if upgraded else response.read()
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def shake_hands(running: Site, host: str, origin: str) -> int:
    """Ask for the websocket that a page talks over; the status."""
    headers = {
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return ask(running, "/_stcore/stream", host, headers)[0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_is_refused_on_every_path(alone: Site, path: str, host: str) -> None:
    status, _, body = ask(alone, path, host)
    assert (status, body) == (400, b"Invalid host header")


@pytest.mark.parametrize("path", PATHS)
def test_sharing_trusts_no_more_than_its_own_names(shared: Site, path: str) -> None:
    assert ask(shared, path, "evil.example")[0] == 400
    for name in own_names():
        assert ask(shared, path, f"{name}:{port_of(shared)}")[0] != 400 or "oauth2" in path


def test_alone_even_its_own_lan_names_are_foreign(alone: Site, lan_address: str) -> None:
    assert ask(alone, "/", "localhost:1")[0] == 200
    assert ask(alone, "/", lan_address)[0] == 400
    with pytest.raises(ConnectionRefusedError):
        ask(alone, "/", address=lan_address)


def test_websockets_are_guarded_too(alone: Site) -> None:
    port = port_of(alone)
    own = f"localhost:{port}"
    assert shake_hands(alone, own, f"http://{own}") == 101
    assert shake_hands(alone, "evil.example", f"http://{own}") != 101
    assert shake_hands(alone, f"evil.example:{port}", f"http://evil.example:{port}") != 101
    for origin in ("http://evil.example", f"http://127.0.0.1:{port}", "http://localhost", "null"):
        assert shake_hands(alone, own, origin) != 101


@pytest.mark.parametrize("path", PERSONAL)
def test_personal_routes_are_for_loopback(shared: Site, lan_address: str, path: str) -> None:
    route = f"/api/v1{path}"
    assert ask(shared, route)[0] == 200
    status, _, body = ask(shared, route, address=lan_address)
    assert status == 403
    assert b"private" in body
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        # A header never opens anything, and who comes through a proxy is not on this machine.
        assert ask(shared, route, headers={name: "127.0.0.1"}, address=lan_address)[0] == 403
        assert ask(shared, route, headers={name: "127.0.0.1"})[0] == 403


@pytest.mark.parametrize("path", PERSONAL)
def test_personal_opts_in(opened: Site, lan_address: str, path: str) -> None:
    assert ask(opened, f"/api/v1{path}", address=lan_address)[0] == 200


def test_the_grid_is_for_the_lan(shared: Site, lan_address: str) -> None:
    for path in ("/", "/api/v1/regions", "/api/v1/mix/GB?sample=true", "/api/v1/health"):
        assert ask(shared, path, address=lan_address)[0] == 200
    _, _, body = ask(shared, "/api/v1/health", address=lan_address)
    assert b"octopus" not in body
    assert str(shared.home).encode() not in body


def test_security_headers_are_on_every_answer(alone: Site) -> None:
    for path in ("/", "/_stcore/health", "/api/v1/regions", "/api/v1/mix/NOWHERE"):
        headers = ask(alone, path)[1]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "same-origin"


def test_only_a_shared_server_compresses_the_scripts(alone: Site, shared: Site) -> None:
    script = re.search(rb'src="\.?(/static/js/[^"]+)"', ask(alone, "/")[2])
    assert script is not None
    path, accept = script[1].decode(), {"Accept-Encoding": "gzip"}
    assert "content-encoding" not in ask(alone, path, headers=accept)[1]
    assert ask(shared, path, headers=accept)[1]["content-encoding"] == "gzip"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_api_only_reads(alone: Site, method: str) -> None:
    for path in ("/mix/GB", "/costs", "/health"):
        answer = requests.request(method, f"{alone.url}/api/v1{path}", timeout=20)
        assert answer.status_code == 405


def test_where_it_is_shared_is_said(shared: Site, alone: Site) -> None:
    for name in own_names():
        assert f"http://{name}:{port_of(shared)}" in shared.said()
    assert f"http://localhost:{port_of(alone)}" in alone.said()


def test_the_crawler_runs_beside_the_server_and_ends_with_it(
    tmp_path: Path, upstreams_url: str
) -> None:
    lock = FileLock(tmp_path / "crawler.lock")
    with serve(tmp_path, {"ENERGYDASH_REPLAY_URL": upstreams_url}) as running:
        until = time.monotonic() + 60
        while not fetched(running) and time.monotonic() < until:
            time.sleep(0.2)
        assert fetched(running), running.said()
        assert not free(lock)
    assert free(lock), "nobody else runs a crawler on this home now"
    assert "Traceback" not in running.said()


def fetched(running: Site) -> bool:
    state = requests.get(f"{running.url}/api/v1/health", timeout=20).json()
    return any(source["fetched_at"] for source in state)


def free(lock: FileLock) -> bool:
    from filelock import Timeout

    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "energydash", "serve", *arguments],
        cwd=ROOT,
        env={"ENERGYDASH_HOME": str(home), "PATH": "", **clock.shift()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_network_is_not_opened_by_accident(tmp_path: Path) -> None:
    done = command(tmp_path, "--host", "0.0.0.0", "--port", str(free_port()))
    assert done.returncode == 2
    assert "would show this dashboard to the network" in done.stderr


def test_a_port_that_is_taken(tmp_path: Path, alone: Site) -> None:
    done = command(tmp_path, "--port", str(port_of(alone)))
    assert done.returncode == 2
    assert f"Port {port_of(alone)} is taken. Try another" in done.stderr


def test_a_damaged_store_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "energydash.db").write_bytes(b"spilled coffee " * 400)
    done = command(tmp_path, "--port", str(free_port()))
    assert done.returncode == 1
    assert "is damaged or is not a database" in done.stderr
    assert "Traceback" not in done.stderr


def test_streamlit_run_serves_the_pages_without_rest(tmp_path: Path, upstreams_url: str) -> None:
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env={
                "ENERGYDASH_HOME": str(tmp_path),
                "ENERGYDASH_REPLAY_URL": upstreams_url,
                "PATH": "",
                **clock.shift(),
            },
            stdout=output,
            stderr=output,
        )
    running = Site(f"http://localhost:{port}", tmp_path, log, process.pid)
    try:
        wait_until_served(running, process)
        status, _, body = ask(running, "/")
        assert status == 200
        assert b"<title>" in body
        assert b"<title>" in ask(running, "/api/v1/regions")[2], "a page, not an answer"
    finally:
        process.terminate()
        process.wait(15)


def test_a_crawler_that_was_killed_is_started_again_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Child:
        returncode = -9

        def poll(self) -> int:
            return self.returncode

        def terminate(self) -> None: ...

        def wait(self) -> None: ...

    started: list[object] = []

    def start(here: object) -> Child:
        if len(started) == 2:
            raise InputError("enough")
        started.append(here)
        return Child()

    monkeypatch.setattr(server, "context", SimpleNamespace(current=object))
    monkeypatch.setattr(server.crawler, "ensure_running", start)
    monkeypatch.setattr(server, "CRAWLER_CHECK_S", 0.0)
    # A thread of its own: where a browser test ran before, this one has a loop already.
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="enough"):
        pool.submit(asyncio.run, server._keep_crawling()).result()
    assert caplog.messages == ["The crawler ended (-9); it is started again."] * 2
