"""Connecting Octopus accounts, and bringing in what they have: readings, prices, dispatches."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from energydash.core.errors import InputError, SourceError
from energydash.core.feeds import Feed, empty_frame
from energydash.core.findings import Finding
from energydash.core.settings import Section
from energydash.core.time import Period, iso_z
from energydash.home.meters import Energy, Meter, Unit, same_meter
from energydash.home.tariffs import Agreement, parse_code
from energydash.sources import octopus
from energydash.sources.imports import export
from energydash.sources.octopus.account import MeterPoint
from energydash.sync import documents, fetch
from energydash.sync.context import Context
from energydash.sync.fetch import Progress, Refreshed

FARTHEST_BACK = timedelta(days=5 * 365)
UNKNOWN_SINCE = timedelta(days=2 * 365)  # how far back a meter without agreements is asked


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


@dataclass(frozen=True)
class Ingested:
    """What bringing in did, or (planned) would do: feeds with the periods to ask for."""

    refreshed: tuple[Refreshed, ...] = ()
    planned: tuple[tuple[Feed, tuple[Period, ...]], ...] = ()
    saved: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Each trouble once."""
        found = {one.problem.sentence: one.problem for one in self.refreshed if one.problem}
        return tuple(found.values())


def connect(context: Context, progress: Progress | None = None) -> Connected:
    """Ask every configured account what it has, and keep its meters and agreements.

    A meter known from a file, or from an earlier connection, keeps its id, label, unit and
    readings. Raises InputError where no account is configured; trouble with one is returned.
    """
    sections = [one for one in context.settings.named("octopus") if one.secret("api_key")]
    if not sections:
        raise InputError(
            "No Octopus account is configured.",
            remedy="Put api_key and account_number in [octopus] of secrets.toml.",
        )
    notes: list[str] = []
    problems: list[tuple[str, Finding]] = []
    added: list[str] = []
    for number, section in enumerate(sections):
        if progress:
            progress(number / len(sections), f"Asking account {section.name or number + 1}")
        try:
            homes = octopus.read_account(octopus.get_account(section))
        except SourceError as error:
            problems.append((section.name, Finding.of(error, context.now())))
            continue
        added += _keep(context, section, homes, notes)
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
        if meter.unit is Unit.M3 and not meter.calorific_values:
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
    before = [one for one in documents.agreements(store) if one.meter == meter.id]
    method = section.text("payment_method", "DIRECT_DEBIT")
    after = [
        Agreement(
            f"{meter.id}-{number}", meter.id, span.code, span.valid_from, span.valid_to, method
        )
        for number, span in enumerate(point.agreements, 1)
    ]
    if before and _past(before, now) != _past(after, now):
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


def ingest(
    context: Context,
    period: Period | None = None,
    meter: str = "",
    *,
    dry_run: bool = False,
    save: Path | None = None,
    force: bool = False,
    max_age: timedelta | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Bring in what the store lacks of readings, their tariffs' prices and dispatches.

    period: as far back as the meters' agreements go, up to now, where none is given. max_age: ask
    again for what may still change and is older; by default a day for readings. save: also write
    the readings of the period to this file, a JSON reading per line. Raises InputError where
    there is no connected meter; trouble with Octopus is in the result.
    """
    notes: tuple[str, ...] = ()
    if not any(one.connected for one in documents.meters(context.store)):
        connected = connect(context)
        notes = (*connected.notes, *(problem.sentence for _, problem in connected.problems))
        if connected.problems and not any(one.connected for one in connected.meters):
            refused = connected.problems[0][1]
            raise InputError(refused.sentence, remedy=refused.remedy)
    chosen = [one for one in find_meters(context, meter) if one.connected]
    if not chosen:
        why = " ".join(notes) or "No meter of an account is known."
        raise InputError(why, remedy="Connect an account, then bring its readings in.")
    tasks = _tasks(context, chosen, period)
    if dry_run:
        now = context.now()
        planned = tuple(
            (feed, tuple(fetch.missing(context.store, feed, part, now, max_age)))
            for feed, part in tasks
        )
        return Ingested(planned=planned, notes=notes)
    done: list[Refreshed] = []
    for number, (feed, part) in enumerate(tasks):
        report = _part_of(progress, number, len(tasks))
        done.append(
            fetch.refresh(context, feed, part, force=force, max_age=max_age, progress=report)
        )
        trouble = done[-1].problem
        if trouble and trouble.kind in ("Unavailable", "RateLimited"):
            break  # the rest would only wait for the same trouble
    else:
        notes = (*notes, *_keep_dispatches(context, chosen))
    saved = _save(context, chosen, period, save) if save else ()
    if progress:
        progress(1.0, "Octopus: up to date")
    return Ingested(tuple(done), saved=saved, notes=notes)


def _tasks(
    context: Context, meters: Sequence[Meter], period: Period | None
) -> list[tuple[Feed, Period]]:
    """What to refresh: readings first, then each tariff for the time that it was agreed."""
    now, owner = context.now(), context.store.household()
    agreements = documents.agreements(context.store)
    tasks: list[tuple[Feed, Period]] = []
    prices: dict[tuple[str, str], tuple[Feed, Period]] = {}
    for meter in meters:
        mine = [one for one in agreements if one.meter == meter.id]
        agreed = _known_time(mine, now)
        whole = period.intersect(agreed) if period and mine else period or agreed
        if whole is None:
            continue
        feed = documents.meter_feed(meter, owner)
        if feed.address:
            tasks.append((feed, whole))
        for one in mine:
            for price in octopus.tariff_feeds(one.tariff):
                end = one.valid_to or max(whole.end, now) + price.horizon
                start = max(one.valid_from or whole.start, whole.start)
                if start >= end or start >= whole.end + price.horizon:
                    continue
                part = Period(start, min(end, whole.end + price.horizon))
                known = prices.get((one.tariff, price.quantity))
                if known:
                    part = Period(min(part.start, known[1].start), max(part.end, known[1].end))
                prices[one.tariff, price.quantity] = (price, part)
    return tasks + list(prices.values())


def _known_time(agreements: Sequence[Agreement], now: datetime) -> Period:
    """From a meter's first agreement to its last, or to now."""
    starts = [one.valid_from for one in agreements if one.valid_from]
    start = max(min(starts, default=now - UNKNOWN_SINCE), now - FARTHEST_BACK)
    ends = [one.valid_to or now for one in agreements]
    end = min(max(ends, default=now), now)
    return Period(min(start, end), end)


def _part_of(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Progress of one of several tasks as progress of the whole."""
    if progress is None:
        return None
    tell: Callable[[float, str], None] = progress

    def report(fraction: float, text: str) -> None:
        tell((number + fraction) / count, text)

    return report


def _keep_dispatches(context: Context, meters: Sequence[Meter]) -> tuple[str, ...]:
    """Keep the completed dispatches of accounts that are, or were, on Intelligent Go."""
    on_intelligent = {
        one.meter for one in documents.agreements(context.store) if "INTELLI" in one.tariff
    }
    accounts = sorted({one.account for one in meters if one.id in on_intelligent})
    said: list[str] = []
    for account in accounts:
        try:
            section = octopus.account_section(context.settings, account)
            found = octopus.read_dispatches(octopus.get_dispatches(section))
        except SourceError as error:
            said.append(f"The charging slots of Intelligent Go are not known: {error.message}")
            continue
        owner = context.store.household()
        for one in found:
            body = {
                "account": account,
                "start": iso_z(one.start),
                "end": iso_z(one.end),
                "energy_kwh": one.energy_kwh,
                "source": one.source,
                "location": one.location,
            }
            context.store.put(owner, documents.DISPATCH, f"{account} {iso_z(one.start)}", body)
    return tuple(said)


def _save(
    context: Context, meters: Sequence[Meter], period: Period | None, path: Path
) -> tuple[Path, ...]:
    """Readings as JSON lines; several meters have a file each, named after their ids."""
    written: list[Path] = []
    owner, now = context.store.household(), context.now()
    for meter in meters:
        whole = period or Period(now - FARTHEST_BACK, now)
        frame = context.store.read(meter.feed(owner), whole, ("energy",))
        file = path if len(meters) == 1 else path.with_stem(f"{path.stem}-{meter.id}")
        file.write_bytes(export.write_readings(meter, frame).data)
        written.append(file)
    return tuple(written)


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
