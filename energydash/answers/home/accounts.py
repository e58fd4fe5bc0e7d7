"""Connecting Octopus accounts: which meters they have, on which agreements."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from energydash.core.errors import InputError, SourceError
from energydash.core.feeds import empty_frame
from energydash.core.findings import Finding
from energydash.core.settings import Section
from energydash.core.time import Period, iso_z
from energydash.home.meters import Energy, Meter, Unit, same_meter
from energydash.home.tariffs import Agreement, parse_code
from energydash.sources import octopus
from energydash.sources.octopus.account import MeterPoint
from energydash.sync import documents, jobs
from energydash.sync.context import Context
from energydash.sync.fetch import Progress

DAILY = "octopus-accounts"  # the job that asks every account again; see `renewal`


@dataclass(frozen=True)
class Connected:
    """What the configured accounts have. added: ids of meters that were not known before.

    notes: sentences about what is odd. problems: accounts that could not be asked, by name.
    """

    meters: tuple[Meter, ...]
    agreements: tuple[Agreement, ...]
    added: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[str, Finding], ...] = ()


def configured(context: Context) -> list[Section]:
    """The accounts that have a key in the settings."""
    return [one for one in context.settings.named("octopus") if one.secret("api_key")]


def connect(context: Context, progress: Progress | None = None) -> Connected:
    """Ask every configured account what it has, and keep its meters and agreements.

    A meter known from a file, or from an earlier connection, keeps its id, label, unit and
    readings. Raises InputError where no account is configured; trouble with one is returned.
    """
    sections = configured(context)
    if not sections:
        raise InputError(
            "No Octopus account is configured.",
            remedy="Put api_key and account_number in [octopus] of secrets.toml.",
        )
    read_daily(context)
    return read_again(context, sections, progress)


def read_daily(context: Context) -> None:
    """See to it that the configured accounts are asked again every day, and now where the last
    answer is of an earlier day, or was trouble."""
    if not configured(context):
        return
    for job in jobs.unfinished(context, DAILY):
        if job.state == "waiting":
            context.store.jobs.drop(job.id)  # what it waits for may have been mended
    context.store.jobs.add(context.store.household(), DAILY, {}, context.now())


def read_again(
    context: Context,
    sections: Sequence[Section],
    progress: Progress | None = None,
    *,
    only_known: bool = False,
) -> Connected:
    """Ask these accounts. only_known: of one that nobody connected only whether its key is good."""
    notes: list[str] = []
    problems: list[tuple[str, Finding]] = []
    added: list[str] = []
    known = {one.account for one in documents.meters(context.store) if one.connected}
    for number, section in enumerate(sections):
        if progress:
            progress(number / len(sections), f"Asking account {section.name or number + 1}")
        try:
            homes = octopus.read_account(octopus.get_account(section))
        except SourceError as error:
            problem = Finding.of(error, context.now())
            problems.append((section.name, problem))
            documents.put_account(context.store, section.name, context.now(), problem)
            continue
        if section.name in known or not only_known:
            added += _keep(context, section, homes, notes)
        documents.put_account(context.store, section.name, context.now())
    if progress:
        progress(1.0, "Accounts are connected")
    found = tuple(documents.meters(context.store)), tuple(documents.agreements(context.store))
    return Connected(*found, tuple(added), tuple(dict.fromkeys(notes)), tuple(problems))


def _keep(
    context: Context, section: Section, homes: Sequence[octopus.Home], notes: list[str]
) -> list[str]:
    """Keep what an account has; ids of the meters that are new."""
    store, owner = context.store, context.store.household()
    known = documents.meters(store)
    added: list[str] = []
    kept: set[str] = set()
    for home, point in _points(homes, notes):
        old = same_meter(known, point.number, point.direction)
        meter = _meter(context, section, home, point, old, several=len(homes) > 1)
        if not point.serials:
            notes.append(f"{meter.name} has no meter yet, so there are no readings to ask for.")
        if old is None and meter.unit is Unit.M3 and not meter.calorific_values:
            notes.append(M3_NOTE.format(name=meter.name))
        if old is None:
            added.append(meter.id)
        kept.add(meter.id)
        store.put(owner, "meter", meter.id, meter.to_body())
        _keep_agreements(context, meter, point, section, notes)
    for meter in known:
        if meter.connected and meter.account == section.name and meter.id not in kept:
            store.put(owner, "meter", meter.id, replace(meter, connected=False).to_body())
            notes.append(f"{meter.name} is no longer in the account; its readings are kept.")
    return added


M3_NOTE = (
    "{name} is read in m³ (SMETS2) and priced with 40 MJ/m³ until it has the calorific value of "
    "your gas bill; if your bill shows that the meter reads kWh, change its unit."
)


def _points(
    homes: Sequence[octopus.Home], notes: list[str]
) -> list[tuple[octopus.Home, MeterPoint]]:
    """Every meter point once: one in two properties under the one moved into last."""
    found: dict[tuple[str, str], tuple[octopus.Home, MeterPoint]] = {}
    ordered = sorted(homes, key=lambda h: h.moved_in.timestamp() if h.moved_in else 0.0)
    for home in ordered:
        for point in home.points:
            key = (point.number, point.direction.value)
            if key in found:
                before, earlier = found[key]
                notes.append(
                    f"An {point.energy.value} {point.direction.value} meter is in two properties "
                    f"of the account ({before.postcode} and {home.postcode}): it is counted once, "
                    "with the agreements of both. If that is wrong, ask Octopus."
                )
                serials = tuple(dict.fromkeys((*earlier.serials, *point.serials)))
                spans = tuple(dict.fromkeys((*earlier.agreements, *point.agreements)))
                point = replace(point, serials=serials, agreements=spans)
            found[key] = (home, point)
    return list(found.values())


def _meter(
    context: Context,
    section: Section,
    home: octopus.Home,
    point: MeterPoint,
    old: Meter | None,
    *,
    several: bool,
) -> Meter:
    where = f", {home.postcode}" if several and home.postcode else ""
    gas_unit = Unit.KWH if section.text("gas_unit", "m3").lower() == "kwh" else Unit.M3
    meter = old or Meter(
        id=new_id(),
        energy=point.energy,
        direction=point.direction,
        unit=gas_unit if point.energy is Energy.GAS else Unit.KWH,
        label=f"{point.energy.value.capitalize()} {point.direction.value}{where}",
    )
    return replace(
        meter,
        point=point.number,
        serials=point.serials or meter.serials,
        account=section.name,
        connected=True,
        premises=home.postcode,
        region=_region(context, home, point) or meter.region,
    )


def _region(context: Context, home: octopus.Home, point: MeterPoint) -> str:
    """From the tariff's code, else from the postcode where that has one region alone."""
    for span in reversed(point.agreements):
        try:
            return parse_code(span.code).region
        except InputError:
            continue
    if not home.postcode:
        return ""
    try:
        found = octopus.get_regions(context.settings, home.postcode)
    except (SourceError, InputError):
        return ""  # it is filled in when the account is connected again
    return found[0] if len(found) == 1 else ""


def _keep_agreements(
    context: Context, meter: Meter, point: MeterPoint, section: Section, notes: list[str]
) -> None:
    """Replace a meter's agreements; what was known is kept where time gone by was changed."""
    store, owner, now = context.store, context.store.household(), context.now()
    asked = documents.accounts(store).get(section.name)
    then = asked.read_at if asked and asked.read_at else now  # what is new since is no change
    before = [one for one in documents.agreements(store) if one.meter == meter.id]
    method = section.text("payment_method", "DIRECT_DEBIT")
    after = [
        Agreement(
            f"{meter.id}-{number}", meter.id, span.code, span.valid_from, span.valid_to, method
        )
        for number, span in enumerate(point.agreements, 1)
    ]
    if before and _past(before, then) != _past(after, then):
        body = {"agreements": [one.to_body() for one in before], "changed_at": iso_z(now)}
        if store.get(owner, documents.EARLIER, meter.id) is None:
            store.put(owner, documents.EARLIER, meter.id, body)
        notes.append(f"The agreements of {meter.name} changed for time gone by.")
    for one in before:
        if one.id not in {new.id for new in after}:
            store.drop(owner, "agreement", one.id)
    for one in after:
        store.put(owner, "agreement", one.id, one.to_body())


def _past(agreements: Iterable[Agreement], now: datetime) -> set[tuple[str, str, str]]:
    """What agreements say about time gone by."""
    return {
        (
            one.tariff,
            iso_z(one.valid_from) if one.valid_from else "",
            iso_z(min(one.valid_to or now, now)),
        )
        for one in agreements
        if one.valid_from is None or one.valid_from < now
    }


def new_id() -> str:
    """A local id of a meter: random, and not to be taken for an MPAN."""
    return f"m{secrets.token_hex(4)}"


def find_meters(context: Context, meter: str = "") -> list[Meter]:
    """The meter of an id, label, MPAN or serial number; all of them for ''."""
    known = documents.meters(context.store)
    if not meter:
        return known
    found = [one for one in known if meter in (one.id, one.label, one.point, *one.serials)]
    if not found:
        names = ", ".join(f"{one.id} ({one.name})" for one in known) or "none yet"
        raise InputError("There is no such meter.", remedy=f"Known: {names}.")
    return found


@dataclass(frozen=True, eq=False)
class OwnFigures:
    """Octopus's own energy and cost of a meter, to check ours against.

    frame: `kwh`, `cost_p`, `standing_p` per half-hour, VAT in; empty where it gives none.
    """

    meter: Meter
    period: Period
    frame: pd.DataFrame
    problem: Finding | None = None


def own_figures(context: Context, meter: str, period: Period) -> OwnFigures:
    """Ask Octopus what it makes of a period; trouble is in the result, not raised."""
    chosen = find_meters(context, meter)[0]
    empty = empty_frame("kwh", "cost_p", "standing_p")
    try:
        section = octopus.account_section(context.settings, chosen.account)
        frame = octopus.get_measurements(
            section, chosen.energy.value, chosen.point, chosen.direction.value, period
        )
    except SourceError as error:
        return OwnFigures(chosen, period, empty, Finding.of(error, context.now()))
    return OwnFigures(chosen, period, frame)
