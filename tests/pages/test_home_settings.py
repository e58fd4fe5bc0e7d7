"""Meters and tariffs are edited in the app; what cannot be kept is said in a sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from energydash import household
from energydash.context import Context
from energydash.home.meters import Meter
from energydash.home.tariffs import Tariff
from tests.pages.conftest import OpenPage, words

PAGE = "home_settings"


@pytest.mark.parametrize("view", ["Account", "Meters", "Tariffs", "Readings", "Files"])
def test_every_view_opens_with_nothing_known(open_page: OpenPage, view: str) -> None:
    app = open_page(PAGE, settings_view=view)
    assert "Meters and tariffs" in words(app)
    assert not app.error


def test_a_meter_is_made_and_renamed(open_page: OpenPage, here: Context) -> None:
    app = open_page(PAGE, settings_view="Meters")
    app.text_input(key="label_new").set_value("House")
    app.button[0].click().run()
    (meter,) = household.meters(here.store)
    assert meter.name == "House"
    app.text_input(key=f"label_{meter.id}").set_value("Cottage")
    app.button[0].click().run()
    assert household.meters(here.store)[0].name == "Cottage"


def test_flux_is_added_by_its_form(open_page: OpenPage, here: Context) -> None:
    app = open_page(PAGE, settings_view="Tariffs")
    for way, rates in (("Import", ("10.5", "20", "30")), ("Export", ("5", "10", "15.25"))):
        for band, rate in zip(("02-05", "day", "16-19"), rates, strict=True):
            app.text_input(key=f"flux_{way}_{band}").set_value(rate)
    app.date_input(key="flux_from").set_value(date(2026, 4, 1))
    next(b for b in app.button if b.label == "Add Flux").click().run()
    assert not app.error, app.error[0].value
    found = {one.label: one for one in household.tariffs(here.store)}
    assert set(found) == {"Flux import", "Flux export"}
    assert found["Flux import"].bands[0].rate == Decimal("10.5")
    assert found["Flux export"].valid_from == date(2026, 4, 1)


def test_an_overlap_is_refused_naming_both(open_page: OpenPage, here: Context) -> None:
    old = Tariff("old", "Old", default_rate=Decimal(1))
    here.store.put(here.store.household(), "tariff", "old", old.to_body())
    app = open_page(PAGE, settings_view="Tariffs")
    app.text_input(key="t_label_new").set_value("Newer")
    app.text_input(key="t_rate_new").set_value("20")
    next(b for b in app.button if b.label == "Save").click().run()
    assert "'Old' and 'Newer'" in app.error[0].value.replace("\\", "")
    app.toggle(key="t_compare_new").set_value(True)
    next(b for b in app.button if b.label == "Save").click().run()
    assert {one.label for one in household.tariffs(here.store)} == {"Old", "Newer"}


def test_a_reading_is_corrected_and_the_change_undone(open_page: OpenPage, here: Context) -> None:
    meter = Meter("in", label="House")
    here.store.put(here.store.household(), "meter", "in", meter.to_body())
    app = open_page(PAGE, settings_view="Readings")
    app.number_input(key="r_value").set_value(1.25)
    app.button(key="r_correct").click().run()
    assert not app.error
    feed = meter.feed(here.store.household())
    assert here.store.newest(feed) is not None
    app.button(key="r_undo").click().run()
    assert here.store.newest(feed) is None
