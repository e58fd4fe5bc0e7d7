"""A battery as its owner describes it: where its telemetry comes from, and what it was sold as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal

from energydash.battery.joining import Method
from energydash.battery.mapping import full_name
from energydash.core.errors import InputError
from energydash.core.feeds import Feed, Stamp
from energydash.core.time import parse_day, zone_info

CHEMISTRIES: Final = ("lfp", "nmc", "lmo")
USUAL_END_PERCENT: Final = 70.0  # of the new capacity
CADENCE: Final = {"aretas": timedelta(minutes=1), "file": timedelta(days=36500)}


@dataclass(frozen=True)
class Warranty:
    """What the maker promises: until `years` or `throughput_kwh` discharged, whichever comes
    first, at least `health_percent`; and the temperatures it must be kept in. None: not said."""

    years: float | None = None
    throughput_kwh: float | None = None
    health_percent: float | None = None
    lowest_c: float | None = None
    highest_c: float | None = None

    @property
    def is_given(self) -> bool:
        """False where nobody entered one."""
        return self.years is not None or self.throughput_kwh is not None


@dataclass(frozen=True)
class Device:
    """One battery.

    id: local; never the monitor's address. source: `aretas` or `file`. mac: the monitor's address
    at Aretas; private. account: the NAME of `[aretas.NAME]`, '' for the plain section.
    sensors: channel to sensor type number, or `mac:number` where another monitor has it; what the
    user says wins over what the provider lists. scales: channel to factor (millivolts: 0.001).
    charge_sign: the sign that current and power have while charging, 0 where the state of charge
    must tell. method: how samples are joined (see `battery.joining`). chemistry: lfp,
    nmc, lmo or ''. capacity_*: as sold. full_v, cutoff_v: for capacity from full discharges.
    replacement_gbp: what a new one would cost, for wear. errors: of its sensors, by the names of
    `energy.SensorError`; the usual ones where they are not given.
    """

    id: str
    label: str = ""
    source: Literal["aretas", "file"] = "file"
    mac: str = field(default="", repr=False)
    account: str = ""
    zone: str = "UTC"
    sensors: Mapping[str, str] = field(default_factory=dict, repr=False)
    scales: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    charge_sign: Literal[-1, 0, 1] = 0
    method: Method = "auto"
    chemistry: str = ""
    capacity_ah: float | None = None
    capacity_kwh: float | None = None
    full_v: float | None = None
    cutoff_v: float | None = None
    installed: date | None = None
    replacement_gbp: float | None = None
    warranty: Warranty = Warranty()
    import_meter: str = ""
    export_meter: str = ""

    def __post_init__(self) -> None:
        if not self.id or any(sign in self.id for sign in " /|"):
            raise InputError(f"'{self.id}' is not a device id.", remedy="Use letters, digits, -.")
        zone_info(self.zone)
        if self.chemistry and self.chemistry not in CHEMISTRIES:
            raise InputError(
                f"'{self.chemistry}' is not a chemistry.", remedy=f"Use {', '.join(CHEMISTRIES)}."
            )
        for name in ("capacity_ah", "capacity_kwh", "replacement_gbp"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} of {self.name} must be above zero.")
        object.__setattr__(self, "sensors", {full_name(k): v for k, v in self.sensors.items()})
        object.__setattr__(self, "scales", {full_name(k): v for k, v in self.scales.items()})

    @property
    def name(self) -> str:
        return self.label or f"battery {self.id}"

    @property
    def end_percent(self) -> float:
        """What is left of the capacity at the end of its life: as warranted, else as usual."""
        return self.warranty.health_percent or USUAL_END_PERCENT

    def feed(self, owner: str) -> Feed:
        """Its telemetry in the store; with an address where Aretas can be asked."""
        address = ""
        if self.source == "aretas" and self.mac:
            address = json.dumps(
                {"mac": self.mac, "account": self.account, "sensors": dict(self.sensors)}
            )
        return Feed(
            source=self.source,
            subject=self.id,
            quantity="telemetry",
            unit="",
            step=None,
            zone=self.zone,
            cadence=CADENCE[self.source],
            stamp=Stamp.INSTANT,
            owner=owner,
            revises=timedelta(hours=1),
            address=address,
        )

    def to_body(self) -> dict[str, Any]:
        """As a JSON document."""
        body = asdict(self)
        body["installed"] = self.installed.isoformat() if self.installed else None
        return body

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Device:
        """The inverse of `to_body`; what a newer version added is left alone."""
        known = {name: body[name] for name in cls.__dataclass_fields__ if name in body}
        warranty = known.pop("warranty", None) or {}
        installed = known.pop("installed", None)
        fields = {k: v for k, v in warranty.items() if k in Warranty.__dataclass_fields__}
        return cls(
            **known,
            warranty=Warranty(**fields),
            installed=parse_day(installed) if installed else None,
        )
