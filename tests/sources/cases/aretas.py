"""Aretas: one monitor's telemetry."""

from __future__ import annotations

from energydash.battery.devices import Device
from energydash.core.settings import Settings
from energydash.sources import aretas
from tests.sources.contract import ContractCase
from tests.upstreams.aretas import HOST, MAC, PASSWORD, USERNAME


def _forget(_: Settings) -> None:
    aretas.forget_logins()


CASES = [
    ContractCase(
        name="aretas",
        feed=lambda _: Device("home", source="aretas", mac=str(MAC)).feed("household"),
        host=HOST,
        environment={
            "ENERGYDASH_ARETAS_USERNAME": USERNAME,
            "ENERGYDASH_ARETAS_PASSWORD": PASSWORD,
            "ENERGYDASH_ARETAS_MAC": str(MAC),
        },
        hours=2,
        needed="timestamp",
        values=("data",),
        not_applicable={"unknown fuel": "a battery has no fuels"},
        prepare=_forget,
    )
]
