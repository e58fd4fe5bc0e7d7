"""GB Carbon Intensity: the nation's intensity and mix, and a region's forecast."""

from __future__ import annotations

from datetime import timedelta

from energydash.sources.grid import carbon_intensity
from tests.sources.contract import ContractCase
from tests.upstreams.carbon_intensity import HOST

CASES = [
    ContractCase(
        name="carbon-intensity",
        feed=lambda _: carbon_intensity.intensity_feed("GB"),
        host=HOST,
        lag=timedelta(hours=3),
        needed='"from"',
        values=("actual", "forecast"),
        not_applicable={"unknown fuel": "intensity has no fuels"},
    ),
    ContractCase(
        name="carbon-intensity-mix",
        feed=lambda _: carbon_intensity.mix_feed("GB"),
        host=HOST,
        lag=timedelta(hours=3),
        needed='"fuel"',
        values=("perc",),
        fuel="gas",
    ),
    ContractCase(
        name="carbon-intensity-region",
        feed=lambda _: carbon_intensity.intensity_feed("GB-13"),
        host=HOST,
        needed='"intensity"',
        values=("forecast",),
        not_applicable={"unknown fuel": "intensity has no fuels"},
    ),
]
