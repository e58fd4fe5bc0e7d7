"""Battery: what it does now, what it really holds, what it costs and saves, how it ages."""

from __future__ import annotations

from functools import partial

import streamlit as st

from energydash.answers import battery
from energydash.battery.devices import Device
from energydash.views import battery as show
from energydash.views import battery_setup as setup
from energydash.views import cache, components, time_range, viewer
from energydash.views.battery_ageing import ahead_card
from energydash.views.live import live
from energydash.views.time_range import TimeRange


def figures(device: Device, chosen: TimeRange) -> None:
    """The part that keeps itself up to date: figures and the traces."""
    shown = chosen.moved_on(cache.context().now())
    found = show.asked(device.id, shown.period).result
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(components.escape(device.name), anchor=False, width="content")
        components.sample_badge(found.reading)
        components.stale_badge(found.reading)
    show.doubts(found)
    show.figures(found)
    zoom = f"{device.id}{shown.preset}{shown.at}"
    if not found.reading.is_empty:
        show.traces_card(device.id, shown.period, device.zone, zoom)


def details(device: Device, chosen: TimeRange) -> None:
    """What changes slowly: energy and money, cycles, stress, ageing, quality."""
    view = show.asked(device.id, chosen.period)
    if view.result.reading.is_empty:
        return
    show.energy_card(view, chosen)
    show.cycles_card(view)
    show.stress_card(view)
    ahead_card(device.id, device.zone)
    show.quality_card(view.result, device.zone)


def one_battery(device: Device, chosen: TimeRange) -> None:
    """One battery from top to bottom."""
    setup.bring_first(device, chosen.period)
    live(lambda: figures(device, chosen), key=f"battery_{device.id}", on=chosen.is_live)
    details(device, chosen)


here = cache.context()
known = battery.devices(here)
is_personal = viewer.may_edit() and not here.sample
if is_personal and battery.is_configured(here) and not known:
    setup.connect_default()
with components.header("Battery"):
    names = {device.id: device.name for device in known}
    picked = list(names)
    if len(known) > 1:
        picked = st.pills(
            "Batteries", list(names), selection_mode="multi", default=[known[0].id],
            format_func=lambda one: components.escape(names[one]), key="batteries",
            label_visibility="collapsed",
        ) or [known[0].id]  # fmt: skip
devices = [device for device in known if device.id in picked]
if devices:
    chosen = time_range.choose(devices[0].zone)
    for column, device in zip(st.columns(len(devices)), devices, strict=True):
        with column:
            one_battery(device, chosen)
else:
    components.empty("No battery is connected.", "Connect Aretas or import a file below.")
if is_personal:
    own = tuple(device for device in known if device.id != "sample")
    forms = [
        ("Connect Aretas", "cable", lambda: setup.connect_form("page")),
        ("Import telemetry", "upload_file", lambda: setup.import_form(own, "page")),
        *(
            (
                f"Settings of {components.escape(one.name)}",
                "tune",
                partial(setup.describe_form, one, one.id),
            )
            for one in own
        ),
    ]
    for label, icon, form in forms:
        with components.fold(label, icon=f":material/{icon}:", key=f"fold_{label}") as is_open:
            if is_open:
                form()
