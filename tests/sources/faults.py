"""Everything that an upstream may do wrong: one table, which every feed of every source meets.

A fault spoils good answers of a stand-in on their way. Whatever it is, it must end in a sentence or
in good rows, nothing stored may be lost by it, and it must be over when the fault is.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from energydash.core.time import utc_now
from tests.sources.contract import Change, ContractCase, change_rows, reverse_rows
from tests.upstreams import Request, Response

Raw = Callable[[BaseHTTPRequestHandler], None]
JSON = {"Content-Type": "application/json"}
MARK = "\x00"


@dataclass(frozen=True)
class Fault:
    """change: what becomes of a good answer; '' where the case says how it is spoilt.

    brief: time-outs, the deadline and the cap on bytes are short, for it would be waited for.
    no_tls: the connection itself fails before anything is asked. is_news: what comes may differ
    from what was stored and is good all the same.
    """

    name: str
    change: Change | str
    brief: bool = False
    no_tls: bool = False
    is_news: bool = False

    def of(self, case: ContractCase) -> Change | None:
        """How it spoils the answers of a feed, None where the feed cannot meet it."""
        return case.change(self.change) if isinstance(self.change, str) else self.change


# --- the wire -----------------------------------------------------------------------------------


def _raw(send: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Change:
    """The answer is sent by hand; `send` gets its body."""

    def change(_: Request, good: Response) -> Response:
        return replace(good, raw=lambda handler: send(handler, good.content()))

    return change


def _head(handler: BaseHTTPRequestHandler, *headers: str) -> None:
    lines = ["HTTP/1.1 200 OK", "Connection: close", *headers, "", ""]
    handler.wfile.write("\r\n".join(lines).encode())


def _until_they_leave(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(60)
    handler.connection.recv(1)


def _hang_in_head(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    _until_they_leave(handler)


def _hang_in_body(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    _head(handler, f"Content-Length: {len(body)}")
    handler.wfile.write(body[: len(body) // 2])
    _until_they_leave(handler)


def _drip(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    _head(handler, "Content-Length: 1000000")
    while not handler.server.upstreams.stopped.wait(0.02):  # type: ignore[attr-defined]
        handler.wfile.write(b" ")


def _with(*headers: str, start: float = 0, end: float = 1, pack: bool = False) -> Change:
    """The body from one share of it to another, under these headers; `{n}` is its whole length."""

    def send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        content = gzip.compress(body, 1) if pack else body
        _head(handler, *(line.format(n=len(content)) for line in headers))
        handler.wfile.write(content[int(len(content) * start) : int(len(content) * end)])

    return _raw(send)


def _send(content: bytes, *headers: str) -> Change:
    def send(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        if headers:
            _head(handler, *headers)
        handler.wfile.write(content)

    return _raw(send)


# --- heads --------------------------------------------------------------------------------------


def _status(status: int, **headers: str) -> Change:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, good: Response(status, {"error": "stand-in fault"}, named)


def _retry_at(hours: float) -> Change:
    def change(request: Request, good: Response) -> Response:
        at = format_datetime(utc_now() + timedelta(hours=hours), usegmt=True)
        return _status(429, Retry_After=at)(request, good)

    return change


def _redirect(target: str) -> Change:
    """`{host}` in the target is the upstream's own; one that comes back is answered."""

    def change(request: Request, good: Response) -> Response:
        if request.param("moved"):
            return good
        query = "&".join(f"{name}={value}" for name, value in [*request.query, ("moved", "1")])
        there = target.format(host=request.host, path=request.path, query=query)
        return Response(302, "", {"Location": there})

    return change


# --- bodies -------------------------------------------------------------------------------------


def _body(content: bytes | Callable[[bytes], bytes], kind: str = "") -> Change:
    def change(_: Request, good: Response) -> Response:
        body = content if isinstance(content, bytes) else content(good.content())
        return Response(200, body, {"Content-Type": kind} if kind else good.headers)

    return change


def _cut_at_a_line(body: bytes) -> bytes:
    lines = body.splitlines(keepends=True)
    return b"".join(lines[: max(1, len(lines) * 2 // 3)])


def _latin(body: bytes) -> bytes:
    return body.replace(b"a", "\u00e9".encode("latin-1"), 3)


def _numbers(token: str) -> Change:
    """Every third number becomes this text, bare: in JSON, or in the cells of a table."""

    def change(_: Request, good: Response) -> Response:
        content, seen = good.content(), 0

        def walk(value: Any) -> Any:
            nonlocal seen
            if isinstance(value, dict):
                return {key: walk(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [walk(inner) for inner in value]
            if isinstance(value, bool) or not isinstance(value, int | float):
                return value
            seen += 1
            return value if seen % 3 else MARK

        def cell(found: re.Match[bytes]) -> bytes:
            nonlocal seen
            seen += 1
            return found.group() if seen % 3 else token.encode()

        try:
            text = json.dumps(walk(json.loads(content))).replace(json.dumps(MARK), token)
        except ValueError:
            return replace(good, body=_CELL.sub(cell, content))
        return Response(200, text, JSON)

    return change


_CELL = re.compile(rb'(?<=[,\t">;])-?\d+(\.\d+)?(?=[,\t"<\r\n;])')
_YEAR = re.compile(rb"(?<!\d)20\d\d(?=[-/.]?[01]\d[-/.]?[0-3]\d)|(?<=\d[-/])20\d\d(?!\d)")
_MILLISECONDS = re.compile(rb"(?<!\d)1[5-9]\d{11}(?!\d)")


def _years(year: Callable[[int], str]) -> Change:
    """Every stamp is of another year."""

    def moved(found: re.Match[bytes]) -> bytes:
        return year(int(found.group())).encode()

    def later(found: re.Match[bytes]) -> bytes:
        text = year(2026)
        years = int(text) - 2026 if text.lstrip("-").isdigit() else 0
        return str(int(found.group()) + int(years * 365.25 * 86_400_000)).encode()

    return _body(lambda body: _MILLISECONDS.sub(later, _YEAR.sub(moved, body)))


def _one_row_short(rows: list[Any]) -> list[Any]:
    """A row in the middle lacks its second half."""
    if not rows:
        return rows
    row = rows[len(rows) // 2]
    if isinstance(row, dict):
        names = list(row)
        half: Any = {name: row[name] for name in names[: len(names) // 2]}
    else:
        half = row[: len(row) // 2]
    return [*rows[: len(rows) // 2], half, *rows[len(rows) // 2 + 1 :]]


def _few(rows: list[Any]) -> list[Any]:
    """The first sixteenth: the last instant may lack some of its fuels."""
    return rows[: max(1, len(rows) // 16)]


def _wider(rows: list[Any]) -> list[Any]:
    """Every row has a field that nobody knows."""
    return [{**row, "surprise": 1} if isinstance(row, dict) else row for row in rows]


DEEP = b'{"data":' + b"[" * 100_000
HTML = b"<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"
ZIP = b"PK\x03\x04" + b"\x00" * 60
BOMB = gzip.compress(b"0" * 20_000_000, 9)
STATUSES = (204, 304, 400, 401, 403, 404, 408, 410, 422, 451, 500, 501, 502, 503, 504)
FAULTS: Sequence[Fault] = (
    Fault("closed", _send(b"")),
    Fault("hangs", _raw(lambda handler, _: _until_they_leave(handler)), brief=True),
    Fault("hangs in the head", _raw(_hang_in_head), brief=True),
    Fault("hangs in the body", _raw(_hang_in_body), brief=True),
    Fault("drips", _raw(_drip), brief=True),
    Fault("TLS", _status(500), no_tls=True),
    Fault("not HTTP", _send(b"\x16\x03\x01 SSH-2.0-OpenSSH_9\r\n\r\n")),
    Fault("a head without end", _send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000)),
    Fault("cut", _with("Content-Length: {n}", end=0.5)),
    Fault("length too short", _with("Content-Length: 100")),
    Fault("length too long", _with("Content-Length: 99999999")),
    Fault("length negative", _with("Content-Length: -5")),
    Fault("length in words", _with("Content-Length: many")),
    Fault("chunks cut", _send(b"ffff\r\n[1,2", "Transfer-Encoding: chunked")),
    Fault("chunks of nonsense", _send(b"zz\r\n[1,2\r\n", "Transfer-Encoding: chunked")),
    Fault("packed, cut", _with("Content-Encoding: gzip", end=0.5, pack=True)),
    Fault("packed, without its end", _with("Content-Encoding: gzip", end=0.99, pack=True)),
    Fault("packed, but is not", _with("Content-Encoding: gzip", "Content-Length: {n}")),
    Fault("packed in an unknown way", _with("Content-Encoding: xyz", "Content-Length: {n}")),
    Fault("bomb", _send(BOMB, "Content-Encoding: gzip"), brief=True),
    Fault("moved, same host", _redirect("https://{host}{path}?{query}")),
    Fault("moved, other host", _redirect("https://elsewhere.example{path}?{query}")),
    Fault("moved, in clear", _redirect("http://{host}{path}?{query}")),
    Fault("moved, in circles", _redirect("https://{host}{path}")),
    Fault("moved, a file", _redirect("file:///etc/passwd")),
    Fault("moved, nowhere", _status(302)),
    *(Fault(str(status), _status(status)) for status in STATUSES),
    Fault("429", _status(429)),
    Fault("wait 120 s", _status(429, Retry_After="120")),
    Fault("wait 0 s", _status(429, Retry_After="0")),
    Fault("wait 2 s and 503", _status(503, Retry_After="2")),
    Fault("wait 1.5 s", _status(429, Retry_After="1.5")),
    Fault("wait negative", _status(429, Retry_After="-5")),
    Fault("wait 3,000 years", _status(429, Retry_After="99999999999")),
    Fault("wait until a date", _retry_at(2)),
    Fault("wait until the past", _retry_at(-2)),
    Fault("wait in words", _status(429, Retry_After="tomorrow")),
    Fault("wait until nonsense", _status(429, Retry_After="Sat, 99 Foo 2026 99:99:99 GMT")),
    Fault("HTML", _body(HTML, "text/html")),
    Fault("HTML called JSON", _body(HTML, "application/json")),
    Fault("XML", _body(b"<?xml version='1.0'?><a><b/></a>", "text/xml")),
    Fault("empty", _body(b"")),
    Fault("blanks", _body(b" \r\n \r\n")),
    *(
        Fault(f"only {text}", _body(text.encode()))
        for text in ("null", "true", "17", '"text"', "{}", "[]", "[null]", '{"data":null}')
    ),
    Fault("deep JSON", _body(DEEP)),
    Fault("half", _body(lambda body: body[: len(body) // 2])),
    Fault("cut at a line", _body(_cut_at_a_line), is_news=True),
    Fault("UTF-8 cut", _body(lambda body: body[: len(body) // 2] + b"\xe2\x82")),
    Fault("a mark", _body(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("Latin-1", _body(_latin)),
    Fault("UTF-16", _body(lambda body: body.decode().encode("utf-16"))),
    Fault("NUL bytes", _body(lambda body: body.replace(b",", b"\x00", 5))),
    Fault("called something else", _body(lambda body: body, "image/png")),
    Fault("a damaged zip", _body(ZIP)),
    *(
        Fault(f"numbers are {token[:12]}", _numbers(token))
        for token in ("null", "NaN", "Infinity", "-Infinity", "1e308", "-1e308", "true", '"x"',
                      "[]", "{}", "9" * 400)
    ),
    Fault("numbers are text with a comma", _numbers('"1,234"'), is_news=True),
    Fault("renamed field", "renamed"),
    Fault("unknown fuel", "unknown fuel", is_news=True),
    Fault("nulls", "nulls"),
    Fault("duplicates", "duplicates"),
    Fault("disorder", "out of order"),
    Fault("disorder unforeseen", reverse_rows(), is_news=True),
    Fault("no rows", change_rows(lambda rows: [])),
    Fault("one row", change_rows(lambda rows: rows[:1])),
    Fault("the last row only", change_rows(lambda rows: rows[-1:])),
    Fault("most rows gone", change_rows(_few), is_news=True),
    Fault("a row cut short", change_rows(_one_row_short)),
    Fault("a field more", change_rows(_wider)),
    Fault("a year ahead", _years(lambda year: str(year + 1))),
    Fault("a century ahead", _years(lambda year: str(year + 100))),
    Fault("a century back", _years(lambda year: str(year - 100))),
    Fault("the year 1", _years(lambda _: "0001")),
    Fault("the year 9999", _years(lambda _: "9999")),
    Fault("no year at all", _years(lambda _: "soon")),
)  # fmt: skip
