"""One refresh per feed, across threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from energydash.core.settings import Settings
from energydash.store import Store
from tests.store import workers
from tests.store.examples import MIX, START, answer, home_feed


def test_a_lease_is_exclusive_and_can_be_renewed(store: Store) -> None:
    assert store.lease(MIX, "a", 60)
    assert not store.lease(MIX, "b", 60)
    assert store.lease(MIX, "a", 60)
    assert store.lease(home_feed("x"), "b", 60), "another feed is another lease"
    store.release(MIX, "b")
    assert not store.lease(MIX, "b", 60), "only the holder gives it back"
    store.release(MIX, "a")
    assert store.lease(MIX, "b", 60)


def test_a_lease_runs_out(store: Store) -> None:
    assert store.lease(MIX, "a", 0)
    assert store.lease(MIX, "b", 60), "its holder may have died"
    assert not store.lease(MIX, "a", 60)


def test_a_lease_does_not_look_like_data(store: Store) -> None:
    store.lease(MIX, "a", 60)
    assert store.state(MIX).version == 0
    assert store.state(MIX).fetched_at is None
    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    assert not store.lease(MIX, "b", 60), "a write does not end it"


def test_one_of_many_threads_gets_it(store: Store) -> None:
    start, got = threading.Barrier(8), []

    def ask(name: str) -> None:
        start.wait()
        if store.lease(MIX, name, 60):
            got.append(name)

    threads = [threading.Thread(target=ask, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


@pytest.mark.timeout(60)
def test_one_of_many_processes_gets_it(store: Store, settings: Settings) -> None:
    start = workers.processes()
    ready = start.Event()
    place = (str(settings.home), settings.database_url.reveal())
    running = []
    for number in range(4):
        ours, theirs = start.Pipe(duplex=False)
        process = start.Process(target=workers.try_lease, args=(*place, str(number), ready, theirs))
        process.start()
        theirs.close()
        running.append((process, ours))
    assert [said.recv() for _, said in running] == ["ready"] * 4
    ready.set()
    assert sorted(said.recv() for _, said in running) == [False, False, False, True]
    for process, said in running:
        process.join()
        said.close()
        process.close()


def test_threads_write_and_read_at_once(store: Store, fresh: Callable[[], Store]) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for value in range(10):
                workers.write(store, number, value % workers.WINDOWS, float(value))
                data = store.read(MIX, workers.window(number, value % workers.WINDOWS))
                assert (data == float(value)).to_numpy().all()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    other = fresh()
    assert other.state(MIX).version == 40
    other.close()
