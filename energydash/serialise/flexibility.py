"""Answers about when to use power, as documents."""

from __future__ import annotations

from energydash.answers.flexibility import BestHours
from energydash.serialise.document import Document
from energydash.serialise.grid import window_rows


def best_hours(found: BestHours) -> Document:
    """The best hours, three others, and what starting now would mean; in `unit`."""
    about = {
        "of": found.what,
        "unit": found.unit,
        "hours": found.hours,
        "deadline": found.deadline,
        "best": found.best,
        "now": found.now,
        "saving": found.saving,
        "saving_percent": found.saving_percent,
        "reason": found.reason or None,
        "issued": found.issued,
    }
    return Document(
        f"windows {found.what}", window_rows(found.alternatives), found.zone, None, about,
        found.inputs, (), "alternatives",
    )  # fmt: skip
