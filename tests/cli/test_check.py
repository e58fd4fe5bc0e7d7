"""`energydash check` really asks: who answers, who refuses the key, who is down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from energydash.cli import cli
from energydash.core import settings
from energydash.sync import context
from tests.upstreams.server import Upstreams


def run() -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    settings.current.cache_clear()
    context.current.cache_clear()
    done = CliRunner().invoke(cli, ["check", "--format", "json"])
    assert f"secrets.toml are in {settings.current().home}\n" in done.stderr
    return done.exit_code, {(row["source"], row["of"]): row for row in json.loads(done.stdout)}


def test_everybody_answers(upstreams: Upstreams) -> None:
    code, rows = run()
    assert code == 0
    assert rows["octopus", ""]["state"] == "not configured"
    assert "api_key" in rows["octopus", ""]["remedy"]
    for key in (("elexon", "GB"), ("caiso", "CAISO"), ("ercot", "ERCOT")):
        assert rows[key]["state"] == "answers", rows[key]
        assert rows[key]["newest"] is not None


def test_a_bad_key_and_an_upstream_that_is_down(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_API_KEY", "sk_live_of_somebody_else")
    monkeypatch.setenv("ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER", "A-0000AAAA")
    upstreams.fault("data.elexon.co.uk", "html")
    code, rows = run()
    assert code == 1
    assert rows["elexon", "GB"]["state"] == rows["octopus", ""]["state"] == "trouble"
    assert "Elexon" in rows["elexon", "GB"]["trouble"]
    assert rows["octopus", ""]["remedy"]
    assert "somebody_else" not in json.dumps(list(rows.values()))
    assert rows["neso", "GB"]["state"] == "answers"
