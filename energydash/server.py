"""The server of `make run` and `serve`: the Streamlit app, the REST API beside it, the crawler.

It listens on this machine alone unless the user shares it. Every path, pages and websockets
included, answers only to the machine's own names: a web page elsewhere cannot reach the dashboard
by a name of its own that points here (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from energydash.core import access, settings
from energydash.core.access import Sharing
from energydash.core.errors import InputError
from energydash.sync import context, crawler

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.starlette import App

    from energydash.core.settings import Settings

log = logging.getLogger(__name__)

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
CRAWLER_CHECK_S = 15.0
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


def serve(host: str, port: int, sharing: Sharing) -> None:
    """Serve until stopped. InputError where the port is taken, or sharing is not asked for."""
    import uvicorn

    if not _is_loopback(host) and sharing is Sharing.OFF:
        raise InputError(
            f"Listening on {host} would show this dashboard to the network.",
            remedy="Add --share grid; in a checkout, `make share` does.",
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"Port {port} is taken.",
                remedy=f"Try another: --port {port + 1}, or PORT={port + 1} make run.",
            ) from error
    os.environ[access.VARIABLE] = str(sharing)
    settings.current.cache_clear()
    context.current.cache_clear()
    context.current()  # a store that cannot be opened is said now, in one sentence
    proxy = settings.current().section("proxy")
    names = LOOPBACK_NAMES if sharing is Sharing.OFF else (*LOOPBACK_NAMES, *own_names())
    names = (*names, *(proxy.items("names") if proxy else ()))
    configure_streamlit(
        {
            "server.address": host,
            "server.port": port,
            "server.corsAllowedOrigins": [],  # none but this one, see energydash.gate
        }
    )
    shown = [name for name in names if name not in LOOPBACK_NAMES] or ["localhost"]
    for name in shown:
        click.echo(f"energydash is at http://{name}:{port}", err=True)
    uvicorn.run(
        create_app(names, shared=sharing is not Sharing.OFF),
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=False,  # a client address is believed from the connection, not a header
        server_header=False,
        # On loopback compressing costs more than it saves (see also the GZip middleware).
        ws_per_message_deflate=sharing is not Sharing.OFF,
    )


def configure_streamlit(options: Mapping[str, Any]) -> None:
    """Set every Streamlit option: ours from config.toml, then `options`, and the others' defaults.

    Streamlit would also read the files in ~/.streamlit and in the working folder: an installed copy
    would have somebody else's look, tell its makers of every visit, and show error details.
    """
    from streamlit import config

    ours = {"config.toml": [str(settings.APP_FOLDER / ".streamlit" / "config.toml")]}
    # No secrets.toml either: Streamlit copies what it finds into the environment.
    config.get_config_files = lambda file_name: ours.get(file_name, [])
    config.get_config_options(force_reparse=True, options_from_flags=dict(options))


def create_app(names: Sequence[str], *, shared: bool = False) -> App:
    """The ASGI app; `names` are the only hosts it answers to."""
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Mount
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.starlette import App

    from energydash.gate import Gate, per_s_of

    # Every visit runs app.py, whose access rules hold for all pages (see energydash.views).
    PagesManager.uses_pages_directory = False
    found = settings.current()
    access.token(found)  # one that can be guessed is said now
    proxy = found.section("proxy")
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(names), www_redirect=False),
        Middleware(SecurityHeaders),
        Middleware(
            Gate,
            trusted=frozenset(proxy.items("trusted") if proxy else ()),
            per_s=per_s_of(found),
        ),
    ]
    if shared:  # on loopback compressing costs more than it saves
        middleware.append(Middleware(GZipMiddleware, minimum_size=2_000))
    return App(
        settings.APP_FOLDER / "app.py",
        routes=[Mount("/api/v1", app=Late(_create_api))],
        middleware=middleware,
        lifespan=_lifespan,
        secrets=_login(found),
    )


def _login(found: Settings) -> dict[str, Any]:
    """`[auth]` as st.login wants it. Streamlit itself looks in .streamlit alone."""
    section = dict(found.sections.get("auth", {}))
    section.pop("owners", None)  # ours: who may see personal pages
    return {"auth": section} if section else {}


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """The crawler runs beside the server, one per machine, and ends with it."""
    from streamlit.runtime import get_instance

    from energydash.gate import files

    files.watch(get_instance().media_file_mgr)
    crawling = asyncio.create_task(_keep_crawling())
    threading.Thread(target=_import_pages, daemon=True).start()
    try:
        yield
    finally:
        crawling.cancel()
        await asyncio.wait([crawling])


def _import_pages() -> None:
    """What the first page needs, while its browser is still loading the app itself."""
    importlib.import_module("energydash.views.overview")


def _create_api() -> ASGIApp:
    from energydash import api

    return api.create()


class Late:
    """An ASGI app that is made when it is first asked for: pages should not wait for it."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = await asyncio.to_thread(self._make)
        await self._app(scope, receive, send)


async def _keep_crawling() -> None:
    """Start the crawler, and start it again should it ever end."""
    child: subprocess.Popen[bytes] | None = None
    try:
        while True:
            if child is None or child.poll() is not None:
                if child:
                    log.warning("The crawler ended (%s); it is started again.", child.returncode)
                child = await asyncio.to_thread(crawler.ensure_running, context.current())
            await asyncio.sleep(CRAWLER_CHECK_S)
    finally:
        if child:  # whatever it was writing is one transaction: all of it or nothing
            child.terminate()
            child.wait()


class SecurityHeaders:
    """Adds to every answer the headers that keep a page from being framed or sniffed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def own_names() -> tuple[str, ...]:
    """The names and addresses by which the LAN may reach this machine."""
    name = socket.gethostname()
    found = {name: None, f"{name.split('.')[0]}.local": None}
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    except OSError:
        addresses = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only picks the LAN's interface
            addresses.add(probe.getsockname()[0])
        except OSError:
            pass  # no network at all: the name alone remains
    for address in sorted(addresses):
        if not ip_address(address.partition("%")[0]).is_loopback:
            found[f"[{address}]" if ":" in address else address] = None
    return tuple(found)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
