"""The jobs table: work too long for a page or a command, and how far it has come."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from energydash.core.findings import Finding
from energydash.store import reads
from energydash.store.database import Database
from energydash.store.feeds import utc
from energydash.store.schema import columns

State = Literal["waiting", "running", "done", "failed"]
UNFINISHED: tuple[State, ...] = ("waiting", "running")
KEPT = timedelta(days=7)  # how long a finished job is remembered

_COLUMNS = (
    "id", "owner", "kind", "body", "state", "done", "said", "error", "remedy", "result", "tries",
    "made_at", "changed_at", "retry_at", "lease_holder",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One piece of work for an owner.

    kind: who knows how to do it. body: what is to be done, without names of the upstream's.
    state: `waiting` for a worker (until `retry_at`, after trouble), `running`, `done`, or `failed`:
    it cannot be done as it was asked for. done: from 0 to 1. said: what it is doing now. result:
    what it brought. tries: how often it met trouble since it last came on. holder: who is at it.
    """

    id: str
    owner: str
    kind: str
    made_at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    state: State = "waiting"
    done: float = 0.0
    said: str = ""
    problem: Finding | None = None
    result: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    changed_at: datetime | None = None
    retry_at: datetime | None = None
    holder: str = ""

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED


class Jobs:
    """Every method is one transaction or one statement; raises StoreError."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, owner: str, kind: str, body: dict[str, Any], at: datetime) -> Job:
        """A job to do, or the unfinished one that does just this already."""
        for job in self.all(owner):
            if (job.kind, job.body) == (kind, body) and not job.is_finished:
                return job
        made = Job(secrets.token_hex(4), owner, kind, at, body, changed_at=at)
        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE state IN ('done', 'failed') AND changed_at < $1", at - KEPT
            )
            connection.execute(
                "INSERT INTO jobs (id, owner, kind, body, state, done, said, error, remedy, "
                "result, tries, made_at, changed_at) "
                "VALUES ($1, $2, $3, $4, 'waiting', 0, '', '', '', '{}', 0, $5, $5)",
                made.id,
                owner,
                kind,
                json.dumps(body, ensure_ascii=False, allow_nan=False),
                at,
            )
        return made

    def all(self, owner: str | None = None) -> list[Job]:
        """Every job (of an owner), the latest first."""
        reads.everything_read()  # a job moves with no version
        condition, parameters = ("", ()) if owner is None else ("WHERE owner = $1 ", (owner,))
        with self.database.connection() as connection:
            rows = connection.rows(
                columns("jobs", *_COLUMNS),
                f"SELECT {', '.join(_COLUMNS)} FROM jobs {condition}ORDER BY made_at DESC, id",
                *parameters,
            )
        return [_job(row) for row in rows]

    def get(self, job: str) -> Job | None:
        """One job by its id."""
        return next((one for one in self.all() if one.id == job), None)

    def take(self, job: str, holder: str, seconds: float, dead: str = "") -> bool:
        """Become the one who does an unfinished job, by the database's own clock; False while
        somebody else is at it. dead: a holder that is known to be no more."""
        later = self.database.later
        with self.database.transaction() as connection:
            return bool(
                connection.change(
                    f"UPDATE jobs SET state = 'running', lease_holder = $2, "
                    f"lease_until = {later('$3')} WHERE id = $1 "
                    "AND state IN ('waiting', 'running') "
                    f"AND (lease_holder IN ('', $2, $4) OR lease_until <= {later('0')})",
                    job,
                    holder,
                    float(seconds),
                    dead,
                )
            )

    def tell(
        self, job: str, holder: str, seconds: float, done: float, said: str, at: datetime
    ) -> bool:
        """How far a job has come, which never goes back; renews the lease. False where it is no
        longer the holder's."""
        with self.database.transaction() as connection:
            return bool(
                connection.change(
                    "UPDATE jobs SET done = CASE WHEN done > $4 THEN done ELSE $4 END, said = $5, "
                    f"changed_at = $6, lease_until = {self.database.later('$3')} "
                    "WHERE id = $1 AND lease_holder = $2 AND state = 'running'",
                    job,
                    holder,
                    float(seconds),
                    float(done),
                    said,
                    at,
                )
            )

    def leave(
        self,
        job: str,
        holder: str,
        at: datetime,
        state: State,
        *,
        problem: Finding | None = None,
        result: dict[str, Any] | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Give a job back: finished, or to be gone on with at `retry_at`."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = $3, error = $4, remedy = $5, result = $6, retry_at = $7, "
                "changed_at = $8, done = CASE WHEN $3 = 'done' THEN 1 ELSE done END, "
                "tries = CASE WHEN $4 = '' THEN 0 ELSE tries + 1 END, "
                "lease_holder = '', lease_until = NULL WHERE id = $1 AND lease_holder = $2",
                job,
                holder,
                state,
                problem.sentence if problem else "",
                problem.remedy if problem else "",
                json.dumps(result or {}, ensure_ascii=False, allow_nan=False),
                retry_at,
                at,
            )

    def drop(self, job: str) -> None:
        """Remove a job; who is at it stops at its next step."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE id = $1", job)


def _job(row: dict[str, Any]) -> Job:
    return Job(
        id=row["id"],
        owner=row["owner"],
        kind=row["kind"],
        made_at=row["made_at"],
        body=json.loads(row["body"]),
        state=row["state"],
        done=row["done"],
        said=row["said"],
        problem=Finding("job", row["error"], row["remedy"]) if row["error"] else None,
        result=json.loads(row["result"]),
        tries=row["tries"],
        changed_at=utc(row["changed_at"]),
        retry_at=utc(row["retry_at"]),
        holder=row["lease_holder"],
    )
