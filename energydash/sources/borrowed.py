"""Borrowed parsers: gridstatus and pyiso ask through our session, with time-outs and our errors.

Both libraries call `requests` without time-outs (gridstatus also lets pandas open addresses), and
neither tells a refused key from a broken file. `Session` stands where they expect theirs: it sends
with `http.exchange`, so that time-outs, retries, pauses, replay and redaction are the same as
everywhere, and raises our errors at once. `ask` gives a question an overall deadline.
"""

from __future__ import annotations

import contextvars
import csv
import io
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pandas as pd
import requests

from energydash.core.errors import BadData, InputError, SourceError, Unavailable
from energydash.sources import http

DEADLINE_S = 100.0  # below the 120 s for which a refresh holds its lease
AGAIN = "It is asked again by itself; the last good data stay on screen."
# Archives of megabytes that hold many days: one download serves every day asked for.
LARGE = ("GenMix365", "_csv.zip", "GenOutputbyFuelHourly")
LARGE_KEPT_S = 900.0
# What a parser raises at an answer in another form than it knows. ElementTree.ParseError is a
# SyntaxError; pandas' and lxml's parse errors are ValueErrors or SyntaxErrors.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,  # gridstatus looks for a column by hand
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
T = TypeVar("T")


@dataclass(frozen=True)
class Asking:
    """Whom this thread asks (the name in errors), and until when (monotonic seconds)."""

    name: str
    until: float


_asking: contextvars.ContextVar[Asking] = contextvars.ContextVar("asking")
_large: dict[str, tuple[float, requests.Response]] = {}
_large_lock = threading.Lock()


def ask(
    name: str,
    question: Callable[[], T],
    *,
    unreadable: tuple[type[Exception], ...] = (),
    deadline_s: float = DEADLINE_S,
) -> T:
    """The answer of a library, or a SourceError within the deadline.

    The question runs in a thread of its own: libraries sleep between tries. A thread that is
    given up ends at its next request. unreadable: the library's own exceptions that mean that
    the answer cannot be used.
    """
    done: Future[T] = Future()

    def work() -> None:
        _asking.set(Asking(name, time.monotonic() + deadline_s))
        try:
            done.set_result(question())
        except BaseException as error:  # handed to the asking thread as it is
            done.set_exception(error)

    known: tuple[type[Exception], ...] = (*UNREADABLE, *unreadable)
    threading.Thread(target=work, name=f"ask {name}", daemon=True).start()
    try:
        return done.result(deadline_s)
    except SourceError:
        raise
    except NotDone as error:
        if not done.done():
            raise Unavailable(
                name, f"{name} did not answer within {deadline_s:.0f} s.", remedy=AGAIN
            ) from error
        raise unusable(name, error) from error
    except InputError as error:  # our own parsers of saved files say where the fault is
        raise BadData(
            name, f"{name} sent data that cannot be used: {error}", remedy=AGAIN
        ) from error
    except known as error:
        raise unusable(name, error) from error


def unusable(name: str, error: Exception) -> BadData:
    """An answer that its parser did not understand, in words."""
    detail = http.redact(" ".join(str(error).split()))[:120].rstrip(". ")
    what = f"{type(error).__name__}: {detail}" if detail else type(error).__name__
    return BadData(name, f"{name} sent data in a form that is not known ({what}).", remedy=AGAIN)


class Session:
    """What gridstatus and pyiso take for a `requests.Session`, and for `requests` itself."""

    def __init__(self, *_: object, **__: object) -> None:
        self.headers: dict[str, str] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Connections belong to the thread's own session and are kept."""

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.request("GET", url, **options)

    def request(
        self,
        method: str,
        url: str,
        params: http.Params | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,  # the library's own time-out, certificates and the like
    ) -> requests.Response:
        asking = _asking.get()
        left_s = asking.until - time.monotonic()
        if left_s <= 0:
            raise Unavailable(asking.name, f"{asking.name} took too long.", remedy=AGAIN)
        kept = _kept(url)
        if kept is not None:
            return kept
        answer = http.exchange(
            method,
            asking.name,
            url,
            params=params,
            headers={**self.headers, **(headers or {})},
            timeout_s=(min(http.TIMEOUT_S[0], left_s), min(http.TIMEOUT_S[1], left_s)),
        )
        _check(asking.name, url, answer)
        _keep(url, answer)
        return answer


class Requests:
    """`requests` with our session behind `get` and `Session`; all else as it is."""

    Session = Session

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def get(self, url: str, **options: Any) -> requests.Response:
        return Session().get(url, **options)


class Pandas:
    """`pandas` whose readers open addresses through our session; all else as it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(pd, name)

    def read_csv(self, source: Any, *arguments: Any, **options: Any) -> Any:
        return pd.read_csv(_opened(source), *arguments, **options)

    def read_html(self, source: Any, *arguments: Any, **options: Any) -> Any:
        return pd.read_html(_opened(source), *arguments, **options)

    def read_excel(self, source: Any, *arguments: Any, **options: Any) -> Any:
        return pd.read_excel(_opened(source), *arguments, **options)


def _opened(source: Any) -> Any:
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return io.BytesIO(Session().get(source).content)
    return source


def _kept(url: str) -> requests.Response | None:
    with _large_lock:
        at, answer = _large.get(url, (0.0, None))
        if answer is not None and time.monotonic() - at > LARGE_KEPT_S:
            del _large[url]
            return None
        return answer


def _keep(url: str, answer: requests.Response) -> None:
    if any(name in url for name in LARGE):
        with _large_lock:
            _large.clear()  # one at a time is enough for the days of one question
            _large[url] = (time.monotonic(), answer)


def forget_archives() -> None:
    """Download archives anew the next time."""
    with _large_lock:
        _large.clear()


def _check(name: str, url: str, answer: requests.Response) -> None:
    """BadData for an answer that a tolerant parser would take for data: none, a web page, half.

    pandas reads a row that was cut short as one with blanks, and html parsers close what is open.
    """
    body = answer.content
    parts = urlsplit(url)
    is_table = (
        parts.path.startswith("/transform/csv/")
        or parts.path.endswith(".csv")
        or parts.query.endswith(".csv")
    )
    if not body.strip():
        raise BadData(name, f"{name} sent an empty answer.", remedy=AGAIN)
    is_page = body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
    if is_page and (is_table or parts.path.endswith((".json", ".xml", ".zip", ".txt"))):
        raise BadData(name, f"{name} sent a web page instead of data.", remedy=AGAIN)
    is_cut = parts.path.endswith(".txt") and not body.endswith(b"\n")
    if is_table:
        is_cut = _is_cut_short(body, must_end=not parts.path.endswith("rtfuelmix.csv"))
    if is_cut:
        raise BadData(name, f"{name} sent a table that is cut short.", remedy=AGAIN)


def _is_cut_short(body: bytes, *, must_end: bool) -> bool:
    """True where a table stops within a row.

    must_end: its last row ends with a new line, as all do but NYISO's fuel mix. ISO-NE's tables
    have a kind of row in the first cell (C, H, D) and end with the total T.
    """
    if must_end and not body.endswith(b"\n"):
        return True
    lines = body.decode("utf-8", "replace").splitlines()
    if lines[0].startswith(('"C"', "C,")):
        return not lines[-1].startswith(('"T"', "T,"))
    first, last = next(csv.reader([lines[0]])), next(csv.reader([lines[-1]]))
    return len(first) != len(last)
