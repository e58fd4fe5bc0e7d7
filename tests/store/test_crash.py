"""A writer that is killed at any instant loses nothing it had committed and leaves no half."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from energydash.core.settings import Settings
from energydash.store import Store
from tests.store import workers
from tests.store.examples import MIX


def check(store: Store, writer: int, committed: dict[int, int], begun: dict[int, int]) -> None:
    """Every window holds what was last committed to it, or what was begun after that."""
    for number in range(workers.WINDOWS):
        period = workers.window(writer, number)
        covered = [window for window in store.coverage(MIX, period) if window.period == period]
        values = store.read(MIX, period, workers.PARTS).to_numpy()
        assert bool(covered) == bool(len(values)), "coverage without rows, or rows without coverage"
        possible = {committed.get(number), begun.get(number)} - {None}
        if number in committed:
            assert len(values), "a committed window is gone"
        if len(values):
            assert values.shape == (workers.ROWS, len(workers.PARTS))
            assert set(np.unique(values)) <= possible
            assert len(np.unique(values)) == 1
            assert covered[0].rows == values.size


@pytest.mark.timeout(120)
def test_killing_a_writer_at_random(store: Store, settings: Settings) -> None:
    kills = 6 if settings.database_url else 20
    chance = random.Random(20261120)
    start = workers.processes()
    place = (str(settings.home), settings.database_url.reveal())
    stop = start.Event()
    others, answers = [], []
    for target, extra in (
        (workers.write_until, (1,)),
        (workers.read_until, ()),
        (workers.read_until, ()),
    ):
        ours, theirs = start.Pipe(duplex=False)
        process = start.Process(target=target, args=(*place, *extra, stop, theirs))
        process.start()
        theirs.close()
        others.append(process)
        answers.append(ours)

    committed: dict[int, int] = {}
    begun: dict[int, int] = {}
    value = 0

    def note(message: tuple[int, int, bool]) -> None:
        number, value, done = message
        (committed if done else begun)[number] = value
        if done:
            begun.pop(number)

    try:
        for kill in range(kills):
            ours, theirs = start.Pipe(duplex=False)
            victim = start.Process(target=workers.keep_writing, args=(*place, 0, value, theirs))
            victim.start()
            theirs.close()
            # Somewhere in a write: the first victim has committed every window once by then.
            for _ in range(chance.randrange(1, 6) if kill else 2 * workers.WINDOWS + 1):
                note(ours.recv())
            time.sleep(chance.uniform(0, 0.02))
            victim.kill()
            victim.join()
            while ours.poll():
                try:
                    note(ours.recv())
                except EOFError:
                    break
            ours.close()
            victim.close()
            value = max(*committed.values(), *begun.values(), 0) + 1
            check(store, 0, committed, begun)
            settle(store, committed, begun)
            begun.clear()
    finally:
        stop.set()
        said = [answer.recv() for answer in answers]
        for process in others:
            process.join()
    check(store, 1, said[0], {})
    for reads, torn in said[1:]:
        assert reads > 0
        assert torn == []
    assert len(committed) == workers.WINDOWS
    windows = workers.WINDOWS + len(said[0])
    assert store.summary()["rows"].tolist() == [windows * workers.ROWS * len(workers.PARTS)]


def settle(store: Store, committed: dict[int, int], begun: dict[int, int]) -> None:
    """Take over what a killed writer had begun, where it turned out to be committed."""
    for number, value in begun.items():
        values = store.read(MIX, workers.window(0, number), ("gas",))["gas"]
        if len(values) and values.iloc[0] == value:
            committed[number] = value
