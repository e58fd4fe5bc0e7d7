"""Files with personal data in them: only their user may read them."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

OTHERS = 0o077  # the bits of everybody but the user
_said: set[Path] = set()


def make_private(path: Path) -> None:
    """Close a file to other users; where that cannot be done, a warning says so."""
    if not is_open(path):
        return
    with contextlib.suppress(OSError):
        path.chmod(0o600)
    warn_if_open(path)


def warn_if_open(path: Path) -> None:
    """Say so in the log, once, where other users may read a file."""
    if is_open(path) and path not in _said:
        _said.add(path)
        log.warning("%s can be read by other users of this machine (chmod 600 would help).", path)


def is_open(path: Path) -> bool:
    """Whether a file is there that other users may read."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False


def write_private(path: Path, body: bytes) -> None:
    """Write a file that only this user may read; one that was open is closed first."""
    path.touch(mode=0o600)
    make_private(path)
    path.write_bytes(body)
