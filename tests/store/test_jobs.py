"""Jobs: added once, done by one, never further back than they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from energydash.core.findings import Finding
from energydash.store import Store
from tests.store.examples import START

LATER = START + timedelta(hours=1)
BODY = {"from": "2026-01-01", "meters": ["a"]}


def test_the_same_job_is_added_once_until_it_is_finished(store: Store) -> None:
    first = store.jobs.add("home", "octopus", BODY, START)
    assert store.jobs.add("home", "octopus", BODY, LATER).id == first.id
    other = store.jobs.add("home", "octopus", {**BODY, "meters": []}, LATER)
    assert store.jobs.add("another", "octopus", BODY, LATER).id not in (first.id, other.id)
    assert store.jobs.take(first.id, "me", 60)
    store.jobs.leave(first.id, "me", LATER, "done", result={"rows": 3})
    done = store.jobs.get(first.id)
    assert done
    assert done.is_finished
    assert (done.state, done.done, done.result, done.body) == ("done", 1.0, {"rows": 3}, BODY)
    assert (done.made_at, done.changed_at) == (START, LATER)
    again = store.jobs.add("home", "octopus", BODY, LATER)
    assert again.id != first.id
    assert {job.id for job in store.jobs.all("home")} == {first.id, other.id, again.id}
    store.jobs.add("home", "aretas", {}, LATER + timedelta(days=8))
    assert store.jobs.get(first.id) is None, "finished a week ago"


def test_one_does_it_and_progress_never_goes_back(store: Store, fresh: Callable[[], Store]) -> None:
    job = store.jobs.add("home", "octopus", BODY, START).id
    assert store.jobs.take(job, "me", 60)
    other = fresh()
    assert not other.jobs.take(job, "you", 60)
    assert not other.jobs.tell(job, "you", 60, 0.9, "mine", START)
    assert store.jobs.tell(job, "me", 60, 0.5, "half", START)
    assert store.jobs.tell(job, "me", 60, 0.2, "gone on with", LATER)
    seen = other.jobs.get(job)
    assert seen
    assert (seen.state, seen.done, seen.said, seen.holder) == ("running", 0.5, "gone on with", "me")
    assert other.jobs.take(job, "you", 60, dead="me"), "who died has no rights"
    assert not store.jobs.tell(job, "me", 60, 0.9, "still here", LATER)
    store.jobs.leave(job, "me", LATER, "failed")
    assert other.jobs.get(job).state == "running"  # type: ignore[union-attr]
    other.close()


def test_trouble_is_kept_until_it_is_over(store: Store) -> None:
    job = store.jobs.add("home", "octopus", BODY, START).id
    trouble = Finding("job", "It is away.", "Wait.")
    for tries in (1, 2):
        assert store.jobs.take(job, "me", 60)
        store.jobs.leave(job, "me", LATER, "waiting", problem=trouble, retry_at=LATER)
        seen = store.jobs.get(job)
        assert seen
        assert (seen.tries, seen.problem, seen.retry_at) == (tries, trouble, LATER)
    assert store.jobs.take(job, "me", 60)
    store.jobs.leave(job, "me", LATER, "done")
    seen = store.jobs.get(job)
    assert seen
    assert (seen.tries, seen.problem, seen.retry_at) == (0, None, None)
    assert not store.jobs.take(job, "me", 60), "done is done"


def test_a_dropped_job_is_told_so(store: Store) -> None:
    job = store.jobs.add("home", "octopus", BODY, START).id
    assert store.jobs.take(job, "me", 60)
    store.jobs.drop(job)
    assert not store.jobs.tell(job, "me", 60, 0.5, "", START)
    assert store.jobs.all() == []


def test_jobs_are_in_a_backup_and_gone_when_forgotten(store: Store, tmp_path: Path) -> None:
    owner = store.household()
    job = store.jobs.add(owner, "octopus", BODY, START)
    assert store.jobs.take(job.id, "me", 60)
    store.backup(tmp_path / "copy.db")
    assert store.forget(owner) >= 1
    assert store.jobs.all() == []
    store.restore(tmp_path / "copy.db")
    (seen,) = store.jobs.all(owner)
    assert (seen.body, seen.holder) == (BODY, ""), "whoever had it then has it no more"
