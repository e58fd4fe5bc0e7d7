"""A home's answers as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from energydash.answers import home
from energydash.core.feeds import FeedData
from energydash.core.time import LONDON
from energydash.home.comparison import Comparison
from energydash.home.meters import Meter
from energydash.serialise.document import Document, coverage_json, finding_json

# A page has it fetched where a crawler is at work; who asks by REST or command is told what to do.
NEVER_ASKED = (
    "Not all of this period has been fetched yet: 'Fetch now' on the page Electricity costs, or "
    "energydash ingest octopus with its first and last day, brings it in."
)


def meters(found: Sequence[Meter]) -> Document:
    """The household's meters by their local ids; never by their real numbers."""
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "energy": one.energy.value,
            "direction": one.direction.value,
            "unit": one.unit.value,
            "zone": one.zone,
            "connected": one.connected,
        }
        for one in found
    ]
    return Document("meters", pd.DataFrame(rows, columns=METER_COLUMNS), is_list=True)


METER_COLUMNS = ["id", "name", "energy", "direction", "unit", "zone", "connected"]


def costs(found: home.CostsAnswer) -> Document:
    """A row per key (`HH:MM`, a day, a month, £/kWh…) and the totals; kWh, £ with VAT, kg CO₂."""
    about = {
        "by": found.costs.by,
        "energy": _energies(found),
        "totals": found.costs.totals,
        "unsure": list(found.costs.unsure),
        "coverage": found.costs.coverage,
        "profiles": [
            {"meter": meter.id, "profile": profile} for meter, profile in found.profiles
        ],
    }  # fmt: skip
    return _of(f"costs by {found.costs.by.value}", found, found.costs.rows, about)


def bill(found: home.BillAnswer) -> Document:
    """A row per statement: kWh, £ without and with VAT, raw and as billed; exact texts."""
    whole = found.bill
    rows = [
        {
            "meter": one.meter.id,
            "energy": one.meter.energy.value,
            "direction": one.meter.direction.value,
            "kwh": one.kwh,
            "m3": one.m3,
            "unpriced_kwh": one.unpriced_kwh,
            "missing": one.missing_half_hours,
            "exc_vat_gbp": None if one.is_unknown else one.total.exc_vat,
            "vat_gbp": None if one.is_unknown else one.total.vat,
            "total_gbp": None if one.is_unknown else one.total.inc_vat,
            "billed_total_gbp": None if one.is_unknown else one.billed_total.inc_vat,
            "coverage": coverage_json(one.coverage),
            "lines": [
                {
                    "tariff": found.names.get(line.rate.tariff, line.rate.tariff),
                    "tariff_code": line.rate.tariff if line.rate.tariff in found.names else None,
                    "p_per_kwh_inc_vat": line.rate.inc_vat,
                    "p_per_kwh_exc_vat": line.rate.exc_vat,
                    "kwh": line.kwh,
                    "gbp": line.amount.inc_vat,
                    "billed_gbp": line.billed.inc_vat,
                }
                for line in one.lines
            ],
            "standing": [
                {
                    "days": line.days,
                    "p_per_day_inc_vat": line.pence_per_day,
                    "gbp": line.amount.inc_vat,
                }
                for line in one.standing
            ],
            "notes": list(one.notes),
        }
        for one in whole.statements
    ]
    about = {
        "energy": _energies(found),
        "charges_gbp": whole.charges_gbp,
        "export_credit_gbp": whole.credit_gbp,
        "net_gbp": whole.net_gbp,
        "billed_net_gbp": whole.billed_net_gbp,
        "net_low_gbp": whole.net_low_gbp,
        "billed_net_low_gbp": whole.billed_net_low_gbp,
        "unsure_half_hours": whole.unsure_half_hours,
        "one_sided_days": whole.one_sided_days,
        "coverage": whole.coverage,
    }
    return _of("bill", found, pd.DataFrame(rows), about, "statements")


def comparison(found: home.ComparisonAnswer) -> Document:
    """A row per import × export pair, cheapest first; months, assumptions and the estimate."""
    about = _compared(found.comparison) | {
        "shifted": None
        if found.shifted is None
        else _compared(found.shifted) | {"pairs": found.shifted.table},
        "lacking": dict(found.lacking),
        "now_p_per_kwh": found.now_p_per_kwh,
    }
    return _of("comparison", found, found.comparison.table, about, "pairs")


def _compared(found: Comparison) -> dict[str, object]:
    return {
        "months": {
            str(month): {str(name): float(value) for name, value in row.items()}
            for month, row in found.monthly.iterrows()
        },
        "baseline_gbp": found.baseline_gbp,
        "baseline_low_gbp": found.baseline_low_gbp,
        "is_estimate": found.is_estimate,
        "assumptions": list(found.assumptions),
    }


def findings(found: home.FindingsAnswer) -> Document:
    """What is odd in the readings and tariffs, the dearest first; £ at stake."""
    rows = pd.DataFrame([finding_json(one) for one in found.findings])
    return _of("findings", found, rows, {})


def day_map(found: home.MapAnswer) -> Document:
    """Local days by half-hours of the local day (`00:00`…), in `unit`."""
    rows = found.table.rename_axis("day").reset_index()
    return _of("map", found, rows, {"unit": found.value})


def price(found: home.PriceNow) -> Document:
    """What a kWh costs in each home now and next, p with VAT; the same for export."""
    rows = pd.DataFrame([row for one in found.homes for row in _home_price(one)])
    about = {"at": found.at, "sample_reason": found.sample_reason or None}
    return Document("price", rows, LONDON, None, about, found.inputs)


def _home_price(one: home.HomePrice) -> list[dict[str, object]]:
    return [
        {
            "home": one.home or None,
            "direction": "import",
            "tariff": one.import_tariff,
            "tariff_code": one.import_code or None,
            "p_per_kwh": one.import_p_per_kwh,
            "until": one.until,
            "next_p_per_kwh": one.next_p_per_kwh,
        },
        {
            "home": one.home or None,
            "direction": "export",
            "tariff": one.export_tariff,
            "tariff_code": one.export_code or None,
            "p_per_kwh": one.export_p_per_kwh,
            "until": None,
            "next_p_per_kwh": None,
        },
    ]


def _energies(found: home.Answer) -> list[str]:
    """The kinds of energy that an answer is about."""
    return list(dict.fromkeys(meter.energy.value for meter in found.meters))


def _of(
    name: str, found: home.Answer, rows: pd.DataFrame, about: Mapping[str, object],
    rows_name: str = "rows",
) -> Document:  # fmt: skip
    zone = found.meters[0].zone if found.meters else LONDON
    about = {"meters": [one.id for one in found.meters], **about}
    notes = [*found.notes, *([NEVER_ASKED] if _is_lacking(found.inputs) else [])]
    return Document(name, rows, zone, found.period, about, found.inputs, notes, rows_name)


def _is_lacking(inputs: Sequence[FeedData]) -> bool:
    return any(one.feed.owner and one.coverage.fetching for one in inputs)
