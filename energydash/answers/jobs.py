"""Who does which kind of job: what the crawler is given to go on with what was interrupted."""

from __future__ import annotations

from typing import Final

from energydash.answers.home import history
from energydash.sync.jobs import Work

WORKS: Final[dict[str, Work]] = {history.KIND: history.work}
