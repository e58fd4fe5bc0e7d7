"""Everything energydash raises on purpose.

EnergydashError
├── InputError            what the user gave us cannot be used
├── StoreError            the database cannot be read or written
│   └── StoreTooNew       the database was written by a newer energydash
└── SourceError           an upstream did not give us usable data
    ├── Unavailable       refused, timed out, or a server error: try again later
    ├── RateLimited       too many requests: try again at `retry_at`
    ├── BadCredentials    key missing, wrong, expired, or not entitled to this data
    ├── NotFound          the upstream says that this thing does not exist
    └── BadData           it answered, but not in the format it documents

Messages are whole sentences without secrets; `remedy` says what the user can do.
"""

from __future__ import annotations

from datetime import datetime


class EnergydashError(Exception):
    """Base of every error energydash raises on purpose."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InputError(EnergydashError):
    """What the user gave us cannot be used."""


class StoreError(EnergydashError):
    """The database cannot be read or written."""


class StoreTooNew(StoreError):
    """The database was written by a newer energydash."""


class SourceError(EnergydashError):
    """An upstream did not give us usable data."""

    def __init__(
        self, source: str, message: str, *, remedy: str = "", retry_at: datetime | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.source = source
        self.retry_at = retry_at


class Unavailable(SourceError):
    """Refused, timed out, or a server error: try again later."""


class RateLimited(SourceError):
    """Too many requests: try again at `retry_at`."""


class BadCredentials(SourceError):
    """The key is missing, wrong, expired, or not entitled to this data."""


class NotFound(SourceError):
    """The upstream says that this thing does not exist."""


class BadData(SourceError):
    """The upstream answered, but not in the format it documents."""
