"""Carbon intensity of a region: now, over a period, ahead, and the greenest time to use power.

Everything here is *average* intensity. Where an upstream publishes it (Great Britain) it is taken
as published; elsewhere it is worked out from the mix with a set of emission factors. The two are
never mixed in one answer, and every answer says basis, scope, factor set and version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from energydash.answers.grid.feeds import counted, feeds_of, joined, read_days, why_sample
from energydash.answers.grid.mix import mix
from energydash.core.coverage import Coverage, cover
from energydash.core.errors import BadData, InputError, NotFound
from energydash.core.feeds import FeedData, FromFeeds, empty_frame
from energydash.core.time import HALF_HOUR, Period, zone_info
from energydash.flexibility.windows import Window, mean_over, windows
from energydash.grid.factors import factor_set
from energydash.grid.intensity import FactorSet, band_of, intensity_of
from energydash.grid.regions import Region, find, outward_code
from energydash.sources.cache import cached
from energydash.sources.grid import carbon_intensity
from energydash.sources.sample import grid as sample
from energydash.sync.context import Context

POSTCODE_MAX_AGE = timedelta(days=30)


@dataclass(frozen=True)
class IntensityAnswer(FromFeeds):
    """Average intensity over a period, g CO2e/kWh.

    data: columns `actual` (measured or worked out) and, where known, `forecast`; forecast rows
    may lie ahead of now. step: the length of a row. computed: from the mix, by `factor_set`.
    assumed: fuels in the mix without a factor of their own, which took that of `other`.
    coverage: up to now; what lies ahead is not asked for.
    """

    region: Region
    period: Period
    data: pd.DataFrame
    step: timedelta
    inputs: tuple[FeedData, ...]
    coverage: Coverage
    scope: str
    factor_set: str
    version: str
    basis: str = "average"
    computed: bool = False
    issued: datetime | None = None
    assumed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def values(self) -> pd.Series[float]:
        """The best known value of each row: actual where there is one, else forecast."""
        known = self.data.reindex(columns=["actual", "forecast"])
        return known["actual"].fillna(known["forecast"]).rename("g_per_kwh")

    @cached_property
    def error(self) -> pd.Series[float]:
        """Forecast less actual where both are known, g/kWh."""
        known = self.data.reindex(columns=["actual", "forecast"])
        return (known["forecast"] - known["actual"]).dropna().rename("error")

    @cached_property
    def mean(self) -> float:
        """The mean of all known values, g/kWh; NaN without any."""
        return float(self.values.mean())


@dataclass(frozen=True)
class IntensityNow:
    """The newest intensity. `at` is the start of its interval, None where nothing is known.

    is_forecast: not measured yet (or never, for the parts of Great Britain).
    """

    region: Region
    at: datetime | None
    g_per_kwh: float
    band: str
    is_forecast: bool
    answer: IntensityAnswer

    @property
    def is_sample(self) -> bool:
        return self.answer.is_sample


@dataclass(frozen=True)
class ForecastAnswer(FromFeeds):
    """What is expected from now on: column `forecast`, g/kWh; `issued` when it was said.

    coverage: from the current half-hour to the forecast's end. inputs: none where nobody
    forecasts. reason: why there is no forecast, where there is none.
    """

    region: Region
    data: pd.DataFrame
    issued: datetime | None
    step: timedelta
    inputs: tuple[FeedData, ...]
    coverage: Coverage
    reason: str = ""

    @property
    def known_until(self) -> datetime | None:
        """The end of the last step that is forecast."""
        return self.data.index[-1].to_pydatetime() + self.step if len(self.data) else None


@dataclass(frozen=True)
class WindowAnswer:
    """The greenest contiguous window, against starting now.

    best: it starts now, or on a half-hour; None where no window fits, and `reason` says why.
    alternatives: the next best that do not overlap it. at_once_g_per_kwh: the mean over as many
    hours from now on, NaN where the forecast has a gap there: not the intensity of this moment.
    deadline: the latest end that was looked at, never beyond what is forecast.
    saving: at once less best, g/kWh and per cent of at once; NaN without either.
    """

    region: Region
    hours: float
    deadline: datetime
    best: Window | None
    alternatives: tuple[Window, ...]
    at_once_g_per_kwh: float
    forecast: ForecastAnswer
    reason: str = ""

    @property
    def saving_g_per_kwh(self) -> float:
        return self.at_once_g_per_kwh - self.best.mean if self.best else float("nan")

    @property
    def saving_percent(self) -> float:
        if not self.at_once_g_per_kwh > 0:
            return float("nan")
        return 100 * self.saving_g_per_kwh / self.at_once_g_per_kwh

    @property
    def is_sample(self) -> bool:
        return self.forecast.is_sample


def intensity(
    context: Context, region: str, period: Period, *, factors: str | FactorSet | None = None
) -> IntensityAnswer:
    """Average intensity in a period: as published, or worked out where `factors` are named.

    factors: the id of a set, or a set; without them the region's upstream, or its usual set.
    Raises: InputError for an unknown region, set, or one whose mix nobody has; StoreError.
    """
    place = find(region)
    if factors is not None or "intensity" not in place.sources:
        chosen = factors if isinstance(factors, FactorSet) else factor_set(factors or place.factors)
        return _computed(context, place, period, chosen)
    inputs = read_days(context, place, "intensity", period, sample.intensity_reading)
    data, issued = joined(inputs), None
    if period.end > context.now():
        ahead = intensity_forecast(context, region)
        later = ahead.data[
            (ahead.data.index >= pd.Timestamp(period.start))
            & (ahead.data.index < pd.Timestamp(period.end))
        ]
        # The current half-hour is in both; there `data` has the same forecast, or an actual.
        later = later[~later.index.isin(data.index)]
        data, issued = (pd.concat([data, later]) if len(later) else data), ahead.issued
    published = factor_set(place.factors)
    return IntensityAnswer(
        place, period, data, HALF_HOUR, inputs, counted(inputs), published.scope, published.id,
        published.version, issued=issued,
    )  # fmt: skip


def intensity_now(context: Context, region: str) -> IntensityNow:
    """The newest intensity there is, however old."""
    place, now = find(region), context.now()
    newest = now
    if not context.sample:
        quantity = next(q for q in ("intensity", "mix", "mix-percent") if q in place.sources)
        known = context.store.states(feeds_of(context, place, quantity))
        newest = min(now, max((one.newest for one in known if one.newest), default=now))
    # What is ahead is no part of "now": the period ends with the interval that has begun.
    found = intensity(context, region, Period(newest - timedelta(hours=3), newest + HALF_HOUR))
    begun = found.data[found.data.index <= pd.Timestamp(max(newest, now))]
    values = found.values.reindex(begun.index).dropna()
    if values.empty:
        return IntensityNow(place, None, float("nan"), "", False, found)
    at = values.index[-1]
    value = float(values.iloc[-1])
    measured = "actual" in found.data and bool(pd.notna(found.data["actual"].get(at)))
    return IntensityNow(
        place, pd.Timestamp(at).to_pydatetime(), value, band_of(value), not measured, found
    )


def intensity_forecast(context: Context, region: str) -> ForecastAnswer:
    """The newest forecast from the current half-hour on."""
    place, now = find(region), context.now()
    if "intensity" not in place.sources:
        reason = f"Nobody forecasts the intensity of {place.name} here."
        nothing = empty_frame("forecast")
        return ForecastAnswer(place, nothing, None, HALF_HOUR, (), Coverage(), reason)
    ahead = Period(now - HALF_HOUR, now + sample.HORIZON)
    inputs = read_days(context, place, "intensity", ahead, sample.intensity_reading)
    issued, data = None, empty_frame("forecast")
    if inputs[0].origin == "sample":
        issued, data = now, sample.forecast_frame(place, now)
    for feed in feeds_of(context, place, "intensity"):
        if len(data):
            break
        issued, found = context.store.read_forecast(feed, ahead)
        data = found[found.index > pd.Timestamp(now - HALF_HOUR)]
    if not len(data):
        return ForecastAnswer(
            place, data, None, HALF_HOUR, inputs, Coverage(), why_sample(inputs[0])
        )
    end = data.index[-1].to_pydatetime() + HALF_HOUR
    whole = Period(data.index[0].to_pydatetime(), end)
    known = pd.DatetimeIndex(data["forecast"].dropna().index)
    coverage = cover(known, whole, HALF_HOUR, now=end)
    return ForecastAnswer(place, data[["forecast"]], issued, HALF_HOUR, inputs, coverage)


def greenest_window(
    context: Context, region: str, hours: float, *, deadline: datetime | None = None
) -> WindowAnswer:
    """The contiguous stretch of `hours` with the lowest forecast intensity that ends by `deadline`.

    It starts on a half-hour, or now where nothing is better. deadline: the end of the forecast
    without one. Ties go to the earliest.
    Raises: InputError for a length that is not positive, or a deadline in the past.
    """
    now = context.now()
    if not hours > 0 or not np.isfinite(hours):
        raise InputError("A window needs a length above zero hours.")
    if deadline is not None and deadline <= now:
        raise InputError("The deadline has passed.", remedy="Choose a later one.")
    ahead = intensity_forecast(context, region)
    place, length = ahead.region, timedelta(hours=hours)
    last = ahead.known_until or now
    end = min(last, deadline) if deadline else last
    if not len(ahead.data):
        return WindowAnswer(place, hours, end, None, (), float("nan"), ahead, ahead.reason)
    signal = ahead.data["forecast"]
    found = windows(signal, ahead.step, length, Period(min(now, end), end), count=4, on=ahead.step)
    at_once = mean_over(signal, ahead.step, Period(now, now + length))
    if now + length <= end and not np.isnan(at_once):
        here = Window(now, now + length, at_once)
        if not found or at_once <= found[0].mean:
            found = [here, *(one for one in found if not one.period.intersect(here.period))]
    if not found:
        known = (end - now) / timedelta(hours=1)
        reason = f"{hours:g} hours do not fit in the {max(known, 0):.1f} hours until the end."
        return WindowAnswer(place, hours, end, None, (), at_once, ahead, reason)
    return WindowAnswer(place, hours, end, found[0], tuple(found[1:4]), at_once, ahead)


def in_words(found: WindowAnswer, now: datetime) -> str:
    """A window answer as one sentence, in the region's local time."""
    if found.best is None:
        return found.reason
    zone = zone_info(found.region.zone)
    start, end = found.best.start.astimezone(zone), found.best.end.astimezone(zone)
    away = (start.date() - now.astimezone(zone).date()).days
    day = {0: "today", 1: "tomorrow"}.get(away, f"{start:%A}")
    mean, is_now = found.best.mean, found.best.start - now < timedelta(minutes=1)
    when = f"from now to {end:%H:%M}" if is_now else f"{start:%H:%M}–{end:%H:%M} {day}"
    sentence = f"Greenest {found.hours:g} h: {when}, {mean:.0f} g/kWh ({band_of(mean)})"
    if is_now:
        return f"{sentence}: now is the best time."
    if np.isnan(found.saving_percent):
        return f"{sentence}."
    return (
        f"{sentence}, {found.saving_percent:.0f} % less than the "
        f"{found.at_once_g_per_kwh:.0f} g/kWh of the next {found.hours:g} h."
    )


def region_of_postcode(context: Context, postcode: str) -> Region:
    """The part of Great Britain that a postcode lies in.

    Asked once a month and kept; an old answer serves when the API cannot be reached.
    Raises: InputError for what is no postcode or is in no region; SourceError.
    """
    outward = outward_code(postcode)
    request = f"GET {carbon_intensity.URL}/regional/postcode/{outward}"
    try:
        kept = cached(
            context.settings,
            request,
            POSTCODE_MAX_AGE,
            lambda: _checked(carbon_intensity.get_postcode(outward)),
        )
    except (BadData, NotFound) as error:
        raise InputError(
            f"The postcode {outward} is in no region of {carbon_intensity.TITLE}.",
            remedy="It knows England, Scotland and Wales; check the first half of the postcode.",
        ) from error
    return find(carbon_intensity.read_region(kept.body))


def _checked(body: bytes) -> bytes:
    """The body, only if it names a region: what cannot be read is not kept."""
    carbon_intensity.read_region(body)
    return body


def _computed(
    context: Context, region: Region, period: Period, factors: FactorSet
) -> IntensityAnswer:
    found = mix(context, region.id, period)
    values = found.where_whole(intensity_of(found.mix, factors))
    if found.unit == "%":  # imports of a part of Great Britain come from the rest of it
        note = "Worked out from shares in per cent."
        notes: tuple[str, ...] = (*found.notes, note)
    else:
        notes = found.notes
    assumed = tuple(factors.assumed(found.mix.columns))
    step = found.main.feed.step or timedelta(minutes=5)
    return IntensityAnswer(
        region, period, values.rename("actual").to_frame(), step, found.inputs, found.coverage,
        factors.scope, factors.id, factors.version, computed=True, assumed=assumed, notes=notes,
    )  # fmt: skip
