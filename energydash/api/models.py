"""What REST answers, field by field with its unit: the models behind openapi.json and /docs.

Documents are built by `serialise`; a test holds every answer against its model, in which nothing
may be missing or unknown.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

UTC_TIME = "UTC, the start of the interval, such as 2026-03-29T01:00:00Z"


LOCAL_TIME = "the same instant where it is, such as 2026-03-29T02:00:00+01:00[Europe/London]"


class Model(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Coverage(Model):
    """How much of the period is there, and the stretches (UTC) that are not, by reason."""

    present: int = Field(description="steps that have a figure")
    asked: int = Field(description="steps of the period up to now")
    fraction: float = Field(description="present of asked, 0 to 1")
    step_minutes: float | None = Field(description="minutes; null where there is no fixed step")
    sentence: str = Field(description="the same in words; empty where nothing is missing")
    missing: list[str]
    not_published_yet: list[str]
    being_fetched: list[str]
    unpriced: list[str]
    not_connected: list[str]


class Span(Model):
    """`[start, end)` in UTC."""

    start: str = Field(description=UTC_TIME)
    end: str = Field(description=UTC_TIME)


class Finding(Model):
    """Something odd or wrong."""

    kind: str
    severity: Literal["note", "warning", "blocking"]
    subject: str | None = Field(description="what it is about: a channel, a meter's id, a column")
    sentence: str
    remedy: str | None
    period: Span | None
    gbp: float | None = Field(description="£: what it would cost, about")
    count: int | None = Field(description="rows")
    line: int | None = Field(description="line of a file, from 1")
    since: str | None
    retry_at: str | None


class Input(Model):
    """A feed that the answer is made of."""

    source: str
    subject: str
    quantity: str
    unit: str = Field(description="of the stored values")
    fetched_at: str | None = Field(description="when it last answered, UTC")
    newest: str | None = Field(description="its newest value, UTC")
    origin: Literal["live", "stored", "sample"]
    sample_reason: str | None
    problem: Finding | None
    coverage: Coverage


class Answer(Model):
    """What every answer over a period has."""

    from_: str = Field(alias="from", description=UTC_TIME)
    to: str = Field(description="UTC, excluded")
    zone: str = Field(description="the zone of local_time")
    notes: list[str]
    inputs: list[Input]


class Row(Model):
    """A row of a time series."""

    time: str = Field(description=UTC_TIME)
    local_time: str = Field(description=LOCAL_TIME)


class Refusal(Model):
    """Why a question was not answered, in a sentence with what to do."""

    error: str


class Plain(Model):
    """What an answer without a period has."""

    zone: str
    notes: list[str]
    inputs: list[Input]
