"""Meters and tariffs are edited in the app; what cannot be kept is said in a sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from energydash.core.time import LONDON, Period
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Tariff
from energydash.sync import documents
from energydash.sync.context import Context
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
    (meter,) = documents.meters(here.store)
    assert meter.name == "House"
    app.text_input(key=f"label_{meter.id}").set_value("Cottage")
    app.button[0].click().run()
    assert documents.meters(here.store)[0].name == "Cottage"


def test_flux_is_added_by_its_form(open_page: OpenPage, here: Context) -> None:
    app = open_page(PAGE, settings_view="Tariffs")
    for way, rates in (("Import", ("10.5", "20", "30")), ("Export", ("5", "10", "15.25"))):
        for band, rate in zip(("02-05", "day", "16-19"), rates, strict=True):
            app.text_input(key=f"flux_{way}_{band}").set_value(rate)
    app.date_input(key="flux_from").set_value(date(2026, 4, 1))
    next(b for b in app.button if b.label == "Add Flux").click().run()
    assert not app.error, app.error[0].value
    found = {one.label: one for one in documents.tariffs(here.store)}
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
    assert {one.label for one in documents.tariffs(here.store)} == {"Old", "Newer"}


def test_a_reading_is_corrected_and_the_change_undone(open_page: OpenPage, here: Context) -> None:
    meter = Meter("in", label="House")
    here.store.put(here.store.household(), "meter", "in", meter.to_body())
    app = open_page(PAGE, settings_view="Readings")
    app.number_input(key="r_value").set_value(1.25)
    app.button(key="r_correct").click().run()
    assert not app.error
    feed = meter.feed(here.store.household())
    assert here.store.state(feed).newest is not None
    app.button(key="r_undo").click().run()
    assert here.store.state(feed).newest is None


CSV = b"""Consumption (kwh), Estimated Cost Inc. Tax (p), Standing Charge Inc. Tax (p), Start, End
0.5, 1, 1, 2026-01-01T00:00:00+00:00, 2026-01-01T00:30:00+00:00
rubbish, 1, 1, 2026-01-01T00:30:00+00:00, 2026-01-01T01:00:00+00:00
0.25, 1, 1, 2026-01-01T02:00:00+00:00, 2026-01-01T02:30:00+00:00
"""


def test_a_file_is_shown_before_it_is_stored(open_page: OpenPage, here: Context) -> None:
    meter = Meter("out", direction=Direction.EXPORT, label="Solar")
    here.store.put(here.store.household(), "meter", "out", meter.to_body())
    app = open_page(PAGE, settings_view="Files")
    app.file_uploader(key="f_readings").upload("mine.csv", CSV, "text/csv").run()
    assert not app.exception
    assert "new meter" in words(app)
    assert "1 refused" in words(app)
    assert "line 3" in words(app)  # which row, and why
    assert app.button(key="f_import").disabled
    app.selectbox(key="f_meter").set_value("out").run()
    assert "is read as import" in app.error[0].value  # nothing was imported for a wrong choice
    app.selectbox(key="f_direction").set_value("export").run()
    app.selectbox(key="f_absent").set_value("missing").run()
    assert "meter out" in words(app)
    app.toggle(key="f_accept").set_value(True).run()
    assert not here.store.state(meter.feed(here.store.household())).newest
    app.button(key="f_import").click().run()
    assert not app.error
    frame = here.store.read(
        meter.feed(here.store.household()),
        Period.local_days(date(2026, 1, 1), date(2026, 1, 2), LONDON),
    )
    assert frame["energy"].tolist() == [0.5, 0.25]


def test_columns_that_are_not_recognised_are_named_on_the_page(
    open_page: OpenPage, here: Context
) -> None:
    text = b"When was it,How much\n2026-01-01 00:00,1\n2026-01-01 00:30,2\n"
    app = open_page(PAGE, settings_view="Files")
    app.file_uploader(key="f_readings").upload("odd.csv", text, "text/csv").run()
    assert "When was it, How much" in app.error[0].value
    assert "is a time" in app.error[0].value
    app.selectbox(key="f_column_time").set_value("When was it").run()
    assert "does not say its unit" in app.error[0].value  # of two columns the other is the energy
    app.selectbox(key="f_column_value").set_value("How much").run()
    app.selectbox(key="f_unit").set_value("kwh").run()
    assert not app.error
    app.button(key="f_import").click().run()
    [meter] = documents.meters(here.store)
    day = Period.local_days(date(2026, 1, 1), date(2026, 1, 2), LONDON)
    assert here.store.read(meter.feed(here.store.household()), day)["energy"].tolist() == [1, 2]


def test_tariffs_of_a_file_are_shown_before_they_are_kept(
    open_page: OpenPage, here: Context
) -> None:
    text = b'[[tariff]]\nlabel = "Flat"\ndefault_rate = 20\n'
    app = open_page(PAGE, settings_view="Files")
    app.file_uploader(key="f_tariffs").upload("mine.toml", text, "application/toml").run()
    assert not app.exception
    assert not app.error, app.error[0].value
    assert "new: Flat" in words(app)
    assert not documents.tariffs(here.store)
    app.button(key="f_import_tariffs").click().run()
    assert [one.label for one in documents.tariffs(here.store)] == ["Flat"]
