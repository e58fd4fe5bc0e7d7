"""The one HTTP session: retries, Retry-After, pauses, errors in words, secrets kept."""

from __future__ import annotations

import gzip
import logging
import threading
import traceback
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from urllib3.util.retry import Retry

from energydash import __version__
from energydash.core import settings
from energydash.core.errors import (
    BadCredentials,
    BadData,
    NotFound,
    RateLimited,
    SourceError,
    Unavailable,
)
from energydash.core.time import utc_now
from energydash.sources import http, limits, session
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams

HOST = "data.example"
URL = f"https://{HOST}/v1"


@pytest.fixture
def upstream(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstreams]:
    """An upstream that says what headers it saw; no wait between retries."""

    def answer(request: Request) -> Response:
        return Response(200, {"headers": dict(request.headers), "query": request.query})

    upstreams.routes[HOST] = answer
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)
    yield upstreams


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, none of them waited."""
    waits: list[float] = []
    monkeypatch.setattr(http.time, "sleep", waits.append)
    return waits


def test_sends_who_we_are_and_every_parameter(upstream: Upstreams) -> None:
    body = http.get("It", URL, params=[("a", "1"), ("a", "2")], headers={"X-Own": "y"})
    said = http.as_json("It", body)
    assert said["query"] == [["a", "1"], ["a", "2"]]
    assert said["headers"]["user-agent"].startswith(f"energydash/{__version__}")
    assert "gzip" in said["headers"]["accept-encoding"]
    assert said["headers"]["x-own"] == "y"


def test_server_errors_are_tried_three_times(upstream: Upstreams) -> None:
    upstream.fault(HOST, "500", count=2)
    assert http.get("It", URL)
    assert upstream.counts[HOST] == 3
    upstream.fault(HOST, "500")
    with pytest.raises(Unavailable, match="trouble of its own"):
        http.get("It", URL)
    assert upstream.counts[HOST] == 6


def test_a_broken_connection_is_tried_again(upstream: Upstreams) -> None:
    upstream.fault(HOST, "refused", count=2)
    assert http.get("It", URL)


def test_a_packed_answer_without_its_end_is_not_taken(upstream: Upstreams) -> None:
    """Its length is right, and what can be unpacked of it ends at the end of a line."""
    whole = gzip.compress(b"time,value\n" * 200)
    upstream.routes[HOST] = lambda _: Response(200, whole[:-8], {"Content-Encoding": "gzip"})
    with pytest.raises(Unavailable, match="the connection broke"):
        http.get("It", URL)
    upstream.routes[HOST] = lambda _: Response(200, whole, {"Content-Encoding": "gzip"})
    assert http.get("It", URL) == b"time,value\n" * 200


def test_a_post_is_never_repeated(upstream: Upstreams) -> None:
    upstream.fault(HOST, "500", count=1)
    with pytest.raises(Unavailable):
        http.post("It", URL, body={})
    assert upstream.counts[HOST] == 1


@pytest.mark.parametrize("kind", ["429", "503"])
def test_a_short_retry_after_is_waited_for(
    upstream: Upstreams, slept: list[float], kind: str
) -> None:
    upstream.fault(HOST, kind, retry_after="2", count=1)
    assert http.get("It", URL)
    assert slept == [2.0]


@pytest.mark.parametrize("kind", ["429", "503"])
def test_a_long_retry_after_is_handed_on(
    upstream: Upstreams, slept: list[float], kind: str
) -> None:
    upstream.fault(HOST, kind, retry_after="600")
    with pytest.raises(RateLimited, match="fewer requests") as caught:
        http.get("It", URL)
    assert slept == []
    assert caught.value.retry_at is not None
    wait = caught.value.retry_at - utc_now()
    assert timedelta(seconds=590) < wait <= timedelta(seconds=600)
    assert f"{caught.value.retry_at:%H:%M:%S} UTC" in caught.value.remedy


def test_retry_after_as_a_date_and_as_nonsense(upstream: Upstreams, slept: list[float]) -> None:
    at = utc_now().replace(microsecond=0) + timedelta(hours=1)
    upstream.fault(HOST, "429", retry_after=format_datetime(at, usegmt=True))
    with pytest.raises(RateLimited) as caught:
        http.get("It", URL)
    assert caught.value.retry_at is not None
    assert abs(caught.value.retry_at - at) < timedelta(seconds=5)
    upstream.fault(HOST, "429", retry_after="soon")
    with pytest.raises(RateLimited):
        http.get("It", URL)
    assert slept == []


def test_429_without_retry_after_waits_a_minute(upstream: Upstreams, slept: list[float]) -> None:
    upstream.fault(HOST, "429")
    with pytest.raises(RateLimited) as caught:
        http.get("It", URL)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at - utc_now() > timedelta(seconds=50)
    assert slept == []


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("401", BadCredentials, "refused the key"),
        ("403", BadCredentials, "does not allow"),
        ("404", NotFound, "nothing at this address"),
        ("503", Unavailable, "trouble of its own"),
    ],
)
def test_status_codes_become_sentences(
    upstream: Upstreams, kind: str, error: type[SourceError], words: str
) -> None:
    upstream.fault(HOST, kind)
    with pytest.raises(error, match=words) as caught:
        http.get("Elexon", URL, auth=("sk_live_1", ""))
    assert caught.value.message.startswith("Elexon ")
    assert caught.value.remedy
    assert caught.value.source == "Elexon"


@pytest.mark.parametrize("kind", ["401", "403"])
def test_who_needs_no_key_is_not_said_to_refuse_it(upstream: Upstreams, kind: str) -> None:
    upstream.fault(HOST, kind)
    with pytest.raises(BadCredentials, match=r"Elexon refuses to answer \(40[13]\)") as caught:
        http.get("Elexon", URL)
    assert "no key" in caught.value.remedy
    with pytest.raises(BadCredentials, match=r"refused the key|does not allow"):
        http.get("EIA", URL, params={"api_key": "abc"})


def test_another_4xx_says_what_the_upstream_said(upstream: Upstreams) -> None:
    upstream.routes[HOST] = lambda _: Response(400, {"detail": "period too  long"})
    with pytest.raises(BadData, match="period too long") as caught:
        http.get("It", URL)
    assert caught.value.remedy
    upstream.routes[HOST] = lambda _: Response(400, "<html>no</html>")
    with pytest.raises(BadData, match="a web page"):
        http.get("It", URL)


def test_time_outs_and_refusals(upstream: Upstreams) -> None:
    upstream.fault(HOST, "timeout")
    with pytest.raises(Unavailable, match="did not answer in time"):
        http.get("It", URL, timeout_s=(0.1, 0.1))
    upstream.fault(HOST, "off")
    upstream.stop()
    with pytest.raises(Unavailable, match="connection refused"):
        http.get("It", URL)


def test_no_secret_shows_anywhere(
    upstream: Upstreams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_veryprivate")
    monkeypatch.setenv("ENERGYDASH_ARETAS_PASSWORD", "opensesame")
    settings.current.cache_clear()
    bodies = {"detail": "bad key sk_live_veryprivate in https://me:opensesame@x/?token=abcd1234"}
    upstream.routes[HOST] = lambda _: Response(400, bodies)
    told = ""
    for fault in ("off", "refused", "401", "timeout"):
        upstream.fault(HOST, fault)
        with pytest.raises(SourceError) as caught:
            http.get(
                "It",
                f"{URL}?api_key=sk_live_veryprivate&password=opensesame&token=abcd1234",
                auth=("sk_live_veryprivate", ""),
                timeout_s=(0.1, 0.1),
            )
        told += "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    told += caplog.text
    for secret in ("sk_live_veryprivate", "opensesame", "abcd1234"):
        assert secret not in told


def test_redact() -> None:
    assert http.redact("a=1&key=abc&b=2", []) == "a=1&key=***&b=2"
    assert http.redact("postgresql://me:pw@db/x", []) == "postgresql://***@db/x"
    assert http.redact("say xyzzy twice: xyzzy", ["xyzzy"]) == "say *** twice: ***"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty answer"),
        (b"  <!DOCTYPE html><p>", "a web page"),
        (b'{"data": [1, 2', "cut short"),
        (b"\xff\xfe\x00", "cut short or garbled"),
    ],
)
def test_what_came_instead_of_json(body: bytes, words: str) -> None:
    with pytest.raises(BadData, match=words) as caught:
        http.as_json("It", body)
    assert caught.value.message.startswith("It sent ")


def test_calls_to_one_host_keep_their_distance(
    monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    monkeypatch.setitem(http.PAUSE_S, "slow.example", 0.5)
    monkeypatch.setattr(http.time, "monotonic", lambda: 100.0)
    for host in ("slow.example", "slow.example", "other.example", "slow.example"):
        http._pause(host)
    assert slept == [0.0, 0.5, 1.0]


def test_threads_never_share_a_session() -> None:
    mine = session.session()
    assert session.session() is mine
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(session.session()))
    thread.start()
    thread.join()
    assert others[0] is not mine


def test_retries_are_logged_without_keys(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.WARNING, logger=logger.name):
        logger.warning("Retrying (%r): %s", "Retry(total=1)", "/v2/data/?api_key=letmein&start=1")
    assert "letmein" not in caplog.text and "api_key=***&start=1" in caplog.text


# --- redirects, a deadline, a cap ---------------------------------------------------------------


def _redirect(upstream: Upstreams, target: str) -> None:
    """`/moved` of the upstream points to the target."""
    answer = upstream.routes[HOST]

    def route(request: Request) -> Response:
        moved = Response(302, "", {"Location": target})
        return moved if request.path == "/moved" else answer(request)

    upstream.routes[HOST] = route


MOVED = f"https://{HOST}/moved"


@pytest.mark.parametrize("target", ["/v1?a=1", f"https://{HOST}/v1?a=1"])
def test_a_redirect_on_the_same_host_is_followed(upstream: Upstreams, target: str) -> None:
    _redirect(upstream, target)
    said = http.as_json("It", http.get("It", MOVED, auth=("key", "")))
    assert said["query"] == [["a", "1"]]


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example/v1", "//elsewhere.example/v1", f"http://{HOST}/v1",
     f"https://{HOST}:8443/v1", f"ftp://{HOST}/v1", f"https://{HOST}.evil.example/v1"],
)  # fmt: skip
def test_a_redirect_elsewhere_gets_nothing(upstream: Upstreams, target: str) -> None:
    """Neither the request nor its key travel to another host, nor in clear."""
    upstream.routes["elsewhere.example"] = upstream.routes[HOST]
    _redirect(upstream, target)
    with pytest.raises(Unavailable, match=r"It points to another host \(302\)"):
        http.get("It", MOVED, auth=("key", ""), headers={"X-Key": "secret"})
    assert [request.path for request, _ in upstream.requests] == ["/moved"]


def test_redirects_without_end_are_given_up(upstream: Upstreams) -> None:
    _redirect(upstream, MOVED)
    with pytest.raises(Unavailable, match="It cannot be reached"):
        http.get("It", MOVED)
    assert len(upstream.requests) < 10


def test_an_answer_without_end_is_not_read(
    upstream: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the size unpacked: 2 MB of zeros travel as 2 kB."""
    upstream.routes[HOST] = lambda _: Response(200, b"0" * 2_000_000)
    monkeypatch.setattr(limits, "MOST_BYTES", 1_000_000)
    with pytest.raises(BadData, match="It sent more than 1 MB"):
        http.get("It", URL)


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes within the time-out; all of them together never would."""
    ended = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            try:
                while not ended.wait(0.02):
                    self.wfile.write(b"x")
            except OSError:
                ended.set()

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    monkeypatch.setattr(http, "DEADLINE_S", 0.3)
    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(Unavailable, match="It took too long"):
                http.get("It", f"http://127.0.0.1:{server.server_port}/")
            assert ended.wait(10), "the connection is closed, not left to drip"
        finally:
            ended.set()
            server.shutdown()


@pytest.mark.parametrize(
    "value", ["1e9", "99999999999999999999", "-5", "\u0661", "Sat, 99 Foo", "∞"]
)
def test_any_retry_after_is_survived(upstream: Upstreams, slept: list[float], value: str) -> None:
    header = value.encode("utf-8").decode("latin-1")
    upstream.routes[HOST] = lambda _: Response(429, "", {"Retry-After": header})
    with pytest.raises(RateLimited) as caught:
        http.get("It", URL)
    assert caught.value.retry_at
    assert caught.value.retry_at - utc_now() <= timedelta(days=1, seconds=1)


def test_json_that_is_nested_too_deeply_is_bad_data() -> None:
    with pytest.raises(BadData, match="It sent"):
        http.as_json("It", b"[" * 200_000)
