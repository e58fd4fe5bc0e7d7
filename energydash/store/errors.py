"""What goes wrong with a database, in sentences: the drivers' own words can hold a password.

StoreError
├── StoreTooNew      (energydash.core.errors) written by a newer energydash
├── StoreLocked      another program holds it
├── StoreCorrupt     not a database, or a damaged one
├── StoreFull        no room left on the disk
└── StoreUnreachable PostgreSQL does not answer, or refuses us
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from energydash.core.errors import StoreError


class StoreLocked(StoreError):
    """Another program holds the database."""


class StoreCorrupt(StoreError):
    """The file is not a database, or is damaged."""


class StoreFull(StoreError):
    """There is no room left on the disk."""


class StoreUnreachable(StoreError):
    """PostgreSQL does not answer, or refuses us."""


_RESTORE = "Put the newest daily backup in its place with 'energydash restore'."
_URL = "Check ENERGYDASH_DATABASE_URL."

# Texts of the drivers (lower case) -> the error, what happened to {name}, what to do.
_KNOWN: tuple[tuple[tuple[str, ...], type[StoreError], str, str], ...] = (
    (
        ("is locked", "lock timeout", "deadlock detected"),
        StoreLocked,
        "{name} is locked by another program.",
        "Wait until it has finished, or close it, and try again.",
    ),
    (
        ("is not a database", "malformed", "file is encrypted"),
        StoreCorrupt,
        "{name} is damaged or is not a database.",
        _RESTORE,
    ),
    (
        ("disk is full", "no space left", "could not extend file"),
        StoreFull,
        "{name} has no room left on its disk; nothing of this was kept.",
        "Free some space and try again.",
    ),
    (
        ("readonly database", "permission denied for", "read-only transaction"),
        StoreError,
        "{name} may be read but not written.",
        "Give this user the right to write to it.",
    ),
    (
        ("failed to open", "unable to open database"),
        StoreError,
        "{name} cannot be opened.",
        "Check that its folder exists and that this user may read and write it.",
    ),
    (
        ("password authentication failed", "no password supplied", "authentication failed"),
        StoreUnreachable,
        "{name} refused the user name or the password.",
        _URL,
    ),
    (
        ('fatal:  role "', 'fatal:  database "'),
        StoreUnreachable,
        "{name} does not know the user or the database.",
        "Create them, or check ENERGYDASH_DATABASE_URL.",
    ),
    (
        (
            "failed to connect",
            "could not connect",
            "connection refused",
            "connection to server",
            "server closed the connection",
            "terminating connection",
            "no connection to the server",
            "could not translate host name",
            "the database system is",
        ),
        StoreUnreachable,
        "{name} cannot be reached.",
        "Start it, or check its address in ENERGYDASH_DATABASE_URL.",
    ),
    (
        ("disk i/o error", "input/output error"),
        StoreError,
        "The disk of {name} reported an error.",
        "Check the disk, and keep a backup elsewhere.",
    ),
)


def translate(error: Exception, name: str, secrets: Iterable[str] = ()) -> StoreError:
    """A driver's error about the database `name` as ours, without the given secrets."""
    text = str(error)
    lower = text.lower()
    for words, kind, sentence, remedy in _KNOWN:
        if any(word in lower for word in words):
            return kind(sentence.format(name=name), remedy=remedy)
    line = re.sub(r"^[A-Z_]+: (\[\w+\] )?", "", text.strip().splitlines()[0]) if text else ""
    for secret in secrets:
        line = line.replace(secret, "***")
    return StoreError(f"{name} answered: {line.rstrip('.')}.")
