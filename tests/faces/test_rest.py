"""What the REST API answers, over real HTTP; `test_server.py` has it behind the whole server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from starlette.types import Receive, Scope, Send

from energydash.answers import grid as answers_grid
from energydash.answers import memo
from energydash.api import battery, home
from energydash.core import settings
from energydash.core.feeds import Feed, Fetched
from energydash.core.findings import Finding
from energydash.core.time import Period, grid
from energydash.sources.sample import household as sample_home
from energydash.sync import context
from energydash.sync.documents import meters
from tests.faces.serving import Client, create, running

DAY = "from=2026-03-01&to=2026-03-02"
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def client() -> Iterator[Client]:
    with running(create()) as made:
        yield made


@pytest.fixture
def elsewhere() -> Iterator[Client]:
    """A client whose connection comes from the LAN, as far as the API can tell."""
    app = create()

    async def from_the_lan(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": ("192.168.1.20", 50000)}, receive, send)

    with running(from_the_lan) as made:
        yield made


def body(client: Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_nothing_is_made_up_unless_it_is_asked_for(client: Client) -> None:
    empty = body(client, f"/mix/GB?{DAY}")
    assert empty["rows"] == []
    assert {reading["origin"] for reading in empty["inputs"]} == {"stored"}
    assert body(client, "/meters") == []
    sample = body(client, f"/mix/GB?{DAY}&sample=true")
    assert len(sample["rows"]) >= 48
    assert {reading["origin"] for reading in sample["inputs"]} == {"sample"}
    assert all(reading["sample_reason"] for reading in sample["inputs"])
    assert body(client, "/meters?sample=true")


def elexon_mix() -> Feed:
    return Feed(
        source="elexon",
        subject="GB",
        quantity="mix",
        unit="MW",
        step=timedelta(minutes=30),
        zone="Europe/London",
        cadence=timedelta(minutes=5),
    )


def write_mix(feed: Feed, gas_mw: float) -> None:
    period = Period(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    frame = pd.DataFrame({"gas": gas_mw, "wind": 10.0}, index=grid(period, timedelta(minutes=30)))
    context.current().store.write(feed, Fetched(frame, period), fetched_at=MIDNIGHT)


def test_stored_readings_are_answered_as_json_and_csv(client: Client) -> None:
    write_mix(elexon_mix(), 1234.5)
    found = body(client, f"/mix/UK?{DAY}")
    assert found["rows"][0] == {
        "time": "2026-03-01T00:00:00Z",
        "local_time": "2026-03-01T00:00:00+00:00[Europe/London]",
        "wind_mw": 10.0,
        "gas_mw": 1234.5,
    }
    assert len(found["rows"]) == 48
    table = pd.read_csv(StringIO(client.get(f"/mix/GB?{DAY}&format=csv").text))
    assert table["gas_mw"].tolist() == [1234.5] * 48
    assert table["time"][1] == "2026-03-01T00:30:00Z"


@pytest.mark.parametrize(
    "path",
    [
        f"/mix/NOWHERE?{DAY}",
        "/mix/GB?from=yesterday",
        "/mix/GB?from=2026-03-02&to=2026-03-01",
        f"/intensity/GB?{DAY}&factors=none-such",
        "/windows/GB?hours=0&sample=true",
        "/costs",
        f"/costs?{DAY}&by=moon",
        f"/costs?{DAY}&meter=none-such&sample=true",
        f"/mix/GB?{DAY}&format=xml",
    ],
)
def test_bad_questions_are_refused(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert answer.json()


def test_money_on_a_bill_is_exact_text(client: Client) -> None:
    bill = body(client, f"/bill?{DAY}&sample=true")
    assert isinstance(bill["net_gbp"], str)
    assert isinstance(bill["statements"][0]["lines"][0]["gbp"], str)


def test_a_meters_real_number_is_never_shown(client: Client) -> None:
    store = context.current().store
    owner = store.household()
    for meter in sample_home.METERS:
        one = meter.to_body() | {"point": "1999999999999", "serials": ["SERIAL77"]}
        store.put(owner, "meter", meter.id, one)
    assert meters(store)
    for path in ("/meters", f"/costs?{DAY}", f"/bill?{DAY}", "/health"):
        text = client.get(path).text
        assert "1999999999999" not in text
        assert "SERIAL77" not in text


def test_a_battery_is_answered_by_day(client: Client) -> None:
    (known,) = body(client, "/batteries?sample=true")
    week = "from=2026-03-01&to=2026-03-08&sample=true"
    found = body(client, f"/batteries/{known['id']}?{week}")
    assert len(found["days"]) == 7
    assert found["totals"]["kwh_in"] == pytest.approx(sum(day["kwh_in"] for day in found["days"]))
    assert found["inputs"][0]["origin"] == "sample"
    table = pd.read_csv(StringIO(client.get(f"/batteries/{known['id']}?{week}&format=csv").text))
    assert table["kwh_out"].tolist() == [day["kwh_out"] for day in found["days"]]
    assert table["day"][0] == "2026-03-01"
    assert body(client, "/batteries") == []
    assert client.get("/batteries/none?sample=true").status_code == 422


def test_the_lan_sees_no_household(elsewhere: Client) -> None:
    personal = [path.replace("{device}", "any") for path in home.ROUTES | battery.ROUTES]
    for path in personal:
        assert elsewhere.get(path).status_code == 403
    sources = {source["source"] for source in body(elsewhere, "/health")}
    assert "octopus" not in sources


def test_an_answer_is_worked_out_once_until_its_feed_changes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "PULSE_KEEPS_S", 0.0)
    mixes: list[str] = []
    mix = answers_grid.mix
    monkeypatch.setattr(
        answers_grid, "mix", lambda *args, **named: (mixes.append("mix"), mix(*args, **named))[1]
    )
    store, feed = context.current().store, elexon_mix()
    write_mix(feed, 100.0)
    path = f"/mix/GB?{DAY}"
    first = client.get(path)
    again = [client.get(path) for _ in range(3)]
    assert {one.content for one in again} == {first.content} and len(mixes) == 1
    mark = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known, status in ((mark, 304), (f'W/"other", {mark}', 304), ('W/"other"', 200)):
        answer = client.get(path, **{"If-None-Match": known})
        assert (answer.status_code, answer.headers["etag"]) == (status, mark)
        assert answer.content == (b"" if status == 304 else first.content)
    write_mix(feed, 200.0)
    changed = client.get(path, **{"If-None-Match": mark})
    assert changed.status_code == 200 and changed.json()["rows"][0]["gas_mw"] == 200.0
    assert changed.headers["etag"] != mark and len(mixes) == 2
    store.set_problem(feed, Finding("Unavailable", "It is down."))
    assert client.get(path).json()["inputs"][0]["problem"]["sentence"] == "It is down."


def test_questions_that_look_alike_are_remembered_apart(client: Client) -> None:
    asked = [
        f"/{name}?{DAY}&sample={sample}&format={form}"
        for name in ("load/CAISO", "storage/CAISO", "load/ERCOT", "mix/CAISO")
        for sample in ("true", "false")
        for form in ("json", "csv")
    ]
    first = {path: client.get(path).content for path in asked}
    assert first == {path: client.get(path).content for path in asked}
    assert len({*(body for path, body in first.items() if "sample=true" in path)}) == 8


def test_the_owners_answer_is_not_remembered_for_a_guest(client: Client, elsewhere: Client) -> None:
    for _ in range(2):
        assert "octopus" in client.get("/health").text
        assert "octopus" not in elsewhere.get("/health").text
        assert client.get("/meters?sample=true").status_code == 200
        assert elsewhere.get("/meters?sample=true").status_code == 403


def test_the_token_opens_the_household_from_elsewhere(
    elsewhere: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_API_TOKEN", "a-token-of-thirty-characters-0")
    settings.current.cache_clear()
    context.current.cache_clear()
    path = f"/costs?{DAY}&sample=true"
    for sent, status in (("a-token-of-thirty-characters-0", 200), ("another", 403), ("", 403)):
        answer = elsewhere.get(path, Authorization=f"Bearer {sent}")
        assert answer.status_code == status
    refused = elsewhere.get(path).json()["error"]
    assert "private" in refused and "Authorization: Bearer" in refused


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "a%00b", "%0A", "%1B%5B31m", "1&{name}=1", "%F0%9F%92%A3" * 500, "%E2%80%AE"],
)
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/mix/GB", ("from", "to", "step_minutes", "format", "sample")),
        ("/windows", ("hours", "within", "tariff")),
        ("/map", ("value", "direction", "meter")),
        ("/batteries/sample/money", ("by",)),
    ],
)
def test_what_nothing_can_mean_is_refused_by_its_name_and_not_repeated(
    client: Client, path: str, names: tuple[str, ...], value: str
) -> None:
    for name in names:
        if name == "tariff" and "&" in value:
            continue
        answer = client.get(f"{path}?{name}={value.format(name=name)}")
        assert answer.status_code == 422
        assert f"'{name}'" in answer.json()["error"]
        assert len(answer.content) < 400
    region = client.get(f"/mix/{'x' * 10_000}")
    assert region.status_code == 422 and "'region'" in region.json()["error"]


def test_a_parameter_of_the_wrong_type_is_named_in_a_sentence(client: Client) -> None:
    answer = client.get("/comparison?to=2026-03-01&shift_percent=much")
    assert answer.status_code == 422
    said = answer.json()["error"]
    assert "'from': Field required." in said and "'shift_percent': Input should be" in said


def test_dates_are_typed_and_numbers_have_their_limits_in_the_description(client: Client) -> None:
    paths = body(client, "/openapi.json")["paths"]
    asked = {
        (one["name"], json.dumps(one["schema"]))
        for path in paths.values()
        for one in path["get"]["parameters"]
    }
    for name, schema in asked:
        if name in ("from", "to", "within"):
            assert '"date"' in schema and '"date-time"' in schema
        if '"number"' in schema or '"integer"' in schema:
            assert "inimum" in schema and '"maximum"' in schema
    assert {"from", "within", "hours", "step_minutes", "shift_percent"} <= {one for one, _ in asked}
    assert "number, above 0 to 336" in client.get("/docs").text


def test_a_store_that_fails_is_said_in_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from energydash.core.errors import StoreError
    from energydash.store import Store

    def fail(*_: object, **__: object) -> None:
        raise StoreError("The database is locked.", remedy="Try again.")

    context.current()
    monkeypatch.setattr(Store, "stored", fail)
    answer = client.get(f"/mix/GB?{DAY}")
    assert answer.status_code == 503
    assert answer.json() == {"error": "The database is locked. Try again."}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/mix/GB?from=0001-01-01&to=0001-01-20", "from"),
        ("/windows?tariff=a&tariff=b", "tariff"),
        ("/mix/GB?from=2026-01-01&to=9999-12-31", "to"),
        ("/intensity/GB?from=1970-01-01", "from"),
        ("/costs?from=1999-01-01&to=2026-01-01", "from"),
        ("/batteries/sample?from=0001-01-01&sample=true", "from"),
        ("/windows/GB?hours=1e308&sample=true", "hours"),
        ("/windows/GB?hours=nan&sample=true", "hours"),
        ("/windows?hours=-1&sample=true", "hours"),
        ("/windows/GB?hours=1&within=9999-12-31&sample=true", "within"),
        ("/windows/GB?hours=1&within=0001-01-01&sample=true", "within"),
        ("/windows?hours=1&within=2026-01-01&sample=true", "within"),
        ("/mix/GB?step_minutes=1e-300", "step_minutes"),
        (
            "/comparison?from=2026-01-01&to=2026-01-02&shift_percent=inf&sample=true",
            "shift_percent",
        ),
    ],
)
def test_what_may_not_be_asked_is_refused_before_anything_is_wanted(
    client: Client, path: str, field: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert f"'{field}'" in answer.json()["error"]
    here = context.current()
    assert not here.store.wanted(here.now() - timedelta(days=1))
