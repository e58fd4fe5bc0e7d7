"""Generation by fuel of a region: over a period, and now; load, storage and interconnectors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from energydash.answers.grid.feeds import feeds_of, joined, read_days
from energydash.core.feeds import FeedData, FromFeeds, empty_frame
from energydash.core.time import Period
from energydash.grid import mix as calculation
from energydash.grid.fuels import STORAGE, in_stack_order
from energydash.grid.interconnectors import LINK, Link
from energydash.grid.regions import Region, find
from energydash.sources.sample import grid as sample
from energydash.sync import fetch
from energydash.sync.context import Context

HELD = timedelta(hours=1)  # how long the newest embedded generation stands in for the next


@dataclass(frozen=True)
class MixAnswer(FromFeeds):
    """Generation by fuel. Positive is supply; charging and exports are negative.

    unit: MW, or % of supply where megawatts are not known (the parts of Great Britain).
    inputs: what it is made of; the first is the mix itself.
    """

    region: Region
    period: Period
    mix: pd.DataFrame
    unit: str
    inputs: tuple[FeedData, ...]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> pd.Series[float]:
        """All supply, in the unit."""
        return calculation.total(self.mix)

    @property
    def shares(self) -> pd.DataFrame:
        """Each fuel's share of supply, 0 to 1."""
        return calculation.shares(self.mix)

    @property
    def groups(self) -> pd.DataFrame:
        """Renewable, nuclear, fossil, storage, imports and other, in the unit."""
        return calculation.by_group(self.mix)

    @property
    def renewable_share(self) -> pd.Series[float]:
        return calculation.renewable_share(self.mix)

    @property
    def records(self) -> tuple[calculation.Record, ...]:
        """The period's extremes."""
        return calculation.records(self.mix, self.unit)


@dataclass(frozen=True)
class MixNow(FromFeeds):
    """The newest row of a mix. `at` is the start of its interval, None where there is none.

    power: MW (or %) by fuel, net. shares and groups: of it. total: all supply.
    """

    region: Region
    at: datetime | None
    power: pd.Series[float]
    shares: pd.Series[float]
    groups: pd.Series[float]
    total: float
    renewable_share: float
    unit: str
    inputs: tuple[FeedData, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeriesAnswer(FromFeeds):
    """Load, storage or interconnectors: MW, a column per part.

    computed: worked out from the mix, for want of a feed of its own.
    """

    region: Region
    period: Period
    data: pd.DataFrame
    inputs: tuple[FeedData, ...]
    computed: bool = False
    notes: tuple[str, ...] = ()


def mix(
    context: Context, region: str, period: Period, *, step: timedelta | None = None
) -> MixAnswer:
    """Generation by fuel in a period, as means over `step` where one is given.

    Raises: InputError for an unknown region or one whose mix nobody has; StoreError.
    """
    place = find(region)
    if not place.has_mix_mw:
        readings = read_days(context, place, "mix-percent", period, sample.mix_percent_reading)
        frame, unit = joined(readings), "%"
        notes: tuple[str, ...] = ()
    else:
        readings = read_days(context, place, "mix", period, sample.mix_reading)
        frame, readings, notes = _with_embedded(context, place, period, joined(readings), readings)
        unit = "MW"
    frame = frame[in_stack_order(frame.columns)]
    if step is not None:
        frame = calculation.averaged(frame, step)
    return MixAnswer(place, period, frame, unit, readings, notes)


def mix_now(context: Context, region: str) -> MixNow:
    """The newest row there is, however old; its age is the reading's. Raises as `mix` does."""
    place, now = find(region), context.now()
    quantity = "mix" if place.has_mix_mw else "mix-percent"
    newest = now
    if not context.sample:
        known = context.store.states(feeds_of(context, place, quantity))
        newest = max((one.newest for one in known if one.newest), default=now)
    found = mix(context, region, Period(newest - timedelta(hours=2), newest + timedelta(hours=1)))
    rows = found.mix.dropna(how="all")
    if rows.empty:
        nothing = pd.Series(dtype="float64")
        nan = float("nan")
        return MixNow(
            place,
            None,
            nothing,
            nothing,
            nothing,
            nan,
            nan,
            found.unit,
            found.inputs,
            found.notes,
        )
    last = rows.tail(1)
    return MixNow(
        place,
        last.index[0].to_pydatetime(),
        last.iloc[0].dropna().rename("power"),
        calculation.shares(last).iloc[0].dropna().rename("share"),
        calculation.by_group(last).iloc[0].dropna().rename("power"),
        float(calculation.total(last).iloc[0]),
        float(calculation.renewable_share(last).iloc[0]),
        found.unit,
        found.inputs,
        found.notes,
    )


def load(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Demand, column `load`, MW; where no feed has it, all that the mix delivers, net.

    Raises: InputError for an unknown region or one without either; StoreError.
    """
    place = find(region)
    if "load" in place.sources:
        readings = read_days(context, place, "load", period, sample.load_reading)
        return SeriesAnswer(place, period, joined(readings), readings)
    found = mix(context, region, period)
    whole = found.mix.sum(axis="columns", min_count=1).rename("load")
    if found.unit != "MW":
        return SeriesAnswer(place, period, empty_frame("load"), found.inputs, True)
    return SeriesAnswer(place, period, whole.to_frame(), found.inputs, True, found.notes)


def storage(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Storage by kind, MW, + is discharging; where no feed has it, the mix's storage columns."""
    place = find(region)
    if "storage" in place.sources:
        readings = read_days(context, place, "storage", period, sample.storage_reading)
        return SeriesAnswer(place, period, joined(readings), readings)
    found = mix(context, region, period)
    columns = [fuel for fuel in STORAGE if fuel in found.mix]
    return SeriesAnswer(place, period, found.mix[columns], found.inputs, True)


def interconnectors(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Each link's power, MW, + is import; `links` says what the columns are."""
    place = find(region)
    readings = read_days(context, place, "interconnectors", period, sample.interconnectors_reading)
    return SeriesAnswer(place, period, joined(readings), readings)


def links(answer: SeriesAnswer) -> tuple[Link, ...]:
    """The links of an `interconnectors` answer, in its order; unknown ones under their code."""
    return tuple(
        LINK.get(str(name), Link(str(name), str(name).upper(), "", float("nan")))
        for name in answer.data.columns
    )


def _with_embedded(
    context: Context,
    region: Region,
    period: Period,
    frame: pd.DataFrame,
    inputs: tuple[FeedData, ...],
) -> tuple[pd.DataFrame, tuple[FeedData, ...], tuple[str, ...]]:
    """The mix with generation that its own feed does not see, and what is said about it."""
    if "embedded" not in region.sources or inputs[0].origin == "sample":
        return frame, inputs, ()
    now = context.now()
    (feed,) = feeds_of(context, region, "embedded")
    context.store.want(feed, now, period.intersect(Period(min(period.start, now), now)))
    # Earlier too: a period may begin inside a half-hour, or after the newest.
    step = feed.step or HELD
    wider = fetch.read(context.store, feed, Period(period.start - step - HELD, period.end), now)
    whole, told = calculation.with_embedded(frame, wider.data, step, HELD)
    inside = wider.data[wider.data.index > pd.Timestamp(period.start - step)]
    coverage = fetch.coverage_of(inside, feed, period, wider.newest, now, wider.awaited)
    embedded = replace(wider, data=inside, coverage=coverage)
    zone = region.zone
    notes = []
    if told.absent:
        why = f" ({embedded.problem.sentence})" if embedded.problem else ""
        notes.append(
            f"Solar and embedded wind are missing for {told.absent:,} of {len(frame):,} rows{why}."
        )
    if told.held_from is not None:
        at = pd.Timestamp(told.held_from).tz_convert(zone)
        notes.append(f"Solar and embedded wind are of {at:%H:%M}; newer figures come later.")
    return whole, (*inputs, embedded), tuple(notes)
