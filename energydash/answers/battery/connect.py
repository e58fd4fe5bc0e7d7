"""Bringing batteries in: Aretas monitors, telemetry files, and the owner's description."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from energydash.answers.battery import data
from energydash.battery.devices import Device
from energydash.battery.telemetry import from_arrays, to_frame
from energydash.core.errors import InputError, SourceError
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.time import Period
from energydash.sources import aretas
from energydash.sources.aretas.config import read_config
from energydash.sources.aretas.sites import Monitor
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sync import documents, fetch
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed

KIND = "device"
FIRST_LOOK = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """A monitor of a configured account, and whether it is connected already."""

    account: str
    monitor: Monitor
    is_default: bool
    device: Device | None = None


@dataclass(frozen=True)
class Imported:
    """What an import of one file did. faults: what was odd, in sentences."""

    name: str
    kind: str
    device: Device
    created: bool
    rows: int
    changed: int
    period: Period
    channels: tuple[str, ...]
    faults: tuple[Finding, ...] = ()


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
        id=_new_id(),
        label=found.monitor.description or found.monitor.site,
        source="aretas",
        mac=found.monitor.mac,
        account=found.account,
        zone=zone,
    )
    save(context, device)
    now = context.now()
    feed = device.feed(context.store.household())
    context.store.want(feed, now, Period(now - FIRST_LOOK, now))
    return device


def connect_defaults(context: Context) -> tuple[Device, ...]:
    """Connect the monitors that `mac` names in the settings; those that were not connected."""
    wanted = {
        mac for section in context.settings.named("aretas") for mac in section.items("mac")
    } - {device.mac for device in documents.batteries(context.store)}
    if not wanted:
        return ()
    listed, _ = monitors(context)
    return tuple(connect(context, one) for one in listed if one.monitor.mac in wanted)


def refresh(
    context: Context, device: Device, period: Period, progress: Progress | None = None
) -> Refreshed | None:
    """Ask Aretas for what the store lacks of a period; None where nobody can be asked."""
    if device.source != "aretas" or data.is_sample(context, device):
        return None
    feed = device.feed(context.store.household())
    return fetch.refresh(context, feed, period, progress=progress)


def is_new(context: Context, device: Device) -> bool:
    """True for an Aretas battery that was never asked for, with success or without."""
    if device.source != "aretas" or data.is_sample(context, device):
        return False
    feed = device.feed(context.store.household())
    known = context.store.state(feed)
    return known.version == 0 and known.problem is None


def first_look(context: Context, period: Period) -> Period:
    """What to ask of a new battery: the period on screen, and thirty days at least."""
    now = context.now()
    return Period(min(period.start, now - FIRST_LOOK), min(max(period.end, now), now))


def save(context: Context, device: Device) -> None:
    """Keep the owner's description of a battery."""
    context.store.put(context.store.household(), KIND, device.id, device.to_body())


def change(context: Context, device: Device, **changes: Any) -> Device:
    """Change some of a battery's description. Raises InputError for what cannot be."""
    changed = replace(device, **changes)
    save(context, changed)
    return changed


def forget(context: Context, device: Device) -> int:
    """Remove a battery and its telemetry; the number of readings deleted."""
    store, owner = context.store, context.store.household()
    whole = Period(data.EARLIEST, data.LATEST)
    gone = store.delete(device.feed(owner), whole) + store.delete(
        data.derived_feed(device, owner), whole
    )
    store.drop(owner, data.KIND, device.id)
    store.drop(owner, KIND, device.id)
    return gone


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


def import_telemetry(
    context: Context,
    files: Sequence[tuple[str, bytes]],
    device: str = "",
    *,
    columns: dict[str, str] | None = None,
    create: bool = True,
) -> tuple[Imported, ...]:
    """Keep the telemetry of files as readings of a battery; all of them or, on an error, none.

    device: an id or label; a new one is made where there is none (`create`). Channels are kept
    as the file has them: the sign of charging is told by the state of charge, or set in the
    battery's description. Raises InputError.
    """
    target, is_new = _target(context, device, create)
    zone = None if is_new else target.zone
    parsed = [telemetry_files.read(body, name, columns, zone) for name, body in files]
    for file in parsed:
        if file.relative:
            raise InputError(
                f"{file.name} has times from the start of each cycle, not instants.",
                remedy="Such a file can be analysed (battery analyse FILE), not stored.",
            )
    if is_new:
        save(context, target)
    store, now = context.store, context.now()
    feed = target.feed(store.household())
    done = []
    for file in parsed:
        cleaned = from_arrays(file.arrays)
        frame = to_frame(cleaned)
        if frame.empty:
            raise InputError(f"{file.name} has no usable sample.")
        start, last = frame.index[0].to_pydatetime(), frame.index[-1].to_pydatetime()
        period = Period(start, last + timedelta(seconds=1))
        written = store.write(
            feed,
            Fetched(frame, period),
            fetched_at=now,
            final_before=datetime.max.replace(tzinfo=UTC),
        )
        done.append(
            Imported(
                file.name, file.kind, target, is_new, written.rows, written.changed, period,
                tuple(str(name) for name in frame.columns), (*file.notes, *cleaned.faults),
            )
        )  # fmt: skip
    data.rebuild(context, target)
    return tuple(done)


def _target(context: Context, device: str, create: bool) -> tuple[Device, bool]:
    """The battery that an import is for, and whether it is new."""
    known = documents.batteries(context.store)
    for one in known:
        if device in (one.id, one.label):
            return one, False
    if device == "" and len(known) == 1:
        return known[0], False
    if device == "" and known:
        raise InputError(
            "There are several batteries.",
            remedy=f"Say which: --device {' or '.join(one.id for one in known)}.",
        )
    if not create:
        raise InputError(f"There is no battery '{device}'.", remedy="Leave out --no-create.")
    return Device(id=_new_id(), label=device or "Battery"), True


def _new_id() -> str:
    return f"battery-{secrets.token_hex(3)}"
