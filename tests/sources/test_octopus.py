"""Octopus Energy: its wire format read exactly, and asked over HTTP: pages, keys, two meters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from energydash.core import settings
from energydash.core.errors import BadCredentials, BadData, InputError, NotFound, RateLimited
from energydash.core.feeds import Feed
from energydash.core.settings import Section, Settings
from energydash.core.time import HALF_HOUR, LONDON, Period, grid, half_hours
from energydash.home.meters import Direction, Energy, Meter
from energydash.sources import octopus
from energydash.sources.octopus import graphql
from energydash.sync.documents import meter_feed
from tests import clock
from tests.upstreams import _octopus_homes as homes
from tests.upstreams._octopus_prices import PRODUCTS, REGIONS
from tests.upstreams.octopus import HOST
from tests.upstreams.server import Upstreams
from tests.upstreams.wire import Request, Response

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def asked(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with the stand-in's first account, at a fixed instant."""
    clock.set_now(NOW)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()
    yield settings.current()
    graphql.forget_tokens()


def feed_of(point: str, *serials: str, energy: Energy = Energy.ELECTRICITY) -> Feed:
    meter = Meter("m0000000a", energy=energy, point=point, serials=serials, connected=True)
    return meter_feed(meter, "home")


IMPORT = feed_of(homes.IMPORT_MPAN, homes.OLD_SERIAL, homes.SERIAL)


def page(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"count": len(rows), "next": None, "results": list(rows)}).encode()


# FeedData


def test_readings_join_on_utc_on_the_day_that_has_an_hour_twice() -> None:
    starts = ["00:30:00+01:00", "01:00:00+01:00", "01:30:00+01:00", "01:00:00Z", "01:30:00+00:00"]
    rows = [
        {"consumption": n / 10, "interval_start": f"2025-10-26T{at}", "interval_end": ""}
        for n, at in enumerate(starts)
    ]
    frame = octopus.read_consumption([page(*rows[:2]), page(*rows[2:])])
    first = datetime(2025, 10, 25, 23, 30, tzinfo=UTC)
    assert list(frame.index) == [first + n * HALF_HOUR for n in range(5)]
    assert frame["energy"].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_null_energy_is_a_gap_and_no_rows_are_an_empty_frame() -> None:
    row = {"consumption": None, "interval_start": "2025-10-26T01:00:00Z"}
    assert octopus.read_consumption([page(row)])["energy"].isna().all()
    assert octopus.read_consumption([page()]).empty


@pytest.mark.parametrize(
    "body", [b'{"results": 4}', b"[]", page({"consumption": 1}), page({"interval_start": "x"})]
)
def test_readings_in_another_shape_are_bad_data(body: bytes) -> None:
    with pytest.raises(BadData, match="Octopus Energy sent"):
        octopus.read_consumption([body])


def test_prices_keep_every_digit_and_both_payment_methods() -> None:
    def row(method: str | None, exc: str, inc: str) -> str:
        return (
            f'{{"value_exc_vat": {exc}, "value_inc_vat": {inc}, "valid_to": null, '
            f'"valid_from": "2024-03-31T23:00:00Z", "payment_method": {json.dumps(method)}}}'
        )

    rows = [row("DIRECT_DEBIT", "45.1000000000000001", "47.3555"), row(None, "-2.8571", "-3")]
    rates = octopus.read_rates([f'{{"results": [{",".join(rows)}]}}'.encode()], "unit")
    assert rates["payment_method"].tolist() == ["", "DIRECT_DEBIT"]
    assert rates["exc_vat"].tolist() == ["-2.8571", "45.1000000000000001"]
    assert rates["inc_vat"].tolist() == ["-3", "47.3555"]
    assert rates["valid_to"].isna().all()


def test_recorded_answers(recordings: Path) -> None:
    saved = json.loads((recordings / "octopus" / "octometer_wire_samples.json").read_text())
    text = {name: json.dumps(body).encode() for name, body in saved.items()}
    [home] = octopus.read_account(text["GetAccountSampleData.json"])
    assert [(p.energy, p.direction, len(p.serials)) for p in home.points] == [
        (Energy.ELECTRICITY, Direction.IMPORT, 2),
        (Energy.GAS, Direction.IMPORT, 2),
    ]
    assert [one.code for one in home.points[0].agreements][-1] == "E-1R-VAR-22-11-01-N"
    # +01:00 and Z stand side by side in the account.
    assert home.points[0].agreements[1].valid_to == datetime(2023, 3, 31, 23, tzinfo=UTC)
    readings = octopus.read_consumption([text["GetConsumptionSampleData.json"]])
    assert readings["energy"].tolist() == [0.512, 0.451, 0.201, 0.58, 0.113]
    costs = octopus.read_measurements(text["GetConsumptionSampleData.getMeasurementsQueryResponse"])
    assert costs["kwh"].tolist() == readings["energy"].tolist()
    assert (costs["standing_p"] == 0.06).all()
    standing = octopus.read_rates([text["GetStandingChargesSampleData.var221101Json"]], "standing")
    assert standing["payment_method"].value_counts().to_dict() == {
        "DIRECT_DEBIT": 4,
        "NON_DIRECT_DEBIT": 4,
    }
    assert all(
        Decimal(row.inc_vat) == Decimal(row.exc_vat) * Decimal("1.05")
        for row in standing.itertuples()
    )
    assert len(octopus.read_products([text["products_list"]])) == 43
    tariffs = octopus.read_product_tariffs(text["product_detail_AGILE-FLEX-22-11-25"])
    assert {one.region for one in tariffs} == set(REGIONS)


# Asking: readings


def test_three_years_of_two_meters_take_few_requests(asked: Settings, upstreams: Upstreams) -> None:
    longest = timedelta(days=octopus.INFO.longest_days)
    period = Period(NOW - timedelta(days=1096), NOW)
    export = feed_of(homes.EXPORT_MPAN, homes.SERIAL)
    octopus.read_account(octopus.get_account(octopus.account_section(asked, "")))
    frames = [
        pd.concat([octopus.fetch(feed, part, asked).frame for part in period.chunks(longest)])
        for feed in (IMPORT, export)
    ]
    assert upstreams.counts[HOST] <= 10
    assert len(frames[0]) > 52_000
    assert all(frame.index.is_unique for frame in frames)


def test_pages_are_followed(
    asked: Settings, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = Period(NOW - timedelta(days=20), NOW - timedelta(days=10))
    whole = octopus.fetch(IMPORT, period, asked).frame
    monkeypatch.setattr("energydash.sources.octopus.readings.PAGE_SIZE", 100)
    before = upstreams.counts[HOST]
    assert octopus.fetch(IMPORT, period, asked).frame.equals(whole)
    assert upstreams.counts[HOST] - before == 5
    assert len(whole) > 460


def test_a_replaced_meter_is_one_series(asked: Settings) -> None:
    period = Period(homes.REPLACED - timedelta(days=2), homes.REPLACED + timedelta(days=2))
    frame = octopus.fetch(IMPORT, period, asked).frame
    assert len(frame) >= 4 * 48 - 8
    old = octopus.fetch(feed_of(homes.IMPORT_MPAN, homes.OLD_SERIAL), period, asked).frame
    assert old.index[-1] < homes.REPLACED <= frame.index[-1]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_days_on_which_clocks_change_are_whole(asked: Settings, day: str) -> None:
    first = datetime.fromisoformat(day).date()
    period = Period.local_days(first, first + timedelta(days=1), LONDON)
    frame = octopus.fetch(IMPORT, period, asked).frame
    assert frame.index.equals(grid(period, HALF_HOUR))
    assert len(frame) == half_hours(first, LONDON) != 48


def test_late_and_revised_readings_come_later(asked: Settings, upstreams: Upstreams) -> None:
    day = Period(NOW - timedelta(days=2), NOW)
    early = octopus.fetch(IMPORT, day, asked).frame
    clock.set_now(NOW + timedelta(days=5))
    later = octopus.fetch(IMPORT, day, asked).frame
    assert len(later) > len(early)
    shared = early.index.intersection(later.index)
    assert (early.loc[shared, "energy"] != later.loc[shared, "energy"]).any()


def test_gas_is_asked_at_its_own_address(asked: Settings, upstreams: Upstreams) -> None:
    gas = feed_of(homes.GAS_MPRN, homes.GAS_SERIAL, energy=Energy.GAS)
    period = Period(NOW - timedelta(days=10), NOW - timedelta(days=9))
    assert len(octopus.fetch(gas, period, asked).frame) == 48
    assert upstreams.requests[-1][0].path.startswith("/v1/gas-meter-points/")


@pytest.mark.parametrize(
    ("feed", "error", "words"),
    [
        (feed_of("1111111111111", "X1"), NotFound, "does not know this meter"),
        (replace(IMPORT, address=""), NotFound, "came from a file"),
    ],
)
def test_a_meter_that_octopus_does_not_know(
    asked: Settings, feed: Feed, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        octopus.fetch(feed, Period(NOW - timedelta(days=2), NOW), asked)
    assert "1111111111111" not in str(caught.value)


def test_a_missing_key_says_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadCredentials, match=r"\[octopus\].*api_key and account_number"):
        octopus.fetch(IMPORT, Period(NOW, NOW + HALF_HOUR), settings.current())
    with pytest.raises(BadCredentials, match=r"\[octopus.second\]"):
        octopus.account_section(settings.current(), "second")


def test_a_wrong_key_is_not_shown(asked: Settings) -> None:
    wrong = replace(asked, sections={"octopus": {"api_key": "sk_live_wrongwrong"}})
    with pytest.raises(BadCredentials, match="refused the key") as caught:
        octopus.fetch(IMPORT, Period(NOW - timedelta(days=3), NOW), wrong)
    assert "wrongwrong" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


def test_an_account_of_somebody_else(asked: Settings) -> None:
    section = Section("", {"api_key": homes.KEY, "account_number": homes.SECOND_ACCOUNT})
    with pytest.raises(NotFound, match="no account of that number"):
        octopus.get_account(section)
    with pytest.raises(BadCredentials, match="account_number"):
        octopus.get_account(Section("", {"api_key": homes.KEY}))


def test_the_key_is_not_sent_to_another_host(asked: Settings, upstreams: Upstreams) -> None:
    def elsewhere(_: Request, response: Response) -> Response:
        body = json.loads(response.content()) | {"next": "https://elsewhere.example/v1/?page=2"}
        return Response(200, body)

    upstreams.change(HOST, elsewhere)
    with pytest.raises(BadData, match="another host"):
        octopus.fetch(IMPORT, Period(NOW - timedelta(days=9), NOW - timedelta(days=8)), asked)
    assert set(upstreams.counts) == {HOST}


# Asking: prices


@pytest.mark.parametrize(
    ("code", "kinds", "rows"),
    [
        ("E-1R-AGILE-24-10-01-C", {"unit"}, 7 * 48),
        ("E-1R-FLUX-IMPORT-23-02-14-C", {"unit"}, 7 * 5),
        ("E-1R-GO-VAR-22-10-14-C", {"unit"}, 7 * 3),
        ("E-1R-INTELLI-VAR-24-10-29-C", {"unit"}, 7 * 3),
        ("G-1R-SILVER-25-04-15-C", {"unit"}, 7),
        ("E-1R-OUTGOING-VAR-24-10-26-C", {"unit"}, 1),
        ("E-2R-VAR-22-11-01-C", {"day", "night"}, 4),
    ],
)
def test_every_shape_of_tariff(asked: Settings, code: str, kinds: set[str], rows: int) -> None:
    first = (NOW - timedelta(days=20)).date()
    week = Period.local_days(first, first + timedelta(days=7), LONDON)
    fetched = octopus.fetch(octopus.unit_rate_feed(code), week, asked)
    assert fetched.rates is not None
    assert set(fetched.rates["kind"]) == kinds
    assert len(fetched.rates) == rows
    assert fetched.covered == week


def test_a_long_agile_period_is_read_page_by_page(asked: Settings, upstreams: Upstreams) -> None:
    period = Period(NOW - timedelta(days=100), NOW)
    fetched = octopus.fetch(octopus.unit_rate_feed("E-1R-AGILE-24-10-01-C"), period, asked)
    assert fetched.rates is not None
    assert not fetched.rates.duplicated(["kind", "payment_method", "valid_from"]).any()
    assert len(fetched.rates) >= 4800
    assert upstreams.counts[HOST] == 5  # the product's links, then its pages


def test_prices_not_published_yet_are_not_answered_for(
    asked: Settings, upstreams: Upstreams
) -> None:
    now = NOW
    period = Period(now - timedelta(days=1), now + timedelta(days=2))
    agile = octopus.fetch(octopus.unit_rate_feed("E-1R-AGILE-24-10-01-C"), period, asked)
    assert now < agile.covered.end < period.end
    flat = octopus.fetch(octopus.unit_rate_feed("E-1R-VAR-22-11-01-C"), period, asked)
    assert flat.covered == period


@pytest.mark.parametrize("code", ["E-1R-NOSUCH-24-10-01-C", "E-2R-AGILE-24-10-01-C"])
def test_a_tariff_that_octopus_does_not_sell(asked: Settings, code: str) -> None:
    with pytest.raises(NotFound, match=f"no unit rate for tariff {code}"):
        octopus.fetch(octopus.unit_rate_feed(code), Period(NOW - timedelta(days=1), NOW), asked)


def test_a_code_that_is_none() -> None:
    with pytest.raises(InputError, match="not a tariff code"):
        octopus.fetch(
            octopus.unit_rate_feed("nonsense"),
            Period(NOW - timedelta(days=1), NOW),
            settings.current(),
        )


def test_products_and_regions_are_kept_when_asking_fails(
    asked: Settings, upstreams: Upstreams
) -> None:
    assert [one.code for one in octopus.get_products(asked)] == list(PRODUCTS)
    tariffs = octopus.get_product_tariffs(asked, "VAR-22-11-01")
    assert {(one.energy, one.registers) for one in tariffs} == {
        ("electricity", "single"),
        ("electricity", "dual"),
        ("gas", "single"),
    }
    assert octopus.get_regions(asked, "CA8 1AA") == ["F", "N"]
    assert octopus.get_regions(asked, "ZZ1 1ZZ") == []
    with pytest.raises(InputError, match="not a postcode"):
        octopus.get_regions(asked, "SE1; DROP")
    upstreams.fault(HOST, "500")
    assert len(octopus.get_products(asked)) == len(PRODUCTS)


# GraphQL


def section(key: str = homes.KEY, account: str = homes.ACCOUNT) -> Section:
    return Section("", {"api_key": key, "account_number": account})


def test_octopus_own_figures_are_energy_times_price(asked: Settings) -> None:
    day = Period(NOW - timedelta(days=20), NOW - timedelta(days=17))
    costs = octopus.get_measurements(section(), "electricity", homes.IMPORT_MPAN, "import", day)
    readings = octopus.fetch(IMPORT, day, asked).frame
    assert costs["kwh"].equals(readings["energy"].rename("kwh"))
    rates = octopus.fetch(octopus.unit_rate_feed("E-1R-AGILE-24-10-01-J"), day, asked).rates
    assert rates is not None
    prices = rates.set_index("valid_from")["inc_vat"].astype(float)
    expected = costs["kwh"] * prices.reindex(costs.index)
    assert (costs["cost_p"] - expected).abs().max() < 1e-6


def test_completed_dispatches(asked: Settings) -> None:
    found = octopus.read_dispatches(
        octopus.get_dispatches(section(homes.SECOND_KEY, homes.SECOND_ACCOUNT))
    )
    assert found == sorted(found, key=lambda one: one.start)
    assert {one.end - one.start for one in found} == {timedelta(minutes=90)}
    assert found[0].energy_kwh == 5.1
    assert octopus.read_dispatches(octopus.get_dispatches(section())) == []


def test_a_refused_token_is_asked_for_anew(asked: Settings, upstreams: Upstreams) -> None:
    octopus.get_dispatches(section())
    name = next(iter(graphql._tokens))
    graphql._tokens[name] = ("expired", datetime(2100, 1, 1, tzinfo=UTC))
    before = upstreams.counts[HOST]
    octopus.get_dispatches(section())
    assert upstreams.counts[HOST] - before == 3  # refused, a token, answered


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("KT-CT-1139", BadCredentials, "refused the key"),
        ("KT-CT-1199", RateLimited, "fewer requests"),
        ("KT-CT-1188", BadData, "too large"),
        ("KT-CT-4178", BadData, "answered with an error: Nothing found"),
    ],
)
def test_errors_in_an_answer_of_200(code: str, error: type[Exception], words: str) -> None:
    extensions = {"errorCode": code, "errorDescription": "Nothing found."}
    body = json.dumps({"data": None, "errors": [{"message": "x", "extensions": extensions}]})
    with pytest.raises(error, match=words):
        octopus.read_dispatches(body.encode())


def test_a_wrong_key_at_graphql(asked: Settings) -> None:
    with pytest.raises(BadCredentials, match="refused the key") as caught:
        octopus.get_dispatches(section("sk_live_wrongwrong"))
    assert "wrongwrong" not in str(caught.value)
