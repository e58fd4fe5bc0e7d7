"""The last good raw answer of what has no feed: product lists, postcodes, device lists.

Bytes and a small JSON header on disk (never pickled objects), in a folder only the user can read.
A fresh answer is used without asking; an old one is used, with its age, when asking fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from energydash.core.errors import SourceError
from energydash.core.settings import Settings
from energydash.core.time import utc_now
from energydash.sources.http import redact

if TYPE_CHECKING:
    import diskcache

SIZE_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A raw answer, when it came, and the trouble there was in asking anew."""

    body: bytes
    fetched_at: datetime
    problem: SourceError | None = None


def cached(
    settings: Settings, request: str, max_age: timedelta, ask: Callable[[], bytes], owner: str = ""
) -> Answer:
    """The answer to `request`: from disk while younger than `max_age`, else from `ask()`.

    `request` names what is asked (method, address, parameters) without any secret; it and the
    owner make the key. Raises what `ask` raises where nothing was ever kept.
    """
    box = _open(settings.cache_folder)
    key = hashlib.sha256(f"{owner}\n{redact(request, settings.secrets())}".encode()).hexdigest()
    now = utc_now()
    kept = _unpack(box.get(key))
    if kept and now - kept.fetched_at < max_age:
        return kept
    try:
        body = ask()
    except SourceError as error:
        if kept is None:
            raise
        return Answer(kept.body, kept.fetched_at, error)
    header = json.dumps({"fetched_at": now.isoformat()}).encode()
    box.set(key, header + b"\n" + body)
    return Answer(body, now)


def clear(settings: Settings) -> int:
    """Forget every raw answer; how many there were."""
    return int(_open(settings.cache_folder).clear())


def size_bytes(settings: Settings) -> int:
    """What the raw answers take on disk."""
    return int(_open(settings.cache_folder).volume())


def _unpack(value: object) -> Answer | None:
    """What was kept; None where it is damaged, so that it is asked for anew."""
    if not isinstance(value, bytes):
        return None
    header, _, body = value.partition(b"\n")
    try:
        fetched_at = datetime.fromisoformat(json.loads(header)["fetched_at"]).astimezone(UTC)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return None
    return Answer(body, fetched_at)


@cache
def _open(folder: Path) -> diskcache.Cache:
    import diskcache

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return diskcache.Cache(str(folder), size_limit=SIZE_LIMIT)
