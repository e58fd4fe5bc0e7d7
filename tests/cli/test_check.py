"""`energydash check` really asks: who answers, who refuses the key, who is down."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from energydash.answers.sources import check
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


def test_when_the_crawler_last_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_questions", lambda _: ())
    assert crawler_row() == (0, "waiting", None, "")
    store, now = context.current().store, context.current().now()
    store.beat(now - timedelta(seconds=90))
    assert crawler_row() == (0, "at work", "2026-11-20T12:08:50Z", "")
    store.beat(now - timedelta(hours=3))
    said = "The crawler has given no sign of life since 20 Nov 2026 09:10 UTC."
    assert crawler_row() == (1, "trouble", "2026-11-20T09:10:20Z", said)


def crawler_row() -> tuple[int, str, str | None, str]:
    code, rows = run()
    row = rows["crawler", ""]
    return code, row["state"], row["newest"], row["trouble"]


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
