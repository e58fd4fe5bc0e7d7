"""Batteries in the store: connected to the stand-in, imported, derived slots, money, health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from energydash.answers import battery
from energydash.answers.battery import battery_money, battery_report, health
from energydash.battery.ageing import by_year
from energydash.battery.devices import Device
from energydash.battery.telemetry import from_arrays, to_frame
from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.feeds import Fetched
from energydash.core.time import Period
from energydash.home.meters import Meter
from energydash.home.tariffs import Agreement, Tariff
from energydash.serialise.battery import analysis_json
from energydash.sources import aretas
from energydash.sources.imports import telemetry as telemetry_files
from energydash.sources.sample.battery import DEVICE
from energydash.sync import batteries, documents
from energydash.sync import context as context_module
from energydash.sync.context import Context
from tests import clock
from tests.battery.simulated import START_US, Report, monitored, truth
from tests.upstreams.aretas import CAPACITY_AH, MAC, PASSWORD, USERNAME
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = datetime.fromtimestamp(START_US / 1e6, UTC)


@pytest.fixture
def here() -> Context:
    """This test's own home, at a fixed time."""
    return replace(context_module.open_context(), now=lambda: NOW)


@pytest.fixture
def connected(
    here: Context, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    """A home with an Aretas account, against the stand-in."""
    clock.set_now(NOW)
    for name, value in (("USERNAME", USERNAME), ("PASSWORD", PASSWORD), ("MAC", str(MAC))):
        monkeypatch.setenv(f"ENERGYDASH_ARETAS_{name}", value)
    settings.current.cache_clear()
    aretas.forget_logins()
    yield replace(here, settings=settings.current())
    aretas.forget_logins()


def slots_of(context: Context, device: Device, period: Period) -> pd.DataFrame:
    """What a read gives, kept or worked out."""
    record = batteries.Stored(context, device)
    return record.slots(batteries.micros(period.start), batteries.micros(period.end))


def csv(report: Report, first_s: float = 0.0, until_s: float = 1e9) -> bytes:
    frames = []
    for part, (time_us, value) in report.arrays.items():
        seconds = (time_us - START_US) / 1e6
        keep = (seconds >= first_s) & (seconds < until_s)
        frames.append(pd.DataFrame({"time": time_us[keep] / 1e6, part: value[keep]}))
    return pd.concat(frames).sort_values("time").to_csv(index=False).encode()


def days(n: float, since: float = 0.0) -> Period:
    return Period(START + timedelta(days=since), START + timedelta(days=n))


def test_a_new_user_connects_and_sees_the_true_kwh(connected: Context) -> None:
    (device,) = battery.connect_defaults(connected)
    assert device.label == "Battery monitor"
    assert device.zone == "America/Vancouver"
    assert battery.connect_defaults(connected) == ()
    period = Period(NOW - timedelta(days=10), NOW)
    assert battery.is_new(connected, device)
    done = battery.refresh(connected, device, period)
    assert not battery.is_new(connected, device)
    assert done is not None
    assert done.problem is None
    found = battery.view(connected, device.id, period)
    assert found.answer.findings == ()
    assert found.sign_is_known  # charging is negative at this monitor, positive here
    whole = found.analysis
    assert whole is not None
    flow = 0.7 * CAPACITY_AH * 10  # 70 % up and down every day
    assert whole.totals.ah_in == pytest.approx(flow, rel=0.001)
    assert whole.totals.ah_out == pytest.approx(flow, rel=0.001)
    assert whole.totals.coverage > 0.999
    assert whole.capacity is not None
    assert abs(whole.capacity.ah - CAPACITY_AH) < 2 * whole.capacity.sigma_ah
    assert whole.efficiency.coulombic == pytest.approx(1.0, abs=0.002)
    assert set(found.now) == {
        "voltage_v", "current_a", "power_kw", "soc_percent", "temperature_c",
    }  # fmt: skip
    assert found.reading.origin == "live"
    assert len(found.days) == 11
    assert str(MAC) not in repr(found.device)
    (feed,) = [f for f in documents.feeds(connected.store, NOW) if f.source == "aretas"]
    assert str(MAC) in feed.address
    assert str(MAC) not in repr(connected.store.feeds())


def test_monitors_are_listed_and_without_an_account_it_is_said(connected: Context) -> None:
    found, problems = battery.monitors(connected)
    assert problems == ()
    assert [one.is_default for one in found] == [True, False]
    device = battery.connect(connected, found[1])
    assert battery.connect(connected, replace(found[1], device=device)) is device
    nobody = replace(connected, settings=replace(connected.settings, sections={}))
    with pytest.raises(InputError, match="No Aretas account"):
        battery.monitors(nobody)


def test_a_refused_login_is_a_problem_beside_the_list(
    connected: Context, upstreams: Upstreams
) -> None:
    upstreams.fault("iot.aretas.ca", "401")
    found, problems = battery.monitors(connected)
    assert found == ()
    assert problems[0].kind == "BadCredentials"


def test_slots_follow_the_telemetry_and_equal_a_rebuild(here: Context) -> None:
    report = monitored(truth(8, seed=4), 1)
    (one,) = battery.import_telemetry(here, [("a.csv", csv(report, 0, 300_000))], "Shed")
    assert (one.created, one.device.label) == (True, "Shed")
    device = one.device
    slots_of(here, device, days(8))
    feed = device.feed(here.store.household())
    later = telemetry_files.read(csv(report, 300_000), "b.csv")
    frame = to_frame(from_arrays(later.arrays))
    covered = Period(frame.index[0].to_pydatetime(), frame.index[-1].to_pydatetime())
    here.store.write(feed, Fetched(frame, covered), fetched_at=NOW)
    grown = slots_of(here, device, days(8))
    here.store.drop(here.store.household(), batteries.KIND, device.id)
    anew = slots_of(here, device, days(8))
    pd.testing.assert_frame_equal(grown, anew)
    real = truth(8, seed=4).flows()
    assert grown["ah_in"].sum() == pytest.approx(real[0], rel=0.001)
    assert grown["kwh_out"].sum() == pytest.approx(real[3], rel=0.002)
    version = here.store.state(batteries.derived_feed(device, here.store.household())).version
    slots_of(here, device, days(8))
    again = here.store.state(batteries.derived_feed(device, here.store.household())).version
    assert again == version
    here.store.delete(feed, days(8, since=4))
    left = slots_of(here, device, days(8))
    assert left.index[-1] < START + timedelta(days=4, hours=1)


def test_a_change_of_the_description_changes_every_slot(here: Context) -> None:
    report = monitored(truth(3, seed=9), 1)
    (one,) = battery.import_telemetry(here, [("a.csv", csv(report))])
    before = slots_of(here, one.device, days(3))
    turned = battery.change(here, one.device, charge_sign=-1)
    after = slots_of(here, turned, days(3))
    assert after["ah_out"].sum() == 0  # it contradicts the state of charge
    found = battery.view(here, turned.id, days(3))
    assert found.analysis is None
    assert "wrong sign" in found.answer.reason
    scaled = battery.change(here, one.device, scales={"voltage": 1.5})
    assert slots_of(here, scaled, days(3))["kwh_in"].sum() == pytest.approx(
        1.5 * before["kwh_in"].sum(), rel=1e-6
    )


def test_sensors_that_no_name_tells_are_worked_out(here: Context) -> None:
    report = monitored(truth(3, seed=9), 1)
    battery.save(here, Device("anon", source="aretas", mac="1"))
    device = battery.device_of(here, "anon")
    names = {"voltage_v": "voltage_v", "current_a": "type_533", "power_kw": "type_531",
             "soc_percent": "soc_percent"}  # fmt: skip
    frame = to_frame(report.telemetry()).rename(columns=names)
    covered = Period(START, START + timedelta(days=3))
    here.store.write(device.feed(here.store.household()), Fetched(frame, covered), fetched_at=NOW)
    setup = batteries.Stored(here, device).setup
    assert dict(setup.parts)["current_a"] == "type_533"
    assert dict(setup.parts)["power_kw"] == "type_531"
    assert setup.charge_sign == 1
    found = battery.view(here, "anon", days(3))
    assert found.analysis is not None
    assert found.analysis.totals.ah_in == pytest.approx(truth(3, seed=9).flows()[0], rel=0.005)


def test_without_a_state_of_charge_it_is_counted_from_full_to_full(here: Context) -> None:
    """Full (56 V, tail current) once a day; the shunt drifts by 0.3 A; no SoC channel."""
    seconds = np.arange(0, 6 * 86_400, 20)
    hour = seconds / 3600 % 24
    amps = np.select([hour < 8, hour < 9, hour < 17], [15.0, 1.0, -15.0], 0.0)
    level = 100 * (1 - np.clip(8 - hour, 0, 8) / 8 * 0.6)
    level = np.where(hour > 9, 100 - np.clip(hour - 9, 0, 8) / 8 * 60, level)
    volts = np.where((hour >= 7.9) & (hour < 9), 56.0, 50 + level / 25)
    table = pd.DataFrame(
        {"time": START_US / 1e6 + seconds, "voltage": volts, "current": amps + 0.3}
    )
    text = table.to_csv(index=False).encode()
    (one,) = battery.import_telemetry(here, [("a.csv", text)])
    assert slots_of(here, one.device, days(6))["soc_percent"].isna().all()
    device = battery.change(here, one.device, full_v=55.5, capacity_ah=200.0)
    soc = slots_of(here, device, days(6))["soc_percent"]
    assert 35 < soc.iloc[100:].min() < 45
    assert soc.iloc[100:].max() < 103
    found = battery.view(here, device.id, days(6))
    assert found.analysis is not None
    assert found.analysis.capacity is None  # it would only say what was put in
    assert len(found.analysis.cycles) >= 5


def test_imports_name_what_they_cannot_do(here: Context) -> None:
    report = monitored(truth(3, seed=9), 1)
    with pytest.raises(InputError, match="times from the start of each cycle"):
        battery.import_telemetry(here, [("c.csv", b"Time,V,I\n0,4,-1\n10,4,-1\n")])
    with pytest.raises(InputError, match="line 3"):
        battery.import_telemetry(
            here, [("a.csv", csv(report)), ("b.csv", b"time,current\n1767225600,1\n1767225620,x\n")]
        )
    assert battery.devices(here) == ()
    with pytest.raises(InputError, match="no battery 'x'"):
        battery.import_telemetry(here, [("a.csv", csv(report))], "x", create=False)
    battery.import_telemetry(here, [("a.csv", csv(report))], "one")
    battery.import_telemetry(here, [("a.csv", csv(report))], "two")
    with pytest.raises(InputError, match="several batteries"):
        battery.import_telemetry(here, [("a.csv", csv(report))])
    with pytest.raises(InputError, match="Known: battery-"):
        battery.device_of(here, "three")
    gone = battery.forget(here, battery.device_of(here, "two"))
    assert gone > 0
    assert [device.label for device in battery.devices(here)] == ["one"]


def test_times_in_the_future_are_a_time_zone_mistake(here: Context) -> None:
    early = replace(here, now=lambda: START + timedelta(days=2, hours=14))
    report = monitored(truth(3, seed=9), 1)
    with pytest.raises(InputError, match="into the future"):
        battery.import_telemetry(early, [("a.csv", csv(report))])
    battery.import_telemetry(here, [("a.csv", csv(report))])  # as an older version let it in
    found = battery.view(early, "", days(4))
    assert found.analysis is None
    assert "into the future" in found.answer.reason


def test_analyse_by_device_gives_the_same_shape_as_by_file(here: Context) -> None:
    battery.import_telemetry(here, [("a.csv", csv(monitored(truth(8, seed=4), 1)))])
    body = analysis_json(battery.analyse(here))
    assert {"cycles", "totals", "capacity", "efficiency"} <= set(body)
    assert sum(c["kwh_in"] for c in body["cycles"]) == pytest.approx(body["totals"]["kwh_in"])
    assert abs(body["capacity"]["ah"] - 200) < 2 * body["capacity"]["sigma_ah"]
    wide = analysis_json(battery.analyse(here, max_gap_s=5.0))
    assert wide["totals"]["coverage"] == 0
    deep = analysis_json(battery.analyse(here, cutoff_v=20.0))
    assert deep["capacity"]["method"] == "ah-over-soc"
    nobody = replace(here, sample_if_empty=False)
    battery.forget(here, battery.device_of(here))
    with pytest.raises(InputError, match="no battery yet"):
        battery.analyse(nobody)


def test_traces_are_raw_for_days_and_means_for_months(here: Context) -> None:
    battery.import_telemetry(here, [("a.csv", csv(monitored(truth(8, seed=4), 1, gaps=3)))])
    short = battery.traces(here, "", days(2))
    assert short.note == "raw samples"
    assert len(short.frames["current_a"]) > 7000
    long = battery.traces(here, "", days(30))
    assert len(long.frames["current_a"]) < 800
    assert len(long.gaps) >= 1
    bdf = battery.export(here, "", days(1), "bdf")
    assert {"Test Time / s", "Voltage / V", "Current / A"} <= set(bdf.columns)
    assert bdf[["Test Time / s", "Voltage / V", "Current / A"]].notna().all(axis=None)
    assert bdf["Test Time / s"].iloc[0] == 0
    assert len(bdf) > 4000


def test_money_is_counted_at_the_homes_prices(here: Context) -> None:
    battery.import_telemetry(here, [("a.csv", csv(monitored(truth(8, seed=4), 1)))])
    unpriced = battery_money(replace(here, sample_if_empty=True), "", days(8))
    assert not unpriced.is_priced
    assert np.isnan(unpriced.totals["net_gbp"]), "unknown is blank, not nothing"
    assert unpriced.table["net_gbp"].isna().all()
    assert any("No tariff" in note for note in unpriced.notes)
    sampled = battery_money(replace(here, sample=True), "", Period(NOW - timedelta(days=7), NOW))
    total = sampled.totals
    assert total["net_gbp"] == pytest.approx(
        total["avoided_import_gbp"] + total["export_earned_gbp"] - total["charge_cost_gbp"]
        - total["export_forgone_gbp"] - total["wear_gbp"]
    )  # fmt: skip
    assert sampled.table["kwh_in"].sum() == pytest.approx(total["kwh_in"])
    by_month = battery_money(
        replace(here, sample=True), "", Period(NOW - timedelta(days=7), NOW), "month"
    )
    assert by_month.totals == pytest.approx(total)
    assert len(by_month.table) == 1


@pytest.mark.parametrize(("after_the_move", "expected"), [(-1, "a-old"), (400, "b-new")])
def test_money_is_of_the_home_that_is_lived_in(
    here: Context, after_the_move: int, expected: str
) -> None:
    moved = NOW - timedelta(days=500)
    battery.import_telemetry(here, [("a.csv", csv(monitored(truth(3, seed=9), 1)))])
    bodies: list[Meter | Agreement] = [
        *(Meter(id=name) for name in ("a-old", "b-new")),
        Agreement("1", "a-old", "E-2R-VAR-20-09-22-C", valid_to=moved),
        Agreement("2", "b-new", "E-1R-AGILE-24-10-01-J", valid_from=moved),
    ]
    for one in bodies:
        kind = "meter" if isinstance(one, Meter) else "agreement"
        here.store.put(here.store.household(), kind, one.id, one.to_body())
    end = moved + timedelta(days=after_the_move)
    found = battery_money(here, "", Period(end - timedelta(days=1), end))
    subjects = {one.feed.subject for one in found.inputs if one.feed.quantity == "consumption"}
    assert subjects == {expected}


def test_health_of_the_sample_battery(here: Context) -> None:
    sample = replace(here, sample=True)
    found = health(sample)
    assert found.trend is not None
    assert len(found.points) > 10
    assert abs(found.trend.health - 0.932) < 3 * found.trend.sigma_health
    assert found.forecast is not None
    assert (found.forecast.low <= found.forecast.high).all()
    assert found.warranty is not None
    assert 0 < found.warranty.years_share < 1
    assert found.resistance is not None
    assert abs(found.resistance.ohm - 0.014) < 0.001
    table = by_year(found.forecast)
    assert (np.diff(table["high_percent"]) <= 0).all()
    assert found.what_ifs == ()  # of LFP no model that is cited here tells
    assert any("not offered" in reason for reason in found.reasons)


def test_the_report_is_one_page_that_loads_nothing(here: Context) -> None:
    page = battery_report(replace(here, sample=True))
    assert page.startswith("<!doctype html>")
    assert "SAMPLE" in page
    assert "±" in page
    assert "http" not in page
    assert "<script" not in page
    assert DEVICE.name in page


def test_devices_survive_their_document() -> None:
    again = Device.from_body(DEVICE.to_body())
    assert again == DEVICE
    with pytest.raises(InputError, match="not a chemistry"):
        Device("a", chemistry="lead")
    with pytest.raises(InputError, match="not a device id"):
        Device("a b")
    with pytest.raises(InputError, match="above zero"):
        Device("a", capacity_ah=-1)


def test_the_clients_config_becomes_toml() -> None:
    values = battery.read_client_config(
        '[ARETAS]\nAPI_USERNAME=a\nAPI_PASSWORD=b"c\nself_mac=7\n', "config.cfg"
    )
    assert battery.as_toml(values) == ('[aretas]\nusername = "a"\npassword = "b\\"c"\nmac = "7"\n')
    assert "********" in battery.as_toml(values, hide=True)


def test_no_tariff_of_a_stranger(here: Context) -> None:
    """A tariff without a meter prices nothing; a battery of one's own is never on sample prices."""
    flat = Tariff("t", "Flat", default_rate=Decimal(25))
    here.store.put(here.store.household(), "tariff", "t", flat.to_body())
    battery.import_telemetry(here, [("a.csv", csv(monitored(truth(3, seed=9), 1)))])
    assert not battery_money(replace(here, sample_if_empty=True), "", days(3)).is_priced


def test_what_home_assistant_ends_is_kept_with_the_telemetry(here: Context) -> None:
    rows = [
        f"sensor.bms_{name},{value},2026-01-01T{hour:02}:{minute:02}:00Z"
        for hour in range(12)
        for minute, amps in ((0, 10 if hour % 2 else -10), (5, "unavailable"))
        for name, value in (("current", amps), ("voltage", 50))
    ]
    text = "\n".join(["entity_id,state,last_changed", *rows, ""]).encode()
    (done,) = battery.import_telemetry(here, [("history.csv", text)])
    assert done.channels == ("voltage_v", "current_a")
    by_device = battery.analyse(here, done.device.id).analysis
    by_file = battery.analyse_file(text, "history.csv").analysis
    assert by_device is not None
    assert by_file is not None
    assert by_device.totals.ah_in == pytest.approx(5)
    assert by_file.totals.ah_in == pytest.approx(by_device.totals.ah_in)


def test_the_zone_that_is_said_of_a_file_is_the_new_batterys(here: Context) -> None:
    rows = "".join(f"2026-07-01 01:{n:02}:00,52,{n}\n" for n in range(30))
    text = f"time,voltage,current\n{rows}".encode()
    said = battery.said_of(zone="Europe/London")
    (done,) = battery.import_telemetry(here, [("a.csv", text)], "Shed", said=said)
    assert done.device.zone == "Europe/London"
    assert done.period.start.hour == 0
    (again,) = battery.import_telemetry(here, [("a.csv", text)], "Shed")
    assert again.changed == 0
    assert battery.look_at(here, [("a.csv", text)], "Shed")[0].notes == ()


def test_what_is_said_of_a_battery_counts(here: Context) -> None:
    (done,) = battery.import_telemetry(here, [("a.csv", csv(monitored(truth(3, seed=9), 1)))])
    usual = battery.analyse(here, done.device.id).analysis
    worse = battery.change(here, done.device, errors={"current_gain": 0.05}, chemistry="lmo")
    wide = battery.analyse(here, worse.id).analysis
    assert usual is not None
    assert wide is not None
    assert wide.totals.sigma_kwh_in > 5 * usual.totals.sigma_kwh_in
    told = battery.analyse(here, worse.id, errors={"current_gain": 0.005}).analysis
    assert told is not None
    assert told.totals.sigma_kwh_in < wide.totals.sigma_kwh_in / 5
    found = health(here, worse.id)
    assert found.warranty is None
    assert [one.label for one in found.what_ifs][-1] == "5 °C cooler"
