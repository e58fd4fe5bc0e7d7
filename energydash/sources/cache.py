"""The last good raw answer of what has no feed: product lists, postcodes, device lists.

JSON on disk (never pickled objects), in a folder only the user can read. A fresh answer is used
without asking; an old one is used, with its age, when asking fails. A cache that is damaged is
deleted and made anew; one that cannot be written keeps nothing, and nobody waits or fails for it.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from energydash.core.errors import SourceError
from energydash.core.settings import Settings
from energydash.core.time import utc_now
from energydash.sources.http import redact

if TYPE_CHECKING:
    import diskcache

log = logging.getLogger(__name__)

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
    key = _key(settings, request, owner)
    now = utc_now()
    kept = _unpack(_with(settings.cache_folder, lambda box: box.get(key)))
    if kept and now - kept.fetched_at < max_age:
        return kept
    try:
        body = ask()
    except SourceError as error:
        if kept is None:
            raise
        return Answer(kept.body, kept.fetched_at, error)
    packed = {"fetched_at": now.isoformat(), "body": base64.b85encode(body).decode()}
    _with(settings.cache_folder, lambda box: box.set(key, packed))
    return Answer(body, now)


def kept(settings: Settings, request: str, owner: str = "") -> bytes | None:
    """What was last answered to `request`, however old; nobody is asked."""
    key = _key(settings, request, owner)
    found = _unpack(_with(settings.cache_folder, lambda box: box.get(key)))
    return found.body if found else None


def _key(settings: Settings, request: str, owner: str) -> str:
    return hashlib.sha256(f"{owner}\n{redact(request, settings.secrets())}".encode()).hexdigest()


def clear(settings: Settings) -> int:
    """Forget every raw answer; how many there were."""
    return int(_with(settings.cache_folder, lambda box: box.clear()) or 0)


def size_bytes(settings: Settings) -> int:
    """What the raw answers take on disk."""
    return int(_with(settings.cache_folder, lambda box: box.volume()) or 0)


def _unpack(value: object) -> Answer | None:
    """What was kept; None where it is damaged, so that it is asked for anew."""
    if not isinstance(value, dict):
        return None
    try:
        fetched_at = datetime.fromisoformat(value["fetched_at"]).astimezone(UTC)
        return Answer(base64.b85decode(value["body"]), fetched_at)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return None


def _with(folder: Path, do: Callable[[diskcache.Cache], Any]) -> Any:
    """Do something with the cache, made anew where it is damaged; None where that fails too."""
    import diskcache

    for again in (False, True):
        try:
            if again:
                _open.cache_clear()
                shutil.rmtree(folder, ignore_errors=True)
            return do(_open(folder))
        except diskcache.Timeout:  # another program is at it
            return None
        except Exception as error:  # of any kind: damage shows itself in many ways
            log.warning("The cache %s cannot be used (%s).", folder, type(error).__name__)
    return None


@cache
def _open(folder: Path) -> diskcache.Cache:
    import diskcache

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return diskcache.Cache(str(folder), disk=diskcache.JSONDisk, size_limit=SIZE_LIMIT, timeout=1)
