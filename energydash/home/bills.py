"""A statement per meter, in exact decimals: raw, and rounded as the supplier rounds.

Octopus prints what each half-hour cost in pounds to 4 decimals, adds those up, and rounds to the
penny once, at the sums (seen on its website, 48 half-hours of 9 May 2026; kWh are not rounded
first). Both totals stand side by side, for a difference between them and the bill is then
explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

import numpy as np

from energydash.core.coverage import Coverage, together
from energydash.core.time import Period, zone_info
from energydash.home.instants import NO_TIMES, Micros, runs
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.rate_cards import UNPRICED, Rate
from energydash.home.usage import (
    Unsure,
    Usage,
    assumes_calorific_value,
    days_of,
    one_sided_days,
)

CENT = Decimal("0.01")
PRINTED = Decimal("0.0001")  # pounds, as a half-hour is printed
ZERO = Decimal(0)


@dataclass(frozen=True)
class Amount:
    """Pounds without VAT, the VAT, and both."""

    exc_vat: Decimal = ZERO
    vat: Decimal = ZERO

    @property
    def inc_vat(self) -> Decimal:
        return self.exc_vat + self.vat

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.exc_vat + other.exc_vat, self.vat + other.vat)

    def to_the_penny(self) -> Amount:
        """What is paid and what of it is without VAT, each rounded to the penny, half up."""
        return self._rounded(CENT)

    def as_printed(self) -> Amount:
        """As Octopus prints a half-hour: to 4 decimals of a pound."""
        return self._rounded(PRINTED)

    def _rounded(self, to: Decimal) -> Amount:
        exc = self.exc_vat.quantize(to, ROUND_HALF_UP)
        return Amount(exc, self.inc_vat.quantize(to, ROUND_HALF_UP) - exc)


@dataclass(frozen=True)
class EnergyLine:
    """Energy at one rate of one tariff. `billed` is the sum of the half-hours as printed."""

    rate: Rate
    kwh: Decimal
    billed: Amount

    @property
    def amount(self) -> Amount:
        return _amount(self.kwh, self.rate)


@dataclass(frozen=True)
class StandingLine:
    """Days at one standing charge."""

    pence_per_day: Decimal
    exc_pence_per_day: Decimal
    days: int

    @property
    def amount(self) -> Amount:
        return _amount(Decimal(self.days), Rate(self.pence_per_day, self.exc_pence_per_day))


@dataclass(frozen=True)
class Statement:
    """What one meter's energy cost over the period; an export meter's is a credit.

    unpriced_kwh is in no line. missing: runs of half-hours without a reading. coverage: of the
    half-hours asked for; where none of them is there, the energy is not known. apart, billed_apart:
    what of it is of days that count in no net, beside `net_readings` that do. notes: what is
    estimated or assumed, in sentences.
    """

    meter: Meter
    lines: tuple[EnergyLine, ...]
    standing: tuple[StandingLine, ...]
    kwh: Decimal
    unpriced_kwh: Decimal
    m3: Decimal | None
    missing: tuple[Period, ...]
    missing_half_hours: int
    coverage: Coverage
    is_unknown: bool = False
    apart: Amount = Amount()
    billed_apart: Amount = Amount()
    net_readings: int = 0
    unsure: Unsure = field(default_factory=Unsure)
    notes: tuple[str, ...] = ()

    @property
    def energy(self) -> Amount:
        return sum((line.amount for line in self.lines), Amount())

    @property
    def standing_charge(self) -> Amount:
        return sum((line.amount for line in self.standing), Amount())

    @property
    def total(self) -> Amount:
        """Energy and standing charge, unrounded."""
        return self.energy + self.standing_charge

    @property
    def billed_total(self) -> Amount:
        """The same from the half-hours as printed, to the penny."""
        billed = sum((line.billed for line in self.lines), Amount())
        return (billed + self.standing_charge).to_the_penny()


@dataclass(frozen=True)
class Bill:
    """Statements of every meter, and what is left to pay (below zero: to receive).

    The net is of the days that have both import and export, and of every standing charge;
    one_sided_days: how many days are left out of it. Energy without a price counts in kWh alone.
    The net is None where a kind of energy has no reading at all, or no day that counts; charges and
    credit also where nothing in them has a price.
    """

    period: Period
    statements: tuple[Statement, ...]
    one_sided_days: int = 0

    def _sum(self, direction: Direction, *, billed: bool) -> Decimal:
        mine = [one for one in self.statements if one.meter.direction is direction]
        return sum(((one.billed_total if billed else one.total).inc_vat for one in mine), ZERO)

    def _known(self, direction: Direction) -> Decimal | None:
        mine = [one for one in self.statements if one.meter.direction is direction]
        is_priced = any(one.lines or one.standing for one in mine)
        nothing = self._is_unread(direction) or (any(one.kwh for one in mine) and not is_priced)
        return None if nothing else self._sum(direction, billed=False)

    def _is_unread(self, direction: Direction) -> bool:
        """True where a kind of energy ought to have readings, and has none."""
        for energy in Energy:
            same = [
                one
                for one in self.statements
                if (one.meter.energy, one.meter.direction) == (energy, direction)
            ]
            if any(one.is_unknown for one in same) and not any(
                one.coverage.present for one in same
            ):
                return True
        return False

    def _is_apart(self) -> bool:
        """True where a kind of energy has readings, and none of a day that counts in the net."""
        by_energy = ([s for s in self.statements if s.meter.energy is one] for one in Energy)
        return any(
            any(one.coverage.present for one in mine) and not any(s.net_readings for s in mine)
            for mine in by_energy
        )

    def _net(self, *, billed: bool) -> Decimal | None:
        if any(self._is_unread(direction) for direction in Direction) or self._is_apart():
            return None
        net = ZERO
        for one in self.statements:
            sign = -1 if one.meter.direction is Direction.EXPORT else 1
            apart = one.billed_apart.to_the_penny() if billed else one.apart
            total = one.billed_total if billed else one.total
            net += sign * (total.inc_vat - apart.inc_vat)
        return net

    @property
    def charges_gbp(self) -> Decimal | None:
        return self._known(Direction.IMPORT)

    @property
    def credit_gbp(self) -> Decimal | None:
        return self._known(Direction.EXPORT)

    @property
    def net_gbp(self) -> Decimal | None:
        return self._net(billed=False)

    @property
    def billed_net_gbp(self) -> Decimal | None:
        return self._net(billed=True)

    @property
    def less_gbp(self) -> Decimal:
        """How much less the charges and the net may be, where charging slots are not known."""
        return sum((Decimal(repr(one.unsure.less_gbp)) for one in self.statements), ZERO)

    @property
    def net_low_gbp(self) -> Decimal | None:
        """The least that the net may be."""
        return None if self.net_gbp is None else self.net_gbp - self.less_gbp

    @property
    def billed_net_low_gbp(self) -> Decimal | None:
        """The same as billed, to the penny."""
        net = self.billed_net_gbp
        return None if net is None else (net - self.less_gbp).quantize(CENT, ROUND_HALF_UP)

    @property
    def unsure_half_hours(self) -> int:
        """How many half-hours that is about."""
        return sum(len(one.unsure.times_us) for one in self.statements)

    @property
    def coverage(self) -> Coverage:
        """Of the half-hours; one is there where every meter has it."""
        return together([one.coverage for one in self.statements])


def bill(usages: Sequence[Usage], period: Period) -> Bill:
    """The statement of each meter; a meter point's standing charge is on its first meter's."""
    charged: set[str] = set()
    statements = []
    apart = one_sided_days(usages)
    for usage in usages:
        point = usage.meter.charge_point
        days = apart[usage.meter.id]
        statements.append(statement(usage, period, days, with_standing=point not in charged))
        charged.add(point)
    return Bill(
        period, tuple(statements), len(np.unique(np.concatenate([NO_TIMES, *apart.values()])))
    )


def statement(
    usage: Usage, period: Period, apart_days: Micros = NO_TIMES, *, with_standing: bool = True
) -> Statement:
    """One meter's statement, every reading an exact decimal. apart_days: which count in no net."""
    is_apart = np.isin(days_of(usage, usage.times_us), apart_days)
    apart, billed_apart = Amount(), Amount()
    exact = [Decimal(repr(value)) for value in usage.kwh.tolist()]
    lines = usage.lines
    whole = np.bincount(lines.reading, minlength=len(exact)) == 1
    unpriced = ZERO
    priced: dict[Rate, tuple[Decimal, Amount]] = {}
    for reading, kwh, code in zip(
        lines.reading.tolist(), lines.kwh.tolist(), lines.code.tolist(), strict=True
    ):
        energy = exact[reading] if whole[reading] else Decimal(repr(kwh))
        if code == UNPRICED:
            unpriced += energy
            continue
        rate = lines.rates[code]
        before, billed = priced.get(rate, (ZERO, Amount()))
        amount = _amount(energy, rate)
        priced[rate] = before + energy, billed + amount.as_printed()
        if is_apart[reading]:
            apart, billed_apart = apart + amount, billed_apart + amount.as_printed()
    order = {tariff: place for place, tariff in enumerate(dict.fromkeys(r.tariff for r in priced))}
    rates = sorted(priced, key=lambda rate: (order[rate.tariff], rate.inc_vat))
    missing = usage.missing_us
    return Statement(
        usage.meter,
        tuple(EnergyLine(rate, *priced[rate]) for rate in rates),
        _standing_lines(usage) if with_standing else (),
        sum(exact, ZERO),
        unpriced,
        None if usage.m3 is None else sum((Decimal(repr(v)) for v in usage.m3.tolist()), ZERO),
        tuple(runs(missing)),
        len(missing),
        usage.coverage,
        usage.is_unknown,
        apart,
        billed_apart,
        int((~is_apart).sum()),
        usage.unsure,
        _notes(usage, period, unpriced, len(missing)),
    )


def _amount(quantity: Decimal, rate: Rate) -> Amount:
    exc = quantity * rate.exc_vat / 100
    return Amount(exc, quantity * rate.inc_vat / 100 - exc)


def _standing_lines(usage: Usage) -> tuple[StandingLine, ...]:
    charges = sorted(usage.charges, key=lambda charge: charge[0])
    found = []
    for rate, days in groupby(charges, key=lambda charge: charge[1]):
        if rate.inc_vat:
            found.append(StandingLine(rate.inc_vat, rate.exc_vat, len(list(days))))
    return tuple(found)


def _notes(usage: Usage, period: Period, unpriced: Decimal, missing: int) -> tuple[str, ...]:
    notes = []
    if missing:
        notes.append(
            f"{missing:,} of {len(usage.expected_us):,} half-hours have no reading; "
            "the supplier may have estimated them."
        )
    if unpriced:
        notes.append(f"{unpriced:,.3f} kWh have no price: no tariff covers those times.")
    first = period.start.astimezone(zone_info(usage.meter.zone)).date()
    if assumes_calorific_value(usage.meter, first):
        notes.append(
            "m³ became kWh with 40 MJ/m³; enter the calorific value of the bill for this meter."
        )
    return tuple(notes)
