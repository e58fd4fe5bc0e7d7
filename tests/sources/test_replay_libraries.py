"""The libraries of the crawler cannot get round the replay either; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.upstreams.server import Upstreams

ROOT = Path(__file__).resolve().parents[2]
SEALED = """
import contextlib, socket, sys, warnings
from energydash.sources import replay
url, port = sys.argv[1], int(sys.argv[1].rsplit(":", 1)[1])
connect = socket.socket.connect
def connect_there_only(self, address):
    if address[:2] != ("127.0.0.1", port):
        print("escaped to", address, flush=True)
        raise OSError("sealed")
    connect(self, address)
socket.socket.connect = connect_there_only
replay.install(url)
warnings.simplefilter("ignore")
"""
GRIDSTATUS = """
import gridstatus
for iso, day in ((gridstatus.CAISO(), "latest"), (gridstatus.NYISO(), "today"),
                 (gridstatus.MISO(), "latest")):
    with contextlib.suppress(Exception):  # the stand-in has no answer; only the way matters
        iso.get_fuel_mix(day)
"""
PYISO = """
import sys, types
sys.modules.setdefault("imp", types.ModuleType("imp"))  # gone since Python 3.12
import pyiso.bpa
client = pyiso.bpa.BPAClient()
with contextlib.suppress(Exception):
    client.get_generation(latest=True)
"""


@pytest.mark.parametrize(
    ("library", "code", "hosts"),
    [
        ("gridstatus", GRIDSTATUS, {"caiso.com", "nyiso.com", "misoenergy.org"}),
        ("pyiso", PYISO, {"bpa.gov"}),
    ],
)
def test_every_request_arrives_at_the_stand_in(library: str, code: str, hosts: set[str]) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed; energydash runs without it")
    with Upstreams(routes={}) as running:
        done = subprocess.run(
            [sys.executable, "-c", SEALED + code, running.url],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        assert "escaped" not in done.stdout
        asked = {".".join(host.split(".")[-2:]) for host in running.counts}
    assert asked == hosts
