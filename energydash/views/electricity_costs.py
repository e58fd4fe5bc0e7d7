"""What the Electricity costs page draws: figures, the chart by key, the map, the bill, trouble."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from energydash.answers import grid, home
from energydash.answers import home as answers
from energydash.answers.home import CostsAnswer, HomeCards, MeterCard
from energydash.charts.costs import cost_bars
from energydash.charts.heatmap import day_slots
from energydash.core.coverage import Coverage
from energydash.core.errors import EnergydashError
from energydash.core.time import LONDON, Period, zone_info
from energydash.home.costs import By, Change
from energydash.home.meters import Direction
from energydash.home.profile import Value
from energydash.serialise import home as documents
from energydash.views import cache, components, confirm, formatting, refused, viewer
from energydash.views.time_range import TimeRange

UNITS = {Value.KWH: "kWh", Value.GBP: "£", Value.PENCE: "p/kWh", Value.CARBON: "kg CO₂"}
AVERAGED = (By.HALF_HOUR, By.HOUR, By.WEEKDAY)
FEW_DAYS = 9  # so many days or weeks are named one by one
MOST_RATES = 40  # more prices than this are drawn by whole pence
MAP_DAYS = 120  # more rows than this are not readable, nor cheap to send


@dataclass(frozen=True)
class Choice:
    """What the page's controls say."""

    chosen: TimeRange
    by: By
    value: Value
    meter: str
    energy: str
    before: Period | None
    before_name: str
    per_day: bool

    @property
    def is_carbon(self) -> bool:
        return self.value is Value.CARBON

    @property
    def period(self) -> Period:
        return self.chosen.period

    def ask(self, period: Period, by: By) -> cache.Asked[CostsAnswer]:
        """The costs of a period under these controls, remembered."""
        carbon = self.value is Value.CARBON
        return cache.ask(answers.costs, period, by.value, self.meter, self.energy, carbon=carbon)


def table_of(found: CostsAnswer, value: Value, *, per_day: bool = False) -> pd.DataFrame:
    """`key, days, import, export, standing, net, missing` in one unit, as chart, table and CSV
    show it."""
    rows = found.costs.rows
    each = rows["days"].where(rows["days"] > 0) if per_day else 1
    if value is Value.PENCE:
        money = 100 * rows["import_cost_gbp"], 100 * rows["export_value_gbp"]
        kwh = [rows[f"{way}_kwh"] - rows[f"{way}_unpriced_kwh"] for way in ("import", "export")]
        values = [m / k.where(k > 0) for m, k in zip(money, kwh, strict=True)]
        both = kwh[0] - kwh[1]
        net = (money[0] - money[1]) / both.where(both > 0)
    else:
        columns = {
            Value.KWH: ("import_kwh", "export_kwh"),
            Value.GBP: ("import_cost_gbp", "export_value_gbp"),
            Value.CARBON: ("import_kg_co2", "export_kg_co2"),
        }[value]
        values = [rows[column] / each for column in columns]
        if value is Value.CARBON:  # what nothing is known of is blank, not clean
            used = rows["import_kwh"] + rows["export_kwh"]
            blank = (used > 0) & (rows["unknown_co2_kwh"] >= used * (1 - 1e-9))
            values = [one.mask(blank) for one in values]
        net = values[0] - values[1]
        if value is Value.GBP:
            net = rows["net_cost_gbp"] / each
    standing = rows["standing_charge_gbp"] / each
    has_standing = value is Value.GBP and standing.notna().any()
    table = pd.DataFrame({"key": rows["key"], "days": rows["days"]})
    table["import"], table["export"], table["standing"], table["net"] = *values, standing, net
    if not has_standing:
        table = table.drop(columns="standing")
    if not any(meter.direction is Direction.EXPORT for meter in found.meters):
        table = table.drop(columns="export" if has_standing else ["export", "net"])
    table["missing half-hours"] = rows["missing"]
    return table


def chart_of(found: CostsAnswer, choice: Choice, before: CostsAnswer | None) -> pd.DataFrame:
    """The columns that are drawn, on the index that the axis shows."""
    table = _few_rates(table_of(found, choice.value, per_day=choice.per_day), choice)
    drawn = table[[name for name in ("import", "export", "net") if name in table]]
    if choice.value is Value.PENCE or choice.by is By.RATE:
        drawn = drawn.drop(columns="net", errors="ignore")
    drawn = drawn.set_axis(_axis(table["key"], choice.by), axis="index")
    if before is not None:
        earlier = _few_rates(table_of(before, choice.value, per_day=choice.per_day), choice)
        column = earlier["net"] if "net" in earlier and "net" in drawn else earlier["import"]
        drawn = drawn.copy()
        if choice.by in (*AVERAGED, By.RATE, By.TOTAL):
            known = column.set_axis(earlier["key"])
            drawn["before"] = known.reindex(table["key"]).to_numpy()
        else:  # the first day beside the first, and so on
            drawn["before"] = column.reindex(range(len(drawn))).to_numpy()
    return drawn


def _few_rates(table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """Half-hourly prices by whole pence, rounded down: hundreds of bars say nothing."""
    if choice.by is not By.RATE or len(table) <= MOST_RATES:
        return table
    pence = pd.to_numeric(table["key"], errors="coerce") * 100
    whole = (pence + 1e-9).floordiv(1)
    keys = table["key"].where(whole.isna(), (whole / 100).map("{:.2f}".format))
    grouped = table.groupby(keys.rename("key"), sort=False)
    drawn = [name for name in ("import", "export", "net", "missing half-hours") if name in table]
    both = grouped[drawn].mean() if choice.value is Value.PENCE else grouped[drawn].sum()
    return both.reset_index()


def _axis(keys: pd.Series[str], by: By) -> pd.Index[Any]:
    """Dates where there are many, words where there are few: an axis of dates would put the hours
    of the clock between two days."""
    if by is By.MONTH:
        return pd.Index([f"{date.fromisoformat(key + '-01'):%b %Y}" for key in keys])
    if by in (By.DAY, By.WEEK) and len(keys) <= FEW_DAYS:
        return pd.Index([f"{date.fromisoformat(key):%a %-d %b}" for key in keys])
    if by in (By.DAY, By.WEEK):
        return pd.DatetimeIndex(pd.to_datetime(keys)).as_unit("ms")
    if by is By.RATE:
        return pd.Index([key if key == "unpriced" else f"{float(key) * 100:g} p" for key in keys])
    return pd.Index(keys)


def figures(found: CostsAnswer, choice: Choice) -> None:
    """Net cost, import, export, standing charge, what a kWh cost, what ran all the time."""
    now = found.costs.totals
    change = None
    if choice.before:
        change = cache.answer(
            answers.costs_against, choice.period, choice.before, choice.meter, choice.energy
        )

    def delta(key: str) -> str:
        if change is None or not change.days:
            return ""
        return formatting.money(change.now[key] - change.before[key])

    priced = now["import_kwh"] - now["import_unpriced_kwh"]
    rate = 100 * now["import_cost_gbp"] / priced if priced > 0 else None
    items = [
        components.Metric(
            "Net cost", formatting.net_range(now),
            delta("net_cost_gbp"), "inverse",
            help="Import less export, plus standing charges; VAT included.",
        ),
        components.Metric(
            "Import", formatting.money_range(now["import_cost_low_gbp"], now["import_cost_gbp"]),
            delta("import_cost_gbp"), "inverse",
            help=f"{now['import_kwh']:,.1f} kWh",
        ),
    ]  # fmt: skip
    if any(meter.direction is Direction.EXPORT for meter in found.meters):
        items.append(
            components.Metric(
                "Export credit", formatting.money(now["export_value_gbp"]),
                delta("export_value_gbp"),
                "normal", help=f"{now['export_kwh']:,.1f} kWh",
            )
        )  # fmt: skip
    items += [
        components.Metric("Standing charge", formatting.money(now["standing_charge_gbp"])),
        components.Metric(
            "Import, p/kWh",
            formatting.number(rate, 2),
            help="Weighted by use; without standing charge.",
        ),
    ]
    for meter, profile in found.profiles[:1]:
        at = profile.peak_at.astimezone(zone_info(meter.zone))
        items.append(
            components.Metric(
                "Baseload, kW", formatting.number(profile.baseload_kw, 2),
                f"peak {profile.peak_kw:,.1f} kW",
                help="What runs at night when nobody does anything: the 5th percentile of the "
                f"half-hours before 06:00, or {profile.baseload_share:.0%} of the import. The peak "
                f"was the half-hour of {at:%a %-d %b %H:%M}.",
            )
        )  # fmt: skip
    components.metrics(items, key="home_figures")
    if said := found.costs.coverage.sentence:
        st.caption(f"Of this period: {said}")
    if apart := now["days"] - now["net_days"]:
        st.caption(formatting.apart_words(int(apart)))
    if change is not None and choice.before is not None:
        _compared_words(change, choice.before, choice.before_name)


def _compared_words(change: Change, before: Period, name: str) -> None:
    """Which days the differences are of."""
    zone = zone_info(LONDON)
    start, end = before.start.astimezone(zone), before.end.astimezone(zone)
    span = f"{name}: {start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %H:%M}"
    if not change.days:
        st.caption(f"Not compared with {span}: no day has all its readings in both periods.")
    elif change.days == change.asked:
        st.caption(f"Compared with {span}.")
    else:
        days = f"{change.days} of {change.asked} days"
        st.caption(f"Compared with {span}, over the {days} that have all readings in both.")


def by_key(choice: Choice) -> None:
    """The chart and table by the chosen key, with the period to compare with."""
    asked = choice.ask(choice.period, choice.by)
    found = asked.result
    before = choice.ask(choice.before, choice.by) if choice.before else None
    title = f"{_unit(choice)} by {choice.by.value}"
    with components.card(title, *found.inputs, key="by_key"):
        if not len(found.costs.rows) or not sum(len(r.data) for r in found.inputs):
            nothing(found)
            return
        figure, table = cache.draw(asked, _bars_and_table, choice, before)
        components.chart(
            figure, key="by_key", title=f"Electricity costs, {title}", period=choice.period,
            inputs=found.inputs,
            alt=f"Bars of import and export in {_unit(choice)} by {choice.by.value}",
        )  # fmt: skip
        if choice.by is By.RATE and len(found.costs.rows) > MOST_RATES:
            st.caption("Prices by whole pence: 12 p is 12 to 13 p. The table has every price.")
        if choice.by in AVERAGED:
            days = found.costs.rows["days"]
            st.caption(f"Each bar is from {days.min()} to {days.max()} days with readings.")
        charge = formatting.money(found.costs.totals["standing_charge_gbp"])
        if any(str(name).startswith("standing") for name in table):
            st.caption("Net is import less export, plus the standing charge, as on the bill.")
        elif choice.value is Value.GBP:
            name = choice.by.value
            st.caption(f"Without the standing charge of {charge}, which belongs to no {name}.")
        if choice.is_carbon:
            carbon_words(found)
        elif choice.value is not Value.KWH and found.costs.totals["unpriced_kwh"]:
            lost = found.costs.totals["unpriced_kwh"]
            st.caption(f"{lost:,.1f} kWh have no price: no tariff covers those times.")
        with components.fold("Table", key="by_key_table") as is_open:
            if is_open:
                rows = components.Rows(table, digits=4)
                components.table(rows, key="by_key", name=title, document=documents.costs(found))


def _bars_and_table(
    found: CostsAnswer, choice: Choice, before: CostsAnswer | None
) -> tuple[go.Figure, pd.DataFrame]:
    """The chart by the chosen key, and what it shows with the unit in each column's name."""
    unit = _unit(choice)
    drawn = chart_of(found, choice, before)
    figure = cost_bars(drawn, unit=unit, before=choice.before_name, digits=2)
    table = table_of(found, choice.value, per_day=choice.per_day)
    if before is not None:
        earlier = drawn["before"].to_numpy()
        if len(earlier) == len(table):  # not where prices are drawn by whole pence
            table[f"{choice.before_name} ({unit})"] = earlier
    named = {name: f"{name} ({unit})" for name in ("import", "export", "standing", "net")}
    return figure, table.rename(columns=named | {"key": choice.by.value})


def _unit(choice: Choice) -> str:
    a_day = choice.per_day and choice.value is not Value.PENCE
    return UNITS[choice.value] + (" a day" if a_day else "")


def carbon_words(found: CostsAnswer) -> None:
    """Whose intensity it is, and what it is not known for."""
    for subject in dict.fromkeys(
        one.feed.subject for one in found.inputs if one.feed.quantity == "intensity"
    ):
        region = grid.region(subject)
        kind = "as forecast: parts of the country have no measured one"
        if not region.parent:
            kind = "as measured; the meter's part of the country is not known"
        st.caption(f"Average intensity of {components.escape(region.name)}, {kind}.")
    if lost := found.costs.totals["unknown_co2_kwh"]:
        st.caption(f"The grid's intensity is not known for {lost:,.1f} kWh; they count as none.")


def bring_carbon(choice: Choice) -> None:
    """Fetch the grid's intensity where it is missing: once per choice, with progress."""
    if not (choice.is_carbon and viewer.may_edit()):
        return
    for period in filter(None, (choice.period, choice.before)):
        key = cache.plain_key(("carbon", period, choice.energy, choice.meter))
        unknown = choice.ask(period, By.TOTAL).result.costs.totals["unknown_co2_kwh"]
        asked = st.session_state.setdefault("carbon_asked", set())
        if not unknown or key in asked:
            continue
        asked.add(key)
        with confirm.progress("Asking for the grid's intensity…") as tell:
            met = answers.bring_carbon(
                cache.context(), period, choice.meter, choice.energy, progress=tell
            )
        confirm.problems(met)


def nothing(found: CostsAnswer) -> None:
    """Why there is no chart."""
    coverage = found.costs.coverage
    if not found.meters and cache.answer(answers.home_of).meters:
        components.empty(
            "None of your meters was in use in this period.", "Choose another period or meter."
        )
    elif not found.meters:
        components.empty(
            "No meter is known yet.",
            "Connect an Octopus account or import readings under Meters and tariffs.",
        )
    elif coverage.fetching and cache.context().crawled:
        components.empty("These readings are being fetched.", "The page fills by itself.")
    elif coverage.fetching:
        components.empty("These readings were never asked for.", "Fetch now brings them in.")
    elif coverage.pending and not coverage.missing:
        components.empty(
            "The readings of this period are not published yet.",
            "Meters send a day late: choose an earlier period.",
        )
    else:
        components.empty("There are no readings in this period.", "Choose another, or fetch now.")


def day_map(choice: Choice) -> None:
    """Days by half-hours, import and export."""
    period = choice.period
    if len(period.days(LONDON)) > MAP_DAYS:
        period = Period(period.end - timedelta(days=MAP_DAYS), period.end)
        st.caption(f"The last {MAP_DAYS} days of the period.")
    unit = {Value.CARBON: "gCO₂"}.get(choice.value, choice.value.value)
    for way in Direction:
        asked = cache.ask(answers.day_map, period, choice.value, way, choice.meter, choice.energy)
        table = asked.result.table
        if table.isna().all(axis=None):
            continue
        title = f"{way.value.title()}, {unit}, every half-hour"
        with components.card(title, *asked.result.inputs, key=f"map_{way.value}") as foot:
            figure = cache.draw(asked, _heatmap, unit)
            components.chart(
                figure, key=f"map_{way.value}", title=title, period=period,
                inputs=asked.result.inputs,
                alt=f"{way.value} by day and half-hour in {unit}; blanks are missing readings",
            )  # fmt: skip
            below = "; blue is below zero" if (table < 0).any(axis=None) else ""
            none = "nothing or unknown" if choice.value is Value.PENCE else "without a reading"
            foot.say(f"Blank is {none}{below}")
            foot.csv(documents.day_map(asked.result))


def _heatmap(found: answers.MapAnswer, unit: str) -> object:
    return day_slots(found.table, unit=unit, digits=3)


def trouble(choice: Choice) -> None:
    """Missing intervals and whatever else looks wrong, with what it would cost."""
    found = cache.answer(answers.findings, choice.period, choice.meter, choice.energy)
    with components.card("Trouble found", *found.inputs, key="troubles"):
        if not found.findings:
            components.empty(
                "Nothing looks wrong in this period.", "Gaps, zeros, spikes: none found."
            )
            return
        zones = {meter.id: meter.zone for meter in found.meters}
        rows = []
        for one in found.findings:
            zone, when = zones[one.subject], one.period or choice.period
            rows.append(
                {
                    "kind": one.kind,
                    "from": _local(when.start, zone),
                    "to": _local(when.end, zone),
                    "£ at stake": one.gbp,
                    "what": one.sentence,
                }
            )
        table = pd.DataFrame(rows)
        components.table(
            components.Rows(table), key="troubles", name="findings",
            document=documents.findings(found), money="£ at stake",
        )  # fmt: skip


def _local(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(zone_info(zone)).replace(tzinfo=None)


def cards(found: HomeCards) -> None:
    """A card per meter, and what is missing from the settings."""
    for warning in found.warnings:
        st.warning(components.escape(warning), icon=":material/warning:")
    with st.grid(2, min_column_width=300, key="meters"):
        for one in found.meters:
            _meter_card(one)


def _meter_card(one: MeterCard) -> None:
    now, reading = cache.context().now(), one.reading
    if one.ended:  # nothing is missing after the last day
        reading = replace(reading, coverage=Coverage(0, 0))
    kind = f"{one.meter.energy.value} {one.meter.direction.value}"
    with components.card(one.meter.name, reading, badge=kind, key=f"meter_{one.meter.id}"):
        last = "no reading yet"
        if reading.newest and one.newest_kwh is not None:
            when = formatting.clock(reading.newest, one.meter.zone, now)
            last = f"{one.newest_kwh:,.3f} {one.meter.unit.symbol} at {when}"
        old = " :orange-badge[older than 7 days]" if one.is_stale else ""
        st.markdown(
            f"Last reading: **{components.escape(last)}**{old}  \n"
            f"Tariff: {components.escape(one.tariff)}"
        )
        if not one.meter.connected and not one.ended and reading.origin != "sample":
            st.caption("No account has this meter: its readings come from files.")
        if one.unpriced_half_hours:
            st.caption(
                f":orange[:material/warning:] {one.unpriced_half_hours:,} half-hours of the last "
                "30 days have no price."
            )


def fetch_button(period: Period) -> None:
    """Ask Octopus now for what is missing, with progress; the results in one line."""
    if not viewer.may_edit():
        return
    if st.button("Fetch now", icon=":material/sync:", key="fetch_now"):
        try:
            with confirm.progress("Asking Octopus…") as tell:
                done = home.ingest(cache.context(), period, max_age=timedelta(0), progress=tell)
        except EnergydashError as error:
            st.warning(components.escape(str(error)), icon=":material/warning:")
            return
        if any(refused.is_said(one.sentence) for one in done.problems):
            st.rerun()  # it stands above the page
        confirm.problems(done.problems)
        for note in done.notes:
            st.info(components.escape(note))
        if not done.problems:
            rows = sum(one.rows for one in done.refreshed)
            st.success(f"{rows:,} rows fetched." if rows else "There was nothing new.")
