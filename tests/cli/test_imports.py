"""`import readings` and `import tariffs`: what is typed is what is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from energydash.cli import cli
from energydash.sync import context, documents

ODD = "When was it,In (kWh),Out (kWh)\n2026-01-01T00:00Z,1,5\n2026-01-01T00:30Z,2,6\n"


@pytest.mark.usefixtures("private_home")
def test_columns_are_named_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    first = CliRunner().invoke(cli, ["import", "readings", str(path)])
    assert "--columns time=NAME" in str(first.exception)
    columns = "time=When was it,import=In (kWh),export=Out (kWh)"
    done = CliRunner().invoke(cli, ["import", "readings", str(path), "--columns", columns])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("2 half-hours") == 2
    assert len(documents.meters(context.current().store)) == 2


@pytest.mark.usefixtures("private_home")
def test_tariffs_of_one_name_are_said(tmp_path: Path) -> None:
    for year in (2025, 2026):
        text = f"[[tariff]]\nlabel = 'Fix'\ndefault_rate = 9\nvalid_from = {year}-04-01\n"
        (tmp_path / f"{year}.toml").write_text(text)
        done = CliRunner().invoke(cli, ["import", "tariffs", str(tmp_path / f"{year}.toml")])
        assert done.exit_code == 0, done.output
        assert "added: Fix" in done.stdout
    assert "'Fix' of before ends on 2026-04-01" in done.output
