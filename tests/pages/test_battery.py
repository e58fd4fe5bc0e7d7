"""The Battery page: complete on sample data, honest when empty, and with a battery of its own."""

from __future__ import annotations

import pandas as pd

from energydash.answers import battery
from energydash.sync.context import Context
from tests.battery.simulated import monitored, truth
from tests.pages.conftest import OpenPage, words


def test_sample_data_say_so_and_show_everything(open_page: OpenPage) -> None:
    app = open_page("battery")
    said = words(app)
    assert "SAMPLE" in said
    labels = [metric.label for metric in app.metric]
    assert labels == [
        "Charge, %", "Power, kW", "Charged, kWh", "Discharged, kWh", "Net", "Usable, kWh",
        "Health, %", "Coverage, %",
    ]  # fmt: skip
    assert all(metric.value != "–" for metric in app.metric)
    for title in (
        "Power and state of charge", "Voltage, current, temperature", "what it saved",
        "Capacity and efficiency per cycle", "Stress", "Ageing and what would help",
        "Data quality and export",
    ):  # fmt: skip
        assert title in said
    assert "Positive is charging" in said


def test_a_year_is_aggregated(open_page: OpenPage) -> None:
    app = open_page("battery", range="Year")
    said = words(app)
    assert "15\\-minute means" in said or "15-minute means" in said
    assert "Energy by month" in said


def test_an_imported_battery(open_page: OpenPage, here: Context) -> None:
    report = monitored(truth(3, seed=9), 1)
    frames = [
        pd.DataFrame({"time": time_us / 1e6, part: value})
        for part, (time_us, value) in report.arrays.items()
    ]
    text = pd.concat(frames).sort_values("time").to_csv(index=False).encode()
    (done,) = battery.import_telemetry(here, [("home.csv", text)], "Garage")
    assert done.created
    app = open_page("battery", range="Year", at="2026-01-02")
    said = words(app)
    assert "SAMPLE" not in said
    assert "Garage" in said
    shown = {metric.label: metric.value for metric in app.metric}
    assert "±" in shown["As the BMS counts it, kWh"]
    assert "Usable, kWh" not in shown
    assert shown["Health, %"] == "–"
    assert "Health is not known" in said


def test_columns_are_shown_and_asked_before_an_import(open_page: OpenPage, here: Context) -> None:
    app = open_page("battery", "fold_Import telemetry")
    rows = "".join(f"{1767225600 + 20 * n},52,{n},{-n},40\n" for n in range(4))
    text = f"time,voltage,Rack A current,Rack B current,maxChargeCurrent\n{rows}".encode()
    app.file_uploader(key="files_page").upload("rack.csv", text, "text/csv").run()
    assert "which is the battery's current" in "".join(one.value for one in app.warning)
    assert app.button(key="import_page").disabled
    app.checkbox(key="none_current_a_page").check().run()
    assert not app.warning
    app.checkbox(key="none_current_a_page").uncheck().run()
    plain = text.replace(b"Rack A current", b"current").replace(b"Rack B current", b"max current")
    app.file_uploader(key="files_page").set_value([("rack.csv", plain, "text/csv")]).run()
    assert not app.exception
    app.button(key="import_page").click().run()
    assert "Current" not in "".join(one.value for one in app.error)
    (device,) = [one for one in battery.devices(here) if one.id != "sample"]
    assert battery.history(here, device.id).duration.total_seconds() > 59
