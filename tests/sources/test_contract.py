"""Every source under every trouble: the right error in words, and nothing stored is lost."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import requests
from urllib3.util.retry import Retry

from energydash import sources, store
from energydash.core import settings
from energydash.core.errors import RateLimited, SourceError
from energydash.core.feeds import Feed, Fetched
from energydash.core.settings import Settings
from energydash.core.time import Period, grid, utc_now
from energydash.sync import fetch
from energydash.sync.context import Context
from tests.sources import contract
from tests.sources.contract import DATA_FAULTS, OUTCOMES, ContractCase
from tests.upstreams.server import Upstreams

CASES = contract.all_cases()
EACH_KIND = ("html", "429")  # no answer, and none for a while: which it is, is told above


@dataclass
class Bench:
    """A case with its stand-in running, at a fixed instant."""

    case: ContractCase
    upstreams: Upstreams
    settings: Settings
    feed: Feed
    now: datetime

    @property
    def period(self) -> Period:
        return self.case.period(self.now)

    def fetch(self, period: Period | None = None) -> Fetched:
        return sources.fetch(self.feed, period or self.period, self.settings)

    def trouble(self, fault: str) -> None:
        """The stand-in in trouble, and nothing remembered from before."""
        self.upstreams.fault(self.case.host, fault, retry_after="120" if fault == "429" else "")
        self.case.prepare(self.settings)


def params(faults: tuple[str, ...]) -> list[Any]:
    """Each case with each fault that it can meet."""
    return [
        pytest.param(case, fault, id=f"{case.name}-{fault}")
        for case in CASES
        for fault in faults
        if fault not in case.not_applicable and (fault == "clock change" or case.change(fault))
    ]


@pytest.fixture
def case(request: pytest.FixtureRequest) -> ContractCase:
    found: ContractCase = request.param
    return found


@pytest.fixture
def bench(
    case: ContractCase,
    upstreams: Upstreams,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    """The case of this test, with keys set, and no waits for an upstream that says nothing."""
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    settings.current.cache_clear()
    send = requests.adapters.HTTPAdapter.send

    def send_briefly(*args: Any, **options: Any) -> requests.Response:
        return send(*args, **{**options, "timeout": 0.05 if upstreams.holds() else 60.0})

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send_briefly)
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)
    now = utc_now()
    chosen = settings.current()
    case.prepare(chosen)
    yield Bench(case, upstreams, chosen, case.feed(chosen), now)


def assert_readable(error: SourceError, bench: Bench, log: str) -> None:
    """One sentence that names the source, a remedy, and no secret anywhere."""
    info = sources.source(bench.feed.source).INFO
    names = bench.case.names or (info.title, info.name)
    assert any(name.lower() in error.message.lower() for name in names), error.message
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert error.remedy, f"no remedy: {error.message}"
    told = "".join(traceback.format_exception(error)) + repr(error) + log
    for secret in bench.settings.secrets():
        assert secret not in told
    assert bench.upstreams.url not in error.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name, indirect=True)
def test_good_answer(bench: Bench) -> None:
    fetched = bench.fetch()
    assert contract.size(fetched) > 0
    index = fetched.frame.index
    assert str(index.dtype) == "datetime64[us, UTC]"
    assert index.is_monotonic_increasing
    assert index.is_unique
    assert all(dtype == np.float64 for dtype in fetched.frame.dtypes)
    assert fetched.unknown == ()
    if not fetched.frame.empty:
        period = bench.period
        assert period.start <= index[0]
        assert index[-1] < period.end
    assert fetched.covered.intersect(bench.period)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name, indirect=True)
def test_trouble_becomes_the_right_error(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for fault in OUTCOMES:
        if fault in bench.case.not_applicable:
            continue
        caplog.clear()
        bench.trouble(fault)
        expected = bench.case.outcome(fault)
        if expected is None:
            bench.fetch()
            continue
        with pytest.raises(SourceError) as caught:
            bench.fetch()
        assert type(caught.value) is expected, f"{fault}: {caught.value!r}"
        assert_readable(caught.value, bench, caplog.text)
        if expected is RateLimited:
            assert caught.value.retry_at == bench.now + timedelta(seconds=120)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name, indirect=True)
def test_nothing_stored_is_lost(bench: Bench) -> None:
    """Through refresh: trouble is recorded beside the last good data, and goes when it ends."""
    context = Context(bench.settings, store.open_store(bench.settings), lambda: bench.now)
    first = fetch.refresh(context, bench.feed, bench.period, force=True)
    assert first.problem is None
    before = context.store.read(bench.feed, bench.period)
    version = context.store.state(bench.feed).version

    host = bench.case.host
    for fault in EACH_KIND:
        expected = bench.case.outcome(fault)
        if fault in bench.case.not_applicable or expected is None:
            continue
        bench.trouble(fault)
        troubled = fetch.refresh(context, bench.feed, bench.period, force=True)
        assert context.store.read(bench.feed, bench.period).equals(before)
        problem = context.store.state(bench.feed).problem
        assert troubled.problem and problem, fault
        assert problem.kind == expected.__name__
        assert problem.sentence
        assert context.store.state(bench.feed).version == version
        if fault == "429":
            asked = bench.upstreams.counts[host]
            assert fetch.refresh(context, bench.feed, bench.period).problem
            assert bench.upstreams.counts[host] == asked, "asked again before retry_at"

        bench.upstreams.fault(host, "off")
        assert fetch.refresh(context, bench.feed, bench.period, force=True).problem is None
        assert context.store.state(bench.feed).problem is None
        assert context.store.read(bench.feed, bench.period).equals(before)


@pytest.mark.parametrize(("case", "fault"), params(DATA_FAULTS), indirect=["case"])
def test_spoilt_data(bench: Bench, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    if fault == "clock change":
        check_clock_changes(bench)
        return
    good = bench.fetch()
    change = bench.case.change(fault)
    assert change
    bench.upstreams.change(bench.case.host, change)
    if fault == "renamed":
        with pytest.raises(contract.BadData) as caught:
            bench.fetch()
        assert_readable(caught.value, bench, caplog.text)
        return
    spoilt = bench.fetch()
    if fault == "nulls":
        assert contract.size(spoilt) < contract.size(good), "a null became a value"
        left = contract.finite(spoilt.frame)
        assert left.equals(contract.finite(good.frame).reindex(left.index))
    elif fault == "unknown fuel":
        assert spoilt.unknown, "an unknown name must be reported"
        assert np.allclose(
            spoilt.frame.sum(axis="columns"), good.frame.sum(axis="columns"), rtol=1e-9
        )
    else:
        assert contract.same(good, spoilt)


def check_clock_changes(bench: Bench) -> None:
    """Both local days with a clock change have exactly the rows their length allows."""
    days = contract.clock_changes(bench.feed.zone, bench.now)
    assert len(days) == 2
    for day in days:
        fetched = bench.fetch(day)
        assert contract.size(fetched) > 0
        if bench.feed.step and not fetched.frame.empty:
            assert fetched.frame.index.equals(grid(day, bench.feed.step))
