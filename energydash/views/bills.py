"""A bill on the page: statements as they are printed, and Octopus's own figures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby

import pandas as pd
import streamlit as st

from energydash.answers import home
from energydash.answers import home as answers
from energydash.answers.home import BillAnswer
from energydash.home.bills import Statement
from energydash.serialise import home as documents
from energydash.views import cache, components, formatting, viewer
from energydash.views.electricity_costs import Choice

BILL_COLUMNS = {
    name: st.column_config.TextColumn(alignment="right")
    for name in ("p/kWh or p/day", "kWh", "£", "billed £")
}
MOST_BILL_LINES = 24


def asked(choice: Choice) -> BillAnswer:
    """The bill of the chosen period, remembered."""
    return cache.answer(answers.bill, choice.period, choice.meter, choice.energy)


def bill(choice: Choice) -> None:
    """A statement per meter, raw and rounded side by side, and the net."""
    found = asked(choice)
    whole = found.bill
    components.metrics(
        [
            components.Metric("To pay", _range(whole.net_low_gbp, whole.net_gbp),
                              help="Nothing is rounded."),
            components.Metric("As billed", _range(whole.billed_net_low_gbp, whole.billed_net_gbp),
                         help="Each half-hour to 4 decimals of a pound, the sum to the penny."),
            components.Metric("Charges", _money(whole.charges_gbp)),
            components.Metric("Export credit", _money(whole.credit_gbp)),
        ],
        key="bill_figures",
    )  # fmt: skip
    if whole.one_sided_days:
        st.caption(formatting.apart_words(whole.one_sided_days))
    both = list(zip(whole.statements, found.inputs, strict=True))
    quiet = [one.meter.name for one, _ in both if is_quiet(one)]
    for one, reading in both:
        if is_quiet(one):
            continue
        with components.card(f"Statement: {one.meter.name}", reading, key=f"bill_{one.meter.id}"):
            if said := one.coverage.sentence:
                st.caption(f"Of this period: {said}")
            for note in one.notes:
                st.caption(f":orange[:material/warning:] {components.escape(note)}")
            components.table(
                components.Rows(statement_table(one, found.names)), key=f"bill_{one.meter.id}",
                name=f"bill {one.meter.name}", column_config=BILL_COLUMNS, money="billed £",
                document=documents.bill(found),
            )  # fmt: skip
    if quiet:
        st.caption(f"Nothing to pay in this period: {components.escape(', '.join(quiet))}.")


def _money(pounds: Decimal | None) -> str:
    return formatting.money(None if pounds is None else float(pounds))


def _range(low: Decimal | None, high: Decimal | None) -> str:
    least, most = (None if one is None else float(one) for one in (low, high))
    return formatting.money_range(least, most)


def is_quiet(one: Statement) -> bool:
    """True where a statement has neither energy nor standing charge: there is nothing to read."""
    return not (one.lines or one.standing or one.kwh or one.coverage.asked)


def check_button(found: BillAnswer) -> None:
    """Ask Octopus what it makes of the period itself, and show the difference."""
    connected = [one for one in found.bill.statements if one.meter.connected]
    if not (connected and viewer.may_edit()):
        return
    if not st.button("Compare with Octopus's own figures", icon=":material/fact_check:"):
        return
    for one in connected:
        theirs = home.own_figures(cache.context(), one.meter.id, found.period)
        name = components.escape(one.meter.name)
        if theirs.problem:
            st.warning(f"{name}: {components.escape(theirs.problem.sentence)}")
        elif theirs.frame.empty:
            st.info(f"{name}: Octopus gives no figures of its own for this period.")
        else:
            kwh, pence = theirs.frame["kwh"].sum(), theirs.frame["cost_p"].sum()
            ours = float(one.energy.inc_vat)
            st.markdown(
                f"{name}: Octopus says {kwh:,.3f} kWh and {formatting.money(pence / 100)} for "
                f"energy; "
                f"here {one.kwh:,.3f} kWh and {formatting.money(ours)}."
            )


def statement_table(one: Statement, names: Mapping[str, str]) -> pd.DataFrame:
    """A statement's lines and sums as rows of text, as they are printed on a bill.

    names: what tariffs are called, by code.
    """
    rows = []
    for tariff, group in groupby(one.lines, key=lambda line: line.rate.tariff):
        lines, name = list(group), names.get(tariff, tariff)
        if len(lines) > MOST_BILL_LINES:  # half-hourly prices: their sum; the chart has each
            lines, prices = [], lines
            kwh = sum((line.kwh for line in prices), Decimal(0))
            gbp = sum((line.amount.inc_vat for line in prices), Decimal(0))
            billed_gbp = sum((line.billed.inc_vat for line in prices), Decimal(0))
            price = f"{100 * gbp / kwh:.4f}" if kwh else ""
            what = f"{name}, {len(prices):,} prices, on average"
            sums = (f"{kwh:,.3f}", gbp, billed_gbp)
            rows.append(_bill_row(what, price, *sums))
        rows += [
            _bill_row(
                name,
                f"{line.rate.inc_vat:.4f}",
                f"{line.kwh:,.3f}",
                line.amount.inc_vat,
                line.billed.inc_vat,
            )
            for line in lines
        ]
    rows += [
        _bill_row(
            f"Standing charge, {line.days} days",
            f"{line.pence_per_day:.4f}",
            raw=line.amount.inc_vat,
            billed=line.amount.inc_vat,
        )
        for line in one.standing
    ]
    if one.unpriced_kwh:
        rows.append(_bill_row("No price", kwh=f"{one.unpriced_kwh:,.3f}"))
    total, billed = one.total, one.billed_total
    rows.append(_bill_row("Without VAT", raw=total.exc_vat, billed=billed.exc_vat))
    rows.append(_bill_row("VAT", raw=total.vat, billed=billed.vat))
    energy = f"{one.kwh:,.3f}"
    rows.append(_bill_row("Total", kwh=energy, raw=total.inc_vat, billed=billed.inc_vat))
    return pd.DataFrame(rows)


def _bill_row(
    what: str,
    price: str = "",
    kwh: str = "",
    raw: Decimal | None = None,
    billed: Decimal | None = None,
) -> dict[str, str]:
    return {
        "what": what,
        "p/kWh or p/day": price,
        "kWh": kwh,
        "£": "" if raw is None else f"{raw:,.4f}",
        "billed £": "" if billed is None else f"{billed:,.2f}",
    }
