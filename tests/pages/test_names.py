"""Names and texts from elsewhere are text: on no page are they Markdown, a link or an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from energydash.answers import battery, grid
from energydash.core.feeds import Fetched
from energydash.core.findings import Finding
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period
from energydash.core.time import grid as steps
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.tariffs import Tariff
from energydash.sync.context import Context
from tests.battery.simulated import monitored, truth
from tests.pages.conftest import ROOT, OpenPage
from tests.pages.test_grid_pages import store_intensity, store_mix

HOSTILE = "![x](http://127.0.0.1/x.png) <b>b</b> $x^2$ :red[hi] *a* _b_ [l](http://e) `c` # h"
# Whatever of it Streamlit's Markdown, or Plotly's HTML, would take for more than letters.
IN_CHARTS = re.compile(r"(<|\\u003c)b(>|\\u003e)b")
ALIVE = re.compile(
    r"(?<!\\)(!\[x|\[l\]|:red\[|\$x|\*a\*|_b_|`c`|<b>b)|\[x\]\(|(?<!\\)\]\(http://[1e]"
)
# What Streamlit renders as plain text, by the name of its field: cells, picked values, addresses.
PLAIN = {
    "selectbox": {"options", "raw_value"},
    "multiselect": {"options", "raw_values"},
    "text_input": {"value", "default", "placeholder"},
    "text_area": {"value", "default", "placeholder"},
    "code": {"code_text"},
    "plotly_chart": {"config", "alt", "spec"},  # its HTML is looked for apart
    "dataframe": {"columns", "alt"},
}
NEVER = {"id", "form_id", "url", "element_id", "query_string", "user_key"}
QUERIES = {"battery": {"range": "Year", "at": "2026-01-02"}}
VIEWS = {
    "electricity_costs": ("Map", "Bill", "Trouble", "Meters"),
    "home_settings": ("Meters", "Tariffs", "Readings", "Files"),
}
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.fixture
def hostile(here: Context) -> Context:
    """A home, a battery and a grid in trouble, with all that can be named named so."""
    store_mix(here)
    store_intensity(here)
    store, owner, now = here.store, here.store.household(), here.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    period = Period.local_days(today.date() - 40 * DAY, today.date(), LONDON)
    index = steps(period, HALF_HOUR)
    rows = pd.DataFrame({"energy": np.full(len(index), 0.25)}, index=index).drop(index[900:930])
    meters = (
        Meter("in", label=HOSTILE),
        Meter("out", direction=Direction.EXPORT, label=f"out {HOSTILE}"),
        Meter("gas", energy=Energy.GAS, label=f"gas {HOSTILE}"),
    )
    trouble = Finding(HOSTILE, f"{HOSTILE}.", f"Mend {HOSTILE}.")
    for meter in meters:
        store.put(owner, "meter", meter.id, meter.to_body())
        feed = meter.feed(owner)
        store.write(feed, Fetched(rows, period), fetched_at=now)
        store.set_problem(feed, trouble)
    flat = Tariff("t", HOSTILE, default_rate=Decimal(20))
    for tariff in (
        flat,
        replace(
            flat, id="c", label=f"other {HOSTILE}", default_rate=Decimal(9), for_comparison=True
        ),
        replace(flat, id="o", label=f"out {HOSTILE}", direction=Direction.EXPORT),
        replace(flat, id="g", label=f"gas {HOSTILE}", energy=Energy.GAS),
    ):
        store.put(owner, "tariff", tariff.id, tariff.to_body())
    report = monitored(truth(2, seed=9), 1)
    frames = [
        pd.DataFrame({"time": time_us / 1e6, part: value})
        for part, (time_us, value) in report.arrays.items()
    ]
    text = pd.concat(frames).sort_values("time").to_csv(index=False).encode()
    for name in (HOSTILE, f"other {HOSTILE}"):
        battery.import_telemetry(here, [(f"{HOSTILE}.csv", text)], name)
    for quantity in ("mix", "intensity", "embedded"):
        store.set_problem(grid.feed_of(here, "GB", quantity), trouble)
    return here


def texts(message: Message, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a message, with the names of the fields that lead to it."""
    for field, value in message.ListFields():
        way = (*path, field.name)
        if field.name in NEVER or field.name in PLAIN.get(path[0] if path else "", ()):
            continue
        repeated = isinstance(value, str | bytes | Message | int | float) is False
        for one in value if repeated else [value]:
            if isinstance(one, Message):
                yield from texts(one, way)
            elif isinstance(one, str):
                yield way, one


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from nodes(child)


def shown(app: Any) -> list[tuple[str, str]]:
    """(element and field, text) of everything on a page, sidebar, toasts and dialogs too."""
    found = []
    for node in nodes(app._tree):
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            root = (getattr(node, "type", ""),)
            found += [(".".join(way), text) for way, text in texts(proto, root)]
            if root == ("plotly_chart",):
                found.append(("plotly_chart.spec", proto.spec))
    return found


def assert_only_letters(app: AppTest, where: str = "") -> None:
    """Nothing on the page is more than its letters; some of the page is there."""
    assert not app.exception
    said = shown(app)
    assert len(said) > 10
    alive = [
        f"{way}: {text[:300]}"
        for way, text in said
        if way != "plotly_chart.spec" and ALIVE.search(text)
    ]
    alive += [
        f"{way}: {text[:100]}… {found.group()}"
        for way, text in said
        if way == "plotly_chart.spec"
        for found in IN_CHARTS.finditer(text)
    ]
    assert not alive, "\n".join([where, *sorted(set(alive))])


def test_no_name_is_more_than_letters(open_page: OpenPage, hostile: Context) -> None:
    """On every page of one home: to fill it takes longer than to open a page."""
    for page in PAGES:
        app = open_page(page, **QUERIES.get(page, {"range": "30d"}))
        assert_only_letters(app, page)
        for view in VIEWS.get(page, ()):
            key = "settings_view" if page == "home_settings" else "view"
            app.segmented_control(key=key).set_value(view).run()
            assert_only_letters(app, f"{page}, {view}")


def test_no_question_or_word_of_success_is_more_than_letters(
    open_page: OpenPage, hostile: Context
) -> None:
    app = open_page("home_settings", settings_view="Meters")
    for key in ("delete_in", "confirm_yes"):
        app.button(key=key).click().run()
        assert_only_letters(app)
    app.segmented_control(key="settings_view").set_value("Files").run()
    text = f"time,energy\n2026-11-01T00:00Z,1\n{HOSTILE},2\n"
    app.file_uploader(key="f_readings").upload(f"{HOSTILE}.csv", text.encode(), "text/csv").run()
    assert_only_letters(app)
    app = open_page("battery", "fold_Import telemetry")
    good = "time,voltage_v,current_a\n2026-01-01T00:00:00Z,50,1\n2026-01-01T00:01:00Z,50,1\n"
    for told in (text, good):
        uploader = app.file_uploader(key="files_page")
        uploader.set_value((f"{HOSTILE}.csv", told.encode(), "text/csv")).run()
        assert_only_letters(app)
    app.button(key="import_page").click().run()
    assert app.success
    assert_only_letters(app)
