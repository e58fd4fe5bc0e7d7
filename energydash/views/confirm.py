"""Making a change from a form: words for what went wrong, and asking twice before deleting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from energydash.core.errors import EnergydashError
from energydash.core.findings import Finding
from energydash.views import cache, components


def attempt(change: Callable[[], Any], done: str) -> bool:
    """Make a change; say that it was made, or in one sentence why it was not."""
    try:
        change()
    except EnergydashError as error:
        st.error(components.escape(str(error)), icon=":material/error:")
        return False
    cache.forget()
    st.toast(components.escape(done), icon=":material/check:")
    return True


@contextmanager
def progress(text: str) -> Iterator[Callable[[float, str], None]]:
    """A bar while something is fetched; afterwards nothing old is remembered."""
    bar = st.progress(0.0, components.escape(text))

    def tell(part: float, words: str) -> None:
        bar.progress(min(part, 1.0), components.escape(words))

    try:
        yield tell
    finally:
        bar.empty()
        cache.forget()


def problems(met: Iterable[Finding]) -> None:
    """Each trouble once, with what to do about it."""
    for sentence in dict.fromkeys(f"{one.sentence} {one.remedy}".strip() for one in met):
        st.warning(components.escape(sentence), icon=":material/warning:")


@st.dialog("Are you sure?")
def confirm(sentence: str, change: Callable[[], Any]) -> None:
    """Ask once more before something is deleted."""
    st.write(components.escape(sentence))
    if st.button("Delete", type="primary", key="confirm_yes") and attempt(change, "Deleted."):
        st.rerun()
