"""Who does which kind of job: what the crawler is given to go on with what was interrupted."""

from __future__ import annotations

from typing import Final

from energydash.answers.battery.monitors import JOB as TELEMETRY
from energydash.answers.battery.monitors import work as bring_telemetry
from energydash.answers.home.accounts import DAILY
from energydash.answers.home.history import JOB as HISTORY
from energydash.answers.home.history import work as bring_history
from energydash.answers.home.renewal import work as ask_accounts
from energydash.sync.jobs import Work

WORKS: Final[dict[str, Work]] = {
    DAILY: ask_accounts,
    HISTORY: bring_history,
    TELEMETRY: bring_telemetry,
}
