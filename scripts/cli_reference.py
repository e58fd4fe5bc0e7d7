"""Make docs/cli.md from `--help`: every command, every option. A test keeps the two equal.

python scripts/cli_reference.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import click  # noqa: E402

from energydash.cli import cli  # noqa: E402

FILE = ROOT / "docs" / "cli.md"
HEAD = """# The command line

Made from `energydash --help` by `scripts/cli_reference.py`; do not edit. Standard output carries
only the result, everything else goes to standard error. Exit code 2: bad input; 1: an upstream or
the store is in trouble.
"""


def sections(command: click.Command, name: str, above: click.Context | None) -> Iterator[str]:
    """The help of a command and of all below it, as Markdown."""
    here = click.Context(command, info_name=name, parent=above, terminal_width=88)
    yield f"## {here.command_path}\n\n```\n{command.get_help(here)}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(here):
            found = command.get_command(here, below)
            if found is not None:
                yield from sections(found, below, here)


def reference() -> str:
    """The whole file."""
    return "\n".join([HEAD, *sections(cli, "energydash", None)])


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
