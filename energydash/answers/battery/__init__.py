"""Every question about a battery, in one place for the faces."""

from __future__ import annotations

from energydash.answers.battery.analysis import (
    BatteryAnswer,
    analyse,
    analyse_file,
    analyse_telemetry,
)
from energydash.answers.battery.devices import (
    change,
    device_of,
    devices,
    forget,
    is_configured,
    is_sample,
    save,
)
from energydash.answers.battery.health import HealthAnswer, health
from energydash.answers.battery.imports import Imported, import_telemetry, look_at
from energydash.answers.battery.money import MoneyAnswer, battery_money
from energydash.answers.battery.monitors import (
    Found,
    as_toml,
    being_fetched,
    connect,
    connect_defaults,
    first_look,
    go_on,
    is_new,
    monitors,
    read_client_config,
    refresh,
    start_fetching,
    troubles,
)
from energydash.answers.battery.records import history
from energydash.answers.battery.report import battery_report
from energydash.answers.battery.traces import Traces, export, traces
from energydash.answers.battery.view import BatteryView, summary, view
from energydash.battery.money import By
from energydash.sources.imports.telemetry import read as read_telemetry
from energydash.sources.imports.telemetry_columns import Column, Said, said_of

__all__ = [
    "BatteryAnswer",
    "BatteryView",
    "By",
    "Column",
    "Found",
    "HealthAnswer",
    "Imported",
    "MoneyAnswer",
    "Said",
    "Traces",
    "analyse",
    "analyse_file",
    "analyse_telemetry",
    "as_toml",
    "battery_money",
    "battery_report",
    "being_fetched",
    "change",
    "connect",
    "connect_defaults",
    "device_of",
    "devices",
    "export",
    "first_look",
    "forget",
    "go_on",
    "health",
    "history",
    "import_telemetry",
    "is_configured",
    "is_new",
    "is_sample",
    "look_at",
    "monitors",
    "read_client_config",
    "read_telemetry",
    "refresh",
    "said_of",
    "save",
    "start_fetching",
    "summary",
    "traces",
    "troubles",
    "view",
]
