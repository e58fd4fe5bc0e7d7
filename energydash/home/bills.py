"""A statement per meter, in exact decimals: raw, and rounded as the supplier rounds.

Octopus prints what each half-hour cost in pounds to 4 decimals, adds those up, and rounds to the
penny once, at the sums (seen on its website, 48 half-hours of 9 May 2026; kWh are not rounded
first). Both totals stand side by side, for a difference between them and the bill is then
explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

import numpy as np

from energydash.core.coverage import Coverage, together
from energydash.core.time import Period, zone_info
from energydash.home.instants import runs
from energydash.home.meters import Direction, Energy, Meter
from energydash.home.rate_cards import UNPRICED, Rate
from energydash.home.usage import Usage, assumes_calorific_value

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
    half-hours asked for; where none of them is there, the energy is not known. notes: what is
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

    Energy without a price counts in kWh alone. The net is None where a kind of energy has no
    reading at all, charges and credit also where nothing in them has a price.
    """

    period: Period
    statements: tuple[Statement, ...]

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

    def _net(self, *, billed: bool) -> Decimal | None:
        if any(self._is_unread(direction) for direction in Direction):
            return None
        charged = self._sum(Direction.IMPORT, billed=billed)
        return charged - self._sum(Direction.EXPORT, billed=billed)

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
    def coverage(self) -> Coverage:
        """Of the half-hours; one is there where every meter has it."""
        return together([one.coverage for one in self.statements])


def bill(usages: Sequence[Usage], period: Period) -> Bill:
    """The statement of each meter; a meter point's standing charge is on its first meter's."""
    charged: set[str] = set()
    statements = []
    for usage in usages:
        point = usage.meter.charge_point
        statements.append(statement(usage, period, with_standing=point not in charged))
        charged.add(point)
    return Bill(period, tuple(statements))


def statement(usage: Usage, period: Period, *, with_standing: bool = True) -> Statement:
    """One meter's statement, every reading an exact decimal."""
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
        priced[rate] = before + energy, billed + _amount(energy, rate).as_printed()
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
