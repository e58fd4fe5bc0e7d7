"""Which tariff prices a meter when: the user's own, and what the account has agreed.

A tariff bound to the meter wins, then its agreements, then a tariff for every meter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from energydash.core.time import EPOCH, Period, local_midnight, subtract
from energydash.home.meters import Meter
from energydash.home.tariffs import Agreement, Tariff


class PriceKey(NamedTuple):
    """What a price depends on: two customers on one code may pay differently, and their cars charge
    at different times. payment_method, account: '' for the user's own tariffs."""

    tariff: str
    payment_method: str = ""
    account: str = ""


@dataclass(frozen=True)
class Term:
    """A meter is on one tariff for a period. `is_published`: priced from the store's rates."""

    period: Period
    key: PriceKey
    is_published: bool = False

    @property
    def tariff(self) -> str:
        """The id of the user's own tariff, or a published code."""
        return self.key.tariff


def terms(
    meter: Meter, tariffs: Sequence[Tariff], agreements: Sequence[Agreement], period: Period
) -> list[Term]:
    """Which tariff prices the meter when, sorted and disjoint; time with none has no term.

    A tariff bound to the meter wins, then its agreements, then unbound tariffs. Where two
    agreements overlap, the later one supersedes.
    """
    fitting = [
        tariff
        for tariff in tariffs
        if not tariff.for_comparison
        and (tariff.energy, tariff.direction) == (meter.energy, meter.direction)
        and tariff.meter in ("", meter.id)
    ]
    bound = [_term(one, period) for one in fitting if one.meter]
    agreed = [
        Term(valid, PriceKey(one.tariff, one.payment_method, meter.account), True)
        for one in sorted(
            (one for one in agreements if one.meter == meter.id),
            key=lambda one: one.valid_from or EPOCH,
            reverse=True,
        )
        if (valid := _valid(one.valid_from, one.valid_to, period))
    ]
    unbound = [_term(one, period) for one in fitting if not one.meter]
    taken: list[Term] = []
    for term in (*bound, *agreed, *unbound):
        if term is None:
            continue
        left = subtract(term.period, [other.period for other in taken])
        taken += [replace(term, period=part) for part in left]
    return sorted(taken, key=lambda term: term.period)


def _term(tariff: Tariff, period: Period) -> Term | None:
    start = local_midnight(tariff.valid_from, tariff.zone) if tariff.valid_from else None
    end = local_midnight(tariff.valid_to, tariff.zone) if tariff.valid_to else None
    valid = _valid(start, end, period)
    return Term(valid, PriceKey(tariff.id)) if valid else None


def _valid(start: datetime | None, end: datetime | None, period: Period) -> Period | None:
    first, last = max(start or period.start, period.start), min(end or period.end, period.end)
    return Period(first, last) if first < last else None
