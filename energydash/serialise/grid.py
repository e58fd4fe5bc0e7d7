"""The grid's answers as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from energydash.answers import grid
from energydash.core.feeds import FromFeeds
from energydash.grid.intensity import FactorSet
from energydash.grid.regions import Region
from energydash.serialise.document import Document


def regions(found: Sequence[Region]) -> Document:
    """A row per region; `feeds` names the sources of each quantity, best first."""
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "zone": one.zone,
            "aliases": ", ".join(one.aliases),
            "feeds": "; ".join(
                f"{quantity}: {' then '.join(names)}" for quantity, names in one.sources.items()
            ),
        }
        for one in found
    ]
    return Document("regions", pd.DataFrame(rows), is_list=True)


def factors(found: Sequence[FactorSet]) -> Document:
    """A row per emission factor, with the source of its value."""
    rows = [
        {
            "factor_set": one.id,
            "version": one.version,
            "scope": str(one.scope),
            "fuel": fuel,
            "g_per_kwh": factor.g_per_kwh,
            "source": factor.source,
        }
        for one in found
        for fuel, factor in one.factors.items()
    ]
    return Document("factors", pd.DataFrame(rows), is_list=True)


def mix(found: grid.MixAnswer) -> Document:
    """Generation by fuel: `gas_mw`…, or `gas_percent`… where nobody publishes megawatts."""
    suffix = "mw" if found.unit == "MW" else "percent"
    about = {"region": found.region.id, "unit": found.unit}
    return _of("mix", found.region, found, found.mix.add_suffix(f"_{suffix}"), about)


def records(found: grid.MixAnswer) -> Document:
    """The extremes of a period."""
    zone = found.region.zone
    index = pd.DatetimeIndex([one.at for one in found.records], name="time")
    rows = pd.DataFrame(
        {
            "record": [one.name for one in found.records],
            "value": [one.value for one in found.records],
            "unit": [one.unit for one in found.records],
        },
        index=index if index.tz is not None else index.tz_localize("UTC"),
    )
    return Document(
        f"records {found.region.id}", rows, zone, found.period,
        {"region": found.region.id}, found.inputs, found.notes,
    )  # fmt: skip


def series(name: str, found: grid.SeriesAnswer) -> Document:
    """Load, storage (+ discharging) or interconnectors (+ import): a column in MW per part."""
    about = {"region": found.region.id, "unit": "MW", "computed": found.computed}
    return _of(name, found.region, found, found.data.add_suffix("_mw"), about)


def intensity(found: grid.IntensityAnswer) -> Document:
    """`g_per_kwh` (measured, else forecast, and `basis` says which), with both beside it."""
    data = found.data.reindex(columns=["actual", "forecast"]).dropna(how="all")
    values = data["actual"].fillna(data["forecast"])
    rows = intensity_rows(values, found.basis, found.scope, found.factor_set)
    rows.loc[data["actual"].isna(), "basis"] = f"{found.basis} (forecast)"
    rows["actual_g_per_kwh"], rows["forecast_g_per_kwh"] = data["actual"], data["forecast"]
    about = {
        "region": found.region.id,
        "unit": "g/kWh",
        "basis": found.basis,
        "scope": found.scope,
        "factor_set": found.factor_set,
        "version": found.version,
        "computed": found.computed,
        "issued": found.issued,
        "mean_g_per_kwh": found.mean,
    }
    return _of("intensity", found.region, found, rows, about)


def intensity_rows(
    values: pd.Series[float], basis: str, scope: str, factor_set: str
) -> pd.DataFrame:
    """What every row of an intensity says."""
    return (
        values.rename("g_per_kwh")
        .to_frame()
        .assign(basis=basis, scope=scope, factor_set=factor_set)
    )


def intensity_of_file(name: str, values: pd.Series[float], factors: FactorSet) -> Document:
    """The intensity of a mix file: the same columns, without a forecast."""
    rows = intensity_rows(values, "average", str(factors.scope), factors.id)
    return Document(f"intensity of {name}", rows, about={"unit": "g/kWh", "computed": True})


def now(mix_now: grid.MixNow, intensity_now: grid.IntensityNow) -> Document:
    """The newest mix, fuel by fuel, with the newest intensity beside it."""
    suffix = "mw" if mix_now.unit == "MW" else "percent"
    rows = pd.DataFrame(
        {
            "fuel": [str(fuel) for fuel in mix_now.power.index],
            suffix: mix_now.power.to_numpy(),
            "share": mix_now.shares.reindex(mix_now.power.index).to_numpy(),
        }
    )
    about = {
        "region": mix_now.region.id,
        "mix_at": mix_now.at,
        "unit": mix_now.unit,
        "total": mix_now.total,
        "renewable_share": mix_now.renewable_share,
        "intensity_at": intensity_now.at,
        "g_per_kwh": intensity_now.g_per_kwh,
        "band": intensity_now.band,
        "is_forecast": intensity_now.is_forecast,
    }
    inputs = (*mix_now.inputs, *intensity_now.answer.inputs)
    return Document(
        f"now {mix_now.region.id}", rows, mix_now.region.zone, None, about, inputs, mix_now.notes,
        "fuels",
    )  # fmt: skip


def window_rows(found: Sequence[grid.Window]) -> pd.DataFrame:
    """A row per window: `start`, `end`, `mean` in the signal's unit."""
    return pd.DataFrame(
        [{"start": one.start, "end": one.end, "mean": one.mean} for one in found],
        columns=["start", "end", "mean"],
    )


def _of(
    name: str,
    region: Region,
    found: grid.MixAnswer | grid.SeriesAnswer | grid.IntensityAnswer,
    rows: pd.DataFrame,
    about: Mapping[str, object],
) -> Document:
    parts: FromFeeds = found
    return Document(
        f"{name} {region.id}", rows, region.zone, found.period, about, parts.inputs, found.notes
    )
