"""The one price: what each half-hour of a meter costs, whoever asks.

A reading is priced with the rate at its start, under the tariff that its meter is on then. Costs,
bills, the price now, the windows, comparisons and a battery's money all come from `MeterPrices`, so
one half-hour has one price. What it needs beyond the period asked for is the caller's part
(`context_of`): whole local days, and readings from where a tier began to count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

import numpy as np

from energydash.core.time import DAY, Period, local_midnight, micros, zone_info
from energydash.home.instants import (
    HALF_HOUR_US,
    NO_TIMES,
    Codes,
    Floats,
    Micros,
    charged_days,
    local_us,
    midnights_us,
)
from energydash.home.meters import Meter
from energydash.home.rate_cards import UNPRICED, Rate, RateCard, pence_of
from energydash.home.tariff_cards import tariff_card
from energydash.home.tariffs import Agreement, Tariff, TierSpan
from energydash.home.terms import PriceKey, Term, terms

NO_ENERGY: Floats = np.empty(0)


@dataclass(frozen=True, eq=False)
class Lines:
    """Priced energy: a line for each reading, and one more where a tier ends inside it.

    reading: index of the reading. code: into `rates`, UNPRICED where nothing has a price.
    """

    reading: Codes
    kwh: Floats
    code: Codes
    rates: tuple[Rate, ...]

    @property
    def pence_per_kwh(self) -> Floats:
        """The price of each line with VAT; NaN where there is none."""
        return pence_of(self.rates)[self.code]

    def since(self, first: int) -> Lines:
        """The lines of the readings from number `first` on, counted from there."""
        if not first:
            return self
        keep = self.reading >= first
        return Lines(self.reading[keep] - first, self.kwh[keep], self.code[keep], self.rates)

    def pence_of_readings(self, count: int) -> Floats:
        """What a kWh of each of `count` readings cost on average; NaN where it has no price.

        A reading of zero has the price that its next kWh would have.
        """
        pence = self.pence_per_kwh
        kwh = np.bincount(self.reading, self.kwh, count)
        paid = np.bincount(self.reading, self.kwh * pence, count)
        first = np.full(count, np.nan)
        first[self.reading[::-1]] = pence[::-1]
        mean: Floats = np.where(kwh > 0, paid / np.where(kwh > 0, kwh, 1.0), first)
        return np.where(np.bincount(self.reading, minlength=count) > 1, mean, first)


@dataclass(frozen=True, eq=False)
class MeterPrices:
    """What a meter's energy and days cost: the tariffs it is on, one after another.

    cards: the prices of each term's tariff, over whole local days.
    """

    terms: tuple[Term, ...]
    cards: Mapping[PriceKey, RateCard]
    zone: str

    @cached_property
    def has_tiers(self) -> bool:
        """True where a price depends on what was used before."""
        return any(card.tiers for card in self.cards.values())

    def lines(self, times_us: Micros, kwh: Floats) -> Lines:
        """Readings, sorted by time, with the rate of each; tiers count from the first given."""
        parts: list[Lines] = []
        unpriced = np.ones(len(times_us), bool)
        for key, card in self.cards.items():
            mine = [
                np.arange(*self._span(term, times_us)) for term in self.terms if term.key == key
            ]
            places = np.concatenate(mine) if mine else np.empty(0, np.intp)
            unpriced[places] = False
            one = _under_card(times_us[places], kwh[places], card)
            parts.append(Lines(places[one.reading], one.kwh, one.code, one.rates))
        rest = np.flatnonzero(unpriced)
        parts.append(Lines(rest, kwh[rest], np.full(len(rest), UNPRICED, np.intp), ()))
        return _joined([part for part in parts if len(part.reading)])

    def pence(
        self, times_us: Micros, used_us: Micros = NO_TIMES, used_kwh: Floats = NO_ENERGY
    ) -> Floats:
        """p/kWh with VAT of the half-hour that each instant is in; NaN where none is known.

        used: the readings so far, for tiers. A half-hour with a reading has what its energy cost on
        average, one without the price of the next kWh.
        """
        starts = times_us // HALF_HOUR_US * HALF_HOUR_US
        if not self.has_tiers:
            used_us, used_kwh = NO_TIMES, NO_ENERGY
        every = np.union1d(starts, used_us)
        kwh = np.zeros(len(every))
        kwh[np.searchsorted(every, used_us)] = used_kwh
        pence = self.lines(every, kwh).pence_of_readings(len(every))
        return pence[np.searchsorted(every, starts)]

    def charges(self, *periods: Period) -> tuple[tuple[date, Rate], ...]:
        """(local day, standing charge) of each day that begins in the periods and has one."""
        days = [day for period in periods for day in charged_days(period, self.zone)]
        midnights = midnights_us(tuple(days), self.zone)
        charged: list[tuple[date, Rate]] = []
        for term in self.terms:
            card = self.cards[term.key]
            low, high = self._span(term, midnights)
            codes = card.standing.at(midnights[low:high]).tolist()
            charged += [
                (day, card.standing.rates[code])
                for day, code in zip(days[low:high], codes, strict=True)
                if code != UNPRICED
            ]
        return tuple(charged)

    @staticmethod
    def _span(term: Term, times_us: Micros) -> tuple[int, int]:
        edges = [micros(term.period.start), micros(term.period.end)]
        low, high = np.searchsorted(times_us, edges).tolist()
        return low, high


def meter_prices(
    meter: Meter,
    tariffs: Sequence[Tariff],
    agreements: Sequence[Agreement],
    period: Period,
    published: Callable[[PriceKey], RateCard] | None = None,
) -> MeterPrices:
    """The prices of a meter over `period`; `published` gives those of agreed codes."""
    own = {tariff.id: tariff for tariff in tariffs}
    found: list[Term] = []
    cards: dict[PriceKey, RateCard] = {}
    for term in terms(meter, tariffs, agreements, period):
        if term.is_published and published is None:
            continue
        found.append(term)
        if term.key not in cards:
            cards[term.key] = (
                published(term.key)
                if published and term.is_published
                else tariff_card(own[term.tariff], period)
            )
    return MeterPrices(tuple(found), cards, meter.zone)


def under(key: PriceKey, card: RateCard, period: Period, zone: str) -> MeterPrices:
    """The prices of a meter that is on one tariff throughout."""
    return MeterPrices((Term(period, key),), {key: card}, zone)


def context_of(period: Period, zone: str, tariffs: Iterable[Tariff] = ()) -> Period:
    """What a price in `period` depends on: whole local days, from where tiers begin to count."""
    info = zone_info(zone)
    first, last = period.start.astimezone(info).date(), period.end.astimezone(info).date()
    spans = {tariff.tier_span for tariff in tariffs if tariff.tiers}
    if TierSpan.YEAR in spans:
        first = date(first.year, 1, 1)
    elif TierSpan.MONTH in spans:
        first = first.replace(day=1)
    return Period(local_midnight(first, zone), local_midnight(last + DAY, zone))


def _under_card(times_us: Micros, kwh: Floats, card: RateCard) -> Lines:
    """Each reading's energy with its rate; tiers count from the first reading given."""
    code = card.unit.at(times_us)
    reading = np.arange(len(times_us))
    if not card.tiers:
        return Lines(reading, kwh, code, card.unit.rates)
    tiered = code == 0
    used = np.where(tiered, np.nan_to_num(kwh), 0.0)
    span = _span_number(times_us, card.zone, card.tier_span)
    after = _running_total(used, span)
    edges = [0.0, *(above for above, _ in card.tiers), np.inf]
    rates = (*card.unit.rates, *(rate for _, rate in card.tiers))
    parts: list[tuple[Codes, Floats, Codes]] = [(reading[~tiered], kwh[~tiered], code[~tiered])]
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = np.clip(after, low, high) - np.clip(after - used, low, high)
        # a reading of zero is a line of the tier it falls in
        here = tiered & ((inside > 0) | ((used == 0) & (after >= low) & (after < high)))
        number_code = 0 if number == 0 else len(card.unit.rates) + number - 1
        energy = np.where(used[here] == kwh[here], inside[here], kwh[here])
        parts.append((reading[here], energy, np.full(int(here.sum()), number_code, np.intp)))
    readings, energies, codes = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(readings, kind="stable")
    return Lines(readings[order], energies[order], codes[order], rates)


def _joined(lines: Iterable[Lines]) -> Lines:
    """Several sets of lines as one, their rates behind one another."""
    all_lines = list(lines)
    rates: list[Rate] = []
    codes: list[Codes] = []
    for one in all_lines:
        codes.append(np.where(one.code >= 0, one.code + len(rates), UNPRICED))
        rates.extend(one.rates)
    if not all_lines:
        empty = np.empty(0, np.intp)
        return Lines(empty, np.empty(0), empty, ())
    return Lines(
        np.concatenate([one.reading for one in all_lines]),
        np.concatenate([one.kwh for one in all_lines]),
        np.concatenate(codes),
        tuple(rates),
    )


def _span_number(times_us: Micros, zone: str, span: TierSpan) -> Micros:
    """A number that is the same for instants of the same local day, month or year."""
    local = local_us(times_us, zone)
    unit = {TierSpan.DAY: "D", TierSpan.MONTH: "M", TierSpan.YEAR: "Y"}[span]
    return local.astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)


def _running_total(used: Floats, span: Micros) -> Floats:
    """The sum up to and including each value, starting again where `span` changes."""
    total = np.cumsum(used)
    first = np.flatnonzero(np.concatenate(([True], span[1:] != span[:-1])))[: len(span)]
    offset = np.repeat(total[first] - used[first], np.diff([*first, len(span)]))
    return total - offset
