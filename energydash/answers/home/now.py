"""The home now: its meters, its price, and the cheapest hours ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from energydash.answers.home.pricing import MeterTariffs, price_home, prices_of, read_meter
from energydash.answers.home.subject import Home, home_of, is_configured, tariff_name
from energydash.core.coverage import plural
from energydash.core.feeds import Feed, FeedData
from energydash.core.time import DAY, HALF_HOUR, LONDON, Period, grid, zone_info
from energydash.flexibility.windows import Window, windows
from energydash.home.meters import Direction, Energy, Meter, places
from energydash.home.terms import Term, terms
from energydash.sources.sample import household as sample
from energydash.sync import documents
from energydash.sync.context import Context

STALE_AFTER = 7 * DAY
AHEAD = 2 * DAY


@dataclass(frozen=True, eq=False)
class MeterCard:
    """One meter: its newest reading, whether that is stale, and the tariff that prices it now.

    ended: when its last agreement ended (a home moved out of), None where one runs or none is
    known.
    """

    meter: Meter
    reading: FeedData
    newest_kwh: float | None
    is_stale: bool
    unpriced_half_hours: int
    tariff: str
    ended: datetime | None = None


@dataclass(frozen=True, eq=False)
class HomeCards:
    """Every meter, and what is missing from the settings, in sentences."""

    meters: tuple[MeterCard, ...]
    warnings: tuple[str, ...]
    is_sample: bool


@dataclass(frozen=True, eq=False)
class HomePrice:
    """What a kWh costs in one home now (p, VAT included), until when, and what it costs then.

    A price that is not known is None. The same for export where there is an export meter.
    import_code, export_code: of published tariffs. home: its postcode, '' where nobody said.
    """

    home: str
    import_p_per_kwh: float | None
    import_tariff: str
    until: datetime | None
    next_p_per_kwh: float | None
    export_p_per_kwh: float | None
    export_tariff: str
    import_code: str = ""
    export_code: str = ""


@dataclass(frozen=True, eq=False)
class PriceNow:
    """The price in each home that is lived in; at least one, of which nothing may be known."""

    at: datetime
    homes: tuple[HomePrice, ...]
    inputs: tuple[FeedData, ...] = ()
    prices: tuple[Feed, ...] = ()
    sample_reason: str = ""


@dataclass(frozen=True, eq=False)
class PriceWindow:
    """The best stretch of `hours`; `ties`: other starts with the same mean. `split`: the best
    half-hours if they need not touch, and their mean."""

    hours: float
    best: Window
    ties: tuple[Window, ...]
    split: tuple[datetime, ...]
    split_mean: float


@dataclass(frozen=True, eq=False)
class WindowsAnswer:
    """Cheapest (or dearest) windows among the published prices from now on, in p/kWh."""

    tariff: str
    prices: pd.Series[float]
    published_until: datetime | None
    windows: tuple[PriceWindow, ...]
    feeds: tuple[Feed, ...] = ()
    sample_reason: str = ""


@dataclass(frozen=True)
class AccountCard:
    """A configured account: its section, whether it is connected and as what, and its meters, each
    with its tariff."""

    section: str
    state: str
    meters: tuple[str, ...]


def account_cards(context: Context) -> tuple[AccountCard, ...]:
    """Every configured account; of its number only the end is shown."""
    home = home_of(context)
    known = documents.accounts(context.store)
    found = []
    for section in context.settings.named("octopus"):
        mine = [one for one in home.meters if one.connected and one.account == section.name]
        asked = known.get(section.name)
        state = "no key: add api_key to it in secrets.toml"
        if section.secret("api_key"):
            state = "a key is configured, and the account is not connected yet"
        if mine:
            number = section.text("account_number") or section.text("account")
            state = f"connected as account …{number[-4:]}, {plural(len(mine), 'meter')}"
        if asked and asked.problem:
            state += ", and could not be asked of late"
        elif asked and asked.read_at:
            at = asked.read_at.astimezone(zone_info(LONDON))
            state += f", last asked on {at:%a %-d %b %H:%M}"
        name = f"[octopus.{section.name}]" if section.name else "[octopus]"
        lines = tuple(f"{one.name}: {_tariff_now(context, home, one)}" for one in mine)
        found.append(AccountCard(name, state, lines))
    return tuple(found)


def _tariff_now(context: Context, home: Home, meter: Meter) -> str:
    """The tariff of this half-hour, or when the meter's last one ended."""
    now = context.now()
    if ended := home.ended(meter, now):
        return f"its agreement ended on {ended.astimezone(zone_info(LONDON)):%-d %b %Y}"
    in_force = terms(meter, home.tariffs, home.agreements, Period(now, now + HALF_HOUR))
    return tariff_name(context, home, in_force[0].tariff) if in_force else "no tariff"


def home_cards(context: Context) -> HomeCards:
    """The cards of every meter, electricity and gas."""
    home, now = home_of(context), context.now()
    recent = Period(now - 30 * DAY, now)
    usages = {
        usage.meter.id: usage
        for energy in dict.fromkeys(meter.energy for meter in home.meters)
        for usage in price_home(context, recent, "", energy.value).usages
    }
    found: list[MeterCard] = []
    for meter in home.meters:
        reading = read_meter(context, home, meter, recent)
        newest, last = reading.newest, None
        if newest is not None:
            tail = read_meter(context, home, meter, Period(newest, newest + HALF_HOUR)).data
            last = float(tail["energy"].iloc[-1]) if len(tail) else None
        ended = home.ended(meter, now)
        usage = usages.get(meter.id)
        found.append(
            MeterCard(
                meter,
                reading,
                last,
                ended is None and (newest is None or now - newest > STALE_AFTER),
                0 if usage is None else int((usage.lines.code < 0).sum()),
                _tariff_now(context, home, meter),
                ended,
            )
        )
    found.sort(key=lambda card: card.ended is not None)
    return HomeCards(tuple(found), _warnings(context, home), home.is_sample)


def price_now(context: Context) -> PriceNow:
    """The unit rates in force, electricity."""
    home, now = home_of(context), context.now()
    meters = [one for one in home.meters_now(now) if one.energy is Energy.ELECTRICITY]
    place = places(meters)
    lived_in = [
        [one for one in meters if place[one.id] == text] for text in dict.fromkeys(place.values())
    ]
    found = [_home_price(context, home, mine) for mine in lived_in or [[]]]
    feeds = tuple(dict.fromkeys(feed for _, used in found for feed in used))
    return PriceNow(
        now, tuple(one for one, _ in found), prices=feeds, sample_reason=home.sample_reason
    )


def _home_price(
    context: Context, home: Home, meters: Sequence[Meter]
) -> tuple[HomePrice, list[Feed]]:
    """The prices of one home's meters, and the feeds that they come from."""
    now = context.now()
    ahead = Period(now, now + AHEAD)
    found: dict[Direction, tuple[MeterTariffs, Term]] = {}
    for meter in meters:
        if meter.direction in found:
            continue
        known = prices_of(context, home, meter, ahead)
        if term := next((term for term in known.prices.terms if now in term.period), None):
            found[meter.direction] = known, term
    price, until, following = _price_at(found.get(Direction.IMPORT), ahead)
    export, _, _ = _price_at(found.get(Direction.EXPORT), ahead)
    names = {
        way: (known.prices.cards[term.key].label, term.tariff if term.is_published else "")
        for way, (known, term) in found.items()
    }
    tariff, code = names.get(Direction.IMPORT, ("", ""))
    export_tariff, export_code = names.get(Direction.EXPORT, ("", ""))
    where = next((one.premises for one in meters if one.premises), "")
    return HomePrice(
        where, price, tariff, until, following, export, export_tariff, code, export_code
    ), [feed for known, _ in found.values() for feed in known.feeds]


def cheapest_windows(
    context: Context,
    hours: tuple[float, ...] = (1, 2, 3, 4, 5, 6),
    tariff: str = "",
    *,
    dearest: bool = False,
) -> WindowsAnswer:
    """The cheapest stretches of each length among the prices known from now on.

    tariff: an id or code; the import tariff in force by default, the sample's Agile for a sample
    home. Negative prices count as they are; equal windows are all named.
    """
    home, now = home_of(context), context.now()
    ahead = Period(now, now + AHEAD)
    meter = _import_meter(home, now)
    named = tariff or (sample.AGILE if home.is_sample else "")
    if meter is None:
        empty = pd.Series(dtype="float64", index=grid(Period(now, now), HALF_HOUR))
        return WindowsAnswer("", empty, None, (), (), home.sample_reason)
    known = prices_of(context, home, meter, ahead, named)
    index = _half_hours(ahead)
    prices = pd.Series(known.pence(index), index=index).dropna()
    until = prices.index[-1].to_pydatetime() + HALF_HOUR if len(prices) else None
    best = [one for length in hours if (one := _window(prices, length, ahead, dearest))]
    terms = known.prices.terms
    label = known.prices.cards[terms[0].key].label if terms else ""
    feeds = () if home.is_sample or any(one.id == named for one in home.tariffs) else known.feeds
    return WindowsAnswer(label, prices, until, tuple(best), feeds, home.sample_reason)


def _window(
    prices: pd.Series[float], hours: float, within: Period, dearest: bool
) -> PriceWindow | None:
    length = timedelta(hours=hours)
    found = windows(prices, HALF_HOUR, length, within, highest=dearest, count=8)
    if not found:
        return None
    ties = tuple(one for one in found[1:] if abs(one.mean - found[0].mean) < 1e-9)
    count = int(np.ceil(length / HALF_HOUR))
    split = prices.sort_values(kind="stable", ascending=not dearest).iloc[:count]
    starts = tuple(at.to_pydatetime() for at in split.index.sort_values())
    return PriceWindow(hours, found[0], ties, starts, float(split.mean()))


def _price_at(
    found: tuple[MeterTariffs, Term] | None, ahead: Period
) -> tuple[float | None, datetime | None, float | None]:
    """The price at the start, when it ends, and the price after that."""
    if found is None:
        return None, None, None
    known, _ = found
    index = _half_hours(ahead)
    pence = known.pence(index)
    if np.isnan(pence[0]):
        return None, None, None
    other = np.flatnonzero(pence != pence[0])
    if not len(other) or np.isnan(pence[other[0]]):  # the end of what is known, not of the price
        return float(pence[0]), None, None
    return float(pence[0]), index[other[0]].to_pydatetime(), float(pence[other[0]])


def _half_hours(period: Period) -> pd.DatetimeIndex:
    """The starts of the half-hours that a period touches, the running one first."""
    return grid(Period(period.start - HALF_HOUR + timedelta(microseconds=1), period.end), HALF_HOUR)


def _import_meter(home: Home, now: datetime) -> Meter | None:
    """The electricity import meter of the home that is lived in."""
    mine = (
        meter
        for meter in home.meters_now(now)
        if meter.energy is Energy.ELECTRICITY and meter.direction is Direction.IMPORT
    )
    return next(mine, None)


def _warnings(context: Context, home: Home) -> tuple[str, ...]:
    if home.is_sample:
        return ()
    found = []
    keys = {
        section.name for section in context.settings.named("octopus") if section.secret("api_key")
    }
    for meter in home.meters:
        if meter.connected and meter.account not in keys:
            name = f"[octopus.{meter.account}]" if meter.account else "[octopus]"
            found.append(f"{meter.name} has no key: add api_key to {name} in secrets.toml.")
        if meter.point and not meter.serials:
            found.append(f"{meter.name} is a meter point without a meter; nothing can be fetched.")
    if is_configured(context) and not home.meters:
        found.append("A key is configured and no account is connected yet: connect it in settings.")
    return tuple(found)
