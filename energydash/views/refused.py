"""What stands above every page: a key that an upstream refuses, and what to do about it."""

from __future__ import annotations

import streamlit as st

from energydash.answers.sources import health
from energydash.views import cache, components, viewer
from energydash.views.live import live


def banner() -> None:
    """Each refused key once, until it works; cards under it do not say it again."""
    if not viewer.may_see_personal():
        return
    settings = cache.context().settings
    has_keys = any(settings.named(name) for name in ("octopus", "aretas"))
    live(_draw, key="refused", on=has_keys)


def _draw() -> None:
    for one in cache.answer(health.refused):
        st.warning(components.escape(str(one)), icon=":material/key_off:")


def is_said(sentence: str) -> bool:
    """Whether the banner says this already."""
    return any(sentence.startswith(one.sentence) for one in cache.answer(health.refused))
