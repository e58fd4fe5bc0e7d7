"""Generation by fuel of a region: over a period, and now; load, storage and interconnectors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from energydash.answers.grid.feeds import counted, feeds_of, joined, read_days
from energydash.core.coverage import Coverage
from energydash.core.feeds import FeedData, FromFeeds, empty_frame
from energydash.core.time import HALF_HOUR, Period
from energydash.grid import mix as calculation
from energydash.grid.fuels import STORAGE, in_stack_order
from energydash.grid.interconnectors import LINK, Link
from energydash.grid.regions import Region, find
from energydash.sources.sample import grid as sample
from energydash.sync import fetch
from energydash.sync.context import Context


@dataclass(frozen=True)
class MixAnswer(FromFeeds):
    """Generation by fuel. Positive is supply; charging and exports are negative.

    unit: MW, or % of supply where megawatts are not known (the parts of Great Britain).
    inputs: what it is made of; the first is the mix itself.
    coverage: of the mix's own feed. records: the period's extremes, at `resolution`, the feed's
    own step, whatever step the mix is averaged over. embedded: what became of the solar and wind
    that the feed does not see; None where it sees all.
    """

    region: Region
    period: Period
    mix: pd.DataFrame
    unit: str
    inputs: tuple[FeedData, ...]
    coverage: Coverage
    records: tuple[calculation.Record, ...]
    resolution: timedelta | None
    embedded: calculation.Embedded | None = None
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> pd.Series[float]:
        """All supply, in the unit."""
        return calculation.total(self.mix)

    @property
    def shares(self) -> pd.DataFrame:
        """Each fuel's share of the supply that is known, 0 to 1."""
        return calculation.shares(self.mix)

    @property
    def groups(self) -> pd.DataFrame:
        """Renewable, nuclear, fossil, storage, imports and other, in the unit."""
        return calculation.by_group(self.mix)

    @property
    def renewable_share(self) -> pd.Series[float]:
        """0 to 1; NaN where embedded solar and wind are not known."""
        return self.where_whole(calculation.renewable_share(self.mix))

    def where_whole(self, values: pd.Series[float]) -> pd.Series[float]:
        """The values of rows in which nothing is unknown; the others are NaN."""
        if self.embedded is None:
            return values
        return values.mask(values.index.isin(self.embedded.absent))


@dataclass(frozen=True)
class MixNow(FromFeeds):
    """The newest row of a mix. `at` is the start of its interval, None where there is none.

    power: MW (or %) by fuel, net. shares and groups: of it. total: all supply.
    renewable_share: NaN where solar and embedded wind are not known.
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
    coverage: Coverage
    computed: bool = False
    notes: tuple[str, ...] = ()


def mix(
    context: Context, region: str, period: Period, *, step: timedelta | None = None
) -> MixAnswer:
    """Generation by fuel in a period, as means over `step` where one is given.

    Raises: InputError for an unknown region or one whose mix nobody has; StoreError.
    """
    place = find(region)
    quantity, unit, made_up = (
        ("mix", "MW", sample.mix_reading)
        if place.has_mix_mw
        else ("mix-percent", "%", sample.mix_percent_reading)
    )
    own = read_days(context, place, quantity, period, made_up)
    found, inputs = joined(own), own
    notes: tuple[str, ...] = ()
    embedded = None
    if "embedded" in place.sources and unit == "MW" and own[0].origin != "sample":
        found, embedded, inputs, notes = _with_embedded(context, place, period, found, own)
    found = found[in_stack_order(found.columns)]
    absent = found.index[:0] if embedded is None else embedded.absent
    whole = found[~found.index.isin(absent)]
    records = calculation.records(whole, unit)
    if step is not None:
        found = calculation.averaged(found, step, without=absent)
        absent = found.index.difference(calculation.averaged(whole, step).index)
        embedded = embedded and replace(embedded, absent=pd.DatetimeIndex(absent))
    return MixAnswer(
        place, period, found, unit, inputs, counted(own), records, own[0].feed.step, embedded,
        notes,
    )  # fmt: skip


def mix_now(context: Context, region: str) -> MixNow:
    """The newest row there is, however old. Raises as `mix` does."""
    place, now = find(region), context.now()
    quantity = "mix" if place.has_mix_mw else "mix-percent"
    newest = now
    if not context.sample:
        known = context.store.states(feeds_of(context, place, quantity))
        newest = max((one.newest for one in known if one.newest), default=now)
    found = mix(context, region, Period(newest - timedelta(hours=2), newest + timedelta(hours=1)))
    last = found.mix.dropna(how="all").tail(1)
    at = last.index[0].to_pydatetime() if len(last) else None
    return MixNow(
        region=place,
        at=at,
        power=_only_row(last).rename("power"),
        shares=_only_row(calculation.shares(last)).rename("share"),
        groups=_only_row(calculation.by_group(last)).rename("power"),
        total=float(calculation.total(last).sum(min_count=1)),
        renewable_share=float(found.renewable_share.reindex(last.index).sum(min_count=1)),
        unit=found.unit,
        inputs=found.inputs,
        notes=found.notes,
    )


def load(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Demand, column `load`, MW; where no feed has it, all that the mix delivers, net.

    Raises: InputError for an unknown region or one without either; StoreError.
    """
    place = find(region)
    if "load" in place.sources:
        inputs = read_days(context, place, "load", period, sample.load_reading)
        data = joined(inputs).reindex(columns=["load"])
        return SeriesAnswer(place, period, data, inputs, counted(inputs))
    found = mix(context, region, period)
    if found.unit != "MW":
        nothing = empty_frame("load")
        return SeriesAnswer(place, period, nothing, found.inputs, found.coverage, True)
    whole = found.where_whole(found.mix.sum(axis="columns", min_count=1)).rename("load")
    return SeriesAnswer(
        place, period, whole.to_frame(), found.inputs, found.coverage, True, found.notes
    )


def storage(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Storage by kind, MW, + is discharging; where no feed has it, the mix's storage columns."""
    place = find(region)
    if "storage" in place.sources:
        inputs = read_days(context, place, "storage", period, sample.storage_reading)
        return SeriesAnswer(place, period, joined(inputs), inputs, counted(inputs))
    found = mix(context, region, period)
    columns = [fuel for fuel in STORAGE if fuel in found.mix]
    return SeriesAnswer(place, period, found.mix[columns], found.inputs, found.coverage, True)


def interconnectors(context: Context, region: str, period: Period) -> SeriesAnswer:
    """Each link's power, MW, + is import; `links` says what the columns are."""
    place = find(region)
    inputs = read_days(context, place, "interconnectors", period, sample.interconnectors_reading)
    return SeriesAnswer(place, period, joined(inputs), inputs, counted(inputs))


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
    own: tuple[FeedData, ...],
) -> tuple[pd.DataFrame, calculation.Embedded, tuple[FeedData, ...], tuple[str, ...]]:
    """The mix with generation that its own feed does not see, and what is said about it."""
    now = context.now()
    (feed,) = feeds_of(context, region, "embedded")
    step = feed.step or HALF_HOUR
    # What it last said stands in until it is stale: the next half-hour is published late.
    held = 3 * feed.cadence + step
    # Earlier too: a period may begin inside a half-hour, or after the newest.
    wider = fetch.read(context.store, feed, Period(period.start - step - held, period.end), now)
    known = wider.data.dropna(how="all")
    is_newest = wider.newest is not None and len(known) > 0 and known.index[-1] >= wider.newest
    whole, told = calculation.with_embedded(frame, known, step, held if is_newest else timedelta(0))
    inside = wider.data[wider.data.index > pd.Timestamp(period.start - step)]
    coverage = fetch.coverage_of(inside, feed, period, wider.newest, now, wider.awaited)
    embedded = replace(wider, data=inside, coverage=coverage)
    return whole, told, (*own, embedded), _embedded_words(told, embedded, len(frame), region.zone)


def _embedded_words(
    told: calculation.Embedded, embedded: FeedData, rows: int, zone: str
) -> tuple[str, ...]:
    """Which rows lack solar, and why; from when the newest are."""
    notes = []
    if len(told.absent):
        why = f" ({embedded.problem.sentence})" if embedded.problem else ""
        state = "not fetched yet" if embedded.awaited and not embedded.problem else "missing"
        notes.append(
            f"Solar and embedded wind are {state} for {len(told.absent):,} of {rows:,} rows{why}."
        )
    if told.held_from is not None:
        at = pd.Timestamp(told.held_from).tz_convert(zone)
        notes.append(f"Solar and embedded wind are of {at:%H:%M}; newer figures come later.")
    return tuple(notes)


def _only_row(frame: pd.DataFrame) -> pd.Series[float]:
    """What is known of the one row of a frame; nothing where it has none."""
    return frame.iloc[0].dropna() if len(frame) else pd.Series(dtype="float64")
