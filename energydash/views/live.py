"""Parts of a page that keep themselves up to date without redrawing the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from energydash.core.errors import EnergydashError
from energydash.views import components

EVERY = timedelta(seconds=10)
SOON = timedelta(seconds=2)


def live(
    draw: Callable[[], None],
    *,
    key: str,
    every: timedelta = EVERY,
    on: bool = True,
    awaits: Callable[[], bool] | None = None,
) -> None:
    """Draw now, and again every so often, alone.

    What it draws comes through `cached.ask`, which looks at the versions of the feeds in the
    store: nothing is worked out or fetched anew until one of them has moved.
    `on=False` draws once: a period that is over does not change, unless `awaits` says that it is
    still being fetched. That is looked at often; when it has come the page settles down.
    """
    is_awaited = awaits is not None and awaits()

    def part() -> None:
        try:
            if is_awaited and awaits is not None and not awaits():
                st.rerun()
            draw()
        except EnergydashError as error:  # a part runs alone: nobody above it would say this
            st.error(components.escape(str(error)), icon=":material/error:")

    beat = SOON if is_awaited else every if on else None
    st.fragment(part, run_every=beat, key=key)()
