"""Aretas monitors: which there are, connecting one as a battery, fetching its telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from energydash.answers.battery.devices import is_sample, new_id, save
from energydash.battery.devices import Device
from energydash.core.errors import InputError, NotFound, SourceError
from energydash.core.findings import Finding
from energydash.core.time import Period, iso_z, parse_instant
from energydash.sources import aretas
from energydash.sources.aretas.config import read_config
from energydash.sources.aretas.sites import Monitor
from energydash.store import Job
from energydash.sync import documents, fetch, jobs
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed
from energydash.sync.jobs import Outcome

JOB: Final = "aretas"  # of the kind that brings in a battery's telemetry
FIRST_LOOK: Final = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """A monitor of a configured account, and whether it is connected already."""

    account: str
    monitor: Monitor
    is_default: bool
    device: Device | None = None


def monitors(context: Context) -> tuple[tuple[Found, ...], tuple[Finding, ...]]:
    """Every monitor of every configured account, the default ones first; and the accounts that
    could not be asked. Raises InputError where none is configured."""
    sections = [one for one in context.settings.named("aretas") if one.text("username")]
    if not sections:
        raise InputError(
            "No Aretas account is configured.",
            remedy="Put username, password and mac in [aretas] of secrets.toml.",
        )
    known = {device.mac: device for device in documents.batteries(context.store) if device.mac}
    found: list[Found] = []
    problems: list[Finding] = []
    for section in sections:
        try:
            listed = aretas.monitors(aretas.account_of(context.settings, section.name))
        except SourceError as error:
            problems.append(Finding.of(error, context.now()))
            continue
        for monitor in listed:
            default = monitor.mac in section.items("mac")
            found.append(Found(section.name, monitor, default, known.get(monitor.mac)))
    return tuple(sorted(found, key=lambda one: not one.is_default)), tuple(problems)


def connect(context: Context, found: Found) -> Device:
    """Make a monitor a battery of the household, in its site's own time zone. Its telemetry is
    fetched by the crawler, and by `refresh`. Raises SourceError."""
    if found.device is not None:
        return found.device
    account = aretas.account_of(context.settings, found.account)
    zone = "UTC"
    if found.monitor.latitude is not None and found.monitor.longitude is not None:
        zone = aretas.site_zone(account, found.monitor.latitude, found.monitor.longitude)
    device = Device(
        id=new_id(),
        label=found.monitor.description or found.monitor.site,
        source="aretas",
        mac=found.monitor.mac,
        account=found.account,
        zone=zone,
    )
    save(context, device)
    start_fetching(context, device, Period(context.now() - FIRST_LOOK, context.now()))
    return device


def start_fetching(context: Context, device: Device, period: Period) -> Job:
    """Have a battery's telemetry fetched in the background, from a period's start up to now."""
    body = {"device": device.id, "from": iso_z(period.start)}
    return context.store.jobs.add(context.store.household(), JOB, body, context.now())


def being_fetched(context: Context, device: Device) -> Job | None:
    """The job that is bringing in a battery's telemetry, None where there is none."""
    found = jobs.unfinished(context, JOB)
    return next((one for one in found if one.body["device"] == device.id), None)


def work(context: Context, job: Job, progress: Progress) -> Outcome:
    """Do a job of a battery, or go on with it; nothing for a battery forgotten in between."""
    known = documents.batteries(context.store)
    device = next((one for one in known if one.id == job.body["device"]), None)
    if device is None:
        return Outcome()
    period = Period(parse_instant(job.body["from"]), context.now())
    done = refresh(context, device, period, progress)
    return jobs.outcome(job, [done] if done else [], {})


def go_on(context: Context, job: Job, progress: Progress) -> bool:
    """Do a job here and now, where no crawler is at work; False while somebody is at it."""
    return jobs.run(context, job, work, progress)


def connect_defaults(context: Context) -> tuple[Device, ...]:
    """Connect the monitors that `mac` names in the settings; those that were not connected.

    Raises SourceError, once the others are connected, for an account that cannot be asked and for
    a monitor that no account has.
    """
    wanted = {
        mac for section in context.settings.named("aretas") for mac in section.items("mac")
    } - {device.mac for device in documents.batteries(context.store)}
    if not wanted:
        return ()
    listed, problems = monitors(context)
    done = tuple(connect(context, one) for one in listed if one.monitor.mac in wanted)
    for problem in problems:
        raise SourceError(aretas.INFO.title, problem.sentence, remedy=problem.remedy)
    absent = sorted(wanted - {device.mac for device in done})
    if absent:
        raise NotFound(
            aretas.INFO.title,
            f"{aretas.INFO.title} lists no monitor {', '.join(absent)} for this account.",
            remedy="Mend `mac` in [aretas] of secrets.toml.",
        )
    return done


def troubles(context: Context) -> tuple[Finding, ...]:
    """What Aretas refuses for the household's batteries, as last seen."""
    owner = context.store.household()
    own = [one for one in documents.batteries(context.store) if one.source == "aretas"]
    states = [context.store.state(device.feed(owner)) for device in own]
    return tuple(state.problem for state in states if state.problem)


def refresh(
    context: Context, device: Device, period: Period, progress: Progress | None = None
) -> Refreshed | None:
    """Ask Aretas for what the store lacks of a period; None where nobody can be asked."""
    if device.source != "aretas" or is_sample(device):
        return None
    feed = device.feed(context.store.household())
    return fetch.refresh(context, feed, period, progress=progress)


def is_new(context: Context, device: Device) -> bool:
    """True for an Aretas battery that was never asked for, with success or without."""
    if device.source != "aretas" or is_sample(device):
        return False
    feed = device.feed(context.store.household())
    known = context.store.state(feed)
    return known.version == 0 and known.problem is None


def first_look(context: Context, period: Period) -> Period:
    """What to ask of a new battery: the period on screen, and thirty days at least."""
    now = context.now()
    return Period(min(period.start, now - FIRST_LOOK), min(max(period.end, now), now))


def read_client_config(text: str, name: str) -> dict[str, str]:
    """`[aretas]` settings of the Aretas client's own `config.cfg`; see `as_toml`."""
    return read_config(text, name)


def as_toml(values: dict[str, str], *, hide: bool = False) -> str:
    """An `[aretas]` section for secrets.toml; `hide` masks the password for the screen."""
    lines = ["[aretas]"]
    for name, value in values.items():
        shown = "********" if hide and name == "password" else value
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'{name} = "{escaped}"')
    return "\n".join(lines) + "\n"
