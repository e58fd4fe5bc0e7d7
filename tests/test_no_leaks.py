"""Keys planted in every source show nowhere: not in logs, errors, store, cache or pages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from energydash.cli import cli
from energydash.core import settings
from energydash.core.access import Viewer
from energydash.sources import aretas
from energydash.sync import context, crawler
from energydash.views import viewer
from tests.upstreams import aretas as monitor
from tests.upstreams import octopus as supplier
from tests.upstreams.server import Upstreams

ROOT = Path(__file__).resolve().parents[1]
PLANTED = {
    "ENERGYDASH_OCTOPUS_API_KEY": supplier.KEY,
    "ENERGYDASH_OCTOPUS_ACCOUNT_NUMBER": supplier.ACCOUNT,
    "ENERGYDASH_ARETAS_USERNAME": monitor.USERNAME,
    "ENERGYDASH_ARETAS_PASSWORD": monitor.PASSWORD,
    "ENERGYDASH_ARETAS_MAC": str(monitor.MAC),
}
# What nobody may read; the MAC and the account are known to the owner's own documents.
SECRETS = (supplier.KEY, monitor.PASSWORD, monitor.USERNAME, supplier.TOKEN)
FAULTS = ("refused", "401", "403", "429", "500", "html", "truncated", "empty")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, upstreams: Upstreams) -> Iterator[Upstreams]:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(crawler, "ensure_running", lambda _: None)
    monkeypatch.setattr(viewer, "viewer", lambda: Viewer(is_loopback=True))
    settings.current.cache_clear()
    context.current.cache_clear()
    st.cache_resource.clear()
    yield upstreams
    st.cache_resource.clear()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    return f"{done.stdout}\n{done.stderr}\n{done.exception!r}"


def page(name: str) -> str:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page(f"pages/{name}.py")
    app.run()
    assert not app.exception
    return repr(app.main)


def test_planted_keys_show_nowhere(
    planted: Upstreams, private_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = run("ingest", "octopus", "--from", f"{planted.world.now().date()}")
    assert "consumption" in told
    told += run("check") + run("ingest", "aretas")
    for kind in FAULTS:
        planted.fault("*", kind)
        aretas.forget_logins()
        told += run("check") + run("ingest", "octopus") + run("ingest", "aretas")
    assert "refused the key" in told
    told += "".join(page(name) for name in ("data_sources", "home_settings", "battery"))
    told += repr(context.current()) + caplog.text
    files = {path: path.read_bytes() for path in private_home.rglob("*") if path.is_file()}
    assert any(path.name.startswith("energydash.db") for path in files)
    for secret in SECRETS:
        assert secret not in told, secret
        for path, content in files.items():
            assert secret.encode() not in content, (secret, path)
