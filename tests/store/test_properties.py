"""Properties that hold for any order of writes."""

from __future__ import annotations

import itertools
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.feeds import Fetched, empty_frame
from energydash.core.time import Period
from energydash.store import Store
from energydash.store.coverage import Covered, joined, windows, without
from energydash.store.sqlite import SqliteDatabase
from tests.store.examples import MIX, START, at, frame, span

VALUES = st.one_of(
    st.just(float("nan")),
    st.floats(min_value=-1e12, max_value=1e12, allow_nan=False),
    st.integers(-5, 5).map(float),
)


@st.composite
def answers(draw: st.DrawFn) -> Fetched:
    """An answer of up to 12 half-hours and up to three fuels, in a window that may be wider."""
    first, rows = draw(st.integers(0, 20)), draw(st.integers(0, 12))
    parts = draw(st.lists(st.sampled_from(["gas", "wind", "solar"]), unique=True))
    values = {part: draw(st.lists(VALUES, min_size=rows, max_size=rows)) for part in parts}
    before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    data = frame(first, rows, **values) if rows and parts else empty_frame()
    return Fetched(data, span(first - before, first + rows + after))


def model_of(writes: list[Fetched]) -> dict[tuple[str, datetime], float]:
    """What a store must hold after these writes: the last value of each part and instant."""
    held: dict[tuple[str, datetime], float] = {}
    for write in writes:
        for part in write.frame.columns:
            held |= {
                (part, time.to_pydatetime()): value
                for time, value in write.frame[part].dropna().items()
            }
    return held


def held_by(data: pd.DataFrame) -> dict[tuple[str, datetime], float]:
    return model_of([Fetched(data, span(0, 1))])


@given(st.lists(answers(), max_size=6))
def test_a_store_is_a_dictionary_of_last_values(writes: list[Fetched]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(SqliteDatabase(Path(folder) / "energydash.db"))
        everything = span(-10, 60)
        done: list[Fetched] = []
        for number, fetched in enumerate(writes):
            before = model_of(done)
            done.append(fetched)
            after = model_of(done)
            version = store.state(MIX).version
            written = store.write(MIX, fetched, fetched_at=at(number))
            mine = model_of([fetched])
            inside = {key for key in after if key[1] in fetched.covered}
            assert written.rows == len(mine)
            assert written.changed == sum(before.get(key) != value for key, value in mine.items())
            assert written.withdrawn == len(inside - set(mine))
            assert store.state(MIX).version == version + bool(written.changed or not version)
            assert held_by(store.read(MIX, everything)) == after
            # Once more changes nothing.
            again = store.write(MIX, fetched, fetched_at=at(number))
            assert again.changed == 0
            assert held_by(store.read(MIX, everything)) == after
            summary = store.summary()
            assert summary["rows"].tolist() == [len(after)]
            assert store.state(MIX).newest == max((time for _, time in after), default=None)
            _check_coverage(store.coverage(MIX, everything), done)
        store.close()


def _check_coverage(found: list[Covered], done: list[Fetched]) -> None:
    """Each half-hour is covered by the last answer for it, and by no other."""
    for step in range(-10, 60):
        last = [n for n, fetched in enumerate(done) if at(step) in fetched.covered]
        over = [window for window in found if at(step) in window.period]
        assert [window.fetched_at for window in over] == [at(n) for n in last[-1:]]


@st.composite
def coverings(draw: st.DrawFn) -> list[Covered]:
    """Disjoint windows in order."""
    edges = sorted(draw(st.lists(st.integers(0, 40), min_size=2, max_size=12, unique=True)))
    return [
        Covered(span(first, end), at(draw(st.integers(0, 5))), end - first, draw(st.booleans()))
        for first, end in itertools.pairwise(edges)
        if draw(st.booleans())
    ]


def steps(windows: list[Covered]) -> dict[int, bool]:
    """Half-hour number -> final, of everything covered."""
    return {
        step: window.final for window in windows for step in range(41) if at(step) in window.period
    }


def half_hours(period: Period) -> int:
    return int(np.ceil((period.end - period.start) / MIX.step)) if MIX.step else 0


@given(coverings(), st.integers(0, 40), st.integers(0, 40))
def test_taking_a_period_out_of_coverage(old: list[Covered], first: int, end: int) -> None:
    first, end = sorted((first, end))
    left = without(old, span(first, end), half_hours)
    expected = {step: final for step, final in steps(old).items() if not first <= step < end}
    assert steps(left) == expected
    assert sum(window.rows for window in left) == len(expected)
    assert without(left, span(first, end), half_hours) == left


@given(coverings())
def test_joining_keeps_what_is_covered(old: list[Covered]) -> None:
    out = joined(old)
    assert steps(out) == steps(old)
    assert sum(window.rows for window in out) == sum(window.rows for window in old)
    assert joined(out) == out
    touching = itertools.pairwise(out)
    assert not any(a.final and b.final and a.period.end == b.period.start for a, b in touching)


@given(
    st.integers(0, 20),
    st.integers(1, 20),
    st.one_of(st.none(), st.integers(-5, 50)),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=3),
)
def test_an_answer_is_final_up_to_an_instant_where_it_says_something(
    first: int, rows: int, final: int | None, silent: list[tuple[int, int]]
) -> None:
    silences = [span(start, start + length) for start, length in silent]
    before = None if final is None else at(final)
    made = windows(span(first, first + rows), START, before, silences, half_hours)
    unsaid = {step for start, length in silent for step in range(start, start + length)}
    assert steps(made) == {
        step: final is not None and step < final and step not in unsaid
        for step in {*range(first, first + rows), *unsaid}
    }
    assert sum(window.rows for window in made) == len(steps(made))
