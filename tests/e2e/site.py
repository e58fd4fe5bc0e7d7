"""A running energydash for the browser tests: `serve` in a process of its own, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock
from playwright.sync_api import Page, expect

from tests import clock

ROOT = Path(__file__).resolve().parents[2]
MODULE = (sys.executable, "-m", "energydash")
START_S = 60.0
DRAW_MS = 60_000  # a busy machine may need this long for a page; a quiet one needs a second


@dataclass(frozen=True)
class Site:
    """Where it is served, where its data live, and what it said."""

    url: str
    home: Path
    log: Path
    process_id: int

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serve(
    home: Path,
    environment: Mapping[str, str],
    *arguments: str,
    program: Sequence[str] = MODULE,
    folder: Path = ROOT,
    port: int | None = None,
    crawled: bool = True,
) -> Iterator[Site]:
    """Run `energydash serve` until the end of the block; its words go to a file, not a pipe.

    crawled: whether a crawler is started beside it. Without, nothing is fetched: the test holds the
    crawler's lock, so that the server takes it for one.
    """
    port = port or free_port()
    log = home / "serve.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ENERGYDASH_")}
    env = {**inherited, "ENERGYDASH_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    env |= {**clock.shift(), **environment}
    command = [*program, "serve", "--port", str(port), *arguments]
    with ExitStack() as held, log.open("wb") as output:
        if not crawled:
            held.enter_context(FileLock(home / "crawler.lock"))
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)
        site = Site(f"http://localhost:{port}", home, log, process.pid)
        try:
            wait_until_served(site, process)
            yield site
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_served(site: Site, process: subprocess.Popen[bytes]) -> None:
    """Until the health check answers; what the server said, where it never does."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{site.url}/_stcore/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{site.said()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def settled(page: Page) -> None:
    """Wait until the script has run to its end and something is drawn."""
    app = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(app.get_by_role("heading").first).to_be_visible(timeout=DRAW_MS)


def visit(page: Page, site: Site, path: str = "") -> None:
    """Open a page of the site and wait until it is drawn."""
    page.goto(f"{site.url}/{path}")
    settled(page)


def main_text(page: Page) -> str:
    """What a reader sees of the page, without the navigation."""
    return page.locator("[data-testid=stMain]").inner_text()
