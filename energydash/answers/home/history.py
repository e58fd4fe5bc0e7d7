"""Bringing in what accounts have, as a job: readings, their tariffs' prices, dispatches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from energydash.answers.home.accounts import Connected, configured, connect, find_meters
from energydash.answers.home.dispatches import keep_dispatches
from energydash.core.bounds import FLOOR
from energydash.core.errors import InputError
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.private import write_private
from energydash.core.time import Period, iso_z, parse_instant
from energydash.home.meters import Meter
from energydash.home.tariffs import Agreement
from energydash.sources import octopus
from energydash.sources.imports import octopus_viz
from energydash.store import Job
from energydash.sync import documents, fetch, jobs
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed
from energydash.sync.jobs import Outcome

JOB = "octopus"  # of the jobs that connect accounts and bring in what they have
YEAR = timedelta(days=366)
UNKNOWN_SINCE = timedelta(days=2 * 365)  # how far back a meter without agreements is asked


@dataclass(frozen=True)
class Ingested:
    """What bringing in did, or (planned) would do: feeds with the periods to ask for."""

    refreshed: tuple[Refreshed, ...] = ()
    planned: tuple[tuple[Feed, tuple[Period, ...]], ...] = ()
    saved: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    connected: Connected | None = None

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Each trouble once, with the accounts and with what was asked."""
        met = [one for _, one in self.connected.problems] if self.connected else []
        met += [one.problem for one in self.refreshed if one.problem]
        return tuple({one.sentence: one for one in met}.values())


def ingest(
    context: Context,
    period: Period | None = None,
    meter: str = "",
    *,
    dry_run: bool = False,
    save: Path | None = None,
    force: bool = False,
    max_age: timedelta | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Bring in what the store lacks of readings, their tariffs' prices and dispatches; the accounts
    are asked first for their meters and agreements as they are now.

    period: as far back as the meters' agreements go, up to now, where none is given. max_age: ask
    again for what may still change and is older; by default a day for readings. save: also write
    the readings of the period to this file, a JSON reading per line. Raises InputError where
    there is no connected meter; trouble with Octopus is in the result.
    """
    connected = None if dry_run or not configured(context) else connect(context)
    chosen, notes = _connected_meters(context, connected, meter)
    if dry_run:
        now = context.now()
        planned = tuple(
            (feed, tuple(fetch.missing(context.store, feed, part, now, max_age)))
            for feed, part in _tasks(context, chosen, period)
        )
        return Ingested(planned=planned, notes=notes)
    found: list[Ingested] = []

    def work(context: Context, job: Job, tell: Progress) -> Outcome:
        done = bring(context, chosen, period, force, max_age, progress=tell)
        found.append(replace(done, connected=connected, notes=(*notes, *done.notes)))
        return _outcome(job, found[-1])

    ids = [one.id for one in chosen] if meter else []
    job = _add(context, ids, period)
    if not jobs.run(context, job, work, progress) or not found:
        busy = f"The crawler is bringing this in already: {job.done:.0%} so far."
        return Ingested(notes=(*notes, busy), connected=connected)
    saved = _save(context, chosen, period, save) if save else ()
    return replace(found[-1], saved=saved)


def start_connecting(context: Context) -> Job:
    """Have the configured accounts asked for their meters and a year of history, in the background.

    The job that does so already where there is one. Its progress and outcome are in the store.
    """
    return _add(context, [], Period(context.now() - YEAR, context.now()), connect_first=True)


def start_fetching(context: Context, period: Period) -> Job:
    """Have a period fetched in the background, of every connected meter."""
    return _add(context, [], period)


def being_fetched(context: Context) -> Job | None:
    """The job that is bringing in the household's history, None where there is none.

    Until it is done, what a meter or a tariff lacks and was never asked for is being fetched.
    """
    return next(iter(jobs.unfinished(context, JOB)), None)


def fetched(context: Context, job: str) -> Job | None:
    """One of the household's jobs, also when it is done; None where it is no longer known."""
    found = context.store.jobs.get(job)
    return found if found and found.owner == context.store.household() else None


def go_on(context: Context, job: Job, progress: Progress) -> bool:
    """Do a job here and now, where no crawler is at work; False while somebody is at it."""
    return jobs.run(context, job, work, progress)


def _add(
    context: Context, meters: list[str], period: Period | None, *, connect_first: bool = False
) -> Job:
    """A job for whole days, so that asking twice on a day is asking once; `''` is now."""
    store, now = context.store, context.now()
    body = {
        "connect": connect_first,
        "meters": meters,
        "from": iso_z(period.start) if period else "",
        "to": iso_z(period.end) if period and period.end < now else "",
    }
    if connect_first and period:
        body["from"] = iso_z(period.start.replace(hour=0, minute=0, second=0, microsecond=0))
    return store.jobs.add(store.household(), JOB, body, now)


def work(context: Context, job: Job, progress: Progress) -> Outcome:
    """Do a job of `JOB`, or go on with it: connect where it says so, then bring in what lacks."""
    body = job.body
    found = connect(context, jobs.between(0.0, 0.05, progress)) if body["connect"] else None
    if found and found.problems and not any(one.connected for one in found.meters):
        return Outcome(problem=found.problems[0][1])
    chosen, notes = _connected_meters(context, found)
    if body["meters"]:
        chosen = [one for one in chosen if one.id in body["meters"]]
    period = None
    if body["from"]:
        end = parse_instant(body["to"]) if body["to"] else context.now()
        period = Period(parse_instant(body["from"]), end)
    tell = jobs.between(0.05, 1.0, progress) if found else progress
    done = replace(bring(context, chosen, period, progress=tell), connected=found)
    return _outcome(job, replace(done, notes=(*notes, *done.notes)))


def _outcome(job: Job, done: Ingested) -> Outcome:
    """What a job is told about what was brought in."""
    connected = done.connected if job.body["connect"] else None
    result = {
        "meters": len(connected.meters) if connected else 0,
        "notes": list(done.notes),
        "problems": [str(one) for _, one in connected.problems] if connected else [],
    }
    return jobs.outcome(job, done.refreshed, result)


def _connected_meters(
    context: Context, connected: Connected | None, meter: str = ""
) -> tuple[list[Meter], tuple[str, ...]]:
    """The connected meters that are meant, and what is odd; the accounts are asked for them where
    none is known and nobody did. Raises InputError where there is none."""
    if connected is None and not any(one.connected for one in documents.meters(context.store)):
        connected = connect(context)
    notes = connected.notes if connected else ()
    if connected and connected.problems and not any(one.connected for one in connected.meters):
        refused = connected.problems[0][1]
        raise InputError(refused.sentence, remedy=refused.remedy)
    chosen = [one for one in find_meters(context, meter) if one.connected]
    if not chosen:
        why = " ".join(notes) or "No meter of an account is known."
        raise InputError(why, remedy="Connect an account, then bring its readings in.")
    return chosen, notes


def bring(
    context: Context,
    meters: Sequence[Meter],
    period: Period | None,
    force: bool = False,
    max_age: timedelta | None = None,
    *,
    progress: Progress,
) -> Ingested:
    """Readings, prices and dispatches of these meters, with what was there already as progress."""
    tasks = _tasks(context, meters, period)
    done: list[Refreshed] = []
    notes: tuple[str, ...] = ()
    for number, (feed, part) in enumerate(tasks):
        report = jobs.between(number / len(tasks), (number + 1) / len(tasks), progress)
        done.append(
            fetch.refresh(context, feed, part, force=force, max_age=max_age, progress=report)
        )
        trouble = done[-1].problem
        if trouble and trouble.kind in jobs.PASSING:
            break  # the rest would only wait for the same trouble
    else:
        notes = keep_dispatches(context, meters)
        progress(1.0, "Octopus: up to date")
    return Ingested(tuple(done), notes=notes)


def _tasks(
    context: Context, meters: Sequence[Meter], period: Period | None
) -> list[tuple[Feed, Period]]:
    """What to refresh: readings first, then each tariff for the time that it was agreed."""
    now, owner = context.now(), context.store.household()
    agreements = documents.agreements(context.store)
    tasks: list[tuple[Feed, Period]] = []
    prices: dict[tuple[str, str], tuple[Feed, Period]] = {}
    for meter in meters:
        mine = [one for one in agreements if one.meter == meter.id]
        agreed = _known_time(mine, now)
        whole = period.intersect(agreed) if period and mine else period or agreed
        if whole is None:
            continue
        feed = documents.meter_feed(meter, owner)
        if feed.address:
            tasks.append((feed, whole))
        for one in mine:
            for price in octopus.tariff_feeds(one.tariff):
                end = one.valid_to or max(whole.end, now) + price.horizon
                start = max(one.valid_from or whole.start, whole.start)
                if start >= end or start >= whole.end + price.horizon:
                    continue
                part = Period(start, min(end, whole.end + price.horizon))
                known = prices.get((one.tariff, price.quantity))
                if known:
                    part = Period(min(part.start, known[1].start), max(part.end, known[1].end))
                prices[one.tariff, price.quantity] = (price, part)
    return tasks + list(prices.values())


def _known_time(agreements: Sequence[Agreement], now: datetime) -> Period:
    """From a meter's first agreement to its last, or to now."""
    starts = [one.valid_from for one in agreements if one.valid_from]
    start = min(starts, default=now - UNKNOWN_SINCE)
    ends = [one.valid_to or now for one in agreements]
    end = min(max(ends, default=now), now)
    return Period(min(start, end), end)


def _save(
    context: Context, meters: Sequence[Meter], period: Period | None, path: Path
) -> tuple[Path, ...]:
    """Readings as JSON lines; several meters have a file each, named after their ids."""
    written: list[Path] = []
    owner, now = context.store.household(), context.now()
    for meter in meters:
        whole = period or Period(FLOOR, now)
        frame = context.store.read(meter.feed(owner), whole, ("energy",))
        file = path if len(meters) == 1 else path.with_stem(f"{path.stem}-{meter.id}")
        write_private(file, octopus_viz.write_readings(meter, frame).data)
        written.append(file)
    return tuple(written)
