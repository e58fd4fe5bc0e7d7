"""Everything that Streamlit draws, and the one bridge to the answers.

Streamlit treats a folder named `pages` as a multipage app of its own until `st.navigation` has run
once in the process: a first visit straight to a page would run that page alone, without the look,
the navigation and the access rules of app.py. Whoever imports this first puts that right.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
