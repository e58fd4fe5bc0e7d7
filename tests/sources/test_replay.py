"""Nothing escapes ENERGYDASH_REPLAY_URL: shown with sockets that reach the stand-ins only."""

from __future__ import annotations

import io
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import requests
import urllib3

from energydash.core import settings
from energydash.core.errors import InputError
from energydash.sources import http, replay
from energydash.sync import context
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams

HOST = "upstream.example"


def echo(request: Request) -> Response:
    """Says what it was asked; `/go` redirects to a relative address, `/away` to another host."""
    if request.path == "/go":
        return Response(302, "", {"Location": "/there?x=1"})
    if request.path == "/away":
        return Response(302, "", {"Location": "https://other.example/back"})
    if request.path == "/table.csv":
        return Response(200, "a,b\n1,2\n")
    auth = request.headers.get("authorization", "")
    said = {"host": request.host, "path": request.path, "query": request.query}
    said |= {"method": request.method, "auth": auth, "body": request.body.decode()}
    return Response(200, said)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstreams]:
    """Echoing upstreams, and sockets and name look-ups that refuse everything else."""
    with Upstreams(routes={HOST: echo, "other.example": echo}) as running:
        connect = socket.socket.connect

        def connect_there_only(self: socket.socket, address: Any) -> None:
            if address[:2] != ("127.0.0.1", running.port):
                raise AssertionError(f"a request escaped to {address}")
            connect(self, address)

        def look_up(host: str, *args: Any, **options: Any) -> Any:
            if host not in ("127.0.0.1", "localhost"):
                raise AssertionError(f"a look-up of {host} escaped")
            return getaddrinfo(host, *args, **options)

        getaddrinfo = socket.getaddrinfo
        monkeypatch.setattr(socket.socket, "connect", connect_there_only)
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
        monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
        replay.install(running.url)
        yield running
        replay.remove()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests(sealed: Upstreams, scheme: str) -> None:
    answer = requests.get(f"{scheme}://{HOST}/v1/x%20y", params={"q": "a&b"}, timeout=5)
    assert answer.json()["path"] == "/v1/x y"
    assert answer.json()["query"] == [["q", "a&b"]]
    assert answer.url == f"{scheme}://{HOST}/v1/x%20y?q=a%26b"


def test_redirects_are_followed_from_the_real_address(sealed: Upstreams) -> None:
    answer = requests.get(f"https://{HOST}/go", timeout=5)
    assert (answer.json()["host"], answer.json()["path"]) == (HOST, "/there")
    with urllib.request.urlopen(f"https://{HOST}/go", timeout=5) as reply:
        assert b'"path": "/there"' in reply.read()
    assert requests.get(f"https://{HOST}/away", timeout=5).json()["host"] == "other.example"
    with urllib.request.urlopen(f"https://{HOST}/away", timeout=5) as reply:
        assert b'"host": "other.example"' in reply.read()


def test_our_session_with_key_and_body(sealed: Upstreams) -> None:
    got = http.as_json("It", http.get("It", f"https://{HOST}/a", auth=("sk_live_x", "")))
    assert got["auth"].startswith("Basic ")
    sent = http.as_json("It", http.post("It", f"https://{HOST}/login", body={"name": "n"}))
    assert (sent["method"], sent["body"]) == ("POST", '{"name": "n"}')


def test_urllib3_pools_managers_and_proxies(sealed: Upstreams) -> None:
    url = f"https://{HOST}/m?x=1"
    assert urllib3.PoolManager().request("GET", url).json()["query"] == [["x", "1"]]
    assert urllib3.HTTPSConnectionPool(HOST).request("GET", "/p").json()["path"] == "/p"
    for target in (url, f"http://{HOST}/m?x=1"):
        proxied = urllib3.ProxyManager("http://proxy.example:3128").request("GET", target)
        assert proxied.json()["host"] == HOST


def test_urllib_and_pandas(sealed: Upstreams) -> None:
    request = urllib.request.Request(f"https://{HOST}/u", data=b"x=1", method="PUT")
    with urllib.request.urlopen(request, timeout=5) as reply:
        assert b'"method": "PUT"' in reply.read()
    assert pd.read_csv(f"https://{HOST}/table.csv")["b"].tolist() == [2]
    with pytest.raises(urllib.error.URLError, match="FTP is not replayed"):
        urllib.request.urlopen(f"ftp://{HOST}/file", timeout=5)


def test_a_session_of_a_library_own_and_streamed(sealed: Upstreams) -> None:
    session = requests.Session()
    assert session.get(f"https://{HOST}/iso", timeout=5).json()["host"] == HOST
    assert session.get(f"https://{HOST}/iso", timeout=5, stream=True).raw.status == 200
    assert sealed.counts == {HOST: 2}


def test_loopback_itself_passes(sealed: Upstreams) -> None:
    assert requests.get(f"{sealed.url}/{HOST}/direct", timeout=5).json()["path"] == "/direct"


def test_install_twice_follows_the_latest(sealed: Upstreams) -> None:
    replay.install(f"{sealed.url}/{HOST}")
    answer = requests.get("https://deep.example/x", timeout=5).json()
    assert (answer["host"], answer["path"]) == (HOST, "/deep.example/x")


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:1", "http://192.168.1.5:8000", "http://localhost.example.com", "x",
     "http://127.0.0.1@evil.example/", "http://user@127.0.0.1:1"],
)  # fmt: skip
def test_only_this_machine_is_accepted(url: str) -> None:
    with pytest.raises(InputError, match="on this machine"):
        replay.install(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8601", "http://localhost:1", "http://[::1]:1/x"])
def test_loopback_addresses_are_accepted(url: str) -> None:
    try:
        replay.install(url)
    finally:
        replay.remove()


def test_removed_means_removed(sealed: Upstreams) -> None:
    replay.remove()
    with pytest.raises(AssertionError, match="escaped"):
        requests.get(f"http://{HOST}/", timeout=5, proxies={"http": ""})


def test_opening_a_context_installs_it(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(replay, "install", seen.append)
    monkeypatch.setattr("energydash.store.open_store", lambda _: None, raising=False)
    context.open_context(settings.current())
    assert seen == [upstreams.url]


def test_bytes_survive(sealed: Upstreams) -> None:
    body = bytes(range(256)) * 20
    sealed.routes["files.example"] = lambda _: Response(200, body)
    assert requests.get("https://files.example/f.zip", timeout=5).content == body
    with urllib.request.urlopen("https://files.example/f.zip", timeout=5) as reply:
        assert io.BytesIO(reply.read()).getvalue() == body
