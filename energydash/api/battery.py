"""Batteries: for their owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query

from energydash.answers import battery
from energydash.api import battery_models as models
from energydash.api.asking import Form, From, Here, Reply, To, reply
from energydash.battery.devices import Device
from energydash.core import bounds
from energydash.core.time import Period
from energydash.serialise import battery as documents
from energydash.sync.context import Context

By = Annotated[battery.By, Query(description="what a row stands for")]


def get_batteries(here: Here, form: Form = "json") -> Reply:
    """The household's batteries, by their local ids."""
    return reply(documents.batteries(battery.devices(here)), form)


def get_battery(
    device: str, here: Here, start: From = None, end: To = None, form: Form = "json"
) -> Reply:
    """What a battery took in and gave by day, its capacity, cycles and efficiency."""
    chosen, period = _asked(here, device, start, end)
    return reply(documents.days(battery.view(here, chosen.id, period)), form)


def get_money(
    device: str, here: Here, start: From = None, end: To = None, by: By = "day",
    form: Form = "json",
) -> Reply:  # fmt: skip
    """What a battery saved against having none, £."""
    chosen, period = _asked(here, device, start, end)
    return reply(documents.money(battery.battery_money(here, chosen.id, period, by)), form)


def get_health(device: str, here: Here, form: Form = "json") -> Reply:
    """Measured capacity over the battery's life, its trend, forecast and warranty."""
    chosen = battery.device_of(here, device)
    return reply(documents.health(battery.health(here, chosen.id)), form)


def get_channels(
    device: str, here: Here, start: From = None, end: To = None, form: Form = "json"
) -> Reply:
    """Voltage, current, power, charge and temperature; raw samples up to eight days."""
    chosen, period = _asked(here, device, start, end)
    return reply(documents.traces(battery.traces(here, chosen.id, period)), form)


def _asked(here: Context, device: str, start: str | None, end: str | None) -> tuple[Device, Period]:
    chosen = battery.device_of(here, device)
    return chosen, bounds.period_of(start, end, chosen.zone, here.now(), longest=bounds.BATTERY)


ROUTES: dict[str, tuple[Callable[..., Reply], Any]] = {
    "/batteries": (get_batteries, list[models.Battery]),
    "/batteries/{device}": (get_battery, models.BatteryDays),
    "/batteries/{device}/money": (get_money, models.BatteryMoney),
    "/batteries/{device}/health": (get_health, models.BatteryHealth),
    "/batteries/{device}/channels": (get_channels, models.Channels),
}
