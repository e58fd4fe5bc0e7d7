"""A soak: ten viewers, two crawlers on one store, upstreams with random faults, as long as asked.

`python -m benchmarks.soak [--minutes N]`, or `make soak MINUTES=N`. Prints the memory of the server
and of both crawlers over time, and every log line at the end that no fault explains.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.viewer import Viewer
from tests.e2e.site import MODULE, ROOT, Site, serve
from tests.sources.faults import FAULTS
from tests.upstreams.server import Upstreams

PAGES = ("overview", "generation_mix", "carbon_intensity", "data_sources", "overview")
PATHS = ("health", "mix/GB", "intensity/GB", "now/GB", "mix/CAISO")
THINK_S = 3.0
FAULT_S = 5.0
# What a trouble with an upstream is logged as, when it begins and when it is over.
EXPLAINED = re.compile(
    r"energydash is at http|: works again$|\.( |$)(?!.*Traceback)|Failed to parse headers"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Upstreams() as upstreams:
        homes = [Path(folder) / name for name in ("first", "second")]
        for home in homes:
            home.mkdir()
        environment = {"ENERGYDASH_REPLAY_URL": upstreams.url, "ENERGYDASH_GRID_EVERY_S": "1"}
        with serve(homes[0], environment) as site, second_crawler(homes, environment) as other:
            soak(site, other, upstreams, options.minutes * 60, random.Random(options.seed))
        tell_log([site.log, homes[1] / "crawl.log"])


@contextmanager
def second_crawler(homes: list[Path], environment: dict[str, str]) -> Iterator[int]:
    """Another machine's crawler, as it were: another home, and so another lock, on one store."""
    (homes[1] / "energydash.db").symlink_to(homes[0] / "energydash.db")
    env = {**os.environ, **environment, "ENERGYDASH_HOME": str(homes[1])}
    with (homes[1] / "crawl.log").open("wb") as log:
        process = subprocess.Popen([*MODULE, "crawl"], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def soak(
    site: Site, other: int, upstreams: Upstreams, seconds: float, chance: random.Random
) -> None:
    """Until the time is over; a line about memory now and then, and of who looked how often."""
    over, looks = threading.Event(), Counter[str]()
    todo: list[Callable[[], None]] = [lambda: spoil(upstreams, chance, over)]
    todo += [lambda page=page: watch(site, page, looks, over) for page in PAGES]  # type: ignore[misc]
    todo += [lambda path=path: poll(site, path, looks, over) for path in PATHS]  # type: ignore[misc]
    threads = [threading.Thread(target=one, daemon=True) for one in todo]
    for thread in threads:
        thread.start()
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        sizes = [megabytes(one) for one in (site.process_id, *children(site.process_id), other)]
        told = ", ".join(f"{size:.0f}" for size in sizes)
        print(f"{passed / 60:6.1f} min: server, its crawler, the other: {told} MB; {dict(looks)}",
              flush=True)  # fmt: skip
        over.wait(min(30.0, seconds - passed))
    over.set()
    for thread in threads:
        thread.join(60)


def spoil(upstreams: Upstreams, chance: random.Random, over: threading.Event) -> None:
    """Every few seconds an upstream falls into some trouble, and another one out of it."""
    changes = [fault.change for fault in FAULTS if not isinstance(fault.change, str)]
    hosts = sorted(upstreams.routes)
    while not over.wait(FAULT_S):
        upstreams.change(chance.choice(hosts), chance.choice(changes))
        upstreams.fault(chance.choice(hosts), "off")
        upstreams.errors.clear()  # a stand-in that was left in the middle of an answer
    for host in hosts:
        upstreams.fault(host, "off")


def watch(site: Site, page: str, looks: Counter[str], over: threading.Event) -> None:
    """A browser on a page, clicked every few seconds."""
    while not over.is_set():
        try:
            with Viewer(site.url, page) as viewer:
                while not over.wait(THINK_S):
                    viewer.run()
                    looks["pages"] += 1
        except (OSError, TimeoutError) as error:
            looks[f"pages {type(error).__name__}"] += 1


def poll(site: Site, path: str, looks: Counter[str], over: threading.Event) -> None:
    """A program that asks REST every few seconds."""
    while not over.is_set():
        try:
            looks[f"REST {requests.get(f'{site.url}/api/v1/{path}', timeout=60).status_code}"] += 1
        except requests.RequestException as error:
            looks[f"REST {type(error).__name__}"] += 1
        over.wait(THINK_S)


def tell_log(logs: list[Path]) -> None:
    """How many lines each log has, and those that nothing explains."""
    for log in logs:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        odd = Counter(re.sub(r"\d+", "#", line) for line in lines if not EXPLAINED.search(line))
        print(f"{log.parent.name}: {len(lines)} log lines, {odd.total()} of them unexplained")
        for line, count in odd.most_common(40):
            print(f"  {count} x {line[:300]}")


def megabytes(process_id: int) -> float:
    """Resident memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process_id}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def children(process_id: int) -> list[int]:
    """The processes that a process has started."""
    text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(part) for part in text.split()]


if __name__ == "__main__":
    main()
