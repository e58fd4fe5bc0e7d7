"""`read`, `intensity --mix`, `windows --signal` and the errors of the command line, as scripts see
them: standard output is the result alone, exit 2 is bad input, 1 an upstream or the store."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from energydash import cli
from energydash.answers import grid
from energydash.core.feeds import Fetched
from energydash.core.time import Period
from energydash.store.errors import StoreLocked
from energydash.sync import context, fetch

ROOT = Path(__file__).resolve().parents[2]


def run(
    arguments: Sequence[object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of one command."""
    monkeypatch.setattr(sys, "argv", ["energydash", *(str(part) for part in arguments)])
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def energydash(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run(arguments, capsys, monkeypatch)


def test_help_needs_neither_pandas_nor_streamlit() -> None:
    script = (
        "import sys; sys.argv = ['energydash', '--help']\n"
        "from energydash.cli import main\n"
        "main()\n"
        "heavy = {'pandas', 'streamlit', 'numpy', 'plotly', 'requests'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in cli.COMMANDS:
        assert name in done.stdout


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if name not in cli.GROUPS])
def test_every_command_has_help(name: str, energydash) -> None:
    code, out, _ = energydash(name, "--help")
    assert code == 0 and "Usage:" in out


@pytest.mark.parametrize(
    "name", [(group, name) for group, names in cli.GROUPS.items() for name in names]
)
def test_every_command_of_a_group_has_help(name: tuple[str, str], energydash) -> None:
    code, out, _ = energydash(*name, "--help")
    assert code == 0 and "Usage:" in out


EIA_PAGES = (
    "fuel-type-data_all_20230101_offset0.json",
    "fuel-type-data_all_20230101_offset5000.json",
)
EIA = {
    # The recordings' own figures for the UTC hour ending 2023-01-01T00 (so starting at 23).
    "CISO": (4, 8897, 2245, 87, 264, 954, 2178, 3395),
    "ERCO": (6368, 13975, 5126, None, 305, 431, 11, 14940),
    "BPAT": (None, 834, 1161, None, 168, 17, 6608, 999),
    "MISO": (26715, 21693, 11167, None, 1136, 1, 1106, 7638),
}


@pytest.mark.parametrize("region", EIA)
def test_read_joins_the_pages_of_an_eia_answer(region: str, recordings: Path, energydash) -> None:
    pages = [recordings / "eia" / name for name in EIA_PAGES]
    code, out, _ = energydash("read", "eia", *pages, "--region", region)
    assert code == 0
    rows = rows_of(out)
    assert rows[0]["time"] == "2022-12-31T23:00:00Z" and len(rows) == 25
    names = ["coal", "gas", "nuclear", "oil", "other", "solar", "hydro", "wind"]
    got = tuple(float(rows[0][f"{n}_mw"]) if rows[0].get(f"{n}_mw") else None for n in names)
    assert got == EIA[region]
    assert rows[12]["time"] == "2023-01-01T11:00:00Z", "the hour that is split across the pages"


def test_read_of_several_respondents_asks_which(recordings: Path, energydash) -> None:
    code, out, err = energydash("read", "eia", recordings / "eia" / EIA_PAGES[0])
    assert code == 2 and out == "" and "CISO" in err


def test_intensity_of_a_read_mix(recordings: Path, tmp_path: Path, energydash) -> None:
    day = recordings / "caiso" / "history_20230101_fuelsource.csv"
    _, out, _ = energydash("read", "caiso", day)
    assert len(rows_of(out)) == 288
    mix = tmp_path / "mix.csv"
    mix.write_text(out)
    code, out, _ = energydash("intensity", "--mix", mix)
    rows = rows_of(out)
    assert code == 0 and len(rows) == 288
    assert list(rows[0]) == ["time", "g_per_kwh", "basis", "scope", "factor_set"]
    assert rows[0]["basis"] == "average" and rows[0]["scope"] == "lifecycle"


def test_intensity_by_factors_of_ones_own(tmp_path: Path, energydash) -> None:
    mix = tmp_path / "mix.csv"
    mix.write_text("time,gas_mw,wind_mw\n2026-03-01T00:00:00Z,300,100\n2026-03-01T01:00:00Z,,\n")
    factors = tmp_path / "mine.toml"
    factors.write_text(
        'id = "mine"\ntitle = "Mine"\nversion = "1"\nscope = "direct"\n[factors]\n'
        'gas = { value = 400, source = "test" }\nwind = { value = 0, source = "test" }\n'
        'other = { value = 500, source = "test" }\n'
    )
    code, out, err = energydash("intensity", "--mix", mix, "--factors", factors)
    assert code == 0, err
    rows = rows_of(out)
    assert float(rows[0]["g_per_kwh"]) == 300.0 and rows[0]["factor_set"] == "mine"
    assert rows[1]["g_per_kwh"] == "", "no generation, no intensity"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hour,gas_mw\n1,2\n", "no column 'time'"),
        ("time,gas_mw\nyesterday,2\n", "line 2: 'yesterday' is not a time"),
        ("time,gas_mw\n2026-03-01T00:00Z,1\n2026-03-01T01:00Z,lots\n", "line 3, column gas_mw"),
        ("time,steam_mw\n2026-03-01T00:00Z,2\n", "no fuel: steam_mw"),
        ("", "is not a CSV"),
    ],
)
def test_a_bad_mix_file_is_refused_with_its_place(
    text: str, said: str, tmp_path: Path, energydash
) -> None:
    mix = tmp_path / "mix.csv"
    mix.write_text(text)
    code, out, err = energydash("intensity", "--mix", mix)
    assert code == 2 and out == "" and said in err and "Traceback" not in err


def test_windows_of_a_signal_file(tmp_path: Path, energydash) -> None:
    signal = tmp_path / "signal.csv"
    hours = "".join(f"2026-03-01T{hour:02}:00:00Z,{abs(hour - 9) * 10 - 5}\n" for hour in range(24))
    signal.write_text("time,g_per_kwh\n" + hours)
    code, out, _ = energydash("windows", "--hours", "3", "--signal", signal)
    found = json.loads(out)
    assert code == 0 and found["unit"] == "g_per_kwh"
    assert found["best"]["start"] == "2026-03-01T08:00:00Z"
    assert found["best"]["mean"] == pytest.approx((5 - 5 + 5) / 3)
    assert len(found["alternatives"]) == 3
    assert found["saving"] == pytest.approx(found["now"] - found["best"]["mean"])
    assert energydash("windows", "--hours", "25", "--signal", signal)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nonsense",), 2, "No such command"),
        (("mix", "ATLANTIS"), 2, "is not a region"),
        (("mix", "GB", "--from", "someday"), 2, "is not a time"),
        (("mix", "GB", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "before it starts"),
        (("read", "caiso", "absent.csv"), 2, "cannot be read"),
        (("read", "nobody", "README.md"), 2, "cannot be read"),
        (("intensity", "--mix", "absent.csv"), 2, "cannot be read"),
        (("intensity", "GB", "--factors", "none-such"), 2, "is not a set of emission factors"),
        (("restore", "absent.db", "--yes"), 2, "absent.db"),
    ],
)
def test_errors_are_one_sentence_and_an_exit_code(
    arguments: tuple[str, ...], code: int, said: str, energydash
) -> None:
    got, out, err = energydash(*arguments)
    assert got == code and out == "" and said in err and "Traceback" not in err


def test_sample_data_come_only_on_request(energydash) -> None:
    day = ("--from", "2026-03-29", "--to", "2026-03-30")
    _, out, _ = energydash("mix", "GB", "--sample", *day)
    assert len(rows_of(out)) == 23 * 12, "a local day of 23 hours, every five minutes"
    _, again, _ = energydash("mix", "GB", "--sample", *day)
    assert again == out
    _, out, _ = energydash("intensity", "GB", "--sample", "--format", "json", *day)
    assert len(json.loads(out)["rows"]) == 46


def test_backup_and_restore(tmp_path: Path, energydash) -> None:
    copy = tmp_path / "copy.db"
    code, out, _ = energydash("backup", copy)
    assert code == 0 and copy.stat().st_size > 0 and "bytes" in out
    code, _, err = energydash("restore", copy, "--yes")
    assert code == 0, err
    code, _, err = energydash("backup", tmp_path / "no" / "such" / "folder" / "copy.db")
    assert code in (1, 2) and "Traceback" not in err


def test_what_is_stored_is_printed_where_nothing_can_be_kept(
    energydash, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = context.current()
    feed = grid.feed_of(here, "GB", "mix")
    index = pd.date_range(here.now() - timedelta(hours=1), periods=6, freq="5min")
    frame = pd.DataFrame({"gas": 5.0}, index=index)
    period = Period(here.now() - timedelta(hours=1), here.now())
    here.store.write(feed, Fetched(frame, period), fetched_at=here.now())

    def locked(*_: object, **__: object) -> None:
        raise StoreLocked("It is locked.", remedy="Wait.")

    monkeypatch.setattr(fetch, "refresh", locked)
    code, out, err = energydash("mix", "GB")
    assert code == 0
    assert len(rows_of(out)) == 6
    assert "It is locked. Wait." in err
