"""The battery commands: JSON by default, faults on standard error, exit 2 for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from energydash.cli import cli
from energydash.core import settings
from energydash.core.errors import InputError, SourceError
from energydash.sources import aretas
from energydash.sync import context
from tests.battery.simulated import monitored, truth
from tests.upstreams.aretas import MAC, PASSWORD, USERNAME
from tests.upstreams.server import Upstreams


@pytest.fixture
def telemetry(tmp_path: Path) -> Path:
    """Three days of a home battery as a CSV."""
    frames = [
        pd.DataFrame({"time": time_us / 1e6, part: value})
        for part, (time_us, value) in monitored(truth(3, seed=9), 1).arrays.items()
    ]
    path = tmp_path / "home.csv"
    pd.concat(frames).sort_values("time").to_csv(path, index=False)
    return path


def run(*arguments: str) -> Result:
    settings.current.cache_clear()
    context.current.cache_clear()
    return CliRunner().invoke(cli, ["battery", *arguments])


def test_a_file_and_the_same_telemetry_as_a_device(telemetry: Path) -> None:
    by_file = json.loads(run("analyse", str(telemetry)).stdout)
    assert by_file["totals"]["kwh_in"] == pytest.approx(truth(3, seed=9).flows()[2], rel=0.002)
    imported = CliRunner().invoke(cli, ["import", "telemetry", str(telemetry), "--device", "Shed"])
    assert "(new)" in imported.stdout
    by_device = json.loads(run("analyse", "--device", "Shed").stdout)
    assert by_device["totals"]["kwh_in"] == pytest.approx(by_file["totals"]["kwh_in"], rel=1e-3)
    assert set(by_device["cycles"][0]) == {
        "cycle", "ah_in", "ah_out", "kwh_in", "kwh_out", "coverage",
    }  # fmt: skip
    table = run("analyse", "--device", "Shed", "--format", "csv").stdout
    assert table.startswith("cycle,ah_in,ah_out,kwh_in,kwh_out,coverage")


def test_what_the_user_says_about_columns_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text("s,u,i,n\n0,4.1,2,1\n1800,3.0,2,1\n3600,2.5,2,1\n5400,2.9,0,1\n")
    said = run(
        "analyse", str(path), "--columns", "time=s,voltage=u,current=i,cycle=n",
        "--discharge-sign", "+", "--cutoff-v", "2.7", "--max-gap", "4000",
    )  # fmt: skip
    body = json.loads(said.stdout)
    assert body["cycles"][0]["ah_out"] == pytest.approx(2.0)
    assert body["capacity"]["ah"] == pytest.approx(2.0)
    assert body["capacity"]["method"] == "full-discharge"


def test_a_mistake_in_the_data_is_said_and_not_integrated(telemetry: Path) -> None:
    said = run("analyse", str(telemetry), "--discharge-sign", "+")
    assert json.loads(said.stdout)["totals"] is None
    assert "wrong sign" in said.stderr


def test_the_report(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert run("report", "--sample", "--out", str(out)).exit_code == 0
    assert "SAMPLE" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["analyse"], "FILE, or --device"),
        (["analyse", "nowhere.csv"], "cannot be read"),
        (["analyse", "--device", "none"], "no battery yet"),
        (["analyse", "x.csv", "--device", "y"], "not both"),
        (["report"], "no battery yet"),
    ],
)
def test_bad_input(arguments: list[str], why: str) -> None:
    said = run(*arguments)
    assert isinstance(said.exception, InputError)
    assert why in str(said.exception)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("PASSWORD", "wrong", "password"), ("MAC", "999", "lists no monitor 999")],
)
def test_ingest_with_a_wrong_password_or_mac_says_so(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    given = {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "MAC": str(MAC)} | {name: value}
    for key, text in given.items():
        monkeypatch.setenv(f"ENERGYDASH_ARETAS_{key}", text)
    settings.current.cache_clear()
    context.current.cache_clear()
    aretas.forget_logins()
    with pytest.raises(SourceError, match=word):
        CliRunner().invoke(cli, ["ingest", "aretas"], catch_exceptions=False)


def test_ingest_of_a_battery_whose_login_has_gone_bad_fails(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, text in {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "MAC": str(MAC)}.items():
        monkeypatch.setenv(f"ENERGYDASH_ARETAS_{key}", text)
    settings.current.cache_clear()
    context.current.cache_clear()
    aretas.forget_logins()
    assert CliRunner().invoke(cli, ["ingest", "aretas"]).exit_code == 0
    monkeypatch.setenv("ENERGYDASH_ARETAS_PASSWORD", "wrong")
    settings.current.cache_clear()
    context.current.cache_clear()
    aretas.forget_logins()
    again = CliRunner().invoke(cli, ["ingest", "aretas", "--force"])
    assert again.exit_code == 1
    assert "password" in again.output


def test_columns_are_shown_and_what_is_doubtful_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "rack.csv"
    rows = "".join(f"0{1 + n}/07/2026 00:00,52,{n},{-n},40\n" for n in range(4))
    path.write_text(f"when,voltage,Rack A current,Rack B current,maxChargeCurrent\n{rows}")
    given = ["import", "telemetry", str(path), "--columns", "time=when"]
    for more, why in (
        ([], "which is the battery's current"),
        (["--column", "current=Rack A current"], "day/month or month/day"),
    ):
        said = CliRunner().invoke(cli, given + more)
        assert isinstance(said.exception, InputError)
        assert why in str(said.exception)
    told = [*given, "--column", "current=Rack A current", "--column", "voltage=voltage"]
    done = CliRunner().invoke(cli, [*told, "--dates", "day-first", "--zone", "Europe/London"])
    assert done.exit_code == 0, done.output
    assert "'Rack A current' is current, A (first 0)" in done.stderr
    assert "not used: Rack B current, maxChargeCurrent" in done.stderr
    assert "2026-06-30T23:00" in done.stdout
    asked = CliRunner().invoke(cli, ["battery", "analyse", str(path), "--columns", "time=when"])
    assert isinstance(asked.exception, InputError)
