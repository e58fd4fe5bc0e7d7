"""What stands before every answer of the server: pages, websockets, uploads, downloads and REST.

Streamlit serves uploads, files and websockets by itself and knows nothing of `access`; here they
obey it. A request that a page of another site makes is refused, and so is a client who asks REST
too often. `[proxy] trusted` names the addresses of reverse proxies: they are believed whose request
it is and whether it came by HTTPS. Whoever comes through a proxy is never on this machine, whatever
the proxy says.
"""

from __future__ import annotations

import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, Response

from energydash.core import access
from energydash.core.access import Viewer
from energydash.core.errors import InputError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.runtime import Runtime
    from streamlit.runtime.media_file_manager import MediaFileManager

    from energydash.core.settings import Settings

COOKIE = "energydash_browser"  # which browser a file was made for; it opens nothing else
FILES_REMEMBERED = 1_000
PAGES_APART = ("/api/", "/media/", "/_stcore/", "/component/", "/static/")  # everything but pages


PER_S = 20.0  # questions to REST a second; this machine's own programs get ten times as many
BURST_S = 10.0  # so many seconds' worth may come at once
CLIENTS_REMEMBERED = 10_000


class Gate:
    """ASGI middleware; `trusted` are the addresses of reverse proxies, `per_s` is for `Pace`."""

    def __init__(
        self, app: ASGIApp, trusted: frozenset[str] = frozenset(), per_s: float = PER_S
    ) -> None:
        self.app = app
        self.trusted = trusted
        self.pace = Pace(per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = unwrapped(scope, self.trusted)
        refusal = foreign(scope) or reserved(scope) or self.pace.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _marking(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)


def unwrapped(scope: Scope, trusted: frozenset[str]) -> Scope:
    """The request as a trusted proxy had it; one that names nobody leaves the address unknown."""
    if not scope.get("client") or scope["client"][0] not in trusted:
        return scope
    headers = Headers(scope=scope)
    chain = ",".join(headers.getlist("x-forwarded-for")).split(",")
    hops = [hop for hop in map(str.strip, chain) if hop not in trusted]
    address = hops[-1] if hops else ""
    scheme = scope["scheme"]
    if headers.get("x-forwarded-proto", "").strip().lower() in ("https", "wss"):
        scheme = "wss" if scope["type"] == "websocket" else "https"
    return {**scope, "client": (address, 0), "scheme": scheme}


def viewer_of(scope: Scope) -> Viewer:
    """Whose connection it is."""
    address = scope["client"][0] if scope.get("client") else ""
    return access.viewer_of(address, Headers(scope=scope).keys())


def foreign(scope: Scope) -> Response | None:
    """A refusal of what a page elsewhere asks for: another scheme, host or port is elsewhere.

    A link to one of our pages may be followed from anywhere, as a login's way back is.
    """
    headers = Headers(scope=scope)
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    own = f"{scheme}://{headers.get('host', '')}".lower()
    origin = headers.get("origin", own if scope["type"] == "http" else "").lower()
    followed = (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and not scope["path"].startswith(PAGES_APART)
    )
    site = headers.get("sec-fetch-site", "none")
    if origin == own and (site in ("none", "same-origin") or followed):
        return None
    sentence = "This request comes from another site."
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": sentence}, 403)
    return PlainTextResponse(sentence, 403)


def reserved(scope: Scope) -> PlainTextResponse | None:
    """A refusal where the path is not for this viewer."""
    path, viewer = scope["path"], viewer_of(scope)
    if path.startswith("/_stcore/agent"):
        return PlainTextResponse("There is no such interface here.", 404)
    if viewer.is_loopback:
        return None
    if path.startswith(("/_stcore/upload_file", "/_stcore/metrics")):
        return PlainTextResponse("Only the machine that serves this may do so.", 403)
    if path.startswith("/media/") and not files.may_fetch(path, _browser_of(scope)):
        return PlainTextResponse("This file was made for somebody else.", 403)
    return None


class Pace:
    """How often each client may ask REST: a bucket of tokens for each, filled at a steady pace."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, bool], tuple[float, float]] = OrderedDict()

    def refusal(self, scope: Scope) -> Response | None:
        """A refusal where this client asks too often, with when to come back."""
        if not scope["path"].startswith("/api/"):
            return None
        address = scope["client"][0] if scope.get("client") else ""
        wait_s = math.ceil(self.wait_s(address, viewer_of(scope).is_loopback))
        if not wait_s:
            return None
        sentence = f"These are too many questions at once. Ask again in {wait_s} s."
        return JSONResponse({"error": sentence}, 429, {"retry-after": str(wait_s)})

    def wait_s(self, address: str, is_loopback: bool) -> float:
        """Takes a token: 0; or how long it is until there is one."""
        per_s = self.per_s * (10 if is_loopback else 1)
        most, now = max(per_s * BURST_S, 1.0), self._clock()
        client = _client(address), is_loopback
        left, at = self._buckets.pop(client, (most, now))
        left = min(left + (now - at) * per_s, most)
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > CLIENTS_REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / per_s


def per_s_of(settings: Settings) -> float:
    """`[api] per_second`. Raises InputError where it is no pace."""
    section = settings.section("api")
    text = section.text("per_second") if section else ""
    try:
        found = float(text or PER_S)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise InputError(f"[api] per_second is '{text}'.", remedy=f"Give a number, as {PER_S:g}.")
    return found


def _client(address: str) -> str:
    """One name for all addresses that one client can have: its network's, in IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""  # whom a proxy does not name
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


class Files:
    """Which browser each file of Streamlit's was made for: a CSV is for who asked for it."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, set[str]] = OrderedDict()

    def watch(self, manager: MediaFileManager) -> None:
        """Note for whom a download is made when its button is clicked; Streamlit forgets it."""
        make = manager.execute_deferred

        def make_and_note(file_id: str) -> str:
            asked = manager._deferred_callables.get(file_id)
            address = make(file_id)
            if asked:
                self._made.setdefault(_id_of(address), set()).add(asked["session_id"])
                if len(self._made) > FILES_REMEMBERED:
                    self._made.popitem(last=False)
            return address

        manager.execute_deferred = make_and_note  # type: ignore[method-assign]

    def may_fetch(self, path: str, browser: str) -> bool:
        """True where one of this browser's sessions shows the file, or asked for it."""
        from streamlit.runtime import get_instance

        runtime, file_id = get_instance(), _id_of(path)
        manager = runtime.media_file_mgr
        with manager._lock:
            sessions = {
                session
                for session, shown in manager._files_by_session_and_coord.items()
                if file_id in shown.values()
            }
        sessions |= self._made.get(file_id, set())
        return bool(browser) and any(_browser(runtime, each) == browser for each in sessions)


files = Files()


def _id_of(path: str) -> str:
    return unquote(path).rpartition("/")[2].partition(".")[0]


def _browser(runtime: Runtime, session: str) -> str:
    client = runtime.get_client(session)
    context = client.client_context if client else None
    return context.cookies.get(COOKIE, "") if context else ""


def _browser_of(scope: Scope) -> str:
    cookies: dict[str, str] = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return cookies.get(COOKIE, "")


def _marking(scope: Scope, send: Send) -> Send:
    """Gives a browser elsewhere its mark with the first page that it opens."""
    is_page = scope["type"] == "http" and not scope["path"].startswith(PAGES_APART)
    if not is_page or viewer_of(scope).is_loopback or _browser_of(scope):
        return send
    attributes = "; HttpOnly; SameSite=Lax; Path=/"
    if scope["scheme"] == "https":
        attributes += "; Secure"

    async def with_mark(message: Message) -> None:
        if message["type"] == "http.response.start":
            mark: Any = f"{COOKIE}={secrets.token_urlsafe(18)}{attributes}"
            MutableHeaders(scope=message).append("set-cookie", mark)
        await send(message)

    return with_mark
