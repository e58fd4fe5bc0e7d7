"""Every source under every trouble: the right error in words, and nothing stored is lost."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from urllib3.util.retry import Retry

from energydash import sources, store
from energydash.answers.sources import health
from energydash.core import settings
from energydash.core.errors import EnergydashError, RateLimited, SourceError
from energydash.core.feeds import Feed, Fetched
from energydash.core.findings import Finding
from energydash.core.settings import Settings
from energydash.core.time import Period, grid, utc_now
from energydash.sources import gridstatus, http, limits
from energydash.sync import fetch
from energydash.sync.context import Context
from tests.sources import contract
from tests.sources.contract import DATA_FAULTS, OUTCOMES, ContractCase
from tests.sources.faults import FAULTS, Fault
from tests.upstreams import Request, Response
from tests.upstreams.server import Upstreams
from tests.upstreams.wire import Handler

CASES = contract.all_cases()
ALL = "ENERGYDASH_FUZZ" in os.environ
APART = 13  # every 13th fault meets a feed in the fast suite: each fault one or two feeds
ALWAYS = Period(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
PYTHON = re.compile(
    r"\b\w+(Error|Exception|Warning)\b|NoneType|Traceback| object |\b(None|True|False|nan)\b"
    r"|<class|0x[0-9a-f]{6}|datetime\.|\b(str|int|float|dict|list|tuple)\b|\w\(\)"
    r"|argument|subscript|literal|unpack|codec|Expecting|convert|hashable|recursion"
)


@dataclass
class Bench:
    """A case with its stand-in running, at a fixed instant."""

    case: ContractCase
    upstreams: Upstreams
    settings: Settings
    feed: Feed
    now: datetime
    patch: pytest.MonkeyPatch

    @property
    def period(self) -> Period:
        return self.case.period(self.now)

    def fetch(self, period: Period | None = None) -> Fetched:
        return sources.fetch(self.feed, period or self.period, self.settings)

    def trouble(self, fault: str) -> None:
        """The stand-in in trouble, and nothing remembered from before."""
        self.upstreams.fault(self.case.host, fault, retry_after="120" if fault == "429" else "")
        self.case.prepare(self.settings)

    @contextmanager
    def suffers(self, fault: Fault, change: contract.Change) -> Iterator[None]:
        """The same for a fault of the whole table, until the block ends."""
        self.case.prepare(self.settings)
        self.upstreams.change(self.case.host, change, holds=fault.brief)
        with self.patch.context() as patch:
            if fault.brief:
                patch.setattr(limits, "MOST_BYTES", 5_000_000)
                for module in (http, gridstatus):
                    patch.setattr(module, "DEADLINE_S", 0.2)
            if fault.no_tls:

                def fail(*_: object, **__: object) -> requests.Response:
                    raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED]")

                patch.setattr(requests.adapters.HTTPAdapter, "send", fail)
            yield
        self.upstreams.fault(self.case.host, "off")
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
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    now = utc_now()
    chosen = settings.current()
    case.prepare(chosen)
    yield Bench(case, upstreams, chosen, case.feed(chosen), now, monkeypatch)


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
def test_nothing_stored_is_lost(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Through refresh: each fault ends in a sentence or in good rows, and is over when it is."""
    host = bench.case.host
    if not sources.source(bench.feed.source).INFO.crawler_only:  # a library's visits have a state
        bench.upstreams.routes[host] = remembered(bench.upstreams.routes[host])
    context = Context(bench.settings, store.open_store(bench.settings), lambda: bench.now)
    assert fetch.refresh(context, bench.feed, bench.period, force=True).problem is None
    before = stored(context, bench.feed)
    found: list[str] = []
    for fault in faults_for(bench.case):
        caplog.clear()
        change = fault.of(bench.case)
        if change is None:
            continue
        try:
            with bench.suffers(fault, change):
                done = fetch.refresh(context, bench.feed, bench.period, force=True)
            if done.problem:
                assert_words(done.problem, bench, caplog.text)
            assert_kept(before, stored(context, bench.feed), bench, fault)
            healed = fetch.refresh(context, bench.feed, bench.period, force=True)
            assert healed.problem is None
            assert context.store.state(bench.feed).problem is None
            assert_kept(before, stored(context, bench.feed), bench)
        except (AssertionError, EnergydashError) as error:
            found.append(f"{fault.name}: {type(error).__name__} {str(error)[:300]}")
            bench.upstreams.fault(host, "off")
            fetch.refresh(context, bench.feed, bench.period, force=True)
    assert not found, "\n".join(found)


def remembered(handler: Handler) -> Handler:
    """The same answers, each worked out once: the clock stands still."""
    known: dict[object, Response] = {}

    def answer(request: Request) -> Response:
        asked = (request.path, tuple(request.query), request.headers.get("authorization"))
        if request.method != "GET":
            return handler(request)
        if asked not in known:
            known[asked] = handler(request)
        return known[asked]

    return answer


def faults_for(case: ContractCase) -> Sequence[Fault]:
    """All of them in `make fuzz`; else a few for each feed, so that each fault meets one or two."""
    return FAULTS if ALL else FAULTS[CASES.index(case) % APART :: APART]


def stored(context: Context, feed: Feed) -> pd.DataFrame:
    """All that is stored of a feed, whenever; a tariff's prices as they stand in their table."""
    if feed.quantity in health.PRICES:
        rates = context.store.rates(feed.subject, ALWAYS, None)
        return rates.set_index(list(rates.columns[:4])).sort_index()
    return context.store.read(feed, ALWAYS)


def assert_kept(
    before: pd.DataFrame, after: pd.DataFrame, bench: Bench, fault: Fault | None = None
) -> None:
    """No value is lost, none is changed for a worse one, and none is there that cannot be."""
    both = after.reindex(index=before.index, columns=before.columns)
    assert both.notna().equals(before.notna()), "values are lost"
    if fault is None or not fault.is_news:
        pd.testing.assert_frame_equal(both, before)
    if isinstance(after.index, pd.DatetimeIndex):
        assert np.isfinite(after.to_numpy()[after.notna()]).all()
        assert abs(after.index - bench.now).max() < timedelta(days=40), "values of another time"


def assert_words(problem: Finding, bench: Bench, log: str) -> None:
    """A sentence about the source, without Python, secrets or addresses."""
    info = sources.source(bench.feed.source).INFO
    names = bench.case.names or (info.title, info.name)
    said = f"{problem.sentence} {problem.remedy}"
    assert any(name.lower() in problem.sentence.lower() for name in names), said
    assert problem.sentence.endswith(".") and problem.remedy.endswith("."), said
    assert "\n" not in said and len(said) < 400, said
    assert not PYTHON.search(said), said
    assert bench.upstreams.url not in said
    for secret in bench.settings.secrets():
        assert secret not in said + log


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
