"""What a store promises, for both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from energydash.core.errors import InputError, StoreError
from energydash.core.feeds import Fetched, empty_frame
from energydash.core.findings import Finding
from energydash.core.settings import Settings
from energydash.core.time import Period
from energydash.store import Covered, FeedState, Store, Wanted, Written, open_store, reads
from energydash.store.errors import StoreLocked
from tests.store.examples import MIX, START, answer, at, frame, home_feed, span

LATER = START + timedelta(days=30)


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_freq=False)


def test_a_feed_never_written_is_empty_and_no_error(store: Store) -> None:
    same(store.read(MIX, span(0, 4)), empty_frame())
    same(store.read(MIX, span(0, 4), ["gas"]), empty_frame("gas"))
    assert store.state(MIX).version == 0
    assert store.state(MIX).newest is None
    assert store.state(MIX).fetched_at is None
    assert store.state(MIX).problem is None
    assert store.coverage(MIX, span(0, 4)) == []
    assert store.feeds() == []
    assert store.summary().empty
    assert store.delete(MIX, span(0, 4)) == 0
    issued, forecast = store.read_forecast(MIX, span(0, 4))
    assert issued is None
    same(forecast, empty_frame())


def test_what_was_written_is_read_back(store: Store) -> None:
    gas, wind = [1.5, 2.0, np.nan], [np.nan, -3.25, 1e9]
    written = store.write(MIX, answer(0, 3, gas=gas, wind=wind), fetched_at=LATER)
    assert written == Written(rows=4, changed=4, withdrawn=0)
    same(store.read(MIX, span(0, 3)), frame(0, 3, gas=gas, wind=wind))
    same(store.read(MIX, span(1, 2)), frame(1, 1, gas=2.0, wind=-3.25))
    same(store.read(MIX, span(1, 2), ["wind", "coal"]), frame(1, 1, wind=-3.25, coal=np.nan))
    same(store.read(MIX, span(5, 9)), empty_frame("gas", "wind"))
    assert store.state(MIX).newest == at(2)
    assert store.state(MIX).fetched_at == LATER
    assert store.state(MIX).version == 1


def test_microseconds_and_other_zones_survive(store: Store) -> None:
    instant = datetime(2026, 3, 29, 1, 30, 0, 123457, tzinfo=UTC)
    index = pd.DatetimeIndex([instant], name="time").tz_convert("Europe/London").as_unit("ns")
    data = pd.DataFrame({"gas": [7]}, index=index)
    period = Period(instant, instant + timedelta(microseconds=1))
    store.write(MIX, Fetched(data, period), fetched_at=LATER)
    out = store.read(MIX, period)
    assert list(out.index) == [instant]
    assert str(out.index.dtype) == "datetime64[us, UTC]"
    assert out["gas"].tolist() == [7.0]
    assert store.state(MIX).newest == instant


def test_unsorted_and_repeated_times_keep_the_last_value(store: Store) -> None:
    index = pd.DatetimeIndex([at(1), at(0), at(1)], name="time").as_unit("us")
    data = pd.DataFrame({"gas": [1.0, 2.0, 3.0], "wind": [4.0, np.nan, np.nan]}, index=index)
    store.write(MIX, Fetched(data, span(0, 2)), fetched_at=LATER)
    same(store.read(MIX, span(0, 2)), frame(0, 2, gas=[2.0, 3.0], wind=[np.nan, 4.0]))


def test_times_without_a_zone_are_refused(store: Store) -> None:
    data = pd.DataFrame({"gas": [1.0]}, index=pd.DatetimeIndex(["2026-01-01"]))
    with pytest.raises(InputError, match="time zone"):
        store.write(MIX, Fetched(data, span(0, 1)), fetched_at=LATER)
    assert store.feeds() == []


def test_a_later_answer_wins_and_nothing_is_deleted(store: Store) -> None:
    store.write(MIX, answer(0, 4, gas=[1.0, 2.0, 3.0, 4.0]), fetched_at=START)
    written = store.write(MIX, answer(0, 3, gas=[1.0, 9.0, np.nan]), fetched_at=LATER)
    assert written == Written(rows=2, changed=1, withdrawn=1)
    same(store.read(MIX, span(0, 4)), frame(0, 4, gas=[1.0, 9.0, 3.0, 4.0]))


def test_rows_outside_the_covered_period_are_kept_too(store: Store) -> None:
    data = frame(0, 4, gas=1.0)
    assert store.write(MIX, Fetched(data, span(1, 3)), fetched_at=LATER).withdrawn == 0
    assert len(store.read(MIX, span(0, 4))) == 4
    assert [window.rows for window in store.coverage(MIX, span(0, 4))] == [2]
    assert store.summary()["rows"].tolist() == [4]


def test_the_version_moves_only_when_something_changed(store: Store) -> None:
    store.write(MIX, Fetched(empty_frame(), span(0, 4)), fetched_at=START)
    assert store.state(MIX).version == 1, "an empty first answer is an answer"
    store.write(MIX, Fetched(empty_frame(), span(0, 4)), fetched_at=START)
    assert store.state(MIX).version == 1
    for expected, value in [(2, 1.0), (2, 1.0), (3, 2.0), (3, 2.0)]:
        store.write(MIX, answer(0, 4, gas=value), fetched_at=START)
        assert store.state(MIX).version == expected


def test_several_batches_make_one_write(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("energydash.store.readings.BATCH_ROWS", 7)
    data = answer(0, 20, gas=list(range(20)), wind=1.0)
    assert store.write(MIX, data, fetched_at=START).changed == 40
    assert store.write(MIX, data, fetched_at=START) == Written(40, 0, 0)
    same(store.read(MIX, span(0, 20)), data.frame)


def test_a_large_frame_survives(store: Store) -> None:
    values = np.random.default_rng(4).normal(size=150_000)
    data = answer(0, 150_000, gas=list(values), wind=list(-values))
    assert store.write(MIX, data, fetched_at=START).changed == 300_000
    same(store.read(MIX, data.covered), data.frame)


def test_coverage_counts_rows_and_says_what_is_final(store: Store) -> None:
    store.write(MIX, answer(0, 4, gas=1.0), fetched_at=START, final_before=at(3))
    assert store.coverage(MIX, span(0, 10)) == [
        Covered(span(0, 3), START, 3, True),
        Covered(span(3, 4), START, 1, False),
    ]
    store.write(MIX, answer(3, 3, gas=1.0), fetched_at=LATER, final_before=at(5))
    assert store.coverage(MIX, span(0, 10)) == [
        Covered(span(0, 5), START, 5, True),
        Covered(span(5, 6), LATER, 1, False),
    ]


def test_a_newer_window_cuts_an_older_one(store: Store) -> None:
    store.write(MIX, answer(0, 10, gas=1.0), fetched_at=START)
    store.write(MIX, Fetched(empty_frame(), span(4, 6)), fetched_at=LATER)
    assert store.coverage(MIX, span(0, 10)) == [
        Covered(span(0, 4), START, 4, False),
        Covered(span(4, 6), LATER, 0, False),
        Covered(span(6, 10), START, 4, False),
    ]
    assert store.coverage(MIX, span(4, 6)) == [Covered(span(4, 6), LATER, 0, False)]


def test_forecasts_keep_every_vintage(store: Store) -> None:
    early, late = frame(0, 4, forecast=1.0), frame(2, 4, forecast=2.0)
    fetched = Fetched(empty_frame(), span(0, 6), forecasts=((at(0), early), (at(2), late)))
    assert store.write(MIX, fetched, fetched_at=START) == Written(8, 8, 0)
    assert store.write(MIX, fetched, fetched_at=START) == Written(8, 0, 0)
    assert store.state(MIX).version == 1
    issued, data = store.read_forecast(MIX, span(0, 6))
    assert issued == at(2)
    same(data, late)
    issued, data = store.read_forecast(MIX, span(0, 6), issued_before=at(1))
    assert issued == at(0)
    same(data, early)
    issued, data = store.read_forecast(MIX, span(0, 2))
    assert issued == at(0), "the newest vintage says nothing about these hours"
    same(data, early.iloc[:2])
    assert store.read_forecast(MIX, span(0, 6), issued_before=at(-1))[0] is None
    assert store.read(MIX, span(0, 6)).empty, "a forecast is not a reading"


def rates_of(*rows: tuple[object, ...]) -> pd.DataFrame:
    names = ["kind", "payment_method", "valid_from", "valid_to", "exc_vat", "inc_vat"]
    return pd.DataFrame(rows, columns=names)


def test_rates_are_exact_text_and_end_when_a_later_answer_says_so(store: Store) -> None:
    tariff = home_feed("", "E-1R-AGILE-24-10-01-C")
    first = rates_of(
        ("unit-rate", "DIRECT_DEBIT", at(0), pd.NaT, "19.10", "20.055"),
        ("standing-charge", None, at(0), pd.NaT, Decimal("1E+1"), None),
    )
    fetched = Fetched(empty_frame(), span(0, 4), rates=first)
    assert store.write(tariff, fetched, fetched_at=START) == Written(2, 2, 0)
    assert store.write(tariff, fetched, fetched_at=START).changed == 0
    second = rates_of(
        ("unit-rate", "DIRECT_DEBIT", at(0), at(4), "19.10", "20.055"),
        ("unit-rate", "DIRECT_DEBIT", at(4), pd.NaT, "30.00000000000000000001", "31.5"),
    )
    fetched = Fetched(empty_frame(), span(0, 8), rates=second)
    assert store.write(tariff, fetched, fetched_at=START).changed == 2
    assert store.state(tariff).version == 2

    out = store.rates(tariff.subject, span(0, 8))
    assert out["kind"].tolist() == ["standing-charge", "unit-rate", "unit-rate"]
    assert out["payment_method"].tolist() == ["", "DIRECT_DEBIT", "DIRECT_DEBIT"]
    assert out["exc_vat"].tolist() == ["10", "19.10", "30.00000000000000000001"]
    assert out["inc_vat"].tolist() == [None, "20.055", "31.5"]
    assert out["valid_to"].isna().tolist() == [True, False, True]
    assert out["valid_from"].tolist() == [at(0), at(0), at(4)]
    assert store.rates(tariff.subject, span(5, 6), "unit-rate")["inc_vat"].tolist() == ["31.5"]
    assert store.rates(tariff.subject, span(-4, 0)).empty
    empty = store.rates("another", span(0, 8))
    assert list(empty.columns) == list(out.columns)
    assert str(empty["valid_to"].dtype) == "datetime64[us, UTC]"


def test_a_problem_stays_until_the_next_write(store: Store) -> None:
    problem = Finding("Unavailable", "Elexon is down.", "Wait.", retry_at=at(3), since=at(1))
    store.set_problem(MIX, problem)
    assert store.state(MIX).problem == problem
    assert store.state(MIX).version == 0
    store.set_problem(MIX, Finding("Unavailable", "Elexon is still down."))
    assert store.state(MIX).problem == Finding("Unavailable", "Elexon is still down.")
    assert store.summary()["problem"].tolist() == ["Elexon is still down."]
    store.write(MIX, Fetched(empty_frame(), span(0, 1)), fetched_at=START)
    assert store.state(MIX).problem is None


def test_feeds_are_rebuilt_as_they_were(store: Store) -> None:
    home = home_feed("abc")
    for feed in (MIX, home):
        store.write(feed, answer(0, 1, energy=1.0), fetched_at=START)
    assert store.feeds() == [MIX, home]
    assert store.feeds(owner="abc") == [home]
    assert store.feeds(owner="", source="elexon") == [MIX]
    assert store.feeds(source="nobody") == []


def test_readings_in_another_unit_are_refused(store: Store) -> None:
    from dataclasses import replace

    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    with pytest.raises(StoreError, match="stored in MW and now comes in kW"):
        store.write(replace(MIX, unit="kW"), answer(0, 1, gas=1.0), fetched_at=START)
    assert store.feeds() == [MIX]


def test_wishes_are_one_a_feed_and_add_up(store: Store, fresh: Callable[[], Store]) -> None:
    home = home_feed("abc")
    store.want({MIX: None}, at(0))
    store.want({home: span(0, 4)}, at(1))
    second = fresh()
    second.want({home: span(2, 8)}, at(2))
    assert store.wanted(START) == [
        Wanted(home.key, at(2), span(0, 8)),
        Wanted(MIX.key, at(0), None),
    ]
    assert store.wanted(at(1)) == [Wanted(home.key, at(2), span(0, 8))]
    second.want({home: span(20, 21)}, at(9))
    assert store.wanted(at(9)) == [Wanted(home.key, at(9), span(20, 21))]
    second.close()


def test_a_wish_never_waits_for_a_long_write(store: Store, fresh: Callable[[], Store]) -> None:
    other = fresh()
    store.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    with other.database.transaction() as connection:
        connection.execute("UPDATE feeds SET zone = 'UTC'")
        connection.execute("DELETE FROM wanted")
        with suppress(StoreLocked):  # on PostgreSQL the two do not meet
            store.want({MIX: None}, at(0), wait_s=0.05)
    store.want({MIX: None}, at(1))
    assert [wish.key for wish in store.wanted(START)] == [MIX.key]
    other.close()


def test_the_states_of_many_feeds_come_together(store: Store) -> None:
    home = home_feed("abc")
    store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER)
    store.set_problem(home, Finding("Unavailable", "Elexon is down."))
    assert store.lease(home, "me", 60)
    unknown, known, troubled, again = store.states([home_feed("x"), MIX, home, MIX])
    assert unknown == FeedState()
    assert known == again == store.state(MIX)
    assert (known.unit, known.version, known.rows, known.newest) == ("MW", 1, 2, at(1))
    assert known.fetched_at == LATER and known.problem is None and known.holder == ""
    assert troubled.problem == Finding("Unavailable", "Elexon is down.")
    assert troubled.holder == "me" and troubled.id != known.id
    many = [home_feed(str(number)) for number in range(450)]
    assert store.states([*many, MIX])[-1] == known
    assert store.states([]) == []


def test_what_is_stored_of_a_feed_comes_together(store: Store) -> None:
    assert store.stored(MIX, span(0, 4)).state == FeedState()
    store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER)
    found = store.stored(MIX, span(1, 4))
    assert found.state == store.state(MIX)
    assert found.windows == store.coverage(MIX, span(1, 4)) and found.windows
    pd.testing.assert_frame_equal(found.data, store.read(MIX, span(1, 4)))


def test_the_pulse_moves_with_all_that_an_answer_may_read(store: Store) -> None:
    def moved(change: Callable[[], object]) -> bool:
        before = store.pulse().of(seen)
        change()
        return store.pulse().of(seen) != before

    owner = store.household()
    with reads.watched() as seen:
        store.read(MIX, span(0, 4))
        store.own("meter")
        store.rates("E-1R", span(0, 4))
    assert moved(lambda: store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER))
    assert moved(lambda: store.set_problem(MIX, Finding("Unavailable", "It is down.")))
    assert moved(lambda: store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER))
    assert not moved(lambda: store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER))
    assert moved(lambda: store.put(owner, "meter", "m", {}))
    assert not moved(lambda: store.put(owner, "tariff", "t", {}))
    assert moved(lambda: store.drop(owner, "meter", "m"))
    tariff = replace(MIX, source="octopus", subject="E-1R", quantity="unit-rate")
    assert moved(lambda: store.write(tariff, answer(0, 1, gas=1.0), fetched_at=LATER))
    assert moved(lambda: store.delete(MIX, span(0, 4)))
    assert moved(lambda: store.forget(owner))
    assert not moved(store.summary)


def test_what_an_answer_derives_itself_is_not_what_it_was_made_of(store: Store) -> None:
    with reads.watched() as seen:
        store.state(MIX)
        store.read(home_feed("x"), span(0, 4))
        store.write(MIX, answer(0, 2, gas=1.0), fetched_at=LATER)
        store.read(MIX, span(0, 4))
        store.get("x", "slots", "a")
        store.put("x", "slots", "a", {})
    assert list(seen.feeds) == [home_feed("x")] and not seen.kinds
    store.read(MIX, span(0, 4))
    assert list(seen.feeds) == [home_feed("x")], "nobody watches any more"


def test_deleting_takes_readings_and_their_coverage(store: Store) -> None:
    store.write(MIX, answer(0, 6, gas=1.0, wind=2.0), fetched_at=START)
    assert store.delete(MIX, span(4, 9)) == 4
    assert store.state(MIX).version == 2
    assert store.state(MIX).newest == at(3)
    assert store.coverage(MIX, span(0, 9)) == [Covered(span(0, 4), START, 8, False)]
    assert store.summary()["rows"].tolist() == [8]
    store.delete(MIX, span(0, 9))
    assert store.state(MIX).newest is None


def test_documents(store: Store, fresh: Callable[[], Store]) -> None:
    owner = store.household()
    assert len(owner) == 16
    other = fresh()
    assert other.household() == owner
    other.close()
    assert store.get(owner, "meter", "a") is None
    store.put(owner, "meter", "b", {"label": "Gas – “old”", "rate": None})
    store.put(owner, "meter", "a", {"n": [1, 2.5]})
    store.put(owner, "meter", "a", {"n": [3]})
    assert store.get(owner, "meter", "a") == {"n": [3]}
    assert list(store.documents(owner, "meter")) == ["a", "b"]
    assert store.documents(owner, "tariff") == {}
    store.drop(owner, "meter", "a")
    store.drop(owner, "meter", "a")
    assert store.documents(owner, "meter") == {"b": {"label": "Gas – “old”", "rate": None}}
    with pytest.raises(InputError, match="JSON"):
        store.put(owner, "meter", "c", {"x": float("nan")})


def test_forgetting_removes_all_of_an_owner_and_nothing_else(store: Store) -> None:
    owner = store.household()
    home = home_feed(owner)
    store.write(home, answer(0, 3, energy=1.0), fetched_at=START)
    store.write(MIX, answer(0, 3, gas=1.0), fetched_at=START)
    store.put(owner, "meter", "a", {})
    store.set_problem(home, Finding("Unavailable", "x"))
    store.want({home: None}, START)
    assert store.forget(owner) == 3 + 1 + 1 + 1 + 1 + 1 + 1
    assert store.feeds() == [MIX]
    assert store.read(home, span(0, 3)).empty
    assert store.documents(owner, "meter") == {}
    assert store.wanted(START) == []
    assert len(store.read(MIX, span(0, 3))) == 3
    assert store.household() != owner
    with pytest.raises(InputError):
        store.forget("")


def test_summary_has_a_row_a_feed(store: Store) -> None:
    store.write(MIX, answer(0, 3, gas=1.0), fetched_at=LATER)
    summary = store.summary()
    assert summary.to_dict("records") == [
        {
            "owner": "",
            "source": "elexon",
            "subject": "GB",
            "quantity": "mix",
            "unit": "MW",
            "rows": 3,
            "newest": pd.Timestamp(at(2)),
            "fetched_at": pd.Timestamp(LATER),
            "version": 1,
            "problem": "",
        }
    ]
    assert store.size_bytes() > 10_000


def test_a_store_is_opened_once_and_usable_after_close(settings: Settings) -> None:
    first = open_store(settings)
    first.write(MIX, answer(0, 1, gas=1.0), fetched_at=START)
    assert open_store(settings) is first
    first.close()
    assert first.state(MIX).version == 1


def test_an_error_rolls_everything_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the process dies here")

    store.write(MIX, answer(0, 2, gas=1.0), fetched_at=START)
    with monkeypatch.context() as patch:
        patch.setattr("energydash.store.coverage.replace_around", fail)
        with pytest.raises(RuntimeError):
            store.write(MIX, answer(0, 4, gas=2.0), fetched_at=LATER)
    same(store.read(MIX, span(0, 4)), frame(0, 2, gas=1.0))
    assert store.state(MIX).version == 1
    assert store.write(MIX, answer(0, 4, gas=2.0), fetched_at=LATER).changed == 4
