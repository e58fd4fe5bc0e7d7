"""Each question has one answer: REST and the command line give the same JSON and the same CSV,
and it is what the REST description says."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from energydash.api import ROUTES
from energydash.sync import context
from tests.faces.questions import QUESTIONS, Question
from tests.faces.serving import Client, create, running, said

NOW = datetime(2026, 4, 1, 12, 10, tzinfo=UTC)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> Iterator[Client]:
    """Both faces at one instant: seconds pass between two questions."""
    here = replace(context.current(), now=lambda: NOW)
    with monkeypatch.context() as patch, running(create()) as made:
        patch.setattr(context, "current", lambda: here)
        yield made


def rest(client: Client, question: Question, form: str) -> Any:
    sample = "" if question.name in ("regions", "factors") else "&sample=true"
    answer = client.get(f"{question.path}&format={form}{sample}")
    assert answer.status_code == 200, answer.text
    return answer


def command(question: Question, form: str) -> str:
    sample = () if question.name in ("regions", "factors", "health") else ("--sample",)
    return said(*question.command, "--format", form, *sample)


def route_of(question: Question) -> str:
    parts = question.name.split("/")
    for path in ROUTES:
        wanted = path.strip("/").split("/")
        if len(wanted) == len(parts) and all(
            w == p or w.startswith("{") for w, p in zip(wanted, parts, strict=True)
        ):
            return path
    raise AssertionError(f"no route for {question.name}")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: " ".join(q.command[:3]))
def test_rest_and_the_command_line_say_the_same(client: Client, question: Question) -> None:
    body = rest(client, question, "json").json()
    assert json.loads(command(question, "json")) == body
    TypeAdapter(ROUTES[route_of(question)][1]).validate_python(body)
    text = rest(client, question, "csv").text
    assert command(question, "csv") == text
    rows = body if isinstance(body, list) else body[question.rows]
    if rows:
        table = pd.read_csv(io.StringIO(text))
        assert len(table) == len(rows)
        assert list(table.columns) == list(rows[0])


def test_every_route_is_asked() -> None:
    assert {route_of(question) for question in QUESTIONS} == set(ROUTES)


def test_a_number_in_csv_is_the_number_in_json(client: Client) -> None:
    for question in QUESTIONS:
        if question.name != "mix/GB":
            continue
        rows = rest(client, question, "json").json()["rows"]
        table = pd.read_csv(
            io.StringIO(rest(client, question, "csv").text), float_precision="round_trip"
        )
        assert table["gas_mw"].tolist() == [row["gas_mw"] for row in rows]
        assert table["time"].tolist() == [row["time"] for row in rows]
        assert rows[0]["local_time"] == "2026-03-28T00:00:00+00:00[Europe/London]"
        assert rows[-1]["local_time"].endswith("+01:00[Europe/London]")


def test_the_docs_page_loads_nothing_and_names_every_route_and_field(client: Client) -> None:
    page = client.get("/docs").text
    assert "<script" not in page and "http://" not in page and "https://" not in page
    for path in ROUTES:
        assert path in page
    for words in ("gas_mw", "standing_charge_gbp", "g_per_kwh", "kWh without a price"):
        assert words in page
