"""The server over real HTTP: its own names only, and what it shares with whom."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from energydash import access, api, server, settings
from energydash.access import Sharing
from energydash.errors import InputError

PATHS = ("/", "/_stcore/health", "/api/v1/regions", "/carbon_intensity", "/static/none.js")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    home = tmp_path_factory.mktemp("served")
    log = home / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "energydash", "serve", "--port", str(port)],
            env={
                **os.environ,
                "ENERGYDASH_HOME": str(home),
                "ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}",
            },
            stdout=out,
            stderr=out,
            cwd=Path(__file__).resolve().parents[1],
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                requests.get(f"{url}/_stcore/health", timeout=1)
                break
            except requests.ConnectionError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_name_is_refused_on_every_path(address: str, path: str) -> None:
    refused = requests.get(address + path, headers={"Host": "attacker.example"}, timeout=10)
    assert refused.status_code == 400
    assert "Invalid host" in refused.text


def test_a_websocket_with_a_foreign_name_is_refused(address: str) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    stream = f"{address}/_stcore/stream"
    foreign = {**handshake, "Host": "attacker.example"}
    assert requests.get(stream, headers=foreign, timeout=10).status_code in (400, 403)
    elsewhere = {**handshake, "Origin": "http://attacker.example"}
    assert requests.get(stream, headers=elsewhere, timeout=10).status_code == 403


def test_pages_and_answers_come_with_headers_that_forbid_framing(address: str) -> None:
    page = requests.get(f"{address}/", timeout=10)
    assert page.status_code == 200 and "<html" in page.text
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_rest_answers_with_json_and_csv_and_sentences(address: str) -> None:
    regions = requests.get(f"{address}/api/v1/regions", timeout=30).json()
    assert {"GB", "CAISO"} <= {region["id"] for region in regions}
    day = {"start": "2026-03-01T00:00Z", "end": "2026-03-02T00:00Z", "sample": "true"}
    mix = requests.get(f"{address}/api/v1/mix/GB", params=day, timeout=30).json()
    assert mix["origin"] == "sample" and len(mix["rows"]) == 288
    assert {"time", "wind_mw", "gas_mw"} <= set(mix["rows"][0])
    table = requests.get(
        f"{address}/api/v1/intensity/GB", params={**day, "format": "csv"}, timeout=30
    )
    assert table.text.splitlines()[0].startswith("time,actual_g_per_kwh")
    stored = {**day, "sample": "false"}
    assert requests.get(f"{address}/api/v1/mix/GB", params=stored, timeout=30).json()["rows"] == []
    unknown = requests.get(f"{address}/api/v1/mix/NOWHERE", timeout=30)
    assert unknown.status_code == 422 and "is not a region" in unknown.json()["error"]


def test_listening_on_the_network_needs_a_decision() -> None:
    with pytest.raises(InputError, match="would show this dashboard to the network"):
        server.serve("0.0.0.0", free_port(), Sharing.OFF)


def test_a_taken_port_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="is taken"):
            server.serve("127.0.0.1", taken.getsockname()[1], Sharing.OFF)


def test_a_shared_server_answers_to_its_own_names() -> None:
    names = server.own_names()
    assert socket.gethostname() in names
    assert not set(names) & {"localhost", "127.0.0.1"}


@pytest.mark.parametrize(
    ("level", "client", "header", "status"),
    [
        ("off", "127.0.0.1", {}, 200),
        ("off", "192.0.2.7", {}, 403),
        ("grid", "192.0.2.7", {}, 403),
        ("grid", "127.0.0.1", {}, 200),
        ("grid", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("personal", "192.0.2.7", {}, 200),
    ],
)
def test_costs_are_private(
    level: str, client: str, header: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.VARIABLE, level)
    settings.current.cache_clear()
    asked = "/costs?from=2026-03-01&to=2026-03-02&sample=true"
    assert asyncio.run(status_for(client, asked, header)) == status
    assert asyncio.run(status_for(client, "/regions", header)) == 200


async def status_for(client: str, path: str, headers: dict[str, str]) -> int:
    """What somebody at the address `client` gets."""
    transport = httpx.ASGITransport(app=api.create(), client=(client, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return (await http.get(path, headers=headers)).status_code
