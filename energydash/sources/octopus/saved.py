"""Octopus Energy: pages of readings, prices and products, GraphQL cost figures, website CSVs.

Readings: `consumption_kwh` (or `_m3`) by interval start. Prices: a row per interval and payment
method, `exc_vat_p` and `inc_vat_p` digit for digit as Octopus printed them, pence per kWh or day.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd

from energydash.core.errors import BadData, InputError
from energydash.core.feeds import tidy
from energydash.sources import Answer
from energydash.sources.grid.mixes import only_region, same_quantity
from energydash.sources.imports import read_readings
from energydash.sources.octopus import (
    read_consumption,
    read_measurements,
    read_products,
    read_rates,
)
from energydash.sources.tables import File, trouble


def read(files: list[File], region: str | None, day: date | None) -> Answer:
    """One answer in one or several pages; `day` does not matter here."""
    del day
    only_region(region, "GB")
    kind = same_quantity(_kind(file) for file in files)
    if kind == "consumption":
        return _readings(files)
    pages = [file.data for file in files]
    try:
        if kind == "prices":
            return Answer(_prices(pages), "prices", "GB", "")
        if kind == "products":
            table = pd.DataFrame([vars(one) for one in read_products(pages)])
            return Answer(table, "products", "GB", "")
        frame = tidy(pd.concat([read_measurements(page) for page in pages]))
        return Answer(frame, "costs", "GB", "")
    except BadData as error:
        raise trouble(files[0].name, error.message.rstrip(".")) from error


def _kind(file: File) -> str:
    """What a file holds, by the fields of its first record."""
    found = _json(file)
    if isinstance(found, dict) and "data" in found:
        return "costs"
    results = found.get("results") if isinstance(found, dict) else None
    first = results[0] if isinstance(results, list) and results else {}
    if isinstance(first, dict) and "value_inc_vat" in first:
        return "prices"
    if isinstance(first, dict) and "display_name" in first:
        return "products"
    return "consumption"


def _json(file: File) -> Any:
    try:
        return json.loads(file.data)
    except ValueError:
        return None  # a CSV, JSON lines, or broken: `read_readings` says which


def _readings(files: list[File]) -> Answer:
    frames: list[pd.DataFrame] = []
    notes: list[str] = []
    units: set[str] = set()
    for file in files:
        found = _json(file)
        if isinstance(found, dict) and "results" in found:
            try:
                frames.append(read_consumption([file.data]))
            except BadData as error:
                raise trouble(file.name, error.message.rstrip(".")) from error
            units.add("m3" if "gas" in file.name.lower() else "kwh")
            continue
        for one in read_readings(file):
            if one.refused:
                raise InputError(f"{file.name}, {one.refused[0]}")
            frames.append(one.frame)
            units.add(one.unit.value.lower())
            notes += [f"{file.name}: {note}." for note in one.notes]
    if len(units) != 1:
        raise InputError("The files are in different units.", remedy="Read one unit at a time.")
    frame = tidy(pd.concat(frames)).rename(columns={"energy": f"consumption_{units.pop()}"})
    return Answer(frame, "consumption", "GB", "", notes=tuple(notes))


def _prices(pages: list[bytes]) -> pd.DataFrame:
    rates = read_rates(pages, "")
    ends = rates["valid_to"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("")
    table = pd.DataFrame(
        {
            "valid_to": ends,
            "payment_method": rates["payment_method"],
            "exc_vat_p": rates["exc_vat"],
            "inc_vat_p": rates["inc_vat"],
        }
    )
    return table.set_axis(pd.DatetimeIndex(rates["valid_from"], name="time"), axis="index")
