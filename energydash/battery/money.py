"""What a battery costs and saves: every kWh in and out at the price of its half-hour.

With the meters' readings the home is worked out twice, with and without the battery, half-hour by
half-hour; without them energy in is taken as bought and energy out as not bought. Wear is what the
battery loses in value for each kWh that leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from energydash.battery.telemetry import Floats
from energydash.core.units import PENCE_PER_POUND

MONEY_COLUMNS: Final = (
    "kwh_in", "kwh_out", "charge_cost_gbp", "avoided_import_gbp", "export_earned_gbp",
    "export_forgone_gbp", "wear_gbp", "net_gbp", "saved_carbon_kg", "unpriced_kwh",
)  # fmt: skip


By = Literal["half-hour", "day", "month", "year"]


@dataclass(frozen=True)
class HalfHours:
    """Aligned arrays of n half-hours.

    kwh_in, kwh_out: of the battery. import_kwh, export_kwh: of the site without the battery, NaN
    where no meter tells. Prices in pence with VAT, NaN where there is none. carbon in g/kWh. bill:
    import and export with the battery, as its meters read them: both may flow in one half-hour,
    and the bill does not net them.
    """

    kwh_in: Floats
    kwh_out: Floats
    import_kwh: Floats
    export_kwh: Floats
    import_p: Floats
    export_p: Floats
    carbon_g: Floats
    bill: tuple[Floats, Floats] | None = None


def without_battery(
    import_kwh: Floats, export_kwh: Floats, kwh_in: Floats, kwh_out: Floats
) -> tuple[Floats, Floats]:
    """What meters that see the battery would have read without it (net of each half-hour)."""
    net = import_kwh - export_kwh - kwh_in + kwh_out
    return np.maximum(net, 0.0), np.maximum(-net, 0.0)


def value(half_hours: HalfHours, index: pd.DatetimeIndex, wear_p_per_kwh: float) -> pd.DataFrame:
    """Columns of `MONEY_COLUMNS` per half-hour; net = avoided + earned - charge - forgone - wear.

    Where a price is missing its energy is `unpriced_kwh`, and the amounts of that half-hour are
    NaN; so they are where the home has meters and one of them has no reading then.
    """
    h = half_hours
    metered = np.isfinite(h.import_kwh) & np.isfinite(h.export_kwh)
    unread = ~metered if metered.any() else np.zeros(len(metered), bool)
    before = np.where(metered, h.import_kwh - h.export_kwh, h.kwh_out)
    after = before + h.kwh_in - h.kwh_out
    imported_before, imported_after = np.maximum(before, 0), np.maximum(after, 0)
    if (~metered).any():  # nothing known of the home: in is bought, out is not bought
        imported_before = np.where(metered, imported_before, h.kwh_out)
        imported_after = np.where(metered, imported_after, h.kwh_in)
    exported_after = np.maximum(-after, 0)
    if h.bill is not None:
        imported_after = np.where(metered, h.bill[0], imported_after)
        exported_after = np.where(metered, h.bill[1], exported_after)
    more = imported_after - imported_before
    exported = np.where(metered, exported_after - np.maximum(-before, 0), 0.0)
    import_p, export_p = np.nan_to_num(h.import_p), np.nan_to_num(h.export_p)
    pounds = {
        "charge_cost_gbp": np.maximum(more, 0) * import_p,
        "avoided_import_gbp": np.maximum(-more, 0) * import_p,
        "export_earned_gbp": np.maximum(exported, 0) * export_p,
        "export_forgone_gbp": np.maximum(-exported, 0) * export_p,
        "wear_gbp": h.kwh_out * wear_p_per_kwh,
    }
    frame = pd.DataFrame(
        {name: amount / PENCE_PER_POUND for name, amount in pounds.items()}, index=index
    )
    frame.insert(0, "kwh_in", h.kwh_in)
    frame.insert(1, "kwh_out", h.kwh_out)
    frame["net_gbp"] = (
        frame["avoided_import_gbp"] + frame["export_earned_gbp"] - frame["charge_cost_gbp"]
        - frame["export_forgone_gbp"] - frame["wear_gbp"]
    )  # fmt: skip
    frame["saved_carbon_kg"] = np.where(unread, np.nan, (exported - more) * h.carbon_g / 1e3)
    frame["unpriced_kwh"] = np.where(np.isnan(h.import_p), np.abs(more), 0.0) + np.where(
        np.isnan(h.export_p), np.abs(exported), 0.0
    )
    frame.loc[unread, "unpriced_kwh"] = (h.kwh_in + h.kwh_out)[unread]
    unknown = [name for name in (*pounds, "net_gbp") if name != "wear_gbp"]
    unpriced = np.isnan(h.import_p) | (frame["unpriced_kwh"] > 0).to_numpy()
    frame.loc[unread | unpriced, unknown] = np.nan
    return frame[list(MONEY_COLUMNS)]


def plus_minus_gbp(half_hours: HalfHours, share: float) -> float:
    """How far the net may be off, £. Without the battery, import and export might have flowed in
    one half-hour as well, at most as much as they did with it; and the battery's own kWh are known
    to `share` only."""
    h = half_hours
    import_p, export_p = np.nan_to_num(h.import_p), np.nan_to_num(h.export_p)
    energy = share * float(((h.kwh_in + h.kwh_out) * np.abs(import_p)).sum())
    both = 0.0
    if h.bill is not None:
        overlap = np.nan_to_num(np.minimum(*h.bill))
        both = float((overlap * np.abs(import_p - export_p)).sum())
    return (energy + both) / PENCE_PER_POUND


def wear_p_per_kwh(replacement_gbp: float | None, lifetime_kwh: float | None) -> float:
    """Pence of wear per kWh discharged: what a new battery costs over what this one delivers in
    its life; 0 where either is not known."""
    if not replacement_gbp or not lifetime_kwh:
        return 0.0
    return replacement_gbp * PENCE_PER_POUND / lifetime_kwh


def by_half_hour(frame: pd.DataFrame) -> pd.DataFrame:
    """kWh in and out of slots added up to half-hours."""
    starts = pd.DatetimeIndex(frame.index).floor("30min")
    sums = frame[["kwh_in", "kwh_out"]].fillna(0.0).groupby(starts).sum()
    sums.index = pd.DatetimeIndex(sums.index).as_unit("us").rename("time")
    return sums


def grouped(valued: pd.DataFrame, zone: str, by: By) -> pd.DataFrame:
    """Half-hours summed by local day, month or year; the index has naive local starts."""
    local = pd.DatetimeIndex(valued.index).tz_convert(zone).tz_localize(None)
    if by == "half-hour":
        return valued.set_axis(local, axis="index")
    period = {"day": "D", "month": "M", "year": "Y"}[by]
    keys = local.to_period(period).to_timestamp().rename(by)
    return valued.groupby(keys).sum(min_count=1)
