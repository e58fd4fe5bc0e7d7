"""Send every HTTP request of this process to a loopback server instead of the internet.

With ENERGYDASH_REPLAY_URL set, a request for `https://{host}/{path}?{query}` goes to
`{that}/{host}/{path}?{query}`: tests, demos and bug reports replay upstreams this way. Requests
made through requests, urllib3 and urllib are covered, libraries' own included, because the two
functions that all of these end in are replaced: `HTTPConnectionPool.urlopen` (requests and every
urllib3 pool) and `AbstractHTTPHandler.do_open` (urllib, which pandas uses). Requests for loopback
itself pass. `context.open_context` calls `install`, before anything is asked of an upstream.
"""

from __future__ import annotations

import copy
import http.client
import ipaddress
import urllib.request
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from urllib3.connectionpool import HTTPConnectionPool

from energydash.core.errors import InputError

_pool_urlopen = HTTPConnectionPool.urlopen
_do_open = urllib.request.AbstractHTTPHandler.do_open
_ftp_open = urllib.request.FTPHandler.ftp_open


def install(url: str) -> None:
    """Replay from `url` from now on; InputError where it is not plain HTTP on loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or not is_loopback(host) or parts.query or parts.username:
        raise InputError(
            "ENERGYDASH_REPLAY_URL must be a http:// address on this machine, for keys are "
            "sent there.",
            remedy="Give it as http://127.0.0.1:PORT, or unset it.",
        )
    pool = HTTPConnectionPool(host, parts.port or 80, maxsize=8)
    netloc = parts.netloc
    prefix = parts.path.rstrip("/")

    def pool_urlopen(
        self: HTTPConnectionPool, method: str, url: str, *args: Any, **options: Any
    ) -> Any:
        """`url` is a path, or absolute where the pool is a proxy's."""
        asked = urlsplit(url)
        origin = asked.hostname or self.host
        if is_loopback(origin):
            return _pool_urlopen(self, method, url, *args, **options)
        path = _path(asked.path, asked.query)
        return _pool_urlopen(pool, method, f"{prefix}/{origin}{path}", *args, **options)

    def do_open(
        self: urllib.request.AbstractHTTPHandler,
        http_class: Any,
        req: urllib.request.Request,
        **options: Any,
    ) -> Any:
        asked = urlsplit(req.full_url)
        origin = asked.hostname or ""
        if is_loopback(origin):
            return _do_open(self, http_class, req, **options)
        sent = copy.copy(req)  # its full_url stays, so that redirects are followed from there
        sent.host = netloc
        sent.selector = f"{prefix}/{origin}{_path(asked.path, asked.query)}"
        sent._tunnel_host = None  # type: ignore[attr-defined]  # a proxy is not asked
        return _do_open(self, http.client.HTTPConnection, sent)

    def ftp_open(self: urllib.request.FTPHandler, req: urllib.request.Request) -> Any:
        raise URLError("ENERGYDASH_REPLAY_URL is set, and FTP is not replayed")

    HTTPConnectionPool.urlopen = pool_urlopen  # type: ignore[method-assign]
    urllib.request.AbstractHTTPHandler.do_open = do_open  # type: ignore[method-assign]
    urllib.request.FTPHandler.ftp_open = ftp_open  # type: ignore[method-assign]


def remove() -> None:
    """Back to the real upstreams."""
    HTTPConnectionPool.urlopen = _pool_urlopen  # type: ignore[method-assign]
    urllib.request.AbstractHTTPHandler.do_open = _do_open  # type: ignore[method-assign]
    urllib.request.FTPHandler.ftp_open = _ftp_open  # type: ignore[method-assign]


def is_loopback(host: str) -> bool:
    """True for this machine's own names and addresses."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _path(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")
