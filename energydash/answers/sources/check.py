"""Does every source answer, right now? Each is asked for something small, all at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from energydash import sources
from energydash.answers.sources import health
from energydash.core.errors import SourceError
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.settings import Section
from energydash.core.time import Period
from energydash.sources import aretas, octopus
from energydash.sync import fetch
from energydash.sync.context import Context

AT_ONCE = 16
LAST = timedelta(hours=1)
CADENCES = 4  # at least so many of them: the newest hour of an hourly mix is published late

State = Literal["answers", "being asked", "trouble", "not configured", "at work", "waiting"]


@dataclass(frozen=True)
class Checked:
    """One source, or one operator or account of it; or the crawler, which is not asked.

    newest: of what is stored after asking; of the crawler, when it last lived.
    """

    source: str
    subject: str
    state: State
    newest: datetime | None = None
    problem: Finding | None = None
    needs: str = ""


def check(context: Context) -> tuple[Checked, ...]:
    """Ask every source that can be asked: what it answers is kept as any other refresh.

    An upstream that said when to come again is not asked before. Raises StoreError.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(question) for question in _questions(context)]
        return (*(one.result() for one in asked), _crawler(context))


def _crawler(context: Context) -> Checked:
    """Whether a crawler is at work; `waiting` where none ever was."""
    life = health.crawler(context)
    state: State = "trouble" if life.problem else "at work" if life.at else "waiting"
    return Checked("crawler", "", state, life.at, life.problem)


def _questions(context: Context) -> Iterator[Callable[[], Checked]]:
    for name in sources.MODULES:
        info = sources.source(name).INFO
        if info.personal:
            yield from _accounts(context, info)
            continue
        for feed in sources.source(name).feeds(context.settings)[:1]:
            yield lambda feed=feed: _ask(context, feed)  # type: ignore[misc]


def _ask(context: Context, feed: Feed) -> Checked:
    now = context.now()
    last = Period(now - max(LAST, CADENCES * feed.cadence), now)
    done = fetch.refresh(context, feed, last, max_age=timedelta(0))
    stored = context.store.state(feed)
    problem = done.problem or stored.problem
    state: State = "trouble" if problem else "being asked" if done.busy else "answers"
    return Checked(feed.source, feed.subject, state, stored.newest, problem)


def _accounts(context: Context, info: sources.Info) -> Iterator[Callable[[], Checked]]:
    probe = {"octopus": octopus.get_account, "aretas": aretas.monitors}[info.name]
    needed = {"octopus": "api_key", "aretas": "username"}[info.name]
    sections = [one for one in context.settings.named(info.name) if one.text(needed)]
    if not sections:
        yield lambda: Checked(info.name, "", "not configured", needs=info.needs)
    for section in sections:
        yield lambda section=section: _log_in(context, info, section, probe)  # type: ignore[misc]


def _log_in(
    context: Context, info: sources.Info, section: Section, probe: Callable[[Section], object]
) -> Checked:
    """Whether an account's key is good, and the newest that is stored of its source."""
    state: State = "answers"
    problem = None
    try:
        probe(section)
    except SourceError as error:
        state, problem = "trouble", Finding.of(error, context.now())
    stored = {one.info.name: one.newest for one in health.health(context).sources}
    name = section.name if section.name != info.name else ""
    return Checked(info.name, name, state, stored[info.name], problem)
