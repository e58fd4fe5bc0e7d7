"""What a household's documents ask for: connected meters and running tariffs, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from energydash.core import settings
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.tariffs import Agreement
from energydash.store import Store, open_store
from energydash.sync import documents

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MPAN = "1111111111111"


@pytest.fixture
def store() -> Iterator[Store]:
    made = open_store(settings.current())
    yield made
    made.close()


def keep(store: Store, *meters: Meter) -> None:
    for one in meters:
        store.put(store.household(), "meter", one.id, one.to_body())


def agree(store: Store, meter: str, tariff: str, end: datetime | None = None) -> None:
    one = Agreement(f"{meter}-{tariff}", meter, tariff, NOW - timedelta(days=900), end)
    store.put(store.household(), "agreement", one.id, one.to_body())


def test_only_what_an_account_has_now_is_asked_for(store: Store) -> None:
    keep(
        store,
        Meter("m1", point=MPAN, serials=("A", "B"), account="flat", connected=True),
        Meter("m2", point="2222222222222", serials=("C",)),  # from a file
        Meter("m3", Energy.GAS, point="3333333333", serials=("D",), connected=True),  # moved out
    )
    agree(store, "m1", "E-1R-FLUX-IMPORT-23-02-14-C", NOW - timedelta(days=30))
    agree(store, "m1", "E-1R-AGILE-24-10-01-C")
    agree(store, "m3", "G-1R-VAR-22-11-01-C", NOW - timedelta(days=30))
    feeds = documents.feeds(store, NOW)
    assert [(one.subject, one.quantity) for one in feeds] == [
        ("m1", "consumption"),
        ("E-1R-AGILE-24-10-01-C", "unit-rate"),
        ("E-1R-AGILE-24-10-01-C", "standing-charge"),
    ]
    assert json.loads(feeds[0].address) == {
        "account": "flat", "energy": "electricity", "point": MPAN, "serials": ["A", "B"],
    }  # fmt: skip


def test_the_address_is_in_no_repr_key_or_comparison(store: Store) -> None:
    meter = Meter("m1", point=MPAN, serials=("A",), connected=True)
    feed = documents.meter_feed(meter, "home")
    assert MPAN in feed.address
    assert MPAN not in f"{feed} {feed!r} {feed.key}"
    assert feed == meter.feed("home")


def test_documents_come_in_order(store: Store) -> None:
    keep(
        store,
        Meter("m1", Energy.GAS),
        Meter("m2", direction=Direction.EXPORT),
        Meter("m3", label="Home"),
    )
    assert [one.id for one in documents.meters(store)] == ["m3", "m2", "m1"]
    assert documents.dispatches(store) == []
    assert documents.earlier_agreements(store) == {}
