"""docs/cli.md says what `--help` says."""

from __future__ import annotations

from scripts import cli_reference


def test_the_reference_is_what_help_says() -> None:
    made = cli_reference.reference()
    assert "## energydash battery analyse" in made
    written = cli_reference.FILE.read_text(encoding="utf-8")
    assert written == made, "run python scripts/cli_reference.py"
