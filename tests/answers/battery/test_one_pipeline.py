"""One pipeline: the same samples as a file, imported, or from Aretas give the same figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energydash.answers import battery
from energydash.battery.devices import Device
from energydash.battery.telemetry import PARTS, from_arrays, to_frame
from energydash.core import settings
from energydash.core.feeds import Fetched
from energydash.core.time import Period, merge, parse_instant
from energydash.serialise.battery import analysis_json
from energydash.sources import aretas
from energydash.sync import batteries
from energydash.sync import context as context_module
from energydash.sync.context import Context
from tests.upstreams.aretas import MAC, PASSWORD, USERNAME
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 5


@pytest.fixture
def connected(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """A home with an Aretas account, against the stand-in, at a fixed time."""
    upstreams.world.set_now(NOW)
    for name, value in (("USERNAME", USERNAME), ("PASSWORD", PASSWORD), ("MAC", str(MAC))):
        monkeypatch.setenv(f"ENERGYDASH_ARETAS_{name}", value)
    settings.current.cache_clear()
    aretas.forget_logins()
    batteries.forget_remembered()
    yield replace(context_module.open_context(settings.current()), now=lambda: NOW)
    aretas.forget_logins()


REASONS = ("missing", "not_published_yet", "being_fetched", "unpriced", "not_connected")
WITHOUT = ("totals", "cycles", "capacity", "efficiency", "method", "faults")


def told(body: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on where the samples are. Why a stretch has none does: what a file
    lacks is missing, and Aretas may still be asked for it."""
    coverage = body["coverage"]
    texts = [gap for reason in REASONS for gap in coverage[reason]]
    gaps = merge([Period(*map(parse_instant, text.split("/"))) for text in texts])
    counts = (coverage["present"], coverage["asked"], coverage["fraction"])
    return {**{name: body[name] for name in WITHOUT}, "gaps": gaps, "counts": counts}


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two bodies differ, numbers beyond twelve digits."""
    if isinstance(one, dict):
        keys = {*one, *other}
        return [d for k in keys for d in differences(one.get(k), other.get(k), f"{where}.{k}")]
    if isinstance(one, list | tuple) and len(one) == len(other):
        return [d for n, (a, b) in enumerate(zip(one, other, strict=True))
                for d in differences(a, b, f"{where}[{n}]")]  # fmt: skip
    if isinstance(one, float) and isinstance(other, float):
        same = bool(np.isclose(one, other, rtol=1e-9, atol=1e-9))
    else:
        same = bool(one == other)
    return [] if same else [f"{where}: {one} is not {other}"]


def csv_of(context: Context, device: Device) -> bytes:
    """All that a stored battery has, as a file."""
    feed = device.feed(context.store.household())
    frame = context.store.read(feed, Period(NOW - timedelta(days=60), NOW + timedelta(days=1)))
    frame = frame[[name for name in frame.columns if name in PARTS]].dropna(how="all")
    frame.index = pd.Index(batteries_us(frame) / 1e6, name="time")
    return frame.to_csv().encode()


def batteries_us(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.asarray(pd.DatetimeIndex(frame.index).as_unit("us").asi8)  # type: ignore[attr-defined]


def test_a_file_an_import_and_aretas_say_the_same(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    battery.refresh(connected, device, Period(NOW - timedelta(days=DAYS), NOW))
    feed = device.feed(connected.store.household())
    for hours in (20, 50):  # what no sender ever sent
        start = NOW - timedelta(hours=hours)
        connected.store.delete(feed, Period(start, start + timedelta(hours=2)))
    text = csv_of(connected, device)
    (done,) = battery.import_telemetry(connected, [("a.csv", text)], "copy")
    for max_gap_s in (None, 15.0, 200.0, 9000.0):
        asked = analysis_json(battery.analyse(connected, device.id, max_gap_s=max_gap_s))
        file = analysis_json(battery.analyse_file(text, "a.csv", max_gap_s=max_gap_s))
        assert differences(told(file), told(asked)) == [], max_gap_s
        copied = analysis_json(battery.analyse(connected, done.device.id, max_gap_s=max_gap_s))
        assert differences(told(copied), told(file)) == [], max_gap_s
        assert file["totals"]["kwh_in"] > 0 or max_gap_s == 15.0
        assert file["method"]["max_gap_s"] == (max_gap_s or 60.0)
        if max_gap_s is None:
            assert file["capacity"]["ah"] > 0
            assert sum(len(file["coverage"][reason]) for reason in REASONS) == 2


def test_pieces_add_up_to_the_whole(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    battery.refresh(connected, device, Period(NOW - timedelta(days=DAYS), NOW))
    whole = battery.history(connected, device.id)
    cuts = [whole.start, *(NOW - timedelta(hours=h, minutes=7) for h in (100, 61, 60, 13)),
            whole.end]  # fmt: skip

    def totals(start: datetime, end: datetime, max_gap_s: float | None) -> dict[str, Any]:
        found = battery.analyse(connected, device.id, Period(start, end), max_gap_s=max_gap_s)
        body = analysis_json(found)
        assert body["method"]["max_gap_s"] == (max_gap_s or 60.0)
        return dict(body["totals"])

    for max_gap_s in (None, 300.0):
        pieces = [totals(a, b, max_gap_s) for a, b in pairwise(cuts)]
        together = totals(cuts[0], cuts[-1], max_gap_s)
        for name in ("ah_in", "ah_out", "kwh_in", "kwh_out"):
            assert sum(piece[name] for piece in pieces) == pytest.approx(together[name], rel=1e-9)


def test_five_minute_samples_have_gaps_of_a_quarter_hour(connected: Context) -> None:
    """60 s were reported where 900 s were used."""
    seconds = np.arange(0, 4 * 86_400, 300.0)
    amps = 20 * np.sin(seconds / 14_000)
    table = pd.DataFrame({"time": 1_767_225_600 + seconds, "voltage": 50 + amps / 50,
                          "current": amps,
                          "soc": 50 + 40 * np.sin(seconds / 14_000 - 1.57)})  # fmt: skip
    text = table.to_csv(index=False).encode()
    file = analysis_json(battery.analyse_file(text, "a.csv"))
    (done,) = battery.import_telemetry(connected, [("a.csv", text)], "slow")
    stored = analysis_json(battery.analyse(connected, done.device.id))
    assert file["method"] == stored["method"] == {"samples": "trapezoid", "max_gap_s": 900.0}
    assert differences(told(file), told(stored)) == []


def test_a_read_writes_nothing_and_is_right_before_slots_are_kept(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    period = Period(NOW - timedelta(days=DAYS), NOW)
    battery.refresh(connected, device, period)
    store, owner = connected.store, connected.store.household()
    kept = analysis_json(battery.analyse(connected, device.id, period))
    store.drop(owner, batteries.KIND, device.id)
    store.delete(batteries.derived_feed(device, owner), period)
    batteries.forget_remembered()
    before = store.summary().to_dict()
    anew = analysis_json(battery.analyse(connected, device.id, period))
    battery.view(connected, device.id, period)
    battery.traces(connected, device.id, period)
    battery.health(connected, device.id)
    assert differences(kept, anew) == []
    assert store.summary().to_dict() == before
    assert store.get(owner, batteries.KIND, device.id) is None


def test_a_year_with_a_month_in_it_is_not_whole(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    battery.refresh(connected, device, Period(NOW - timedelta(days=DAYS), NOW))
    year = Period(NOW - timedelta(days=365), NOW + timedelta(days=1))
    found = battery.view(connected, device.id, year)
    body = analysis_json(found.answer)
    assert body["totals"]["coverage"] == pytest.approx(DAYS / 365, rel=0.01)
    assert body["coverage"]["asked"] == 365 * 96
    assert [reason for reason in REASONS if body["coverage"][reason]] == ["being_fetched"]
    assert (
        "480 of 35,040" in body["coverage"]["sentence"]
        or "5 of 365" in body["coverage"]["sentence"]
    )
    assert battery.summary(found)["coverage"] == pytest.approx(DAYS / 365, rel=0.01)


def test_new_telemetry_is_seen_before_and_after_its_slots_are_kept(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    battery.refresh(connected, device, Period(NOW - timedelta(days=3), NOW))
    later = replace(connected, now=lambda: NOW + timedelta(hours=2))
    feed = device.feed(connected.store.household())
    seconds = np.arange(0, 7200, 20)
    time_us = np.array([batteries.micros(NOW)]) + seconds.astype(np.int64) * 1_000_000
    more = to_frame(from_arrays({"current_a": (time_us, np.full(360, -36.0)),
                                 "voltage_v": (time_us, np.full(360, 52.0))}))  # fmt: skip
    covered = Period(NOW, NOW + timedelta(hours=2))
    later.store.write(feed, Fetched(more, covered), fetched_at=later.now())
    before = analysis_json(battery.analyse(later, device.id, covered))
    batteries.derive(later, device)
    batteries.forget_remembered()
    after = analysis_json(battery.analyse(later, device.id, covered))
    assert differences(before, after) == []
    assert after["totals"]["ah_in"] == pytest.approx(72.0, rel=0.02)


def test_a_week_in_milliamperes_is_left_out_the_same_everywhere(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    battery.refresh(connected, device, Period(NOW - timedelta(days=14), NOW))
    feed = device.feed(connected.store.household())
    bad = Period(NOW - timedelta(days=12), NOW - timedelta(days=11))
    frame = connected.store.read(feed, bad)
    frame["current_a"] *= 1000
    connected.store.write(feed, Fetched(frame, bad), fetched_at=NOW + timedelta(seconds=1))
    batteries.derive(replace(connected, now=lambda: NOW + timedelta(seconds=2)), device)
    batteries.forget_remembered()
    asked = analysis_json(battery.analyse(connected, device.id))
    file = analysis_json(battery.analyse_file(csv_of(connected, device), "a.csv"))
    assert differences(told(file), told(asked)) == []
    assert [one["kind"] for one in file["faults"]] == ["scale"]
    assert file["totals"]["coverage"] == pytest.approx(13 / 14, abs=0.01)
    assert file["totals"]["ah_in"] < 2000
