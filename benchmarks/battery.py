"""Telemetry to kWh beside bare numpy, Aretas JSON beside a JSON parser, a year from the store.

Synthetic: six sensors every 20 seconds, each a little later than the one before.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson

from benchmarks.measure import Bench
from energydash.answers import battery
from energydash.battery.devices import Device
from energydash.battery.energy import integrate
from energydash.battery.telemetry import from_arrays, to_frame
from energydash.core.feeds import Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.sources.aretas.rows import Rows, read_rows
from energydash.sources.sample.battery import sample_arrays
from energydash.store import open_store
from energydash.sync import batteries
from energydash.sync.context import Context

END = datetime(2026, 11, 1, tzinfo=UTC)
TYPES = {532: "voltage_v", 531: "current_a", 533: "power_kw", 514: "soc_percent",
         520: "temperature_c", 530: "remaining"}  # fmt: skip
GAP_US = 60_000_000


def run(bench: Bench) -> None:
    rows, body = million(1_000_000)
    more, _ = million(10_000_000, with_json=False)
    bench.time(
        "1 M rows in memory to Ah and kWh in and out",
        lambda: to_totals(rows),
        baseline=lambda: bare(rows),
        baseline_name="bare numpy: masks, interp, zero-crossing, gap mask",
        within=2.0,
        tenfold=lambda: to_totals(more),
        repeat=7,
    )
    bench.time(
        "1 M rows of JSON parsed",
        lambda: read_rows(body),
        baseline=lambda: orjson.loads(body),
        baseline_name="orjson to dicts",
        cpu_goal_s=0.4,
        repeat=5,
    )
    year(bench)


def million(rows: int, with_json: bool = True) -> tuple[Rows, bytes]:
    """Rows in the order in which an upstream sends them, and their JSON."""
    polls = rows // len(TYPES)
    rng = np.random.default_rng(1)
    second = np.arange(polls) * 20.0
    amps = 40 * np.sin(second / 14_000) + 10 * rng.standard_normal(polls)
    soc = 50 + 40 * np.cos(second / 14_000)
    volts = np.round(49 + soc / 25 + amps / 100, 1)
    values = np.stack([volts, np.round(amps, 1), np.round(volts * amps / 1e3, 3),
                       np.round(soc, 1), np.full(polls, 20.0), np.round(soc / 2, 2)])  # fmt: skip
    start_ms = int(END.timestamp() * 1000)
    times = start_ms + (second[None, :] * 1000).astype(np.int64) + (
        np.arange(len(TYPES)) * 400
    )[:, None]  # fmt: skip
    kinds = np.repeat(np.array(list(TYPES))[:, None], polls, axis=1)
    found = Rows(kinds.T.ravel(), times.T.ravel(), values.T.ravel())
    if not with_json:
        return found, b""
    text = ",".join(
        f'{{"type":{k},"timestamp":{t},"data":{json.dumps(v)}}}'
        for k, t, v in zip(
            found.type.tolist(), found.time_ms.tolist(), found.value.tolist(), strict=True
        )
    )
    return found, f"[{text}]".encode()


def to_totals(rows: Rows) -> float:
    """Our way: split by type, clean, align, integrate."""
    by_type = rows.by_type()
    arrays = {part: by_type[n] for n, part in TYPES.items() if part != "remaining"}
    return integrate(from_arrays(arrays)).total().kwh_in


def bare(rows: Rows) -> float:
    """The least that numpy must do for the same figures: no cleaning, no checks, no errors."""
    channels = {}
    for number in TYPES:
        mine = rows.type == number
        channels[number] = rows.time_ms[mine] * 1000, rows.value[mine]
    clock, amps = channels[531]
    for number in (532, 533, 514, 520):
        np.interp(clock, *channels[number])
    volts = np.interp(clock, *channels[532])
    step = np.diff(clock)
    hours = np.where(step > GAP_US, 0, step) / 3.6e9
    for flow in (amps, amps * volts):
        first, second = flow[:-1], flow[1:]
        area = 0.5 * (first + second) * hours
        into = np.maximum(area, 0)
        cross = first * second < 0
        high = np.maximum(first[cross], second[cross])
        into[cross] = 0.5 * high * high / np.abs(second[cross] - first[cross]) * hours[cross]
        found = float(into.sum()), float((into - area).sum())
    return found[0] / 1e3


def year(bench: Bench) -> None:
    """A year of five channels in the store: first answer, later answers, memory."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        here = Context(settings, open_store(settings), lambda: END)
        device = Device("bench", capacity_ah=200.0, charge_sign=1)
        battery.save(here, device)
        feed = device.feed(here.store.household())
        whole = Period(END - timedelta(days=365), END)
        stored = 0
        for piece in whole.chunks(timedelta(days=14)):
            frame = to_frame(from_arrays(sample_arrays(piece)))
            stored += here.store.write(feed, Fetched(frame, piece), fetched_at=END).rows
        bench.fact("rows stored, five channels every 20 s", stored, "rows")

        def first() -> None:
            here.store.drop(here.store.household(), batteries.KIND, device.id)
            batteries.forget_remembered()
            battery.view(here, device.id, whole)

        bench.time(
            "a year from the store to daily kWh, cycles, capacity: first", first,
            cpu_goal_s=1.5, repeat=2,
        )  # fmt: skip
        bench.time("the same again", lambda: battery.view(here, device.id, whole), cpu_goal_s=0.05)

        def other_process() -> None:
            batteries.forget_remembered()
            battery.view(here, device.id, whole)

        bench.time("the same in a process that has not seen it", other_process)
        here.store.close()
