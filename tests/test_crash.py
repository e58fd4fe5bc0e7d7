"""`ingest octopus` killed at any instant, with readers at work: nothing committed is lost, no
window is half written, and the next run completes it. Over real HTTP, by the command itself."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from energydash.core import settings
from energydash.core.feeds import Feed
from energydash.core.time import Period
from energydash.store import Store, open_store
from energydash.sync import documents
from tests.upstreams import octopus as supplier
from tests.upstreams.server import Upstreams

ROOT = Path(__file__).resolve().parents[1]
KILLS = 4
DAYS = 300
MOST_ANSWERS = 12  # an ingest asks for more than these

pytestmark = pytest.mark.running_clock


def start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "energydash", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=quiet, stderr=quiet)


def windows(store: Store, feed: Feed, period: Period) -> dict[Period, tuple[int, int]]:
    """Each fetched window of a feed: the rows it claims, and the rows that are there."""
    return {
        window.period: (window.rows, int(store.read(feed, window.period).notna().sum().sum()))
        for window in store.coverage(feed, period)
    }


@pytest.mark.timeout(300)
def test_killing_the_ingest_at_random(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", supplier.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", supplier.ACCOUNT)
    settings.current.cache_clear()
    store, chance = open_store(settings.current()), random.Random(20261120)
    now = upstreams.world.now()
    period = Period(now - pd.Timedelta(days=DAYS).to_pytimedelta(), now)
    since = f"{period.start.date()}"
    crawler = start("crawl", "--every", "1")  # a second writer, for as long as the kills last
    seen: dict[tuple[Feed, pd.Timestamp], float] = {}
    interrupted = 0
    try:
        for _ in range(KILLS):
            upstreams.requests.clear()
            answers = chance.randrange(1, MOST_ANSWERS)
            victim = start("ingest", "octopus", "--from", since, "--force")
            # A reader, while it writes: until so much was answered, and something is committed.
            while victim.poll() is None and (len(upstreams.requests) < answers or not seen):
                check(store, period, seen)
            interrupted += victim.poll() is None
            victim.kill()
            victim.wait()
            check(store, period, seen)
    finally:
        crawler.kill()
        crawler.wait()
    assert interrupted > KILLS // 2
    assert seen, "nothing was ever committed"
    whole = start("ingest", "octopus", "--from", since, "--force")
    assert whole.wait() == 0
    check(store, period, seen)


def check(store: Store, period: Period, seen: dict[tuple[Feed, pd.Timestamp], float]) -> None:
    """Every window has the rows it claims, and every row seen before is still there."""
    for feed in documents.feeds(store, period.end):
        if feed.quantity != "consumption":
            continue
        for window, (claimed, there) in windows(store, feed, period).items():
            assert claimed == there, f"{feed} {window}: {claimed} rows claimed, {there} there"
        rows = store.read(feed, period)["energy"] if store.state(feed).version else pd.Series()
        for at, value in seen.items():
            if at[0] == feed:
                assert rows.get(at[1]) == value
        for time_, value in rows.iloc[:: max(1, len(rows) // 50)].items():
            seen[feed, time_] = float(value)
