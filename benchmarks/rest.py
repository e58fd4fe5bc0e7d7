"""REST: fifty questions a second, asked again and again or each for the first time.

On sample data, without any network.
"""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import Bench
from benchmarks.pages import offline, p95
from benchmarks.viewer import cpu_seconds
from tests.e2e.site import Site

PER_S = 50
SECONDS = 10
CONNECTIONS = 10
DAY = date(2026, 3, 1)


def run(bench: Bench) -> None:
    with tempfile.TemporaryDirectory() as folder, offline(Path(folder)) as site:
        asked(site, ["/mix/GB?sample=true"], 1)  # the API is made when it is first asked for
        for name in ("mix/GB", "costs"):
            same = [f"/{name}?from={DAY}&to={DAY + timedelta(days=7)}&sample=true"]
            others = [
                f"/{name}?from={DAY + timedelta(days=n)}&to={DAY + timedelta(days=n + 1)}"
                "&sample=true"
                for n in range(PER_S)
            ]
            for how, paths, number, goal_ms in (
                ("the same", same, PER_S * SECONDS, 10),
                ("each new", others, len(others), 50),
            ):
                before = cpu_seconds(site.process_id)
                taken = asked(site, paths, number)
                after = cpu_seconds(site.process_id)
                if before is not None and after is not None:
                    cpu_ms = (after - before) / number * 1000
                    bench.fact(f"{name}, {how}: CPU per question", cpu_ms, "ms", at_most=goal_ms)
                at_most = 200 if how == "the same" else None
                bench.fact(f"{name}, {how}: p95", p95(taken) * 1000, "ms", at_most=at_most)


def asked(site: Site, paths: Sequence[str], number: int) -> list[float]:
    """Seconds from when each question was due, fifty of them a second, until it was answered."""
    times: list[float] = []
    start = time.perf_counter()

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(site.url).port, timeout=60)
        for one in range(first, number, CONNECTIONS):
            due = start + one / PER_S
            time.sleep(max(due - time.perf_counter(), 0))
            connection.request("GET", f"/api/v1{paths[one % len(paths)]}")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} for {paths[one % len(paths)]}")
            times.append(time.perf_counter() - due)
        connection.close()

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times
