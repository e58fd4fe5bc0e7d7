"""Charts: few points, honest gaps, local time, the same colours everywhere."""

from __future__ import annotations

import itertools
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from energydash import views
from energydash.charts import (
    bars,
    base,
    battery,
    colours,
    costs,
    heatmap,
    intensity,
    lines,
    mix,
    sparkline,
)
from energydash.core import settings
from energydash.core.time import LONDON, Period
from energydash.grid.fuels import FUELS
from energydash.grid.intensity import BANDS

START = pd.Timestamp("2026-06-01", tz="UTC")

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
}  # fmt: skip


def oklab(colour: str, sight: np.ndarray) -> np.ndarray:
    """A `#rrggbb` colour as somebody with that sight has it, in OKLab (Ottosson 2020)."""
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    ) @ np.clip(sight @ linear, 0, 1)  # fmt: skip
    return np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    ) @ np.cbrt(cones)  # fmt: skip


def frame(rows: int, minutes: int, *fuels: str) -> pd.DataFrame:
    index = pd.date_range(START, periods=rows, freq=f"{minutes}min", unit="us", name="time")
    wave = 2000 + 1500 * np.sin(np.arange(rows) / 20)
    return pd.DataFrame({fuel: wave + 100 * n for n, fuel in enumerate(fuels)}, index=index)


def test_fuel_colours_are_in_stack_order_and_cover_every_fuel() -> None:
    assert tuple(colours.FUELS) == FUELS


@pytest.mark.parametrize("sight", SIGHTS)
def test_fuel_colours_can_be_told_apart(sight: str) -> None:
    labs = {name: oklab(colour, SIGHTS[sight]) for name, colour in colours.FUELS.items()}
    closest = min(
        (float(np.linalg.norm(labs[a] - labs[b])), a, b) for a, b in itertools.combinations(labs, 2)
    )
    assert closest[0] > 0.07, closest


def test_every_band_has_a_colour() -> None:
    assert set(colours.BANDS) == {band.name for band in BANDS}


def test_stack_follows_stack_order_and_never_sends_too_many_points() -> None:
    year = frame(105_120, 5, "gas", "wind", "nuclear")
    figure, note = mix.stacked_mix(year, LONDON)
    assert [trace.name for trace in figure.data] == ["nuclear", "wind", "gas"]
    assert all(len(trace.y) <= base.MEAN_POINTS for trace in figure.data)
    assert "1-day means" in note
    assert len(figure.to_json()) < 60_000


def test_stack_means_keep_energy() -> None:
    week = frame(7 * 288, 5, "gas")
    figure, note = mix.stacked_mix(week, LONDON)
    assert "30-minute means" in note
    assert float(np.mean(figure.data[0].y)) == pytest.approx(float(week["gas"].mean()) / 1000)


def test_stack_stops_at_a_gap() -> None:
    holed = frame(96, 30, "gas", "wind").drop(frame(96, 30).index[40:50])
    figure, _ = mix.stacked_mix(holed, LONDON)
    assert [len(trace.y) for trace in figure.data if trace.name == "gas"] == [40, 46]
    assert len({trace.stackgroup for trace in figure.data}) == 2
    assert sum(bool(trace.showlegend) for trace in figure.data) == 2


def test_charging_and_exports_are_below_zero_and_named() -> None:
    both = frame(96, 30, "imports", "pumped_storage") - 2500
    figure, _ = mix.stacked_mix(both, LONDON)
    below = {t.name for t in figure.data if t.stackgroup.startswith("below")}
    assert below == {"exports", "pumped storage, pumping"}
    assert all(np.nanmax(t.y) <= 0 for t in figure.data if t.stackgroup.startswith("below"))


def test_percent_adds_up_to_a_hundred() -> None:
    figure, _ = mix.stacked_mix(frame(48, 30, "gas", "wind", "coal"), LONDON, unit="%")
    assert np.allclose(np.sum([trace.y for trace in figure.data], axis=0), 100, atol=1e-3)
    assert figure.layout.yaxis.title.text == "% of supply"


def test_times_are_local_and_naive() -> None:
    figure, note = mix.stacked_mix(frame(48, 30, "gas"), LONDON)
    assert figure.data[0].x0 == "2026-06-01T01:00:00.000"
    assert figure.data[0].dx == 1_800_000
    assert note == ""


def test_clock_change_is_drawn_at_one_offset_and_said() -> None:
    index = pd.date_range("2026-10-24T23:00Z", periods=50, freq="30min", unit="us")
    local = base.local_times(index, LONDON)
    assert (np.diff(local.values) == np.timedelta64(30, "m")).all()
    assert "BST" in local.note
    assert base.local_time(index[-1].to_pydatetime(), index, LONDON) == local.values[-1]


def test_irregular_times_are_sent_as_numbers() -> None:
    times = np.array(["2026-01-01T00:00", "2026-01-01T00:07", "2026-01-01T00:30"], "datetime64[us]")
    assert base.x_of(times)["x"].dtype == np.dtype("float64")


def test_thin_keeps_the_extremes() -> None:
    index = pd.date_range(START, periods=50_000, freq="20s", unit="us")
    values = pd.Series(np.sin(np.arange(50_000) / 300), index=index)
    values.iloc[31_234] = 9.0
    kept = base.thin(values)
    assert len(kept) <= base.MAX_POINTS
    assert kept.max() == 9.0
    assert kept.index.is_monotonic_increasing


def test_with_gaps_breaks_lines_without_a_step_too() -> None:
    index = pd.DatetimeIndex(
        ["2026-01-01T00:00Z", "2026-01-01T00:01Z", "2026-01-01T00:02Z", "2026-01-01T01:00:30Z"]
    )
    broken = base.with_gaps(pd.DataFrame({"v": [1.0, 2, 3, 4]}, index=index))
    assert broken["v"].isna().sum() == 1


def test_intensity_has_solid_dashed_now_and_window() -> None:
    index = pd.date_range(START, periods=96, freq="30min", unit="us", name="time")
    both = pd.DataFrame({"actual": 120.0, "forecast": 118.0}, index=index)
    both.loc[index[48] :, "actual"] = np.nan
    now = index[48].to_pydatetime()
    best = Period(now + timedelta(hours=3), now + timedelta(hours=6))
    figure, _ = intensity.intensity(
        both, LONDON, now=now, bands=[("low", 35, 110), ("moderate", 110, 190)], best=best
    )
    dashes = {trace.name: trace.line.dash for trace in figure.data}
    assert dashes == {"actual": "solid", "forecast": "dot"}
    words = {note.text for note in figure.layout.annotations}
    assert {"now", "greenest", "low", "moderate"} <= words


def test_intensity_without_rows_is_an_empty_chart() -> None:
    empty = pd.DataFrame(
        {"actual": []}, index=pd.DatetimeIndex([], dtype="datetime64[us, UTC]"), dtype="float64"
    )
    figure, note = intensity.intensity(empty, LONDON, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert len(figure.data) == 0
    assert note == ""


def test_lines_keep_each_channels_own_clock() -> None:
    index = pd.date_range(START, periods=120, freq="20s", unit="us", name="time")
    channels = pd.DataFrame({"voltage_v": 51.0, "current_a": np.nan}, index=index)
    channels.loc[index[::3], "current_a"] = 4.0
    figure, _ = lines.lines(channels, LONDON, unit="V")
    assert [len(trace.y) for trace in figure.data] == [120, 40]


def test_bars_refuse_utc_and_never_thin() -> None:
    table = pd.DataFrame({"cost_gbp": np.ones(400)}, index=[f"{n}" for n in range(400)])
    figure = bars.bars(table, unit="£", prefix="£")
    assert len(figure.data[0].y) == 400
    with pytest.raises(ValueError, match="local dates"):
        bars.bars(frame(3, 30, "gas"), unit="£")


def test_heatmap_leaves_gaps_blank() -> None:
    table = pd.DataFrame([[1.0, np.nan], [2.0, 3.0]], index=pd.date_range("2026-01-01", periods=2))
    figure = heatmap.day_slots(table.set_axis(["00:00", "00:30"], axis="columns"), unit="kWh")
    assert figure.data[0].hoverongaps is False
    assert np.isnan(figure.data[0].z[0][1])


def test_sparkline_is_short_and_skips_gaps() -> None:
    values = frame(1000, 5, "gas")["gas"]
    values.iloc[10:20] = np.nan
    assert 3 < len(sparkline.sparkline(values)) <= sparkline.POINTS + 1
    assert sparkline.sparkline(values.iloc[:2]) == []


def test_png_is_named_by_title_and_dates() -> None:
    period = Period(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    options = base.config("Generation, Great Britain", period)
    name = options["toImageButtonOptions"]["filename"]
    assert name == "generation__great_britain_2026-01-02_2026-01-03"
    assert options["modeBarButtons"] == [["toImage", "resetScale2d"]]


def test_figures_have_the_themes_paper_and_are_small() -> None:
    """A PNG of a dark page on nothing would be pale words on white."""
    figure = base.figure([go.Scatter(y=[1, 2])], unit="GW")
    assert figure.layout.paper_bgcolor is None and figure.layout.plot_bgcolor is None
    assert len(figure.to_json()) < 2500


def test_thinning_never_bridges_a_gap() -> None:
    index = pd.date_range("2026-01-01", periods=9000, freq="20s", tz="UTC", unit="us")
    frame = pd.DataFrame({"a": np.sin(np.arange(9000) / 300)}, index=index)
    frame = frame.drop(index[4000:5000])
    drawn = base.thin(base.with_gaps(frame)["a"], 500)
    assert len(drawn) <= 510
    gap = drawn[index[4000] : index[4999]]
    assert len(gap) >= 1
    assert gap.isna().all()


def test_a_settled_figure_is_made_plain_once() -> None:
    drawn = base.figure([go.Scatter(y=[1.0, 2.0])], unit="GW")
    figure, note = base.settled((drawn, "a note"))
    assert (figure.to_dict(), note) == (drawn.to_dict(), "a note")
    assert figure.to_dict() is figure.to_dict()
    assert base.settled("not a figure") == "not a figure"


def test_a_png_says_what_it_is_and_a_finger_zooms_nothing() -> None:
    frame = pd.DataFrame(
        {"gas": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, tz="UTC")
    )
    drawn, _ = mix.stacked_mix(frame, "Europe/London")
    shown = base.titled(drawn, "Generation · 1 Jan 2026 · Elexon").to_dict()
    assert shown["layout"]["title"]["text"] == "Generation · 1 Jan 2026 · Elexon"
    assert shown["data"] == drawn.to_dict()["data"] and drawn.layout.title.text is None
    assert shown["layout"]["height"] == drawn.layout.height + base.TITLE_PX
    assert shown["layout"]["margin"]["t"] == drawn.layout.margin.t + base.TITLE_PX
    look = Path(views.__file__).with_name("static") / "look.css"
    assert f"margin-top: -{base.TITLE_PX}px; clip-path: inset({base.TITLE_PX}px" in look.read_text()
    phone = base.titled(drawn, "", is_phone=True).to_dict()["layout"]
    assert phone["dragmode"] is False and phone["xaxis"]["fixedrange"] is True
    assert shown["layout"]["dragmode"] == "zoom" and "fixedrange" not in shown["layout"]["xaxis"]


@pytest.mark.parametrize("fuel", list(colours.FUELS))
def test_words_on_a_fuel_can_be_read(fuel: str) -> None:
    assert colours.contrast(colours.ink_on(colours.FUELS[fuel]), colours.FUELS[fuel]) >= 4.5


def test_contrast_is_the_published_ratio() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_import_and_export_have_one_colour_in_all_charts() -> None:
    assert (costs.COLOURS["import"], costs.COLOURS["export"]) == (colours.IMPORT, colours.EXPORT)
    money = battery.MONEY
    assert {money["import avoided"], money["charging"]} == {colours.IMPORT}
    assert {money["export earned"], money["export forgone"]} == {colours.EXPORT}
    assert money["net"] == costs.COLOURS["net"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_and_words_stand_out_in_both_themes(theme: str) -> None:
    """WCAG 2.2: 3 to 1 for what is drawn, 4.5 to 1 for what is read."""
    config = tomllib.loads((settings.APP_FOLDER / ".streamlit/config.toml").read_text())["theme"]
    paper = config[theme]["backgroundColor"]
    assert paper in colours.PAPERS
    *marks, text = config[theme]["chartCategoricalColors"]
    assert f"#0000{len(marks) + 1}" == colours.TEXT  # the stand-in of the last
    shown = [*marks[: len(colours.CYCLE)], colours.RULE]
    shown += [colours.edge(colours.FUELS[fuel]) for fuel in colours.FUELS]
    assert {mark: colours.contrast(mark, paper) >= 3 for mark in shown} == dict.fromkeys(
        shown, True
    )
    behind = [paper, *(blend(shade, paper, intensity.BAND_OPACITY) for shade in
                       colours.BANDS.values())]  # fmt: skip
    words = [text, config[theme]["grayTextColor"], config[theme]["orangeTextColor"]]
    assert min(colours.contrast(word, under) for word in words for under in behind) >= 4.5
    small = blend(config[theme]["textColor"], paper, 0.75)  # captions, by look.css
    assert colours.contrast(small, paper) >= 4.5


def blend(colour: str, under: str, opacity: float) -> str:
    """What is seen of a see-through `#rrggbb` on another."""
    pairs = ((int(colour[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in pairs)


def test_a_price_below_zero_is_neither_a_gap_nor_a_low_one() -> None:
    table = pd.DataFrame([[-5.0, 0.0, np.nan, 15.0]], index=["2026-01-01"], columns=list("abcd"))
    heat = heatmap.day_slots(table, unit="p/kWh").data[0]
    assert (heat.zmin, heat.zmax, heat.hoverongaps) == (-5, 15, False)
    at = dict(heat.colorscale)
    assert at[0.0] == colours.SECOND and colours.SECOND not in colours.SEQUENTIAL
    assert at[0.25] == colours.SEQUENTIAL[2]  # zero, and no longer the paper's colour
    usual = heatmap.day_slots(table.clip(lower=2), unit="p/kWh").data[0]
    assert colours.SECOND not in dict(usual.colorscale).values()
    below = heatmap.day_slots(table.clip(upper=-1), unit="p/kWh").data[0]
    assert (below.zmin, below.zmax) == (-5, 0)


def test_a_bar_of_zero_is_seen_and_a_gap_is_not() -> None:
    drawn = costs.cost_bars(pd.DataFrame({"import": [0.0, np.nan]}, index=["a", "b"]), unit="£")
    assert drawn.data[0].marker.line.width == 1 and np.isnan(drawn.data[0].y[1])


def test_a_year_of_intensity_is_days_with_their_extremes() -> None:
    index = pd.date_range("2026-01-01", "2026-12-31", freq="30min", tz="UTC", name="time")
    values = 100.0 + 50.0 * np.sin(np.arange(len(index)) * 2 * np.pi / 48)
    figure, note = intensity.intensity(pd.DataFrame({"actual": values}, index=index), LONDON)
    most, least, mean = figure.data
    assert "means by day" in note
    assert (least.fill, most.showlegend) == ("tonexty", False)
    assert len(mean.y) < 370
    assert np.nanmax(most.y) == pytest.approx(150) and np.nanmin(least.y) == pytest.approx(50)
    assert np.nanmean(mean.y) == pytest.approx(100, abs=1)
    day, none = intensity.intensity(pd.DataFrame({"actual": values[:48]}, index=index[:48]), LONDON)
    assert len(day.data) == 1 and not none


def test_two_days_are_no_walls() -> None:
    index = pd.date_range("2026-01-01", periods=40)
    days = pd.DataFrame({"kwh_in": 5.0, "kwh_out": 4.0}, index=index)
    gaps = [battery.energy_bars(days[:count]).layout.bargap for count in (2, 7, 40)]
    assert gaps[0] > 0.85
    assert gaps[0] > gaps[1]
    assert (gaps[2] or 0.0) < 0.5
