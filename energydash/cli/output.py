"""How a document is printed: a table for people, CSV and JSON for scripts, the same as REST's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from energydash.core.text import printable

if TYPE_CHECKING:
    from energydash.serialise import Document

# What moves a terminal's cursor, colours it, renames its window, or turns a line round.
Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(default: str) -> Callable[[Command], Command]:
    """`--format`, with what this command prints when it is not given."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json"]),
        default=default,
        show_default=True,
        help="How to print the result.",
    )


def period_options(*, needed: bool = False, usual: str = "") -> Callable[[Command], Command]:
    """`--from` and `--to`: local days or instants, the second excluded."""

    def add(command: Command) -> Command:
        end = click.option(
            "--to", "end", required=needed, help="End, excluded: a local day or an ISO time."
        )
        first = click.option(
            "--from", "first", required=needed,
            help=f"Start: a local day or an ISO time.{f' {usual}' if usual else ''}",
        )  # fmt: skip
        return first(end(command))

    return add


def emit(document: Document, form: str) -> None:
    """Print a document on standard output, and its notes and trouble on standard error."""
    for one in document.inputs:
        if one.problem:
            tell(str(one.problem))
        if one.coverage.sentence:
            tell(f"{one.feed}: {one.coverage.sentence}")
    for note in document.notes:
        tell(note)
    if form == "json":
        import json

        say(json.dumps(document.to_json(), indent=2, ensure_ascii=False))
    elif form == "csv":
        say(document.to_csv(), nl=False)
    else:
        table = document.table
        say(table.to_string(index=False) if len(table) else "nothing")


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """A text as a line; what a terminal would obey is written as JSON writes it: `\\u001b`."""
    click.echo(printable(str(text)), err=err, nl=nl)


def tell(sentence: str) -> None:
    """Something beside the result, on standard error."""
    say(f"energydash: {sentence}", err=True)


class Log(logging.Formatter):
    """Lines of the log: what upstreams said stands in them."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
