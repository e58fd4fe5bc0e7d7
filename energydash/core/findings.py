"""Something odd or wrong, as the user reads it: one type from the upstream to the page.

An upstream in trouble, a channel with the wrong sign, a gap in a meter's readings, a row of a file
that cannot be used: each says what it is about, what happened and what to do. Nothing here changes
a figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from energydash.core.errors import SourceError
from energydash.core.time import Period

Severity = Literal["note", "warning", "blocking"]


@dataclass(frozen=True)
class Finding:
    """One thing found.

    kind: a stable word. subject: what it is about: a channel, a meter's id, a column; '' for the
    whole. severity: a `blocking` one means that a figure is withheld, for it would be wrong by
    more than its error. period: when. gbp: what it would cost, None where that cannot be said.
    count: how many rows. line: the line of a file, from 1; 0 for none. since, retry_at: of an
    upstream in trouble.
    """

    kind: str
    sentence: str
    remedy: str = ""
    severity: Severity = "warning"
    subject: str = ""
    period: Period | None = None
    gbp: float | None = None
    count: int = 0
    line: int = 0
    since: datetime | None = None
    retry_at: datetime | None = None

    def __str__(self) -> str:
        where = ""
        if self.line:
            where = f"line {self.line}" + (f", column {self.subject}" if self.subject else "")
            where += ": "
        return f"{where}{self.sentence} {self.remedy}".strip()

    @classmethod
    def of(cls, error: SourceError, now: datetime) -> Finding:
        """An upstream's error as the trouble of what it was asked for, since now."""
        return cls(
            type(error).__name__, error.message, error.remedy,
            since=now, retry_at=error.retry_at,
        )  # fmt: skip
