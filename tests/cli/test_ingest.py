"""`ingest` and `intensity` in pieces bring what they bring in one: real commands, real HTTP."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from energydash.cli import cli
from energydash.core import settings
from energydash.core.time import Period, parse_instant
from energydash.sources.octopus import graphql
from energydash.sync import context, documents
from tests.upstreams import _octopus_homes as homes
from tests.upstreams.octopus import HOST
from tests.upstreams.server import Upstreams

WHOLE = Period(parse_instant("2025-08-01T00:00:00Z"), parse_instant("2026-02-01T00:00:00Z"))
MONTHS = (  # two agreements, two clock changes, in no order
    ("2026-01-01", "2026-02-01"),
    ("2025-10-01", "2025-11-10"),
    ("2025-08-01", "2025-09-01"),
    ("2025-11-10", "2026-01-01"),
    ("2025-09-01", "2025-10-01"),
)


@pytest.fixture
def account(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", homes.KEY)
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", homes.ACCOUNT)
    settings.current.cache_clear()
    graphql.forget_tokens()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, [*arguments])
    assert not done.exit_code, done.output
    return done.stdout


def held(point: str) -> pd.Series:
    """The readings of a meter point that the store has."""
    store = context.current().store
    meter = next(one for one in documents.meters(store) if one.point == point)
    return store.read(meter.feed(store.household()), WHOLE)["energy"].dropna()


def prices(tariff: str) -> list[pd.Timestamp]:
    """When the stored prices of a tariff start."""
    return sorted(context.current().store.rates(tariff, WHOLE, "unit")["valid_from"].tolist())


@pytest.mark.usefixtures("account")
def test_octopus_in_pieces_is_octopus_whole(upstreams: Upstreams) -> None:
    tariffs = {code for _, agreed in homes.AGREEMENTS.items() for code, _, _ in agreed}
    for first, end in MONTHS:
        said = run("ingest", "octopus", "--from", first, "--to", end)
        assert " 0 rows" not in said.replace("standing-charge", ""), f"{first}: {said}"
    in_pieces = {point: held(point) for point in (homes.IMPORT_MPAN, homes.EXPORT_MPAN)}
    in_pieces_prices = {code: prices(code) for code in tariffs}
    assert len(in_pieces[homes.IMPORT_MPAN]) > 0.98 * 48 * (WHOLE.duration.days)
    asked = upstreams.counts[HOST]
    again = run("ingest", "octopus", "--from", "2025-08-01", "--to", "2026-02-01")
    assert " rows" in again
    assert upstreams.counts[HOST] == asked + 1, "only the account is asked for again"

    run("ingest", "octopus", "--from", "2025-08-01", "--to", "2026-02-01", "--force")
    for point, series in in_pieces.items():
        pd.testing.assert_series_equal(series, held(point))
    for code, starts in in_pieces_prices.items():
        assert starts == prices(code), code
    assert len(in_pieces_prices["E-1R-AGILE-24-10-01-J"]) > 48 * 90


@pytest.mark.usefixtures("upstreams")
def test_a_day_after_an_earlier_day_is_fetched_too() -> None:
    for first, end in (
        ("2025-10-01", "2025-10-02"),
        ("2025-10-02", "2025-10-03"),
        ("2025-09-29", "2025-09-30"),
    ):
        said = run("intensity", "GB", "--from", first, "--to", end)
        assert said.count("\n") == 1 + 48, f"{first}: {said[:300]}"
