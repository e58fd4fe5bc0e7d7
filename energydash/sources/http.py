"""The one HTTP session: time-outs on every call, a deadline and a cap on bytes for every answer,
retries with back-off and jitter, Retry-After honoured, a pause per host, redirects within a host
only, and secrets redacted from every error.

`get` and `post` return bytes; `as_json` turns bytes into JSON or a `BadData` that says what came
instead. Status codes become the errors of `energydash.core.errors`. `requests` is imported with the
first request: a command that asks nobody starts a tenth sooner without it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
from energydash.sources.limits import TIMEOUT_S, Limits

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

DEADLINE_S = 75.0  # for one answer, however it drips
SHARED_S = 60.0  # how long one download serves every feed of a cycle
LASTING_S = 900.0  # an archive of many days
SHARED_BYTES = 64_000_000
LONGEST_RETRY_S = 86_400.0  # whatever Retry-After says, it is asked again within a day
LONGEST_WAIT_S = 5.0  # a longer Retry-After is handed to the caller instead of slept
PAUSE_S = {
    "": 0.0,
    "data.elexon.co.uk": 0.1,
    "api.neso.energy": 1.0,
    "api.octopus.energy": 0.1,
    "iot.aretas.ca": 0.2,
}

Params = Mapping[str, Any] | Iterable[tuple[str, Any]]

_pause_lock = threading.Lock()
_next_call: dict[str, float] = {}


def get(
    source: str,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    timeout_s: tuple[float, float] = TIMEOUT_S,
    lasting: bool = False,
) -> bytes:
    """The body of a GET. `source` is the name the user reads in an error.

    lasting: an archive, which serves longer than other answers within `shared`.
    Raises: Unavailable, RateLimited, BadCredentials, NotFound, BadData (another 4xx).
    """
    kept = None if headers or auth else _kept.get()
    if kept is None:
        return call(
            "GET", source, url, params=params, headers=headers, auth=auth, timeout_s=timeout_s
        )
    pairs = sorted(params.items()) if isinstance(params, Mapping) else list(params or ())
    key = hashlib.sha256(repr((url, pairs)).encode()).hexdigest()  # some addresses have a key
    at, body = kept.get(key, (0.0, b""))
    if not body or time.monotonic() > at:
        body = call("GET", source, url, params=pairs, timeout_s=timeout_s)
        kept[key] = (time.monotonic() + (LASTING_S if lasting else SHARED_S), body)
        while sum(len(one) for _, one in kept.values()) > SHARED_BYTES and len(kept) > 1:
            del kept[next(iter(kept))]
    return body


_Kept = dict[str, tuple[float, bytes]]  # what was asked -> until when it serves, the body
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def shared() -> Iterator[None]:
    """Within this, in this thread, one download of a file serves every feed that is in it."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def post(
    source: str,
    url: str,
    *,
    body: object,
    headers: Mapping[str, str] | None = None,
    timeout_s: tuple[float, float] = TIMEOUT_S,
) -> bytes:
    """The body that answers a POST of `body` as JSON. Raises as `get` does; never retried."""
    return call("POST", source, url, headers=headers, body=body, timeout_s=timeout_s)


def call(
    method: str,
    source: str,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    body: object = None,
    timeout_s: tuple[float, float] = TIMEOUT_S,
) -> bytes:
    """The body that answers one request; `get` and `post` are the usual ways in."""
    return exchange(
        method,
        source,
        url,
        params=params,
        headers=headers,
        auth=auth,
        body=body,
        timeout_s=timeout_s,
    ).content


def exchange(
    method: str,
    source: str,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    body: object = None,
    timeout_s: tuple[float, float] = TIMEOUT_S,
) -> requests.Response:
    """One request, its pauses and its errors; the whole response."""
    import requests

    from energydash.sources.session import session

    limits = Limits.of(source, DEADLINE_S, timeout_s)
    for attempt in (1, 2):
        _pause(urlsplit(url).hostname or "")
        try:
            answer = session().request(
                method,
                url,
                params=params,
                headers=dict(headers or {}),
                auth=auth,
                json=body,
                timeout=limits.timeout_s(),
                stream=True,
            )
            limits.take_body(answer)
        except requests.RequestException as error:
            raise unreachable(source, error) from redacted(error)
        wait_s = _retry_after_s(answer)
        if answer.status_code in (429, 503) and attempt == 1 and 0 <= wait_s <= LONGEST_WAIT_S:
            time.sleep(wait_s)
            continue
        break
    problem = error_of(source, answer)
    if problem:
        raise problem
    return answer


def unreachable(source: str, error: requests.RequestException) -> Unavailable:
    """What a failed request is called."""
    if _timed_out(error):
        return Unavailable(
            source, f"{source} did not answer in time.", remedy="It is asked again by itself."
        )
    return Unavailable(
        source,
        f"{source} cannot be reached ({_why(error)}).",
        remedy="Check the internet connection; it is asked again by itself.",
    )


def as_json(source: str, body: bytes, *, exact: bool = False) -> Any:
    """`body` parsed, or a BadData that says what came instead.

    exact: numbers with a fraction stay decimal text, digit for digit (prices).
    """
    try:
        return json.loads(body, parse_float=str) if exact else json.loads(body)
    except (ValueError, RecursionError) as error:
        start = body.lstrip()[:20].lower()
        if not start:
            what = "an empty answer"
        elif start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
            what = "a web page instead of data"
        else:
            what = f"an answer that is cut short or garbled ({len(body):,} bytes)"
        raise BadData(
            source,
            f"{source} sent {what}.",
            remedy="It is asked again by itself; the last good data stay on screen.",
        ) from error


class _Redacting(logging.Filter):
    """urllib3 logs the addresses it tries again, and some upstreams take their key in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_Redacting())


def redact(text: str, secrets: Iterable[str] | None = None) -> str:
    """`text` without configured secrets and without the values of key-like URL parameters."""
    for secret in settings.current().secrets() if secrets is None else secrets:
        text = text.replace(secret, "***")
    text = _URL_SECRET.sub(r"\1***", text)
    return _USER_INFO.sub(r"\1***@", text)


_URL_SECRET = re.compile(
    r"((?:api[_-]?key|key|token|securityToken|password|username|auth)=)[^&\s'\"]+", re.IGNORECASE
)
_USER_INFO = re.compile(r"(\w+://)[^/@\s]+@")


def error_of(source: str, answer: requests.Response) -> SourceError | None:
    """The error that an answer's status is; None for a good one."""
    status = answer.status_code
    if 300 <= status < 400:
        return Unavailable(
            source,
            f"{source} points to another host ({status}), which is not followed.",
            remedy="An upstream that moved needs an update.",
        )
    if status < 400:
        return None
    request = answer.request
    if status in (401, 403) and not (
        "Authorization" in request.headers or _URL_SECRET.search(request.url or "")
    ):
        return BadCredentials(
            source,
            f"{source} refuses to answer ({status}).",
            remedy="It was sent no key; it may block this address. It is asked again by itself.",
        )
    if status == 401:
        return BadCredentials(
            source, f"{source} refused the key (401).", remedy="Check it under Data sources."
        )
    if status == 403:
        return BadCredentials(
            source,
            f"{source} does not allow this request (403).",
            remedy="Check the key, and whether your plan includes these data.",
        )
    if status == 404:
        return NotFound(
            source,
            f"{source} has nothing at this address (404).",
            remedy="Check the name or number asked for; an upstream that moved needs an update.",
        )
    if status in (429, 503) and (status == 429 or "Retry-After" in answer.headers):
        wait_s = max(_retry_after_s(answer), 1.0) if "Retry-After" in answer.headers else 60.0
        retry_at = utc_now() + timedelta(seconds=wait_s)
        return RateLimited(
            source,
            f"{source} asks for fewer requests ({status}).",
            remedy=f"It is asked again after {retry_at:%H:%M:%S} UTC.",
            retry_at=retry_at,
        )
    if status >= 500:
        return Unavailable(
            source,
            f"{source} has trouble of its own ({status}).",
            remedy="It is asked again by itself; the last good data stay on screen.",
        )
    detail = redact(" ".join(answer.text.split()))[:200]
    if "<" in detail:
        detail = "a web page"
    return BadData(
        source,
        f"{source} refused the request ({status}): {detail.rstrip('.')}.",
        remedy="Check what was asked for; if it was right, the upstream may have changed.",
    )


def _retry_after_s(answer: requests.Response) -> float:
    """Seconds that the Retry-After header asks for (RFC 9110, 10.2.3); -1 without one."""
    value = answer.headers.get("Retry-After", "").strip()
    if not value:
        return -1.0
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_RETRY_S)
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max((at - utc_now()).total_seconds(), 0.0), LONGEST_RETRY_S)
    except (TypeError, ValueError, OverflowError):
        return -1.0


def _pause(host: str) -> None:
    """Hold back so that calls to one host are at least its pause apart, across threads."""
    gap = PAUSE_S.get(host, PAUSE_S[""])
    if not gap or settings.current().replay_url:
        return
    with _pause_lock:
        now = time.monotonic()
        at = max(_next_call.get(host, 0.0), now)
        _next_call[host] = at + gap
    time.sleep(max(at - now, 0.0))


def _timed_out(error: requests.RequestException) -> bool:
    """True for a time-out, also the last of several, which requests reports as a broken
    connection."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(error, requests.Timeout) or isinstance(reason, ReadTimeoutError)


def _why(error: requests.RequestException) -> str:
    import requests

    text = str(error)
    if "refused" in text:
        return "connection refused"
    if "resolve" in text or "Name or service" in text or "getaddrinfo" in text:
        return "its name cannot be looked up"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    return "the connection broke"


def redacted(error: Exception) -> Exception:
    """The same error without secrets in its text, so that a traceback cannot show one."""
    return RuntimeError(redact(f"{type(error).__name__}: {error}"))
