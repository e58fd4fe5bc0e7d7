"""What the Battery page draws, part by part, in the order in which people ask."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from energydash.answers import battery
from energydash.answers.battery import BatteryView, MoneyAnswer, Traces
from energydash.battery.efficiency import Efficiency
from energydash.battery.telemetry import LABELS, PARTS, UNITS
from energydash.charts import battery as charts
from energydash.core.time import Period, zone_info
from energydash.serialise import Document, csv_text
from energydash.serialise import battery as documents
from energydash.views import cache, components, formatting
from energydash.views.time_range import TimeRange

SIGN = "Positive is charging, negative is discharging, in every chart and figure."
DAY_BARS = 62  # more days than this are shown by month
STRESS = {
    "soc": ("State of charge", "hours"),
    "temperature": ("Temperature", "hours"),
    "c_rate": ("C-rate (+ charging)", "hours"),
    "depth": ("Depth of discharge", "cycles"),
}


def asked(device: str, period: Period) -> cache.Asked[BatteryView]:
    """The view of one battery, remembered with what is drawn of it."""
    return cache.ask(battery.view, device, period)


def figures(found: BatteryView) -> None:
    """The first row: now, energy, money, what it holds, how much of the time was seen."""
    facts = battery.summary(found)
    power = facts["power_kw"]
    doing = "" if power is None else "idle" if abs(power) < 0.03 else (
        "charging" if power > 0 else "discharging"
    )  # fmt: skip
    saved = cache.answer(battery.battery_money, found.device.id, found.period)
    size = found.analysis.capacity if found.analysis else None
    flagged, how, usable = "", found.answer.reason, "Usable, kWh"
    if size:
        if size.depends_on_bms:
            usable = "As the BMS counts it, kWh"
            flagged = (
                " Its state of charge is the battery's own count, so this repeats the size that "
                "the BMS believes in; health needs a discharge from full to empty."
            )
        counted = size.method == "ah-over-soc"
        how = (
            f"{'Charge against the state of charge' if counted else 'Full discharges'}, "
            f"{size.samples} used{_window(found)}.{flagged} ± is two standard deviations."
        )
    shown = [
        components.Metric("Charge, %", formatting.number(facts["soc_percent"], 0),
                     help="State of charge as the battery's monitor reports it."),
        components.Metric("Power, kW", formatting.number(power, 2), delta=doing, help=SIGN),
        components.Metric("Charged, kWh", formatting.number(facts["kwh_in"], 1),
                     help=_sigma(found, "kwh_in")),
        components.Metric("Discharged, kWh", formatting.number(facts["kwh_out"], 1),
                     help=_sigma(found, "kwh_out")),
        components.Metric("Net",
                     formatting.money(saved.totals["net_gbp"] if saved.is_priced else None),
                     help=NET_HELP),
        components.Metric(usable, _with_error(facts["usable_kwh"], facts["sigma_kwh"], 2),
                     help=how),
        components.Metric("Health, %",
                     _with_error(_percent(facts["health"]), _percent(facts["sigma_health"]), 1),
                     help="Usable Ah over the nominal Ah of the battery's settings."
                          f"{flagged}"),
        components.Metric("Coverage, %", formatting.number(_percent(facts["coverage"]), 1),
                     help="Share of the period up to now with voltage and current. Nothing is "
                          "counted in the rest; the most it may hide is given below. "
                          f"{found.reading.coverage.sentence}"),
    ]  # fmt: skip
    for row in (0, 4):
        components.metrics(shown[row : row + 4], key=f"figures_{row}_{found.device.id}", width=150)


NET_HELP = (
    "Import avoided + export earned - cost of charging - export forgone - wear, each half-hour at "
    "its own price."
)


def doubts(found: BatteryView) -> None:
    """What forbids figures, on top; what only widens them, below in data quality."""
    for one in found.answer.findings:
        if one.severity == "blocking":
            st.error(components.escape(str(one)), icon=":material/block:")
    if found.reading.is_empty:
        if found.reading.problem:
            components.trouble(found.reading.problem, found.reading, key=f"empty_{found.device.id}")
        components.empty("No telemetry in this period.", "Choose another, or import a file below.")


def traces_card(device: str, period: Period, zone: str, zoom: str) -> None:
    """Power and state of charge, then the other channels, each with its own axis."""
    inner = _zoomed(period, zoom)
    drawn = cache.ask(battery.traces, device, inner)
    found = drawn.result
    with components.card(
        "Power and state of charge", found.reading, key=f"traces_{device}", zone=zone,
        badge=found.note, hint=f"{SIGN} Time without data is shaded. Drag across a chart to zoom.",
    ) as foot:  # fmt: skip
        foot.csv(cache.draw(drawn, documents.traces))
        if inner != period:
            st.button("Show the whole period", key=f"unzoom_{device}", on_click=_unzoom,
                      icon=":material/zoom_out_map:", type="tertiary")  # fmt: skip
        components.said(*{_channel(drawn, part, inner, zone, zoom): None
                     for part in ("power_kw", "soc_percent")})  # fmt: skip
    with components.card(
        "Voltage, current, temperature", found.reading, key=f"channels_{device}", zone=zone
    ):
        components.said(*{_channel(drawn, part, inner, zone, zoom): None
                     for part in ("voltage_v", "current_a", "temperature_c")})  # fmt: skip


def _channel(drawn: cache.Asked[Traces], part: str, period: Period, zone: str, zoom: str) -> str:
    """Draw one channel; what is to be said about its chart."""
    found = drawn.result
    if part not in found.frames:
        return f"{LABELS[part]}: no channel"
    figure, note = cache.draw(drawn, _figure, part, zone, period, zoom)
    said: str = note
    st.caption(f"{LABELS[part]}, {UNITS[part]}")
    key = f"chart_{part}_{found.device.id}"
    components.chart(
        figure, key=key, title=f"{found.device.name} {LABELS[part]}, {UNITS[part]}", period=period,
        inputs=[found.reading], zone=zone, alt=f"{LABELS[part]} over time",
        on_select=partial(_zoom, key, zoom, period, zone), selection_mode="box",
    )  # fmt: skip
    return said


def _figure(found: Traces, part: str, zone: str, period: Period, zoom: str) -> Any:
    return charts.channel(
        found.frames[part], part, zone, period, found.gaps, keep_zoom=f"{zoom}{part}"
    )


def _zoom(key: str, zoom: str, period: Period, zone: str) -> None:
    """Keep what was dragged over as a period; the axis has the offset of the period's start."""
    boxes = (st.session_state[key].get("selection") or {}).get("box") or ()
    if not boxes or len(boxes[0]["x"]) != 2:
        return
    offset = period.start.astimezone(zone_info(zone)).utcoffset() or timedelta(0)
    start, end = (
        (pd.Timestamp(x) - offset).tz_localize(UTC).to_pydatetime() for x in sorted(boxes[0]["x"])
    )
    if end - start >= timedelta(minutes=5):
        st.session_state["battery_zoom"] = (zoom, start, end)


def _unzoom() -> None:
    st.session_state.pop("battery_zoom", None)


def _zoomed(period: Period, zoom: str) -> Period:
    """The part of the period that was dragged over, else all of it."""
    kept = st.session_state.get("battery_zoom")
    if not kept or kept[0] != zoom:
        return period
    return period.intersect(Period(kept[1], kept[2])) or period


def energy_card(view: cache.Asked[BatteryView], chosen: TimeRange) -> None:
    """Energy in and out by day (or month) with what it cost and saved."""
    found = view.result
    by: battery.By = "month" if len(found.days) > DAY_BARS else "day"
    priced = cache.ask(battery.battery_money, found.device.id, found.period, by)
    saved = priced.result
    with components.card(
        f"Energy by {by}, and what it saved", found.reading, *saved.inputs[1:],
        key=f"energy_{found.device.id}", zone=chosen.zone,
        hint="Charged up, discharged down; integrals of voltage × current, never of means.",
    ):  # fmt: skip
        components.chart(
            cache.draw(view, _energy_figure, by),
            key=f"bars_{found.device.id}",
            title=f"{found.device.name} energy",
            alt="kWh in and out",
            period=found.period,
            inputs=[found.reading],
            zone=chosen.zone,
        )
        if saved.is_priced:
            components.chart(cache.draw(priced, _money_figure), key=f"money_{found.device.id}",
                        title=f"{found.device.name} money", alt="Pounds saved",
                        period=found.period, inputs=saved.inputs, zone=chosen.zone)  # fmt: skip
            components.said(*_money_words(saved))
        components.said(*saved.notes)
        with components.fold("Table", key=f"table_{found.device.id}_open") as is_open:
            if is_open:
                components.table(
                    _money_rows(saved, by), key=f"table_{found.device.id}", name="battery energy",
                    document=documents.money(saved),
                )  # fmt: skip


def _money_rows(saved: MoneyAnswer, by: str) -> components.Rows:
    shape = "%Y-%m-%d" if by == "day" else "%Y-%m"
    days = pd.DatetimeIndex(saved.table.index).strftime(shape).rename(by)
    return components.Rows(saved.table.set_axis(days, axis="index").reset_index())


def _energy_figure(found: BatteryView, by: str) -> Any:
    days = found.days
    if by == "month":
        days = days.groupby(pd.DatetimeIndex(days.index).to_period("M").to_timestamp()).sum()
    return charts.energy_bars(days)


def _money_figure(saved: MoneyAnswer) -> Any:
    return charts.money_bars(saved.table)


def _cycle_figure(found: BatteryView, column: str, sigma: str, unit: str, name: str) -> Any:
    return charts.per_cycle(found.cycles, column, sigma, unit, found.device.zone, name)


def _stress_figure(found: BatteryView, name: str, unit: str, title: str) -> Any:
    return charts.histogram(found.stress[name], unit, title)


def _money_words(saved: MoneyAnswer) -> tuple[str, ...]:
    totals = saved.totals
    amounts = {
        "import avoided": "avoided_import_gbp", "export earned": "export_earned_gbp",
        "for charging": "charge_cost_gbp", "export forgone": "export_forgone_gbp",
        "wear": "wear_gbp",
    }  # fmt: skip
    listed = ", ".join(f"{formatting.money(totals[key])} {name}" for name, key in amounts.items())
    unpriced = totals["unpriced_kwh"]
    return (
        (
            f"Net {formatting.money(totals['net_gbp'])} ± {formatting.money(saved.plus_minus_gbp)} "
            f"against no battery: {listed} "
            f"({saved.wear_p_per_kwh:.1f} p/kWh)"
        ),
        f"{formatting.number(totals['saved_carbon_kg'], 1)} kg CO₂ shifted away",
        f"{unpriced:,.1f} kWh without a price" if unpriced > 0.05 else "",
    )


def cycles_card(view: cache.Asked[BatteryView]) -> None:
    """Capacity and efficiency of each cycle, with error bars."""
    found = view.result
    table = found.cycles
    zone = found.device.zone
    whole = found.analysis
    with components.card(
        "Capacity and efficiency per cycle", found.reading, key=f"cycles_{found.device.id}",
        zone=zone, hint="Bars are two standard deviations, mostly of the state of charge.",
    ):  # fmt: skip
        if table.empty or table["capacity_ah"].notna().sum() == 0:
            components.said(found.answer.reason or "No cycle swings by 30 % in this period.")
        else:
            for column, sigma, unit, name in (
                ("capacity_ah", "capacity_sigma_ah", "Ah", "Capacity"),
                ("efficiency_percent", "efficiency_sigma_percent", "%", "Energy efficiency"),
            ):
                st.caption(f"{name}, {unit}")
                figure = cache.draw(view, _cycle_figure, column, sigma, unit, name)
                components.chart(
                    figure, key=f"{column}_{found.device.id}", title=f"{name}, {unit}", alt=name,
                    period=found.period, inputs=[found.reading], zone=zone,
                )  # fmt: skip
        if whole:
            worth = whole.efficiency
            components.said(
                f"{len(whole.cycles)} cycles, {found.full_cycles:.1f} equivalent full ones",
                _efficiency_words(worth),
            )
        if not table.empty:
            key = f"cycle_table_{found.device.id}"
            with components.fold("Table", key=f"{key}_open") as is_open:
                if is_open:
                    components.table(components.Rows(table, zone), key=key, name="cycles")


def _efficiency_words(worth: Efficiency) -> str:
    if worth.coulombic is None:
        return f"efficiency: {worth.reason}"
    charge = _with_error(_percent(worth.coulombic), _percent(worth.sigma_coulombic), 1)
    energy = _with_error(_percent(worth.energy), _percent(worth.sigma_energy), 1)
    how = "corrected for the change of charge" if worth.corrected else "between equal charge"
    return f"coulombic {charge} %, energy {energy} % ({how})"


def stress_card(view: cache.Asked[BatteryView]) -> None:
    """Where it spends its time: state of charge, temperature, C-rate, depth."""
    found = view.result
    with components.card(
        "Stress", found.reading, key=f"stress_{found.device.id}", zone=found.device.zone,
        hint="What ages a battery: high charge, heat, fast and deep cycles. Depth by rainflow.",
    ) as foot, st.grid(2, min_column_width=280, key=f"stress_grid_{found.device.id}"):  # fmt: skip
        foot.csv(cache.draw(view, _stress_document))
        for name, (title, unit) in STRESS.items():
            shown = found.stress.get(name)
            if shown is None or not shown.values.sum():
                continue
            with st.container():
                st.caption(f"{title}, {shown.unit}")
                components.chart(
                    cache.draw(view, _stress_figure, name, unit, title),
                    key=f"{name}_{found.device.id}",
                    title=f"{title}, {shown.unit}", alt=f"{unit} by {title.lower()}",
                    period=found.period, inputs=[found.reading], zone=found.device.zone,
                )  # fmt: skip


def _stress_document(found: BatteryView) -> Document:
    """Every bar of every histogram as a row."""
    rows = [
        {"what": STRESS[name][0], "from": low, "to": high, "amount": value, "unit": shown.unit}
        for name, shown in found.stress.items() if name in STRESS
        for low, high, value in zip(shown.edges, shown.edges[1:], shown.values, strict=False)
        if value
    ]  # fmt: skip
    return Document("battery stress", pd.DataFrame(rows), period=found.period)


def quality_card(found: BatteryView, zone: str) -> None:
    """What was wrong with the data, how much of it there is, and the data themselves."""
    whole = found.analysis
    with components.card(
        "Data quality and export", found.reading, key=f"quality_{found.device.id}", zone=zone
    ):
        for one in found.answer.findings:
            st.markdown(f"{'▲' if one.severity != 'note' else '○'} {components.escape(str(one))}")
        if not found.answer.findings:
            st.markdown("○ Nothing odd: signs, units and clocks of all channels agree.")
        if whole:
            total = whole.totals
            components.said(
                f"{100 * total.energy_coverage:.1f} % covered",
                found.reading.coverage.sentence,
                f"the rest may hide up to {total.gap_kwh:,.1f} kWh" if total.gap_kwh > 0.05 else "",
                f"steps above {found.answer.joining.max_gap_s:g} s are gaps and never bridged",
                SIGN,
            )
        with st.container(horizontal=True):
            for label, kind in (("CSV", "csv"), ("Parquet", "parquet"), ("BDF", "bdf")):
                st.download_button(
                    label,
                    data=partial(export, found.device.id, found.period, kind, zone),
                    file_name=f"battery.{'csv' if kind == 'bdf' else kind}",
                    key=f"export_{kind}_{found.device.id}",
                    icon=":material/download:", type="tertiary", on_click="ignore",
                    help="Raw samples" + (", Battery Data Format names" if kind == "bdf" else ""),
                )  # fmt: skip


def export(device: str, period: Period, kind: str, zone: str) -> bytes:
    """Raw samples of a period as a file."""
    names = "bdf" if kind == "bdf" else "energydash"
    frame = battery.export(cache.context(), device, period, names)
    if kind == "parquet":
        stream = io.BytesIO()
        frame.to_parquet(stream)
        return stream.getvalue()
    if kind == "bdf":
        return str(frame.to_csv(index=False, lineterminator="\n")).encode()
    return csv_text(frame[[part for part in PARTS if part in frame.columns]], zone).encode()


def _window(found: BatteryView) -> str:
    size = found.analysis.capacity if found.analysis else None
    if size is None:
        return ""
    first, last = (datetime.fromtimestamp(at / 1e6, UTC) for at in size.window)
    return f" from {first:%-d %b %Y} to {last:%-d %b %Y}"


def _sigma(found: BatteryView, name: str) -> str:
    if found.analysis is None:
        return found.answer.reason
    sigma = getattr(found.analysis.totals, f"sigma_{name}")
    return (
        f"The integral of voltage × current over what was measured, ± {2 * sigma:.2f} kWh (two "
        "standard deviations of shunt gain, offset and unseen instants of steps)."
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _with_error(value: float | None, sigma: float | None, digits: int) -> str:
    if value is None:
        return "–"
    return f"{value:,.{digits}f} ± {2 * (sigma or 0.0):,.{digits}f}"
