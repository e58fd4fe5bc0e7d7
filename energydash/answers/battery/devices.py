"""The household's batteries: which there are, and how their owner describes them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, Final

from energydash.battery.devices import Device
from energydash.core.errors import InputError
from energydash.sources.sample import battery as sample
from energydash.sync import batteries, documents
from energydash.sync.context import Context

KIND: Final = "device"


def devices(context: Context) -> tuple[Device, ...]:
    """The household's batteries; the made-up one where sample data are asked for or allowed."""
    if context.sample:
        return (sample.DEVICE,)
    found = tuple(documents.batteries(context.store))
    if not found and context.sample_if_empty and not is_configured(context):
        return (sample.DEVICE,)
    return found


def is_configured(context: Context) -> bool:
    """True where an Aretas login is in the settings."""
    return any(section.text("username") for section in context.settings.named("aretas"))


def device_of(context: Context, name: str = "") -> Device:
    """A battery by id or label; the only (or first) one without a name. Raises InputError."""
    known = devices(context)
    if not known:
        raise InputError(
            "There is no battery yet.",
            remedy="Connect Aretas, or import telemetry: energydash import telemetry FILE.",
        )
    if not name:
        return known[0]
    for device in known:
        if name in (device.id, device.label):
            return device
    raise InputError(
        f"There is no battery '{name}'.",
        remedy=f"Known: {', '.join(device.id for device in known)}.",
    )


def is_sample(device: Device) -> bool:
    """True for the made-up battery."""
    return device.id == sample.DEVICE.id


def new_id() -> str:
    """A local id that says nothing about the battery."""
    return f"battery-{secrets.token_hex(3)}"


def save(context: Context, device: Device) -> None:
    """Keep the owner's description of a battery."""
    context.store.put(context.store.household(), KIND, device.id, device.to_body())


def change(context: Context, device: Device, **changes: Any) -> Device:
    """Change some of a battery's description. Raises InputError for what cannot be."""
    changed = replace(device, **changes)
    save(context, changed)
    batteries.derive(context, changed)
    return changed


def forget(context: Context, device: Device) -> int:
    """Remove a battery and its telemetry; the number of readings deleted."""
    gone = batteries.forget(context, device)
    context.store.drop(context.store.household(), KIND, device.id)
    return gone
