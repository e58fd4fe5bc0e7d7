"""How clean the power is: its intensity over time with the forecast, and the greenest hours."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go

from energydash.answers import grid
from energydash.charts import intensity
from energydash.core.time import Period
from energydash.grid.intensity import BANDS
from energydash.serialise import grid as documents
from energydash.views import absence, cache, components, formatting

BAND_EDGES = tuple(
    (band.name, band.lower, upper)
    for band, upper in zip(BANDS, [*(b.lower for b in BANDS[1:]), 10_000.0], strict=True)
)
NOT_MARGINAL = (
    "This is the *average* intensity of all power supplied. What one more kilowatt-hour causes "
    "(the *marginal* intensity) can be quite different; no free source publishes it for this grid."
)


def chart(
    region: str,
    period: Period,
    *,
    key: str,
    factors: str | None = None,
    best: Period | None = None,
    height: int = 380,
    zoom: str = "",
) -> grid.IntensityAnswer:
    """A card with intensity over a period and ahead, the greenest window shaded."""
    asked = cache.ask(grid.intensity, region, period, factors=factors)
    found = asked.result
    zone, name = found.region.zone, f"Carbon intensity, {found.region.name}"
    kind = "worked out from the mix" if found.computed else "as published"
    badge = f"{found.basis}, {found.scope}, {kind}"
    with components.card(
        name, *found.inputs, badge=badge, key=key, zone=zone, coverage=found.coverage
    ) as foot:
        if not found.values.notna().any():
            components.nothing(found.main, period, zone)
            return found
        now = _minute(cache.context().now())
        figure, note = cache.draw(asked, _lines, best, now, height, zoom)
        alt = f"Carbon intensity in {found.region.name}, mean {formatting.number(found.mean)} g/kWh"
        components.chart(
            figure,
            key=f"{key}_chart",
            title=name,
            alt=alt,
            period=period,
            inputs=found.inputs,
            zone=zone,
        )
        issued = f"forecast of {formatting.clock(found.issued, zone, now)}" if found.issued else ""
        foot.say(issued, f"factors {found.factor_set}", note, *found.notes)
        foot.csv(cache.draw(asked, documents.intensity))
    return found


def _lines(
    found: grid.IntensityAnswer, best: Period | None, now: datetime, height: int, zoom: str
) -> tuple[go.Figure, str]:
    return intensity.intensity(
        found.data, found.region.zone, now=now, bands=BAND_EDGES, best=best, height=height,
        keep_zoom=zoom,
    )  # fmt: skip


def is_awaited(region: str, period: Period, factors: str | None = None) -> bool:
    """Whether the intensity of a period is being fetched: look again soon."""
    return absence.on_its_way(cache.answer(grid.intensity, region, period, factors=factors).main)


def _minute(now: datetime) -> datetime:
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)


def forecast_error(found: grid.IntensityAnswer) -> None:
    """How far the forecast was from what came, where both are known."""
    error = found.error
    if len(error) < 2:
        return
    size, lean = float(error.abs().mean()), float(error.mean())
    side = "high" if lean > 0 else "low"
    components.said(
        f"The forecast was {size:.0f} g/kWh off on average over {len(error):,} half-hours, "
        f"{abs(lean):.0f} g/kWh too {side} overall."
    )


def window_figures(found: grid.WindowAnswer, now: datetime) -> None:
    """The intensity now, in the greenest hours, and what waiting for them saves."""
    best, zone = found.best, found.region.zone
    if best is None:
        return
    newest = cache.answer(grid.intensity_now, found.region.id)
    start = "now" if best.start <= now else formatting.clock(best.start, zone, now)
    components.metrics(
        [
            components.Metric("Now, g/kWh", formatting.number(newest.g_per_kwh), newest.band),
            components.Metric("Start", start),
            components.Metric("Then, g/kWh", formatting.number(best.mean)),
            components.Metric(
                "Started now, g/kWh", formatting.number(found.at_once_g_per_kwh),
                help="The mean over as many hours from now on.",
            ),
            components.Metric("Saved, g/kWh", formatting.number(found.saving_g_per_kwh)),
            components.Metric("Saved, %", formatting.number(found.saving_percent)),
        ],
        key="window",
        width=160,
    )  # fmt: skip
    others = [formatting.span(w.start, w.end, zone, now) for w in found.alternatives]
    until = found.forecast.known_until
    components.said(
        "Next best: " + "; ".join(others) if others else "",
        f"The forecast reaches to {formatting.clock(until, zone, now)}" if until else "",
        found.forecast.coverage.sentence,
    )
