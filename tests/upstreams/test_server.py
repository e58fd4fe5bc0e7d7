"""The stand-ins' own frame: faults, control requests, the log, the world's values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import requests

from tests.upstreams import Request, Response, World
from tests.upstreams.server import HTML, Upstreams

AT = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.fixture
def running() -> Iterator[Upstreams]:
    routes = {"h.example": lambda _: Response(200, {"rows": list(range(400))})}
    with Upstreams(World(), routes=routes) as upstreams:
        yield upstreams


def ask(running: Upstreams, path: str = "h.example/x") -> requests.Response:
    return requests.get(f"{running.url}/{path}", timeout=5)


def test_answers_gzipped_json(running: Upstreams) -> None:
    answer = ask(running)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["rows"][-1] == 399
    assert ask(running, "unknown.example/x").status_code == 501


@pytest.mark.parametrize("kind", ["401", "403", "404", "429", "500", "503"])
def test_status_faults(running: Upstreams, kind: str) -> None:
    ask(running, f"_control/fault?host=h.example&kind={kind}&retry_after=7")
    answer = ask(running)
    assert (answer.status_code, answer.headers["Retry-After"]) == (int(kind), "7")
    ask(running, "_control/fault?host=h.example&kind=off")
    assert ask(running).status_code == 200


def test_broken_answers(running: Upstreams) -> None:
    running.fault("h.example", "html")
    assert ask(running).text == HTML
    running.fault("h.example", "empty")
    assert ask(running).content == b""
    running.fault("h.example", "truncated")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        ask(running).json()
    running.fault("h.example", "refused")
    with pytest.raises(requests.ConnectionError):
        ask(running)
    running.fault("h.example", "broken")
    with pytest.raises(requests.RequestException):
        ask(running)


def test_timeout_ends_with_the_fault(running: Upstreams) -> None:
    running.fault("h.example", "timeout")
    with pytest.raises(requests.Timeout):
        requests.get(f"{running.url}/h.example/x", timeout=0.1)
    running.fault("h.example", "off")
    assert ask(running).status_code == 200


def test_a_fault_counts_down(running: Upstreams) -> None:
    ask(running, "_control/fault?host=h.example&kind=500&count=2")
    assert [ask(running).status_code for _ in range(3)] == [500, 500, 200]


def test_change_rewrites_good_answers(running: Upstreams) -> None:
    def rename(request: Request, response: Response) -> Response:
        assert request.host == "h.example"
        return Response(response.status, response.content().replace(b"rows", b"lines"))

    running.change("h.example", rename)
    assert list(ask(running).json()) == ["lines"]


def test_log_counts_by_host(running: Upstreams) -> None:
    ask(running, "h.example/x?a=1")
    log = ask(running, "_control/log").json()
    assert log["counts"] == {"h.example": 1}
    assert log["requests"] == [
        {"host": "h.example", "path": "/x", "query": [["a", "1"]], "status": 200}
    ]


def test_publish_by_request(running: Upstreams) -> None:
    ask(running, "_control/publish?name=a/b&value=4.5&since=2026-03-29T12:00:00%2B00:00")
    world = running.world
    assert world.value("a/b", AT, 0, 1) == 4.5
    assert 0 <= world.value("a/b", AT - timedelta(minutes=1), 0, 1) <= 1
    assert ask(running, "_control/fault?kind=nonsense").status_code == 404


def test_values_depend_on_the_instant_alone() -> None:
    instants = [AT + timedelta(minutes=5 * n) for n in range(600)]
    first = [World(seed=3).value("wind", at, 100, 200) for at in instants]
    assert first == [World(seed=3).value("wind", at, 100, 200) for at in instants]
    assert all(100 <= value <= 200 for value in first)
    assert max(abs(a - b) for a, b in pairwise(first)) < 10
    assert len(set(first)) == len(first)


def test_a_stopped_server_refuses_and_its_port_can_be_taken_over() -> None:
    with Upstreams(routes={}) as first:
        pass
    with pytest.raises(requests.ConnectionError):
        ask(first)
    with Upstreams(routes={}, port=first.port) as second:
        assert ask(second, "x.example/").status_code == 501
