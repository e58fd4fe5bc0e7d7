"""How many SQL statements pages cost: a feed is one look, a rerun costs next to nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from energydash.answers import grid, memo
from energydash.answers import home as answers
from energydash.core.feeds import Fetched
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period
from energydash.core.time import grid as steps
from energydash.home.meters import Direction, Meter
from energydash.home.tariffs import Tariff
from energydash.sync import wishes
from energydash.sync.context import Context
from tests.pages.conftest import OpenPage
from tests.pages.test_grid_pages import store_intensity, store_mix
from tests.store.statements import counted

MIX, COSTS = 10, 12
FIRST = {"overview": 160, "generation_mix": 35, "electricity_costs": 35}
AGAIN = 5  # the pulse, how far jobs have come, and what the page itself reads


@pytest.fixture
def filled(here: Context) -> Period:
    """A mix with its embedded part, an intensity, and ten days of two meters with tariffs."""
    store_mix(here)
    store_intensity(here)
    store, owner = here.store, here.store.household()
    today = here.now().replace(hour=0, minute=0, second=0, microsecond=0)
    period = Period.local_days(today.date() - 10 * DAY, today.date(), LONDON)
    index = steps(Period(today - 2 * DAY, here.now()), HALF_HOUR)
    embedded = grid.feed_of(here, "GB", "embedded")
    rows = pd.DataFrame({"solar": np.full(len(index), 500.0)}, index=index)
    store.write(embedded, Fetched(rows, Period(index[0], here.now())), fetched_at=here.now())
    for meter in (Meter("in"), Meter("out", direction=Direction.EXPORT)):
        store.put(owner, "meter", meter.id, meter.to_body())
        index = steps(period, HALF_HOUR)
        rows = pd.DataFrame({"energy": np.full(len(index), 0.25)}, index=index)
        store.write(meter.feed(owner), Fetched(rows, period), fetched_at=here.now())
    for tariff in (
        Tariff("t", "Flat", default_rate=Decimal(20)),
        Tariff("o", "Outgoing", direction=Direction.EXPORT, default_rate=Decimal(15)),
    ):
        store.put(owner, "tariff", tariff.id, tariff.to_body())
    return period


def test_an_answer_costs_few_statements(here: Context, filled: Period) -> None:
    day = Period(here.now() - DAY, here.now())
    with counted() as done:
        found = grid.mix(here, "GB", day)
    assert len(found.inputs) == 2 and not found.mix.empty
    assert len(done) <= MIX, done
    with counted() as done:
        costs = answers.costs(here, filled)
    assert costs.costs.totals["days"] == 10
    assert len(done) <= COSTS, done
    assert not [sql for sql in done if not sql.startswith("SELECT")], "a read reads"


@pytest.mark.parametrize("page", list(FIRST))
def test_a_page_costs_few_statements_and_a_rerun_next_to_none(
    open_page: OpenPage, filled: Period, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(memo, "FRESH", timedelta(days=1000))
    monkeypatch.setattr(memo, "PULSE_KEEPS_S", 1000.0)  # however slow the machine
    with counted() as done:
        app = open_page(page)
        wishes.settle()
    reads = [sql for sql in done if sql.startswith("SELECT")]
    assert len(reads) <= FIRST[page], len(reads)
    with counted() as done:
        app.run()
    assert not app.exception
    assert len(done) <= AGAIN, done
