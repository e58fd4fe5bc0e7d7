"""What a terminal obeys never reaches it, whatever things are called and whoever said what."""

from __future__ import annotations

import json
import logging
import re
from decimal import Decimal

import pytest

from energydash.cli import main
from energydash.cli.output import Log
from energydash.core.text import printable
from energydash.home.meters import Meter
from energydash.home.tariffs import Tariff
from energydash.sync import context

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x1b[2J\x9b31m\u202egnp.exe\r\x00\x7f"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def named() -> None:
    here = context.current()
    owner = here.store.household()
    here.store.put(owner, "meter", "m", Meter("m", label=HOSTILE).to_body())
    tariff = Tariff("t", HOSTILE, default_rate=Decimal(20))
    here.store.put(owner, "tariff", "t", tariff.to_body())


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize(
    "words",
    [
        ("meters",),
        ("price",),
        ("findings", "--from", "2026-11-01", "--to", "2026-11-03"),
        ("bill", "--from", "2026-11-01", "--to", "2026-11-03"),
        ("mix", HOSTILE),
        ("costs", "--from", HOSTILE, "--to", "2026-11-03"),
        ("costs", "--from", "2026-11-01", "--to", "2026-11-03", "--meter", HOSTILE),
    ],
)
def test_names_and_errors_are_printed_as_letters(
    named: None, form: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.argv", ["energydash", *words, "--format", form])
    try:
        main()
    except SystemExit as end:
        assert end.code == 2
    out, err = capsys.readouterr()
    assert out or err
    assert not OBEYED.search(out + err)
    if words == ("meters",):
        assert "owned" in out
        if form == "json":
            assert json.loads(out)[0]["name"] == HOSTILE


def test_the_log_is_letters_too() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "it said %s", (HOSTILE,), None)
    assert not OBEYED.search(Log().format(record))


def test_new_lines_tabs_and_letters_of_every_script_stay() -> None:
    text = "a\tb\nc £ ₂ ü 电 \N{ELECTRIC PLUG} e\u0301"
    assert printable(text) == text
