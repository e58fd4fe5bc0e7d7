"""What a household's documents say: its meters, its agreements, and what can be asked of sources.

The store knows feeds by local ids. Which meter point or device that is at the upstream stands in
the household's own documents alone; the feeds made here carry it in their private `address`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from energydash import sources
from energydash.battery.devices import Device
from energydash.core.feeds import Feed
from energydash.core.findings import Finding
from energydash.core.time import Period, iso_z, merge, parse_instant
from energydash.home.corrections import Correction
from energydash.home.meters import Meter
from energydash.home.tariffs import Agreement, Tariff

if TYPE_CHECKING:
    from energydash.store import Store

ACCOUNT = "account"  # documents by the name of a section: see `accounts`
EARLIER = "agreement-before"  # documents by meter: see `earlier_agreements`
CORRECTION = "correction"  # documents by meter and start: see `corrections`
NAME = "name"  # documents by a published tariff's code: see `names`
DISPATCH = "dispatch"  # documents by account and start: see `dispatches`
DISPATCHES_TOLD = "dispatches-told"  # documents by account: see `dispatches_told`


def home(
    store: Store,
) -> tuple[list[Meter], list[Tariff], list[Agreement], list[Correction], dict[str, str]]:
    """The household's meters, tariffs, agreements, corrections and `names`, in one statement."""
    own = store.own("meter", "tariff", "agreement", CORRECTION, NAME)
    found = [Meter.from_body(body) for body in own["meter"].values()]
    made = [Tariff.from_body(body) for body in own["tariff"].values()]
    agreed = [Agreement.from_body(body) for body in own["agreement"].values()]
    corrected = [Correction.from_body(body) for body in own[CORRECTION].values()]
    return (
        sorted(found, key=lambda m: (m.energy.value, m.direction.value != "import", m.name)),
        sorted(made, key=lambda t: t.label),
        sorted(agreed, key=lambda a: (a.meter, a.valid_from.isoformat() if a.valid_from else "")),
        sorted(corrected, key=lambda c: (c.meter, c.values[0][0])),
        {code: str(body["name"]) for code, body in own[NAME].items()},
    )


def meters(store: Store) -> list[Meter]:
    """Every meter of the household, electricity first, import before export."""
    return home(store)[0]


def tariffs(store: Store) -> list[Tariff]:
    """Every tariff that the household made or imported."""
    return home(store)[1]


def agreements(store: Store) -> list[Agreement]:
    """Every agreement of the accounts, oldest first."""
    return home(store)[2]


def meter_feed(meter: Meter, owner: str) -> Feed:
    """A meter's consumption; with an address where an account is known to have it."""
    feed = meter.feed(owner)
    if not (meter.connected and meter.point and meter.serials):
        return feed
    address = {
        "account": meter.account,
        "energy": meter.energy.value,
        "point": meter.point,
        "serials": list(meter.serials),
    }
    return replace(feed, address=json.dumps(address))


def feeds(store: Store, now: datetime) -> list[Feed]:
    """What to keep up to date: connected meters, running tariffs, and other sources' own feeds."""
    from energydash.sources import octopus

    owner = store.household()
    others = [feed for feed in store.feeds(owner=owner) if feed.source in sources.MODULES]
    agreed = agreements(store)
    running = [one for one in agreed if one.valid_to is None or one.valid_to > now]
    # A meter whose agreements have all ended belongs to a home moved out of.
    ended = {one.meter for one in agreed} - {one.meter for one in running}
    found = [meter_feed(meter, owner) for meter in meters(store) if meter.id not in ended]
    kept = [feed for feed in found if feed.address]
    codes = sorted({one.tariff for one in running})
    kept += [feed for code in codes for feed in octopus.tariff_feeds(code)]
    kept += [device.feed(owner) for device in batteries(store) if device.source == "aretas"]
    return kept + [feed for feed in others if feed.source not in (octopus.INFO.name, "aretas")]


def batteries(store: Store) -> list[Device]:
    """Every battery of the household, by name."""
    bodies = store.own("device")["device"].values()
    return sorted((Device.from_body(body) for body in bodies), key=lambda device: device.name)


@dataclass(frozen=True)
class Account:
    """What is known of a configured Octopus account. read_at: when it last answered.

    problem: why it did not answer when it was last asked, at `asked_at`.
    """

    asked_at: datetime
    read_at: datetime | None = None
    problem: Finding | None = None


def accounts(store: Store) -> dict[str, Account]:
    """By the name of its section: every account that was ever asked what it has."""
    found = {}
    for name, body in store.own(ACCOUNT)[ACCOUNT].items():
        asked_at = parse_instant(body["asked_at"])
        read_at = parse_instant(body["read_at"]) if body["read_at"] else None
        trouble = body["problem"]
        problem = Finding(**trouble, since=asked_at) if trouble else None
        found[name] = Account(asked_at, read_at, problem)
    return found


def put_account(store: Store, name: str, now: datetime, problem: Finding | None = None) -> None:
    """Keep that an account was asked, and what came of it."""
    before = accounts(store).get(name)
    read_at = now if problem is None else before.read_at if before else None
    trouble = problem and {
        "kind": problem.kind, "sentence": problem.sentence, "remedy": problem.remedy,
    }  # fmt: skip
    body = {
        "asked_at": iso_z(now), "read_at": iso_z(read_at) if read_at else "", "problem": trouble
    }  # fmt: skip
    store.put(store.household(), ACCOUNT, name, body)


def names(store: Store) -> dict[str, str]:
    """What published tariffs are called, by their codes."""
    return home(store)[4]


def put_name(store: Store, feed: Feed, name: str) -> None:
    """Keep what an upstream calls a feed's subject."""
    if names(store).get(feed.subject) != name:
        store.put(store.household(), NAME, feed.subject, {"name": name})


def earlier_agreements(store: Store) -> dict[str, list[Agreement]]:
    """By meter: the agreements as they were known before the account changed time gone by."""
    bodies = store.own(EARLIER)[EARLIER]
    return {
        meter: [Agreement.from_body(one) for one in body["agreements"]]
        for meter, body in bodies.items()
    }


def corrections(store: Store) -> list[Correction]:
    """The readings that the user has put right, oldest first."""
    return home(store)[3]


def dispatches(store: Store, account: str = "") -> list[Period]:
    """The slots that Intelligent Go chose to charge an account's car in, oldest first.

    What the driver asked for at once (a bump charge) is not off-peak, nor what nobody can tell.
    """
    bodies = store.own(DISPATCH)[DISPATCH].values()
    return sorted(
        Period(parse_instant(body["start"]), parse_instant(body["end"]))
        for body in bodies
        if body["account"] == account and "smart" in str(body.get("source", "")).lower()
    )


def dispatches_told(store: Store, account: str = "") -> list[Period]:
    """For which time Octopus told of an account's dispatches; of any other they are not known."""
    body = store.own(DISPATCHES_TOLD)[DISPATCHES_TOLD].get(account, {"periods": []})
    return [Period(parse_instant(start), parse_instant(end)) for start, end in body["periods"]]


def put_dispatches_told(store: Store, account: str, told: Period) -> None:
    """Keep that Octopus told of an account's dispatches in this time too."""
    every = merge([*dispatches_told(store, account), told])
    body = {"periods": [[iso_z(one.start), iso_z(one.end)] for one in every]}
    store.put(store.household(), DISPATCHES_TOLD, account, body)
