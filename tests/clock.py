"""The clock of the tests: every test starts at one instant, whatever the wall clock says.

In the test's own process it stands still, and `set_now` moves it. In processes that tests start
(a server, a crawler, a command) it runs on from that instant; `run` lets it do so here too.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo

import pandas as pd

from energydash.core import time as core_time

NOW = datetime(2026, 11, 20, 12, 10, 20, tzinfo=UTC)  # an ordinary weekday in winter


def start(instant: datetime) -> None:
    """Let the clock of this process and of those it starts run on from an instant."""
    run()
    os.environ.pop(core_time.CLOCK_SHIFT, None)
    shift = instant - core_time.utc_now()
    os.environ[core_time.CLOCK_SHIFT] = f"{shift.total_seconds():.3f}"


def run() -> None:
    """Let the clock run in this process, as it does in those that it starts."""
    core_time.set_clock(None)


def set_now(instant: datetime) -> None:
    """Stop the clock of this process at an instant."""
    stopped = instant.astimezone(UTC)
    core_time.set_clock(lambda: stopped)


def shift() -> dict[str, str]:
    """The environment that gives a process this clock, where it is given none of ours."""
    return {name: os.environ[name] for name in (core_time.CLOCK_SHIFT,) if name in os.environ}


def lend_to_pandas() -> None:
    """Libraries under test (gridstatus) tell "today" by `Timestamp.now`: let it be ours."""

    def now(_: type[pd.Timestamp], tz: tzinfo | str | None = None) -> pd.Timestamp:
        here = pd.Timestamp(core_time.utc_now())
        return here.tz_convert(tz) if tz else here.tz_localize(None)

    pd.Timestamp.now = classmethod(now)  # type: ignore[assignment]
    pd.Timestamp.today = classmethod(now)  # type: ignore[assignment]
