"""When Intelligent Go charged a car, as far as Octopus tells, and for what time it told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from energydash.core.errors import SourceError
from energydash.core.time import Period, iso_z
from energydash.home.meters import Meter
from energydash.home.tariffs import has_dispatches
from energydash.sources import octopus
from energydash.sync import documents
from energydash.sync.context import Context

# Octopus lists completed dispatches for days only; an answer tells of these at least, and of all
# that came after the oldest in it.
SURELY_TOLD = timedelta(days=1)


def keep_dispatches(context: Context, meters: Sequence[Meter]) -> tuple[str, ...]:
    """Keep the completed dispatches of accounts that are, or were, on Intelligent Go, and which
    time they are known for; what could not be asked, in sentences."""
    agreed = documents.agreements(context.store)
    on_intelligent = {one.meter for one in agreed if has_dispatches(one.tariff)}
    accounts = sorted({one.account for one in meters if one.id in on_intelligent})
    said: list[str] = []
    for account in accounts:
        try:
            section = octopus.account_section(context.settings, account)
            found = octopus.read_dispatches(octopus.get_dispatches(section))
        except SourceError as error:
            said.append(f"The charging slots of Intelligent Go are not known: {error.message}")
            continue
        _keep(context, account, found)
    return tuple(said)


def _keep(context: Context, account: str, found: Sequence[octopus.Dispatch]) -> None:
    store, owner, now = context.store, context.store.household(), context.now()
    oldest = min((one.start for one in found), default=now)
    told = Period(min(oldest, now - SURELY_TOLD), now)
    with store.together():
        for one in found:
            body = {
                "account": account,
                "start": iso_z(one.start),
                "end": iso_z(one.end),
                "energy_kwh": one.energy_kwh,
                "source": one.source,
                "location": one.location,
            }
            store.put(owner, documents.DISPATCH, f"{account} {iso_z(one.start)}", body)
        documents.put_dispatches_told(store, account, told)
