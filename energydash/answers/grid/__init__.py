"""Every question about the grid, in one place for the faces: mix, intensity, best times."""

from __future__ import annotations

from energydash.answers.grid.feeds import bring, feed_of, feeds_behind
from energydash.answers.grid.intensity import (
    ForecastAnswer,
    IntensityAnswer,
    IntensityNow,
    WindowAnswer,
    greenest_window,
    in_words,
    intensity,
    intensity_forecast,
    intensity_now,
    region_of_postcode,
)
from energydash.answers.grid.mix import (
    MixAnswer,
    MixNow,
    SeriesAnswer,
    interconnectors,
    links,
    load,
    mix,
    mix_now,
    storage,
)
from energydash.flexibility.windows import Window
from energydash.grid.factors import factor_sets
from energydash.grid.intensity import BANDS
from energydash.grid.regions import find as region
from energydash.grid.regions import regions

__all__ = [
    "BANDS",
    "ForecastAnswer",
    "IntensityAnswer",
    "IntensityNow",
    "MixAnswer",
    "MixNow",
    "SeriesAnswer",
    "Window",
    "WindowAnswer",
    "bring",
    "factor_sets",
    "feed_of",
    "feeds_behind",
    "greenest_window",
    "in_words",
    "intensity",
    "intensity_forecast",
    "intensity_now",
    "interconnectors",
    "links",
    "load",
    "mix",
    "mix_now",
    "region",
    "region_of_postcode",
    "regions",
    "storage",
]
