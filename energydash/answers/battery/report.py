"""`battery report`: one HTML page with everything inside, to print or to send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape

import pandas as pd

from energydash.answers.battery.health import HealthAnswer, health
from energydash.answers.battery.money import MoneyAnswer, battery_money
from energydash.answers.battery.records import held
from energydash.answers.battery.view import BatteryView, summary, view
from energydash.battery.ageing import by_year
from energydash.battery.devices import Device
from energydash.core.time import Period, iso_z
from energydash.sync.context import Context

USUAL_DAYS = 30
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1d2426;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .6rem;border-bottom:1px solid #d8dddf;text-align:right}
td:first-child,th:first-child{text-align:left}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem}
.figures div{border:1px solid #d8dddf;border-radius:.5rem;padding:.6rem}
.figures b{display:block;font-size:1.3rem}.quiet{color:#5a666a;font-size:.9rem}
.sample{background:#f6d9a8;padding:.1rem .5rem;border-radius:.3rem}
svg{width:100%;height:auto}
@media(prefers-color-scheme:dark){body{color:#e4e9ea;background:#14191b}
td,th,.figures div{border-color:#374145}.quiet{color:#9aa6aa}.sample{color:#1d2426}}
"""


def battery_report(context: Context, device: str = "", period: Period | None = None) -> str:
    """The page as text: figures, energy by day, cycles, money, ageing, data quality, method.

    The last thirty days by default. Raises InputError where there is no battery.
    """
    battery = held(context, device)
    chosen, whole = battery.device, battery.history
    span = period or Period(max(whole.start, whole.end - timedelta(days=USUAL_DAYS)), whole.end)
    found = view(context, chosen.id, span)
    saved = battery_money(context, chosen.id, span)
    ageing = health(context, chosen.id)
    sample = '<span class="sample">SAMPLE</span>' if found.is_sample else ""
    parts = [
        f"<h1>{escape(chosen.name)} {sample}</h1>",
        _subtitle(chosen, span),
        _figures(found, saved),
        "<h2>Energy by day, kWh</h2>",
        bars_svg(found.days["kwh_in"], found.days["kwh_out"]),
        "<h2>Money against no battery</h2>",
        _money(saved),
        "<h2>Cycles</h2>",
        _cycles(found),
        "<h2>Ageing</h2>",
        _ageing(ageing),
        "<h2>Data quality and method</h2>",
        _quality(found),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(chosen.name)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _subtitle(device: Device, span: Period) -> str:
    zone = escape(device.zone)
    when = f"{iso_z(span.start)} to {iso_z(span.end)}"
    return f'<p class="quiet">{when} · days in {zone} · positive is charging</p>'


def bars_svg(up: pd.Series[float], down: pd.Series[float]) -> str:
    """Two rows of bars, up and down from a line, as an image of lines and rectangles."""
    if not len(up):
        return '<p class="quiet">No data.</p>'
    width, height = 900.0, 180.0
    largest = max(float(up.max()), float(down.max()), 0.1)
    slot = width / len(up)
    scale = (height / 2 - 14) / largest
    label = "Energy charged and discharged by day"
    pieces = [f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">']
    for number, (day, charged, given) in enumerate(zip(up.index, up, down, strict=True)):
        left, middle = number * slot + 0.1 * slot, height / 2
        title = f"<title>{day:%Y-%m-%d}: {charged:.1f} in, {given:.1f} out</title>"
        pieces.append(
            f'<g>{title}<rect x="{left:.1f}" y="{middle - charged * scale:.1f}" '
            f'width="{0.8 * slot:.1f}" height="{charged * scale:.1f}" fill="#2f7d8c"/>'
            f'<rect x="{left:.1f}" y="{middle:.1f}" width="{0.8 * slot:.1f}" '
            f'height="{given * scale:.1f}" fill="#c9752c"/></g>'
        )
    pieces.append(
        f'<text x="2" y="11" font-size="11" fill="currentColor">charged, up to {largest:.1f}</text>'
        f'<text x="2" y="{height - 4:.0f}" font-size="11" fill="currentColor">discharged</text>'
        "</svg>"
    )
    return "".join(pieces)


def table_html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _figures(found: BatteryView, saved: MoneyAnswer) -> str:
    facts = summary(found)
    shown = [
        ("Charge, %", _number(facts["soc_percent"], 0)),
        ("Charged, kWh", _number(facts["kwh_in"], 1)),
        ("Discharged, kWh", _number(facts["kwh_out"], 1)),
        ("Net, £", _number(saved.totals["net_gbp"] if saved.is_priced else None, 2)),
        (_usable(found), _pair(facts["usable_kwh"], facts["sigma_kwh"], 1, 2)),
        ("Health, %", _pair(facts["health"], facts["sigma_health"], 100, 1)),
        ("Coverage, %", _number(100 * facts["coverage"] if facts["coverage"] else None, 1)),
    ]
    return (
        '<div class="figures">'
        + "".join(f"<div>{escape(name)}<b>{value}</b></div>" for name, value in shown)
        + "</div>"
    )


def _usable(found: BatteryView) -> str:
    size = found.analysis.capacity if found.analysis else None
    return "As the BMS counts it, kWh" if size and size.depends_on_bms else "Usable, kWh"


def _money(saved: MoneyAnswer) -> str:
    notes = "".join(f'<p class="quiet">{escape(note)}</p>' for note in saved.notes)
    if not saved.is_priced:
        return notes
    names = {
        "avoided_import_gbp": "import avoided", "export_earned_gbp": "export earned",
        "charge_cost_gbp": "charging", "export_forgone_gbp": "export forgone",
        "wear_gbp": "wear", "net_gbp": "net",
    }  # fmt: skip
    rows = [(label, _number(saved.totals[name], 2)) for name, label in names.items()]
    return table_html(("£", ""), rows) + notes


def _cycles(found: BatteryView) -> str:
    table = found.cycles
    if table.empty:
        return f'<p class="quiet">{escape(found.answer.reason or "None in this period.")}</p>'
    local = pd.DatetimeIndex(table.index).tz_convert(found.device.zone)
    rows = [
        (
            f"{at:%Y-%m-%d %H:%M}", _number(row["depth_percent"], 0), _number(row["kwh_in"], 2),
            _number(row["kwh_out"], 2), _pair(row["capacity_ah"], row["capacity_sigma_ah"], 1, 1),
            _pair(row["efficiency_percent"], row["efficiency_sigma_percent"], 1, 1),
        )
        for at, (_, row) in zip(local[-40:], table[-40:].iterrows(), strict=True)
    ]  # fmt: skip
    head = ("start", "depth, %", "kWh in", "kWh out", "capacity, Ah ± 2σ", "efficiency, % ± 2σ")
    left_out = (
        f'<p class="quiet">The last 40 of {len(table)} cycles.</p>' if len(table) > 40 else ""
    )
    return table_html(head, rows) + left_out


def _ageing(found: HealthAnswer) -> str:
    table = by_year(found.forecast) if found.forecast else pd.DataFrame()
    text = "".join(f'<p class="quiet">{escape(reason)}</p>' for reason in found.reasons)
    if found.trend:
        line = found.trend
        text = (
            f"<p>Health {_pair(line.health, line.sigma_health, 100, 1)} %, "
            f"{_pair(line.change_a_year, line.sigma_change, 100, 1)} points a year.</p>{text}"
        )
    if table.empty:
        return text
    rows = [
        [f"{row['age_years']:.0f}", *(f"{row[name]:.1f}" for name in table.columns[1:])]
        for _, row in table[table["age_years"] % 5 == 0].iterrows()
    ]
    head = ["age, years", "band low, %", "band high, %", "LFP", "NMC", "LMO"]
    helps = [
        (one.label, f"{one.loss_percent_a_year:.2f}", f"{one.saved_percent_a_year:+.2f}")
        for one in found.what_ifs
    ]
    return (
        text + table_html(head, rows)
        + '<p class="quiet">Calendar and cycle model of Xu et al. 2016; constants from public '
        "code, paper not checked. A band, not a date.</p>"
        + table_html(("use", "loss, % a year", "saved, % a year"), helps)
    )  # fmt: skip


def _quality(found: BatteryView) -> str:
    odd = "".join(f"<li>{escape(str(one))}</li>" for one in found.answer.findings)
    whole = found.analysis
    covered = (
        f"{100 * whole.totals.energy_coverage:.2f} % of the period is covered; the rest may hide "
        f"up to {whole.totals.gap_kwh:.1f} kWh. "
        if whole
        else ""
    )
    return (
        f"<ul>{odd or '<li>Nothing odd.</li>'}</ul><p>{covered}Charge is integrated on the "
        "current's own clock with the voltage interpolated onto it; steps longer than "
        f"{found.answer.joining.max_gap_s:g} s are gaps and never bridged. ± is two standard "
        "deviations of gain, offset, and the unseen instants of load steps.</p>"
    )


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def _pair(value: float | None, sigma: float | None, scale: float, digits: int) -> str:
    if value is None or value != value:
        return "–"
    return f"{scale * value:,.{digits}f} ± {2 * scale * (sigma or 0.0):,.{digits}f}"
