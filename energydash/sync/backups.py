"""A copy of the database every day, the newest seven kept: `energydash restore` puts one back.

Made by the crawler. Best effort: what keeps one from being made is logged, and tried again in an
hour. A PostgreSQL has backups of its own.
"""

from __future__ import annotations

import logging
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from energydash.core.errors import EnergydashError
from energydash.store import backups_of
from energydash.sync.context import Context

log = logging.getLogger(__name__)

KEPT: Final = 7
AGAIN: Final = timedelta(hours=1)


def is_due(context: Context) -> bool:
    """Whether today's is not made yet, and was not tried just now."""
    tried = _tried.get(context.settings.home)
    if context.settings.database_url or (tried and context.now() - tried < AGAIN):
        return False
    return not _todays(context).exists()


def make(context: Context) -> None:
    """Make today's, then let go of those that are too many. One that fails costs no older one."""
    _tried[context.settings.home] = context.now()
    file, store = _todays(context), context.store
    try:
        if not store.feeds():
            return  # nothing to lose yet
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(file.parent).free < 2 * store.size_bytes():
            log.warning("No backup of today: the disk of %s has too little room.", file.parent)
            return
        store.backup(file)
        for old in backups_of(context.settings)[KEPT:]:
            old.unlink()
    except (EnergydashError, OSError) as error:
        log.warning("No backup of today: %s", error)


def _todays(context: Context) -> Path:
    return context.settings.backup_folder / f"energydash-{context.now():%Y-%m-%d}.db"


_tried: dict[Path, datetime] = {}  # by home
