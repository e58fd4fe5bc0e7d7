"""The Streamlit script: page config, navigation, start-up. `streamlit run app.py` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from energydash import views
from energydash.core.errors import EnergydashError
from energydash.views import cache, components, refused, startup, viewer

HERE = Path(__file__).parent
STATIC = Path(views.__file__).parent / "static"


@dataclass(frozen=True)
class PageInfo:
    """One page: where it stands, what it is called, and whether it shows personal data."""

    section: str
    file: str
    title: str
    icon: str
    personal: bool = False


PAGES = (
    PageInfo("Now", "overview", "Overview", "dashboard"),
    PageInfo("Grid", "generation_mix", "Generation mix", "stacked_line_chart"),
    PageInfo("Grid", "carbon_intensity", "Carbon intensity", "eco"),
    PageInfo("Home", "electricity_costs", "Electricity costs", "receipt_long", personal=True),
    PageInfo("Home", "tariff_comparison", "Tariff comparison", "balance", personal=True),
    PageInfo("Home", "home_settings", "Meters and tariffs", "tune", personal=True),
    PageInfo("Battery", "battery", "Battery", "battery_charging_full", personal=True),
    PageInfo("System", "data_sources", "Data sources", "database"),
)

# A local icon, set before st.navigation: otherwise every browser asks a third party for a font.
st.set_page_config("energydash", str(STATIC / "icon.png"), layout="wide")
st.html(STATIC / "look.css")
try:
    startup.start(str(cache.context().settings.home))
    personal = viewer.may_see_personal()
    sections: dict[str, list[st.Page]] = {}
    for info in PAGES:
        if personal or not info.personal:
            path = HERE / "pages" / f"{info.file}.py"
            page = st.Page(path, title=info.title, icon=f":material/{info.icon}:")
            sections.setdefault(info.section, []).append(page)
    chosen = st.navigation(sections, expanded=True)
    st.set_page_config(f"{chosen.title} · energydash")  # the name of the tab
    viewer.login_control()
    refused.banner()
    startup.watch()
    chosen.run()
    startup.settle(chosen.title)
except EnergydashError as error:  # the store or the settings cannot be read: nothing else works
    st.error(components.escape(str(error)), icon=":material/error:")
