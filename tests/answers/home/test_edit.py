"""Editing a home: what overlaps is refused, what is deleted can be put back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energydash.answers import home as answers
from energydash.answers.home import File, home_of
from energydash.answers.home.pricing import read_meter
from energydash.answers.sources import health
from energydash.core.errors import InputError
from energydash.core.findings import Finding
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period
from energydash.home.meters import Meter
from energydash.home.tariffs import Tariff
from energydash.sync import documents
from energydash.sync.context import Context
from tests.answers.home.conftest import write

DAYS = Period.local_days(date(2026, 3, 20), date(2026, 3, 22), LONDON)


def rates(*pence: int) -> tuple[Decimal, Decimal, Decimal]:
    low, day, peak = (Decimal(one) for one in pence)
    return low, day, peak


def test_a_new_flux_ends_the_one_before(home: Context) -> None:
    start = date(2026, 3, 21)
    flux = answers.Flux("Flux 2026", start, rates(10, 20, 30), rates(5, 10, 15), Decimal(40))
    first, second = answers.add_flux(home, flux)
    assert [str(band) for band in first.bands] == ["low 02:00-05:00", "peak 16:00-19:00"]
    known = {one.id: one for one in documents.tariffs(home.store)}
    assert known["flux"].valid_to == known["fixed"].valid_to == start
    assert known["flat"].valid_to is None  # only compared with
    rows = answers.costs(home, DAYS, "day").costs.rows.set_index("key")
    assert rows.loc["2026-03-20", "import_cost_gbp"] == pytest.approx(21 * 0.2 + 3 * 0.3)
    wanted = 3 * 0.1 + 18 * 0.2 + 3 * 0.3
    assert rows.loc["2026-03-21", "import_cost_gbp"] == pytest.approx(wanted)
    with pytest.raises(InputError, match="needs a name"):
        answers.add_flux(home, replace(flux, name=" "))
    assert second.valid_from == start


def test_tariffs_that_overlap_are_refused_and_nothing_is_kept(home: Context) -> None:
    other = Tariff("new", "New", default_rate=Decimal(1))
    with pytest.raises(InputError, match=r"'Flux' and 'New'"):
        answers.save_tariff(home, other)
    assert "new" not in {one.id for one in documents.tariffs(home.store)}
    answers.delete_tariff(home, "flux")
    answers.save_tariff(home, other)


def test_readings_are_corrected_deleted_and_put_back(home: Context) -> None:
    meter = documents.meters(home.store)[0]

    def kwh() -> float:
        total: float = answers.costs(home, DAYS, "total", meter.id).costs.totals["import_kwh"]
        return total

    corrected = answers.correct_reading(home, meter, DAYS.start, 7.5)
    assert kwh() == pytest.approx(48 + 7)
    answers.undo(home, corrected)
    assert kwh() == pytest.approx(48)
    removed = answers.delete_readings(home, meter, Period(DAYS.start, DAYS.start + DAY))
    assert len(removed.frame) == 48
    assert answers.costs(home, DAYS, "total", meter.id).costs.totals["missing"] == 48
    answers.undo(home, removed)
    assert kwh() == pytest.approx(48)
    with pytest.raises(InputError, match="not below zero"):
        answers.correct_reading(home, meter, DAYS.start, -1)


def test_a_point_has_one_meter_and_a_deleted_meter_takes_its_readings(home: Context) -> None:
    first = documents.meters(home.store)[0]
    with pytest.raises(InputError, match="already has this meter point"):
        answers.save_meter(home, Meter("copy", point=first.point))
    answers.save_meter(home, replace(first, label="House"))
    assert documents.meters(home.store)[0].name == "House"
    assert answers.delete_meter(home, first) > 1800
    assert [one.id for one in documents.meters(home.store)] == ["out"]


def test_a_corrected_reading_stays_where_the_upstream_repeats_the_old_one(home: Context) -> None:
    meter = documents.meters(home.store)[0]
    hour = Period(DAYS.start, DAYS.start + 2 * HALF_HOUR)

    def kwh(period: Period = hour) -> float:
        total: float = answers.costs(home, period, "total", meter.id).costs.totals["import_kwh"]
        return total

    answers.correct_reading(home, meter, DAYS.start, 7.5)
    answers.correct_reading(home, meter, DAYS.start, 2.5)  # once more: what it was stays known
    write(home, meter, DAYS, 0.5)
    assert kwh() == pytest.approx(3.0)
    assert "1 half-hour as you corrected" in answers.costs(home, hour).notes[-1]
    assert answers.reading_at(home, meter, DAYS.start) == 2.5
    day = Period(DAYS.start, DAYS.start + DAY)
    deleted = answers.delete_readings(home, meter, day)
    write(home, meter, DAYS, 0.5)
    assert np.isnan(kwh(day)) and kwh(DAYS) == pytest.approx(24)
    answers.undo(home, deleted)
    write(home, meter, DAYS, 0.5)
    assert kwh() == pytest.approx(3.0)  # the correction before is back
    write(home, meter, day, 0.75)  # a revision is no repetition
    assert kwh() == pytest.approx(1.5)
    assert "start,end" in answers.export_readings(home, "in").files[0].data.decode()


def test_a_file_has_the_last_word(home: Context, tmp_path: Path) -> None:
    meter = documents.meters(home.store)[0]
    answers.delete_readings(home, meter, DAYS)
    file = tmp_path / "in.csv"
    file.write_text("start,end,import (kWh)\n2026-03-20T00:00:00Z,2026-03-20T00:30:00Z,0.5\n")
    answers.import_readings(home, [file], "in")
    assert answers.reading_at(home, meter, DAYS.start) == 0.5


@pytest.mark.parametrize(
    ("day", "count", "twice"), [("2026-10-25", 50, True), ("2026-03-29", 46, False)]
)
def test_each_half_hour_of_a_changed_day_can_be_reached(day: str, count: int, twice: bool) -> None:
    found = answers.local_half_hours(date.fromisoformat(day), LONDON)
    words = [text for text, _ in found]
    assert len(set(words)) == len({at for _, at in found}) == count
    assert ("01:00 (BST)" in words and "01:00 (GMT)" in words) is twice
    assert "01:00" not in words


def test_our_own_export_brought_back_undoes_no_correction(home: Context) -> None:
    """What a file says otherwise counts; what it says too, or not at all, stays put right."""
    meter = documents.meters(home.store)[0]
    at = [DAYS.start + n * HALF_HOUR for n in range(3)]
    answers.correct_reading(home, meter, at[0], 7.5)
    answers.delete_readings(home, meter, Period(at[1], at[2]))
    answers.correct_reading(home, meter, at[2], 9.5)
    day = Period(DAYS.start, DAYS.start + DAY)
    frame = read_meter(home, home_of(home), meter, day).data
    frame.loc[at[2], "energy"] = 3.5  # changed by hand in the file
    file = File(f"{meter.id}.csv", csv_of(frame))
    answers.import_readings(home, [file], meter.id)
    write(home, meter, DAYS, 0.5)  # the upstream repeats what it had
    assert [answers.reading_at(home, meter, one) for one in at] == [7.5, None, 0.5]


def csv_of(frame: pd.DataFrame) -> bytes:
    lines = [f"{at.isoformat()},{kwh}" for at, kwh in frame["energy"].items()]  # type: ignore[attr-defined]
    return "\n".join(["start,kwh", *lines]).encode()


def test_a_deleted_meter_leaves_nothing_behind(home: Context) -> None:
    meter = documents.meters(home.store)[0]
    owner = home.store.household()
    answers.correct_reading(home, meter, DAYS.start, 7.5)
    home.store.put(owner, documents.EARLIER, meter.id, {"agreements": [], "changed_at": "x"})
    bound = Tariff("bound", "Bound", default_rate=Decimal(1), meter=meter.id)
    answers.save_tariff(home, bound)
    long_ago = Period.local_days(date(1985, 1, 1), date(1985, 1, 2), LONDON)
    write(home, meter, long_ago, 0.5)
    answers.save_meter(home, replace(meter, connected=True))
    refused = Finding("BadCredentials", "The key is refused.")
    home.store.set_problem(meter.feed(owner), refused)
    assert health.refused(home)
    assert answers.delete_meter(home, meter) > 1850
    assert not documents.corrections(home.store)
    assert meter.id not in {one.subject for one in home.store.feeds()}  # nor its trouble
    assert not health.refused(home)
    assert not home.store.documents(owner, documents.EARLIER)
    assert "bound" not in {one.id for one in documents.tariffs(home.store)}
