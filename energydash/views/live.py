"""Parts of a page that keep themselves up to date without redrawing the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

EVERY = timedelta(seconds=10)


def live(draw: Callable[[], None], *, key: str, every: timedelta = EVERY, on: bool = True) -> None:
    """Draw now, and again every so often, alone.

    What it draws comes through `cached.ask`, which looks at the versions of the feeds in the
    store: nothing is worked out or fetched anew until one of them has moved.
    `on=False` draws once: a period that is over does not change.
    """
    st.fragment(draw, run_every=every if on else None, key=key)()
