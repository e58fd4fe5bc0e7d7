"""Aretas over real HTTP: login, row limit, expiry, names of sensors, and fast parsing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pytest

from energydash import sources
from energydash.battery.devices import Device
from energydash.core import settings
from energydash.core.errors import BadCredentials, BadData, InputError, NotFound
from energydash.core.settings import Secret, Section, Settings
from energydash.core.time import Period
from energydash.sources import aretas
from energydash.sources.aretas.client import address, call, read_token
from energydash.sources.aretas.config import read_config
from energydash.sources.aretas.rows import _fast, _slow, read_file, read_rows
from energydash.sources.aretas.sensors import (
    channel_names,
    overrides_of,
    read_sensor_types,
    to_frame,
)
from tests import clock
from tests.upstreams.aretas import GARAGE_MAC, MAC, PASSWORD, USERNAME, battery
from tests.upstreams.server import Upstreams

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEED = Device("home", source="aretas", mac=str(MAC)).feed("household")


@pytest.fixture
def account(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with a working login, against the stand-in."""
    clock.set_now(NOW)
    monkeypatch.setenv("ENERGYDASH_ARETAS_USERNAME", USERNAME)
    monkeypatch.setenv("ENERGYDASH_ARETAS_PASSWORD", PASSWORD)
    settings.current.cache_clear()
    aretas.forget_logins()
    yield settings.current()
    aretas.forget_logins()


def hours(n: float) -> Period:
    return Period(NOW - timedelta(hours=n), NOW)


def test_fetch_names_every_channel_on_its_own_clock(account: Settings) -> None:
    fetched = aretas.fetch(FEED, hours(2), account)
    frame = fetched.frame
    assert set(frame.columns) == {
        "voltage_v", "current_a", "power_kw", "soc_percent", "temperature_c",
    }  # fmt: skip
    assert fetched.unknown == ()
    volts = frame["voltage_v"].dropna()
    assert len(volts) == 360
    times_ms = volts.index.as_unit("ms").asi8
    assert np.array_equal(volts.to_numpy(), battery(times_ms)[532])
    assert frame["current_a"].dropna().index[0] != volts.index[0]


def test_pieces_at_the_row_limit_are_asked_in_halves(
    account: Settings, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = aretas.fetch(FEED, hours(6), account).frame
    monkeypatch.setattr(aretas, "ROW_LIMIT", 1000)
    upstreams.counts.clear()
    pieces = aretas.fetch(FEED, hours(6), account).frame
    assert upstreams.counts["iot.aretas.ca"] > 8
    assert pieces.equals(whole)


@pytest.mark.parametrize("limit", [1000, 1500, 2345, 5000])
def test_a_limit_of_the_servers_own_is_noticed(
    account: Settings, upstreams: Upstreams, limit: int
) -> None:
    whole = aretas.fetch(FEED, hours(6), account).frame
    upstreams.world.publish("aretas row limit", limit)
    assert aretas.fetch(FEED, hours(6), account).frame.equals(whole)


def test_an_expired_token_costs_one_new_login(account: Settings, upstreams: Upstreams) -> None:
    aretas.fetch(FEED, hours(1), account)
    clock.set_now(NOW + timedelta(hours=2))
    upstreams.requests.clear()
    assert not aretas.fetch(FEED, hours(1), account).frame.empty
    paths = [(request.path, status) for request, status in upstreams.requests]
    assert [status for path, status in paths if path.endswith("authentication/j")] == [200]
    assert (paths[0][1], paths[-1][1]) == (401, 200)


def test_the_password_is_never_in_an_address(account: Settings, upstreams: Upstreams) -> None:
    aretas.fetch(FEED, hours(1), account)
    told = json.dumps([(r.path, r.query, dict(r.headers)) for r, _ in upstreams.requests])
    assert PASSWORD not in told
    assert USERNAME not in told


def test_a_wrong_password_is_said_and_hidden(
    account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_ARETAS_PASSWORD", "swordfish & co")
    settings.current.cache_clear()
    with pytest.raises(BadCredentials) as caught:
        aretas.fetch(FEED, hours(1), settings.current())
    assert "swordfish" not in str(caught.value)
    monkeypatch.delenv("ENERGYDASH_ARETAS_PASSWORD")
    settings.current.cache_clear()
    with pytest.raises(BadCredentials, match="no account"):
        aretas.fetch(FEED, hours(1), settings.current())


def test_a_device_of_somebody_else(account: Settings) -> None:
    other = Device("other", source="aretas", mac="999").feed("household")
    with pytest.raises(BadCredentials, match="refuses these data"):
        aretas.fetch(other, hours(1), account)
    with pytest.raises(NotFound, match="404") as caught:
        call("GET", aretas.account_of(account), "sensordata/none")
    assert caught.value.remedy


def test_the_owner_says_which_sensor_is_which(account: Settings) -> None:
    sensors = {"voltage": "532", "current": "531", "temperature": f"{MAC}:530"}
    device = Device("home", source="aretas", mac=str(MAC), sensors=sensors)
    frame = aretas.fetch(device.feed("household"), hours(1), account).frame
    assert set(frame.columns) >= {"voltage_v", "current_a", "temperature_c"}
    assert frame["temperature_c"].dropna().between(5, 45).all()  # type 530 in this world
    assert frame.index.is_monotonic_increasing
    assert str(MAC) not in repr(device)


def test_sites_and_devices(account: Settings) -> None:
    found = aretas.monitors(aretas.account_of(account))
    assert [monitor.mac for monitor in found] == [str(MAC), str(GARAGE_MAC)]
    first, second = found
    assert (first.site, first.country, first.state, first.city) == (
        "Home", "Canada", "BC", "Vancouver",
    )  # fmt: skip
    assert first.is_active(NOW)
    assert not second.is_active(NOW)
    assert first.latitude is not None
    assert first.longitude is not None
    zone = aretas.site_zone(aretas.account_of(account), first.latitude, first.longitude)
    assert zone == "America/Vancouver"


def test_latest_values(account: Settings) -> None:
    newest = aretas.latest(aretas.account_of(account), (str(MAC),))
    at, value = newest[(str(MAC), 532)]
    assert timedelta(0) <= NOW - at < timedelta(seconds=20)
    assert 50 < value < 60


def test_names_come_from_the_user_then_the_list_then_the_firmware() -> None:
    listed = read_sensor_types(
        b'[{"typeByte":1,"label":"Bank volts","units":"V"},{"type":2,"label":"x","units":""},'
        b'{"type":3,"label":"Volts two","units":"V"},{"label":"no number"}]'
    )
    names = channel_names((1, 2, 3, 514), listed, {2: "current_a"})
    assert names == {1: "voltage_v", 2: "current_a", 3: "type_3", 514: "soc_percent"}
    section = Section("", {"types": "voltage=7, current=8"})
    assert overrides_of(section) == {7: "voltage_v", 8: "current_a"}
    with pytest.raises(InputError, match="types has"):
        overrides_of(Section("", {"types": "voltage"}))


def test_only_tls_and_only_tokens() -> None:
    with pytest.raises(InputError, match="https"):
        address(Section("", {"url": "http://example.org/rest/"}), "x")
    assert read_token(b'"abcdefgh12"') == "abcdefgh12"
    for answer in (b"", b"no", b"<html>hello</html>", b"an error happened"):
        with pytest.raises(BadData):
            read_token(answer)
    assert repr(Section("", {"password": Secret("hunter22")})) == "Section(name='')"


ROWS = [
    {"type": 532, "timestamp": 1688137326776, "data": 55.2},
    {"type": 533, "timestamp": 1688137327176, "data": -1.25e-05},
    {"type": 532, "timestamp": 1688137346776, "data": 0},
]


def test_the_fast_and_the_slow_reader_agree() -> None:
    text = json.dumps(ROWS).replace("e-05", "E-5").encode()
    fast, slow = _fast(text), _slow(text)
    assert fast is not None
    assert np.array_equal(fast.type, slow.type)
    assert np.array_equal(fast.time_ms, slow.time_ms)
    assert np.array_equal(fast.value, slow.value)
    nulls = _fast(text.replace(b"55.2", b"null"))
    assert nulls is not None
    assert np.isnan(nulls.value[0])


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([*ROWS, {"type": 5, "timestamp": 1688137326776, "data": 1e30}], id="exponent"),
        pytest.param([*ROWS, {"timestamp": 1688137326776, "type": 5, "data": 1}], id="order"),
        pytest.param([*ROWS, {"type": 5, "timestamp": 1688137326776, "data": True}], id="word"),
        pytest.param([*ROWS, {**ROWS[0], "mac": 12}], id="another field"),
        pytest.param([{**ROWS[0], "unit": "V1"}, *ROWS], id="another field first"),
    ],
)
def test_what_the_fast_reader_cannot_read_the_slow_one_does(rows: list[dict[str, object]]) -> None:
    text = orjson.dumps(rows)
    assert _fast(text) is None
    assert len(read_rows(text)) == len(rows)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "empty"),
        (b"<html></html>", "web page"),
        (b'[{"type":532,"timestamp":1688137326776,"da', "cut short"),
        (b'{"booleanResponse":false}', "not a list"),
        (b'[{"type":532,"data":1}]', "without type, timestamp, data"),
        (b'[{"type":"V","timestamp":1688137326776,"data":1}]', "not a number"),
    ],
)
def test_unreadable_answers_say_why(text: bytes, why: str) -> None:
    with pytest.raises(BadData, match=why):
        read_rows(text)
    with pytest.raises(InputError, match=r"saved\.json"):
        read_file(text, "saved.json")


def test_saved_answers_become_columns(account: Settings) -> None:
    section = aretas.account_of(account)
    pages = []
    for part in (Period(NOW - timedelta(hours=2), NOW - timedelta(hours=1)), hours(1)):
        begin, end = (int(at.timestamp() * 1000) for at in (part.start, part.end))
        body = aretas.get_byrange(section, str(MAC), begin, end, (532, 531, 533, 514, 530))
        pages.append((f"{begin}.json", body))
    found = sources.read("aretas", pages)
    assert set(found.frame.columns) == {
        "voltage_v", "current_a", "power_kw", "soc_percent", "type_530",
    }  # fmt: skip
    assert found.frame["voltage_v"].count() == 360
    assert "530" in found.notes[0]
    with pytest.raises(InputError, match=r"x\.json"):
        sources.read("aretas", [("x.json", b"{}")])


def test_no_rows_are_an_answer() -> None:
    assert len(read_rows(b"[]")) == 0
    frame, unknown = to_frame(read_rows(b"[]"), {}, {})
    assert frame.empty
    assert unknown == ()


def test_the_clients_own_settings_file() -> None:
    text = "[ARETAS]\nAPI_URL = https://iot.aretas.ca/rest/\nAPI_USERNAME = me\n"
    text += "API_PASSWORD = 100% & 'more'\nself_mac = 2193480\n"
    assert read_config(text) == {
        "url": "https://iot.aretas.ca/rest/", "username": "me",
        "password": "100% & 'more'", "mac": "2193480",
    }  # fmt: skip
    assert read_config("[DEFAULT]\nAPI_USERNAME=a\nAPI_PASSWORD=b\n")["username"] == "a"
    with pytest.raises(InputError, match="not a configuration file"):
        read_config("API_USERNAME = me")
    with pytest.raises(InputError, match="no API_USERNAME"):
        read_config("[ARETAS]\nAPI_URL = x\n")
