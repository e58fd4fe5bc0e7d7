"""Home Assistant's exports: the history of a meter's counter, and the energy dashboard's table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from energydash.core.feeds import tidy
from energydash.home.meters import Direction, Energy
from energydash.sources.imports.assemble import Rows, gaps_of, half_hours
from energydash.sources.imports.parsed import (
    UNITS,
    Choices,
    MeterReadings,
    Refused,
    Upload,
    unreadable,
)
from energydash.sources.imports.tables import Table

# The energy dashboard's kinds of row that a meter of ours can be.
KINDS = {
    "grid_consumption": (Energy.ELECTRICITY, Direction.IMPORT),
    "grid_return": (Energy.ELECTRICITY, Direction.EXPORT),
    "gas": (Energy.GAS, Direction.IMPORT),
    "gas_consumption": (Energy.GAS, Direction.IMPORT),
}
NO_STATE = ("unavailable", "unknown", "none", "")


def read_history(table: Table, upload: Upload, choices: Choices) -> list[MeterReadings]:
    """`entity_id,state,last_changed`: a counter that rises; half-hours are its differences.

    Home Assistant writes changes only: silence is no use. A counter that falls was reset. Half-
    hours that touch a time without a state are missing.
    """
    keys = table.keys
    entities = table.column(keys.index("entity_id"))
    states = table.column(keys.index("state"))
    times = pd.to_datetime(
        pd.Series(table.column(keys.index("last_changed"))), utc=True, format="ISO8601",
        errors="coerce",
    )  # fmt: skip
    found = []
    for entity in dict.fromkeys(entities):
        rows = np.flatnonzero(np.array(entities) == entity)
        texts = pd.Series([states[n] for n in rows], index=pd.DatetimeIndex(times.iloc[rows]))
        refused = tuple(
            Refused(int(table.lines[n]), "last_changed", f"'{table.rows[n]}' has no time")
            for n in rows[np.asarray(times.iloc[rows].isna())]
        )
        frame = _differences(texts[texts.index.notna()].sort_index())
        unit, times_unit, over = UNITS[(choices.unit or "kwh").lower()]
        gaps = gaps_of(frame)
        found.append(
            MeterReadings(
                file=upload.name,
                format="Home Assistant history",
                frame=frame * times_unit / over,
                unit=unit,
                energy=choices.energy or (Energy.GAS if "gas" in entity else Energy.ELECTRICITY),
                direction=choices.direction or _direction(entity),
                rows=len(rows),
                refused=refused,
                missing=sum(int(gap.duration.total_seconds()) // 1800 for gap in gaps),
                gaps=gaps,
                notes=("half-hours are the differences of a counter, read as kWh",)
                if not choices.unit
                else (),
                label=entity,
            )
        )
    return found


def read_energy(table: Table, upload: Upload, choices: Choices) -> list[MeterReadings]:
    """`entity_id,type,unit,TIME,TIME…`: a row per meter; rows of one kind are added."""
    times = list(table.header[3:])
    by_kind: dict[str, list[int]] = {}
    for n, row in enumerate(table.rows):
        if row[1].strip() in KINDS:
            by_kind.setdefault(row[1].strip(), []).append(n)
    if not by_kind:
        raise unreadable(upload.name, "", "it has no row of the grid's or of gas")
    found = []
    for kind, numbers in by_kind.items():
        energy, direction = KINDS[kind]
        units = {table.rows[n][2].strip().lower().replace("³", "3") for n in numbers}
        if len(units) > 1 or not units <= set(UNITS):
            raise unreadable(upload.name, "column unit", f"{kind} is in {', '.join(sorted(units))}")
        cells = pd.DataFrame([table.rows[n][3:] for n in numbers]).replace("", None)
        values = cells.apply(pd.to_numeric, errors="coerce").sum(min_count=1)
        rows = Rows(
            file=upload.name,
            format="Home Assistant energy",
            lines=np.full(len(times), int(table.lines[numbers[0]]), dtype=np.intp),
            starts=times,
            raw=[None if np.isnan(value) else float(value) for value in values],
        )
        one = half_hours(rows, choices, units.pop(), energy, direction)
        said = f"{len(numbers)} rows of {kind} are added"
        notes = (*one.notes, said) if len(numbers) > 1 else one.notes
        label = table.rows[numbers[0]][0] if len(numbers) == 1 else kind.replace("_", " ")
        found.append(replace(one, notes=notes, label=label))
    return found


def _differences(texts: pd.Series[str]) -> pd.DataFrame:
    """What a counter rose by in each whole half-hour between its first and last state."""
    lowered = texts.str.lower()
    is_known = ~lowered.isin(NO_STATE)
    numbers = pd.to_numeric(texts.where(is_known), errors="coerce")
    known = numbers.dropna()
    if len(known) < 2:
        return tidy(pd.DataFrame({"energy": []}, index=pd.DatetimeIndex([], tz="UTC")))
    rises = known.diff()
    total = rises.where(rises >= 0, known).fillna(0.0).cumsum()
    edges = pd.date_range(
        known.index[0].ceil("30min"), known.index[-1].floor("30min"), freq="30min"
    )
    at = total.index.searchsorted(edges, side="right") - 1
    energy = pd.Series(np.diff(total.to_numpy()[at]), index=edges[:-1])
    for since in numbers.index[numbers.isna()]:
        after = known.index[known.index > since]
        until = after[0] if len(after) else edges[-1]
        if since.floor("30min") != until.floor("30min"):
            energy[(energy.index + pd.Timedelta("30min") > since) & (energy.index <= until)] = (
                np.nan
            )
    return tidy(energy.dropna().to_frame("energy"))


def _direction(entity: str) -> Direction:
    is_export = any(word in entity for word in ("export", "return", "outgoing"))
    return Direction.EXPORT if is_export else Direction.IMPORT
