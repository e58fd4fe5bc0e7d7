"""What happens once per process, on the first visit."""

from __future__ import annotations

import gc
from datetime import timedelta

import streamlit as st

from energydash.sync import crawler
from energydash.views import cache, components
from energydash.views.live import live

LOOK_EVERY = timedelta(seconds=30)


@st.cache_resource(show_spinner=False, max_entries=50)
def start(home: str) -> None:
    """The crawler beside this process (a lock elects one per machine)."""
    del home
    crawler.ensure_running(cache.context())


def watch() -> None:
    """On top of every page: that the crawler is dead, where it is."""

    def draw() -> None:
        problem = cache.crawler_life(cache.context()).problem
        if problem:
            components.trouble(problem, key="crawler")

    live(draw, key="crawler", every=LOOK_EVERY)


@st.cache_resource(show_spinner=False, max_entries=50)
def settle(page: str) -> None:
    """Once per page and process: set what it loaded aside from garbage collection.

    Streamlit collects after every run; walking all of pandas and Plotly takes 44 ms each time.
    """
    del page
    gc.collect()
    gc.freeze()
