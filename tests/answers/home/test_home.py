"""Answers about a home: real data priced, sample data labelled, trouble in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from energydash.answers import home as answers
from energydash.core.errors import InputError
from energydash.core.feeds import Fetched, empty_frame
from energydash.core.settings import load
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period, grid
from energydash.home.meters import Meter, places
from energydash.home.profile import Value
from energydash.home.quality import Kind
from energydash.home.tariffs import Agreement
from energydash.serialise import home as home_documents
from energydash.sources import octopus
from energydash.sources.grid import carbon_intensity
from energydash.sync import documents
from energydash.sync.context import Context
from tests.answers.home.conftest import CODE, DATA, NOW, publish, write

MARCH = Period.local_days(date(2026, 3, 25), date(2026, 4, 1), LONDON)  # a 46-half-hour day inside
HALF_HOURS = 7 * 48 - 2


def test_costs_have_the_shape_and_figures_that_are_promised(home: Context) -> None:
    found = home_documents.costs(answers.costs(home, MARCH, "day")).to_json()
    assert isinstance(found, dict) and {"rows", "totals", "coverage"} <= set(found)
    assert list(found["rows"][0])[:10] == [
        "key", "days", "import_kwh", "import_cost_gbp", "export_kwh", "export_value_gbp",
        "net_cost_gbp", "unpriced_kwh", "missing", "pending",
    ]  # fmt: skip
    assert [row["key"] for row in found["rows"]][4] == "2026-03-29"
    totals = found["totals"]
    assert totals["standing_charge_gbp"] == pytest.approx(3.5)
    assert totals["import_kwh"] == HALF_HOURS / 2
    energy = (HALF_HOURS - 42) * 0.5 * 0.20 + 42 * 0.5 * 0.30
    assert totals["import_cost_gbp"] == pytest.approx(energy)
    assert totals["export_value_gbp"] == pytest.approx(HALF_HOURS * 0.2 * 0.15)
    assert totals["net_cost_gbp"] == pytest.approx(
        energy + 3.5 - totals["export_value_gbp"], abs=1e-9
    )
    assert totals["missing"] == 0


def test_one_meter_is_found_by_any_of_its_names(home: Context) -> None:
    for name in ("in", "1000000000001"):
        assert answers.costs(home, MARCH, "total", name).costs.totals["export_kwh"] == 0
    with pytest.raises(InputError, match="no meter 'nobody'"):
        answers.costs(home, MARCH, "total", "nobody")
    with pytest.raises(InputError, match="not an energy"):
        answers.costs(home, MARCH, "total", energy="steam")


def test_gas_is_not_added_to_electricity(home: Context) -> None:
    gas = Meter.from_body({"id": "gas", "energy": "gas", "unit": "m3"})
    home.store.put(home.store.household(), "meter", "gas", gas.to_body())
    write(home, gas, MARCH, 1.0)
    assert answers.costs(home, MARCH, "total").costs.totals["import_kwh"] == HALF_HOURS / 2
    found = answers.costs(home, MARCH, "total", energy="gas").costs
    assert found.totals["unpriced_kwh"] == pytest.approx(HALF_HOURS * 1.02264 * 40 / 3.6)
    assert found.rows["import_m3"].sum() == HALF_HOURS
    assert len(answers.bill(home, MARCH).bill.statements) == 3


def test_late_readings_are_not_missing_yet_and_the_future_never_is(home: Context) -> None:
    april = Period.local_days(date(2026, 4, 1), date(2026, 5, 1), LONDON)
    found = answers.costs(home, april, "day").costs
    assert found.totals["missing"] == 0
    assert found.totals["standing_charge_gbp"] == pytest.approx(5.0)  # 10 days begun
    later = replace(home, now=lambda: NOW + 5 * DAY)
    # three days after 9 April's last reading they count: 23:00Z on the 9th to noon on the 12th
    assert answers.costs(later, april, "day").costs.totals["missing"] == 2 * 122


def test_a_home_without_anything_shows_the_sample_and_says_why(nobody: Context) -> None:
    found = answers.costs(nobody, MARCH, "day")
    assert found.is_sample
    assert "no Octopus account connected" in found.inputs[0].sample_reason
    assert found.costs.totals["import_kwh"] > 10
    assert found.costs.totals["missing"] == 0
    strict = answers.costs(replace(nobody, sample_if_empty=False), MARCH, "day")
    assert not strict.is_sample
    assert strict.costs.rows.empty
    assert nobody.store.feeds() == []


def test_a_configured_home_is_never_a_strangers(
    nobody: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_configured")
    context = replace(nobody, settings=load())
    assert not answers.costs(context, MARCH, "day").is_sample
    assert "connect it in settings" in answers.home_cards(context).warnings[0]


def test_the_bill_adds_up_and_prints_exact_texts(home: Context) -> None:
    found = answers.bill(home, MARCH)
    plain = home_documents.bill(found).to_json()
    assert isinstance(plain, dict)
    assert plain["net_gbp"] == str(found.bill.net_gbp)
    assert float(plain["net_gbp"]) == pytest.approx(
        answers.costs(home, MARCH, "total").costs.totals["net_cost_gbp"], abs=1e-9
    )
    lines = plain["statements"][0]["lines"]
    assert [line["p_per_kwh_inc_vat"] for line in lines] == ["20", "30"]
    assert plain["statements"][1]["direction"] == "export"


def test_agreements_price_what_they_cover_and_the_rest_is_unpriced(home: Context) -> None:
    publish(home, [-5.0, 10.0], datetime(2026, 4, 1, tzinfo=UTC))
    day = Period.local_days(date(2026, 4, 1), date(2026, 4, 2), LONDON)
    found = answers.costs(home, day, "rate", "in").costs
    rows = found.rows.set_index("key")["import_kwh"].to_dict()
    # midnight to 01:00 BST is still March in UTC: the agreement has not begun
    assert rows == {"-0.05000": 0.5, "0.10000": 0.5, "0.20000": 1.0, "unpriced": 22.0}
    assert found.totals["unpriced_kwh"] == 22.0
    kinds = [one.kind for one in answers.findings(home, day).findings]
    assert Kind.UNPRICED in kinds


def test_the_map_of_days(home: Context) -> None:
    found = answers.day_map(home, MARCH, Value.GBP)
    assert found.table.shape == (7, 48)
    assert found.table.loc[date(2026, 3, 25), "16:00"] == pytest.approx(0.15)
    assert found.table.loc[date(2026, 3, 29)].isna().sum() == 2


def test_tariffs_are_ranked_against_what_was(home: Context) -> None:
    found = answers.compare(home, MARCH, shift_percent=20)
    table = found.comparison.table.set_index("pair")
    assert found.comparison.baseline_gbp == pytest.approx(
        answers.costs(home, MARCH, "total").costs.totals["net_cost_gbp"]
    )
    now = "Flux, as it was × Fixed, as it was"
    assert list(table.index) == ["Flat × Fixed, as it was", now]  # the tariffs in force are "now"
    same = table.loc[now]
    assert same["difference_gbp"] == pytest.approx(0, abs=1e-9)
    assert found.now_p_per_kwh == pytest.approx(20 + 10 * 42 / HALF_HOURS)
    assert found.comparison.monthly.sum()[now] == pytest.approx(same["net_gbp"])
    assert found.shifted is not None and found.shifted.is_estimate
    moved = found.shifted.table.set_index("pair").loc["Flat × Fixed, as it was", "net_gbp"]
    assert moved == pytest.approx(table.loc["Flat × Fixed, as it was", "net_gbp"])
    assert "Estimate: 20 %" in found.shifted.assumptions[0]
    with pytest.raises(InputError, match="not a tariff code"):
        answers.compare(home, MARCH, ["Nonsense"])


def test_an_unknown_code_has_no_prices_and_comes_last(home: Context) -> None:
    table = answers.compare(home, MARCH, ["flat", CODE]).comparison.table
    assert table["import_tariff"].iloc[-1] == CODE
    assert table["unpriced_kwh"].iloc[-1] == pytest.approx(HALF_HOURS / 2)


def test_cards_say_what_is_old_and_what_has_no_price(home: Context) -> None:
    first, second = answers.home_cards(home).meters
    assert (first.newest_kwh, first.is_stale, first.tariff) == (0.5, False, "Flux")
    assert second.tariff == "Fixed"
    later = answers.home_cards(replace(home, now=lambda: NOW + 8 * DAY))
    assert later.meters[0].is_stale
    home.store.drop(home.store.household(), "tariff", "flux")
    assert answers.home_cards(home).meters[0].unpriced_half_hours > 1300


def test_the_price_now_and_next(home: Context) -> None:
    at = datetime(2026, 4, 10, 14, 10, tzinfo=UTC)
    (found,) = answers.price_now(replace(home, now=lambda: at)).homes
    assert (found.import_p_per_kwh, found.next_p_per_kwh) == (20.0, 30.0)
    assert found.until == datetime(2026, 4, 10, 15, tzinfo=UTC)
    assert (found.export_p_per_kwh, found.export_tariff) == (15.0, "Fixed")
    assert answers.price_now(replace(home, sample=True)).sample_reason == "asked for"


def test_cheapest_windows_know_ties_negative_prices_and_what_is_published(home: Context) -> None:
    prices = [20.0, -3.0, -3.0, 20.0, 5.0, -3.0, -3.0, 30.0]
    publish(home, prices, NOW)
    found = answers.cheapest_windows(home, (1, 1.5, 6))
    assert found.published_until == NOW + 8 * HALF_HOUR
    assert [one.hours for one in found.windows] == [1, 1.5]  # six hours are not published
    hour, longer = found.windows
    assert (hour.best.start, hour.best.mean) == (NOW + HALF_HOUR, -3.0)
    assert [tie.start for tie in hour.ties] == [NOW + 5 * HALF_HOUR]
    assert longer.split == (NOW + HALF_HOUR, NOW + 2 * HALF_HOUR, NOW + 5 * HALF_HOUR)
    assert longer.split_mean == -3.0
    dear = answers.cheapest_windows(home, (0.5,), dearest=True)
    assert dear.windows[0].best.mean == 30.0
    sample = answers.cheapest_windows(replace(home, sample=True), (3,))
    assert sample.windows and sample.sample_reason


def test_sample_readings_are_the_same_whatever_is_asked(nobody: Context) -> None:
    from energydash.sources.sample import household as sample

    week = Period(NOW - 7 * DAY, NOW)
    for meter in sample.METERS:
        whole = sample.consumption_reading(meter, week, NOW, "why").data
        day = sample.consumption_reading(meter, Period(NOW - DAY, NOW), NOW, "why").data
        assert whole.loc[day.index].equals(day)
        assert (whole["energy"] >= 0).all()
    assert whole["energy"].max() < 2.5  # 4 kWp
    until = sample.published_until
    assert until(datetime(2026, 3, 28, 17, tzinfo=UTC)) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert until(datetime(2026, 1, 10, 15, tzinfo=UTC)) == datetime(2026, 1, 10, 23, tzinfo=UTC)


def test_a_changed_agreement_and_a_charging_slot_are_priced(home: Context) -> None:
    owner = home.store.household()
    day = Period.local_days(date(2026, 4, 2), date(2026, 4, 3), LONDON)
    publish(home, [20.0] * 20 + [5.0] * 76, datetime(2026, 4, 1, tzinfo=UTC))
    agreement = home.store.get(owner, "agreement", "a")
    assert agreement is not None
    before = {**agreement, "tariff": "E-1R-OLD-C"}
    home.store.put(owner, documents.EARLIER, "in", {"agreements": [before], "changed_at": "x"})
    changed = answers.findings(home, day, "in").findings[0]
    assert (changed.kind, changed.gbp) == (Kind.BACKDATED, pytest.approx(24 * 0.05))
    intelligent = "E-1R-INTELLI-VAR-24-10-29-C"
    first = Period.local_days(date(2026, 4, 1), date(2026, 4, 2), LONDON)
    rates = home.store.rates(CODE, first)
    feed = octopus.unit_rate_feed(intelligent)
    fetched = Fetched(empty_frame("rate"), first, rates=rates)
    home.store.write(feed, fetched, fetched_at=NOW)
    home.store.put(owner, "agreement", "a", {**agreement, "tariff": intelligent})
    assert "charging slots" in answers.costs(home, first, "rate", "in").notes[0]
    slot = {
        "account": "",
        "source": "smart-charge",
        "start": "2026-04-01T04:10:00Z",
        "end": "2026-04-01T05:00:00Z",
    }
    home.store.put(owner, documents.DISPATCH, "slot", slot)
    documents.put_dispatches_told(home.store, "", first)
    found = answers.costs(home, first, "rate", "in")
    assert not found.notes
    rows = found.costs.rows.set_index("key")["import_kwh"]
    assert rows["0.05000"] == pytest.approx(0.5 * (46 - 20 + 2))


def test_a_meter_without_any_reading_is_all_missing(nobody: Context) -> None:
    nobody.store.put(nobody.store.household(), "meter", "in", Meter("in").to_body())
    assert answers.costs(nobody, MARCH, "day").costs.totals["missing"] == HALF_HOURS
    (card,) = answers.home_cards(nobody).meters
    assert (card.newest_kwh, card.is_stale) == (None, True)


def test_a_home_moved_out_of_is_not_missing_anything(home: Context) -> None:
    owner = home.store.household()
    meter = Meter("old", point="1000000000009", serials=("B1",), connected=True, label="Old home")
    home.store.put(owner, "meter", "old", meter.to_body())
    agreement = Agreement("o", "old", CODE, None, datetime(2025, 3, 1, tzinfo=UTC))
    home.store.put(owner, "agreement", "o", agreement.to_body())
    assert answers.costs(home, MARCH, "total").costs.totals["missing"] == 0
    card = answers.home_cards(home).meters[-1]
    assert (card.meter.id, card.is_stale, card.ended) == ("old", False, agreement.valid_to)
    assert "has no key" in answers.home_cards(home).warnings[0]
    before = Period.local_days(date(2025, 2, 1), date(2025, 2, 2), LONDON)
    assert answers.costs(home, before, "total", "old").costs.totals["missing"] == 48


@pytest.mark.parametrize(("letter", "grams"), [("J", 100.0), ("", 300.0)])
def test_carbon_is_of_the_meters_own_region(home: Context, letter: str, grams: float) -> None:
    meter = Meter("in", point="1000000000001", serials=("A1",), region=letter)
    home.store.put(home.store.household(), "meter", "in", meter.to_body())
    index = grid(DATA, HALF_HOUR)
    for subject, columns in (
        ("GB-14", {"forecast": 100.0}),
        ("GB", {"actual": 300.0, "forecast": 200.0}),
        ("GB-13", {"forecast": 900.0}),
    ):
        frame = pd.DataFrame({name: np.full(len(index), g) for name, g in columns.items()}, index)
        feed = carbon_intensity.intensity_feed(subject)
        home.store.write(feed, Fetched(frame, DATA), fetched_at=NOW)
    found = answers.costs(home, MARCH, "total", "in", carbon=True)
    kwh = found.costs.totals["import_kwh"]
    assert kwh
    assert found.costs.totals["import_kg_co2"] == pytest.approx(kwh * grams / 1000)
    assert not found.costs.totals["unknown_co2_kwh"]


def test_a_home_of_ones_own_never_meets_made_up_intensity(home: Context) -> None:
    found = answers.costs(home, MARCH, "total", "in", carbon=True)
    assert found.costs.totals["unknown_co2_kwh"] == found.costs.totals["import_kwh"] > 0
    assert not found.is_sample


def test_a_tariff_without_prices_has_no_net_cost(home: Context) -> None:
    found = answers.compare(home, MARCH, ["E-1R-VAR-22-11-01-J", "flat"])
    table = found.comparison.table
    absent = table[table["import_tariff"] == "E-1R-VAR-22-11-01-J"]
    assert (
        absent[["net_gbp", "difference_gbp", "difference_percent", "import_gbp"]].isna().all(None)
    )
    assert (absent["unpriced_kwh"] > 0).all()
    assert dict(found.lacking) == {"E-1R-VAR-22-11-01-J": pytest.approx(HALF_HOURS / 2)}
    assert table["net_gbp"].iloc[0] > 0


def test_a_meter_of_old_files_is_not_missed_years_later(home: Context) -> None:
    old = Meter("old", label="Old home")
    home.store.put(home.store.household(), "meter", "old", old.to_body())
    write(home, old, Period(NOW - 900 * DAY, NOW - 890 * DAY), 0.1)
    found = answers.costs(home, MARCH, "total")
    assert [one.id for one in found.meters] == ["in", "out"]
    assert not found.costs.totals["missing"]
    then = Period.local_days(date(2023, 10, 26), date(2023, 10, 28), LONDON)
    assert "old" in [one.id for one in answers.costs(home, then, "total").meters]


def test_a_home_moved_out_of_sets_no_price_now(home: Context) -> None:
    owner = home.store.household()
    left = Meter("a", label="A home left", region="C")  # the first by name
    home.store.put(owner, "meter", "a", left.to_body())
    span = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    ended = Agreement("old", "a", "E-1R-VAR-20-09-22-C", *span)
    home.store.put(owner, "agreement", "old", ended.to_body())
    lived_in = Meter("in", point="1000000000001", serials=("A1",), region="J")
    home.store.put(owner, "meter", "in", lived_in.to_body())
    publish(home, [10.0] * 480, NOW - 5 * DAY)
    (now,) = answers.price_now(home).homes
    assert now.import_tariff == CODE
    assert answers.cheapest_windows(home).tariff == CODE
    compared = answers.compare(home, MARCH).comparison.table["import_tariff"]
    assert "E-1R-VAR-20-09-22-C" not in set(compared)


def test_each_home_has_its_own_price(home: Context) -> None:
    """Its export is not paid beside another home's import; a meter of files is in the one home."""
    owner = home.store.household()
    import_meter, export_meter = documents.meters(home.store)
    flat = replace(import_meter, id="a", label="A flat", premises="E1 6AN", account="b", point="9")
    home.store.put(owner, "meter", "a", replace(flat, connected=True).to_body())
    house = [replace(one, premises="SE10 8XJ") for one in (import_meter, export_meter)]
    for one in house:
        home.store.put(owner, "meter", one.id, one.to_body())
    found = {one.home: one for one in answers.price_now(home).homes}
    assert set(found) == {"E1 6AN", "SE10 8XJ"}
    assert found["E1 6AN"].export_p_per_kwh is None
    assert found["SE10 8XJ"].export_p_per_kwh == 15.0
    loose = replace(import_meter, id="file", connected=False, account="", premises="")
    assert places([flat, loose])["file"] == places([flat])["a"]
    assert places([flat, *house, loose])["file"] not in places([flat, *house]).values()


FLUX_IN, FLUX_OUT = "E-1R-FLUX-IMPORT-23-02-14-C", "E-1R-FLUX-EXPORT-23-02-14-C"
OUTGOING, VARIABLE = "E-1R-OUTGOING-VAR-24-10-26-C", "E-1R-VAR-22-11-01-C"


def test_pairs_that_nobody_can_buy_are_not_ranked(home: Context) -> None:
    codes = [FLUX_IN, FLUX_OUT, OUTGOING, VARIABLE]
    table = answers.compare(home, MARCH, codes, shift_percent=10).comparison.table
    found = set(zip(table["import_tariff"], table["export_tariff"], strict=True))
    assert (FLUX_IN, FLUX_OUT) in found and (VARIABLE, OUTGOING) in found
    assert (FLUX_IN, OUTGOING) not in found and (VARIABLE, FLUX_OUT) not in found
    assert ("Flux, as it was", "Fixed, as it was") in found  # the user's own, whatever its name


@pytest.mark.parametrize("switched", [False, True])
def test_what_was_in_force_pairs_with_what_all_of_it_could(home: Context, switched: bool) -> None:
    owner, middle = home.store.household(), MARCH.start + 3 * DAY
    home.store.drop(owner, "tariff", "flux")
    home.store.drop(owner, "tariff", "fixed")
    agreed = [Agreement("1", "in", FLUX_IN), Agreement("3", "out", OUTGOING)]
    if switched:
        agreed = [
            Agreement("1", "in", FLUX_IN, None, middle),
            Agreement("2", "in", VARIABLE, middle, None),
            Agreement("3", "out", OUTGOING),
        ]
    for one in agreed:
        home.store.put(owner, "agreement", one.id, one.to_body())
    table = answers.compare(home, MARCH, [FLUX_OUT]).comparison.table
    is_ranked = ("actual", FLUX_OUT) in set(
        zip(table["import_id"], table["export_id"], strict=True)
    )
    assert is_ranked is not switched


def test_the_own_tariff_is_in_the_estimate_too(home: Context) -> None:
    found = answers.compare(home, MARCH, ["flat"], shift_percent=50)
    assert found.shifted is not None
    shifted = found.shifted.table.set_index("import_tariff")["net_gbp"]
    as_it_was = found.comparison.table.set_index("import_tariff")["net_gbp"]
    assert shifted["Flux, as it was"] < as_it_was["Flux, as it was"]


def test_a_comparison_is_of_the_meter_that_was_named(home: Context) -> None:
    found = answers.compare(home, MARCH, ["flat"], meter="in")
    assert [one.id for one in found.meters] == ["in"]
    with pytest.raises(InputError, match="no meter 'nobody'"):
        answers.compare(home, MARCH, meter="nobody")
