"""A tariff's prices are where its product's links say, whatever its code looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from energydash.core.errors import BadData, NotFound
from energydash.core.settings import load
from energydash.core.time import Period, parse_instant
from energydash.sources import http
from energydash.sources.octopus import products, rest

JULY = Period(parse_instant("2026-07-01T00:00Z"), parse_instant("2026-07-03T00:00Z"))
FOUR_RATES = "E-1R-IOG-SMB-TOU-25-12-12-E"
FLAT = "E-FLAT2R-SILVER-23-12-06-A"
UNREADABLE = "BUS-PANELP-12M-FIXED-SEPTEMBER2029"


def details(product: str, group: str, code: str, *registers: str, base: str = rest.BASE) -> bytes:
    links = [
        {"rel": one.replace("-", "_"), "href": f"{base}products/{product}/somewhere/{one}/"}
        for one in registers
    ]
    tariff = {"code": code, "links": links}
    return json.dumps({"code": product, group: {"_E": {"direct_debit_monthly": tariff}}}).encode()


PRODUCTS = {
    "IOG-SMB-TOU-25-12-12": details(
        "IOG-SMB-TOU-25-12-12", "four_rate_ev_electricity_tariffs", FOUR_RATES,
        "standing-charges", "day-unit-rates", "night-unit-rates",
    ),
    "SILVER-23-12-06": details(
        "SILVER-23-12-06", "dual_register_electricity_tariffs", FLAT,
        "standing-charges", "day-unit-rates", "night-unit-rates",
    ),
    "VAR-22-11-01": details(
        "VAR-22-11-01", "single_register_electricity_tariffs", "E-1R-VAR-22-11-01-C",
        "standing-charges", "standard-unit-rates", base="https://elsewhere.example/v1/",
    ),
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked for, of an Octopus with these products alone."""
    seen: list[str] = []

    def get(source: str, url: str, **_: Any) -> bytes:
        seen.append(url)
        product = url.removeprefix(f"{rest.BASE}products/").split("/")[0]
        if product not in PRODUCTS:
            raise NotFound(source, "Octopus has no such page (404).")
        if url.endswith(f"{product}/"):
            return PRODUCTS[product]
        price = {
            "value_exc_vat": 20.0, "value_inc_vat": 21.0, "payment_method": None,
            "valid_from": "2026-01-01T00:00:00Z", "valid_to": None,
        }  # fmt: skip
        return json.dumps({"count": 1, "next": None, "results": [price]}).encode()

    monkeypatch.setattr(http, "get", get)
    return seen


@pytest.mark.parametrize("code", [FOUR_RATES, FLAT])
def test_day_and_night_are_asked_for_where_the_links_say_so(asked: list[str], code: str) -> None:
    found = products.fetch_rates(products.unit_rate_feed(code), JULY, load())
    assert found.rates is not None
    assert found.rates["kind"].tolist() == ["day", "night"]
    standing = products.fetch_rates(products.standing_charge_feed(code), JULY, load()).rates
    assert standing is not None and standing["kind"].tolist() == ["standing"]
    assert all("/somewhere/" in url for url in asked if url.count("/") > 6)


def test_an_unreadable_code_is_unknown_in_a_sentence(asked: list[str]) -> None:
    with pytest.raises(NotFound, match=UNREADABLE):
        products.fetch_rates(products.unit_rate_feed(UNREADABLE), JULY, load())
    assert asked == [f"{rest.BASE}products/{UNREADABLE}/"]


def test_a_link_to_another_host_is_not_asked(asked: list[str]) -> None:
    with pytest.raises(BadData, match="another host"):
        products.fetch_rates(products.unit_rate_feed("E-1R-VAR-22-11-01-C"), JULY, load())
    assert all(url.startswith(rest.BASE) for url in asked)
