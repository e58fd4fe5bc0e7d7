"""Asking the accounts again, every day: a tariff switch, a new meter, a home moved out of.

A job that never ends. Octopus's days are the clock's in Britain, and so are the days of this: after
midnight it is due again, so that what an agreement's end changed is known before the readings of
that day come.
"""

from __future__ import annotations

from datetime import date, datetime

from energydash.answers.home.accounts import Connected, configured, read_again
from energydash.answers.home.dispatches import keep_dispatches
from energydash.answers.home.history import YEAR, bring
from energydash.core.settings import Section
from energydash.core.time import DAY, LONDON, Period, local_midnight, zone_info
from energydash.home.tariffs import Agreement
from energydash.store import Job
from energydash.sync import documents, jobs, patience
from energydash.sync.context import Context
from energydash.sync.fetch import Progress
from energydash.sync.jobs import Outcome


def work(context: Context, job: Job, progress: Progress) -> Outcome:
    """Ask the accounts that were not asked today, then bring in what they have that is new."""
    now = context.now()
    due = _due(context, now)
    before = documents.agreements(context.store)
    found = read_again(context, due, jobs.between(0.0, 0.1, progress), only_known=True)
    notes = [*found.notes, *_bring_new(context, found, before, jobs.between(0.1, 1.0, progress))]
    asked = {one.name for one in due}
    notes += keep_dispatches(
        context, [one for one in found.meters if one.connected and one.account in asked]
    )
    result = {"notes": notes, "problems": [str(problem) for _, problem in found.problems]}
    for _, problem in found.problems:
        if problem.kind in jobs.PASSING:
            return Outcome(result, problem)
    if found.problems:
        return Outcome(result, again_at=now + patience.REFUSED_KEY)
    return Outcome(result, again_at=local_midnight(_day(now) + DAY, LONDON))


def _due(context: Context, now: datetime) -> list[Section]:
    known = documents.accounts(context.store)
    answered = {
        name
        for name, one in known.items()
        if one.read_at and not one.problem and _day(one.read_at) == _day(now)
    }
    return [one for one in configured(context) if one.name not in answered]


def _bring_new(
    context: Context, found: Connected, before: list[Agreement], progress: Progress
) -> tuple[str, ...]:
    """Readings and prices of the meters whose agreements are others than before, since then."""
    known, now = set(before), context.now()
    new = [one for one in found.agreements if one not in known]
    changed = {one.meter for one in new}
    meters = [one for one in found.meters if one.id in changed and one.connected]
    if not meters:
        return ()
    farthest = now - YEAR
    since = min(max(one.valid_from or farthest, farthest) for one in new)
    return bring(context, meters, Period(min(since, now), now), progress=progress).notes


def _day(at: datetime) -> date:
    return at.astimezone(zone_info(LONDON)).date()
