"""Files that are named on the command line."""

from __future__ import annotations

from pathlib import Path

from energydash.core.errors import InputError
from energydash.core.private import write_private


def contents(path: Path) -> bytes:
    """The bytes of a file the user named; InputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {(error.strerror or 'unknown trouble').lower()}.",
            remedy="Check the name.",
        ) from error


def write(path: Path, body: bytes) -> None:
    """Write a file the user named, for this user's eyes; InputError where it cannot be written."""
    try:
        write_private(path, body)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {(error.strerror or 'unknown trouble').lower()}."
        ) from error
