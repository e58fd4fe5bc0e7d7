"""Pages: start to first chart, rerun of each page for one and ten viewers, bytes per page.

On sample data, without any network. The baseline is a bare Streamlit page with as many charts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.measure import Bench
from benchmarks.viewer import Viewer, cpu_seconds
from tests.e2e import chromium
from tests.e2e.site import ROOT, Site, free_port, serve, wait_until_served

PAGES = tuple(path.stem for path in sorted((ROOT / "pages").glob("*.py")))
RERUNS = 20
VIEWERS = 10
MANY = 100
THINK_S = 2.0
BARE = """import plotly.graph_objects as go
import streamlit as st
st.set_page_config("bare", page_icon=":bar_chart:")
for n in range({charts}):
    st.plotly_chart(go.Figure(go.Scatter(y=list(range(n, 500 + n)))))
"""


def run(bench: Bench) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first_chart(bench, Path(folder))
        with offline(Path(folder) / "reruns") as site:
            for page in PAGES:
                rerun(bench, site, page)
            many = crowd(site, "overview", MANY, think_s=5 * THINK_S)
            bench.fact(f"overview: {MANY} viewers, p95", p95(many) * 1000, "ms", at_most=1_000)


@contextmanager
def offline(home: Path) -> Iterator[Site]:
    """energydash on sample data: its upstreams all refuse."""
    home.mkdir(exist_ok=True)
    refusing = {"ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}"}
    with serve(home, refusing) as site:
        yield site


@contextmanager
def bare(folder: Path, charts: int) -> Iterator[Site]:
    """A Streamlit page with so many charts and nothing else."""
    folder.mkdir(exist_ok=True)
    script = folder / "bare.py"
    script.write_text(BARE.format(charts=charts))
    port = free_port()
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    options.append("--browser.gatherUsageStats=false")
    log = folder / "bare.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    site = Site(f"http://localhost:{port}", folder, log, process.pid)
    try:
        wait_until_served(site, process)
        yield site
    finally:
        process.terminate()
        process.wait()


def first_chart(bench: Bench, folder: Path) -> None:
    """Process start to first chart in an empty browser; a second visit; both for a bare page."""
    path = chromium.executable()
    if path is None:
        print(f"    not measured: {chromium.NONE}")
        return
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        start = time.perf_counter()
        with offline(folder / "energydash") as site:
            cold, warm, charts = _first_and_second(browser, site, start)
        start = time.perf_counter()
        with bare(folder / "bare", charts) as site:
            bare_cold, bare_warm, _ = _first_and_second(browser, site, start)
        browser.close()
    print(f"Overview has {charts} charts")
    for name, taken, beside, goal in (
        ("start to first chart", cold, bare_cold, 1.3),
        ("warm visit to chart", warm, bare_warm, 1.5),
    ):
        print(f"{name}: {taken:.3g} s; bare page {beside:.3g} s")
        bench.fact(f"{name}, against the bare page", taken / beside, "times", at_most=goal)


def _first_and_second(browser: Browser, site: Site, start: float) -> tuple[float, float, int]:
    """Seconds to the first chart from `start`, the same of later visits, and how many charts."""
    with browser.new_context() as context:
        page = context.new_page()
        chart = page.locator(".js-plotly-plot .main-svg").first
        page.goto(site.url)
        expect(chart).to_be_visible(timeout=60_000)
        cold = time.perf_counter() - start
        warm = []
        for _ in range(3):
            start = time.perf_counter()
            page.goto(site.url)
            expect(chart).to_be_visible(timeout=60_000)
            warm.append(time.perf_counter() - start)
        page.wait_for_load_state("networkidle")
        charts = page.locator(".js-plotly-plot").count()
    return cold, statistics.median(warm), charts


def rerun(bench: Bench, site: Site, page: str) -> None:
    """CPU and p95 of a rerun for one viewer, p95 for ten clicking every two seconds, bytes."""
    with Viewer(site.url, page) as viewer:
        viewer.run()
        first_bytes = viewer.bytes_last
        for _ in range(3):
            viewer.run()
        before = cpu_seconds(site.process_id)
        times = [viewer.run() for _ in range(RERUNS)]
        after = cpu_seconds(site.process_id)
    if before is not None and after is not None:
        cpu_ms = (after - before) / RERUNS * 1000
        bench.fact(f"{page}: CPU per rerun", cpu_ms, "ms", at_most=20)
    bench.fact(f"{page}: one viewer, p95", p95(times) * 1000, "ms", at_most=100)
    bench.fact(f"{page}: {VIEWERS} viewers, p95", p95(crowd(site, page)) * 1000, "ms", at_most=250)
    bench.fact(f"{page}: first draw over the websocket", first_bytes / 1000, "kB", at_most=150)


def crowd(
    site: Site, page: str, viewers: int = VIEWERS, think_s: float = THINK_S, rounds: int = 6
) -> list[float]:
    """Rerun times of so many viewers, each of whom clicks every `think_s` seconds."""
    times: list[float] = []

    def click(number: int) -> None:
        with Viewer(site.url, page) as viewer:
            viewer.run()
            time.sleep(think_s * number / viewers)
            for _ in range(rounds):
                taken = viewer.run()
                times.append(taken)
                time.sleep(max(think_s - taken, 0))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(viewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
