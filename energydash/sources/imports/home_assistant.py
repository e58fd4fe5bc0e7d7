"""Home Assistant's exports: the history of its entities, and the energy dashboard's table.

One reader of histories, CSV or the API's JSON, for meters (counters, whose rises are energy) and
for batteries (`telemetry`, whose states hold until the next one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from energydash.core.feeds import tidy
from energydash.core.findings import Finding
from energydash.home.meters import Direction, Energy
from energydash.sources.clock import to_utc
from energydash.sources.imports.contents import (
    UNITS,
    Choices,
    MeterReadings,
    numbers_of,
    refused,
)
from energydash.sources.imports.half_hours import Rows, gaps_of, half_hours
from energydash.sources.tables import File, Table, trouble

# The energy dashboard's kinds of row that a meter of ours can be.
KINDS = {
    "grid_consumption": (Energy.ELECTRICITY, Direction.IMPORT),
    "grid_return": (Energy.ELECTRICITY, Direction.EXPORT),
    "gas": (Energy.GAS, Direction.IMPORT),
    "gas_consumption": (Energy.GAS, Direction.IMPORT),
}
HISTORY = ("entity_id", "state", "last_changed")


@dataclass(frozen=True)
class States:
    """One entity's states by UTC instant, in order; NaN where it had none ('unavailable').

    unit: '' where the file does not say. refused: rows without a time.
    """

    entity: str
    unit: str
    values: pd.Series[float]
    refused: tuple[Finding, ...] = ()


def is_history(keys: Sequence[str]) -> bool:
    """True for the columns of an exported history."""
    return set(HISTORY) <= set(keys)


def is_answer(data: Any) -> bool:
    """True for the history API's answer: a list of states per entity."""
    groups = _groups(data)
    return bool(groups) and isinstance(groups[0], list) and any(
        isinstance(state, dict) and "entity_id" in state for state in groups[0][:1]
    )  # fmt: skip


def is_energy(table: Table) -> bool:
    """True for the energy dashboard's table."""
    return table.keys[:3] == ("entity_id", "type", "unit")


def states_of(data: Any, file: File) -> list[States]:
    """Every entity of the history API's answer.

    With `minimal_response` only the first state of each entity names the entity and its unit.
    """
    rows = []
    for group in _groups(data):
        entity, unit = "", ""
        for state in group if isinstance(group, list) else ():
            if not isinstance(state, dict):
                raise trouble(file.name, "its states are not states of Home Assistant")
            entity = state.get("entity_id", entity)
            unit = (state.get("attributes") or {}).get("unit_of_measurement", unit)
            rows.append((entity, state.get("state"), state.get("last_changed"), unit))
    table = pd.DataFrame(rows, columns=[*HISTORY, "unit"])
    table.index = pd.RangeIndex(1, len(table) + 1)
    return by_entity(table)


def _groups(data: Any) -> list[Any]:
    groups = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(groups, list) or not groups:
        return []
    return groups if isinstance(groups[0], list) else [groups]


def by_entity(table: pd.DataFrame) -> list[States]:
    """Every entity of a table `entity_id,state,last_changed`, whose index is the line numbers."""
    found = []
    for entity, rows in table.groupby("entity_id", sort=False):
        times = to_utc(rows["last_changed"].fillna("").astype(str).tolist(), "UTC").utc
        values = numbers_of(rows["state"])
        without = rows["state"][np.asarray(times.isna())].to_dict().items()
        lost = tuple(
            refused(line, "last_changed", f"the state '{state}' has no time")  # type: ignore[arg-type]
            for line, state in without
        )
        series = pd.Series(values, index=times)
        series = series[series.index.notna()].sort_index(kind="stable")
        unit = str(rows["unit"].iloc[0] or "") if "unit" in rows else ""
        found.append(States(str(entity), unit, series, lost))
    return found


def read_counters(entities: Sequence[States], file: File, choices: Choices) -> list[MeterReadings]:
    """Counters that rise; half-hours are their differences.

    Home Assistant writes changes only: silence is no use. A counter that falls was reset. Half-
    hours that touch a time without a state are missing.
    """
    found = []
    for one in entities:
        frame = _differences(one.values)
        stated = choices.unit or (one.unit if plain_unit(one.unit) in UNITS else "")
        unit, times_unit, over = UNITS[plain_unit(stated or "kwh")]
        energy, direction = choices.kind(one.entity.replace(".", " "), plain_unit(stated or "kwh"))
        gaps = gaps_of(frame)
        said = "half-hours are the differences of a counter, read as kWh"
        found.append(
            MeterReadings(
                file=file.name,
                format="Home Assistant history",
                frame=frame * times_unit / over,
                unit=unit,
                energy=energy,
                direction=direction,
                rows=len(one.values) + len(one.refused),
                refused=one.refused,
                missing=sum(int(gap.duration.total_seconds()) // 1800 for gap in gaps),
                gaps=gaps,
                notes=() if stated else (said,),
                label=one.entity,
            )
        )
    return found


def plain_unit(unit: str) -> str:
    """A unit as the tables of units have it."""
    return unit.strip().lower().replace("³", "3")


def read_energy(table: Table, choices: Choices) -> list[MeterReadings]:
    """`entity_id,type,unit,TIME,TIME…`: a row per meter; rows of one kind are added."""
    times = list(table.header[3:])
    by_kind: dict[str, list[int]] = {}
    for n, row in enumerate(table.rows):
        if row[1].strip() in KINDS:
            by_kind.setdefault(row[1].strip(), []).append(n)
    if not by_kind:
        raise trouble(table.file, "it has no row of the grid's or of gas")
    found = []
    for kind, numbers in by_kind.items():
        energy, direction = KINDS[kind]
        units = {table.rows[n][2].strip().lower().replace("³", "3") for n in numbers}
        if len(units) > 1 or not units <= set(UNITS):
            what = f"{kind} is in {', '.join(sorted(units))}"
            raise trouble(table.file, what, column="unit")
        cells = pd.DataFrame([table.rows[n][3:] for n in numbers]).replace("", None)
        values = cells.apply(pd.to_numeric, errors="coerce").sum(min_count=1)
        rows = Rows(
            file=table.file,
            format="Home Assistant energy",
            lines=[table.lines[numbers[0]]] * len(times),
            starts=times,
            raw=[None if np.isnan(value) else float(value) for value in values],
        )
        one = half_hours(rows, choices, units.pop(), energy, direction)
        said = f"{len(numbers)} rows of {kind} are added"
        notes = (*one.notes, said) if len(numbers) > 1 else one.notes
        label = table.rows[numbers[0]][0] if len(numbers) == 1 else kind.replace("_", " ")
        found.append(replace(one, notes=notes, label=label))
    return found


def _differences(numbers: pd.Series[float]) -> pd.DataFrame:
    """What a counter rose by in each whole half-hour between its first and last state."""
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
