"""Forms for meters and tariffs; what they make is checked where it is kept."""

from __future__ import annotations

import secrets
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from energydash.answers import home as answers
from energydash.core.time import parse_day
from energydash.home.bands import Band, clock_minutes, clock_text, decimal, exact
from energydash.home.meters import CalorificValue, Meter, Unit
from energydash.home.tariffs import Tariff
from energydash.views import cache, components
from energydash.views.confirm import attempt, confirm

Kind = TypeVar("Kind", bound=StrEnum)

WEEKDAYS = {"every day": range(7), "Mon-Fri": range(5), "Sat-Sun": range(5, 7)}
NEW = "new"


def meters() -> None:
    """A form for each meter, and one for a new one."""
    known = answers.own_meters(cache.context())
    for one in known:
        title = f"{one.name} · {one.energy.value} {one.direction.value}, {one.unit.symbol}"
        with st.expander(components.escape(title)):
            _meter_form(one)
            if st.button(
                components.escape(f"Delete {one.name} and its readings"), key=f"delete_{one.id}"
            ):
                confirm(
                    f"{one.name} and all its readings are deleted. What its account still has can "
                    "be fetched again; what was imported cannot.",
                    lambda meter=one: answers.delete_meter(cache.context(), meter),  # type: ignore[misc]
                )
    with st.expander("New meter", expanded=not known):
        _meter_form(Meter(NEW))


def _meter_form(meter: Meter) -> None:
    key = meter.id
    with st.form(f"meter_{key}", border=False):
        label = st.text_input("Name", meter.label, key=f"label_{key}")
        left, right = st.columns(2)
        energy = _pick(left, "Energy", meter.energy, f"energy_{key}")
        direction = _pick(right, "Direction", meter.direction, f"way_{key}")
        unit = left.selectbox(
            "Unit", list(Unit), list(Unit).index(meter.unit),
            format_func=lambda one: Unit(one).symbol, key=f"unit_{key}",
        )  # fmt: skip
        point = right.text_input("MPAN or MPRN", meter.point, key=f"point_{key}")
        serials = st.text_input(
            "Serial numbers, oldest first", ", ".join(meter.serials), key=f"serials_{key}"
        )
        values: list[CalorificValue] = []
        edited = None
        if meter.unit is Unit.M3 or key == NEW:
            st.caption("Calorific values from the gas bill, for meters in m³")
            edited = st.data_editor(
                _calorific_table(meter), num_rows="dynamic", key=f"cv_{key}", height=120,
                column_config={"from": st.column_config.DateColumn("from (empty: always)")},
            )  # fmt: skip
        if st.form_submit_button("Save", type="primary"):

            def save() -> None:
                values.extend(_calorific(edited) if edited is not None else ())
                changed = replace(
                    meter,
                    id=f"m{secrets.token_hex(4)}" if key == NEW else meter.id,
                    label=label.strip(),
                    energy=energy,
                    direction=direction,
                    unit=Unit(unit or meter.unit),
                    point=point.strip(),
                    serials=tuple(one.strip() for one in serials.split(",") if one.strip()),
                    calorific_values=tuple(values),
                )
                answers.save_meter(cache.context(), changed)

            if attempt(save, "The meter is kept."):
                st.rerun()


def _calorific_table(meter: Meter) -> pd.DataFrame:
    values = meter.calorific_values
    return pd.DataFrame(
        {
            "from": pd.Series([one.valid_from for one in values], dtype="datetime64[s]"),
            "MJ/m³": pd.Series([float(one.mj_per_m3) for one in values], dtype="float64"),
        }
    )


def _calorific(edited: pd.DataFrame) -> list[CalorificValue]:
    found = []
    for _, row in edited.dropna(subset=["MJ/m³"]).iterrows():
        since = None if pd.isna(row["from"]) else parse_day(str(row["from"])[:10])
        found.append(CalorificValue(decimal(row["MJ/m³"]), since))
    return found


def tariffs() -> None:
    """Forms to add Flux or any tariff by the clock, and one for each own tariff."""
    with st.expander("Add Flux"):
        _flux_form()
    with st.expander("Add a tariff"):
        _tariff_form(Tariff(NEW, NEW, default_rate=Decimal(0)))
    for one in answers.own_tariffs(cache.context()):
        until = f" to {one.valid_to}" if one.valid_to else ""
        since = f" from {one.valid_from}" if one.valid_from else ""
        use = ", only compared with" if one.for_comparison else ""
        title = f"{one.label} · {one.energy.value} {one.direction.value}{since}{until}{use}"
        with st.expander(components.escape(title)):
            if one.has_gaps:
                st.caption(":orange[:material/warning:] Some hours have no price.")
            _tariff_form(one)
            if st.button(components.escape(f"Delete {one.label}"), key=f"t_delete_{one.id}"):
                confirm(
                    f"{one.label} is deleted; the energy that it prices has no price from then on.",
                    lambda tariff=one.id: answers.delete_tariff(cache.context(), tariff),  # type: ignore[misc]
                )


def _flux_form() -> None:
    with st.form("flux", border=False):
        left, right = st.columns(2)
        name = left.text_input("Name", "Flux", key="flux_name")
        since = right.date_input("From", key="flux_from", format="YYYY-MM-DD")
        columns = st.columns(3)
        asked = [
            columns[number].text_input(f"{way} {band}, p/kWh", key=f"flux_{way}_{band}")
            for way in ("Import", "Export")
            for number, band in enumerate(("02-05", "day", "16-19"))
        ]
        standing = st.text_input("Standing charge, p/day", "0", key="flux_standing")
        st.caption("VAT included. Tariffs that would run on from that day are ended on it.")
        if st.form_submit_button("Add Flux", type="primary"):

            def add() -> None:
                low, day, peak, out_low, out_day, out_peak = (decimal(one) for one in asked)
                flux = answers.Flux(
                    name, since, (low, day, peak), (out_low, out_day, out_peak), decimal(standing)
                )
                answers.add_flux(cache.context(), flux)

            if attempt(add, f"{name} is kept."):
                st.rerun()


def _tariff_form(tariff: Tariff) -> None:
    key, is_new = tariff.id, tariff.id == NEW
    fixed = _is_beyond_the_form(tariff)
    rate_now = "" if tariff.default_rate is None or is_new else exact(tariff.default_rate)
    with st.form(f"tariff_{key}", border=False):
        label = st.text_input("Name", "" if is_new else tariff.label, key=f"t_label_{key}")
        left, right = st.columns(2)
        energy = _pick(left, "Energy", tariff.energy, f"t_energy_{key}")
        direction = _pick(right, "Direction", tariff.direction, f"t_way_{key}")
        rate = left.text_input("Rate outside bands, p/kWh", rate_now, key=f"t_rate_{key}")
        standing = right.text_input(
            "Standing charge, p/day", exact(tariff.standing_p_per_day), key=f"t_standing_{key}"
        )
        since = left.date_input(
            "From (empty: always)", tariff.valid_from, key=f"t_from_{key}", format="YYYY-MM-DD"
        )
        until = right.date_input(
            "Until, that day not included", tariff.valid_to, key=f"t_to_{key}", format="YYYY-MM-DD"
        )
        has_vat = left.toggle("Prices include VAT", tariff.prices_include_vat, key=f"t_vat_{key}")
        compared = right.toggle(
            "Only to compare with", tariff.for_comparison, key=f"t_compare_{key}"
        )
        st.caption(
            "This tariff's bands have seasons or own weekdays; edit them in its file."
            if fixed
            else "Bands in local time; one may cross midnight, 24:00 is the end of the day."
        )
        edited = st.data_editor(
            _band_table(tariff), num_rows="fixed" if fixed else "dynamic", key=f"t_bands_{key}",
            column_config={"days": st.column_config.SelectboxColumn(options=list(WEEKDAYS))},
            disabled=fixed,
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary"):

            def save() -> None:
                changed = replace(
                    tariff,
                    id=f"own-{secrets.token_hex(4)}" if is_new else tariff.id,
                    label=label.strip(),
                    energy=energy,
                    direction=direction,
                    default_rate=decimal(rate) if rate.strip() else None,
                    standing_p_per_day=decimal(standing.strip() or "0"),
                    valid_from=since,
                    valid_to=until,
                    prices_include_vat=has_vat,
                    for_comparison=compared,
                    bands=tariff.bands if fixed else _bands(edited),
                )
                answers.save_tariff(cache.context(), changed)

            if attempt(save, f"{label} is kept."):
                st.rerun()


def _band_table(tariff: Tariff) -> pd.DataFrame:
    rows = [
        (clock_text(b.start_minute), clock_text(b.end_minute), exact(b.rate), _days_word(b))
        for b in tariff.bands
    ]
    return pd.DataFrame(rows, columns=["from", "to", "p/kWh", "days"], dtype="str")


def _bands(edited: pd.DataFrame) -> tuple[Band, ...]:
    return tuple(
        Band(
            decimal(row["p/kWh"]),
            clock_minutes(str(row["from"])),
            clock_minutes(str(row["to"]), is_end=True),
            frozenset(WEEKDAYS.get(str(row["days"]), range(7))),
        )
        for _, row in edited.dropna(how="all").iterrows()
    )


def _is_beyond_the_form(tariff: Tariff) -> bool:
    """True where the form cannot show the bands without losing something."""
    known = [frozenset(days) for days in WEEKDAYS.values()]
    return any(band.season or band.weekdays not in known for band in tariff.bands)


def _days_word(band: Band) -> str:
    return next((word for word, days in WEEKDAYS.items() if band.weekdays == set(days)), "own days")


def _pick(where: DeltaGenerator, label: str, value: Kind, key: str) -> Kind:
    """A choice among the members of `value`'s kind."""
    kinds = list(type(value))
    chosen = where.selectbox(label, kinds, kinds.index(value), format_func=str, key=key)
    return type(value)(chosen)
