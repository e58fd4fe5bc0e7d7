"""Texts that others wrote, made harmless."""

from __future__ import annotations

import re

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text without anything that a terminal obeys, but for tabs and new lines."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
