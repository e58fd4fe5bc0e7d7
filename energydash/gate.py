"""What stands before every answer of the server: pages, websockets, uploads, downloads and REST.

Streamlit serves uploads, files and websockets by itself and knows nothing of `access`; here they
obey it. A request that a page of another site makes is refused. `[proxy] trusted` names the
addresses of reverse proxies: they are believed whose request it is and whether it came by HTTPS.
Whoever comes through a proxy is never on this machine, whatever the proxy says.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse

from energydash.core import access
from energydash.core.access import Viewer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.runtime import Runtime
    from streamlit.runtime.media_file_manager import MediaFileManager

COOKIE = "energydash_browser"  # which browser a file was made for; it opens nothing else
FILES_REMEMBERED = 1_000
PAGES_APART = ("/api/", "/media/", "/_stcore/", "/component/", "/static/")  # everything but pages


class Gate:
    """ASGI middleware; `trusted` are the addresses of reverse proxies."""

    def __init__(self, app: ASGIApp, trusted: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = unwrapped(scope, self.trusted)
        refusal = foreign(scope) or reserved(scope)
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


def foreign(scope: Scope) -> PlainTextResponse | None:
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
    return PlainTextResponse("This request comes from another site.", 403)


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
