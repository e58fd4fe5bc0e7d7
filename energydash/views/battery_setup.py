"""Connecting and describing batteries: Aretas monitors, files, nominal values, signs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from energydash.answers import battery
from energydash.battery.devices import Device, Warranty
from energydash.battery.energy import errors_text, parse_errors
from energydash.battery.mapping import parse_overrides
from energydash.battery.telemetry import LABELS
from energydash.core.errors import EnergydashError
from energydash.core.time import Period
from energydash.views import cache, components, confirm, connecting, formatting

SIGNS = {"told by the state of charge": 0, "positive": 1, "negative": -1}
DATES = {"": "as the dates tell", "day-first": "day first: 7 January",
         "month-first": "month first: 1 July"}  # fmt: skip
NOT_USED = "Not used"
QUANTITIES = {NOT_USED: "", "Time": "time", "Cycle": "cycle"} | {
    label: part for part, label in LABELS.items()
}
UNIT_CHOICES = ["", "V", "mV", "A", "mA", "kW", "W", "%", "°C", "°F"]
NAMES = {"": "not said", "lfp": "LFP", "nmc": "NMC", "lmo": "LMO"}


def bring_first(device: Device, period: Period) -> None:
    """The bar of a battery whose history is being fetched; a new one's is started, or fetched here
    and now where no crawler is at work. Later telemetry comes by the crawler."""
    here = cache.context()
    job = battery.being_fetched(here, device)
    if job is None and battery.is_new(here, device):
        job = battery.start_fetching(here, device, battery.first_look(here, period))
    if job is None:
        return
    if here.crawled:
        connecting.bar(lambda: battery.being_fetched(here, device), key=f"bring_{device.id}")
        return
    if job.problem:
        return  # asked again by a click, not by every run of the page
    with confirm.progress("Asking Aretas for the last thirty days") as tell:
        battery.go_on(here, job, tell)


def connect_default() -> None:
    """Connect the monitors that the settings name, once."""
    here = cache.context()
    try:
        if battery.connect_defaults(here):
            cache.forget()
            st.rerun()
    except EnergydashError as error:
        st.warning(components.escape(str(error)), icon=":material/warning:")


def connect_form(key: str) -> None:
    """The monitors of the Aretas account, and how to configure one."""
    here = cache.context()
    try:
        found, problems = battery.monitors(here)
    except EnergydashError as error:
        st.markdown(
            f"{components.escape(str(error))} A `config.cfg` of Aretas's own client is read below."
        )
        given = st.file_uploader("config.cfg", type=["cfg", "ini"], key=f"config_{key}")
        if given is not None:
            _show_config(given.getvalue().decode("utf-8", "replace"), given.name)
        return
    for problem in problems:
        components.trouble(problem, key=f"account_{key}")
    now = here.now()
    for one in found:
        monitor = one.monitor
        place = ", ".join(
            filter(None, (monitor.site, monitor.city, monitor.state, monitor.country))
        )
        where = (
            f" · {monitor.latitude:.2f}, {monitor.longitude:.2f}"
            if monitor.latitude is not None and monitor.longitude is not None
            else ""
        )
        last = formatting.ago(now - monitor.last_report) if monitor.last_report else "never"
        state = "active" if monitor.is_active(now) else "not active"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{components.escape(monitor.description)}** "
                f"{'(default)' if one.is_default else ''}"
                f"  \n:gray[{components.escape(place + where)} · mac {monitor.mac} · reported "
                f"{last} · {state}]",
                width="stretch",
            )
            if one.device is None:
                st.button("Connect", key=f"connect_{monitor.mac}_{key}", on_click=_connect,
                          args=(one,))  # fmt: skip
            else:
                st.badge("connected", color="green")


def _connect(one: battery.Found) -> None:
    try:
        battery.connect(cache.context(), one)
    except EnergydashError as error:
        st.warning(components.escape(str(error)))
    cache.forget()


def _show_config(text: str, name: str) -> None:
    try:
        values = battery.read_client_config(text, name)
    except EnergydashError as error:
        st.warning(components.escape(str(error)))
        return
    st.markdown("Put this into `secrets.toml`, with your password in the place of the stars:")
    st.code(battery.as_toml(values, hide=True), language="toml")


def import_form(devices: tuple[Device, ...], key: str) -> None:
    """Telemetry files into a battery that is there, or a new one: what each column is taken for is
    shown, and can be changed, before anything is kept."""
    files = st.file_uploader(
        "Aretas JSON or CSV, Home Assistant history, Victron VRM, CSV, Parquet or xlsx",
        accept_multiple_files=True, key=f"files_{key}",
    )  # fmt: skip
    names = {device.id: device.name for device in devices} | {"": "a new battery"}
    with st.container(horizontal=True):
        target = st.selectbox(
            "Battery", list(names), format_func=lambda one: names[one], key=f"target_{key}"
        )
        zone = st.text_input(
            "Time zone of the file", key=f"zone_{key}", placeholder="Europe/London",
            help="Of times without an offset. The battery's own by default, else UTC.",
        )  # fmt: skip
        dates = st.selectbox(
            "Dates such as 07/01/2026",
            list(DATES),
            format_func=lambda one: DATES[one],
            key=f"dates_{key}",
        )
    if not files:
        return
    here, given = cache.context(), [(file.name, file.getvalue()) for file in files]
    try:
        said = battery.said_of(zone=zone, dates=dates)
        looked = battery.look_at(here, given, target, said)
        confirmed = _confirmed(looked[0].columns, looked[0].doubts, said, key)
        if confirmed != said:
            looked = battery.look_at(here, given, target, confirmed)
    except EnergydashError as error:
        st.error(components.escape(str(error)))
        return
    doubts = [f"{one.name}: {doubt.sentence}" for one in looked for doubt in one.doubts]
    for doubt in doubts:
        st.warning(f"{components.escape(doubt)} Say it above.", icon=":material/help:")
    if st.button("Import with these columns", key=f"import_{key}", disabled=bool(doubts)):
        _import(given, target or "Battery", confirmed)


def _confirmed(
    columns: tuple[battery.Column, ...], doubts: tuple[Any, ...], said: battery.Said, key: str
) -> battery.Said:
    """What is said of the columns: what each is taken for, as a table to be changed."""
    st.caption("What each column is taken for. Files of one import have the same columns.")
    table = pd.DataFrame(
        {
            "Column": [one.name for one in columns],
            "Quantity": [one.quantity if one.channel else NOT_USED for one in columns],
            "Unit": [one.unit for one in columns],
            "First value": [one.first for one in columns],
        }
    )
    edited = st.data_editor(
        table, key=f"columns_{key}", hide_index=True, disabled=["Column", "First value"],
        column_config={
            "Quantity": st.column_config.SelectboxColumn(options=list(QUANTITIES), required=True),
            "Unit": st.column_config.SelectboxColumn(options=UNIT_CHOICES),
        },
    )  # fmt: skip
    named: dict[str, str] = {}
    units: dict[str, str] = {}
    for before, name, quantity, unit in zip(
        columns, edited["Column"], edited["Quantity"], edited["Unit"], strict=True
    ):
        channel = QUANTITIES[quantity]
        if channel != before.channel:
            named.setdefault(before.channel, "none")
            named[channel] = name
        if channel in LABELS and unit and (unit != before.unit or doubts):
            units[channel] = unit
    named.pop("", None)
    for doubt in doubts:
        label = f"None of these is the battery's {LABELS.get(doubt.channel, '').lower()}"
        if doubt.channel and doubt.channel not in named and st.checkbox(
            label, key=f"none_{doubt.channel}_{key}"
        ):  # fmt: skip
            named[doubt.channel] = "none"
    return replace(said, columns=named, units=units)


def _import(given: list[tuple[str, bytes]], target: str, said: battery.Said) -> None:
    try:
        done = battery.import_telemetry(cache.context(), given, target, said=said)
    except EnergydashError as error:
        st.error(components.escape(str(error)))
        return
    cache.forget()
    for one in done:
        channels = ", ".join(one.channels)
        st.success(components.escape(f"{one.name}: {one.rows:,} values of {channels}"))
        for fault in one.findings:
            st.caption(components.escape(str(fault)))


def describe_form(device: Device, key: str) -> None:
    """What it was sold as, and how its channels are to be read."""
    with st.form(f"describe_{key}"):
        label = st.text_input("Name", device.label)
        with st.grid(3, min_column_width=150):
            kind = st.selectbox(
                "Cells",
                list(NAMES),
                list(NAMES).index(device.chemistry),
                format_func=lambda one: NAMES[one],
            )
            ah = st.number_input("Nominal Ah", 0.0, value=device.capacity_ah or 0.0)
            kwh = st.number_input("Nominal kWh", 0.0, value=device.capacity_kwh or 0.0)
            cutoff = st.number_input("Cut-off V", 0.0, value=device.cutoff_v or 0.0)
            full = st.number_input("Full V", 0.0, value=device.full_v or 0.0)
            price = st.number_input("A new one costs, £", 0.0, value=device.replacement_gbp or 0.0)
            years = st.number_input(
                "Warranty, years", 0.5, value=device.warranty.years, placeholder="none"
            )
            throughput = st.number_input(
                "Warranty, kWh", 0.0, value=device.warranty.throughput_kwh or 0.0
            )
            promised = st.number_input(
                "Warranty, % left",
                1.0,
                99.0,
                value=device.warranty.health_percent,
                placeholder="none",
            )
        installed = st.date_input("Installed", device.installed)
        sign = st.selectbox(
            "Sign of the current while charging", list(SIGNS),
            list(SIGNS.values()).index(device.charge_sign),
        )  # fmt: skip
        scales = st.text_input(
            "Scales", ",".join(f"{k.split('_')[0]}={v:g}" for k, v in device.scales.items()),
            help="voltage=0.001 where a channel is in millivolts",
        )  # fmt: skip
        errors = st.text_input(
            "Errors of the sensors", errors_text(device.errors),
            placeholder="current=0.5,offset=0.05,voltage=0.2,soc=1",
            help="One standard deviation each: % of the current, A, % of the voltage, points of "
            "charge. The usual ones of a shunt where it is empty.",
        )  # fmt: skip
        sensors = st.text_input(
            "Sensors", ",".join(f"{k.split('_')[0]}={v}" for k, v in device.sensors.items()),
            help="voltage=532,temperature=2193481:246 where another monitor has it",
        )  # fmt: skip
        if st.form_submit_button("Save"):
            _save(
                device, label=label, chemistry=kind, capacity_ah=ah or None,
                capacity_kwh=kwh or None, cutoff_v=cutoff or None, full_v=full or None,
                replacement_gbp=price or None, installed=installed,
                charge_sign=SIGNS[sign], scales=scales, sensors=sensors, errors=errors,
                warranty=Warranty(years, throughput or None, promised,
                                  device.warranty.lowest_c, device.warranty.highest_c),
            )  # fmt: skip


def _save(device: Device, *, scales: str, sensors: str, errors: str, **changes: Any) -> None:
    try:
        factors = {name: float(value) for name, value in parse_overrides(scales).items()}
    except ValueError:
        st.warning("A scale is a number: voltage=0.001.")
        return
    try:
        battery.change(
            cache.context(),
            device,
            scales=factors,
            sensors=parse_overrides(sensors),
            errors=parse_errors(errors),
            **changes,
        )
    except EnergydashError as error:
        st.warning(components.escape(str(error)))
        return
    cache.forget()
    st.rerun()
