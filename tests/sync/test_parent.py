"""A crawler ends with its parent at once, also in the middle of a question that hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from energydash.sync import context, crawler
from tests.upstreams.server import Upstreams
from tests.upstreams.wire import Request, Response

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import os, subprocess, sys
crawl = [sys.executable, "-m", "energydash", "crawl", "--parent", str(os.getpid())]
subprocess.Popen(crawl).wait()
"""


@pytest.mark.timeout(120)
def test_the_lock_is_free_when_the_parent_is_killed(
    upstreams: Upstreams, private_home: Path
) -> None:
    reached, over = threading.Event(), threading.Event()

    def hold(request: Request, response: Response) -> Response:
        reached.set()
        over.wait(60)
        return response

    upstreams.change("*", hold)
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, env=dict(os.environ))
    try:
        assert reached.wait(60), "it never asked anybody"
    finally:
        parent.kill()
        parent.wait()
    try:
        with FileLock(private_home / "crawler.lock").acquire(timeout=20):
            assert not over.is_set(), "the answer is still held back"
    finally:
        over.set()


def test_a_folder_that_cannot_be_written_has_no_crawler(private_home: Path) -> None:
    lock = private_home / "crawler.lock"
    lock.symlink_to(lock)  # cannot be opened, whoever runs this
    assert crawler.ensure_running(context.current()) is None
    assert crawler.last_lived(None) is None, "so nobody waits for what it would bring"
