"""Files of several homes, of our own, of tariffs of one name: each to where it belongs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

from energydash.answers import home
from energydash.answers.home import File
from energydash.answers.home.exports import EVER
from energydash.core import settings
from energydash.core.errors import InputError, StoreError
from energydash.core.time import HALF_HOUR
from energydash.home.meters import Direction, Energy, Meter, Unit
from energydash.store import Store, open_store
from energydash.sync import documents
from energydash.sync.context import Context

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def here() -> Iterator[Context]:
    made = Context(settings.current(), open_store(settings.current()), lambda: NOW)
    yield made
    made.store.close()


def csv(name: str, factor: float, days: int = 1, start: str = "2026-01-01") -> File:
    """A CSV of the website, as every home of Octopus has it: without a meter's name."""
    times = pd.date_range(start, periods=48 * days, freq="30min", tz="UTC")
    rows = [
        f"{factor * (n % 48 + 1) / 100}, {at.isoformat()}, {(at + HALF_HOUR).isoformat()}"
        for n, at in enumerate(times)
    ]
    return File(name, "\n".join(["Consumption (kWh), Start, End", *rows, ""]).encode())


def sums(context: Context) -> list[float]:
    """The energy of each meter, smallest first."""
    owner, store = context.store.household(), context.store
    return sorted(
        round(float(store.read(one.feed(owner), EVER)["energy"].sum()), 6)
        for one in documents.meters(store)
    )


# Several homes in one import


@pytest.mark.parametrize("days", [1, 3])
def test_csvs_of_several_homes_in_one_import_stay_apart(here: Context, days: int) -> None:
    done = home.import_readings(
        here, [csv("a.csv", 1, days), csv("b.csv", 2, days), csv("c.csv", 3, days)]
    )
    assert [one.is_new for one in done.items] == [True] * 3
    assert sums(here) == pytest.approx([11.76 * days, 23.52 * days, 35.28 * days])
    assert len({one.name for one in documents.meters(here.store)}) == 3


def test_months_of_one_home_in_one_import_come_together(here: Context) -> None:
    files = [csv("jan.csv", 1), csv("feb.csv", 2, start="2026-02-01"), csv("jan again.csv", 1)]
    done = home.import_readings(here, files)
    assert [one.is_new for one in done.items] == [True, False, False]
    assert sums(here) == pytest.approx([35.28])


def test_a_file_that_may_be_of_two_new_homes_is_asked_about(here: Context) -> None:
    files = [csv("a.csv", 1), csv("b.csv", 2), csv("later.csv", 3, start="2026-02-01")]
    with pytest.raises(InputError, match=r"later\.csv may belong to any of 2 meters"):
        home.import_readings(here, files)
    assert documents.meters(here.store) == []


def test_files_for_one_new_name_go_to_one_meter(here: Context) -> None:
    files = [csv("a.csv", 1), csv("b.csv", 1, start="2026-02-01")]
    home.import_readings(here, files, "Workshop")
    assert [one.label for one in documents.meters(here.store)] == ["Workshop"]


# Our own export


METERS = (
    Meter("m00000001", label="Home", point="1111111111111", serials=("21L1",)),
    Meter("m00000002", label="Roof", direction=Direction.EXPORT, point="2222222222222",
          serials=("21L1",)),
    Meter("m00000003", label="From files"),
    Meter("m00000004", label="Gas", energy=Energy.GAS, unit=Unit.KWH),
    Meter("m00000005", label="Gas too", energy=Energy.GAS, unit=Unit.M3, point="3000000011"),
)  # fmt: skip


@pytest.mark.parametrize("viz", [True, False])
def test_our_own_export_goes_back_to_the_same_meters(here: Context, viz: bool) -> None:
    for n, meter in enumerate(METERS, 1):
        home.save_meter(here, meter)
        kind = f"{meter.energy.value} {meter.direction.value} ({meter.unit.value})"
        text = f"start,{kind}\n2026-01-01T00:00Z,{n}\n2026-01-01T00:30Z,{n}\n"
        home.import_readings(here, [File("x.csv", text.encode())], meter.id)
    before = sums(here)
    files = home.export_readings(here, as_octopus_viz=viz).files
    renamed = [replace(one, name=one.name.replace(".", " (1).")) for one in files]
    for given in (files, renamed):
        again = home.import_readings(here, given)
        assert sorted(one.meter.id for one in again.items) == [one.id for one in METERS]
        assert [one.changed for one in again.items] == [0] * 5
    known = {one.id: one for one in documents.meters(here.store)}
    assert known == {one.id: one for one in METERS}
    assert sums(here) == before


# Tariffs of one name


def flat(label: str, price: str, **more: str) -> str:
    lines = [f"label = '{label}'", f"default_rate = {price}"]
    return "\n".join(["[[tariff]]", *lines, *(f"{key} = {value}" for key, value in more.items())])


def spans(context: Context) -> list[tuple[str, date | None, date | None, Decimal | None]]:
    return sorted(
        ((one.label, one.valid_from, one.valid_to, one.default_rate)
         for one in documents.tariffs(context.store)),
        key=lambda one: (one[0], one[1] or date.min),
    )  # fmt: skip


def toml(*tariffs: str) -> File:
    return File("own.toml", "\n".join(tariffs).encode())


OLD = flat("Fix", "20", valid_from="2025-04-01", valid_to="2026-04-01")
NEW = flat("Fix", "30", valid_from="2026-04-01")
APRIL_25, APRIL_26 = date(2025, 4, 1), date(2026, 4, 1)


def test_two_tariffs_of_one_name_are_two(here: Context) -> None:
    done = home.import_tariffs(here, [toml(OLD, NEW)])
    assert len(done.added) == 2
    wanted = [
        ("Fix", APRIL_25, APRIL_26, Decimal(20)), ("Fix", APRIL_26, None, Decimal(30)),
    ]  # fmt: skip
    assert spans(here) == wanted
    again = home.import_tariffs(here, [toml(NEW), toml(OLD)])
    assert (len(again.unchanged), again.added, again.changed) == (2, (), ())
    assert spans(here) == wanted
    # Out and in again, by the format that knows a tariff by its name alone.
    files = home.export_tariffs(here).files
    assert len(json.loads(files[0].data)["tariffs"]) == 2
    home.import_tariffs(here, files)
    assert [one[:3] for one in spans(here)] == [one[:3] for one in wanted]


def test_the_next_of_a_name_ends_the_one_before(here: Context) -> None:
    home.import_tariffs(here, [toml(flat("Fix", "20"))])
    done = home.import_tariffs(here, [toml(NEW)])
    assert ([one.valid_to for one in done.changed], len(done.added)) == ([APRIL_26], 1)
    assert "'Fix' of before ends on 2026-04-01" in done.notes[0]
    assert spans(here) == [
        ("Fix", None, APRIL_26, Decimal(20)), ("Fix", APRIL_26, None, Decimal(30)),
    ]  # fmt: skip
    # The older file once more opens no overlap.
    home.import_tariffs(here, [toml(flat("Fix", "21"))])
    assert spans(here)[0] == ("Fix", None, APRIL_26, Decimal(21))


def test_one_name_for_both_directions_is_two_tariffs(here: Context) -> None:
    out = flat("Fix", "15", direction="'export'")
    home.import_tariffs(here, [toml(flat("Fix", "20"), out, flat("fix", "9", energy="'gas'"))])
    assert sorted(one.default_rate or 0 for one in documents.tariffs(here.store)) == [9, 15, 20]


def test_two_of_one_name_and_day_are_refused(here: Context) -> None:
    with pytest.raises(InputError, match="two tariffs 'Fix' from the same day on"):
        home.import_tariffs(here, [toml(NEW, flat("Fix", "31", valid_from="2026-04-01"))])
    assert documents.tariffs(here.store) == []


def test_a_second_flux_ends_the_first(here: Context) -> None:
    rates = (Decimal(15), Decimal(25), Decimal(35))
    home.add_flux(here, home.Flux("Flux", APRIL_25, rates, rates, Decimal(40)))
    second = home.add_flux(here, home.Flux("Flux", APRIL_26, rates, rates, Decimal(50)))
    assert [one.valid_from for one in second] == [APRIL_26] * 2
    assert [one[:3] for one in spans(here)] == [
        ("Flux export", APRIL_25, APRIL_26), ("Flux export", APRIL_26, None),
        ("Flux import", APRIL_25, APRIL_26), ("Flux import", APRIL_26, None),
    ]  # fmt: skip
    # Typed once more with another price, it is that Flux changed.
    home.add_flux(here, home.Flux("Flux", APRIL_26, rates, rates, Decimal(51)))
    assert len(documents.tariffs(here.store)) == 4


# Columns that are not recognised


ODD = b"When was it,How much\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,2\n"


def test_columns_can_be_named(here: Context) -> None:
    file = File("odd.csv", ODD)
    with pytest.raises(InputError, match=r"none of its columns .*--columns time=NAME"):
        home.import_readings(here, [file], unit="kwh")
    assert home.columns_of([file]) == ("When was it", "How much")
    done = home.import_readings(
        here, [file], unit="kwh", columns="time=When was it,value=How much", preview=True
    )
    assert done.items[0].readings.frame["energy"].tolist() == [1, 2]
    both = File("both.csv", b'at,"in, kWh","out, kWh"\n2026-01-01T00:00Z,1,2\n')
    done = home.import_readings(
        here, [both], columns="time=at, import=in, kWh, export=out, kWh", preview=True
    )
    found = [one.readings for one in done.items]
    assert [one.direction for one in found] == [Direction.IMPORT, Direction.EXPORT]
    assert [one.frame["energy"].tolist() for one in found] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("time", "names no columns"),
        ("when=How much", "'when=How much' names no columns|'when' is not something"),
        ("time=Nowhere", "it has no column 'Nowhere' .it has When was it, How much"),
    ],
)
def test_columns_that_are_not_there_are_said(here: Context, columns: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        home.import_readings(here, [File("odd.csv", ODD)], unit="kwh", columns=columns)


# All or nothing


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_an_import_that_fails_midway_leaves_nothing(
    here: Context, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    write, calls = Store.write, iter(range(1, 9))

    def full_disk(*given: object, **named: object) -> object:
        if next(calls) == failing:
            raise StoreError("The disk is full.")
        return write(*given, **named)  # type: ignore[arg-type]

    files = [csv("a.csv", 1), csv("b.csv", 2), csv("c.csv", 3)]
    monkeypatch.setattr(Store, "write", full_disk)
    with pytest.raises(StoreError, match="disk is full"):
        home.import_readings(here, files)
    assert documents.meters(here.store) == []
    monkeypatch.setattr(Store, "write", write)
    home.import_readings(here, files)
    assert len(sums(here)) == 3


def test_tariffs_and_meters_of_a_file_come_together(
    here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Store.put

    def failing(store: Store, owner: str, kind: str, key: str, body: dict[str, object]) -> None:
        if kind == "tariff" and key != "fix":
            raise StoreError("The disk is full.")
        put(store, owner, kind, key, body)

    monkeypatch.setattr(Store, "put", failing)
    with pytest.raises(StoreError, match="disk is full"):
        home.import_tariffs(here, [toml(OLD, NEW)])
    assert documents.tariffs(here.store) == []
