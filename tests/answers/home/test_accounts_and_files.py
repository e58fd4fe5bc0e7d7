"""A household's data end to end: accounts over HTTP, files into the store and out again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util.retry import Retry

from energydash.answers import home
from energydash.answers.home import File
from energydash.answers.sources.health import health
from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.time import HALF_HOUR, LONDON, Period, grid
from energydash.home.bands import Band
from energydash.home.meters import CalorificValue, Direction, Energy, Meter, Unit
from energydash.home.tariffs import Tariff
from energydash.sources import octopus
from energydash.sources.octopus import graphql
from energydash.store import Store, open_store
from energydash.sync import documents
from energydash.sync.context import Context
from tests import clock
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.octopus import HOST
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = Period(NOW - timedelta(days=40), NOW)


def context_at(now: datetime = NOW) -> Context:
    return Context(settings.current(), open_store(settings.current()), lambda: now)


@pytest.fixture
def here() -> Iterator[Context]:
    made = context_at()
    yield made
    made.store.close()


@pytest.fixture
def connected(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The stand-in's first account in the settings, nothing asked yet."""
    clock.set_now(NOW)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    made = context_at()
    yield made
    made.store.close()


def by_point(store: Store, point: str) -> Meter:
    return next(one for one in documents.meters(store) if one.point == point)


# Accounts


def test_connect_keeps_every_meter_of_every_home(connected: Context) -> None:
    steps: list[float] = []
    found = home.connect(connected, lambda fraction, _: steps.append(fraction))
    assert {one.point for one in found.meters} == {
        homes.IMPORT_MPAN, homes.EXPORT_MPAN, homes.GAS_MPRN, homes.OLD_MPAN, homes.OLD_MPRN,
    }  # fmt: skip
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    assert meter.serials == (homes.OLD_SERIAL, homes.SERIAL)
    assert (meter.region, meter.connected, meter.label) == (
        "J", True, "Electricity import, SE10 8XJ",
    )  # fmt: skip
    assert [one.tariff for one in found.agreements if one.meter == meter.id] == [
        code for code, _, _ in homes.AGREEMENTS[homes.IMPORT_MPAN]
    ]
    assert len(found.added) == 5
    assert any("m³" in note and "calorific value" in note for note in found.notes)
    assert steps[-1] == 1.0
    # No feed, and no id, has a meter point or an account in it.
    shown = f"{[one.feed('h') for one in found.meters]} {found!r}"
    assert not any(point in shown for point in (homes.IMPORT_MPAN, homes.ACCOUNT, homes.KEY))


def test_connecting_again_changes_nothing(connected: Context) -> None:
    first = home.connect(connected)
    meter = by_point(connected.store, homes.GAS_MPRN)
    mended = replace(meter, label="Boiler", calorific_values=(CalorificValue(Decimal("39.4")),))
    owner = connected.store.household()
    connected.store.put(owner, "meter", meter.id, mended.to_body())
    again = home.connect(connected)
    assert again.added == ()
    assert {one.id for one in again.meters} == {one.id for one in first.meters}
    assert by_point(connected.store, homes.GAS_MPRN) == mended
    assert again.agreements == first.agreements


def test_bring_in_a_month_once(
    connected: Context, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = home.ingest(connected, DAYS)
    assert done.problems == ()
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    owner = connected.store.household()
    assert len(connected.store.read(meter.feed(owner), DAYS)) > 1700
    rates = connected.store.rates("E-1R-AGILE-24-10-01-J", DAYS, "unit")
    assert len(rates) >= 40 * 48
    standing = connected.store.rates("G-1R-VAR-22-11-01-J", DAYS, "standing")
    assert set(standing["payment_method"]) == {"DIRECT_DEBIT", "NON_DIRECT_DEBIT"}
    monkeypatch.setattr(octopus, "product_name", lambda *_: "")  # names are the store's
    assert home.price_now(connected).homes[0].import_tariff == "Agile Octopus"
    fed = next(one for one in health(connected).sources if one.info.name == "octopus").feeds
    shown = {one.feed.name for one in fed}
    assert {"Agile Octopus", "Outgoing Octopus", "Electricity import, SE10 8XJ"} <= shown
    # The home moved out of is not asked for a time after that.
    old = by_point(connected.store, homes.OLD_MPAN)
    assert all(one.feed.subject != old.id for one in done.refreshed)
    before = upstreams.counts[HOST]
    assert not any(one.asked for one in home.ingest(connected, DAYS).refreshed)
    assert upstreams.counts[HOST] == before + 1  # the account alone is always asked
    planned = home.ingest(connected, DAYS, dry_run=True).planned
    assert planned
    assert not any(periods for _, periods in planned)


def test_what_may_still_change_is_asked_again(connected: Context, upstreams: Upstreams) -> None:
    home.ingest(connected, DAYS)
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    later = context_at(NOW + timedelta(days=2))
    clock.set_now(NOW + timedelta(days=2))
    upstreams.world.publish(f"octopus/{homes.IMPORT_MPAN}/energy", 1.25, NOW - timedelta(days=10))
    whole = Period(DAYS.start, NOW + timedelta(days=2))
    done = home.ingest(later, whole, meter.id)
    [readings] = [one for one in done.refreshed if one.feed.quantity == "consumption"]
    assert [part.start for part in readings.asked] == [NOW - meter.feed("").revises]
    feed = meter.feed(later.store.household())
    revised = later.store.read(feed, Period(NOW - timedelta(days=10), NOW))
    assert (revised["energy"] == 1.25).all()


def test_a_key_that_is_refused_is_a_problem_not_an_error(
    connected: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_wrongwrong")
    settings.current.cache_clear()
    found = home.connect(context_at())
    assert found.meters == ()
    [(_, problem)] = found.problems
    assert problem.kind == "BadCredentials"
    assert "refused the key" in problem.sentence
    with pytest.raises(InputError, match="refused the key"):
        home.ingest(context_at(), DAYS)


def test_readings_stay_when_octopus_is_in_trouble(
    connected: Context, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)
    home.ingest(connected, DAYS)
    upstreams.fault(HOST, "500")
    late = context_at(NOW + timedelta(days=3))
    done = home.ingest(late, Period(DAYS.start, NOW + timedelta(days=3)))
    assert [one.kind for one in done.problems] == ["Unavailable"]
    assert len(done.refreshed) == 1  # the others would have met the same
    meter = by_point(late.store, homes.IMPORT_MPAN)
    assert len(late.store.read(meter.feed(late.store.household()), DAYS)) > 1700


def test_nothing_configured_says_what_to_do(here: Context) -> None:
    with pytest.raises(InputError, match=r"No Octopus account .*\[octopus\] of secrets.toml"):
        home.connect(here)


def test_two_accounts_and_the_slots_of_intelligent_go(
    connected: Context, private_home: Path
) -> None:
    (private_home / "secrets.toml").write_text(
        f'[octopus.flat]\napi_key = "{homes.SECOND_KEY}"\n'
        f'account_number = "{homes.SECOND_ACCOUNT}"\n'
    )
    settings.current.cache_clear()
    both = context_at()
    found = home.connect(both)
    flat = by_point(both.store, homes.GO_MPAN)
    assert (flat.account, len(found.meters)) == ("flat", 6)
    home.ingest(both, Period(NOW - timedelta(days=3), NOW), flat.id)
    slots = documents.dispatches(both.store, "flat")
    assert slots
    assert {one.duration for one in slots} == {timedelta(minutes=90)}
    assert documents.dispatches(both.store) == []


def test_a_meter_in_two_properties_is_counted_once(
    connected: Context, upstreams: Upstreams
) -> None:
    account = homes.first()
    account["properties"][0]["electricity_meter_points"] = account["properties"][1][
        "electricity_meter_points"
    ]
    upstreams.world.publish(f"octopus/account/{homes.ACCOUNT}", account)
    found = home.connect(connected)
    assert [one.point for one in found.meters].count(homes.IMPORT_MPAN) == 1
    assert any("in two properties" in note and "counted once" in note for note in found.notes)


def test_an_agreement_that_changed_after_the_fact(connected: Context, upstreams: Upstreams) -> None:
    home.connect(connected)
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    account = homes.first()
    agreed = account["properties"][1]["electricity_meter_points"][0]["agreements"]
    agreed[-2]["valid_to"] = agreed[-1]["valid_from"] = "2025-12-01T00:00:00Z"
    upstreams.world.publish(f"octopus/account/{homes.ACCOUNT}", account)
    found = home.connect(connected)
    assert any("changed for time gone by" in note for note in found.notes)
    before = documents.earlier_agreements(connected.store)[meter.id]
    assert before[-1].valid_from == datetime(2025, 11, 1, tzinfo=UTC)
    after = [one for one in documents.agreements(connected.store) if one.meter == meter.id]
    assert after[-1].valid_from == datetime(2025, 12, 1, tzinfo=UTC)


def test_a_meter_that_left_the_account_keeps_its_readings(
    connected: Context, upstreams: Upstreams
) -> None:
    home.connect(connected)
    account = homes.first()
    account["properties"] = account["properties"][1:]
    upstreams.world.publish(f"octopus/account/{homes.ACCOUNT}", account)
    found = home.connect(connected)
    old = by_point(connected.store, homes.OLD_MPAN)
    assert not old.connected
    assert any("no longer in the account" in note for note in found.notes)


def test_a_meter_of_a_file_is_the_accounts_meter(connected: Context) -> None:
    name = f"{homes.IMPORT_MPAN}_{homes.SERIAL}_2026-01-01_2026-01-02.json"
    home.import_readings(connected, [File(name, cache_lines(48))])
    [before] = documents.meters(connected.store)
    home.connect(connected)
    after = by_point(connected.store, homes.IMPORT_MPAN)
    assert (after.id, after.connected, before.connected) == (before.id, True, False)


def test_own_figures_of_octopus(connected: Context, upstreams: Upstreams) -> None:
    home.connect(connected)
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    day = Period(NOW - timedelta(days=9), NOW - timedelta(days=8))
    assert len(home.own_figures(connected, meter.id, day).frame) == 48
    upstreams.fault(HOST, "429", retry_after="60")
    failed = home.own_figures(connected, meter.id, day)
    assert failed.frame.empty
    assert failed.problem
    assert failed.problem.kind == "RateLimited"


def test_save_writes_what_can_be_imported(connected: Context, tmp_path: Path) -> None:
    home.connect(connected)
    meter = by_point(connected.store, homes.IMPORT_MPAN)
    days = Period(NOW - timedelta(days=4), NOW - timedelta(days=2))
    saved = home.ingest(connected, days, meter.id, save=tmp_path / "dump.json").saved
    assert saved == (tmp_path / "dump.json",)
    preview = home.import_readings(connected, list(saved), meter.id, preview=True)
    assert preview.items[0].readings.rows >= 90


# Files in


def cache_lines(count: int, unit: str = "electricity_importing_kwh", start: str = "") -> bytes:
    first = datetime.fromisoformat(start or "2026-01-01T00:00:00+00:00")
    rows = [
        {
            "consumption": n / 100,
            "unit": unit,
            "interval_start": (first + n * HALF_HOUR).isoformat(),
            "interval_end": (first + (n + 1) * HALF_HOUR).isoformat(),
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


CACHE = "1111111111111_21L0001_2026-01-01_2026-01-02.json"


def energies(context: Context) -> dict[str, list[float]]:
    owner = context.store.household()
    return {
        one.name: context.store.read(one.feed(owner), Period(DAYS.start.replace(year=2020), NOW))
        .get("energy", pd.Series(dtype=float))
        .tolist()
        for one in documents.meters(context.store)
    }


def test_a_preview_stores_nothing(here: Context) -> None:
    found = home.import_readings(here, [File(CACHE, cache_lines(48))], preview=True)
    assert (found.stored, found.items[0].is_new, len(found.items[0].readings.frame)) == (
        False, True, 48,
    )  # fmt: skip
    assert "48 half-hours" in found.items[0].summary
    assert documents.meters(here.store) == []


def test_the_same_file_twice_changes_nothing_and_a_revision_does(here: Context) -> None:
    first = home.import_readings(here, [File(CACHE, cache_lines(48))])
    assert first.items[0].changed == 48
    assert home.import_readings(here, [File(CACHE, cache_lines(48))]).items[0].changed == 0
    revised = cache_lines(48).replace(b'"consumption": 0.47', b'"consumption": 9.5')
    again = home.import_readings(here, [File(CACHE, revised)])
    assert (again.items[0].is_new, again.items[0].changed) == (False, 1)
    assert energies(here)["Electricity import"][-1] == 9.5


def test_pages_and_directions_go_to_their_meters(here: Context) -> None:
    export = CACHE.replace("1111111111111", "2222222222222")
    files = [
        File(CACHE, cache_lines(10)),
        File(CACHE, cache_lines(10, start="2026-01-01T05:00:00+00:00")),
        File(export, cache_lines(5, "electricity_exporting_kwh")),
    ]
    home.import_readings(here, files)
    assert {name: len(values) for name, values in energies(here).items()} == {
        "Electricity import": 20, "Electricity export": 5,
    }  # fmt: skip


def test_nothing_is_stored_where_one_of_the_files_is_broken(here: Context) -> None:
    good, broken = File(CACHE, cache_lines(48)), File("cut.json", cache_lines(4)[:-30])
    with pytest.raises(InputError, match=r"cut\.json, line 4, column"):
        home.import_readings(here, [good, broken])
    bad_row = File("x.csv", b"start,kwh\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,much\n")
    with pytest.raises(InputError, match=r"x\.csv, line 3, column kwh: 'much' is not a number"):
        home.import_readings(here, [good, bad_row])
    assert documents.meters(here.store) == []
    taken = home.import_readings(here, [bad_row], accept_refused=True)
    assert (taken.refused, taken.items[0].changed) == (1, 1)


def test_a_meter_that_must_not_be_made(here: Context) -> None:
    with pytest.raises(InputError, match="is not known"):
        home.import_readings(here, [File(CACHE, cache_lines(2))], create=False)
    with pytest.raises(InputError, match="is not known"):
        home.import_readings(here, [File("x.json", cache_lines(2))], "9", create=False)


def test_a_named_meter_is_made_with_that_name(here: Context) -> None:
    file = File("usage.csv", b"start,kwh\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,2\n")
    home.import_readings(here, [file], "Workshop", "export")
    home.import_readings(here, [file], "3333333333333", "import")
    found = {one.direction: one for one in documents.meters(here.store)}
    assert found[Direction.EXPORT].label == "Workshop"
    assert found[Direction.IMPORT].point == "3333333333333"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"direction": "export"}, "is read as export, but meter 'Electricity import' is import"),
        ({"unit": "m3"}, "is read as gas, but meter 'Electricity import' is electricity"),
        ({"direction": "sideways"}, "'sideways' is not a direction"),
        ({"unit": "BTU"}, "'BTU' is not a unit"),
        ({"absent": "later"}, "not a meaning of absent"),
    ],
)
def test_a_file_that_is_not_this_meters(here: Context, options: dict[str, str], words: str) -> None:
    home.import_readings(here, [File(CACHE, cache_lines(2))])
    file = File("usage.csv", b"start,value\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,2\n")
    with pytest.raises(InputError, match=words):
        home.import_readings(here, [file], "21L0001", **{"unit": "kwh", **options})


def test_a_file_that_may_be_any_meters(here: Context) -> None:
    home.import_readings(here, [File(CACHE, cache_lines(2))])
    other = CACHE.replace("1111111111111", "4444444444444")
    home.import_readings(here, [File(other, cache_lines(2))])
    file = File("usage.csv", b"start,kwh\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,2\n")
    with pytest.raises(InputError, match="may belong to any of 2 meters"):
        home.import_readings(here, [file])


def test_a_nameless_file_of_another_home_is_another_meter(here: Context) -> None:
    lines = ["start,kwh", *(f"2026-01-0{1 + n // 48}T{n % 48 // 2:02}:{n % 2 * 3}0Z,{n / 100}"
                            for n in range(96))]  # fmt: skip
    mine = "\n".join([*lines, ""]).encode()
    home.import_readings(here, [File("a.csv", mine)])
    revised = mine.replace(b",0.5\n", b",0.7\n")
    assert home.import_readings(here, [File("b.csv", revised)]).items[0].changed == 1
    theirs = mine.replace(b",0.", b",5.")
    found = home.import_readings(here, [File("c.csv", theirs)])
    assert found.items[0].is_new
    assert len(documents.meters(here.store)) == 2
    # By now both are known, and a file tells by its readings which one it is of.
    again = home.import_readings(here, [File("d.csv", theirs)])
    assert (again.items[0].meter, again.items[0].changed) == (found.items[0].meter, 0)


def test_gas_without_a_calorific_value_is_said(here: Context) -> None:
    file = File("gas.csv", b"start,m3\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,2\n")
    found = home.import_readings(here, [file])
    [meter] = documents.meters(here.store)
    assert (meter.energy, meter.unit) == (Energy.GAS, Unit.M3)
    assert any("40 MJ/m³ until it has the calorific value" in note for note in found.notes)


def test_the_dirty_file_is_reported(here: Context, recordings: Path) -> None:
    file = recordings / "octopus" / "issymiddleton_halfhour_wh.csv"
    found = home.import_readings(here, [file], unit="wh")
    assert "17,468 half-hours" in found.items[0].summary
    assert "675 repeated; 7 missing" in found.items[0].summary
    assert sum(energies(here)["Electricity import"]) == pytest.approx(2905.028)


# Tariffs in

RATE = {"interval_start": "00:00", "interval_end": "24:00", "rate": 0.25}


def config(**tariffs: dict[str, object]) -> File:
    bodies = {
        name: {"unit": "electricity_importing_kwh", "rates": [RATE], **body}
        for name, body in tariffs.items()
    }
    meters = {
        "serial": "21L0001",
        "meters": [{"mpan": "1111111111111", "unit": "electricity_importing_kwh"}],
    }
    return File("config.json", json.dumps({"meters": meters, "tariffs": bodies}).encode())


def test_tariffs_are_added_changed_or_as_they_were(here: Context) -> None:
    first = home.import_tariffs(here, [config(flat={})])
    assert [one.id for one in first.added] == ["flat"]
    assert [one.point for one in first.meters] == ["1111111111111"]
    again = home.import_tariffs(here, [config(flat={})])
    assert ([one.id for one in again.unchanged], again.added, again.meters) == (["flat"], (), ())
    ended = config(flat={"valid_until": "2026-06-01"}, new={"valid_from": "2026-06-01"})
    both = home.import_tariffs(here, [ended])
    assert ([one.id for one in both.changed], [one.id for one in both.added]) == (
        ["flat"], ["new"],
    )  # fmt: skip
    assert len(documents.tariffs(here.store)) == 2


def test_overlapping_tariffs_are_refused_by_name(here: Context) -> None:
    with pytest.raises(InputError, match="'flat' and 'other' both apply to electricity import"):
        home.import_tariffs(here, [config(flat={}, other={"valid_from": "2026-01-01"})])
    assert documents.tariffs(here.store) == []
    assert documents.meters(here.store) == []


def test_a_tariff_bound_to_a_meter(here: Context) -> None:
    home.import_readings(here, [File(CACHE, cache_lines(2))])
    [meter] = documents.meters(here.store)
    done = home.import_tariffs(here, [config(flat={})], "1111111111111")
    assert done.added[0].meter == meter.id
    out = config(out={"unit": "electricity_exporting_kwh"})
    with pytest.raises(InputError, match="'out' is for electricity export"):
        home.import_tariffs(here, [out], meter.id)
    assert not home.import_tariffs(here, [config(flat={})], meter.id, preview=True).stored


# Out and in again


def test_exported_csv_is_read_back(here: Context) -> None:
    home.import_readings(here, [File(CACHE, cache_lines(48))])
    before = energies(here)
    out = home.export_readings(here)
    again = home.import_readings(here, out.files, "1111111111111")
    assert again.items[0].changed == 0
    assert energies(here) == before


@given(
    first=st.integers(0, 21_000).map(lambda hour: FIRST + timedelta(hours=hour)),
    values=st.lists(st.none() | st.floats(0, 50, allow_nan=False), min_size=1, max_size=120),
    unit=st.sampled_from(
        ["electricity_importing_kwh", "electricity_exporting_kwh", "gas_importing_m3"]
    ),
    has_point=st.booleans(),
)
def test_import_export_import_is_the_identity(
    first: datetime, values: list[float | None], unit: str, has_point: bool
) -> None:
    whole = grid(Period(first, first + len(values) * HALF_HOUR), HALF_HOUR).tz_convert(LONDON)
    rows = [
        {
            "consumption": value,
            "unit": unit,
            "interval_start": at.isoformat(),
            "interval_end": (at.tz_convert("UTC") + HALF_HOUR).isoformat(),
        }
        for at, value in zip(whole, values, strict=True)
        if value is not None
    ]
    if not rows:
        return
    name = "1111111111111_21L0001_a_b.json" if has_point else "usage.json"
    file = File(name, "".join(json.dumps(row) + "\n" for row in rows).encode())
    stores: list[dict[str, list[float]]] = []
    names: list[str] = []
    files: tuple[File, ...] = (file,)
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            place = replace(settings.current(), home=Path(folder))
            context = Context(place, open_store(place), lambda: NOW)
            home.import_readings(context, files)
            files = home.export_readings(context, as_octopus_viz=True).files
            names.append(files[0].name)
            [meter] = documents.meters(context.store)
            frame = context.store.read(meter.feed(context.store.household()), Period(
                first, first + len(values) * HALF_HOUR))  # fmt: skip
            stores.append({str(at): value for at, value in frame["energy"].items()})
            context.store.close()
    assert stores[0] == stores[1] == stores[2]
    assert stores[0] == {
        str(at.tz_convert("UTC")): value
        for at, value in zip(whole, values, strict=True)
        if value is not None
    }
    assert len(set(names)) == 1


edges = st.lists(st.integers(1, 47), unique=True, max_size=6).map(sorted)


@given(
    cuts=edges,
    prices=st.lists(st.decimals(-99, 99, places=5), min_size=7, max_size=7),
    direction=st.sampled_from([Direction.IMPORT, Direction.EXPORT]),
    valid_from=st.none() | st.dates(date(2020, 1, 1), date(2024, 1, 1)),
)
def test_tariffs_out_and_in_again(
    cuts: list[int], prices: list[Decimal], direction: Direction, valid_from: date | None
) -> None:
    from energydash.sources.imports.octopus_viz import CONFIG, write_tariffs
    from energydash.sources.imports.tariffs import read_tariffs

    marks = [0, *cuts, 48]
    bands = tuple(
        Band(price, low * 30, high * 30)
        for low, high, price in zip(marks, marks[1:], prices, strict=False)
    )
    made = Tariff(
        "my-tariff", "My tariff", direction=direction, bands=bands,
        valid_from=valid_from, source=CONFIG,
    )  # fmt: skip
    file, left_out = write_tariffs([made], [])
    assert left_out == []
    assert read_tariffs(file).tariffs == (made,)


def test_bringing_in_with_a_wrong_key_says_so(
    connected: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_wrong")
    settings.current.cache_clear()
    here = context_at()
    with pytest.raises(InputError, match="refused the key"):
        home.ingest(here)
    here.store.close()
