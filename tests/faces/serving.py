"""REST over real HTTP, and the command line, in this process."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import uvicorn
from click.testing import CliRunner
from starlette.types import ASGIApp

from energydash import api
from energydash.cli import cli

create = functools.cache(api.create)  # a third of a second each; it keeps nothing of a test


class Client:
    """Asks the API at a port."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=30)


@contextmanager
def running(app: ASGIApp) -> Iterator[Client]:
    """The app on a free port, in a thread of this process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        listener.listen()
        thread.start()
        try:
            yield Client(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def said(*words: str) -> str:
    """What a command prints on standard output."""
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
