"""The five faces of nothing: each reason has its own sentence, and says of how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energydash.core.coverage import Coverage
from energydash.core.feeds import Feed, FeedData, empty_frame
from energydash.core.findings import Finding
from energydash.core.time import HALF_HOUR, LONDON, Period
from energydash.sync.context import Context
from energydash.views import absence, cache

NOW = datetime(2026, 7, 3, 12, 10, tzinfo=UTC)
GAP = Period(datetime(2026, 7, 1, 2, tzinfo=UTC), datetime(2026, 7, 1, 8, tzinfo=UTC))
DAY = Period(datetime(2026, 6, 30, 23, tzinfo=UTC), datetime(2026, 7, 1, 23, tzinfo=UTC))
FEED = Feed("octopus", "m1", "consumption", "kWh", HALF_HOUR, LONDON, HALF_HOUR)


@pytest.fixture(autouse=True)
def july(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(cache.context(), now=lambda: NOW)
    monkeypatch.setattr(cache, "context", lambda: here)


def of(**gaps: Any) -> FeedData:
    return FeedData(empty_frame("energy"), FEED, coverage=Coverage(36, 48, **gaps, step=HALF_HOUR))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("missing", "12 of 48 half-hours missing: Wed 03:00 to 09:00."),
        (
            "pending",
            "Octopus Energy has not published 12 of 48 half-hours yet: Wed 03:00 to 09:00.",
        ),
        ("fetching", "Only 75 % of this period has been fetched."),
        ("unpriced", "12 of 48 half-hours without a known price: Wed 03:00 to 09:00."),
        ("unconnected", "12 of 48 half-hours not connected: Wed 03:00 to 09:00."),
    ],
)
def test_each_reason_has_its_own_sentence(reason: str, sentence: str) -> None:
    assert absence.sentences(of(**{reason: (GAP,)})) == (sentence,)


def test_being_fetched_counts_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    crawled: Context = replace(cache.context(), crawled=True)
    monkeypatch.setattr(cache, "context", lambda: crawled)
    assert absence.sentences(of(fetching=(GAP,))) == ("Being fetched: 75 % so far.",)
    ten = Coverage(96, 480, fetching=(Period(DAY.start, DAY.start + timedelta(days=8)),),
                   step=HALF_HOUR)  # fmt: skip
    assert absence.sentences(of(), counted=ten) == ("Being fetched: 2 of 10 days so far.",)


def test_several_reasons_are_said_apart_and_many_gaps_are_not_all_named() -> None:
    gaps = tuple(
        Period(at, at + HALF_HOUR) for at in (GAP.start + n * timedelta(hours=2) for n in range(5))
    )
    later = Period(GAP.end + timedelta(hours=8), GAP.end + timedelta(hours=11))
    missing, pending = absence.sentences(of(missing=gaps, pending=(later,)))
    assert missing.startswith("5 of 42 half-hours missing: ") and "and 2 more gaps" in missing
    assert "has not published 6 of 48 half-hours yet" in pending


def test_what_is_late_by_a_few_minutes_is_left_to_the_age() -> None:
    short = Period(GAP.start, GAP.start + 3 * HALF_HOUR)
    assert absence.sentences(of(pending=(short,))) == ()
    assert absence.sentences(of()) == ()


def test_a_period_without_any_figure_says_why() -> None:
    nothing = replace(of(missing=(GAP,)), newest=GAP.start)
    newest = "The newest of Octopus Energy is of Wed 03:00."
    assert absence.whole(nothing, DAY) == ("There are no figures of this period.", newest)
    waiting = replace(of(pending=(GAP,)), newest=GAP.start)
    assert absence.whole(waiting, DAY)[0] == "Octopus Energy has not published this period yet."
    in_trouble = replace(nothing, problem=Finding("Unavailable", "Octopus did not answer."))
    assert absence.whole(in_trouble, DAY)[1] == "The reason is given on this page."
    ahead = Period(NOW + timedelta(days=1), NOW + timedelta(days=2))
    assert absence.whole(nothing, ahead)[0] == "This period has not begun."
    short = replace(nothing, feed=replace(FEED, history=timedelta(hours=24)))
    assert absence.whole(short, DAY)[0] == "Octopus Energy publishes its last 24 h only."
