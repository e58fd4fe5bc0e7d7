"""The slow reference: exact decimals, one half-hour at a time, nothing shared but the tariff types.

It walks the readings in time order, asks each tariff for the price at that local clock time in
plain Python, and adds up `Decimal`s. Property tests hold the vectorised code against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from energydash.home.meters import Direction
from energydash.home.tariffs import Tariff, TierSpan

HALF_HOUR = timedelta(minutes=30)


def is_valid(tariff: Tariff, instant: datetime) -> bool:
    day = instant.astimezone(ZoneInfo(tariff.zone)).date()
    return (tariff.valid_from or date.min) <= day < (tariff.valid_to or date.max)


def plain_price(tariff: Tariff, instant: datetime) -> Decimal | None:
    """Pence as the tariff states them, from its own intervals, else its bands; None for default."""
    for one in tariff.intervals:
        if (one.start is None or one.start <= instant) and (one.end is None or instant < one.end):
            return one.rate
    local = instant.astimezone(ZoneInfo(tariff.band_zone or tariff.zone))
    minute = local.hour * 60 + local.minute
    for band in tariff.bands:
        crosses = band.end_minute <= band.start_minute
        if not crosses:
            inside, day = band.start_minute <= minute < band.end_minute, local.date()
        elif minute >= band.start_minute:
            inside, day = True, local.date()
        else:
            inside, day = minute < band.end_minute, local.date() - timedelta(days=1)
        if inside and day.weekday() in band.weekdays and _in_season(band.season, day):
            return band.rate
    return None


def _in_season(season: tuple[tuple[int, int], tuple[int, int]] | None, day: date) -> bool:
    if season is None:
        return True
    first, last = season
    if first > last:
        return not last < (day.month, day.day) < first
    return first <= (day.month, day.day) <= last


def with_vat(tariff: Tariff, pence: Decimal) -> Decimal:
    if tariff.prices_include_vat or tariff.direction is Direction.EXPORT:
        return pence
    return pence * (1 + tariff.vat_percent / 100)


def lines(
    tariffs: Sequence[Tariff], readings: Sequence[tuple[datetime, Decimal]]
) -> list[tuple[datetime, Decimal, Decimal | None]]:
    """(instant, kWh, p/kWh with VAT or None) of each reading, split where a tier ends."""
    found: list[tuple[datetime, Decimal, Decimal | None]] = []
    used: dict[tuple[str, object], Decimal] = defaultdict(Decimal)
    for instant, kwh in readings:
        tariff = next((one for one in tariffs if is_valid(one, instant)), None)
        if tariff is None:
            found.append((instant, kwh, None))
            continue
        pence = plain_price(tariff, instant)
        if pence is not None:
            found.append((instant, kwh, with_vat(tariff, pence)))
        elif tariff.default_rate is None:
            found.append((instant, kwh, None))
        elif not tariff.tiers:
            found.append((instant, kwh, with_vat(tariff, tariff.default_rate)))
        else:
            span = _span(tariff, instant)
            before = used[span]
            used[span] = before + kwh
            edges = [Decimal(0), *(tier.above_kwh for tier in tariff.tiers), Decimal("1e12")]
            prices = [tariff.default_rate, *(tier.rate for tier in tariff.tiers)]
            for low, high, rate in zip(edges, edges[1:], prices, strict=False):
                part = max(Decimal(0), min(before + kwh, high) - max(before, low))
                if part or (kwh == 0 and low <= before < high):
                    found.append((instant, part, with_vat(tariff, rate)))
    return found


def _span(tariff: Tariff, instant: datetime) -> tuple[str, object]:
    local = instant.astimezone(ZoneInfo(tariff.zone))
    number = {
        TierSpan.DAY: local.date(),
        TierSpan.MONTH: (local.year, local.month),
        TierSpan.YEAR: local.year,
    }[tariff.tier_span]
    return tariff.id, number


def key_of(by: str, zone: str) -> Callable[[datetime], str]:
    def key(instant: datetime) -> str:
        local = instant.astimezone(ZoneInfo(zone))
        monday = local.date() - timedelta(days=local.weekday())
        return {
            "half-hour": f"{local.hour:02}:{local.minute // 30 * 30:02}",
            "hour": f"{local.hour:02}:00",
            "day": local.date().isoformat(),
            "weekday": local.strftime("%A"),
            "week": monday.isoformat(),
            "month": local.strftime("%Y-%m"),
            "total": "total",
        }[by]

    return key


def table(
    priced: Mapping[str, Sequence[tuple[datetime, Decimal, Decimal | None]]],
    expected: Sequence[datetime],
    by: str,
    zone: str,
) -> dict[str, dict[str, object]]:
    """Costs by key; what nothing is known of is in no row. `priced` has the lines of one meter each
    way: `import`, `export`."""
    rows: dict[str, dict[str, object]] = {}
    days: dict[str, set[date]] = defaultdict(set)
    key = key_of(by, zone) if by != "rate" else None

    def row(name: str) -> dict[str, object]:
        return rows.setdefault(name, {"unpriced_kwh": Decimal(0), "missing": 0})

    def add(sums: dict[str, object], name: str, amount: Decimal) -> None:
        sums[name] = sums.get(name, Decimal(0)) + amount  # type: ignore[operator]

    for way, found in priced.items():
        have = {instant for instant, _, _ in found}
        for instant, kwh, pence in found:
            if key is not None:
                name = key(instant)
            else:
                name = "unpriced" if pence is None else f"{pence / 100:.5f}"
                name = "0.00000" if name == "-0.00000" else name
            sums = row(name)
            days[name].add(instant.astimezone(ZoneInfo(zone)).date())
            add(sums, f"{way}_kwh", kwh)
            if pence is None:
                add(sums, "unpriced_kwh", kwh)
            else:
                money = "import_cost_gbp" if way == "import" else "export_value_gbp"
                add(sums, money, kwh * pence / 100)
        for instant in expected if key is not None else ():
            sums = row(key(instant))  # type: ignore[misc]
            sums["missing"] += instant not in have  # type: ignore[operator]
    for name, sums in rows.items():
        sums["days"] = len(days[name])
        if key is None:  # a price that a direction never had is no unknown
            for way, money in (("import", "import_cost_gbp"), ("export", "export_value_gbp")):
                if f"{way}_kwh" not in sums:
                    sums[f"{way}_kwh"] = sums[money] = Decimal(0)
    return rows


def half_hours(start: datetime, end: datetime) -> list[datetime]:
    found = []
    instant = start
    while instant < end:
        found.append(instant.astimezone(UTC))
        instant += HALF_HOUR
    return found
