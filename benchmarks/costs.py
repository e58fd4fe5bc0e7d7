"""Electricity costs: files to figures, any period by half-hour, 20 tariffs over three years.

Three years of two meters, 105,216 half-hours. octopus_viz needed 125 s of CPU from files to a
usable database and 1.8 s more for a month's view, in whole processes (its own run, recorded with
issue 3); so do we here. Beside them stands a plain loop over the rows, as it prices them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.measure import Bench, measure_process, seconds
from energydash.answers import home as answers
from energydash.core.feeds import Fetched
from energydash.core.settings import Settings
from energydash.core.time import HALF_HOUR, LONDON, Period, grid
from energydash.home.bands import Band
from energydash.home.meters import Direction, Meter
from energydash.home.prices import MeterPrices, under
from energydash.home.tariff_cards import tariff_card
from energydash.home.tariffs import RateInterval, Tariff
from energydash.home.terms import PriceKey
from energydash.home.usage import Usage, use
from energydash.store import close_all, open_store
from energydash.sync import documents
from energydash.sync.context import Context

THREE_YEARS = Period.local_days(date(2023, 1, 1), date(2026, 1, 1), LONDON)
THIRTY_YEARS = Period.local_days(date(1996, 1, 1), date(2026, 1, 1), LONDON)
JULY = Period.local_days(date(2025, 7, 1), date(2025, 8, 1), LONDON)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
METERS = (Meter("in"), Meter("out", direction=Direction.EXPORT))
OCTOPUS_VIZ_READY_S, OCTOPUS_VIZ_MONTH_S = 125.0, 1.42


def run(bench: Bench) -> None:
    folder = Path(tempfile.mkdtemp(prefix="energydash-costs-"))
    try:
        _run(bench, folder)
    finally:
        close_all()
        shutil.rmtree(folder)


def _run(bench: Bench, folder: Path) -> None:
    files = [_write_file(folder, meter) for meter in METERS]
    _whole_processes(bench, folder, files)
    context = _stored(folder / "three", THREE_YEARS)
    rows = _rows(context, JULY)
    bench.time(
        "one month by half-hour",
        lambda: answers.costs(context, JULY, "half-hour"),
        baseline_s=OCTOPUS_VIZ_MONTH_S,
        baseline_name="octopus_viz's view of a month",
        times_faster=100,
        repeat=9,
    )
    bench.time(
        "one month, a row at a time",
        lambda: _loop(rows, documents.tariffs(context.store)),
    )
    longer = _stored(folder / "thirty", THIRTY_YEARS)
    bench.time(
        "three years by half-hour",
        lambda: answers.costs(context, THREE_YEARS, "half-hour"),
        tenfold=lambda: answers.costs(longer, THIRTY_YEARS, "half-hour"),
    )
    bench.time("three years' bill", lambda: answers.bill(context, THREE_YEARS))
    names = [one.id for one in _library()]
    bench.time(
        "20 tariffs over three years",
        lambda: answers.compare(context, THREE_YEARS, names),
        cpu_goal_s=0.5,
    )
    usage, tariff = _usage(), _half_hourly()
    key = PriceKey(tariff.id)

    def price() -> None:
        usage.under(under(key, tariff_card(tariff, THREE_YEARS), THREE_YEARS, LONDON))

    bench.time("one half-hourly tariff over three years", price)


def _whole_processes(bench: Bench, folder: Path, files: list[Path]) -> None:
    """`import readings` and `costs` as they are typed, modules compiled as in an installed copy."""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    costs = ("costs", "--from", "2025-07-01", "--to", "2025-08-01", "--by", "half-hour")
    cpu_s = []
    for number in range(4):  # the first one compiles
        home = {"ENERGYDASH_HOME": str(folder / f"import-{number}"), **compiled}
        commands = (("import", "readings", *map(str, files)), costs)
        runs = [
            measure_process("-m", "energydash", *command, repeat=1, **home) for command in commands
        ]
        cpu_s.append([run.cpu_s for run in runs])
    imported, priced = min(cpu_s[1:], key=sum)
    print(f"`import readings`, a process: {seconds(imported)} CPU")
    print(f"`costs` of a month by half-hour, a process: {seconds(priced)} CPU")
    bench.ratio(
        "3 years × 2 meters, files → figures, whole processes",
        imported + priced,
        OCTOPUS_VIZ_READY_S,
        "octopus_viz",
        times_faster=50,
    )


def _context(home: Path) -> Context:
    settings = Settings(home)
    return Context(settings, open_store(settings), lambda: NOW)


def _stored(home: Path, period: Period) -> Context:
    context = _context(home)
    owner = context.store.household()
    for meter in METERS:
        context.store.put(owner, "meter", meter.id, meter.to_body())
        frame = _frame(period, meter)
        context.store.write(meter.feed(owner), Fetched(frame, period), fetched_at=NOW)
    for tariff in (*_in_force(), *_library()):
        context.store.put(owner, "tariff", tariff.id, tariff.to_body())
    return context


def _frame(period: Period, meter: Meter) -> pd.DataFrame:
    index = grid(period, HALF_HOUR)
    kwh = np.random.default_rng(len(meter.id)).gamma(1.2, 0.25, len(index))
    return pd.DataFrame({"energy": np.round(kwh, 3)}, index=index)


def _write_file(folder: Path, meter: Meter) -> Path:
    """A file in octopus_viz's cache format."""
    path = folder / f"{meter.id}.jsonl"
    word = "importing" if meter.direction is Direction.IMPORT else "exporting"
    frame = _frame(THREE_YEARS, meter)
    ends = frame.index + HALF_HOUR
    with path.open("w") as file:
        for start, end, kwh in zip(frame.index, ends, frame["energy"], strict=True):
            row = {
                "consumption": kwh,
                "unit": f"electricity_{word}_kwh",
                "interval_start": start.isoformat(),
                "interval_end": end.isoformat(),
            }
            file.write(json.dumps(row) + "\n")
    return path


def _flux(name: str, day: int, direction: Direction) -> Tariff:
    return Tariff(
        name,
        name,
        direction=direction,
        default_rate=Decimal(day),
        bands=(Band(Decimal(day - 9), 120, 300), Band(Decimal(day + 9), 960, 1140)),
        standing_p_per_day=Decimal(47),
    )


def _in_force() -> list[Tariff]:
    """A tariff a year, each way."""
    return [
        replace(
            _flux(f"{way.value} {year}", 15 + year % 10, way),
            valid_from=date(year, 1, 1) if year > 2023 else None,
            valid_to=date(year + 1, 1, 1) if year < 2025 else None,
        )
        for way in Direction
        for year in (2023, 2024, 2025)
    ]


def _library() -> list[Tariff]:
    """20 import tariffs to compare with."""
    return [
        replace(_flux(f"tariff {n}", 12 + n, Direction.IMPORT), for_comparison=True)
        for n in range(20)
    ]


def _half_hourly() -> Tariff:
    index = grid(Period(THREE_YEARS.end - (THREE_YEARS.end - THREE_YEARS.start) / 3,
                        THREE_YEARS.end), HALF_HOUR)  # fmt: skip
    chance = np.random.default_rng(7).integers(-500, 4000, len(index))
    prices = (
        RateInterval(at.to_pydatetime(), at.to_pydatetime() + HALF_HOUR, Decimal(int(p)) / 100)
        for at, p in zip(index, chance, strict=True)
    )
    return Tariff("agile", "Half-hourly", default_rate=Decimal(20), intervals=tuple(prices))


def _usage() -> Usage:
    nothing = MeterPrices((), {}, LONDON)
    return use(METERS[0], _frame(THREE_YEARS, METERS[0]), THREE_YEARS, nothing)


def _rows(context: Context, period: Period) -> list[tuple[datetime, str, float]]:
    owner = context.store.household()
    return [
        (at.to_pydatetime(), meter.direction.value, float(kwh))
        for meter in METERS
        for at, kwh in context.store.read(meter.feed(owner), period)["energy"].items()
    ]


def _loop(
    rows: list[tuple[datetime, str, float]], tariffs: list[Tariff]
) -> dict[tuple[str, str], list[float]]:
    """Each row by itself: find its tariff by date, its band by the clock, add to its half-hour."""
    zone = ZoneInfo(LONDON)
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for at, way, kwh in rows:
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        for tariff in tariffs:
            if tariff.for_comparison or tariff.direction.value != way:
                continue
            if (tariff.valid_from or date.min) <= local.date() < (tariff.valid_to or date.max):
                rate = tariff.default_rate or Decimal(0)
                for band in tariff.bands:
                    if band.start_minute <= minute < band.end_minute:
                        rate = band.rate
                both = sums[way, f"{local:%H:%M}"]
                both[0] += kwh
                both[1] += kwh * float(rate) / 100
                break
    return sums
