"""The error tree: one base, whole sentences, and problems made of errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from energydash.core import errors
from energydash.core.findings import Finding

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]
ENERGYDASH = [kind for kind in KINDS if issubclass(kind, errors.EnergydashError)]


@pytest.mark.parametrize("kind", ENERGYDASH)
def test_the_tree_in_the_docstring_is_the_tree(kind: type[errors.EnergydashError]) -> None:
    assert errors.__doc__
    assert kind.__name__ in errors.__doc__
    assert kind.__doc__
    assert "\n" not in kind.__doc__.strip()


def test_sentence_and_remedy() -> None:
    error = errors.RateLimited("Elexon", "Elexon waits.", remedy="Wait too.", retry_at=NOW)
    assert str(error) == "Elexon waits. Wait too."
    assert str(errors.InputError("No.")) == "No."
    problem = Finding.of(error, NOW)
    assert problem == Finding("RateLimited", "Elexon waits.", "Wait too.", since=NOW, retry_at=NOW)
