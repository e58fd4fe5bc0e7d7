"""Saved upstream answers: files on disk, bytes to frame, no network and no clock.

`read` is what `energydash read SOURCE FILE…` prints. Each provider has a module with a function
`read(files, region, day) -> SavedAnswer`; they are imported when asked for, so that the command
line can name them without loading pandas.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from energydash.core.errors import InputError

if TYPE_CHECKING:
    from energydash.sources.saved.parts import SavedAnswer

SOURCES = (
    "eia", "caiso", "isone", "nyiso", "ercot", "miso", "spp", "pjm", "bpa", "ieso",
    "carbon-intensity", "elexon", "octopus", "aretas",
)  # fmt: skip


def read(
    source: str,
    files: Sequence[tuple[str, bytes]],
    region: str | None = None,
    *,
    day: date | None = None,
) -> SavedAnswer:
    """The frame of one answer that was saved in one or several files.

    source: one of SOURCES. files: (name, bytes), the pages of one answer, or days in a row; a
    `.zip` stands for its members. region: which respondent or area, where the files have several.
    day: the local day of files whose rows have only times and whose name has no date (CAISO).
    Raises: InputError naming the file, and the line and column where it knows them.
    """
    if source not in SOURCES:
        raise InputError(
            f"Saved answers of '{source}' cannot be read.",
            remedy=f"Choose from {', '.join(SOURCES)}.",
        )
    from energydash.sources.saved.parts import expand

    module = importlib.import_module(f"energydash.sources.saved.{source.replace('-', '_')}")
    answer: SavedAnswer = module.read(expand(files), region, day)
    return answer
